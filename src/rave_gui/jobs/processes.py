"""A working process and everything it started, seen from outside; safe against pids that were given to somebody else."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable

import psutil


class ProcessTree:
    """Processes known to belong to one job. :meth:`look` again now and then: children of a dead parent cannot be found."""

    def __init__(self) -> None:
        self._roots: dict[int, psutil.Process] = {}
        self._children: dict[int, psutil.Process] = {}

    def __contains__(self, pid: int) -> bool:
        return pid in self._roots

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
        """End what outlived the roots: children seen before and, on POSIX, whoever is left in a root's session."""
        _kill(self._children.values())
        if sys.platform != "win32":
            for root in self._roots.values():
                if not _runs(root):
                    _kill(_left_in_session(root.pid))


def _left_in_session(leader: int) -> list[psutil.Process]:
    """Processes of the session that a process now gone had led; none when its pid was given to another since."""
    if sys.platform == "win32":
        return []
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) != leader:
                continue
            if process.pid == leader and process.status() != psutil.STATUS_ZOMBIE:
                return []
        except (OSError, psutil.Error):
            continue
        if process.pid != leader:
            found.append(process)
    return found


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _kill(processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()  # psutil refuses when the pid was given to another process since
