"""The list of jobs as the window shows it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from psygnal import Signal

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


class JobsModel:
    """Newest first. ``changed`` carries whether rows came or went (otherwise only their contents changed)."""

    changed = Signal(bool)

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.loaded = False

    @property
    def active(self) -> list[Row]:
        """Jobs that are not at their end."""
        return [row for row in self.rows if row.state in ACTIVE]

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Take over a fresh list (in any order)."""
        ordered = sorted(rows, key=lambda row: (row.created, row.id), reverse=True)
        if self.loaded and ordered == self.rows:
            return
        moved = not self.loaded or [r.id for r in ordered] != [r.id for r in self.rows]
        self.rows, self.loaded = ordered, True
        self.changed.emit(moved)


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
        "pause": row.state == "running" and row.kind == "train",
        "resume": row.state == "paused",
        "cancel": row.state in ACTIVE and row.state != "stopping",
        # What was asked of a job of another protocol version cannot be read, so it cannot be asked again.
        "retry": row.state in ("failed", "cancelled", "interrupted")
        and (row.error or {}).get("code") != "protocol",
        "remove": row.state not in ACTIVE,
    }[action]
