"""Chunks of a RAVE dataset that the training never saw."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rave_engine.errors import EngineError
from rave_protocol.codec import ProtocolError
from rave_protocol.files import read_json

SPLIT_NAME = "split.json"
UPSTREAM_SEED = 42
UPSTREAM_PERCENT = 98


@dataclass(frozen=True)
class HeldOut:
    """Which chunks to measure on."""

    indices: tuple[int, ...]
    exact: bool
    """True when they come from the run's own split.json, False when RAVE's fixed split was computed again."""
    seen: bool
    """True when the dataset is so small that nothing was held out, so these chunks were trained on."""


class Chunks:
    """Read-only access to a dataset's chunks as they are stored: no cropping, no augmentation, no dither."""

    def __init__(self, folder: Path) -> None:
        import yaml

        try:
            self.metadata: dict[str, Any] = (
                yaml.safe_load((folder / "metadata.yaml").read_text("utf-8")) or {}
            )
        except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
            raise EngineError(
                "no-dataset",
                f"{folder} is not a RAVE dataset: its metadata.yaml cannot be read.",
                "Choose the dataset's own folder, or make the dataset again.",
                str(error),
            ) from error
        self.folder = folder
        self.channels = int(self.metadata.get("channels") or 1)
        self.sample_rate = int(self.metadata.get("sr") or 44100)
        self._keys: list[bytes] = []
        self._lazy: Any = None
        if self.metadata.get("lazy"):
            self._open_lazy()
        else:
            with self._environment() as env, env.begin() as txn:
                self._keys = list(txn.cursor().iternext(values=False))

    def _environment(self) -> Any:
        import lmdb

        try:
            return lmdb.open(str(self.folder), lock=False, readonly=True, create=False)
        except lmdb.Error as error:
            raise EngineError(
                "no-dataset",
                f"The dataset {self.folder.name} cannot be opened.",
                "It may be damaged or incomplete: make it again.",
                str(error),
            ) from error

    def _open_lazy(self) -> None:
        from rave.dataset import LazyAudioDataset

        self._lazy = LazyAudioDataset(str(self.folder), 131072, self.sample_rate, None, self.channels)

    def __len__(self) -> int:
        return len(self._lazy) if self._lazy is not None else len(self._keys)

    def read(self, indices: tuple[int, ...], channels: int, rate: int) -> list[torch.Tensor]:
        """The chunks as (channels, samples), float32, at ``rate``. A dataset with more channels gives its first ones."""
        from udls.generated import AudioExample

        if self.channels < channels:
            raise EngineError(
                "too-few-channels",
                f"The model has {channels} channels, the dataset {self.channels}.",
                "Evaluate on a dataset with the channels the model was trained with.",
            )
        found = []
        if self._lazy is not None:
            found = [torch.from_numpy(np.float32(self._lazy[i])) for i in indices]
        else:
            with self._environment() as env, env.begin() as txn:
                for i in indices:
                    example = AudioExample.FromString(txn.get(self._keys[i]))
                    data = np.frombuffer(example.buffers["waveform"].data, dtype=np.int16)
                    audio = data.astype(np.float32).reshape(self.channels, -1) / (2**15 - 1)
                    found.append(torch.from_numpy(audio))
        return [_resampled(audio[:channels], self.sample_rate, rate) for audio in found]


def held_out(checkpoint: Path, count: int) -> HeldOut:
    """Indices of the validation chunks among ``count``: what the training wrote down beside its checkpoints, or RAVE's split."""
    for folder in (checkpoint.parent.parent, checkpoint.parent):
        try:
            found = read_json(folder / SPLIT_NAME).get("val")
        except (OSError, ProtocolError):
            continue
        if isinstance(found, list) and found and all(isinstance(i, int) and 0 <= i < count for i in found):
            return HeldOut(tuple(found), exact=True, seen=False)
    return upstream_split(count)


def upstream_split(count: int) -> HeldOut:
    """The validation part of ``rave.dataset.split_dataset(dataset, 98)`` with the stock ``max_residual`` of 1000."""
    train = max(UPSTREAM_PERCENT * count // 100, 1)
    val = min(1000, count - train)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(UPSTREAM_SEED)).tolist()
    if val <= 0:
        return HeldOut(tuple(range(count)), exact=False, seen=True)
    return HeldOut(tuple(order[count - val :]), exact=False, seen=False)


def spread(indices: tuple[int, ...], wanted: int) -> tuple[int, ...]:
    """At most ``wanted`` of the indices, evenly spread and in the dataset's order, so that they come from many recordings."""
    ordered = sorted(indices)
    if len(ordered) <= wanted:
        return tuple(ordered)
    return tuple(ordered[i * len(ordered) // wanted] for i in range(wanted))


def _resampled(audio: torch.Tensor, source: int, target: int) -> torch.Tensor:
    if source == target:
        return audio
    import soxr

    return torch.from_numpy(soxr.resample(audio.T.numpy(), source, target)).T.reshape(audio.shape[0], -1)
