"""Reading a project's folders: they are the truth, the store follows them."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from rave_gui.errors import UserError
from rave_gui.projects.store import Kind, Record, Store
from rave_protocol import jobfolder
from rave_protocol.codec import ProtocolError
from rave_protocol.files import read_json

_SOUND = frozenset({".wav", ".flac"})
_MEMORY = "place"
"""Under this kind the store's facts keep when each folder was read."""
_CLOCK_SECONDS = 2.5


def is_dataset(folder: Path) -> bool:
    """Whether the folder holds a RAVE dataset (LMDB and metadata.yaml; upstream's layout)."""
    return (folder / "data.mdb").is_file() and (folder / "metadata.yaml").is_file()


def is_run(folder: Path) -> bool:
    """Whether the folder holds a training run: ``config.gin`` or a ``version_N`` folder, in upstream's layout or ours."""
    return (folder / "config.gin").is_file() or any(folder.glob("version_*"))


def is_export(folder: Path) -> bool:
    """Whether the folder holds an exported model."""
    return any(folder.glob("*.ts"))


def is_take(entry: Path) -> bool:
    """Takes are sound files, or folders of them (an original beside its reconstruction)."""
    if entry.suffix.lower() in _SOUND:
        return True
    return entry.is_dir() and any(inside.suffix.lower() in _SOUND for inside in entry.iterdir())


PLACES: tuple[tuple[Kind, str, Callable[[Path], bool]], ...] = (
    ("dataset", "datasets", is_dataset),
    ("run", "runs", is_run),
    ("export", "exports", is_export),
    ("take", "takes", is_take),
)


def entries(folder: Path, accept: Callable[[Path], bool]) -> Iterator[Path]:
    """Accepted entries of a folder in order of name; hidden ones (unfinished builds, the trash) are left out."""
    if not folder.is_dir():
        return
    for entry in sorted(folder.iterdir()):
        if not entry.name.startswith(".") and accept(entry):
            yield entry


def named(found: Iterable[Path], kind: Kind) -> dict[str, Path]:
    """Entries by the name of the thing: that of the folder; of a take that is a file without its suffix, unless another has that name."""
    names: dict[str, Path] = {}
    for entry in found:
        name = entry.stem if kind == "take" and entry.suffix.lower() in _SOUND else entry.name
        names[entry.name if name in names else name] = entry
    return names


def look(root: Path, kind: Kind) -> list[Record]:
    """What lies in the folders, for a project whose store cannot be used because nothing there may be written."""
    place, accept = next((place, accept) for what, place, accept in PLACES if what == kind)
    found = named(entries(root / place, accept), kind)
    return [Record(kind, name, entry, entry.stat().st_mtime) for name, entry in found.items()]


def rescan(root: Path, store: Store) -> list[Record] | None:
    """Bring the store in line with the folders: new ones are registered, vanished ones forgotten, others left as they are.

    A row whose folder is still being made by its job (registered, not complete yet) stays while the folder exists or the
    job's folder does and the job has not succeeded. What was adopted lies outside the project and stays, also while its disk is not there.

    A folder whose time has not changed since it was read is not read again; only what was not complete then is looked at.

    Returns every row when none had to be changed, otherwise None.
    """
    memory = store.facts(_MEMORY)
    remember: dict[str, tuple[str, dict[str, Any]]] = {}
    known: dict[Kind, dict[str, Record]] = {kind: {} for kind, _, _ in PLACES}
    rows = store.all_items()
    for record in rows:
        known[record.kind][record.name] = record
    new: list[Record] = []
    gone = False
    inside = str(root) + os.sep
    for kind, place, accept in PLACES:
        folder = root / place
        stamp = _stamp(folder)
        before = memory.get(place)
        if before is not None and before[0] == stamp:
            waiting = [folder / name for name in before[1]["waiting"]]
            names = named((path for path in waiting if path.exists() and accept(path)), kind)
            left = [path.name for path in waiting if path not in names.values()]
        else:
            names = named(entries(folder, accept), kind)
            left = [path.name for path in _unfinished(folder) if path not in names.values()]
        if before is None or before != (stamp, {"waiting": left}):
            remember[place] = (stamp, {"waiting": left})
        new += [
            Record(kind, name, path, time.time()) for name, path in names.items() if name not in known[kind]
        ]
        for name, record in known[kind].items():
            where = str(record.path)
            if name in names or not where.startswith(inside) or os.path.lexists(where):
                continue
            if _replaced(record.path):
                continue
            if record.job is None or not _awaited(root / "jobs" / record.job):
                store.forget(kind, name)
                gone = True
    store.add(new)
    settled = {place: fact for place, fact in remember.items() if _settled(fact[0])}
    if settled:
        # What cannot be remembered (a disk that may only be read) is read again the next time.
        with contextlib.suppress(UserError):
            store.set_facts(_MEMORY, settled)
    return None if new or gone else rows


def _awaited(job: Path) -> bool:
    """Whether a job may still make, or begin anew, what is not there: one that succeeded had made it, so somebody removed it."""
    try:
        return job.is_dir() and read_json(job / jobfolder.STATE).get("state") != "succeeded"
    except (OSError, ProtocolError):
        return True


def _replaced(path: Path) -> bool:
    """Whether a folder is just being replaced by a newer one: the old one is ``.<name>.before`` then, or the new one has come meanwhile."""
    return os.path.lexists(path.with_name(f".{path.name}.before")) or os.path.lexists(path)


def _unfinished(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [entry for entry in folder.iterdir() if not entry.name.startswith(".")]


def _stamp(folder: Path) -> str:
    try:
        return str(folder.stat().st_mtime_ns)
    except FileNotFoundError:
        return ""


def _settled(stamp: str) -> bool:
    """Whether a change of the folder from now on is sure to give it another time: clocks of disks go in steps of up to 2 s (FAT)."""
    return stamp == "" or time.time() - int(stamp) / 1e9 > _CLOCK_SECONDS
