"""``sources.sqlite`` beside a dataset: which recording every chunk came from, and what became of every file.

It is also the journal of a build: what it holds is what LMDB holds for certain, so that an interrupted build can go on.
RAVE ignores the file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FILE_NAME = "sources.sqlite"
VERSION = 2
"""2: files have content hash, seconds cut as silence, gain; parts have a channel. Version 1 can be read."""

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE files (
    id INTEGER PRIMARY KEY,        -- place in the order of the build
    path TEXT NOT NULL,
    root TEXT NOT NULL,            -- the source it was found under
    size INTEGER NOT NULL,         -- bytes
    mtime_ns INTEGER NOT NULL,
    seconds REAL NOT NULL,         -- decoded
    lost REAL NOT NULL,            -- decoded, but in no chunk (seconds)
    sample_rate INTEGER NOT NULL,
    channels INTEGER NOT NULL,
    codec TEXT NOT NULL,
    code TEXT NOT NULL,            -- empty: nothing wrong
    reason TEXT NOT NULL,
    hash BLOB NOT NULL,            -- of the file's bytes (SHA-1); empty: not known
    trimmed REAL NOT NULL,         -- seconds cut as silence, part of lost
    gain REAL NOT NULL             -- factor applied to every sample
);
CREATE TABLE parts (               -- a chunk of joined files has several
    chunk INTEGER NOT NULL,        -- LMDB key
    position INTEGER NOT NULL,     -- first sample in the chunk
    file INTEGER NOT NULL,
    start INTEGER NOT NULL,        -- first sample in the file, at the dataset's rate
    length INTEGER NOT NULL,       -- samples
    channel INTEGER NOT NULL,      -- channel of the file, where each is by itself; -1: all that the dataset has
    PRIMARY KEY (chunk, position)
) WITHOUT ROWID;
CREATE INDEX parts_of_file ON parts (file);
CREATE TABLE chunks (id INTEGER PRIMARY KEY, hash BLOB NOT NULL);
"""


@dataclass(frozen=True)
class FileRow:
    """One recording as it was read; see the table's comments."""

    id: int
    path: str
    root: str
    size: int
    mtime_ns: int
    seconds: float
    lost: float
    sample_rate: int
    channels: int
    codec: str
    code: str = ""
    reason: str = ""
    hash: bytes = b""
    trimmed: float = 0.0
    gain: float = 1.0


@dataclass(frozen=True)
class Part:
    """Samples ``start`` to ``start + length`` of ``file`` lie at ``position`` in ``chunk``."""

    chunk: int
    position: int
    file: int
    start: int
    length: int
    channel: int = -1


