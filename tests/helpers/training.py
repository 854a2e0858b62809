"""Runs as a real training leaves them, made from the recorded one: folder, job, events; also one that is still at work."""

from __future__ import annotations

import json
import pickle
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from tests.helpers.replay import RECORDED

from rave_gui.jobs.folder import JobFolder, create
from rave_gui.jobs.state import JobState
from rave_gui.projects import Project
from rave_protocol import jobfolder
from rave_protocol.codec import decode
from rave_protocol.locks import OsLock, machine_id
from rave_protocol.specs import JobSpec, TrainParams

CONFIG = """
PHASE_1_DURATION = 200
model.BetaWarmupCallback.initial_value = 1e-06
model.BetaWarmupCallback.target_value = 0.05
model.BetaWarmupCallback.warmup_len = 100
"""


class RecordedRun:
    """One run of a project. ``told`` events of the recording are written; :meth:`more` writes further ones."""

    def __init__(self, project: Project, name: str, told: int | None = None, *, number: int = 0) -> None:
        """``told`` None: all of them, the training has ended."""
        self.project, self.name = project, name
        self.path = project.runs / name
        recorded: list[dict[str, Any]] = json.loads(RECORDED.read_text(encoding="utf-8"))["stages"][
            "training"
        ]
        shift = time.time() - recorded[-1]["time"]
        text = json.dumps(recorded).replace("@/runs/demo-tiny", self.path.as_posix())
        self._events = [{**event, "time": event["time"] + shift} for event in json.loads(text)]
        self._told = 0
        self._locks: list[OsLock] = []
        self.params = decode(
            TrainParams,
            {
                "dataset": str(project.datasets / "demo"),
                "run": str(self.path),
                "name": name,
                "configs": ["v2_small"],
                "overrides": ["CAPACITY = 16", "PHASE_1_DURATION = 200"],
                "n_signal": 32768,
                "batch": 1,
                "max_steps": 400,
            },
        )
        self._files()
        created = time.time() - 1000 + number
        spec = JobSpec(
            f"20260101-0000{number:02d}-000-{number:04d}",
            "train",
            f"Train {name}",
            self.params,
            created,
            str(project.path),
        )
        self.job = create(project.jobs, spec, JobState(host="here", machine=machine_id()))
        project.store.register("run", name, self.path, job=spec.id, parent="demo")
        if told is None:
            self.more(len(self._events))
            self._state("succeeded", result=self._events[-1]["result"], ended=time.time())
        else:
            for lock in (jobfolder.RUNNER_LOCK, jobfolder.WORK_LOCK):
                self._locks.append(OsLock(self.job.path / lock))
                assert self._locks[-1].acquire()
            self.more(told)
            self._state("running")

    def more(self, count: int) -> None:
        """Write the next events."""
        with self.job.events.open("a", encoding="utf-8") as file:
            for event in self._events[self._told : self._told + count]:
                file.write(json.dumps(event) + "\n")
        self._told += count
        with self.job.log.open("a", encoding="utf-8") as log:
            log.write(f"told {self._told} events\n")

    def answer(self, ok: bool = True, message: str = "") -> None:
        """The training does what was asked last."""
        asked = json.loads(self.job.commands.read_text(encoding="utf-8").splitlines()[-1])
        event = {"time": time.time(), "type": "ack", "command": asked["id"], "ok": ok, "message": message}
        with self.job.events.open("a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")

    def end(self, state: str = "succeeded", **fields: Any) -> None:
        """The job ends so; nobody holds it any more."""
        self._state(state, ended=time.time(), **fields)
        self.release()

    def release(self) -> None:
        """Let go of the locks."""
        for lock in self._locks:
            lock.release()
        self._locks.clear()

    @property
    def commands(self) -> list[str]:
        """What was asked of the job so far."""
        try:
            lines = self.job.commands.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [str(json.loads(line)["name"]) for line in lines]

    def _state(self, name: Any, **fields: Any) -> None:
        progress = next((e for e in reversed(self._events[: self._told]) if e["type"] == "progress"), None)
        state = JobState(
            state=name,
            host="here",
            machine=machine_id(),
            started=time.time() - 60,
            progress=progress,
            **fields,
        )
        JobFolder(self.job.path).write_state(state)

    def _files(self) -> None:
        version = self.path / "version_0"
        (version / "previews").mkdir(parents=True)
        (version / "checkpoints").mkdir()
        (self.path / "config.gin").write_text(CONFIG, encoding="utf-8")
        tone = np.sin(np.arange(22050) / 20).astype(np.float32)
        for step, loud in ((80, 0.1), (160, 0.3), (240, 0.4)):
            for role, gain in (("original", 0.5), ("reconstruction", loud)):
                soundfile.write(version / "previews" / f"step_{step:08d}_{role}.wav", tone * gain, 44100)
        for name, step in (("best", 160), ("step_00000133", 133), ("step_00000266", 266)):
            write_checkpoint(version / "checkpoints" / f"{name}.ckpt", step)


def write_checkpoint(path: Path, step: int) -> Path:
    """A checkpoint that is whole, as PyTorch lays it out, with numbers that mean nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", pickle.dumps({"global_step": step, "rave_gui": {"random": {}}}, 2))
        file.writestr("archive/data/0", bytes(range(256)) * 12)
    return path


def make_project(folder: Path) -> Project:
    """An empty project."""
    return Project.open(folder, create=True)
