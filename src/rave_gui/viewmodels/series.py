"""One curve of a live plot: grows step by step, drawn through a min/max envelope."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Series:
    """Values by step in growing arrays. A step that comes again replaces its value (runs are resumed and re-read)."""

    def __init__(self) -> None:
        self._x = np.empty(256, dtype=np.float64)
        self._y = np.empty(256, dtype=np.float64)
        self._size = 0
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
                    self.edits += 1
                return
            self.edits += 1
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
            self.edits += 1
            return
        wanted = self._size + len(steps)
        if wanted > len(self._x):
            room = max(wanted, 2 * len(self._x))
            self._x = np.concatenate([self.steps, np.empty(room - self._size)])
            self._y = np.concatenate([self.values, np.empty(room - self._size)])
        self._x[self._size : wanted], self._y[self._size : wanted] = steps, values
        self._size = wanted

    def cut(self, step: float) -> None:
        """Forget everything after ``step``: the training went back there and goes another way."""
        kept = int(np.searchsorted(self.steps, step, side="right"))
        if kept < self._size:
            self._size = kept
            self.edits += 1

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

        Short stretches come as they are. Longer ones are cut into ``buckets`` equal runs of points, each drawn as its
        smallest and largest value, so that no spike is lost. One point beyond each end is included, so lines leave the view.
        """
        first = max(int(np.searchsorted(self.steps, low, side="left")) - 1, 0)
        last = min(int(np.searchsorted(self.steps, high, side="right")) + 1, self._size)
        x, y = self._x[first:last], self._y[first:last]
        count = len(x)
        if count <= 2 * buckets:
            return x.copy(), y.copy()
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

    def _reserve(self) -> None:
        if self._size == len(self._x):
            self._x = np.concatenate([self._x, np.empty_like(self._x)])
            self._y = np.concatenate([self._y, np.empty_like(self._y)])
