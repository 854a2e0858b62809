"""Writing chunks to LMDB: in order, in batches, with a map that grows as it fills."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lmdb
import numpy as np
import numpy.typing as npt

from rave_gui.datasets.record import BadRecordError, decode, key

BATCH_BYTES = 2 << 20
"""Bytes put into one transaction. LMDB holds them in memory until it is committed; small batches stay in the processor's
cache and cost a third of the time of large ones."""
_FIRST_MAP = 16 << 20
_STEP = 256 << 20
"""Growth at most: Windows preallocates the whole map, a fixed huge one (upstream: 100 GB) fails on small disks."""


FLUSH_SECONDS = 0.7
_flush_file: Callable[[int], None] | None = getattr(os, "fdatasync", None)
"""Where there is none (Windows, macOS), the end takes as long as it takes."""


class Flusher:
    """Brings what is written to the disk while the decoders work, so that little is left to wait for at the end.

    Only a head start: :meth:`ChunkStore.finish` makes sure, and an error of the disk is reported there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread: threading.Thread | None = None
        self._next = time.monotonic() + FLUSH_SECONDS

    def kick(self) -> None:
        """Begin another flush when the last one is done and some time ago; costs nothing otherwise."""
        if _flush_file is None or time.monotonic() < self._next:
            return
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._flush, name="flush", daemon=True)
            self._thread.start()
        self._next = time.monotonic() + FLUSH_SECONDS

    def _flush(self) -> None:
        assert _flush_file is not None
        with contextlib.suppress(OSError), self._path.open("rb") as file:
            _flush_file(file.fileno())

    def end(self) -> None:
        """Wait for the flush under way."""
        if self._thread is not None:
            self._thread.join()


class ChunkStore:
    """The LMDB environment of a dataset that is being built; nobody else opens it, so it has no lock file."""

    def __init__(self, folder: Path) -> None:
        data = folder / "data.mdb"
        size = data.stat().st_size if data.exists() else 0
        self._env: Any = lmdb.open(
            str(folder), map_size=size + _FIRST_MAP, lock=False, sync=False, metasync=False, meminit=False
        )
        self._flusher = Flusher(data)
        self._transaction: Any = None
        self._uncommitted = 0
        self._page = int(self._env.stat()["psize"])

    def put(self, index: int, record: bytes | bytearray) -> bool:
        """Store the chunk ``index`` (indices rise by one). True when a batch is full and :meth:`commit` is due."""
        if self._transaction is None:
            self._begin(len(record))
        self._transaction.put(key(index), record, append=True)
        self._uncommitted += len(record) + self._page
        return self._uncommitted >= BATCH_BYTES

    def _begin(self, record: int) -> None:
        need = 4 * BATCH_BYTES + 4 * record
        info = self._env.info()
        used = (info["last_pgno"] + 1) * self._page
        if info["map_size"] - used < need:
            size = used + need + min(_STEP, used // 2)
            self._env.set_mapsize(size + -size % self._page)
        self._transaction = self._env.begin(write=True)

    def commit(self) -> None:
        """Hand what was put to the operating system: it survives the death of this process from here on."""
        if self._transaction is not None:
            transaction, self._transaction = self._transaction, None
            self._uncommitted = 0
            transaction.commit()
            self._flusher.kick()

    def truncate(self, count: int) -> None:
        """Remove every chunk from ``count`` on (what an interrupted build wrote without recording it)."""
        with self._env.begin(write=True) as transaction:
            cursor = transaction.cursor()
            while cursor.set_range(key(count)):
                cursor.delete()

    def audio(self, index: int, channels: int) -> npt.NDArray[np.int16]:
        """A committed chunk, int16 [channels, samples]."""
        with self._env.begin() as transaction:
            audio = decode(transaction.get(key(index), b""), channels).audio
        if audio is None:
            raise BadRecordError(f"chunk {index} holds no sound")
        return audio

    def count(self) -> int:
        """Chunks stored and committed."""
        return int(self._env.stat()["entries"])

    def finish(self) -> None:
        """Commit, bring everything to the disk, close."""
        self.commit()
        self._flusher.end()
        self._env.sync(True)
        self._env.close()

    def abort(self) -> None:
        """Close without the uncommitted batch."""
        if self._transaction is not None:
            self._transaction.abort()
            self._transaction = None
        self._flusher.end()
        self._env.close()
