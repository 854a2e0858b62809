"""Where chunks came from, asked of the sidecar for many chunks at once; may be used from any thread."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rave_gui.datasets.sidecar import FILE_NAME

_MANY = 500
"""Placeholders in one question; SQLite's oldest limit is 999."""


@dataclass(frozen=True)
class Source:
    """One recording of a dataset."""

    id: int
    path: str
    name: str
    seconds: float
    chunks: int
    problem: str = ""


@dataclass(frozen=True)
class Place:
    """The first sample of a chunk: file id, sample in that file, and of how many files' pieces the chunk is made."""

    file: int
    start: int
    parts: int


class Origins:
    """The sidecar of a dataset, read-only. Without one (upstream's datasets) every answer is empty."""

    def __init__(self, dataset: Path) -> None:
        self._lock = threading.Lock()
        path = dataset / FILE_NAME
        self._db: sqlite3.Connection | None = None
        if path.is_file():
            uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
            self._db = sqlite3.connect(uri, uri=True, check_same_thread=False)
        self.known = self._db is not None
        """Whether there is a sidecar that can be read; becomes False where it turns out to be damaged."""
        # Not counted: that would read the whole file, 0.3 s for a million chunks that are not in memory.
        for table in ("files", "parts", "chunks"):
            self._ask(f"SELECT * FROM {table} LIMIT 1")  # noqa: S608

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._db is not None:
            self._db.close()

    def _ask(self, question: str, values: Sequence[object] = ()) -> list[Any]:
        if self._db is None or not self.known:
            return []
        try:
            with self._lock, closing(self._db.execute(question, values)) as cursor:
                return cursor.fetchall()
        except (sqlite3.DatabaseError, OverflowError):
            # Damaged: from here on nothing is known, and a check says so.
            self.known = False
            return []

    def sources(self) -> list[Source]:
        """The recordings in the order of the build."""
        counts = dict(self._ask("SELECT file, COUNT(DISTINCT chunk) FROM parts GROUP BY file"))
        rows = self._ask("SELECT id, path, seconds, reason FROM files ORDER BY id")
        return [
            Source(number, path, Path(path).name, float(seconds), int(counts.get(number, 0)), str(reason))
            for number, path, seconds, reason in rows
            if isinstance(number, int) and isinstance(path, str) and isinstance(seconds, (int, float))
        ]

    def names(self) -> dict[int, str]:
        """Paths of the recordings by number: at once, where :meth:`sources` has to count the chunks of each."""
        rows = self._ask("SELECT id, path FROM files")
        return {number: path for number, path in rows if isinstance(number, int) and isinstance(path, str)}

    def file_id(self, path: str) -> int | None:
        """The number of a recording, or None."""
        rows = self._ask("SELECT id FROM files WHERE path = ?", (path,))
        return int(rows[0][0]) if rows else None

    def chunks_of(self, file: int) -> npt.NDArray[np.int64]:
        """LMDB keys (as numbers) of the chunks that hold sound of a recording, rising."""
        rows = self._ask("SELECT DISTINCT chunk FROM parts WHERE file = ? ORDER BY chunk", (file,))
        return np.array([row[0] for row in _whole(rows)], np.int64)

    def places(self, chunks: Sequence[int]) -> dict[int, Place]:
        """Where some chunks (LMDB keys as numbers) begin."""
        found: dict[int, Place] = {}
        for begin in range(0, len(chunks), _MANY):
            some = chunks[begin : begin + _MANY]
            holes = ",".join("?" * len(some))
            rows = self._ask(
                f"SELECT chunk, file, start FROM parts WHERE chunk IN ({holes}) ORDER BY chunk, position",  # noqa: S608
                some,
            )
            for chunk, file, start in _whole(rows):
                known = found.get(chunk)
                found[chunk] = (
                    Place(known.file, known.start, known.parts + 1) if known else Place(file, start, 1)
                )
        return found

    def parts(self, chunk: int) -> list[tuple[int, int, int, int]]:
        """The pieces of one chunk: (position, length, file, start), in samples."""
        rows = self._ask(
            "SELECT position, length, file, start FROM parts WHERE chunk = ? ORDER BY position", (chunk,)
        )
        return [(a, b, c, d) for a, b, c, d in _whole(rows)]

    def hashes(self, chunks: Sequence[int]) -> dict[int, bytes]:
        """Recorded content hashes of some chunks."""
        found: dict[int, bytes] = {}
        for begin in range(0, len(chunks), _MANY):
            some = chunks[begin : begin + _MANY]
            holes = ",".join("?" * len(some))
            rows = self._ask(f"SELECT id, hash FROM chunks WHERE id IN ({holes})", some)  # noqa: S608
            found.update((number, value) for number, value in rows if isinstance(value, bytes))
        return found

    def all_first_parts(self) -> npt.NDArray[np.int64]:
        """For every chunk its key, file and first sample: int64 [chunks, 3], by key."""
        rows = self._ask("SELECT chunk, file, start FROM parts WHERE position = 0 ORDER BY chunk")
        return np.array(_whole(rows), np.int64).reshape(-1, 3)

    def all_files_of_chunks(self) -> npt.NDArray[np.int64]:
        """Every pair of chunk and file: int64 [pairs, 2], by chunk."""
        rows = self._ask("SELECT DISTINCT chunk, file FROM parts ORDER BY chunk")
        return np.array(_whole(rows), np.int64).reshape(-1, 2)

    def all_hashes(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bytes_]]:
        """Keys of all chunks and the content hash of each as bytes of 20."""
        rows = self._ask("SELECT id, hash FROM chunks ORDER BY id")
        rows = [row for row in rows if isinstance(row[0], int) and isinstance(row[1], bytes)]
        keys = np.array([row[0] for row in rows], np.int64)
        return keys, np.frombuffer(b"".join(row[1][:20].ljust(20, b"\0") for row in rows), "V20").view("S20")


def _whole(rows: list[Any]) -> list[Any]:
    """Rows that hold numbers only: a damaged database may hold anything."""
    return [row for row in rows if all(isinstance(value, int) for value in row)]
