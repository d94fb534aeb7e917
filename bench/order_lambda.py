#!/usr/bin/env python3
"""Writes, in the release build, what the function's first invocation executes: a linker script with which the linker puts
these sections side by side, so that a start reads them alone and not the whole program. The build calls it:

    bench/order_lambda.py PROGRAM MAP SERVER ORDER

PROGRAM was linked in no order, MAP tells what the linker put where, SERVER is slipway_bench_lambda_cold. Needs valgrind and
openssl. Where a start cannot be watched, the list is empty, which costs time and memory and nothing else.
"""

import bisect
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path += [str(ROOT / "bench"), str(ROOT / "tests/aws")]
from replay import Replay  # noqa: E402
from rows.lambda_cold import CONFIG, environment  # noqa: E402
from tls import TlsRelay  # noqa: E402

ENTRY = re.compile(r"^ (\.text\S*)?\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S+)$")


def pattern(section, path):
    """A function with a section of its own is found wherever it stands; else it is all of a library's member."""
    if section != ".text":
        return f"*({section})"
    member = re.fullmatch(r"\S*?([^/\s]+\.a)\((\S+)\)", path)
    return f"*{member.group(1)}:{member.group(2)}(.text)" if member else f"*{pathlib.Path(path).name}(.text)"


def placed(linker_map):
    """Sorted (address, size, pattern)."""
    found, section = [], ""
    for line in linker_map.read_text().splitlines():
        if re.fullmatch(r" \.\S+", line):  # a long name has a line of its own
            section = line.strip()
            continue
        match = ENTRY.match(line)
        name = match and (match.group(1) or section)
        if match and name.startswith(".text") and int(match.group(3), 16):
            found.append((int(match.group(2), 16), int(match.group(3), 16), pattern(name, match.group(4))))
        section = ""
    return sorted(found)


def executed(program, server, variables, place):
    """The addresses of all instructions of one first invocation."""
    out = place / "callgrind"
    replay = Replay(server, json.loads((ROOT / "bench/recordings/lambda.json").read_text()), place / "log", variables)
    replay.start(["/usr/bin/env", "valgrind", "--tool=callgrind", "--dump-instr=yes", "--compress-pos=no",
                  f"--callgrind-out-file={out}", program])
    replay.close()
    return {int(line.split()[0], 16) for line in out.read_text().splitlines() if line.startswith("0x")}


def ordered(program, linker_map, server, place):
    """Over plain HTTP first, then what TLS adds."""
    (place / "slipway.yaml").write_text(CONFIG)

    def over_tls(address):
        relay = TlsRelay(address, place)  # until the end of this program
        return {**environment(place, address), "AWS_ENDPOINT_URL": relay.url, "AWS_CA_BUNDLE": relay.ca_file}

    sections = placed(linker_map)
    starts, first = [section[0] for section in sections], []
    for variables in (lambda address: environment(place, address), over_tls):
        found = set()
        for address in executed(program, server, variables, place):
            at = bisect.bisect_right(starts, address) - 1
            if at >= 0 and address < starts[at] + sections[at][1]:
                found.add(sections[at][2])
        first += sorted(found.difference(first))
    return first


def main():
    program, linker_map, server, order = map(pathlib.Path, sys.argv[1:])
    patterns = []
    with tempfile.TemporaryDirectory(prefix="slipway-order-", dir="/tmp") as folder:
        try:
            patterns = ordered(program, linker_map, server, pathlib.Path(folder))
        except (OSError, RuntimeError, subprocess.SubprocessError) as why:
            print(f"The Lambda's program stands in no order, its starts take more memory: {why}", file=sys.stderr)
    order.write_text("\n".join(["SECTIONS { .text.first : {", *patterns, "} }", "INSERT BEFORE .text;", ""]))


if __name__ == "__main__":
    main()
