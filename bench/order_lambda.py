#!/usr/bin/env python3
"""Writes src/app/lambda/order.ld: the members of libcrypto and libssl that the function's first invocation executes, over
plain HTTP or TLS. The linker puts them side by side, so that a start reads them alone, not all of OpenSSL. A list that is
out of date costs memory and nothing else. To be run again, with the release build, when OpenSSL has another version:

    bench/order_lambda.py           needs valgrind and openssl
"""

import bisect
import json
import pathlib
import re
import socket
import ssl
import subprocess
import tempfile

from replay import Replay
from rows.lambda_cold import CONFIG, environment

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build/release"
OUT = ROOT / "src/app/lambda/order.ld"
TLS_HANDSHAKE = b"\x16"
HEAD = """/* The parts of OpenSSL that a first invocation executes, side by side. Written by bench/order_lambda.py. */
SECTIONS {
  .text.first : {
"""
TAIL = """  }
}
INSERT BEFORE .text;
"""


class TlsReplay(Replay):
    """Speaks TLS with whoever begins with it."""

    context = None

    def _serve(self, connection, start):
        if connection.recv(1, socket.MSG_PEEK) == TLS_HANDSHAKE:
            connection = self.context.wrap_socket(connection, server_side=True)
        super()._serve(connection, start)


def linked(place):
    """The program with its symbols, and where the linker put what: sorted (address, size, member, section)."""
    command = subprocess.run(["ninja", "-C", BUILD, "-t", "commands", "slipway_lambda_program"], capture_output=True, text=True,
                             check=True).stdout.splitlines()[-1]
    program, listing = place / "bootstrap", place / "map"
    command = command.replace(" -static -s ", f" -static -Wl,-Map={listing} ").replace("-o src/app/lambda/bootstrap", f"-o {program}")
    subprocess.run(command, shell=True, cwd=BUILD, check=True, stderr=subprocess.DEVNULL)
    entry = re.compile(r"^ (\.text\S*)?\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+\S*/lib(crypto|ssl)\.a\((\S+)\)$")
    found, section = [], ""
    for line in listing.read_text().splitlines():
        if re.fullmatch(r" \.\S+", line):  # a long name has a line of its own
            section = line.strip()
            continue
        match = entry.match(line)
        name = match and (match.group(1) or section)
        if match and name.startswith(".text") and int(match.group(3), 16):
            found.append((int(match.group(2), 16), int(match.group(3), 16), f"*lib{match.group(4)}.a:{match.group(5)}", name))
        section = ""
    return program, sorted(found)


def executed(program, variables, replay, place):
    """The addresses of all instructions of one first invocation."""
    out = place / "callgrind"
    replay.reset(lambda: None)
    log = subprocess.run(["valgrind", "--tool=callgrind", "--dump-instr=yes", "--compress-pos=no", f"--callgrind-out-file={out}",
                          program], env=variables, capture_output=True, text=True, check=False).stderr
    if replay.posted is None or json.loads(replay.posted[1]) != {"batchItemFailures": []}:
        raise SystemExit(f"the function did not answer as it should: {replay.posted}, asked {replay.asked}\n{log}")
    return {int(line.split()[0], 16) for line in out.read_text().splitlines() if line.startswith("0x")}


def certificate(place):
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=replay", "-days", "1", "-addext",
            "subjectAltName=IP:127.0.0.1", "-keyout", place / "key.pem", "-out", place / "cert.pem"]
    subprocess.run(made, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(place / "cert.pem", place / "key.pem")
    return context


def write_order(place):
    (place / "slipway.yaml").write_text(CONFIG)
    program, sections = linked(place)
    TlsReplay.context = certificate(place)
    replay = TlsReplay(json.loads((ROOT / "bench/recordings/lambda.json").read_text()))
    starts, first = [section[0] for section in sections], []
    plain = environment(place, replay.address)
    tls = {**plain, "AWS_ENDPOINT_URL": f"https://{replay.address}", "AWS_CA_BUNDLE": str(place / "cert.pem"),
           "SLIPWAY_QUEUE_URL": f"https://{replay.address}/123456789012/slipway"}
    for variables in (plain, tls):
        found = set()
        for address in executed(program, variables, replay, place):
            at = bisect.bisect_right(starts, address) - 1
            if at >= 0 and address < starts[at] + sections[at][1]:
                found.add(f"    {sections[at][2]}({sections[at][3]})\n")
        first += sorted(found.difference(first))
        print(f"{OUT.relative_to(ROOT)}: {len(first)} parts", flush=True)
    replay.close()
    OUT.write_text(HEAD + "".join(first) + TAIL)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="slipway-order-", dir="/tmp") as folder:
        write_order(pathlib.Path(folder))
