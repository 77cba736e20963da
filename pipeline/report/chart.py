"""Pictures of the report as inline SVG. They carry no numbers that the tables beside them do not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 360, 200  # CSS pixels on a phone; wider screens scale up
LEFT, RIGHT, TOP, BOTTOM = 34, 8, 10, 22
MAX_POINTS = 240
NAMES_ROOM = 1.25  # of the width that the points take, for names at their right
NAME_HEIGHT, CHARACTER_WIDTH = 10, 5.5
ALMOST = 0.1  # of a doubling: 32,000 ends at the tick of 32k
MAX_DOUBLINGS = 10  # of a vocabulary's size, that all have their tick
Points = Sequence[tuple[float, float]]


def share_bar(fraction: float) -> str:
    """A bar filled to `fraction`, for the eye alone: the number stands beside it."""
    width = 100 * min(1.0, max(0.0, fraction))
    return (
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="track" width="100" height="8"/><rect class="fill" width="{width:.2f}" height="8"/></svg>'
    )


def loss_chart(training: Points, validation: Points, *, label: str) -> str:
    """Loss over optimiser steps: training as a line, validation as a dashed line with dots. Empty without points.

    training, validation: (step, loss); points that are not finite are left out.
    """
    training, validation = _finite(training), _finite(validation)
    points = [*training, *validation]
    if not points:
        return ""
    x_ticks = ticks(0.0, max(x for x, _ in points))
    y_ticks = ticks(min(y for _, y in points), max(y for _, y in points))
    scale = _Scale(x_ticks[-1], y_ticks[0], y_ticks[-1])
    parts = [_grid(scale, x_ticks, y_ticks), _line(scale, thinned(training), "train")]
    parts += [_line(scale, validation, "valid"), *_dots(scale, validation)]
    opening = f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">'
    return f"{opening}{''.join(parts)}</svg>"


def s_curve_chart(num_bands: int, rows_per_band: int, threshold: float, found: Points, *, label: str) -> str:
    """Share of pairs that LSH nominates by their similarity, 1 - (1 - s**rows)**bands, with the threshold as a bar.

    found: (similarity, share that was found), as dots on a dashed line.
    """
    scale = _Scale(1.0, 0.0, 1.0)
    curve = [(i / 100, 1 - (1 - (i / 100) ** rows_per_band) ** num_bands) for i in range(101)]
    at = f"{scale.x(threshold):.1f}"
    limit = f'<line class="limit" x1="{at}" x2="{at}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
    parts = [
        _grid(scale, ticks(0, 1, 5), ticks(0, 1)),
        limit,
        _line(scale, curve, "train"),
        _line(scale, found, "valid"),
    ]
    opening = f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">'
    return f"{opening}{''.join(parts)}{''.join(_dots(scale, found))}</svg>"


def size_chart(curves: Sequence[tuple[str, Points]], others: Sequence[tuple[str, float, float]], *, label: str) -> str:
    """Bytes per token over the size of a vocabulary, sizes by their logarithm. Empty without two sizes.

    curves: (name, points) of the whole sample, then of its parts, as dashed lines; others: (name, size, bytes per
    token) of vocabularies to compare with, as dots. Names stand beside the ends; that of the whole may be empty.
    """
    curves = [(name, [(math.log2(x), y) for x, y in points]) for name, points in curves if points]
    dots = [(name, (math.log2(x), y)) for name, x, y in others]
    points = [point for _, curve in curves for point in curve] + [point for _, point in dots]
    if not curves or len(curves[0][1]) < 2:
        return ""
    low, high = min(x for x, _ in points), max(x for x, _ in points)
    every = 1 if high - low < MAX_DOUBLINGS else 2
    x_ticks = [float(power) for power in range(math.ceil(low), math.floor(high + ALMOST) + 1, every)]
    x_ticks = x_ticks if len(x_ticks) > 1 else [low, high]
    y_ticks = ticks(min(y for _, y in points), max(y for _, y in points))
    scale = _Scale((high - low) * NAMES_ROOM, y_ticks[0], y_ticks[-1], left=low)
    lines = [_line(scale, curve, "train" if i == 0 else "part") for i, (_, curve) in enumerate(curves)]
    names = [(name, curve[-1]) for name, curve in curves if name] + dots
    parts = [_grid(scale, x_ticks, y_ticks, [_size_text(2**x) for x in x_ticks]), *lines]
    parts += [*_dots(scale, [point for _, point in dots]), *_names(scale, names)]
    opening = f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">'
    return f"{opening}{''.join(parts)}</svg>"


def ticks(low: float, high: float, wanted: int = 4) -> list[float]:
    """At least two round values, 1, 2 or 5 times a power of ten apart, that enclose [low, high]."""
    span = (high - low) or abs(high) or 1.0
    rough = span / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [n * step for n in range(first, max(last, first + 1) + 1)]


def thinned(points: Points, most: int = MAX_POINTS) -> Points:
    """At most `most` of the points, evenly spread, the first and the last among them."""
    if len(points) <= most:
        return points
    return [points[round(i * (len(points) - 1) / (most - 1))] for i in range(most)]


def _finite(points: Points) -> Points:
    return [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]


class _Scale:
    """From (step, loss) to the picture's coordinates; `span` is how far steps go from `left` on."""

    def __init__(self, span: float, low: float, high: float, left: float = 0.0) -> None:
        self._left, self._span, self._low, self._high = left, span, low, high

    def x(self, step: float) -> float:
        return LEFT + (step - self._left) / self._span * (WIDTH - LEFT - RIGHT)

    def y(self, loss: float) -> float:
        return HEIGHT - BOTTOM - (loss - self._low) / (self._high - self._low) * (HEIGHT - TOP - BOTTOM)


