"""A project with a trained model, takes and an export, without an engine: folders as the engine leaves them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from rave_gui.projects import Project
from rave_protocol.files import write_json

CONFIG = """# Macros:
CAPACITY = 16
LATENT_SIZE = 16
N_BAND = 16
PHASE_1_DURATION = 300
RATIOS = [4, 2, 2, 2]
SAMPLING_RATE = 44100

model.RAVE.n_channels = 1
"""

CARD: dict[str, Any] = {
    "format": 1,
    "name": "voice",
    "file": "voice_streaming.ts",
    "run": "voice",
    "checkpoint": "step_00000400.ckpt",
    "step": 400,
    "phase": 2,
    "sample_rate": 44100,
    "ratio": 512,
    "latent_size": 2,
    "full_latent_size": 16,
    "channels": 1,
    "methods": {"encode": {}, "decode": {}, "forward": {}},
    "streaming": True,
    "streaming_error_db": -119.8,
    "repeatable": True,
    "peak": 0.135,
    "latency": {"samples": 10528, "seconds": 0.2387, "buffer": 512, "match": 1.0},
    "real_time_factor": {"value": 0.06, "buffer": 2048, "threads": 1},
    "fidelity": {"asked": 0.95, "reached": 0.99, "table": {"0.8": 1, "0.95": 2, "0.99": 3}},
}
"""As ``rave_engine.export`` wrote it for a small run."""


def sound(path: Path, seconds: float = 1.0, pitch: float = 20.0, rate: int = 44100) -> Path:
    """A quiet tone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.sin(np.arange(round(seconds * rate)) / pitch).astype(np.float32) * 0.5
    soundfile.write(path, samples, rate, subtype="FLOAT")
    return path


def make_run(project: Path, name: str = "voice", steps: tuple[int, ...] = (200, 400)) -> Path:
    """A run's folder whose checkpoints hold no weights. It appears at once, whole: nobody who watches sees half of it."""
    run = project / "runs" / name
    aside = project / f".making {name}"
    folder = aside / "version_0" / "checkpoints"
    folder.mkdir(parents=True)
    (aside / "config.gin").write_text(CONFIG, encoding="utf-8")
    for step in steps:
        (folder / f"step_{step:08d}.ckpt").write_bytes(b"x" * step)
    (folder / "best.ckpt").write_bytes(b"x" * 100)
    run.parent.mkdir(exist_ok=True)
    return aside.rename(run)


def make_export(project: Path, name: str = "voice", *, card: bool = True, **changes: Any) -> Path:
    """An export's folder whose model holds nothing; ``card=False``: it was made elsewhere. It appears at once, whole."""
    folder = project / f".making {name}"
    folder.mkdir(parents=True)
    (folder / f"{name}_streaming.ts").write_bytes(b"not a model")
    if card:
        write_json(folder / "card.json", {**CARD, "name": name, "file": f"{name}_streaming.ts", **changes})
    target = project / "exports" / name
    target.parent.mkdir(exist_ok=True)
    return folder.rename(target)


def make_project(folder: Path) -> Project:
    """A run, an export, a sound, an evaluation and its job."""
    project = Project.open(folder, create=True)
    make_run(folder)
    make_export(folder)
    sound(folder / "sounds" / "tone.wav")
    take = folder / "takes" / "voice reconstruction"
    original = sound(take / "original.wav")
    result = sound(take / "reconstruction.wav", pitch=21.0)
    make_job(
        folder,
        "20260101-000000-000-0001",
        "evaluate",
        {
            "checkpoint": str(folder / "runs" / "voice" / "version_0" / "checkpoints" / "step_00000400.ckpt"),
            "dataset": str(folder / "datasets" / "choir"),
            "output": str(take),
        },
        {
            "original": str(original),
            "path": str(result),
            "distance": 15.3,
            "distance_untrained": 32.0,
            "distance_noise": 33.0,
            "distance_silence": 55.0,
            "step": 400,
        },
    )
    return project


def make_job(project: Path, job: str, kind: str, params: dict[str, Any], result: dict[str, Any]) -> None:
    """The folder of a job that succeeded."""
    folder = project / "jobs" / job
    folder.mkdir(parents=True)
    spec = {
        "id": job,
        "kind": kind,
        "title": f"{kind} voice",
        "params": params,
        "created": 1_767_225_600.0,
        "project": str(project),
        "retry_of": None,
        "protocol": 1,
    }
    state = {
        "state": "succeeded",
        "reason": "",
        "pids": {"runner": None, "engine": None},
        "progress": None,
        "started": 1_767_225_601.0,
        "ended": 1_767_225_602.0,
        "result": result,
        "error": None,
        "heartbeat": 1_767_225_602.0,
        "attempts": 1,
        "host": "",
        "machine": "",
    }
    (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")
    (folder / "events.jsonl").write_text("", encoding="utf-8")
    (folder / "log.txt").write_text("", encoding="utf-8")
