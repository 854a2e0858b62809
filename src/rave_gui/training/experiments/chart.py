"""Curves as a small SVG picture, for reports: no script, no fonts of its own, readable by browsers and by Qt alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import numpy as np

from rave_gui.i18n import tr
from rave_gui.training.experiments.compare import Floats, Line, thinned

COLOURS = ("#5048c4", "#c2410c", "#0f766e", "#a21caf", "#1d6fb8", "#6b7010", "#bf2531", "#475569")
"""Of runs, in the order in which they are compared; later ones begin again."""
WIDTH, HEIGHT = 560, 250
LEFT, RIGHT, TOP, BOTTOM = 62, 12, 28, 34
POINTS = 1000
"""Kept of each curve: two for each pixel of its width."""
STEEP = 50.0
"""From this ratio of highest to lowest on, a logarithmic axis shows more."""


def chart(title: str, lines: Sequence[Line], axis: str, colours: dict[str, str] | None = None) -> str:
    """One plot of some curves as an SVG text. ``axis`` names what runs from left to right; ``colours`` are those of runs by name."""
    low, high, log = _range([line.y for line in lines])
    first, last = _extent([line.x for line in lines])
    colours = colours or palette([line.run for line in lines])

    def across(x: Floats) -> Floats:
        return LEFT + (x - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    def up(y: Floats) -> Floats:
        share = (
            (np.log10(y) - math.log10(low)) / (math.log10(high) - math.log10(low))
            if log
            else (y - low) / (high - low)
        )
        return np.asarray(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM))

    parts = [
        _opening(title),
        f'<text class="ink" x="{LEFT}" y="16" font-size="13" font-weight="bold" fill="#1b1c22">{escape(title)}</text>',
    ]
    for value in ticks(low, high, log):
        y = float(up(np.array([value]))[0])
        parts.append(
            f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#e2e2e8"/>'
            f'<text class="quiet" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" fill="#5a5d6b">{_short(value)}</text>'
        )
    for value in ticks(first, last, False):
        x = float(across(np.array([value]))[0])
        parts.append(
            f'<text class="quiet" x="{x:.1f}" y="{HEIGHT - BOTTOM + 15}" text-anchor="middle" fill="#5a5d6b">{_short(value)}</text>'
        )
    parts.append(
        f'<text class="quiet" x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end" fill="#5a5d6b">{escape(axis)}</text>'
    )
    for line in lines:
        kept = thinned(line, POINTS)
        path = _path(across(kept.x), kept.y, up, log)
        if path:
            parts.append(
                f'<path d="{path}" fill="none" stroke="{colours[line.run]}" stroke-width="1.5" stroke-linejoin="round"/>'
            )
    parts.append("</svg>")
    return "".join(parts)


def _opening(title: str) -> str:
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(title)}" font-family="sans-serif" font-size="11">'


def palette(runs: Sequence[str]) -> dict[str, str]:
    """A colour for each run."""
    return {run: COLOURS[n % len(COLOURS)] for n, run in enumerate(dict.fromkeys(runs))}


def axis_name(align: str) -> str:
    """What the axis is called."""
    return tr("steps") if align == "step" else tr("seconds of work")


def ticks(low: float, high: float, log: bool, about: int = 5) -> list[float]:
    """Round numbers between two others."""
    if log:
        decades = range(math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1)
        if len(decades) >= 2:
            every = math.ceil(len(decades) / about)
            return [10.0**n for n in list(decades)[::every]]
        return [low, math.sqrt(low * high), high]
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]


def _path(x: Floats, y: Floats, up: object, log: bool) -> str:
    """Path data; a value that is no number (or on a logarithmic axis not above zero) leaves a gap."""
    assert callable(up)
    good = np.isfinite(y) & (y > 0) if log else np.isfinite(y)
    heights = np.full(len(y), np.nan)
    heights[good] = up(y[good])
    words, drawing = [], False
    for here, height, fine in zip(x, heights, good, strict=True):
        if fine:
            words.append(f"{'L' if drawing else 'M'}{here:.1f} {height:.1f}")
        drawing = bool(fine)
    if len(words) == 1:  # a dot
        words.append(words[0].replace("M", "L"))
    return "".join(words)


def _range(columns: Sequence[Floats]) -> tuple[float, float, bool]:
    """Lowest and highest finite value, a little apart, and whether the axis is logarithmic."""
    whole = np.concatenate([c[np.isfinite(c)] for c in columns]) if columns else np.empty(0)
    if not len(whole):
        return 0.0, 1.0, False
    low, high = float(whole.min()), float(whole.max())
    if low > 0 and high / low > STEEP:
        return low, high, True
    if low == high:
        apart = abs(low) * 0.1 or 1.0
        return low - apart, high + apart, False
    margin = 0.04 * (high - low)
    return low - margin, high + margin, False


def _extent(columns: Sequence[Floats]) -> tuple[float, float]:
    there = [c for c in columns if len(c)]
    if not there:
        return 0.0, 1.0
    first, last = min(float(c.min()) for c in there), max(float(c.max()) for c in there)
    return (first, last) if last > first else (first - 0.5, first + 0.5)


def _short(value: float) -> str:
    size = abs(value)
    for limit, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if size >= limit:
            scale = 1e3 if letter == "k" else limit
            return f"{value / scale:.3g}{letter}"
    return f"{value:.3g}"
