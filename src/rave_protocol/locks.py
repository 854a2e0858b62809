"""Locks that the operating system drops when their holder dies, however it dies.

"Alive" means: holds its lock. The text inside the file (host, boot, pid, start time) only says who; it is never believed
without the lock. Locks of another host (a shared folder) cannot be judged from here and are reported as such.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
import weakref
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Holder:
    """Who wrote the lock file."""

    pid: int
    host: str
    boot: str
    started: float
    machine: str = ""
    """Stays the same when the host is renamed; see :func:`machine_id`."""


def boot_id() -> str:
    """A value that changes with every boot, or an empty string where the system gives none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def machine_id() -> str:
    """What tells this machine from the others that share a folder: the system's own id, otherwise the host name."""
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        try:
            text = Path(path).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if text:
            return text
    return socket.gethostname()


def this_process() -> Holder:
    """The holder record of the calling process."""
    return Holder(os.getpid(), socket.gethostname(), boot_id(), time.time(), machine_id())


if sys.platform == "win32":
    import msvcrt

    def _lock(fd: int) -> bool:
        # A byte far past the text is locked, so that others can still read who holds the file.
        os.lseek(fd, 1 << 30, os.SEEK_SET)
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _probe(fd: int) -> bool:
        # Two probes at once collide here (there is no shared lock), so one refusal is not believed.
        for _ in range(3):
            if _lock(fd):
                return True
            time.sleep(0.005)
        return False

else:
    import fcntl

    def _lock(fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _probe(fd: int) -> bool:
        # Shared, so that processes that only ask never see each other.
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


class OsLock:
    """An exclusive lock on one file; held until :meth:`release` or the death of the process (and of no child: not inherited)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None
        _held.add(self)

    def acquire(self, timeout: float = 0.0) -> bool:
        """Take the lock, trying for ``timeout`` seconds. True when this object holds it."""
        if self._fd is not None:
            return True
        self.path.parent.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + timeout
        while True:
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
            if _lock(fd):
                try:
                    os.ftruncate(fd, 0)
                    os.lseek(fd, 0, os.SEEK_SET)
                    os.write(fd, json.dumps(asdict(this_process())).encode())
                except OSError:  # a full disk: whoever tries again later must find the lock free
                    os.close(fd)
                    raise
                self._fd = fd
                return True
            os.close(fd)
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)

    def release(self) -> None:
        """Give the lock back; the file stays (removing it would race with the next holder)."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._fd is not None

    def __enter__(self) -> OsLock:
        if not self.acquire(timeout=10.0):
            raise TimeoutError(f"{self.path} is locked")
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


_held: weakref.WeakSet[OsLock] = weakref.WeakSet()


def _drop_after_fork() -> None:
    """A forked child shares the parent's open file and would keep its locks alive past the parent's death."""
    for lock in list(_held):
        lock.release()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_drop_after_fork)


def is_held(path: Path) -> bool:
    """Whether some process on this machine holds the lock of ``path`` now. A missing file is not held."""
    try:
        fd = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _probe(fd)
    finally:
        os.close(fd)


def holder(path: Path) -> Holder | None:
    """Who last wrote the lock file, or None. Says nothing about being alive: ask :func:`is_held`."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return Holder(
            int(data["pid"]),
            str(data["host"]),
            str(data["boot"]),
            float(data["started"]),
            str(data.get("machine", "")),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
