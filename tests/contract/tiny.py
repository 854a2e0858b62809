"""Tiny datasets and jobs for the contract tests: real LMDBs in RAVE's own format, real job folders."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import lmdb
import numpy as np
import yaml

from rave_engine.jobs import JobContext
from rave_protocol import events, jobfolder
from rave_protocol.commands import Command
from rave_protocol.files import LineFollower, append_line, write_json
from rave_protocol.specs import JobSpec, TrainParams

RATE = 44100
TINY = ["CAPACITY = 2", "LATENT_SIZE = 4"]


def plucks(samples: int, seed: int, channels: int = 1) -> np.ndarray[Any, Any]:
    """Decaying tones at random times: int16 of shape (channels, samples)."""
    rng = np.random.default_rng(seed)
    t = np.arange(samples) / RATE
    sound = np.zeros((channels, samples))
    for _ in range(6):
        start, pitch = rng.uniform(0, t[-1] * 0.8), rng.uniform(110, 1800)
        after = np.clip(t - start, 0, None)
        tone = np.exp(-6 * after) * np.sin(2 * np.pi * pitch * after) * (t >= start)
        sound += rng.uniform(0.3, 1.0, (channels, 1)) * tone
    sound += 0.003 * rng.standard_normal(sound.shape)
    return np.asarray(np.clip(sound / np.abs(sound).max() * 0.9, -1, 1) * 32767, dtype=np.int16)


def make_dataset(
    folder: Path, *, chunks: int = 10, samples: int = 65536, channels: int = 1, rate: int = RATE
) -> Path:
    """Write a dataset as ``rave preprocess`` does (one protobuf ``AudioExample`` a chunk, keys %08d)."""
    from udls.generated import AudioExample

    folder.mkdir(parents=True)
    env = lmdb.open(str(folder), map_size=1 << 28, lock=False)
    with env.begin(write=True) as txn:
        for i in range(chunks):
            example = AudioExample()
            buffer = example.buffers["waveform"]
            buffer.data = plucks(samples, i, channels).tobytes()
            buffer.shape.extend([channels, samples])
            buffer.sampling_rate = rate
            buffer.precision = AudioExample.Precision.INT16
            txn.put(f"{i:08d}".encode(), example.SerializeToString())
    env.close()
    facts = {"channels": channels, "lazy": False, "n_seconds": chunks * samples / rate, "sr": rate}
    (folder / "metadata.yaml").write_text(yaml.safe_dump(facts), encoding="utf-8")
    return folder


def tiny_params(dataset: Path, run: Path, **changes: Any) -> TrainParams:
    """Parameters of a training of a few steps that takes a second or two."""
    base: dict[str, Any] = {
        "dataset": str(dataset),
        "run": str(run),
        "name": run.name,
        "configs": ["v1"],
        "overrides": [*TINY, "PHASE_1_DURATION = 4"],
        "n_signal": 16384 * 2,
        "batch": 2,
        "max_steps": 8,
        "val_every": 1000,
        "save_every": 1000,
        "log_every": 4,
        "holdout": 2,
        "device": "cpu",
        "seed": 3,
    }
    return TrainParams(**{**base, **changes})


def make_job(folder: Path, params: TrainParams, retry_of: str | None = None) -> JobContext:
    """A job folder with its spec, and the context of its working process."""
    folder.mkdir(parents=True)
    spec = JobSpec(folder.name, "train", "a test", params, time.time(), retry_of=retry_of)
    write_json(folder / jobfolder.SPEC, spec.to_json())
    return JobContext(folder)


def train(
    tmp: Path, params: TrainParams, name: str = "job", **kwargs: Any
) -> tuple[dict[str, Any], list[Any]]:
    """Train in this process; the result and the events."""
    from rave_engine import training

    job = make_job(tmp / name, params, **kwargs)
    result = training.run(params, job)
    return result, happened(job)


def happened(job: JobContext) -> list[Any]:
    """All events of a job so far."""
    return [events.from_json(line).event for line in LineFollower(job.folder / jobfolder.EVENTS).read()]


def send(job: JobContext, name: str) -> str:
    """Send one command; its id."""
    command = Command(name)  # type: ignore[arg-type]
    append_line(job.folder / jobfolder.COMMANDS, command)
    return command.id
