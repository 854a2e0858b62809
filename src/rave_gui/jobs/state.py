"""The states of a job and the steps allowed between them; no input or output here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

State = Literal[
    "queued",
    "starting",
    "running",
    "paused",
    "stopping",
    "succeeded",
    "failed",
    "cancelled",
    "interrupted",
]

STATES: tuple[State, ...] = get_args(State)

FINAL: frozenset[State] = frozenset({"succeeded", "failed", "cancelled", "interrupted"})
"""Nothing leads out of these; retry makes a new job."""

LIVE: frozenset[State] = frozenset({"starting", "running", "paused", "stopping"})
"""A process is supposed to be at work."""

TRANSITIONS: dict[State, frozenset[State]] = {
    # failed: its specification cannot be read, or its runner never comes up; interrupted: it is a copy of a moved folder
    "queued": frozenset({"starting", "cancelled", "failed", "interrupted"}),
    # queued: the runner died before any work began, so another may begin it
    "starting": frozenset(
        {"queued", "running", "stopping", "succeeded", "failed", "cancelled", "interrupted"}
    ),
    "running": frozenset({"paused", "stopping", "succeeded", "failed", "cancelled", "interrupted"}),
    "paused": frozenset({"running", "stopping", "succeeded", "failed", "cancelled", "interrupted"}),
    # running and paused: the work refused to stop
    "stopping": frozenset({"running", "paused", "succeeded", "failed", "cancelled", "interrupted"}),
    "succeeded": frozenset(),
    "failed": frozenset(),
    "cancelled": frozenset(),
    "interrupted": frozenset(),
}


class StateError(RuntimeError):
    """A step that the table does not allow: a fault of the program."""


@dataclass
class JobState:
    """What state.json holds. Times in seconds since the epoch."""

    state: State = "queued"
    reason: str = ""
    """Why it is so, in words for the user; empty when the state says it all."""
    pids: dict[str, int | None] = field(default_factory=lambda: {"runner": None, "engine": None})
    progress: dict[str, Any] | None = None
    """Fields of the last :class:`rave_protocol.events.Progress`."""
    started: float | None = None
    """When the work began."""
    ended: float | None = None
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    """code, message, hint, details, and user: whether a person can fix it."""
    heartbeat: float | None = None
    """When the runner last wrote; says nothing about being alive (locks do)."""
    attempts: int = 0
    """How many runners have taken the job."""
    host: str = ""
    """Name of the computer whose runner (before it: whose submitter) has the job."""
    machine: str = ""
    """Its :func:`rave_protocol.locks.machine_id`."""
    not_before: float | None = None
    """A job that waits is not started before this time."""
    holds: bool = False
    """It keeps its slot until then: it goes on with a job that had it."""
    rests: bool = False
    """It was paused, or asked to stop, when it broke off: it does not go on by itself."""
    retried_by: str = ""
    """Id of the job that tries it again."""

    @property
    def final(self) -> bool:
        """Whether the job has ended."""
        return self.state in FINAL

    def move(self, state: State, reason: str = "") -> None:
        """Go to ``state``. Raises :class:`StateError` when the table has no such step; staying is always allowed."""
        if state != self.state and state not in TRANSITIONS[self.state]:
            raise StateError(f"a job cannot go from {self.state} to {state}")
        self.state = state
        self.reason = reason

    def to_json(self) -> dict[str, Any]:
        """The JSON object of state.json."""
        return dict(vars(self))

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> JobState:
        """Read state.json, whatever is wrong in it: an unknown state counts as queued, a wrong field as missing.

        The file is derived (from events.jsonl and the locks), so a damaged one must never make a job unreadable.
        """
        state = cls()
        if data.get("state") in STATES:
            state.state = data["state"]
        for name in ("reason", "host", "machine", "retried_by"):
            if isinstance(data.get(name), str):
                setattr(state, name, data[name])
        for name in ("started", "ended", "heartbeat", "not_before"):
            value = data.get(name)
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                setattr(state, name, float(value))
        for name in ("progress", "result", "error"):
            if isinstance(data.get(name), dict):
                setattr(state, name, data[name])
        pids = data.get("pids")
        if isinstance(pids, dict):
            state.pids.update({k: v for k, v in pids.items() if k in state.pids and isinstance(v, int)})
        state.holds, state.rests = data.get("holds") is True, data.get("rests") is True
        if isinstance(data.get("attempts"), int):
            state.attempts = data["attempts"]
        return state
