"""What the actions of a project hand out: plain values that a window shows and a command prints."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rave_gui.projects.store import Kind
from rave_protocol.codec import encode


class _Plain:
    def to_json(self) -> dict[str, Any]:
        """The object that commands print; paths absolute, times in seconds since the epoch."""
        data: dict[str, Any] = encode(self)
        return data


@dataclass(frozen=True)
class ProjectInfo(_Plain):
    """A project in a list. ``missing``: the folder is not there now (moved, or its disk is not connected)."""

    path: Path
    name: str
    id: str = ""
    description: str = ""
    created: float | None = None
    opened: float | None = None
    missing: bool = False


@dataclass(frozen=True)
class PlanItem(_Plain):
    """One line of what a deletion takes with it, or (``kept``) leaves where it is."""

    kind: str
    """dataset, run, export, takes, jobs, trash, sounds or files."""
    name: str
    path: Path
    bytes: int
    count: int
    """Files."""
    kept: bool = False


@dataclass(frozen=True)
class DeletionPlan(_Plain):
    """Exactly what goes when a project is deleted. ``blocked_by`` names jobs that run in it; while there are any, nothing goes."""

    path: Path
    name: str
    """To be typed."""
    items: list[PlanItem]
    kept: list[PlanItem]
    blocked_by: list[str]
    bytes: int
    trash: Path
    """Folder that the project is moved into."""


@dataclass(frozen=True)
class TrashEntry(_Plain):
    """A deleted project that still lies in a trash."""

    path: Path
    origin: Path
    name: str
    deleted: float
    bytes: int


@dataclass(frozen=True)
class TrashedItem(_Plain):
    """A dataset, run, export or take that lies in the project's own trash."""

    id: str
    """Folder name in the trash."""
    kind: Kind
    name: str
    path: Path
    """Where it is now; for a link to something outside, the link's own place."""
    origin: Path
    deleted: float
    bytes: int


@dataclass(frozen=True)
class Use(_Plain):
    """Something that needs a thing: a run trained on a dataset, an export of a run, or a job at work with it."""

    kind: str
    name: str
    job: str | None = None


@dataclass(frozen=True)
class Adopted(_Plain):
    """A thing outside the project that belongs to it now. ``notes`` say in sentences what is not known about it."""

    kind: Kind
    name: str
    path: Path
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Skipped(_Plain):
    """Something that looked like a thing of RAVE's and was not taken."""

    path: Path
    reason: str


@dataclass(frozen=True)
class AdoptReport(_Plain):
    """What was found below a folder. Nothing in it was changed."""

    folder: Path
    adopted: list[Adopted]
    skipped: list[Skipped]


@dataclass(frozen=True)
class ArchiveInfo(_Plain):
    """What a project archive says of itself; it has passed every check that can be made without unpacking it."""

    file: Path
    name: str
    project: str
    """Id of the project."""
    created: float
    made_by: str
    entries: int
    bytes: int
    """Size when unpacked."""
    archive_bytes: int
    left_out: list[str]
    """Sentences."""
    root: str
    """Where the project was when it was exported."""
