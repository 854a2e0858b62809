"""Finding RAVE's datasets, runs and exports in a folder of somebody's, and registering them where they lie."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from rave_gui.errors import UserError
from rave_gui.i18n import tr, trn
from rave_gui.projects.model import Adopted, AdoptReport, Skipped
from rave_gui.projects.names import safe_name
from rave_gui.projects.project import DATABASE, Project
from rave_gui.projects.runs import list_checkpoints, step_of
from rave_gui.projects.store import Kind, Record

_LMDB_MAGIC = bytes.fromhex("dec0efbe")
"""First word of an LMDB meta page (mdb.c, MDB_MAGIC 0xBEEFC0DE, little-endian), after the page header of 16 bytes."""


MANY = 200
"""More findings than this are only taken by somebody who was told how many there are: it may be the wrong folder."""
_SYSTEM = frozenset({"/proc", "/sys", "/dev", "/run"})


def adopt(
    project: Project, folder: Path, cancel: Callable[[], bool] | None = None, *, most: int | None = None
) -> AdoptReport:
    """Register what is below ``folder`` (itself included) by its absolute path. Writes to the project's database only.

    Other projects below it, what they have in the trash and hidden folders are passed over.

    Raises :class:`UserError`: not-a-folder, cancelled, too-many (more than ``most`` were found); nothing was registered then.
    """
    if not folder.is_dir():
        raise UserError(
            tr("{folder} is not a folder.", folder=folder),
            tr("Choose the folder that holds your datasets, runs or exported models."),
            code="not-a-folder",
        )
    inside = Path(os.path.realpath(project.path))
    kinds: tuple[Kind, ...] = ("dataset", "run", "export")
    records = [record for kind in kinds for record in project.items(kind)]
    known = {_identity(record.path, record.info.get("file")) for record in records}
    names = {kind: {record.name.casefold() for record in records if record.kind == kind} for kind in kinds}
    adopted: list[Adopted] = []
    skipped: list[Skipped] = []
    new: list[Record] = []
    for found in _walk(folder, inside, skipped, cancel):
        kind, path, file, notes = found
        identity = _identity(path, str(file) if file else None)
        if identity in known:
            skipped.append(Skipped(file or path, tr("It belongs to this project already.")))
            continue
        known.add(identity)
        base = safe_name(file.stem if file else path.name, kind)
        name, number = base, 1
        while name.casefold() in names[kind] or (project.path / f"{kind}s" / name).exists():
            number += 1
            name = f"{base}-{number}"
        names[kind].add(name.casefold())
        info = {
            "adopted": True,
            **({"file": str(file)} if file else {}),
            **({"notes": notes} if notes else {}),
        }
        new.append(Record(kind, name, path, (file or path).stat().st_mtime, info=info))
        adopted.append(Adopted(kind, name, file or path, notes))
    if most is not None and len(new) > most:
        raise UserError(
            trn(
                "{n} thing of RAVE's was found below {folder}. Nothing was added.",
                "{n} things of RAVE's were found below {folder}. Nothing was added.",
                len(new),
                folder=folder,
            ),
            tr("Choose a folder with fewer, or say that you want all of them (on the command line: --yes)."),
            code="too-many",
        )
    project.store.add(new)
    return AdoptReport(folder, adopted, skipped)


Found = tuple[Kind, Path, Path | None, list[str]]


def _walk(
    folder: Path, project: Path, skipped: list[Skipped], cancel: Callable[[], bool] | None
) -> Iterator[Found]:
    def unreadable(error: OSError) -> None:
        skipped.append(
            Skipped(Path(error.filename or folder), tr("It cannot be read: {reason}.", reason=error.strerror))
        )

    for where, folders, files in os.walk(folder, onerror=unreadable):
        if cancel is not None and cancel():
            raise UserError(
                tr("Looking for datasets and runs was cancelled."), tr("Nothing was added."), code="cancelled"
            )
        path = Path(where)
        if Path(os.path.realpath(path)).is_relative_to(project):
            folders.clear()
            skipped.append(Skipped(path, tr("It lies in this project already.")))
            continue
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith((".", "$")) and f"{where.rstrip(os.sep)}/{name}" not in _SYSTEM
        )
        if DATABASE in files:
            if path != folder:
                folders.clear()
                skipped.append(
                    Skipped(path, tr("This is another project: name its own folder to use its things."))
                )
                continue
            folders[:] = [name for name in folders if name not in ("trash", "jobs")]
        yield from _exports(path, sorted(files), skipped)
        if "data.mdb" in files:
            folders.clear()
            yield from _dataset(path, set(files), skipped)
        elif any(re.fullmatch(r"version_\d+", name) for name in folders):
            folders.clear()
            yield from _run(path, set(files), skipped)


def _dataset(path: Path, files: set[str], skipped: list[Skipped]) -> Iterator[Found]:
    if "metadata.yaml" not in files:
        reason = tr("The dataset is unfinished: it has no metadata.yaml. Build it again.")
    elif not _is_lmdb(path / "data.mdb"):
        reason = tr("Its data.mdb is damaged or no LMDB database.")
    else:
        notes = []
        if "sources.sqlite" not in files:
            notes.append(tr("It is not recorded which recordings it was made from."))
        yield "dataset", path, None, notes
        return
    skipped.append(Skipped(path, reason))


def _run(path: Path, files: set[str], skipped: list[Skipped]) -> Iterator[Found]:
    if "config.gin" not in files and not any(path.glob("version_*/config.gin")):
        skipped.append(Skipped(path, tr("It has versions but no config.gin, so it is no run of RAVE's.")))
        return
    checkpoints = list_checkpoints(path)
    notes = [tr("It is not recorded which dataset it was trained on.")]
    if "config.gin" in files:
        text = (path / "config.gin").read_text(encoding="utf-8", errors="replace")
        if not re.search(r"^\s*RAVE\.n_channels\s*=", text, re.MULTILINE):
            notes.append(tr("Its configuration does not say how many channels it has."))
    # Both are options of the training command upstream and written nowhere.
    notes.append(tr("It is not recorded whether it was trained with --derivative or --normalize."))
    if not checkpoints:
        notes.append(tr("It has no checkpoint yet."))
    elif all(step_of(checkpoint) is None for checkpoint in checkpoints):
        notes.append(tr("Its checkpoints do not say their step in their names."))
    yield "run", path, None, notes


def _exports(path: Path, files: list[str], skipped: list[Skipped]) -> Iterator[Found]:
    for name in files:
        if not name.endswith(".ts") or name.startswith("."):
            continue
        file = path / name
        if not _is_torchscript(file):
            skipped.append(Skipped(file, tr("It is no TorchScript model (other programs use .ts as well).")))
            continue
        notes = [] if "card.json" in files else [tr("It has no card: verify it to learn what it can do.")]
        yield "export", path, file, notes


def _is_lmdb(file: Path) -> bool:
    try:
        with file.open("rb") as source:
            return source.read(20)[16:20] == _LMDB_MAGIC
    except OSError:
        return False


def _is_torchscript(file: Path) -> bool:
    """A zip whose one folder holds ``constants.pkl`` and code (torch's serialization format)."""
    try:
        with zipfile.ZipFile(file) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def _identity(path: Path, file: str | None) -> str:
    return os.path.realpath(file) if file else os.path.realpath(path)
