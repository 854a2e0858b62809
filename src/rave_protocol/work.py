"""A job from the working process's side: its folder, its events, its commands, and how it ends.

Shared by the engine (``rave_engine.jobs``) and by the application's own worker (``rave_gui.jobs.worker``).
"""

from __future__ import annotations

import errno
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from rave_protocol import events, jobfolder
from rave_protocol.codec import ProtocolError, decode
from rave_protocol.commands import Command
from rave_protocol.files import LineFollower, append_line, read_json
from rave_protocol.locks import OsLock
from rave_protocol.specs import JobSpec

POLL_SECONDS = 0.25
"""A command waits at most this long where the work calls :meth:`WorkContext.commands` often enough."""

NOT_MINE = 4
"""Exit code of a working process that found its job already worked on (or ended): it changed nothing."""

FINAL_STATES = frozenset({"succeeded", "failed", "cancelled", "interrupted"})
"""States of state.json after which nothing happens in a job's folder any more."""


class WorkError(Exception):
    """Something a person can fix: what happened and why (``message``), what to do (``hint``)."""

    def __init__(self, code: str, message: str, hint: str = "", details: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.details = details


class Cancelled(Exception):  # noqa: N818 - an outcome, not an error
    """The user asked for the work to end now; what is unfinished is dropped."""


class WorkContext:
    """What a working function gets besides its parameters."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cancelled = False
        self._commands = LineFollower(folder / jobfolder.COMMANDS)
        self._next_poll = 0.0
        self._next_progress = 0.0
        self._begun = time.monotonic()
        self._pending: list[Command] = []

    def emit(self, event: events.Event) -> None:
        """Append one event with the present time."""
        append_line(self.folder / jobfolder.EVENTS, events.to_json(event, time.time()))

    def log(self, text: str) -> None:
        """An event line worth showing, also printed to the log."""
        print(text, flush=True)
        self.emit(events.Log(text))

    def progress(
        self,
        done: float,
        total: float,
        *,
        unit: str = "",
        phase: str = "",
        message: str = "",
        eta: float | None = None,
        rate: float | None = None,
        force: bool = False,
    ) -> None:
        """Say how far the work is, unless ``force`` at most ten times a second, and after 20 minutes every two seconds:
        what is read from the first line on must not grow with every second of a training of days.
        """
        now = time.monotonic()
        if not force and now < self._next_progress and done < total:
            return
        self._next_progress = now + min(2.0, max(0.1, (now - self._begun) / 600))
        self.emit(events.Progress(done, total, unit, eta, phase, message, rate))

    def commands(self) -> list[Command]:
        """Commands that came since the last call; looks at the file at most every 250 ms. Cancel is answered here."""
        now = time.monotonic()
        if now >= self._next_poll:
            self._next_poll = now + POLL_SECONDS
            for data in self._commands.read():
                try:
                    command = decode(Command, data)
                except ProtocolError as error:
                    self.emit(events.Warned("bad-command", f"A command could not be read: {error}"))
                    continue
                if command.name == "cancel":
                    self.cancelled = True
                    self.ack(command)
                else:
                    self._pending.append(command)
        found, self._pending = self._pending, []
        return found

    def ack(self, command: Command, ok: bool = True, message: str = "") -> None:
        """Answer one command."""
        self.emit(events.Ack(command.id, ok, message))

    def check_cancel(self) -> None:
        """Raise :class:`Cancelled` when asked to. Other commands are refused politely: short work knows no pause."""
        for command in self.commands():
            if command.name == "stop":
                self.cancelled = True
                self.ack(command)
            else:
                self.ack(command, ok=False, message=f"{command.name} does not apply to this job")
        if self.cancelled:
            raise Cancelled


Handler = Callable[[Any, WorkContext], dict[str, Any]]
"""Does the work of one kind: its parameters and its context in, the result out."""


def run_work(
    folder: Path,
    handlers: Mapping[str, Handler],
    *,
    role: Literal["engine", "worker"],
    describe: Callable[[Exception], events.Failed | None] | None = None,
) -> int:
    """Do the job of ``folder``: take its work lock, announce, run the handler of its kind, say how it ended.

    ``describe`` turns further expected exceptions into a failed event (None: it is a bug).

    Returns the exit code: 0 finished or cancelled, 1 failed by a bug, 3 failed by something the user can fix, ``NOT_MINE``
    when the job is somebody else's, was worked on before or has ended meanwhile (a job is worked on once; retry makes a new
    one). Whatever happens short of a kill, the events end with one ``finished`` or ``failed``.
    """
    lock = OsLock(folder / jobfolder.WORK_LOCK)
    if not lock.acquire(timeout=5.0):
        print("another process works on this job", file=sys.stderr)
        return NOT_MINE
    try:
        if _over_or_begun(folder):
            print("this job was already worked on or has ended", file=sys.stderr)
            return NOT_MINE
        return _work(folder, handlers, role, describe)
    finally:
        lock.release()


def _over_or_begun(folder: Path) -> bool:
    """Whether somebody gave the job up, or worked on it, between the start of this process and its lock."""
    try:
        if read_json(folder / jobfolder.STATE).get("state") in FINAL_STATES:
            return True
    except (FileNotFoundError, ProtocolError):
        pass
    return work_begun(folder)


def work_begun(folder: Path) -> bool:
    """Whether a working process has announced itself in the job's events."""
    follower = LineFollower(folder / jobfolder.EVENTS)
    return any(
        line.get("type") == "started" and line.get("role") != "runner" for line in follower.read(1 << 20)
    )


