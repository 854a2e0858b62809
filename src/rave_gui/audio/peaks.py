"""Waveform envelopes: the lowest and highest sample of every stretch, for drawing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def envelope(samples: npt.NDArray[np.floating], bins: int) -> tuple[Floats, Floats]:
    """Lows and highs, ``bins`` values each, of ``samples`` [n]. With fewer samples than bins every sample is its own bin.

    Every sample lies in exactly one bin, so no peak is missed.
    """
    samples = np.asarray(samples, np.float32)
    if samples.ndim != 1:
        raise ValueError(f"expected one channel, got the shape {samples.shape}")
    if bins < 1:
        raise ValueError("at least one bin")
    count = min(bins, samples.shape[0])
    if count == 0:
        return np.zeros(0, np.float32), np.zeros(0, np.float32)
    starts = np.arange(count) * samples.shape[0] // count
    return np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)


class PeakPyramid:
    """Envelopes of one channel at many zoom levels: a view of any width costs the width, not the length of the sound."""

    BASE = 64
    """Samples a bin of the finest stored level; finer views look at the samples themselves."""

    def __init__(self, samples: npt.NDArray[np.floating]) -> None:
        self.samples = np.asarray(samples, np.float32)
        self._levels: list[tuple[int, Floats, Floats]] = []
        size, lows, highs = self.BASE, *self._blocks(self.samples, self.samples, self.BASE)
        while lows.shape[0] > 1:
            self._levels.append((size, lows, highs))
            size *= 4
            lows, highs = self._blocks(lows, highs, 4)

    @staticmethod
    def _blocks(lows: Floats, highs: Floats, size: int) -> tuple[Floats, Floats]:
        starts = np.arange(0, lows.shape[0], size)
        if not starts.size:
            return lows, highs
        return np.minimum.reduceat(lows, starts), np.maximum.reduceat(highs, starts)

    def view(self, start: int, stop: int, bins: int) -> tuple[Floats, Floats]:
        """Lows and highs of the samples ``start`` to ``stop`` in at most ``bins`` bins."""
        start, stop = max(0, start), min(self.samples.shape[0], stop)
        if stop <= start:
            return np.zeros(0, np.float32), np.zeros(0, np.float32)
        wanted = (stop - start) / max(1, bins)
        best: tuple[int, Floats, Floats] | None = None
        for level in self._levels:
            if level[0] * 4 <= wanted:
                best = level
        if best is None:
            return envelope(self.samples[start:stop], bins)
        size, lows, highs = best
        first, last = start // size, -(-stop // size)
        return envelope(lows[first:last], bins)[0], envelope(highs[first:last], bins)[1]
