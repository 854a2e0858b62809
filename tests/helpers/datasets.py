"""Datasets for tests of the library: made by our own build from real files, or record by record as upstream writes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lmdb
import numpy as np
import soundfile
import yaml

from rave_gui.datasets import build, record
from rave_gui.paths import AppPaths
from rave_protocol.specs import DatasetParams
from rave_protocol.work import WorkContext

RATE = 44100
N = 2048
CHUNK = 2 * N


def app_paths(root: Path) -> AppPaths:
    """Folders of a user who has nothing yet."""
    return AppPaths(root / "data", root / "config", root / "cache")


def tone(samples: int, frequency: float, level: float) -> np.ndarray:
    """A sine, float64 [samples], peak ``level``."""
    sine: np.ndarray = level * np.sin(2 * np.pi * frequency / RATE * np.arange(samples))
    return sine


def write(path: Path, audio: np.ndarray) -> Path:
    """A 16-bit wav of [samples] or [samples, channels]."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, audio, RATE, subtype="PCM_16")
    return path


def built(root: Path, files: dict[str, np.ndarray], **changes: Any) -> Path:
    """A dataset built by the application from files of the given names and sounds."""
    for name, audio in files.items():
        write(root / "sources" / name, audio)
    job = root / "job"
    job.mkdir(exist_ok=True, parents=True)
    params = {
        "sources": [str(root / "sources")],
        "output": str(root / "dataset"),
        "num_signal": N,
        "tails": "drop",
        "short_files": "skip",
        **changes,
    }
    return Path(build.run(DatasetParams(**params), WorkContext(job))["path"])


def foreign(
    path: Path, chunks: Mapping[bytes, bytes | np.ndarray], *, channels: int = 1, **metadata: Any
) -> Path:
    """A dataset as upstream writes it: no sidecar, one transaction a record. Arrays (int16 [channels, n]) are encoded."""
    path.mkdir(parents=True)
    with lmdb.open(str(path), map_size=1 << 28, sync=False) as environment:
        for key, value in chunks.items():
            stored = value if isinstance(value, bytes) else record.encode(value.tobytes(), channels, RATE)
            with environment.begin(write=True) as transaction:
                transaction.put(key, stored)
    described = {"lazy": False, "channels": channels, "n_seconds": 1.0, "sr": RATE} | metadata
    (path / "metadata.yaml").write_text(yaml.safe_dump(described))
    return path


def noise(seed: int, samples: int = CHUNK, channels: int = 1, level: int = 10000) -> np.ndarray:
    """White noise, int16 [channels, samples]."""
    return np.random.default_rng(seed).integers(-level, level, (channels, samples), np.int16)
