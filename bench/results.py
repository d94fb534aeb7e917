"""What a benchmark found: rows with a verdict, and the samples behind them."""

import dataclasses
import math
import statistics


@dataclasses.dataclass
class Row:
    """One goal of bench/README.md. `value` None: not run, and `why` says why."""

    goal: str
    value: float | None
    target: float
    unit: str = "×"
    at_least: bool = False  # the target is a lower bound
    ours: str = ""
    floor: str = ""
    peer: str = ""
    why: str = ""

    @property
    def verdict(self):
        if self.value is None:
            return "NOT RUN"
        met = self.value >= self.target if self.at_least else self.value <= self.target
        return "met" if met else "MISSED"

    def value_text(self):
        return "-" if self.value is None else f"{number(self.value)} {self.unit}"

    def target_text(self):
        return f"{'≥' if self.at_least else '≤'} {number(self.target)} {self.unit}"


@dataclasses.dataclass
class Result:
    """What one file below rows/ measured."""

    title: str
    rows: list
    samples: dict  # name -> (unit, values)
    notes: list = dataclasses.field(default_factory=list)
    curves: list = dataclasses.field(default_factory=list)  # of plot.Curve


def number(value):
    """Three digits that mean something."""
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"


def median(values):
    return statistics.median(values)


def p95(values):
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * 0.95) - 1)]


def spread(values):
    return {"n": len(values), "median": median(values), "min": min(values), "p95": p95(values), "max": max(values)}


HEAD = ("goal", "measured", "target", "", "Slipway", "floor", "peer")


def cells(row):
    return (row.goal, row.value_text(), row.target_text(), row.verdict, row.ours, row.floor, row.peer)


def text_of(result):
    """For a terminal."""
    lines = [result.title]
    table = [HEAD, *(cells(row) for row in result.rows)]
    widths = [max(len(line[i]) for line in table) for i in range(len(HEAD))]
    for line in table:
        lines.append("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
    lines += [f"  {row.goal}: NOT RUN: {row.why}" for row in result.rows if row.value is None]
    for name, (unit, values) in result.samples.items():
        s = spread(values)
        lines.append(f"    {name + ' (' + unit + ')':46} n {s['n']:3}  median {number(s['median']):>8}  min "
                     f"{number(s['min']):>8}  p95 {number(s['p95']):>8}  max {number(s['max']):>8}")
    lines += [f"  {note}" for note in result.notes]
    return "\n".join(lines)


def markdown_of(result):
    lines = [f"## {result.title}", "", "| " + " | ".join(HEAD) + " |", "|---" * len(HEAD) + "|"]
    lines += ["| " + " | ".join(cells(row)) + " |" for row in result.rows]
    lines += [""] + [f"Not run: {row.goal}: {row.why}\n" for row in result.rows if row.value is None]
    lines += ["| samples | n | median | min | p95 | max |", "|---|---|---|---|---|---|"]
    for name, (unit, values) in result.samples.items():
        s = spread(values)
        figures = " | ".join(number(s[key]) for key in ("median", "min", "p95", "max"))
        lines.append(f"| {name} ({unit}) | {s['n']} | {figures} |")
    lines += [""] + [note + "\n" for note in result.notes]
    return "\n".join(lines)
