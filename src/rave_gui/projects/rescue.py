"""A project whose database was lost, or set aside because it is damaged: what its jobs and the old file still tell."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from rave_gui.projects.scan import PLACES, rescan
from rave_gui.projects.store import Kind, Record, Store
from rave_protocol import jobfolder
from rave_protocol.codec import ProtocolError
from rave_protocol.files import read_json

ASIDE = "project.db.damaged"
"""A damaged database is given this name; what can be read of it is taken over."""
_MAKES: dict[str, tuple[Kind, str]] = {
    "train": ("run", "run"),
    "dataset": ("dataset", "output"),
    "export": ("export", "output"),
}
"""By kind of job: what it makes, and the parameter that names its folder."""
_LIVE = ("queued", "starting", "running", "paused", "stopping")


def set_leftovers_aside(root: Path, database: str) -> None:
    """The log of a database that is gone is not the new one's: SQLite would play it back into it."""
    for ending in ("-wal", "-shm", "-journal"):
        with contextlib.suppress(FileNotFoundError):
            (root / f"{database}{ending}").replace(root / f"{ASIDE}{ending}")


def rescue(root: Path, store: Store) -> None:
    """Fill a new database: rows of the one that was set aside, then what the folders and the jobs say."""
    if (root / ASIDE).is_file():
        _salvage(root, store)
    rescan(root, store)
    _relink(root, store)


def _relink(root: Path, store: Store) -> None:
    """Which job made a thing, of what, and when: told by the jobs, the newest last. What a job is still to make is registered, too."""
    places = {kind: place for kind, place, _ in PLACES}
    known = {(record.kind, record.name): record for record in store.all_items()}
    told: dict[tuple[Kind, str], Record] = {}
    try:
        jobs = sorted(entry for entry in (root / "jobs").iterdir() if not entry.name.startswith("."))
    except OSError:
        return
    for job in jobs:
        try:
            spec, state = read_json(job / jobfolder.SPEC), read_json(job / jobfolder.STATE)
        except (OSError, ProtocolError):
            continue
        made, params = _MAKES.get(str(spec.get("kind"))), spec.get("params")
        if made is None or not isinstance(params, dict):
            continue
        kind, key = made
        name = _named(params.get(key), places[kind])
        if not name or ((kind, name) not in known and state.get("state") not in _LIVE):
            continue
        source = {"run": ("dataset", "datasets"), "export": ("checkpoint", "runs")}.get(kind)
        parent = _named(params.get(source[0]), source[1]) if source else ""
        first = told.get((kind, name))
        created = first.created if first is not None else spec.get("created")
        old = known.get((kind, name))
        told[kind, name] = Record(
            kind,
            name,
            root / places[kind] / name,
            float(created) if isinstance(created, (int, float)) else time.time(),
            job.name,
            (old.parent if old else None) or parent or None,
            old.info if old else {},
        )
    for kind, name in told:
        if (kind, name) in known:
            store.forget(kind, name)
    store.add(told.values())


def _named(path: Any, place: str) -> str:
    """The name after ``place`` in a path of any system; empty where there is none. The project may have been elsewhere then."""
    if not isinstance(path, str):
        return ""
    parts = PureWindowsPath(path).parts if "\\" in path else PurePosixPath(path).parts
    at = max((i for i, part in enumerate(parts[:-1]) if part == place), default=-1)
    return parts[at + 1] if at >= 0 else ""


def _salvage(root: Path, store: Store) -> None:
    """Tags, notes and settings of the old database, as far as they can be read; its indexes are not believed."""
    place = (root / ASIDE).absolute().as_uri()
    with contextlib.suppress(sqlite3.Error), closing(sqlite3.connect(f"{place}?mode=rw", uri=True)) as old:
        for kind, name, path, created, job, parent, info in _rows(
            old, "items", "kind, name, path, created, job, parent, info"
        ):
            with contextlib.suppress(ValueError, TypeError, sqlite3.Error):
                target = root / str(path)  # an absolute one stays what it is
                store.add([Record(kind, name, target, float(created), job, parent, dict(json.loads(info)))])
        tags: dict[tuple[Kind, str], list[str]] = {}
        for kind, name, tag in _rows(old, "tags", "kind, name, tag"):
            tags.setdefault((kind, name), []).append(str(tag))
        for (kind, name), texts in tags.items():
            store.tag(kind, name, texts)
        for key, value in _rows(old, "meta", "key, value"):
            store.set_meta(str(key), str(value))


def _rows(old: sqlite3.Connection, table: str, columns: str) -> list[tuple[Any, ...]]:
    """Rows until the first that cannot be read."""
    found: list[tuple[Any, ...]] = []
    with contextlib.suppress(sqlite3.Error):
        for row in old.execute(f"SELECT {columns} FROM {table} NOT INDEXED"):  # noqa: S608 - names of our own
            found.append(row)
    return found