def _work(
    folder: Path,
    handlers: Mapping[str, Handler],
    role: Literal["engine", "worker"],
    describe: Callable[[Exception], events.Failed | None] | None,
) -> int:
    job = WorkContext(folder)
    job.emit(events.Started(os.getpid(), role, {"python": sys.version.split()[0]}))
    try:
        spec = JobSpec.from_json(read_json(folder / jobfolder.SPEC))
        if spec.kind not in handlers:
            raise WorkError(
                "wrong-kind",
                f"Jobs of kind {spec.kind!r} are unknown here.",
                "The application and the engine may be of different versions: reinstall.",
            )
        result = handlers[spec.kind](spec.params, job)
    except Cancelled:
        job.emit(events.Finished(cancelled=True, stopped=True))
        return 0
    except Exception as error:  # noqa: BLE001 - the last frame of the process: a bug must still end the job visibly
        traceback.print_exc()
        failed = (describe(error) if describe else None) or describe_failure(error)
        job.emit(failed)
        return 3 if failed.user else 1
    stopped = bool(result.pop("stopped", False))
    job.emit(events.Finished(result, stopped=stopped))
    return 0


def describe_failure(error: Exception) -> events.Failed:
    """The failed event of an exception: expected ones in plain words, everything else as a bug with its traceback."""
    if isinstance(error, WorkError):
        return events.Failed(error.code, error.message, error.hint, error.details, user=True)
    if isinstance(error, ProtocolError):
        return events.Failed(
            "protocol",
            f"The job's specification cannot be read: {error}.",
            "It was written by another version of RAVE GUI: start the job anew.",
            user=True,
        )
    if isinstance(error, OSError):
        return os_failure(error)
    return events.Failed(
        "bug",
        f"{type(error).__name__}: {error}",
        "This is a fault of the program: please report it with the job's log.",
        "".join(traceback.format_exception(error)),
    )


def os_failure(error: OSError) -> events.Failed:
    """A failed event in plain words for the operating system's refusals a user can do something about."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno == errno.ENOSPC:
        return events.Failed(
            "disk-full",
            f"The disk is full{where}.",
            "Free some space, then press Retry: what was finished is kept.",
            str(error),
            user=True,
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return events.Failed(
            "not-writable",
            f"Not allowed to read or write there{where}.",
            "Choose another folder or change its permissions.",
            str(error),
            user=True,
        )
    if error.errno == errno.ENOENT:
        return events.Failed(
            "not-found",
            f"A file or folder is missing{where}.",
            "It may have been moved or deleted since the job was made.",
            str(error),
            user=True,
        )
    return events.Failed(
        "system", f"The operating system refused: {error}", "Try again.", str(error), user=True
    )
