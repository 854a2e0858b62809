"""Datasets: checked before anything is built, split, and read in an order and with a randomness that can be resumed exactly.

Order and augmentation of every example follow from (seed, epoch, index) alone: the order of an epoch is a permutation from its own
generator, and while an example is made, ``random``, ``numpy.random`` and torch's generator are seeded from these three numbers and put
back afterwards. So a resumed run reads what the uninterrupted one would have read, with any number of loader workers.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rave_engine.errors import EngineError
from rave_protocol.codec import ProtocolError
from rave_protocol.files import read_json
from rave_protocol.specs import TrainParams


@dataclass(frozen=True)
class DatasetFacts:
    """What the preflight found."""

    chunks: int
    samples: int
    """Samples per channel in a stored chunk; 0 for a lazy dataset, which cuts its files itself."""
    sample_rate: int
    channels: int
    lazy: bool


def inspect(path: Path, params: TrainParams) -> DatasetFacts:
    """Check the dataset folder. Raises :class:`EngineError`: ``dataset-missing``, ``-corrupt``, ``-empty``, ``-channels``,
    ``n-signal-too-long``.
    """
    import yaml

    if not (path / "metadata.yaml").is_file() or not (path / "data.mdb").is_file():
        raise EngineError(
            "dataset-missing",
            f"There is no RAVE dataset at {path}.",
            "Choose a dataset folder: it holds data.mdb and metadata.yaml.",
        )
    try:
        metadata = yaml.safe_load((path / "metadata.yaml").read_text(encoding="utf-8"))
        rate, lazy = int(metadata.get("sr", 44100)), bool(metadata["lazy"])
        channels = int(metadata.get("channels") or 1)
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise _corrupt(path, f"metadata.yaml: {error}") from error
    if channels < params.channels:
        raise EngineError(
            "dataset-channels",
            f"The dataset has {channels} channel{'s' if channels > 1 else ''}, but the model is to have {params.channels}.",
            f"Train with {channels}, or prepare the recordings again with more channels.",
        )
    chunks, samples = _probe(path, channels, lazy, rate, params.n_signal)
    if chunks == 0:
        raise EngineError(
            "dataset-empty",
            f"The dataset at {path} holds no audio.",
            "Prepare it again; recordings shorter than a chunk are left out unless they are joined or padded.",
        )
    if not lazy and params.n_signal > samples:
        raise EngineError(
            "n-signal-too-long",
            f"Training examples of {params.n_signal} samples cannot be cut from chunks of {samples} samples.",
            f"Use n_signal {samples // 2} or less, or prepare the dataset with longer chunks.",
        )
    return DatasetFacts(chunks, samples, rate, channels, lazy)


def lazy_examples(record: Any, rate: int, n_signal: int) -> int:
    """Examples that RAVE makes of one recording of a lazy dataset."""
    return int(float(record["length"]) * rate) // n_signal


def _probe(path: Path, channels: int, lazy: bool, rate: int, n_signal: int) -> tuple[int, int]:
    """Number of chunks (of examples, for a lazy dataset) and samples per channel; decodes the first, the middle and the last chunk."""
    import lmdb
    from google.protobuf.message import DecodeError
    from rave.dataset import AudioExample

    from rave_engine.compat.dataset import open_database

    try:
        env = open_database(str(path))
        try:
            with env.begin() as txn:
                keys = list(txn.cursor().iternext(values=False))
                if lazy:
                    records = (AudioExample.FromString(value).metadata for _, value in txn.cursor())
                    return sum(lazy_examples(record, rate, n_signal) for record in records), 0
                if not keys:
                    return 0, 0
                lengths = set()
                for key in {keys[0], keys[len(keys) // 2], keys[-1]}:
                    example = AudioExample.FromString(txn.get(key))
                    lengths.add(len(example.buffers["waveform"].data) // 2 // channels)
        finally:
            env.close()
    except (lmdb.Error, DecodeError, ValueError) as error:
        raise _corrupt(path, str(error)) from error
    if min(lengths) == 0:
        raise _corrupt(path, "a chunk is empty")
    return len(keys), min(lengths)


def _corrupt(path: Path, details: str) -> EngineError:
    return EngineError(
        "dataset-corrupt",
        f"The dataset at {path} is damaged.",
        "Prepare it again from the recordings; the recordings themselves are not touched.",
        details,
    )


@dataclass(frozen=True)
class Split:
    """Indices of the dataset's chunks."""

    train: list[int]
    val: list[int]
    shared: bool = False
    """A single chunk serves both."""

    def to_json(self) -> dict[str, Any]:
        """What ``version_N/split.json`` holds."""
        return {"train": self.train, "val": self.val}


