"""A job as front ends see it: its spec and its state at one moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rave_gui.jobs.folder import JobFolder
from rave_gui.jobs.state import FINAL, JobState, State
from rave_protocol import jobfolder
from rave_protocol.aim import read_aim
from rave_protocol.codec import ProtocolError, encode
from rave_protocol.files import read_json
from rave_protocol.specs import JobSpec, TrainParams


@dataclass(frozen=True)
class JobView:
    """Times in seconds since the epoch; ``progress`` holds the fields of the last Progress event and its time."""

    id: str
    kind: str
    title: str
    project: Path | None
    folder: Path
    state: State
    reason: str
    created: float
    started: float | None = None
    ended: float | None = None
    pids: dict[str, int | None] = field(default_factory=dict)
    progress: dict[str, Any] | None = None
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    params: dict[str, Any] = field(default_factory=dict)
    retry_of: str | None = None
    retried_by: str = ""
    """Id of the job that tries it again."""
    not_before: float | None = None
    """While it waits: when it may start at the earliest."""
    rests: bool = False
    """It was paused, or asked to stop, when it broke off: it does not go on by itself."""
    host: str = ""
    """Name of another computer that has the job, empty when it is this one's."""

    @property
    def final(self) -> bool:
        """Whether the job has ended."""
        return self.state in FINAL

    def to_json(self) -> dict[str, Any]:
        """The object that ``rave-gui jobs show --json`` prints."""
        data: dict[str, Any] = encode({**vars(self)})
        return data


def make_view(folder: JobFolder, state: JobState) -> JobView:
    """Put spec and state together; a spec that cannot be read still gives a row that says so."""
    common: dict[str, Any] = {
        "id": folder.id,
        "folder": folder.path,
        "state": state.state,
        "reason": state.reason,
        "started": state.started,
        "ended": state.ended,
        "pids": dict(state.pids),
        "progress": state.progress,
        "result": state.result,
        "error": state.error,
        "retried_by": state.retried_by,
        "not_before": state.not_before,
        "rests": state.rests,
        "host": state.host if folder.is_foreign(state) else "",
    }
    try:
        spec = folder.read_spec()
    except (ProtocolError, OSError) as error:
        return JobView(**common, **_salvage(folder, error))
    return JobView(
        **common,
        kind=spec.kind,
        title=spec.title,
        project=project_of(folder, spec),
        created=spec.created,
        params=_params(folder, spec),
        retry_of=spec.retry_of,
    )


def _params(folder: JobFolder, spec: JobSpec) -> dict[str, Any]:
    """What was asked, and of a training the number of steps that it was told last."""
    params: dict[str, Any] = encode(spec.params)
    if isinstance(spec.params, TrainParams) and (aim := read_aim(folder.path)) is not None:
        params["max_steps"] = aim
    return params


def project_of(folder: JobFolder, spec: JobSpec) -> Path | None:
    """The project a job lies in now: its folder may have been moved since the job was made."""
    return folder.path.parent.parent if spec.project is not None else None


def _salvage(folder: JobFolder, error: Exception) -> dict[str, Any]:
    """What a spec of another version, or a damaged one, still tells."""
    try:
        data = read_json(folder.path / jobfolder.SPEC)
    except (ProtocolError, OSError):
        data = {}
    created = data.get("created")
    return {
        "kind": str(data.get("kind", "unknown")),
        "title": str(data.get("title", folder.id)),
        "project": folder.path.parent.parent if data.get("project") else None,
        "created": float(created) if isinstance(created, (int, float)) else 0.0,
        "params": {"unreadable": str(error)},
    }
