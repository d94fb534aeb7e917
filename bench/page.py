"""Writes docs/operating/performance.md and its plot from the results of a whole run."""

from lab import ROOT
from plot import svg
from results import markdown_of

PAGE = ROOT / "docs/operating/performance.md"
PLOT = ROOT / "docs/operating/performance.svg"
EXPLAINED = ROOT / "bench/performance.explained.md"

HEAD = """# Speed and size

Written by `bench/run --write-docs`, which measured it: edit `bench/performance.explained.md` or the benchmarks instead.

{about}.

Absolute times are that machine's on that day. What counts are the ratios: both sides of each were measured in turn in one
run, as medians of n. `floor` is what nothing built on the same parts can beat, `peer` another program that does the same.
"""


def write(about, results):
    curves = [curve for result in results for curve in result.curves]
    parts = [HEAD.format(about=about), *(markdown_of(result) for result in results)]
    if curves:
        PLOT.write_text(svg(about, curves))
        parts.append("![Cost per sign-up, memory, start and sweep over the number of tenants](performance.svg)\n")
    parts.append(EXPLAINED.read_text().replace("../docs/operating/", ""))  # links hold in both places
    PAGE.write_text("\n".join(part.rstrip("\n") + "\n" for part in parts))
    print(f"wrote {PAGE.relative_to(ROOT)}{' and its plot' if curves else ''}")
