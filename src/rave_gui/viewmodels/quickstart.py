"""The way from sounds to a verified model as the window shows it: four stages, one of them training."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from psygnal import Signal

from rave_gui.viewmodels.job import JobModel, LogLine
from rave_protocol.events import Stamped

STAGES = ("dataset", "training", "reconstruction", "export")
_ALIASES = {"sounds": "dataset", "verify": "export"}
"""Stages of ``rave_gui.quickstart`` that the window shows as part of another one."""
ENDED = ("finished", "failed", "cancelled", "interrupted")


class JobHandle(Protocol):
    """What is read of ``jobs.JobView``."""

    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def folder(self) -> Path: ...
    @property
    def error(self) -> dict[str, str] | None: ...
    @property
    def reason(self) -> str: ...
    @property
    def project(self) -> Path | None: ...


@dataclass(frozen=True)
class Request:
    """What the user asked for. No ``sources``: the demo sounds."""

    sources: tuple[str, ...]
    project: str
    preset: str = "tiny"
    steps: int = 3000


@dataclass(frozen=True)
class Update:
    """One piece of news about a stage: its job (again), an event, or lines of its log."""

    stage: str
    job: JobHandle | None = None
    event: Stamped | None = None
    log: tuple[LogLine, ...] = ()


@dataclass(frozen=True)
class Found:
    """The newest way of a project as it lies on disk."""

    request: Request
    finished: bool
    active: bool
    """Whether its job is queued or at work now: the window goes on watching without being asked."""
    result: dict[str, Any]
    """The JSON of ``rave-gui quickstart`` as far as it is there."""


class Driver(Protocol):
    """Whoever really goes the way (``rave_gui.quickstart`` through :mod:`rave_gui.viewmodels.driver`). Called in threads."""

    def run(
        self, request: Request, emit: Callable[[Update], None], stopped: Callable[[], bool], again: bool
    ) -> dict[str, Any]:
        """Go the way, or (``again``) go on with the project's newest one; returns the JSON of ``rave-gui quickstart``."""
        ...

    def find(self, project: Path) -> Found | None:
        """What the project holds, or None."""
        ...

    def history(self, project: Path, emit: Callable[[Update], None], ended_only: bool = False) -> None:
        """Everything told by the jobs of the project's newest way so far (``ended_only``: without one still at work)."""
        ...

    def send(self, job: JobHandle, command: str) -> None:
        """Send pause, resume, stop or cancel to a job."""
        ...


class QuickstartModel:
    """Modes: setup, running, finished, failed, cancelled, interrupted. ``changed`` carries topics: mode, stages, progress,
    metrics, log, artifacts, state, result."""

    changed = Signal(frozenset)

    def __init__(self) -> None:
        self.mode = "setup"
        self.request: Request | None = None
        self.stage = STAGES[0]
        """The stage at work, or the one that ended the way."""
        self.jobs: dict[str, JobModel] = {}
        self.handles: dict[str, JobHandle] = {}
        self.result: dict[str, Any] = {}
        self.failure: tuple[str, str, str] | None = None
        """Message, hint, details."""
        self.asked: str = ""
        """The command that was sent and has not shown an effect yet: pause, resume, stop, cancel."""
        self._reset()

    @property
    def training(self) -> JobModel:
        """The training job (empty before it starts)."""
        return self.jobs["training"]

    @property
    def current(self) -> JobModel:
        """The job of :attr:`stage`."""
        return self.jobs[self.stage]

    @property
    def paused(self) -> bool:
        """Whether the stage at work waits."""
        return self.mode == "running" and self.current.state == "paused"

    def begin(self, request: Request) -> None:
        """A way starts (or an unfinished one is taken up again)."""
        self._reset()
        self.request, self.mode = request, "running"
        self.changed.emit(frozenset({"mode", "stages", "progress", "metrics", "log", "result"}))

    def show(self, found: Found) -> None:
        """A way of the project that nobody goes on with: finished, or left by a failure."""
        self._reset()
        self.request, self.result = found.request, found.result
        self.mode = "finished" if found.finished else "interrupted"
        self.changed.emit(frozenset({"mode", "stages", "progress", "metrics", "log", "result"}))

    def settle(self) -> None:
        """After its history was read, an unfinished way takes the mode its last job ended with."""
        if self.mode == "interrupted":
            job = self.current
            self.mode = job.state if job.state in ENDED else "interrupted"
            if job.failure is not None:
                self.failure = (job.failure.message, job.failure.hint, job.failure.details)
            self.changed.emit(frozenset({"mode", "stages"}))

    def back_to_setup(self) -> None:
        """Show the form again; what is on disk stays."""
        self._reset()
        self.mode = "setup"
        self.changed.emit(frozenset({"mode"}))

    def apply(self, batch: Iterable[Update]) -> None:
        """Fold news in; one signal for the whole batch."""
        topics: set[str] = set()
        run: list[Stamped] = []
        run_stage = ""
        for update in batch:
            stage = _ALIASES.get(update.stage, update.stage)
            if stage not in self.jobs:
                continue
            if run and (update.event is None or stage != run_stage):
                topics |= self.jobs[run_stage].apply(run)
                run = []
            topics |= self._enter(stage)
            if update.event is not None:
                run_stage = stage
                run.append(update.event)
            if update.job is not None:
                topics |= self._take(stage, update.job)
            if update.log:
                self.jobs[stage].add_log(update.log)
                topics.add("log")
        if run:
            topics |= self.jobs[run_stage].apply(run)
        self._forget_answered()
        if topics:
            self.changed.emit(frozenset(topics))

    def finish(self, result: dict[str, Any]) -> None:
        """The way came to its end with the JSON of the quickstart."""
        self.result, self.mode, self.asked = result, "finished", ""
        for key in STAGES:
            if self.jobs[key].state in ("queued", "starting", "running"):
                self.jobs[key].state = "succeeded"
        self.changed.emit(frozenset({"mode", "stages", "result"}))

    def fail(self, message: str, hint: str = "", details: str = "") -> None:
        """The way ended early: cancelled when somebody asked for it, otherwise failed or interrupted."""
        job = self.current
        self.mode = job.state if job.state in ("cancelled", "interrupted") else "failed"
        self.failure, self.asked = (message, hint, details), ""
        self.changed.emit(frozenset({"mode", "stages"}))

    def ask(self, command: str) -> None:
        """Note that a command was sent, so that the buttons show it until it takes effect."""
        self.asked = command
        self.changed.emit(frozenset({"state"}))

    def _enter(self, stage: str) -> set[str]:
        if stage == self.stage or STAGES.index(stage) < STAGES.index(self.stage):
            return set()
        self.stage, self.asked = stage, ""
        return {"stages", "state"}

    def _take(self, stage: str, handle: JobHandle) -> set[str]:
        new = stage not in self.handles or self.handles[stage].id != handle.id
        if new and stage in self.handles:
            self.jobs[stage].again()
        elif new:
            self.jobs[stage].progress = None  # what was told before there was a job (the demo sounds)
        self.handles[stage] = handle
        self.jobs[stage].set_state(handle.state, handle.error, handle.reason)
        return {"stages", "state", "log"} if new else {"state"}

    def _forget_answered(self) -> None:
        state = self.current.state
        answered = {"pause": state == "paused", "resume": state == "running"}.get(
            self.asked, not self.current.active
        )
        if self.asked and answered:
            self.asked = ""

    def _reset(self) -> None:
        self.jobs = {key: JobModel() for key in STAGES}
        self.handles, self.result, self.failure, self.asked, self.stage = {}, {}, None, "", STAGES[0]
