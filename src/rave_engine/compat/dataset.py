"""Read RAVE's dataset without writing to it and without reading all of it first.

* ``AudioDataset.__init__`` decodes every chunk to fill a list that nobody uses: minutes for a large dataset (no upstream thread known).
* Both dataset classes open the LMDB for writing, which fails on a read-only medium and *creates* an empty database where
  there is none, so a mistyped path is no error (no upstream thread known).
* A stereo dataset trained with one channel was reshaped to one channel: left, then right, as one sound. Now the first
  ``n_channels`` of the stored channels are taken (which for equal numbers is upstream's result).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def open_database(path: str) -> Any:
    """The LMDB of a dataset folder, read-only, without locks and read-ahead. Raises ``lmdb.Error``."""
    import lmdb

    return lmdb.open(path, readonly=True, lock=False, readahead=False, max_readers=1, create=False)


def stored_channels(path: str) -> int | None:
    """``channels`` of the dataset's metadata.yaml, or None where it does not say."""
    import yaml

    with (Path(path) / "metadata.yaml").open(encoding="utf-8") as file:
        value = (yaml.safe_load(file) or {}).get("channels")
    return int(value) if value else None


def apply() -> None:
    """Patch ``rave.dataset.AudioDataset`` and ``LazyAudioDataset``."""
    from rave import dataset

    if getattr(dataset.AudioDataset, "rave_gui", False):
        return

    def env(self: Any) -> Any:
        if self._env is None:
            self._env = open_database(self._db_path)
        return self._env

    def init(
        self: Any, db_path: str, audio_key: str = "waveform", transforms: Any = None, n_channels: int = 1
    ) -> None:
        self._db_path = db_path
        self._audio_key = audio_key
        self._env = None
        self._keys = None
        self._transforms = transforms
        self._n_channels = n_channels
        self._stored_channels = stored_channels(db_path) or n_channels

    def getitem(self: Any, index: int) -> Any:
        with self.env.begin() as txn:
            example = dataset.AudioExample.FromString(txn.get(self.keys[index]))
        buffer = example.buffers[self._audio_key]
        if buffer.precision != dataset.AudioExample.Precision.INT16:
            raise ValueError("a chunk is not stored as 16-bit integers")
        audio = np.frombuffer(buffer.data, dtype=np.int16).astype(np.float32) / (2**15 - 1)
        audio = audio.reshape(self._stored_channels, -1)[: self._n_channels]
        return audio if self._transforms is None else self._transforms(audio)

    dataset.AudioDataset.__init__ = init
    dataset.AudioDataset.__getitem__ = getitem
    dataset.AudioDataset.env = property(env)
    dataset.LazyAudioDataset.env = property(env)
    dataset.AudioDataset.rave_gui = True
