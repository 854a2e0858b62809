"""Decoding processes before they know what to decode. Starting one takes as long as importing a decoder, so the first of a build are
started before anything else is done; nothing heavy is imported here.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

EARLY = 4
"""Processes started before it is known how many files there are, at most."""


def usable_cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def work(connection: Connection) -> None:
    """The process's whole life: settings and shared memory come first, then files."""
    # Imported in the child only: the building process itself needs no decoder.
    from rave_gui.datasets.slots import Slots
    from rave_gui.datasets.worker import serve

    try:
        settings, shared = connection.recv()
    except (EOFError, OSError):  # not needed after all
        return
    serve(connection, settings, Slots(*shared) if shared else None)


@dataclass
class Started:
    """A process and our end of its pipe."""

    process: SpawnProcess
    connection: Any  # Connection or, on Windows, PipeConnection

    def end(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.join()
        self.connection.close()
        self.process.close()


_SETTINGS = {
    "OPENBLAS_NUM_THREADS": "1",  # numpy's threads would spin on the cores that decode
    # glibc gives a block of sound back to the system and takes it anew each time unless it may keep that much.
    "MALLOC_MMAP_THRESHOLD_": str(4 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(32 << 20),
}


def start() -> Started:
    """A process that waits for its settings."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs,), daemon=True)
    with _environment():
        process.start()
    theirs.close()
    return Started(process, ours)


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    """What decoders need is in the environment while one is started: it inherits it."""
    missing = {name: value for name, value in _SETTINGS.items() if name not in os.environ}
    os.environ.update(missing)
    try:
        yield
    finally:
        for name in missing:
            del os.environ[name]


@dataclass
class Waiting:
    """Processes that come up meanwhile. A context manager: leaving ends those nobody has taken."""

    processes: list[Started] = field(default_factory=list)

    @classmethod
    def begin(cls) -> Waiting:
        """As many as there are cores, within :data:`EARLY`."""
        return cls([start() for _ in range(min(usable_cores(), EARLY))])

    def take(self) -> Started:
        """One of them, or a new one."""
        return self.processes.pop() if self.processes else start()

    def __enter__(self) -> Waiting:
        return self

    def __exit__(self, *_: object) -> None:
        while self.processes:
            self.processes.pop().end()