def _grid(
    scale: _Scale, x_ticks: Sequence[float], y_ticks: Sequence[float], x_labels: Sequence[str] | None = None
) -> str:
    x_labels = [f"{t:g}" for t in x_ticks] if x_labels is None else x_labels
    lines = [
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{scale.y(t):.1f}" y2="{scale.y(t):.1f}"/>'
        f'<text x="{LEFT - 4}" y="{scale.y(t) + 3:.1f}" text-anchor="end">{t:g}</text>'
        for t in y_ticks
    ]
    lines += [
        f'<text x="{scale.x(t):.1f}" y="{HEIGHT - 8}" text-anchor="{_anchor(scale.x(t))}">{x_labels[i]}</text>'
        for i, t in enumerate(x_ticks)
    ]
    return "".join(lines)


def _anchor(x: float) -> str:
    return "end" if x > WIDTH - 2 * RIGHT else "middle"


def _line(scale: _Scale, points: Points, name: str) -> str:
    if len(points) < 2:
        return ""
    path = " ".join(f"{scale.x(x):.1f},{scale.y(y):.1f}" for x, y in points)
    return f'<polyline class="{name}" points="{path}"/>'


def _dots(scale: _Scale, points: Points) -> list[str]:
    return [f'<circle class="valid" cx="{scale.x(x):.1f}" cy="{scale.y(y):.1f}" r="2.5"/>' for x, y in points]


def _names(scale: _Scale, names: Sequence[tuple[str, tuple[float, float]]]) -> list[str]:
    """Each name right of its point, below where there is no room, moved down where it would cover the one above."""
    placed = []
    line = 0.0
    for name, (x, y) in sorted(names, key=lambda item: -item[1][1]):
        fits = scale.x(x) + 5 + len(name) * CHARACTER_WIDTH <= WIDTH
        line = max(line + NAME_HEIGHT, scale.y(y) + 3 + (0 if fits else NAME_HEIGHT))
        at = f'x="{scale.x(x) + 5:.1f}"' if fits else f'x="{WIDTH}" text-anchor="end"'
        placed.append(f'<text {at} y="{min(line, HEIGHT - BOTTOM):.1f}">{escape(name)}</text>')
    return placed


def _size_text(size: float) -> str:
    """`512`, `32k` for powers of two, `18,000` for others."""
    rounded = round(size)
    return f"{rounded:,}" if rounded % 1024 else f"{rounded // 1024}k"
