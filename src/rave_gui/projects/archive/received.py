"""Records that came from somebody else: rows are copied into a database of our own one by one, jobs are over and done with."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, cast

from rave_gui.errors import UserError
from rave_gui.i18n import tr, trn
from rave_gui.projects.archive.checking import damaged
from rave_gui.projects.archive.layout import DATABASE, Origin, name_problem
from rave_gui.projects.preferences import PROJECT_SETTINGS
from rave_gui.projects.relocate import MAX_JSON
from rave_gui.projects.scan import PLACES
from rave_gui.projects.store import Kind, Record, Store, refuse_newer, stored_schema
from rave_protocol import jobfolder
from rave_protocol.codec import ProtocolError
from rave_protocol.files import read_json, write_json
from rave_protocol.work import FINAL_STATES

MAX_ROWS = 2_000_000
_STEPS = 50_000_000
"""Steps of SQLite's machine after which a query is ended: a database can be made so that reading a table takes for ever."""
_JOB = re.compile(r"[\w.-]{1,100}")
_PLACE: dict[str, str] = {kind: place for kind, place, _ in PLACES}
_SETTINGS = {f"setting.{setting.key}": setting for setting in PROJECT_SETTINGS}


def rebuild_database(project: Path, received: Path, origin: Origin) -> list[str]:
    """Make ``project``'s database anew from the rows of ``received``; sentences about what was not taken.

    Raises :class:`UserError`: archive-damaged, project-newer.
    """
    for old in project.glob(f"{DATABASE}*"):
        old.unlink()
    try:
        refuse_newer(received, stored_schema(received))
        items, tags, meta = _read(received)
    except UserError as error:
        if error.code != "project-damaged":
            raise
        raise damaged(error.message) from error
    except (sqlite3.Error, ValueError, TypeError) as error:
        raise damaged(f"project.db: {error}") from error
    store = Store(project / DATABASE)
    records = [record for row in items if (record := _record(project, row)) is not None]
    store.add(records)
    known = {(record.kind, record.name) for record in records}
    wanted: dict[tuple[Kind, str], list[str]] = {}
    for kind, name, tag in tags:
        if (kind, name) in known and isinstance(tag, str) and len(tag) <= 100:
            wanted.setdefault((kind, name), []).append(tag)
    for (kind, name), texts in wanted.items():
        store.tag(kind, name, texts)
    meta.setdefault("name", origin.name)  # where it has the name of its folder, which may be another here
    for key, value in meta.items():
        if isinstance(value, str) and _wanted(key, value):
            store.set_meta(key, value)
    store.set_meta("imported_from", origin.id[:100])
    store.set_meta("imported", repr(time.time()))
    strange = len(items) - len(records)
    if not strange:
        return []
    return [
        trn(
            "{n} record was not taken over: it lies outside the project.",
            "{n} records were not taken over: they lie outside the project.",
            strange,
        )
    ]


def _read(path: Path) -> tuple[list[Any], list[Any], dict[str, Any]]:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
        db.execute("PRAGMA trusted_schema=OFF")
        db.execute("PRAGMA cell_size_check=ON")
        left = [_STEPS // 10_000]

        def tired() -> int:
            left[0] -= 1
            return left[0] < 0

        db.set_progress_handler(tired, 10_000)
        if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise ValueError("it is damaged")
        # A view could be anything; only real tables are read.
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not {"items", "meta"} <= tables:
            raise ValueError("a table is missing")
        query = "SELECT kind, name, path, created, job, parent, info FROM items LIMIT ?"
        items = db.execute(query, (MAX_ROWS,)).fetchall()
        meta = dict(db.execute("SELECT key, value FROM meta LIMIT 10000").fetchall())
        tags = []
        if "tags" in tables:
            tags = db.execute("SELECT kind, name, tag FROM tags LIMIT ?", (MAX_ROWS,)).fetchall()
    return items, tags, meta


def _record(project: Path, row: tuple[Any, ...]) -> Record | None:
    """A row that names something inside the project, where things of its kind are; None otherwise."""
    kind, name, path, created, job, parent, info = row
    if kind not in _PLACE or not isinstance(name, str) or not isinstance(path, str):
        return None
    if name_problem(name) is not None or "/" in name or name_problem(path) is not None:
        return None
    if path.split("/")[0] != _PLACE[kind] or len(path.split("/")) != 2:
        return None
    try:
        facts = json.loads(info)
    except (ValueError, TypeError, RecursionError):
        facts = {}
    facts = facts if isinstance(facts, dict) else {}
    for key in ("file", "adopted"):  # these lead outside
        facts.pop(key, None)
    return Record(
        cast("Kind", kind),
        name,
        project / path,
        float(created) if isinstance(created, (int, float)) else time.time(),
        job if isinstance(job, str) and _JOB.fullmatch(job) else None,
        parent if isinstance(parent, str) and len(parent) <= 255 else None,
        facts,
    )


def _wanted(key: str, value: str) -> bool:
    if key == "name":
        return 0 < len(value) <= 100 and value.isprintable()
    if key == "created":
        with suppress(ValueError):
            return 0 < float(value) < time.time() + 86400
        return False
    if key in _SETTINGS:
        try:
            return _SETTINGS[key].problem(json.loads(value)) is None
        except ValueError:
            return False
    return False


def settle_jobs(jobs: Path) -> None:
    """No job of another user waits or runs here: what claims to is ended, and locks and commands are dropped."""
    if not jobs.is_dir():
        return
    for folder in jobs.iterdir():
        if not folder.is_dir():
            continue
        for name in (jobfolder.RUNNER_LOCK, jobfolder.WORK_LOCK, jobfolder.COMMANDS):
            (folder / name).unlink(missing_ok=True)
        path = folder / jobfolder.STATE
        try:
            state = read_json(path) if path.stat().st_size <= MAX_JSON else {}
        except (OSError, ProtocolError):
            state = {}
        if state.get("state") not in FINAL_STATES:
            reason = tr("It had not ended when the project was exported.")
            write_json(
                path, {**state, "state": "interrupted", "reason": reason, "pids": {}, "ended": time.time()}
            )
