"""The project's SQLite store: facts about datasets, runs, exports and takes that their folders do not tell.

Nothing in it is needed to open a project: :func:`rave_gui.projects.scan.rescan` makes every row anew from the folders.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from rave_gui.errors import UserError
from rave_gui.filesystem import is_network_folder
from rave_gui.i18n import tr
from rave_gui.projects.migrations import MIGRATIONS, SCHEMA, statements

Kind = Literal["dataset", "run", "export", "take"]
BUSY_SECONDS = 10.0


@dataclass(frozen=True)
class Record:
    """One registered thing. ``path`` is absolute; ``parent`` names what it was made from (a run's dataset, an export's run)."""

    kind: Kind
    name: str
    path: Path
    created: float
    job: str | None = None
    parent: str | None = None
    info: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The object shown by list commands."""
        return {
            "name": self.name,
            "path": str(self.path),
            "created": self.created,
            "job": self.job,
            "parent": self.parent,
            **self.info,
        }


def stored_schema(path: Path) -> int:
    """Schema number of a database file (``user_version``), 0 for an empty file.

    SQLite reads it, never we: closing a file drops every POSIX lock that this process has on it, those of SQLite's connections in
    other threads too, and the database gets corrupted (sqlite.org/howtocorrupt, 2.2). Raises :class:`UserError` for a file that
    is no SQLite database.
    """
    if not path.stat().st_size:
        return 0
    place = path.absolute().as_uri()
    for mode in ("mode=rw", "immutable=1"):  # the second where nothing may be written, not even a lock
        try:
            with closing(sqlite3.connect(f"{place}?{mode}", uri=True, timeout=BUSY_SECONDS)) as connection:
                return int(connection.execute("PRAGMA user_version").fetchone()[0])
        except sqlite3.OperationalError:
            continue
        except sqlite3.DatabaseError:
            break
    raise UserError(
        tr("{path} is not a project database.", path=path),
        tr(
            "Close the project and rename the file to project.db.damaged: when the project is opened, its folders and jobs are "
            "read again, with tags and notes as far as the old file holds them."
        ),
        code="project-damaged",
    )


def refuse_newer(path: Path, schema: int) -> None:
    """Raise :class:`UserError` when the database was written by a newer version of the application."""
    if schema > SCHEMA:
        raise UserError(
            tr(
                "The project {parent} was opened with a newer version of RAVE GUI (database {schema}, this "
                "version knows {schema2}).",
                parent=path.parent,
                schema=schema,
                schema2=SCHEMA,
            ),
            tr("Update RAVE GUI to open it. Nothing was changed."),
            code="project-newer",
        )


