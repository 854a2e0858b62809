"""Deleting a project: said exactly, moved into a trash beside it by one rename, and brought back the same way."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.projects.model import DeletionPlan, PlanItem, TrashEntry
from rave_gui.projects.names import free_name, safe_name
from rave_gui.projects.project import Project
from rave_gui.projects.recent import Recent
from rave_gui.projects.size import disk_usage
from rave_gui.workspace.using import refuse_running
from rave_protocol.codec import ProtocolError
from rave_protocol.files import read_json, write_json

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services

FOLDER = ".rave-gui-trash"
"""Beside the project, so that it is on the same disk."""
_SUMMED = ("takes", "sounds", "priors", "jobs", "trash")
"""Folders that are one line of the plan each."""


def plan(services: Services, project: Project) -> DeletionPlan:
    """Every dataset, run and export by name, the rest summed up; what lies outside the project is kept."""
    items: list[PlanItem] = []
    kept: list[PlanItem] = []
    seen: set[Path] = set()
    for kind in ("dataset", "run", "export"):
        for record in project.items(kind):  # type: ignore[arg-type]
            outside = not record.path.is_relative_to(project.path) or record.path.is_symlink()
            seen.add(record.path)
            if outside:
                kept.append(PlanItem(kind, record.name, Path(os.path.realpath(record.path)), 0, 0, kept=True))
            elif record.path.exists():
                items.append(PlanItem(kind, record.name, record.path, *disk_usage(record.path)))
    for name in _SUMMED:
        folder = project.path / name
        if folder.is_dir():
            size, count = disk_usage(folder)
            if count:
                items.append(PlanItem(name, name, folder, size, count))
    size = count = 0
    for entry in _others(project, seen):
        more, files = disk_usage(entry)
        size, count = size + more, count + files
    if count:
        items.append(PlanItem("files", tr("Other files"), project.path, size, count))
    blocked = [view.title for view in services.jobs.list(project.path) if not view.final]
    total = sum(item.bytes for item in items)
    return DeletionPlan(project.path, project.name, items, kept, blocked, total, project.path.parent / FOLDER)


def _others(project: Project, seen: set[Path]) -> list[Path]:
    """What no line of the plan names yet."""
    found = []
    for entry in project.path.iterdir():
        if entry.name in ("datasets", "runs", "exports") and entry.is_dir():
            found += [inside for inside in entry.iterdir() if inside not in seen]
        elif entry.name not in _SUMMED:
            found.append(entry)
    return found


def delete(services: Services, project: Project, typed_name: str) -> TrashEntry:
    """Move the project into the trash. Raises :class:`UserError`: wrong-name, project-busy, not-writable."""
    name = project.name
    _check_name(name, typed_name)
    refuse_running(services, project, tr("deleted"))
    folder = project.path.parent / FOLDER
    now = time.time()
    size = disk_usage(project.path)[0]
    base = f"{safe_name(project.path.name, 'project')}-{time.strftime('%Y%m%d-%H%M%S', time.localtime(now))}"
    note = {"origin": str(project.path), "name": name, "deleted": now, "bytes": size}
    try:
        folder.mkdir(exist_ok=True)
        own = folder / free_name(folder, base)
        write_json(own.with_name(f"{own.name}.json"), note)
        project.path.rename(own)
    except OSError as error:
        raise UserError(
            tr("The project could not be deleted: {reason}.", reason=error.strerror or str(error)),
            tr(
                "Close programs that have files of it open, and check that you may write in {folder}.",
                folder=folder.parent,
            ),
            str(error),
            code="not-writable",
        ) from error
    Recent(services.paths).note_trash(folder)
    Recent(services.paths).forget(project.path)
    return TrashEntry(own, project.path, name, now, size)


def listed(services: Services) -> list[TrashEntry]:
    """Deleted projects in every trash that is known, newest first."""
    found = []
    for folder in Recent(services.paths).trashes():
        if not folder.is_dir():
            continue
        for own in folder.iterdir():
            entry = _entry(own) if own.is_dir() else None
            if entry is not None:
                found.append(entry)
    return sorted(found, key=lambda entry: entry.deleted, reverse=True)


def restore(services: Services, entry: TrashEntry) -> Path:
    """Put a project back; where it is now. Raises :class:`UserError`: trash-missing, not-writable."""
    _check_there(entry)
    parent = entry.origin.parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        target = parent / free_name(parent, entry.origin.name)
        entry.path.rename(target)
    except OSError as error:
        raise UserError(
            tr(
                "The project could not be brought back to {path}: {reason}.",
                path=parent,
                reason=error.strerror or str(error),
            ),
            tr("It is still in {path}; you may also move that folder yourself.", path=entry.path),
            str(error),
            code="not-writable",
        ) from error
    _note_of(entry.path).unlink(missing_ok=True)
    if target != entry.origin:
        services.jobs.moved(entry.origin, target)
    return target


def purge(entry: TrashEntry, typed_name: str) -> int:
    """Remove a deleted project for good; what was adopted stays (links are removed, not what they lead to)."""
    _check_there(entry)
    _check_name(entry.name, typed_name)
    size = disk_usage(entry.path)[0]
    try:
        shutil.rmtree(entry.path)
    except OSError as error:
        raise UserError(
            tr("Not everything could be removed: {reason}.", reason=error.strerror or str(error)),
            tr("Close programs that have files of it open, and try again."),
            str(error),
            code="not-writable",
        ) from error
    _note_of(entry.path).unlink(missing_ok=True)
    return size


def _entry(own: Path) -> TrashEntry | None:
    try:
        note = read_json(_note_of(own))
        return TrashEntry(
            own, Path(note["origin"]), str(note["name"]), float(note["deleted"]), int(note.get("bytes") or 0)
        )
    except (OSError, ProtocolError, KeyError, TypeError, ValueError):
        return None


def _note_of(own: Path) -> Path:
    return own.with_name(f"{own.name}.json")


def _check_there(entry: TrashEntry) -> None:
    if entry.path.parent.name != FOLDER or _entry(entry.path) is None or not entry.path.is_dir():
        raise UserError(
            tr("The project “{name}” is not in the trash any more.", name=entry.name),
            tr("It was brought back or removed already."),
            code="trash-missing",
        )


def _check_name(name: str, typed: str) -> None:
    if " ".join(typed.split()) != " ".join(name.split()):
        raise UserError(
            tr("The name typed is not the project's name, “{name}”.", name=name),
            tr("Type the name exactly as it is written, so that no other project goes by mistake."),
            code="wrong-name",
        )