class Sidecar:
    """The opened database. Everything between two :meth:`commit` calls is lost or kept together."""

    def __init__(self, path: Path, *, create: bool = False, read_only: bool = False) -> None:
        """Open ``path``. Raises :class:`sqlite3.Error` when it is not such a database."""
        if read_only:
            # immutable: no lock and no journal file, so that a dataset on read-only media opens too. A browser reads from one thread
            # at a time, but not always from the same.
            uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
            self._db = sqlite3.connect(uri, uri=True, check_same_thread=False)
        else:
            self._db = sqlite3.connect(path)
            # A dying process loses nothing by this; a dying machine is noticed by the boot id (see build.py).
            self._db.execute("PRAGMA synchronous = OFF")
        if create:
            with self._db:
                self._db.executescript(_SCHEMA)
                self.set("version", str(VERSION))

    @cached_property
    def version(self) -> int:
        """The version that the file was made by."""
        return int(self.get("version", "1"))

    def get(self, key: str, default: str = "") -> str:
        """A value of the table ``meta``."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else default

    def set(self, key: str, value: str) -> None:
        """Set a value of the table ``meta``."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def add_file(self, row: FileRow) -> None:
        """Add one file, or replace what was known of it."""
        self._db.execute(
            "INSERT OR REPLACE INTO files VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                row.id, row.path, row.root, row.size, row.mtime_ns, row.seconds, row.lost, row.sample_rate, row.channels,
                row.codec, row.code, row.reason, row.hash, row.trimmed, row.gain,
            ),
        )  # fmt: skip

    def add_chunk(self, chunk: int, digest: bytes, parts: Iterable[Part]) -> None:
        """Add one chunk with the parts it is made of."""
        self._db.execute("INSERT INTO chunks VALUES (?, ?)", (chunk, digest))
        self._db.executemany(
            "INSERT INTO parts VALUES (?,?,?,?,?,?)",
            [(p.chunk, p.position, p.file, p.start, p.length, p.channel) for p in parts],
        )

    def chunk_count(self) -> int:
        """Chunks recorded."""
        return int(self._db.execute("SELECT COUNT(*) FROM chunks").fetchone()[0])

    def file_count(self) -> int:
        """Files recorded."""
        return int(self._db.execute("SELECT COUNT(*) FROM files").fetchone()[0])

    def chunk_hash(self, chunk: int) -> bytes | None:
        """The hash of a chunk's samples (SHA-1), or None."""
        row = self._db.execute("SELECT hash FROM chunks WHERE id = ?", (chunk,)).fetchone()
        return bytes(row[0]) if row else None

    def parts(self, chunk: int) -> list[Part]:
        """Where the samples of a chunk came from, in order."""
        columns = "chunk, position, file, start, length" + (", channel" if self.version > 1 else "")
        rows = self._db.execute(
            f"SELECT {columns} FROM parts WHERE chunk = ? ORDER BY position",  # noqa: S608 - no input
            (chunk,),
        )
        return [Part(*row) for row in rows]

    def separable(self) -> list[tuple[int, str, bytes, int]]:
        """Recordings none of whose chunks holds sound of another: id, path, content hash, number of chunks."""
        rows = self._db.execute(
            "SELECT files.id, files.path, files.hash, COUNT(DISTINCT parts.chunk) "
            "FROM parts JOIN files ON files.id = parts.file WHERE parts.file NOT IN (SELECT file FROM parts "
            "WHERE chunk IN (SELECT chunk FROM parts GROUP BY chunk HAVING COUNT(DISTINCT file) > 1)) GROUP BY files.id"
        )
        return [(int(i), str(path), bytes(content), int(n)) for i, path, content, n in rows]

    def chunks_of(self, file: int) -> list[int]:
        """Chunks that hold sound of a recording."""
        rows = self._db.execute("SELECT DISTINCT chunk FROM parts WHERE file = ? ORDER BY chunk", (file,))
        return [int(row[0]) for row in rows]

    def file(self, index: int) -> FileRow | None:
        """One file by its id."""
        row = self._db.execute("SELECT * FROM files WHERE id = ?", (index,)).fetchone()
        return FileRow(*row) if row else None

    def files(self, *, problems_only: bool = False) -> list[FileRow]:
        """All files in the order of the build."""
        where = " WHERE code != ''" if problems_only else ""
        return [FileRow(*row) for row in self._db.execute(f"SELECT * FROM files{where} ORDER BY id")]  # noqa: S608 - no input

    def truncate(self, chunks: int, files: int) -> None:
        """Forget chunks from number ``chunks`` on and files from number ``files`` on."""
        self._db.execute("DELETE FROM chunks WHERE id >= ?", (chunks,))
        self._db.execute("DELETE FROM parts WHERE chunk >= ?", (chunks,))
        self._db.execute("DELETE FROM files WHERE id >= ?", (files,))

    def lose(self, file: int, seconds: float) -> None:
        """Add to what a file lost."""
        self._db.execute("UPDATE files SET lost = lost + ? WHERE id = ?", (seconds, file))

    def known_hashes(self) -> dict[tuple[int, bytes], str]:
        """Paths of files that are in the dataset, by size and content hash."""
        rows = self._db.execute("SELECT size, hash, path FROM files WHERE hash != x'' AND seconds > 0")
        return {(int(size), bytes(content)): str(path) for size, content, path in rows}

    def account(self) -> tuple[float, float]:
        """Seconds of sound in chunks (once each, however often a chunk holds them), and seconds decoded that are in none."""
        usable, lost = self._db.execute(
            "SELECT COALESCE(SUM(MAX(0, seconds - lost)), 0), COALESCE(SUM(lost), 0) FROM files"
        ).fetchone()
        return float(usable), float(lost)

    def commit(self, *, durable: bool = False) -> None:
        """Keep together what was added since the last time; ``durable``: also through a failure of the power."""
        self._db.commit()
        if durable:
            self._db.execute("PRAGMA synchronous = FULL")
            self.set("complete", "1")
            self._db.commit()

    def close(self) -> None:
        """Close without committing."""
        self._db.close()
