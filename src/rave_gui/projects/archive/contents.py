"""What of a project goes into an archive, in which order, and what stays behind."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rave_gui.errors import UserError
from rave_gui.i18n import tr, trn
from rave_gui.projects.archive.layout import collision, name_problem
from rave_gui.projects.project import Project
from rave_gui.projects.runs import list_checkpoints, newest_checkpoint
from rave_gui.projects.store import Kind, Record
from rave_protocol import jobfolder
from rave_protocol.codec import ProtocolError
from rave_protocol.files import read_json
from rave_protocol.specs import ProjectExportParams
from rave_protocol.work import FINAL_STATES

_NOISE = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", ".directory", ".localized", "lock.mdb"})
_PLACES: tuple[tuple[str, Kind | None], ...] = (
    ("datasets", "dataset"),
    ("runs", "run"),
    ("priors", None),
    ("exports", "export"),
    ("sounds", None),
    ("takes", None),
)


@dataclass(frozen=True)
class File:
    """A file that goes into the archive as ``name``."""

    name: str
    path: Path
    size: int
    mtime_ns: int


@dataclass
class Contents:
    """``rows``: how the things that were outside are called inside; ``dropped``: rows that the archive's database must not have."""

    files: list[File] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    included: list[str] = field(default_factory=list)
    rows: dict[tuple[Kind, str], str] = field(default_factory=dict)
    dropped: list[tuple[Kind, str]] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        """Size of all files."""
        return sum(file.size for file in self.files)


def collect(project: Project, params: ProjectExportParams) -> Contents:
    """Look at everything once. The order is that of names, and large things that do not change come first, so that an export that
    was interrupted finds what it wrote still valid.

    Raises :class:`UserError` (``bad-names``) for names that some system does not take.
    """
    found = Contents()
    outside = _outside(project)
    for place, kind in _PLACES:
        folder = project.path / place
        if place == "takes" and not params.takes:
            _leave_takes(project, found)
            continue
        if folder.is_dir():
            for entry in sorted(folder.iterdir()):
                if entry.name.startswith(".") or (kind and entry.is_symlink()):
                    continue
                _add(found, entry, f"{place}/{entry.name}", _unwanted(entry, kind, params, found))
        for record in outside.get(kind, []) if kind else []:
            _add_outside(found, record, place, params)
    _add_jobs(found, project, params)
    for entry in sorted(project.path.iterdir()):
        if entry.is_file() and not entry.is_symlink() and not _ours(entry.name):
            _add(found, entry, entry.name, set())
    _check(found)
    return found


def _ours(name: str) -> bool:
    """Files at the top that do not travel as they are: the database (a copy of it does), its backups, locks."""
    return name.startswith(("project.db", ".")) or name.endswith((".lock", ".tmp")) or name == "manifest.json"


def _outside(project: Project) -> dict[Kind | None, list[Record]]:
    found: dict[Kind | None, list[Record]] = {}
    kinds: tuple[Kind, ...] = ("dataset", "run", "export")
    for kind in kinds:
        found[kind] = [
            record
            for record in project.items(kind)
            if record.path.is_symlink() or not record.path.is_relative_to(project.path)
        ]
    return found


def _add_outside(found: Contents, record: Record, place: str, params: ProjectExportParams) -> None:
    target = Path(os.path.realpath(record.path))
    if not params.include_adopted or not target.is_dir():
        reason = tr("not asked for") if target.is_dir() else tr("it is not there now")
        found.left_out.append(
            tr(
                "{kind} “{name}” lies outside the project, in {path}: {reason}.",
                kind=record.kind,
                name=record.name,
                path=target,
                reason=reason,
            )
        )
        found.dropped.append((record.kind, record.name))
        return
    inside = f"{place}/{record.name}"
    single = record.info.get("file")
    if single:
        for path in (Path(single), Path(single).with_name("card.json")):
            if path.is_file():
                _add(found, path, f"{inside}/{path.name}", set())
    else:
        _add(found, target, inside, _unwanted(target, record.kind, params, found))
    found.rows[(record.kind, record.name)] = inside
    found.included.append(
        tr("{kind} “{name}” was copied from {path}.", kind=record.kind, name=record.name, path=target)
    )


def _unwanted(entry: Path, kind: Kind | None, params: ProjectExportParams, found: Contents) -> set[Path]:
    """Checkpoints that stay behind: all but the newest and those named best, where that was asked for."""
    if kind != "run" or params.checkpoints == "all":
        return set()
    newest = newest_checkpoint(entry)
    old = {path for path in list_checkpoints(entry) if path != newest and not path.name.startswith("best")}
    if old:
        found.left_out.append(
            trn(
                "{n} older checkpoint of the run “{name}”.",
                "{n} older checkpoints of the run “{name}”.",
                len(old),
                name=entry.name,
            )
        )
    return old


def _leave_takes(project: Project, found: Contents) -> None:
    takes = project.items("take")
    found.dropped += [("take", record.name) for record in takes]
    if takes:
        found.left_out.append(trn("{n} take.", "{n} takes.", len(takes)))


def _add_jobs(found: Contents, project: Project, params: ProjectExportParams) -> None:
    folder = project.jobs
    names = sorted(folder.iterdir()) if folder.is_dir() else []
    jobs = [
        path for path in names if not path.name.startswith(".") and path.is_dir() and not path.is_symlink()
    ]
    ended = [path for path in jobs if _ended(path)]
    if not params.jobs:
        if jobs:
            found.left_out.append(trn("The record of {n} job.", "The records of {n} jobs.", len(jobs)))
        return
    for path in ended:
        _add(found, path, f"jobs/{path.name}", {path / jobfolder.COMMANDS})


def _ended(job: Path) -> bool:
    try:
        return read_json(job / jobfolder.STATE).get("state") in FINAL_STATES
    except (OSError, ProtocolError):
        return False


def _add(found: Contents, path: Path, name: str, unwanted: set[Path]) -> None:
    for inside, relative, status in _files(path, name, found):
        if inside not in unwanted:
            found.files.append(File(relative, inside, status.st_size, status.st_mtime_ns))


def _files(path: Path, name: str, found: Contents) -> Iterator[tuple[Path, str, os.stat_result]]:
    """Regular files at and below ``path``; links, devices, locks and what is half written are left out."""
    if path.is_symlink():
        found.left_out.append(tr("{name} is a link.", name=name))
        return
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        for entry in sorted(path.iterdir()):
            if entry.name in _NOISE or entry.name.endswith((".tmp", ".lock")):
                continue
            yield from _files(entry, f"{name}/{entry.name}", found)
    elif stat.S_ISREG(status.st_mode):
        yield path, name, status
    else:
        found.left_out.append(tr("{name} is no ordinary file.", name=name))


def _check(found: Contents) -> None:
    names = [file.name for file in found.files]
    bad = next((name for name in names if name_problem(name)), None)
    twice = collision(names) if bad is None else None
    if bad is not None:
        raise UserError(
            tr(
                "{name} cannot go into an archive: not every computer takes this name.", name=ascii(bad)[1:-1]
            ),
            tr(
                'Rename it: no < > : " \\ | ? *, no blank or full stop at the end, no name that Windows reserves.'
            ),
            code="bad-names",
        )
    if twice is not None:
        raise UserError(
            tr(
                "{one} and {two} cannot both go into an archive: Windows and macOS do not tell them apart.",
                one=twice[0],
                two=twice[1],
            ),
            tr("Rename one of them."),
            code="bad-names",
        )
