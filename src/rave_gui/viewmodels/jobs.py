"""The list of jobs as the window shows it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from psygnal import Signal

from rave_protocol.specs import PAUSABLE_KINDS

ACTIVE = ("queued", "starting", "running", "paused", "stopping")


class Row(Protocol):
    """What is read of ``jobs.JobView``."""

    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def project(self) -> Path | None: ...
    @property
    def folder(self) -> Path: ...
    @property
    def created(self) -> float: ...
    @property
    def started(self) -> float | None: ...
    @property
    def ended(self) -> float | None: ...
    @property
    def progress(self) -> dict[str, Any] | None: ...
    @property
    def error(self) -> dict[str, str] | None: ...
    @property
    def result(self) -> dict[str, Any] | None: ...
    @property
    def params(self) -> dict[str, Any]: ...
    @property
    def not_before(self) -> float | None: ...


class JobsModel:
    """Newest first. ``changed`` carries whether rows came or went (otherwise only their contents changed)."""

    changed = Signal(bool)
    ended = Signal(object)
    """A job that was at work here has come to its end."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.queue: tuple[str, ...] = ()
        """Ids of jobs that have not ended, in the order in which they are taken."""
        self.loaded = False
        self._by_id: dict[str, Row] = {}

    @property
    def active(self) -> list[Row]:
        """Jobs that are not at their end."""
        return [row for row in self.rows if row.state in ACTIVE]

    def find(self, job: str) -> Row | None:
        """A job by its id."""
        return self._by_id.get(job)

    def place(self, row: Row) -> int | None:
        """Where a waiting job stands in the queue, from 1; None when it does not wait."""
        waiting = [job for job in self.queue if (found := self._by_id.get(job)) and found.state == "queued"]
        return waiting.index(row.id) + 1 if row.id in waiting else None

    def set_rows(self, rows: Sequence[Row], queue: Sequence[str] = ()) -> None:
        """Take over a fresh list (in any order) and the order of the queue."""
        ordered = sorted(rows, key=lambda row: (row.created, row.id), reverse=True)
        if self.loaded and ordered == self.rows and tuple(queue) == self.queue:
            return
        moved = (
            not self.loaded
            or tuple(queue) != self.queue
            or [r.id for r in ordered] != [r.id for r in self.rows]
        )
        before = {row.id for row in self.active}
        self.rows, self.queue, self.loaded = ordered, tuple(queue), True
        self._by_id = {row.id: row for row in ordered}
        self.changed.emit(moved)
        for row in ordered:
            if row.id in before and row.state not in ACTIVE:
                self.ended.emit(row)


def fraction(row: Row) -> float | None:
    """How far a job is, 0 to 1; None when that is not known."""
    if row.state == "succeeded":
        return 1.0
    progress = row.progress or {}
    done, total = progress.get("done"), progress.get("total")
    if isinstance(done, (int, float)) and isinstance(total, (int, float)) and total > 0:
        return min(1.0, max(0.0, done / total))
    return None


def can(row: Row | None, action: str) -> bool:
    """Whether an action applies to a job: pause, resume, cancel, retry, remove."""
    if row is None:
        return False
    return {
        "pause": row.state == "running" and row.kind in PAUSABLE_KINDS,
        "resume": row.state == "paused",
        "cancel": row.state in ACTIVE and row.state != "stopping",
        # What was asked of a job of another protocol version cannot be read, so it cannot be asked again.
        "retry": row.state in ("failed", "cancelled", "interrupted")
        and (row.error or {}).get("code") != "protocol",
        "remove": row.state not in ACTIVE,
    }[action]


def by_need(rows: Sequence[Row], queue: Sequence[str]) -> list[Row]:
    """Jobs at work first, then those that wait in the order of the queue, then the ended ones, newest first."""
    places = {job: i for i, job in enumerate(queue)}

    def order(row: Row) -> tuple[int, float, str]:
        if row.state == "queued":
            return 1, float(places.get(row.id, len(places))), row.id
        if row.state in ACTIVE:
            return 0, -(row.started or row.created), row.id
        return 2, -(row.ended or row.created), row.id

    return sorted(rows, key=order)
