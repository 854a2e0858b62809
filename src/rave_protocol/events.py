"""What happens in a job: one JSON object a line in ``jobs/<id>/events.jsonl``.

The process doing the work appends each line with a single write; the runner appends its own. A torn or malformed line is
skipped and counted by the reader, never fatal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from rave_protocol.codec import ProtocolError, decode, encode


@dataclass(frozen=True)
class Started:
    """First event of a working process, sent as soon as it runs (its own pid: on Windows the venv's python is a redirector)."""

    type: ClassVar[str] = "started"
    pid: int
    role: Literal["runner", "engine", "worker"] = "engine"
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Progress:
    """How far the work is. ``total`` 0 means unknown; ``eta`` in seconds, None while it is being estimated."""

    type: ClassVar[str] = "progress"
    done: float
    total: float
    unit: str = ""
    eta: float | None = None
    phase: str = ""
    """A word for the current stage; for training ``phase 1`` or ``phase 2``."""
    message: str = ""
    rate: float | None = None
    """Units per second."""


@dataclass(frozen=True)
class Metric:
    """Scalars at one step; the key is (tag, step). Tags are those RAVE writes to TensorBoard plus ``learning_rate`` and the like."""

    type: ClassVar[str] = "metric"
    step: int
    values: dict[str, float]


@dataclass(frozen=True)
class Log:
    """A line worth showing (everything printed is in log.txt anyway)."""

    type: ClassVar[str] = "log"
    text: str
    level: Literal["debug", "info", "warning", "error"] = "info"


@dataclass(frozen=True)
class Artifact:
    """A file or folder that is complete on disk: kind is checkpoint, audio, export, card, dataset, config, report."""

    type: ClassVar[str] = "artifact"
    kind: str
    path: str
    info: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Warned:
    """Something the user should know; the work goes on."""

    type: ClassVar[str] = "warning"
    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True)
class Paused:
    """The work waits (answer to a pause command); ``Resumed`` ends it."""

    type: ClassVar[str] = "paused"


@dataclass(frozen=True)
class Resumed:
    """The work goes on after a pause."""

    type: ClassVar[str] = "resumed"


@dataclass(frozen=True)
class Ack:
    """Answer to one command of commands.jsonl."""

    type: ClassVar[str] = "ack"
    command: str
    """Id of the command."""
    ok: bool = True
    message: str = ""


@dataclass(frozen=True)
class Failed:
    """The work cannot go on. ``user`` True: a person can fix it (exit code 3); False: a bug or a crash (exit code 1)."""

    type: ClassVar[str] = "failed"
    code: str
    message: str
    hint: str = ""
    details: str = ""
    user: bool = False


@dataclass(frozen=True)
class Finished:
    """The work is done; ``stopped`` True when it ended early because somebody asked, with everything saved."""

    type: ClassVar[str] = "finished"
    result: dict[str, Any] = field(default_factory=dict)
    stopped: bool = False
    cancelled: bool = False


Event = Started | Progress | Metric | Log | Artifact | Warned | Paused | Resumed | Ack | Failed | Finished
EVENT_TYPES: dict[str, type[Any]] = {
    cls.type: cls
    for cls in (Started, Progress, Metric, Log, Artifact, Warned, Paused, Resumed, Ack, Failed, Finished)
}


@dataclass(frozen=True)
class Stamped:
    """An event with the wall-clock time (seconds since the epoch) at which it was written."""

    time: float
    event: Event


def to_json(event: Event, time: float) -> dict[str, Any]:
    """The JSON object of one line: ``{"type": …, "time": …, …fields}``."""
    return {"type": event.type, "time": time, **encode(event)}


def from_json(data: dict[str, Any]) -> Stamped:
    """Parse one line. Raises :class:`ProtocolError` for an unknown type or a wrong field."""
    kind = data.get("type")
    cls = EVENT_TYPES.get(kind) if isinstance(kind, str) else None
    time = data.get("time")
    if cls is None or not isinstance(time, (int, float)):
        raise ProtocolError(f"not an event: {kind!r}")
    fields = {k: v for k, v in data.items() if k not in ("type", "time")}
    return Stamped(float(time), decode(cls, fields))
