"""The strip that shows a dataset at a glance: peaks of a few evenly spread chunks, kept in the cache."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rave_gui.datasets.beside import fingerprint
from rave_gui.datasets.levels import FULL_SCALE
from rave_gui.datasets.read import Dataset
from rave_gui.datasets.record import BadRecordError
from rave_gui.paths import AppPaths
from rave_protocol.files import replace_file

CHUNKS = 16
"""Chunks looked at, at most."""
_LOOK = 65536
"""Samples of a chunk looked at, at most."""


def thumbnail(dataset: Path, width: int, *, paths: AppPaths) -> npt.NDArray[np.float32]:
    """Lowest and highest sample of each of ``width`` columns, float32 [width, 2]; zeros for what holds no sound.

    Raises :class:`UserError` for what is no dataset. A cache that cannot be written is done without.
    """
    if width < 1:
        raise ValueError("at least one column")
    with Dataset(dataset) as one:
        file = paths.cache / "thumbnails" / f"{fingerprint(one)[:32]}-{width}.npy"
        try:
            kept = np.load(file)
            if kept.shape == (width, 2):
                return np.asarray(kept, np.float32)
        except (OSError, ValueError, EOFError):
            pass
        strip = _draw(one, width)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        aside = file.with_name(f".{file.name}.{os.getpid()}.part")
        with aside.open("wb") as stream:
            np.save(stream, strip)
        replace_file(aside, file)
    except OSError:
        pass
    return strip


def _draw(dataset: Dataset, width: int) -> npt.NDArray[np.float32]:
    strip = np.zeros((width, 2), np.float32)
    if dataset.lazy or not dataset.chunks:
        return strip
    shown = min(CHUNKS, dataset.chunks, width)
    edges = np.arange(shown + 1) * width // shown
    for number in range(shown):
        columns = int(edges[number + 1] - edges[number])
        try:
            audio = dataset.chunk(number * dataset.chunks // shown).audio
        except BadRecordError:
            continue
        if audio is None or audio.shape[1] < columns:
            continue
        audio = audio[:, :_LOOK]
        starts = np.arange(columns) * audio.shape[1] // columns
        part = slice(edges[number], edges[number + 1])
        strip[part, 0] = np.minimum.reduceat(audio.min(axis=0), starts) / FULL_SCALE
        strip[part, 1] = np.maximum.reduceat(audio.max(axis=0), starts) / FULL_SCALE
    return np.clip(strip, -1.0, 1.0)