def split(count: int, holdout: int, max_residual: int | None = 1000) -> Split:
    """RAVE's split (98 % and a permutation with seed 42; at most ``max_residual`` for validation), but with at least ``holdout``
    chunks for validation as long as that is no more than a quarter, and never with an empty half.
    """
    residual = count - max((98 * count) // 100, 1)
    if max_residual is not None:
        residual = min(max_residual, residual)
    if count == 1:
        return Split([0], [0], shared=True)
    residual = max(residual, min(holdout, count // 4), 1)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(42)).tolist()
    return Split(order[: count - residual], order[count - residual :])


def declared_split(path: Path, count: int) -> Split | None:
    """What the dataset itself asks for: ``split.json`` beside it names the chunks of recordings that are kept for validation.

    None where there is no such file, or where it was made for another number of chunks.
    """
    try:
        stored = read_json(path / "split.json")
        if int(stored["count"]) != count:
            return None
        val = sorted({int(i) for i in stored["validation"]})
    except (OSError, ProtocolError, KeyError, TypeError, ValueError):
        return None
    kept = set(val)
    train = [i for i in range(count) if i not in kept]
    if not val or not train or val[0] < 0 or val[-1] >= count:
        return None
    return Split(train, val)


def open_dataset(params: TrainParams, sample_rate: int, augmented: bool = True) -> Any:
    """RAVE's own dataset with its augmentations; ``augmented`` False leaves out those the configuration adds (validation)."""
    import rave.dataset

    extra: dict[str, Any] = {} if augmented else {"augmentations": None}
    return rave.dataset.get_dataset(
        params.dataset,
        sample_rate,
        params.n_signal,
        derivative=params.derivative,
        normalize=params.normalize,
        rand_pitch=list(params.rand_pitch) if params.rand_pitch else False,
        n_channels=params.channels,
        **extra,
    )


def close(dataset: Any) -> None:
    """Close the dataset's database: LMDB lets a process open it once only. Reading on opens it again."""
    env = getattr(dataset, "_env", None)
    if env is not None:
        dataset._env = None
        env.close()


@contextlib.contextmanager
def own_randomness() -> Iterator[None]:
    """Put the three generators on the CPU back as they were."""
    state, array_state, tensor_state = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(state)
        np.random.set_state(array_state)
        torch.set_rng_state(tensor_state)


SILENCE = 2.0**-14
"""A crop whose peak lies below this is digital silence: dequantisation alone adds noise up to 2**-16."""
CROPS = 6
"""How often another crop of a chunk is drawn when one is digital silence."""


def seed_example(seed: int, epoch: int, index: int, attempt: int = 0) -> None:
    """Seed the three generators for one example."""
    words = np.random.SeedSequence([seed & 0xFFFFFFFF, epoch + 1, index, attempt]).generate_state(3)
    random.seed(int(words[0]))
    np.random.seed(int(words[1]))
    torch.default_generator.manual_seed(int(words[2]))


class SeededExamples(torch.utils.data.Dataset):  # type: ignore[misc]
    """Examples by (epoch, index), each with its own randomness. Epoch -1 is validation: the same crops every time.

    A crop of digital silence (padding, gaps) is drawn again: RAVE's relative distance divides by the target's energy, so one
    such crop gives a loss of about a million and throws the optimizer off. A chunk that is silent throughout stays as it is.
    """

    def __init__(self, dataset: Any, seed: int) -> None:
        self.dataset = dataset
        self.seed = seed

    def __getitem__(self, key: tuple[int, int]) -> torch.Tensor:
        """Audio of shape (channels, samples). Raises :class:`EngineError` for a chunk that cannot be read."""
        import lmdb
        from google.protobuf.message import DecodeError

        epoch, index = key
        with own_randomness():
            try:
                for attempt in range(CROPS):
                    seed_example(self.seed, epoch, index, attempt)
                    audio = self.dataset[index]
                    if np.max(np.abs(audio)) >= SILENCE:
                        break
            except (lmdb.Error, DecodeError, ValueError) as error:
                raise _corrupt(Path(self.dataset._db_path), f"chunk {index}: {error}") from error
        return torch.from_numpy(np.ascontiguousarray(audio, dtype=np.float32))


class Order:
    """Batches without end, from (epoch, batch) on: a new permutation each epoch, the last incomplete batch dropped.

    With fewer examples than a batch, examples repeat within it (upstream would read nothing, for ever).
    """

    def __init__(self, indices: Sequence[int], batch: int, seed: int) -> None:
        self.indices = list(indices)
        self.batch = batch
        self.seed = seed
        self.per_epoch = max(len(self.indices) // batch, 1)
        self.start = (0, 0)

    def epoch_batches(self, epoch: int) -> list[list[tuple[int, int]]]:
        """All batches of one epoch, as (epoch, index) keys."""
        seed = int(np.random.SeedSequence([self.seed & 0xFFFFFFFF, epoch]).generate_state(1)[0])
        order = torch.randperm(len(self.indices), generator=torch.Generator().manual_seed(seed)).tolist()
        while len(order) < self.batch:
            order = order + order
        return [
            [(epoch, self.indices[i]) for i in order[b * self.batch : (b + 1) * self.batch]]
            for b in range(self.per_epoch)
        ]

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        """Batches from ``start`` on."""
        epoch, skip = self.start
        while True:
            yield from self.epoch_batches(epoch)[skip:]
            epoch, skip = epoch + 1, 0


def batches(dataset: SeededExamples, order: Any, workers: int, device: Any) -> Iterator[torch.Tensor]:
    """Audio of shape (batch, channels, samples) on ``device``, for each list of keys in ``order``."""
    if workers == 0:
        for keys in order:
            yield torch.stack([dataset[key] for key in keys]).to(device)
        return
    loader = torch.utils.data.DataLoader(
        dataset,
        batch_sampler=order,
        num_workers=workers,
        pin_memory=device.type == "cuda",
        persistent_workers=False,
        generator=torch.Generator().manual_seed(0),
    )
    for batch in loader:
        yield batch.to(device, non_blocking=True)
