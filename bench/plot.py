"""Draws curves over the number of tenants as SVG, one small panel for each; standard library only."""

import dataclasses
import math
from html import escape

from results import number

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 300, 190, 46, 34, 30


@dataclasses.dataclass
class Curve:
    name: str
    unit: str
    points: list  # (tenants, value), ascending


def across(tenants, most):
    """Position on a logarithmic axis that also has a place for 0."""
    return math.log10(1 + tenants) / math.log10(1 + most)


def panel(curve, x0, y0):
    most = curve.points[-1][0]
    top = max(value for _, value in curve.points) * 1.25
    wide, high = WIDTH - LEFT - 14, HEIGHT - TOP - BOTTOM

    def place(tenants, value):
        return x0 + LEFT + across(tenants, most) * wide, y0 + TOP + (1 - value / top) * high

    parts = [f'<text x="{x0 + 8}" y="{y0 + 18}" font-weight="bold">{escape(curve.name)} ({escape(curve.unit)})</text>']
    for share in (0, 0.5, 1):
        value = top * share
        x, y = place(0, value)
        parts.append(f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{x + wide:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{x - 5:.1f}" y="{y + 4:.1f}" text-anchor="end">{number(value)}</text>')
    places = [place(*point) for point in curve.points]
    parts.append('<polyline fill="none" stroke="#1668b8" stroke-width="2" points="'
                 + " ".join(f"{x:.1f},{y:.1f}" for x, y in places) + '"/>')
    for (tenants, value), (x, y) in zip(curve.points, places):
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#1668b8"/>')
        parts.append(f'<text x="{x:.1f}" y="{y - 7:.1f}" text-anchor="middle">{number(value)}</text>')
        parts.append(f'<text x="{x:.1f}" y="{y0 + HEIGHT - BOTTOM + 16}" text-anchor="middle">{tenants:,}</text>')
    return parts


def svg(title, curves):
    columns = 3
    rows = math.ceil(len(curves) / columns)
    width, height = columns * WIDTH, rows * HEIGHT + 24
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
             'font-family="sans-serif" font-size="10">', f'<rect width="{width}" height="{height}" fill="white"/>',
             f'<text x="8" y="16" font-size="12">{escape(title)}; tenants in the ledger from left to right</text>']
    for index, curve in enumerate(curves):
        parts += panel(curve, (index % columns) * WIDTH, 24 + (index // columns) * HEIGHT)
    return "\n".join([*parts, "</svg>", ""])
