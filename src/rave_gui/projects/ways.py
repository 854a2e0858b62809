"""The record of quick starts in a project: ``quickstart.json``, read and replaced whole under a short lock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.projects.project import Project
from rave_protocol.codec import ProtocolError, decode
from rave_protocol.files import read_json, write_json
from rave_protocol.locks import OsLock

STATE = "quickstart.json"
LOCK = "quickstart.lock"
STAGES = ("sounds", "dataset", "training", "reconstruction", "export", "verify")
_VERSION = 1


@dataclass
class StageRecord:
    """One stage of one way. ``result`` is set when it is done; ``job`` is None for the sounds, which need none."""

    target: str = ""
    """File or folder that the stage makes."""
    job: str | None = None
    seconds: float | None = None
    result: dict[str, Any] | None = None
    held: bool = False
    """The user left while it ran: a training that was stopped for that goes on when the way is continued."""


@dataclass
class Way:
    """One quick start as it lies on disk."""

    id: str
    created: float
    preset: str
    steps: int
    sources: list[str]
    """Absolute paths; empty for the demo sounds."""
    fingerprint: str
    """Digest of the sources' names, sizes and times: changed material makes a new way."""
    label: str
    """Name that the dataset, the run and the export share."""
    stages: dict[str, StageRecord] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether every stage is done."""
        return all(self.done(stage) for stage in STAGES)

    @property
    def stage(self) -> str | None:
        """The stage that is next or under way, or None when all are done."""
        return next((stage for stage in STAGES if not self.done(stage)), None)

    def done(self, stage: str) -> bool:
        """Whether ``stage`` has its result."""
        record = self.stages.get(stage)
        return record is not None and record.result is not None


@dataclass
class Ways:
    project: str
    """Where the project was when this was written: paths follow when it is moved."""
    ways: list[Way] = field(default_factory=list)
    version: int = _VERSION


@contextmanager
def locked(project: Project, timeout: float = 30.0) -> Iterator[None]:
    lock = OsLock(project.path / LOCK)
    try:
        taken = lock.acquire(timeout)
    except OSError as error:
        raise UserError(
            tr("The project {path} cannot be written.", path=project.path),
            tr("Give yourself the right to write in its folder, or choose another project."),
            str(error),
            code="not-writable",
        ) from error
    if not taken:
        raise UserError(
            tr("Another program is busy with the quick start of {path}.", path=project.path),
            tr("Wait a moment and try again."),
            code="project-busy",
        )
    try:
        yield
    finally:
        lock.release()


def load(project: Project) -> Ways:
    """The project's ways; a missing file has none. A damaged one is set aside: jobs and folders are all still there."""
    path = project.path / STATE
    try:
        data = read_json(path)
        if data.get("version") != _VERSION:
            raise UserError(
                tr("{path} was written by another version of RAVE GUI.", path=path),
                tr("Update RAVE GUI, or move the file away to begin a new quick start."),
                code="quickstart-newer",
            )
        old = data.get("project")
        if isinstance(old, str) and old != str(project.path):
            data = _moved(data, old, str(project.path))
        return decode(Ways, data)
    except FileNotFoundError:
        return Ways(str(project.path))
    except ProtocolError:
        path.replace(path.with_name(f"{path.stem}.damaged-{time.strftime('%Y%m%d-%H%M%S')}.json"))
        return Ways(str(project.path))


def save(project: Project, state: Ways) -> None:
    write_json(project.path / STATE, state)


def _moved(value: Any, old: str, new: str) -> Any:
    """Every path under ``old`` as a path under ``new``."""
    if isinstance(value, dict):
        return {key: _moved(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [_moved(item, old, new) for item in value]
    if isinstance(value, str) and (value == old or value.startswith((old + "/", old + "\\"))):
        return new + value[len(old) :]
    return value
