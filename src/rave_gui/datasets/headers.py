"""Processes that read the headers of files: what a malformed one does to its reader costs a process, never the application."""

from __future__ import annotations

import multiprocessing
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from rave_gui.audio.problems import AudioInfo, AudioProblem
from rave_gui.i18n import tr

BATCH = 32
"""Files sent to a process at a time."""
HANG_SECONDS = 20.0
START_SECONDS = 60.0

Answer = AudioInfo | AudioProblem


def _serve(connection: Connection) -> None:
    """The whole life of a reading process: a list of paths in, as many answers out."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from rave_gui.audio.decode import probe

    try:
        while True:
            paths: list[str] = connection.recv()
            connection.send([probe(path) for path in paths])
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


@dataclass
class _Reader:
    process: SpawnProcess
    connection: Any
    paths: list[str] = field(default_factory=list)
    since: float = 0.0
    answered: bool = False


class HeaderPool:
    """Reads headers in processes of its own. A context manager: leaving ends them. Nothing is started before the first file."""

    def __init__(self, workers: int, *, hang_seconds: float = HANG_SECONDS) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._limit = max(1, workers)
        self._hang = hang_seconds
        self._readers: list[_Reader] = []
        self._waiting: deque[list[str]] = deque()
        self._open: list[str] = []

    def add(self, path: str) -> None:
        """Queue one file."""
        self._open.append(path)
        if len(self._open) >= BATCH or self._idle():
            self._waiting.append(self._open)
            self._open = []
            self._hand_out()

    @property
    def pending(self) -> int:
        """Files queued or being read."""
        return len(self._open) + sum(map(len, self._waiting)) + sum(len(r.paths) for r in self._readers)

    def _idle(self) -> bool:
        return len(self._readers) < self._limit or any(not reader.paths for reader in self._readers)

    def _hand_out(self) -> None:
        while self._waiting:
            reader = next((reader for reader in self._readers if not reader.paths), None)
            if reader is None:
                if len(self._readers) >= self._limit:
                    return
                reader = self._start()
                self._readers.append(reader)
            paths = self._waiting.popleft()
            reader.paths, reader.since = paths, time.monotonic()
            try:
                reader.connection.send(paths)
            except OSError:
                self._waiting.appendleft(paths)
                self._end(reader)

    def _start(self) -> _Reader:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        return _Reader(process, ours)

    def _end(self, reader: _Reader) -> None:
        self._readers.remove(reader)
        reader.process.kill()
        reader.process.join()
        reader.connection.close()
        reader.process.close()

    def answers(self, timeout: float) -> Iterator[tuple[str, Answer]]:
        """What was read within ``timeout`` seconds, path by path."""
        if self._open and self._idle():
            self._waiting.append(self._open)
            self._open = []
        self._hand_out()
        busy = [reader for reader in self._readers if reader.paths]
        ready = set(wait([reader.connection for reader in busy], timeout))
        now = time.monotonic()
        for reader in busy:
            if reader.connection in ready:
                try:
                    found: list[Answer] = reader.connection.recv()
                except (EOFError, OSError):
                    yield from self._lost(
                        reader, "crashed", tr("The header of this file makes the decoder crash.")
                    )
                    continue
                paths, reader.paths, reader.answered = reader.paths, [], True
                yield from zip(paths, found, strict=True)
            elif now - reader.since > (self._hang if reader.answered else max(self._hang, START_SECONDS)):
                yield from self._lost(
                    reader, "hang", tr("The header of this file cannot be read in reasonable time.")
                )
        self._hand_out()

    def _lost(self, reader: _Reader, code: str, reason: str) -> Iterator[tuple[str, Answer]]:
        paths = reader.paths
        self._end(reader)
        if len(paths) == 1:
            yield paths[0], AudioProblem(paths[0], code, reason)
            return
        self._waiting.extend([path] for path in paths)  # one of them is to blame: each by itself

    def __enter__(self) -> HeaderPool:
        return self

    def __exit__(self, *_: object) -> None:
        for reader in list(self._readers):
            self._end(reader)


def read_all(
    paths: Iterator[str], pool: HeaderPool, stop: Callable[[], bool], *, ahead: int = 4096
) -> Iterator[tuple[str, Answer]]:
    """Answers for every path, as they come; ends early when ``stop()``. No more than ``ahead`` files are queued at a time."""
    more = True
    while more or pool.pending:
        if stop():
            return
        deadline = time.monotonic() + 0.05
        while more and pool.pending < ahead and time.monotonic() < deadline:
            path = next(paths, None)
            if path is None:
                more = False
            else:
                pool.add(path)
        yield from pool.answers(0.0 if more and pool.pending < ahead else 0.05)
