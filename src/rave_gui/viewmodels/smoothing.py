"""A steady curve through a restless one: exponential average without the bias at its start."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from rave_gui.viewmodels.series import Floats, Series

BLOCK = 128
AT_ONCE = 1 << 17
"""Values taken in by one update: a curve of a million is made steady in a few goes, so that the window stays responsive."""


class Smoothed:
    """The running average of a :class:`Series`, as a series of its own that is brought up to date at little cost.

    ``y = sum(w^(t-i) x_i) / sum(w^(t-i))`` over the finite values so far; where none has come yet it is NaN.
    """

    def __init__(self, source: Series, weight: float) -> None:
        """``weight`` from 0 (no smoothing) to below 1."""
        self.series = Series()
        self._source, self._weight = source, weight
        self._top = self._below = 0.0
        self._seen = 0
        self._last_step = -np.inf
        self._edits = source.edits

    @property
    def behind(self) -> bool:
        """Whether there is more to take in."""
        return self._seen < len(self._source)

    def update(self) -> Series:
        """Take in what came since (at most :data:`AT_ONCE` values); everything is computed anew when earlier ones have changed."""
        source = self._source
        if source.edits != self._edits or len(source) < self._seen:
            self.__init__(source, self._weight)  # type: ignore[misc]
        part = slice(self._seen, self._seen + AT_ONCE)
        x, y = source.steps[part], source.values[part]
        if len(x):
            known = np.isfinite(y)
            tops = _average(np.where(known, y, 0.0), self._weight, self._top)
            belows = _average(known.astype(np.float64), self._weight, self._below)
            with np.errstate(invalid="ignore", divide="ignore"):
                self.series.extend_arrays(x, np.where(belows > 0, tops / belows, np.nan))
            self._top, self._below = float(tops[-1]), float(belows[-1])
            self._seen += len(x)
        return self.series


def _average(values: Floats, weight: float, before: float) -> Floats:
    """``y[t] = weight * y[t-1] + (1 - weight) * values[t]`` with ``y[-1] = before``, a block of values at a time."""
    count = len(values)
    pad = -count % BLOCK
    blocks = np.concatenate([values, np.zeros(pad)]).reshape(-1, BLOCK)
    kernel, decay = _kernel(weight)
    inside = blocks @ kernel.T
    for number in range(len(inside)):
        inside[number] += decay * before
        before = inside[number, -1]
    return inside.reshape(-1)[:count]


@lru_cache(maxsize=8)
def _kernel(weight: float) -> tuple[Floats, Floats]:
    """What each value of a block adds to each average after it, and what is left of the average before the block."""
    reach = np.subtract.outer(np.arange(BLOCK), np.arange(BLOCK))
    kernel = np.where(reach >= 0, (1 - weight) * np.power(weight, np.maximum(reach, 0)), 0.0)
    return kernel, np.power(weight, np.arange(1, BLOCK + 1))
