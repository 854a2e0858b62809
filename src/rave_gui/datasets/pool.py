"""A pool of decoding processes that survives whatever a file does to them.

Unlike the standard library's pools it notices a process that died or fell silent, gives that file up with a reason, and goes
on with a fresh process. Works the same spawned, frozen and on every system.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from rave_gui.audio.problems import AudioProblem
from rave_gui.datasets.messages import Beat, Outcome, Settings, Task
from rave_gui.i18n import tr

SILENCE_SECONDS = 60.0
"""A busy process that was not heard of for so long is stuck."""
START_SECONDS = 120.0
"""The same for a process that has never answered yet: it may still be starting on a loaded machine."""


def usable_cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _work(connection: Connection, settings: Settings) -> None:
    # Imported in the child only: the building process itself needs no decoder.
    from rave_gui.datasets.worker import serve

    serve(connection, settings)


@dataclass
class _Worker:
    process: SpawnProcess
    connection: Any  # Connection or, on Windows, PipeConnection
    task: Task | None = None
    heard: float = 0.0
    answered: bool = False


class DecodePool:
    """Hands tasks to processes; :meth:`events` gives back what they say. A context manager: leaving ends every process."""

    def __init__(self, settings: Settings, workers: int, *, silence_seconds: float = SILENCE_SECONDS) -> None:
        self._settings = settings
        self._silence = silence_seconds
        self._context = multiprocessing.get_context("spawn")
        self._workers = [self._start() for _ in range(max(1, workers))]

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_work, args=(theirs, self._settings), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return [worker.process.pid or 0 for worker in self._workers]

    @property
    def busy(self) -> int:
        """How many files are being decoded."""
        return sum(worker.task is not None for worker in self._workers)

    @property
    def free(self) -> int:
        """How many processes wait for a file."""
        return len(self._workers) - self.busy

    def suspend(self, pause: bool) -> None:
        """Stop every process where it is, or let it go on."""
        import psutil

        now = time.monotonic()
        for worker in self._workers:
            worker.heard = now
            try:
                process = psutil.Process(worker.process.pid)
                process.suspend() if pause else process.resume()
            except psutil.Error:
                continue  # it died: the next look for events says so

    def submit(self, task: Task) -> None:
        """Give a file to a free process (there must be one)."""
        worker = next(worker for worker in self._workers if worker.task is None)
        worker.task, worker.heard = task, time.monotonic()
        try:
            worker.connection.send(task)
        except OSError:
            # It died while idle; the file is not to blame.
            self._replace(worker)
            fresh = self._workers[-1]
            fresh.task, fresh.heard = task, time.monotonic()
            fresh.connection.send(task)

    def events(self, timeout: float) -> Iterator[Beat | Outcome]:
        """What arrived within ``timeout`` seconds; a dead or stuck process gives an outcome with a problem."""
        busy = [worker for worker in self._workers if worker.task is not None]
        ready = set(wait([worker.connection for worker in busy], timeout))
        now = time.monotonic()
        for worker in busy:
            if worker.connection in ready:
                try:
                    message = worker.connection.recv()
                except (EOFError, OSError):
                    yield self._lost(worker, "crashed", tr("The decoder crashed on this file."))
                    continue
                worker.heard, worker.answered = now, True
                if isinstance(message, Outcome):
                    worker.task = None
                yield message
            elif now - worker.heard > (
                self._silence if worker.answered else max(self._silence, START_SECONDS)
            ):
                reason = tr(
                    "The decoder did not get on with this file for {seconds} s.",
                    seconds=f"{self._silence:.0f}",
                )
                yield self._lost(worker, "hang", reason)

    def _lost(self, worker: _Worker, code: str, reason: str) -> Outcome:
        task = worker.task
        assert task is not None
        self._replace(worker)
        return Outcome(task.index, problem=AudioProblem(task.path, code, reason))

    def _replace(self, worker: _Worker) -> None:
        self._end(worker)
        self._workers.remove(worker)
        self._workers.append(self._start())

    def _end(self, worker: _Worker) -> None:
        worker.process.kill()
        worker.process.join()
        worker.connection.close()
        worker.process.close()

    def __enter__(self) -> DecodePool:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            self._end(worker)
        self._workers = []
