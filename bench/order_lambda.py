#!/usr/bin/env python3
"""Writes src/app/lambda/order.ld: what the function's first invocation executes, over plain HTTP or TLS. The linker puts it
side by side, so that a start reads it alone, not the whole program. A list that is out of date costs time and memory and
nothing else. To be run again, with the release build, before what a release says of the function's start is measured, and
when OpenSSL has another version:

    bench/order_lambda.py           needs valgrind and openssl
"""

import bisect
import json
import pathlib
import re
import subprocess
import sys
import tempfile

from replay import Replay
from rows.lambda_cold import CONFIG, environment

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/aws"))
from tls import TlsRelay  # noqa: E402

BUILD = ROOT / "build/release"
OUT = ROOT / "src/app/lambda/order.ld"
HEAD = """/* What a first invocation executes, side by side. Written by bench/order_lambda.py. */
SECTIONS {
  .text.first : {
"""
TAIL = """  }
}
INSERT BEFORE .text;
"""


def pattern(section, path):
    """A function with a section of its own is found wherever it stands; else it is all of a library's member."""
    if section != ".text":
        return f"*({section})"
    member = re.fullmatch(r"\S*?([^/\s]+\.a)\((\S+)\)", path)
    return f"*{member.group(1)}:{member.group(2)}(.text)" if member else f"*{pathlib.Path(path).name}(.text)"


def linked(place):
    """The program with its symbols, and where the linker put what: sorted (address, size, pattern)."""
    command = subprocess.run(["ninja", "-C", BUILD, "-t", "commands", "slipway_lambda_program"], capture_output=True, text=True,
                             check=True).stdout.splitlines()[-1]
    program, listing = place / "bootstrap", place / "map"
    command = command.replace(" -static -s ", f" -static -Wl,-Map={listing} ").replace("-o src/app/lambda/bootstrap", f"-o {program}")
    subprocess.run(command, shell=True, cwd=BUILD, check=True, stderr=subprocess.DEVNULL)
    entry = re.compile(r"^ (\.text\S*)?\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S+)$")
    found, section = [], ""
    for line in listing.read_text().splitlines():
        if re.fullmatch(r" \.\S+", line):  # a long name has a line of its own
            section = line.strip()
            continue
        match = entry.match(line)
        name = match and (match.group(1) or section)
        if match and name.startswith(".text") and int(match.group(3), 16):
            found.append((int(match.group(2), 16), int(match.group(3), 16), pattern(name, match.group(4))))
        section = ""
    return program, sorted(found)


def executed(program, variables, place):
    """The addresses of all instructions of one first invocation."""
    out = place / "callgrind"
    recording = json.loads((ROOT / "bench/recordings/lambda.json").read_text())
    replay = Replay(BUILD / "bench/slipway_bench_lambda_cold", recording, place / "log", variables)
    replay.start(["/usr/bin/valgrind", "--tool=callgrind", "--dump-instr=yes", "--compress-pos=no",
                  f"--callgrind-out-file={out}", program])
    replay.close()
    return {int(line.split()[0], 16) for line in out.read_text().splitlines() if line.startswith("0x")}


def write_order(place):
    (place / "slipway.yaml").write_text(CONFIG)
    program, sections = linked(place)

    def over_tls(address):
        relay = TlsRelay(address, place)  # until the end of this program
        return {**environment(place, address), "AWS_ENDPOINT_URL": relay.url, "AWS_CA_BUNDLE": relay.ca_file}

    starts, first = [section[0] for section in sections], []
    for variables in (lambda address: environment(place, address), over_tls):
        found = set()
        for address in executed(program, variables, place):
            at = bisect.bisect_right(starts, address) - 1
            if at >= 0 and address < starts[at] + sections[at][1]:
                found.add(f"    {sections[at][2]}\n")
        first += sorted(found.difference(first))
        print(f"{OUT.relative_to(ROOT)}: {len(first)} parts", flush=True)
    OUT.write_text(HEAD + "".join(first) + TAIL)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="slipway-order-", dir="/tmp") as folder:
        write_order(pathlib.Path(folder))
