"""Stands for the engine where the real one would only cost time: an interpreter that is never started, a worker that answers at once."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from rave_gui.errors import UserError
from rave_gui.jobs import JobService
from rave_gui.jobs.dispatcher import Starter
from rave_gui.jobs.folder import JobFolder
from rave_gui.runtime.manager import EngineManager
from rave_gui.runtime.worker_client import WarmWorker

FACTS: dict[str, Any] = {
    "sample_rate": 44100,
    "channels": 1,
    "ratio": 512,
    "latent_size": 16,
    "configs": ["v2_small"],
    "phase": 2,
    "ema": False,
    "fidelity": {"0.8": 1, "0.95": 2, "0.99": 3},
}
"""As the worker's ``describe`` answers."""


class StandIn:
    """Answers ``describe`` with :data:`FACTS` and renders everything backwards. Jobs stay queued until :meth:`end` ends them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.problem: UserError | None = None
        monkeypatch.setattr(EngineManager, "python", lambda _self: Path(sys.executable))
        monkeypatch.setattr(JobService, "_keep_going", lambda _self, _views: set())
        monkeypatch.setattr(Starter, "ensure", lambda _self: None)
        monkeypatch.setattr(WarmWorker, "request", self._answer)

    def renders(self) -> list[dict[str, Any]]:
        """Parameters of the renders asked for so far."""
        return [params for method, params in self.asked if method == "render"]

    def _answer(self, method: str, params: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        self.asked.append((method, params))
        if self.problem is not None:
            raise self.problem
        if method == "describe":
            return dict(FACTS)
        assert method == "render"
        return backwards(Path(params["source"]), Path(params["output"]))


def backwards(source: Path, output: Path) -> dict[str, Any]:
    """What the stand-in makes of a sound."""
    audio, rate = soundfile.read(source, dtype="float32", always_2d=True)
    output.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(output, np.ascontiguousarray(audio[::-1]), rate, subtype="FLOAT")
    return {"seconds": 0.4, "step": 400, "path": str(output)}


def end(job: JobFolder, state: str = "succeeded", **fields: Any) -> None:
    """A queued job has ended so (``result``, ``error``)."""
    found = job.read_state()
    found.state = state  # type: ignore[assignment]
    found.started = found.ended = time.time()
    for name, value in fields.items():
        setattr(found, name, value)
    job.write_state(found)
