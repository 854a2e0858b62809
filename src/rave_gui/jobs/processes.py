"""A working process and everything it started, seen from outside; safe against pids that were given to somebody else."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

import psutil


class ProcessTree:
    """Processes known to belong to one job. :meth:`look` again now and then: children of a dead parent cannot be found."""

    def __init__(self) -> None:
        self._roots: dict[int, psutil.Process] = {}
        self._children: dict[int, psutil.Process] = {}

    def add(self, pid: int | None) -> None:
        """Watch the process with this pid (and its children) from now on, if it exists."""
        if pid is None or pid in self._roots:
            return
        with contextlib.suppress(psutil.Error):
            self._roots[pid] = psutil.Process(pid)

    def look(self) -> None:
        """Note the children there are now."""
        for root in self._roots.values():
            with contextlib.suppress(psutil.Error):
                for child in root.children(recursive=True):
                    self._children.setdefault(child.pid, child)

    def alive(self) -> bool:
        """Whether a root still runs (a zombie does not)."""
        return any(_runs(process) for process in self._roots.values())

    def terminate(self) -> None:
        """Ask the roots to end (Windows: ends them)."""
        self.look()
        for process in self._roots.values():
            with contextlib.suppress(psutil.Error):
                process.terminate()

    def kill(self) -> None:
        """End roots and children at once."""
        self.look()
        _kill(self._roots.values())
        _kill(self._children.values())

    def kill_orphans(self) -> None:
        """End children that outlived the roots."""
        _kill(self._children.values())


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _kill(processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()  # psutil refuses when the pid was given to another process since