class Store:
    """An open ``project.db``. One connection per call: safe from any thread and process, never held open while idle.

    Opening brings an older schema up to date, after a backup beside it. Raises :class:`UserError` when the database is
    newer than this version, damaged, or not writable.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path.parent
        self._prefix = f"{path.parent}{os.sep}"
        self._network = is_network_folder(self.root)
        self._frozen = False
        try:
            with self._translate():
                self._migrate()
        except UserError as error:
            # A disk that may only be read, or that is full to the last byte: nothing changes there, so no log and no lock are
            # needed to look. What lies in a log that was left behind would be missed, though.
            looking = error.code == "not-writable" or (error.code == "disk-full" and not self._log_left())
            if not looking or not path.exists() or stored_schema(path) != SCHEMA:
                raise
            self._frozen = True

    def _log_left(self) -> bool:
        log = self.path.with_name(f"{self.path.name}-wal")
        return log.exists() and log.stat().st_size > 0

    def _full(self) -> bool:
        """Whether there is not even room for the index of the write-ahead log (32 kB)."""
        return shutil.disk_usage(self.root).free < 64 << 10

    @contextmanager
    def _translate(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            text = str(error)
            refused = "readonly" in text or "unable to open" in text
            # What was opened only to be looked at because its disk is full says so.
            if refused and not (self._frozen and self._full()):
                raise UserError(
                    tr("The project's database {path} cannot be written.", path=self.path),
                    tr("Give yourself the right to write in the project's folder, or choose another folder."),
                    text,
                    code="not-writable",
                ) from error
            if refused or "full" in text or ("disk I/O" in text and self._full()):
                raise UserError(
                    tr("The disk is full: {path} could not be written.", path=self.path),
                    tr("Free some space and try again; nothing was lost."),
                    text,
                    code="disk-full",
                ) from error
            if "locked" in text:
                raise UserError(
                    tr("Another program keeps {path} locked.", path=self.path),
                    tr("Close other windows of this project, or wait a moment and try again."),
                    text,
                    code="project-busy",
                ) from error
            raise UserError(
                tr("The project's database {path} is damaged.", path=self.path),
                tr(
                    "Close the project and rename the file to project.db.damaged: when the project is opened, its folders and jobs are "
                    "read again, with tags and notes as far as the old file holds them."
                ),
                text,
                code="project-damaged",
            ) from error

    def _connect(self) -> sqlite3.Connection:
        where = f"{self.path.absolute().as_uri()}?mode=ro&immutable=1" if self._frozen else str(self.path)
        connection = sqlite3.connect(where, timeout=BUSY_SECONDS, isolation_level=None, uri=self._frozen)
        connection.row_factory = sqlite3.Row
        return connection

    @contextmanager
    def _session(self, write: bool = False) -> Iterator[sqlite3.Connection]:
        with self._translate(), closing(self._connect()) as connection:
            if write and self._frozen:
                raise sqlite3.OperationalError("attempt to write a readonly database")
            connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _migrate(self) -> None:
        if self.path.exists():
            refuse_newer(self.path, stored_schema(self.path))
        with closing(self._connect()) as connection:
            # On a network folder there is no shared memory for the write-ahead log; a plain journal is slower and works.
            mode = "DELETE" if self._network else "WAL"
            if connection.execute("PRAGMA journal_mode").fetchone()[0].upper() != mode:
                connection.execute(f"PRAGMA journal_mode={mode}")
            if self._version(connection) == SCHEMA:
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                version = self._version(connection)
                refuse_newer(self.path, version)
                if 0 < version < SCHEMA:
                    self._backup(version)
                for number in range(version, SCHEMA):
                    for statement in statements(MIGRATIONS[number]):
                        connection.execute(statement)
                if version == 0:
                    facts = {"id": uuid.uuid4().hex, "created": repr(time.time())}
                    connection.executemany("INSERT INTO meta VALUES (?, ?)", list(facts.items()))
                connection.execute(f"PRAGMA user_version={SCHEMA}")
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @staticmethod
    def _version(connection: sqlite3.Connection) -> int:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])

    def _backup(self, version: int) -> None:
        target = self.path.with_name(f"{self.path.name}.backup-{version}-{time.strftime('%Y%m%d-%H%M%S')}")
        with closing(sqlite3.connect(self.path)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)

    def copy(self, target: Path) -> None:
        """A copy of the whole database as it is at one moment (SQLite's online backup)."""
        with self._translate(), closing(self._connect()) as source, closing(sqlite3.connect(target)) as made:
            source.backup(made)

    def meta(self, key: str) -> str | None:
        """A fact about the project itself: ``id``, ``created`` or one set by :meth:`set_meta`."""
        with self._session() as connection:
            row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def all_meta(self) -> dict[str, str]:
        """Every fact about the project itself."""
        with self._session() as connection:
            return {row["key"]: row["value"] for row in connection.execute("SELECT key, value FROM meta")}

    def set_meta(self, key: str, value: str) -> None:
        """Remember a fact about the project."""
        with self._session(write=True) as connection:
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def register(
        self,
        kind: Kind,
        name: str,
        path: Path,
        *,
        job: str | None = None,
        parent: str | None = None,
        info: dict[str, Any] | None = None,
    ) -> Record:
        """Add or update a thing. What is given replaces what was known; ``None`` keeps it; ``info`` is merged by key."""
        with self._session(write=True) as connection:
            row = connection.execute(
                "SELECT * FROM items WHERE kind = ? AND name = ?", (kind, name)
            ).fetchone()
            old = self._record(row) if row is not None else None
            record = Record(
                kind,
                name,
                path,
                old.created if old else time.time(),
                job if job is not None else (old.job if old else None),
                parent if parent is not None else (old.parent if old else None),
                {**(old.info if old else {}), **(info or {})},
            )
            if record != old:
                connection.execute(
                    "INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (
                        kind,
                        name,
                        self._relative(path),
                        record.created,
                        record.job,
                        record.parent,
                        json.dumps(record.info, ensure_ascii=False),
                    ),
                )
        return record

    def add(self, found: Iterable[Record]) -> None:
        """Register many things in one transaction; what is known already stays as it is."""
        rows = [
            (r.kind, r.name, self._relative(r.path), r.created, r.job, r.parent, json.dumps(r.info))
            for r in found
        ]
        if rows:
            with self._session(write=True) as connection:
                connection.executemany("INSERT OR IGNORE INTO items VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def set_info(self, kind: Kind, name: str, info: Mapping[str, Any]) -> None:
        """Merge ``info`` into what is kept of a thing; a value of None removes its key. Nothing happens to one that is not registered."""
        with self._session(write=True) as connection:
            row = connection.execute(
                "SELECT info FROM items WHERE kind = ? AND name = ?", (kind, name)
            ).fetchone()
            if row is None:
                return
            merged = {k: v for k, v in {**json.loads(row["info"]), **info}.items() if v is not None}
            connection.execute(
                "UPDATE items SET info = ? WHERE kind = ? AND name = ?",
                (json.dumps(merged, ensure_ascii=False), kind, name),
            )

    def rename(self, kind: Kind, name: str, new: str, path: Path) -> None:
        """Give a thing another name and place; its tags, and the things made from it, follow."""
        with self._session(write=True) as connection:
            connection.execute(
                "UPDATE items SET name = ?, path = ? WHERE kind = ? AND name = ?",
                (new, self._relative(path), kind, name),
            )
            connection.execute("UPDATE tags SET name = ? WHERE kind = ? AND name = ?", (new, kind, name))
            connection.execute("DELETE FROM facts WHERE kind = ? AND name = ?", (kind, name))
            child = {"dataset": "run", "run": "export"}.get(kind)
            if child:
                connection.execute(
                    "UPDATE items SET parent = ? WHERE kind = ? AND parent = ?", (new, child, name)
                )

    def tag(self, kind: Kind, name: str, tags: Iterable[str]) -> None:
        """Replace the tags of a thing."""
        wanted = sorted({text.strip() for text in tags if text.strip()})
        with self._session(write=True) as connection:
            connection.execute("DELETE FROM tags WHERE kind = ? AND name = ?", (kind, name))
            connection.executemany("INSERT INTO tags VALUES (?, ?, ?)", [(kind, name, tag) for tag in wanted])

    def tags(self, kind: Kind) -> dict[str, list[str]]:
        """Tags by name of every thing of one kind that has any, in order."""
        with self._session() as connection:
            rows = connection.execute(
                "SELECT name, tag FROM tags WHERE kind = ? ORDER BY name, tag", (kind,)
            ).fetchall()
        found: dict[str, list[str]] = {}
        for row in rows:
            found.setdefault(row["name"], []).append(row["tag"])
        return found

    def facts(self, kind: str) -> dict[str, tuple[str, dict[str, Any]]]:
        """What was read from disk before, by name: a stamp that says of which moment, and the facts."""
        with self._session() as connection:
            rows = connection.execute(
                "SELECT name, stamp, data FROM facts WHERE kind = ?", (kind,)
            ).fetchall()
        # All at once: a call for each of a thousand rows takes three times as long.
        data = json.loads(f"[{','.join(row['data'] for row in rows)}]")
        return {row["name"]: (row["stamp"], facts) for row, facts in zip(rows, data, strict=True)}

    def fact_texts(self, kind: str) -> dict[str, tuple[str, str]]:
        """As :meth:`facts`, with the facts as the JSON texts they are kept as: for large ones, of which few are looked at."""
        with self._session() as connection:
            rows = connection.execute(
                "SELECT name, stamp, data FROM facts WHERE kind = ?", (kind,)
            ).fetchall()
        return {row["name"]: (row["stamp"], row["data"]) for row in rows}

    def set_facts(self, kind: str, facts: Mapping[str, tuple[str, dict[str, Any]]]) -> None:
        """Remember facts by name; may be lost at any time without harm."""
        rows = [(kind, name, stamp, json.dumps(data)) for name, (stamp, data) in facts.items()]
        with self._session(write=True) as connection:
            connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?)", rows)

    def forget_facts(self, kind: str, names: Iterable[str]) -> None:
        """Drop facts of things that are gone."""
        with self._session(write=True) as connection:
            connection.executemany(
                "DELETE FROM facts WHERE kind = ? AND name = ?", [(kind, name) for name in names]
            )

    def get(self, kind: Kind, name: str) -> Record | None:
        """One thing, or None when nothing of that name is registered."""
        with self._session() as connection:
            row = connection.execute(
                "SELECT * FROM items WHERE kind = ? AND name = ?", (kind, name)
            ).fetchone()
        return None if row is None else self._record(row)

    def items(self, kind: Kind) -> list[Record]:
        """Everything of one kind, oldest first."""
        with self._session() as connection:
            rows = connection.execute(
                "SELECT * FROM items WHERE kind = ? ORDER BY created, name", (kind,)
            ).fetchall()
        return [self._record(row) for row in rows]

    def all_items(self) -> list[Record]:
        """Everything of every kind, oldest first."""
        with self._session() as connection:
            rows = connection.execute("SELECT * FROM items ORDER BY created, name").fetchall()
        return [self._record(row) for row in rows]

    def forget(self, kind: Kind, name: str) -> None:
        """Remove the row; the folder is not touched."""
        with self._session(write=True) as connection:
            for table in ("items", "tags", "facts"):
                connection.execute(f"DELETE FROM {table} WHERE kind = ? AND name = ?", (kind, name))  # noqa: S608

    def _relative(self, path: Path) -> str:
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return str(path)

    def _record(self, row: sqlite3.Row) -> Record:
        text = row["path"]
        # Put together as texts: paths take long to join, and there may be thousands of rows.
        path = Path(text if os.path.isabs(text) else f"{self._prefix}{text}")  # noqa: PTH117
        return Record(
            row["kind"],
            row["name"],
            path,
            row["created"],
            row["job"],
            row["parent"],
            json.loads(row["info"]) if row["info"] != "{}" else {},
        )
