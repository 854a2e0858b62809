"""The user's registry of jobs: which folders there are, in which order they run, in which lane.

The job folders are the truth; the registry only lets one dispatcher find them. A broken registry is set aside and healed
from the folders as they are listed.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rave_gui.errors import UserError
from rave_gui.filesystem import is_network_folder
from rave_gui.i18n import tr
from rave_protocol.files import replace_file

SCHEMA_VERSION = 1

SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id       TEXT PRIMARY KEY,
    folder   TEXT NOT NULL,
    lane     TEXT NOT NULL,
    position REAL NOT NULL,
    ended    INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS jobs_queue ON jobs (ended, position);
"""


@dataclass(frozen=True)
class Row:
    """One registered job. ``lane``: ``train:<device>`` (one at a time each) or ``light``."""

    id: str
    folder: Path
    lane: str
    position: float
    ended: bool


class Registry:
    """Opens the database for each call: a handful of short transactions a second, from several processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ready = False

    def add(self, job_id: str, folder: Path, lane: str, position: float | None = None) -> None:
        """Register a job at the end of the queue, or at the ``position`` of the one that it goes on with; one that is known
        already gets the folder and lane given.
        """
        with self._open(write=True) as db:
            db.execute(
                "INSERT INTO jobs (id, folder, lane, position) "
                "VALUES (?, ?, ?, COALESCE(?, (SELECT COALESCE(MAX(position), 0) + 1 FROM jobs))) "
                "ON CONFLICT (id) DO UPDATE SET folder = excluded.folder, lane = excluded.lane, ended = 0",
                (job_id, str(folder), lane, position),
            )

    def get(self, job_id: str) -> Row | None:
        """The row of exactly this id."""
        with self._open() as db:
            rows = self._rows(db, "WHERE id = ?", (job_id,))
        return rows[0] if rows else None

    def find(self, prefix: str) -> list[Row]:
        """Rows whose id starts with ``prefix``."""
        with self._open() as db:
            return self._rows(db, "WHERE substr(id, 1, ?) = ?", (len(prefix), prefix))

    def pending(self) -> list[Row]:
        """Rows of jobs that have not ended, in the order of the queue."""
        with self._open() as db:
            return self._rows(db, "WHERE ended = 0")

    def all(self) -> list[Row]:
        """Every row, in the order of the queue."""
        with self._open() as db:
            return self._rows(db, "")

    def end(self, job_id: str) -> None:
        """Note that a job needs no dispatcher any more."""
        with self._open(write=True) as db:
            db.execute("UPDATE jobs SET ended = 1 WHERE id = ?", (job_id,))

    def forget(self, job_id: str) -> None:
        """Drop the row of a job whose folder is gone."""
        with self._open(write=True) as db:
            db.execute("DELETE FROM jobs WHERE id = ?", (job_id,))

    def move(self, old: Path, new: Path) -> None:
        """A project was renamed: rows of jobs below ``old`` follow to ``new``."""
        with self._open(write=True) as db:
            rows = [row for row in self._rows(db, "") if row.folder.is_relative_to(old)]
            db.executemany(
                "UPDATE jobs SET folder = ? WHERE id = ?",
                [(str(new / row.folder.relative_to(old)), row.id) for row in rows],
            )

    def place(self, job_id: str, before: str | None) -> None:
        """Move a job in front of another, or to the end of the queue. Unknown ids change nothing."""
        with self._open(write=True) as db:
            order = [row.id for row in self._rows(db, "WHERE ended = 0") if row.id != job_id]
            index = order.index(before) if before in order else len(order)
            order.insert(index, job_id)
            db.executemany("UPDATE jobs SET position = ? WHERE id = ?", [(i, x) for i, x in enumerate(order)])

    @staticmethod
    def _rows(db: sqlite3.Connection, where: str, values: tuple[object, ...] = ()) -> list[Row]:
        query = f"SELECT id, folder, lane, position, ended FROM jobs {where} ORDER BY position, id"  # noqa: S608 - constants
        return [Row(i, Path(f), lane, p, bool(e)) for i, f, lane, p, e in db.execute(query, values)]

    @contextlib.contextmanager
    def _open(self, write: bool = False) -> Iterator[sqlite3.Connection]:
        try:
            db = self._connect()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):  # locked, no disk space, not writable: not broken
                raise _refused(self.path, error) from error
            self._set_aside()
            db = self._connect()
        try:
            with db:
                if write:
                    db.execute("BEGIN IMMEDIATE")
                yield db
        except sqlite3.OperationalError as error:
            raise _refused(self.path, error) from error
        finally:
            db.close()

    def _connect(self) -> sqlite3.Connection:
        if not self._ready:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise _refused(self.path, error) from error
        db = sqlite3.connect(self.path, timeout=10.0, isolation_level=None)
        try:
            if not self._ready:
                db.execute(f"PRAGMA journal_mode = {'DELETE' if is_network_folder(self.path) else 'WAL'}")
                version = db.execute("PRAGMA user_version").fetchone()[0]
                if version > SCHEMA_VERSION:
                    raise UserError(
                        tr("The registry of jobs {path} was written by a newer RAVE GUI.", path=self.path),
                        tr("Install that version again, or a newer one."),
                        f"schema {version}, known {SCHEMA_VERSION}",
                        "newer-registry",
                    )
                db.executescript(SCHEMA)
                db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                self._ready = True
            db.execute("PRAGMA synchronous = NORMAL")
        except BaseException:
            db.close()
            raise
        return db

    def _set_aside(self) -> None:
        """Keep a broken database for whoever wants to look, and start an empty one."""
        stamp = time.strftime("%Y%m%d-%H%M%S")
        for suffix in ("", "-wal", "-shm"):
            path = self.path.with_name(self.path.name + suffix)
            if path.exists():
                replace_file(path, path.with_name(f"{self.path.name}.broken-{stamp}{suffix}"))
        self._ready = False


def _refused(path: Path, error: Exception) -> UserError:
    return UserError(
        tr("The registry of jobs {path} cannot be used.", path=path),
        tr("Check that its disk has free space and that the folder may be written, then try again."),
        str(error),
        "registry",
    )
