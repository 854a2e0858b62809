"""One curve of a live plot: grows step by step, drawn through a min/max envelope."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
CHUNK = 64
"""Values whose smallest and largest are remembered together, so that a curve of millions is drawn from few numbers."""


class Series:
    """Values by step in growing arrays. A step that comes again replaces its value (runs are resumed and re-read)."""

    def __init__(self) -> None:
        self._x = np.empty(256, dtype=np.float64)
        self._y = np.empty(256, dtype=np.float64)
        self._size = 0
        self._lows = np.empty(64, dtype=np.float64)
        self._highs = np.empty(64, dtype=np.float64)
        self._folded = 0
        self.edits = 0
        """Grows when an earlier value changes or comes late: what was computed from the curve is then out of date."""

    def __len__(self) -> int:
        return self._size

    @property
    def steps(self) -> Floats:
        """Steps in rising order (a view: do not write)."""
        return self._x[: self._size]

    @property
    def values(self) -> Floats:
        """One value for each of :attr:`steps` (a view: do not write). NaN where the training wrote no finite number."""
        return self._y[: self._size]

    @property
    def last(self) -> tuple[float, float] | None:
        """Newest (step, value), or None."""
        if not self._size:
            return None
        return float(self._x[self._size - 1]), float(self._y[self._size - 1])

    def add(self, step: float, value: float) -> None:
        """Put in one value. Appending is constant time; a late step is inserted where it belongs."""
        size = self._size
        if size and step <= self._x[size - 1]:
            at = int(np.searchsorted(self._x[:size], step))
            if self._x[at] == step:
                if self._y[at] != value and not (math.isnan(value) and math.isnan(self._y[at])):
                    self._y[at] = value
                    self._edited(at)
                return
            self._edited(at)
            self._reserve()
            self._x[at + 1 : size + 1] = self._x[at:size]
            self._y[at + 1 : size + 1] = self._y[at:size]
        else:
            at = size
            self._reserve()
        self._x[at], self._y[at] = step, value
        self._size = size + 1

    def extend(self, pairs: Iterable[tuple[float, float]]) -> None:
        """:meth:`add` for each pair."""
        for step, value in pairs:
            self.add(step, value)

    def extend_arrays(self, steps: Floats, values: Floats) -> None:
        """:meth:`add` for many at once. ``steps`` may come in any order; of values for the same step the last counts."""
        if not len(steps):
            return
        rising = bool(np.all(steps[1:] > steps[:-1]))
        if not rising or (self._size and steps[0] <= self._x[self._size - 1]):
            both = np.concatenate([self.steps, steps]), np.concatenate([self.values, values])
            order = np.argsort(both[0], kind="stable")
            x, y = both[0][order], both[1][order]
            kept = np.append(x[1:] != x[:-1], True)
            self._x, self._y = x[kept].astype(np.float64), y[kept].astype(np.float64)
            self._size = len(self._x)
            self._edited(0)
            return
        wanted = self._size + len(steps)
        if wanted > len(self._x):
            room = max(wanted + wanted // 2, 2 * len(self._x))
            self._x = np.concatenate([self.steps, np.empty(room - self._size)])
            self._y = np.concatenate([self.values, np.empty(room - self._size)])
        self._x[self._size : wanted], self._y[self._size : wanted] = steps, values
        self._size = wanted

    def cut(self, step: float) -> None:
        """Forget everything after ``step``: the training went back there and goes another way."""
        kept = int(np.searchsorted(self.steps, step, side="right"))
        if kept < self._size:
            self._size = kept
            self._edited(kept)

    def at(self, step: float) -> tuple[float, float] | None:
        """The point whose step is nearest to ``step``, or None for an empty curve."""
        if not self._size:
            return None
        right = min(int(np.searchsorted(self.steps, step)), self._size - 1)
        left = max(right - 1, 0)
        best = left if abs(self._x[left] - step) <= abs(self._x[right] - step) else right
        return float(self._x[best]), float(self._y[best])

    def envelope(self, low: float, high: float, buckets: int) -> tuple[Floats, Floats]:
        """The curve between two steps, at most ``2 * buckets`` points.

        Short stretches come as they are. Longer ones are cut into ``buckets`` equal runs of points (of whole chunks where they are
        very long), each drawn as its smallest and largest value, so that no spike is lost. One point beyond each end is
        included, so lines leave the view.
        """
        first = max(int(np.searchsorted(self.steps, low, side="left")) - 1, 0)
        last = min(int(np.searchsorted(self.steps, high, side="right")) + 1, self._size)
        x, y = self._x[first:last], self._y[first:last]
        count = len(x)
        if count <= 2 * buckets:
            return x.copy(), y.copy()
        if count > 2 * buckets * CHUNK:
            starts, low_y, high_y = self._coarse(first, last, buckets)
        else:
            starts = np.linspace(0, count, buckets, endpoint=False).astype(np.intp)
            low_y = np.fmin.reduceat(y, starts)
            high_y = np.fmax.reduceat(y, starts)
        out_x = np.repeat(x[starts], 2)
        out_y = np.empty(2 * buckets)
        # Alternating the order keeps the line from crossing each bucket twice.
        out_y[0::4], out_y[1::4] = low_y[0::2], high_y[0::2]
        out_y[2::4], out_y[3::4] = high_y[1::2], low_y[1::2]
        return out_x, out_y

    def limits(self) -> tuple[float, float] | None:
        """Smallest and largest finite value, or None."""
        finite = self.values[np.isfinite(self.values)]
        if not len(finite):
            return None
        low, high = float(finite.min()), float(finite.max())
        return (low, high) if math.isfinite(low) and math.isfinite(high) else None

    def _coarse(self, first: int, last: int, buckets: int) -> tuple[npt.NDArray[np.intp], Floats, Floats]:
        """Where each bucket begins (counted from ``first``), its smallest and its largest value, from whole chunks."""
        self._fold()
        left, right = -(-first // CHUNK), min(last // CHUNK, self._folded)
        starts = np.linspace(0, right - left, buckets, endpoint=False).astype(np.intp)
        low = np.fmin.reduceat(self._lows[left:right], starts)
        high = np.fmax.reduceat(self._highs[left:right], starts)
        # What lies before the first and behind the last whole chunk belongs to the buckets at the ends.
        for bucket, part in ((0, self._y[first : left * CHUNK]), (-1, self._y[right * CHUNK : last])):
            if len(part):
                low[bucket] = np.fmin(low[bucket], np.fmin.reduce(part))
                high[bucket] = np.fmax(high[bucket], np.fmax.reduce(part))
        begins = (starts + left) * CHUNK - first
        begins[0] = 0
        return begins, low, high

    def _fold(self) -> None:
        """Bring the remembered extremes up to date; what was folded before costs nothing."""
        whole = self._size // CHUNK
        if whole <= self._folded:
            return
        if whole > len(self._lows):
            room = max(whole, 2 * len(self._lows)) - self._folded
            self._lows = np.concatenate([self._lows[: self._folded], np.empty(room)])
            self._highs = np.concatenate([self._highs[: self._folded], np.empty(room)])
        block = self._y[self._folded * CHUNK : whole * CHUNK].reshape(-1, CHUNK)
        self._lows[self._folded : whole] = np.fmin.reduce(block, axis=1)
        self._highs[self._folded : whole] = np.fmax.reduce(block, axis=1)
        self._folded = whole

    def _edited(self, at: int) -> None:
        """A value at or behind index ``at`` is other than it was."""
        self.edits += 1
        self._folded = min(self._folded, at // CHUNK)

    def _reserve(self) -> None:
        if self._size == len(self._x):
            self._x = np.concatenate([self._x, np.empty_like(self._x)])
            self._y = np.concatenate([self._y, np.empty_like(self._y)])
