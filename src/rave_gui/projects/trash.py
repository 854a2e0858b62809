"""The trash inside a project: ``trash/<kind>s/<name>-<time>/`` holds the thing and ``trash.json``, which says where it was."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from pathlib import Path
from typing import Any

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.projects.model import TrashedItem, Use
from rave_gui.projects.names import free_name, safe_name
from rave_gui.projects.project import Project
from rave_gui.projects.size import disk_usage
from rave_gui.projects.store import Kind, Record
from rave_protocol.codec import ProtocolError
from rave_protocol.files import read_json, replace_file, write_json

NOTE = "trash.json"
KINDS: tuple[Kind, ...] = ("dataset", "run", "export", "take")


def find(project: Project, kind: Kind, name: str) -> Record:
    """The registered thing of this name. Raises :class:`UserError` (``dataset-missing``, ``run-missing`` …)."""
    found = next((record for record in project.items(kind) if record.name == name), None)
    if found is None:
        raise UserError(
            tr(
                "There is no {kind} named {name!r} in the project {project}.",
                kind=kind,
                name=name,
                project=project.name,
            ),
            tr("It may have been renamed or deleted in another window."),
            code=f"{kind}-missing",
        )
    return found


def made_from(project: Project, kind: Kind, name: str) -> list[Use]:
    """Runs that were trained on a dataset, or exports of a run."""
    child: Kind | None = {"dataset": "run", "run": "export"}.get(kind)  # type: ignore[assignment]
    if child is None:
        return []
    return [
        Use(child, record.name, record.job) for record in project.store.items(child) if record.parent == name
    ]


def put(project: Project, kind: Kind, name: str) -> TrashedItem:
    """Move a thing into the trash; whether a job uses it is the caller's to ask. A link, or something adopted, leaves its target alone.

    Raises :class:`UserError` (``…-missing``, ``not-writable``, ``disk-full``).
    """
    record = find(project, kind, name)
    inside = record.path.is_relative_to(project.path)
    now = time.time()
    folder = project.trash / f"{kind}s"
    base = f"{safe_name(name, kind)}-{time.strftime('%Y%m%d-%H%M%S', time.localtime(now))}"
    size = disk_usage(record.path)[0] if inside else 0
    tags = project.store.tags(kind).get(name, [])
    note = {
        "kind": kind,
        "name": name,
        "origin": str(record.path),
        "content": record.path.name if inside else None,
        "link": record.path.is_symlink(),
        "deleted": now,
        "bytes": size,
        "created": record.created,
        "job": record.job,
        "parent": record.parent,
        "info": record.info,
        "tags": tags,
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        own = folder / free_name(folder, base)
        # The note comes first: killed in between, the thing is still where it was.
        aside = folder / f".{own.name}.{secrets.token_hex(2)}"
        aside.mkdir()
        write_json(aside / NOTE, note)
        replace_file(aside, own)
        if inside and os.path.lexists(record.path):
            replace_file(record.path, own / record.path.name)
    except OSError as error:
        raise _refused(record.path, error) from error
    project.store.forget(kind, name)
    return _item(own, note)


def listed(project: Project) -> list[TrashedItem]:
    """What lies in the trash, newest first."""
    found = []
    for kind in KINDS:
        folder = project.trash / f"{kind}s"
        if not folder.is_dir():
            continue
        for own in folder.iterdir():
            note = _note(own)
            if note is None or (note["content"] and not os.path.lexists(own / note["content"])):
                continue
            found.append(_item(own, note))
    return sorted(found, key=lambda item: item.deleted, reverse=True)


def bring_back(project: Project, item: TrashedItem) -> str:
    """Put a thing back where it was; where its name is taken by now, under a numbered one. Returns its name.

    Raises :class:`UserError` (``trash-missing``, ``not-writable``).
    """
    own = _own(project, item)
    note = _note(own)
    if note is None:
        raise _gone(item)
    kind, name = item.kind, item.name
    taken = {record.name for record in project.items(kind)}
    if note["content"]:
        place = project.path / f"{kind}s"
        content = str(note["content"])
        suffix = Path(content).suffix if content != name and Path(content).stem == name else ""
        try:
            place.mkdir(parents=True, exist_ok=True)
            name = free_name(place, name, suffix, also=[text + suffix for text in taken])
            target = place / name
            name = target.stem if suffix else target.name
            replace_file(own / content, target)
        except OSError as error:
            raise _refused(own, error) from error
    else:
        name = free_name(project.trash / "none", name, also=taken)
        target = Path(note["origin"])
    created = note.get("created")
    record = Record(
        kind,
        name,
        target,
        float(created) if isinstance(created, (int, float)) else time.time(),
        note.get("job"),
        note.get("parent"),
        note.get("info") or {},
    )
    project.store.add([record])
    project.store.register(kind, name, target, job=record.job, parent=record.parent, info=record.info)
    project.store.tag(kind, name, note.get("tags") or [])
    shutil.rmtree(own, ignore_errors=True)
    return name


def purge(project: Project, item: TrashedItem) -> int:
    """Remove a thing for good; the bytes that are free now. Links are removed, never what they lead to."""
    own = _own(project, item)
    size = disk_usage(own)[0]
    try:
        shutil.rmtree(own)
    except FileNotFoundError:
        raise _gone(item) from None
    except OSError as error:
        raise _refused(own, error) from error
    return size


def _own(project: Project, item: TrashedItem) -> Path:
    own = project.trash / f"{item.kind}s" / item.id
    inside = item.kind in KINDS and Path(item.id).name == item.id and item.id not in ("", ".", "..")
    if not inside or not own.is_dir() or own.is_symlink():
        raise _gone(item)
    return own


def _note(own: Path) -> dict[str, Any] | None:
    try:
        note = read_json(own / NOTE)
    except (OSError, ProtocolError):
        return None
    good = (
        note.get("kind") in KINDS
        and isinstance(note.get("name"), str)
        and isinstance(note.get("origin"), str)
        and isinstance(note.get("deleted"), (int, float))
        and (note.get("content") is None or Path(str(note["content"])).name == note["content"])
    )
    return note if good else None


def _item(own: Path, note: dict[str, Any]) -> TrashedItem:
    path = own / note["content"] if note["content"] else own
    return TrashedItem(
        own.name,
        note["kind"],
        note["name"],
        path,
        Path(note["origin"]),
        float(note["deleted"]),
        int(note.get("bytes") or 0),
    )


def _gone(item: TrashedItem) -> UserError:
    return UserError(
        tr("“{name}” is not in the trash any more.", name=item.name),
        tr("It was brought back or removed in another window."),
        code="trash-missing",
    )


def _refused(path: Path, error: OSError) -> UserError:
    return UserError(
        tr("“{name}” could not be moved: {reason}.", name=path.name, reason=error.strerror or str(error)),
        tr(
            "Close programs that have it open, check that the project's folder may be written, and try again."
        ),
        str(error),
        code="not-writable",
    )
