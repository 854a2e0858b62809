"""Levels of one chunk: peak, RMS, silence, clipping, offset. Pure functions on arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

SILENCE_DB = -60.0
"""A stretch whose peak stays below this counts as silent."""
SILENCE_BLOCK = 1024
"""Samples a stretch; at 44.1 kHz 23 ms, about as short as a pause can be heard."""
FLOOR_DB = -120.0
"""Level given to digital silence, below everything 16 bits can hold."""
CLIP_RUN = 3
"""So many full-scale samples in a row are clipping; single ones occur in sound that was normalised to its peak."""
FULL_SCALE = 32767.0


class Levels(NamedTuple):
    """Levels of one chunk; see :func:`measure`."""

    peak_db: float
    rms_db: float
    silence: float
    """Share of the stretches that are silent, 0 to 1."""
    clipped: int
    """Samples inside runs of full-scale samples, all channels together."""
    offset: float
    """Mean of all samples, -1 to 1."""


def to_db(value: float) -> float:
    """Amplitude (1 = full scale) in dB, never below :data:`FLOOR_DB`."""
    return max(FLOOR_DB, 20.0 * float(np.log10(value))) if value > 0 else FLOOR_DB


def clipped_samples(audio: npt.NDArray[np.int16]) -> int:
    """Samples of [channels, n] that lie in runs of at least :data:`CLIP_RUN` equal full-scale samples."""
    total = 0
    for channel in audio:
        for value in (32767, -32768, -32767):
            flat = np.flatnonzero(channel == value)
            if flat.size < CLIP_RUN:
                continue
            runs = np.diff(np.flatnonzero(np.diff(flat, prepend=-2, append=flat[-1] + 2) > 1))
            total += int(runs[runs >= CLIP_RUN].sum())
    return total


def measure(audio: npt.NDArray[np.int16]) -> Levels:
    """Levels of a chunk, int16 [channels, n]. An empty one is silent."""
    if audio.size == 0:
        return Levels(FLOOR_DB, FLOOR_DB, 1.0, 0, 0.0)
    samples = audio.shape[1]
    whole = samples - samples % SILENCE_BLOCK or samples
    blocks = audio[:, :whole].reshape(audio.shape[0], -1, min(SILENCE_BLOCK, whole))
    high = blocks.max(axis=2).astype(np.int32)
    low = blocks.min(axis=2).astype(np.int32)
    loudest = np.maximum(high, -low).max(axis=0)
    rest = audio[:, whole:]
    peak = int(loudest.max())
    if rest.size:
        peak = max(peak, int(rest.max()), -int(rest.min()))
    flat = audio.reshape(-1).astype(np.float32)
    power = float(np.dot(flat, flat)) / flat.size
    silent = float(np.mean(loudest < FULL_SCALE * 10 ** (SILENCE_DB / 20)))
    clipped = clipped_samples(audio) if peak >= FULL_SCALE else 0
    return Levels(
        to_db(min(1.0, peak / FULL_SCALE)),
        to_db(float(np.sqrt(power)) / FULL_SCALE),
        silent,
        clipped,
        float(flat.mean()) / FULL_SCALE,
    )
