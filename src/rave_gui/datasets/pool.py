"""A pool of decoding processes that survives whatever a file does to them.

Unlike the standard library's pools it notices a process that died or fell silent, gives that file up with a reason, and goes
on with a fresh process. Works the same spawned, frozen and on every system.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any

from rave_gui.audio.problems import AudioProblem
from rave_gui.datasets.decoders import Started, Waiting
from rave_gui.datasets.messages import Beat, Freed, Outcome, Settings, Task, slots_path
from rave_gui.datasets.slots import Slots, Taker
from rave_gui.i18n import tr

SILENCE_SECONDS = 60.0
"""A busy process that was not heard of for so long is stuck."""
START_SECONDS = 120.0
"""The same for a process that has never answered yet: it may still be starting on a loaded machine."""


@dataclass
class _Worker:
    started: Started
    taker: Taker | None = None
    task: Task | None = None
    heard: float = 0.0
    answered: bool = False

    @property
    def connection(self) -> Any:
        """Our end of its pipe."""
        return self.started.connection


class DecodePool:
    """Hands tasks to processes; :meth:`events` gives back what they say. A context manager: leaving ends every process."""

    def __init__(
        self,
        settings: Settings,
        workers: int,
        *,
        silence_seconds: float = SILENCE_SECONDS,
        shared: bool = False,
        decoders: Waiting | None = None,
    ) -> None:
        """``decoders``: processes that were started before. With ``shared``, large results come through memory in the folder of the spool; each such piece is to be taken from
        :meth:`taker_of` its file.
        """
        self._settings = settings
        self._shared = shared
        self._started = 0
        self._takers: dict[int, Taker] = {}
        """By file: where its pieces lie. Of a process that is gone, too: what it handed over stays good."""
        self._slots: list[Slots] = []
        self._silence = silence_seconds
        self._decoders = decoders or Waiting()
        self._workers = [self._start() for _ in range(max(1, workers))]

    def _start(self) -> _Worker:
        started = self._decoders.take()
        slots = self._new_slots()
        with contextlib.suppress(OSError):  # it died already: the first file says so
            started.connection.send(
                (self._settings, (slots.path, slots.size, slots.count) if slots else None)
            )

        def give_back(count: int) -> None:
            with contextlib.suppress(OSError):  # it died: nobody waits for the places
                started.connection.send(Freed(count))

        return _Worker(started, Taker(slots, give_back) if slots else None)

    def _new_slots(self) -> Slots | None:
        if not self._shared:
            return None
        self._started += 1
        size = 2 * self._settings.channels * self._settings.chunk
        slots = Slots.create(slots_path(self._settings.spool, self._started), size)
        if slots is not None:
            self._slots.append(slots)
        return slots

    def taker_of(self, index: int) -> Taker:
        """Where the pieces of a file lie that say they are in shared memory."""
        return self._takers[index]

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return [worker.started.process.pid or 0 for worker in self._workers]

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
                process = psutil.Process(worker.started.process.pid)
                process.suspend() if pause else process.resume()
            except psutil.Error:
                continue  # it died: the next look for events says so

    def submit(self, task: Task) -> None:
        """Give a file to a free process (there must be one)."""
        worker = next(worker for worker in self._workers if worker.task is None)
        if worker.taker is not None:
            self._takers[task.index] = worker.taker
        worker.task, worker.heard = task, time.monotonic()
        try:
            worker.connection.send(task)
        except OSError:
            # It died while idle; the file is not to blame.
            self._replace(worker)
            fresh = self._workers[-1]
            if fresh.taker is not None:
                self._takers[task.index] = fresh.taker
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
        worker.started.end()
        self._workers.remove(worker)
        self._workers.append(self._start())

    def __enter__(self) -> DecodePool:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.started.end()
        self._workers = []
        for slots in self._slots:
            slots.close(remove=True)
