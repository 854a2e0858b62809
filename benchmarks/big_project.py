"""Makes a large project for measurements: many runs with their jobs and event files, many datasets, all real folders.

    python benchmarks/big_project.py FOLDER [--runs 1000] [--datasets 200]

One dataset is built by the application and copied; a run has config.gin, a version with checkpoints (a few bytes each: no list opens
them) and an ended job with the figures of a real one. Some jobs failed, some were interrupted, so that every state is listed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from rave_gui.audio import wav  # noqa: E402
from rave_gui.projects import Project  # noqa: E402
from rave_protocol.files import write_json  # noqa: E402

PRESETS = ("v2_small", "v1", "v2", "discrete")
STATES = ("succeeded", "succeeded", "succeeded", "succeeded", "failed", "interrupted", "cancelled")


def make(folder: Path, runs: int = 1000, datasets: int = 200) -> Path:
    """Fill ``folder`` (which must not exist); returns it."""
    project = Project.open(folder, create=True)
    first = noise(project, "recordings 000")
    for n in range(1, datasets):
        shutil.copytree(first, project.datasets / f"recordings {n:03d}")
    for n in range(runs):
        _run(project, n, f"recordings {n % datasets:03d}")
    project.rescan()
    for n in range(runs):
        name = f"run {n:04d}"
        project.store.register(
            "run", name, project.runs / name, job=_job_id(n), parent=f"recordings {n % datasets:03d}"
        )
    return folder


def noise(project: Project, name: str, seconds: float = 1.0, num_signal: int = 4096) -> Path:
    """A dataset of three recordings of noise, each ``seconds`` long; returns its folder."""
    import numpy as np

    from rave_gui.datasets.build import run as build
    from rave_protocol.specs import DatasetParams

    sounds = project.sounds / name
    sounds.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for n in range(3):
        samples = (rng.standard_normal((1, round(44100 * seconds))) * 0.1).astype(np.float32)
        wav.write(sounds / f"noise {n}.wav", samples, 44100)
    target = project.datasets / name
    build(DatasetParams([str(sounds)], str(target), num_signal=num_signal), _Alone(sounds))
    return target


class _Alone:
    """The context of a job that nobody watches."""

    cancelled = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __getattr__(self, name: str) -> Any:
        return lambda *_args, **_values: []


def _run(project: Project, n: int, dataset: str) -> None:
    run = project.runs / f"run {n:04d}"
    checkpoints = run / "version_0" / "checkpoints"
    checkpoints.mkdir(parents=True)
    steps = 1000 * (1 + n % 50)
    preset = PRESETS[n % len(PRESETS)]
    (run / "config.gin").write_text(
        f"CAPACITY = {8 * (1 + n % 12)}\nSAMPLING_RATE = 44100\n# {preset}\n", encoding="utf-8"
    )
    for name in (f"step_{steps // 2:08d}.ckpt", f"step_{steps:08d}.ckpt", "best.ckpt"):
        (checkpoints / name).write_bytes(b"checkpoint")
    began = time.time() - 86_400 * (1 + n % 300) - n
    state = STATES[n % len(STATES)]
    job = project.jobs / _job_id(n)
    job.mkdir(parents=True)
    spec = {
        "id": job.name,
        "kind": "train",
        "title": f"Train {run.name}",
        "params": {
            "dataset": str(project.datasets / dataset),
            "run": str(run),
            "name": run.name,
            "configs": [preset],
            "overrides": [f"CAPACITY = {8 * (1 + n % 12)}"],
            "max_steps": steps,
        },
        "created": began,
        "project": str(project.path),
        "retry_of": None,
        "protocol": 1,
    }
    error = {
        "code": "out-of-memory",
        "message": "The memory was full.",
        "hint": "Take a smaller batch.",
        "details": "",
        "user": True,
    }
    ended = {
        "state": state,
        "reason": "the computer was switched off" if state == "interrupted" else "",
        "pids": {"runner": 1, "engine": 1},
        "progress": {
            "time": began + 900,
            "done": steps,
            "total": steps,
            "unit": "steps",
            "eta": None,
            "phase": "phase 1",
            "message": "",
            "rate": 9.5,
        },
        "started": began,
        "ended": began + 900,
        "result": {"run": str(run), "version": "version_0", "step": steps, "validation": 8 + n % 17}
        if state == "succeeded"
        else None,
        "error": error if state == "failed" else None,
        "heartbeat": began + 900,
        "attempts": 1,
        "host": "",
        "machine": "",
    }
    write_json(job / "spec.json", spec)
    write_json(job / "state.json", ended)
    (job / "log.txt").write_text(f"Training {run.name}\n", encoding="utf-8")
    metrics = [
        {
            "type": "metric",
            "time": began + i,
            "step": i * 50,
            "values": {"fullband_spectral_distance": 30 / (1 + i)},
        }
        for i in range(20)
    ]
    (job / "events.jsonl").write_text("".join(json.dumps(m) + "\n" for m in metrics), encoding="utf-8")


def _job_id(n: int) -> str:
    return f"20260101-{n // 3600 % 24:02d}{n // 60 % 60:02d}{n % 60:02d}-{n % 1000:03d}-{n:04x}"


def main() -> None:
    """Make one from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--datasets", type=int, default=200)
    chosen = parser.parse_args()
    began = time.monotonic()
    print(f"{make(chosen.folder, chosen.runs, chosen.datasets)} made in {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
