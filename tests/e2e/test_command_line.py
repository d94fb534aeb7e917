"""The command line's comforts, on the real binary: completions in real shells, man pages, colours on a terminal."""

import http.server
import json
import os
import pty
import re
import shutil
import subprocess
import threading

import pytest

from world import ROOT, binary


def slipway(*arguments, **options):
    return subprocess.run([binary(), *arguments], capture_output=True, text=True, timeout=30, **options)


def printed(*arguments):
    done = slipway(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def commands():
    """Every command with its options, as --help tells them; below "" those of the program."""
    found = {"": set(re.findall(r"--[a-z][a-z-]+", printed("--help")))}
    for name in re.findall(r"^  ([a-z]+) {2,}", printed("--help").split("\nOptions:")[1], re.M):
        found[name] = set(re.findall(r"--[a-z][a-z-]+", printed(name, "--help").split("Example")[0]))
    assert {"serve", "ls", "provision", "completion"} <= found.keys()
    return found


def complete_in_bash(place, words):
    """What bash offers for the last of the words."""
    script = place / "completion.bash"
    script.write_text(printed("completion", "bash"))
    lines = [f"source {script}", f"COMP_WORDS=({' '.join(json.dumps(w) for w in words)})",
             f"COMP_CWORD={len(words) - 1}", "$(complete -p slipway | sed 's/.*-F //;s/ .*//')",
             'printf "%s\\n" "${COMPREPLY[@]}"']
    done = subprocess.run(["bash", "--noprofile", "--norc", "-u", "-c", "\n".join(lines)], capture_output=True,
                          text=True, cwd=place, timeout=30)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return set(done.stdout.split())


def test_bash_completes_commands_options_choices_and_files(place):
    known = commands()
    assert complete_in_bash(place, ["slipway", ""]) == known.keys() - {""}
    assert complete_in_bash(place, ["slipway", "pro"]) == {"provision"}
    for name, options in known.items():
        words = ["slipway", name, "--"] if name else ["slipway", "--"]
        assert options <= complete_in_bash(place, words), name
    (place / "my.yaml").write_text("")
    assert complete_in_bash(place, ["slipway", "--config", "my"]) == {"my.yaml"}
    assert complete_in_bash(place, ["slipway", "serve", "--config", "my"]) == {"my.yaml"}
    assert complete_in_bash(place, ["slipway", "database", ""]) == {"stop"}
    assert complete_in_bash(place, ["slipway", "completion", ""]) == {"bash", "fish", "zsh"}
    # An option's value that looks like a command is none.
    assert "--email" not in complete_in_bash(place, ["slipway", "--config", "provision", "--"])
    assert "--email" in complete_in_bash(place, ["slipway", "--config", "ls", "provision", "--"])


@pytest.mark.parametrize("shell", ["bash", "fish", "zsh"])
def test_completions_name_every_command_and_option_and_parse(shell, place):
    script = printed("completion", shell)
    for name, options in commands().items():
        assert re.search(rf"\b{name}\b", script), name
        for option in options:
            assert (f"-l {option[2:]} " in script) if shell == "fish" else (option in script), option
    (place / "script").write_text(script)
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed: its script's text was checked, its syntax was not")
    done = subprocess.run([shell, "-n", place / "script"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and done.stderr == "", done.stderr


def test_zsh_takes_the_completions(place):
    if not shutil.which("zsh"):
        pytest.skip("zsh is not installed")
    (place / "_slipway").write_text(printed("completion", "zsh"))
    # Both ways: found in $fpath, and sourced after compinit.
    for way in (f"fpath=({place} $fpath); autoload -U compinit; compinit -u -D",
                f"autoload -U compinit; compinit -u -D; source {place}/_slipway; (( $+functions[_slipway_provision] ))"):
        done = subprocess.run(["zsh", "-f", "-c", way + ' && print -r -- "$_comps[slipway]"'], capture_output=True,
                              text=True, timeout=30, env={**os.environ, "HOME": str(place)})
        assert done.stdout == "_slipway\n", done.stderr


def test_fish_completes(place):
    if not shutil.which("fish"):
        pytest.skip("fish is not installed")
    (place / "slipway.fish").write_text(printed("completion", "fish"))

    def offers(line):
        done = subprocess.run(["fish", "--no-config", "-c", f"source {place}/slipway.fish; complete -C '{line}'"],
                              capture_output=True, text=True, timeout=30, env={**os.environ, "HOME": str(place)})
        return {offer.split("\t")[0] for offer in done.stdout.splitlines()}

    assert "provision" in offers("slipway pro")
    assert {"--email", "--subdomain"} <= offers("slipway provision --")
    assert offers("slipway completion ") >= {"bash", "fish", "zsh"}
    assert "stop" in offers("slipway database ")


@pytest.mark.parametrize("page", ["slipway.1", "slipway.yaml.5"])
def test_man_pages_are_complete_and_without_warnings(page, place):
    file = place / page
    file.write_text(printed("man", page))
    shown = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", file], capture_output=True, text=True,
                           env={**os.environ, "MANWIDTH": "200", "MANPAGER": "cat"}, timeout=30)
    assert shown.returncode == 0 and shown.stderr == "", shown.stderr
    text = re.sub(r".\x08", "", shown.stdout)
    if page == "slipway.1":
        for name, options in commands().items():
            assert f"slipway {name}" in text, name
            assert all(option in text for option in options - {"--help"}), name
    else:
        reference = (ROOT / "docs/reference/configuration.md").read_text()
        keys = re.findall(r"^\| `([^`]+)`", reference, re.M)
        assert len(keys) > 50
        assert [key for key in keys if f" {key} (" not in text] == []
    if shutil.which("mandoc"):
        lint = subprocess.run(["mandoc", "-T", "lint", "-W", "error", file], capture_output=True, text=True, timeout=30)
        assert lint.returncode == 0, lint.stdout


def on_a_terminal(arguments, environment):
    """What a command prints to a terminal."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(arguments[0], [str(a) for a in arguments], environment)
    output = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        if not piece:
            break
        output += piece
    os.close(terminal)
    os.waitpid(child, 0)
    return output.decode()


class Scripted(http.server.BaseHTTPRequestHandler):
    """A server with one tenant, that remembers the keys it was shown."""

    def do_GET(self):
        self.server.keys.append(self.headers.get("Authorization"))
        tenant = {"tenantId": "t_01jdd2x8k40a1b2c3d4e", "subdomain": "acme", "status": "active",
                  "company_name": "Acme", "plan": "default", "createdAt": "2026-11-23T15:37:00.000Z"}
        body = json.dumps({"tenants": [tenant]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture()
def scripted():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
    server.keys = []
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def environment(**more):
    unset = ("NO_COLOR", "SLIPWAY_API_KEY", "SLIPWAY_SERVER")
    return {name: value for name, value in os.environ.items() if name not in unset} | {"TERM": "xterm"} | more


def test_colours_only_on_a_terminal_and_never_with_no_color(scripted):
    command = [binary(), "ls", "--server", scripted.url]
    assert "\x1b[" in on_a_terminal(command, environment())
    assert "\x1b[" not in on_a_terminal(command, environment(NO_COLOR="1"))
    assert "\x1b[" not in on_a_terminal(command, environment(TERM="dumb"))
    piped = slipway("ls", "--server", scripted.url, env=environment())
    assert "acme" in piped.stdout and "\x1b[" not in piped.stdout


def test_the_key_comes_from_the_environment_or_a_file_that_it_names(scripted, place):
    def run(**more):
        return slipway("ls", env=environment(SLIPWAY_SERVER=scripted.url, **more), cwd=place)

    (place / "key").write_text("from-a-file\n")
    assert run().returncode == 0
    assert run(SLIPWAY_API_KEY="plain").returncode == 0
    assert run(SLIPWAY_API_KEY=f"file:{place}/key").returncode == 0
    assert scripted.keys == [None, "Bearer plain", "Bearer from-a-file"]
    missing = run(SLIPWAY_API_KEY="file:nowhere")
    assert missing.returncode != 0 and "SLIPWAY_API_KEY" in missing.stderr and len(scripted.keys) == 3


def test_who_finds_no_server_is_told_how_to_name_one(place):
    bare = {name: value for name, value in os.environ.items() if not name.startswith("SLIPWAY_")}
    done = slipway("ls", cwd=place, env=bare)
    assert done.returncode == 2 and done.stderr.startswith("slipway: cannot tell which server to talk to: no file slipway.yaml")
    assert "--server URL" in done.stderr
