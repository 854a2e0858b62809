"""A job's folder on disk: made whole or not at all, read whatever is wrong in it."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.jobs.freeze import frozen
from rave_gui.jobs.state import JobState
from rave_protocol import jobfolder
from rave_protocol.codec import ProtocolError
from rave_protocol.files import read_json, replace_file, write_json
from rave_protocol.locks import OsLock, is_held, machine_id
from rave_protocol.specs import JobSpec


@dataclass(frozen=True)
class JobFolder:
    """``jobs/<id>/``; :mod:`rave_protocol.jobfolder` names what is in it."""

    path: Path

    @property
    def id(self) -> str:
        """The job's id is the folder's name."""
        return self.path.name

    @property
    def events(self) -> Path:
        """Written by the working process."""
        return self.path / jobfolder.EVENTS

    @property
    def commands(self) -> Path:
        """Written by whoever asks something of the job."""
        return self.path / jobfolder.COMMANDS

    @property
    def log(self) -> Path:
        """Everything the working process and the runner print."""
        return self.path / jobfolder.LOG

    def exists(self) -> bool:
        """Whether there is a job here."""
        return (self.path / jobfolder.SPEC).is_file()

    def read_spec(self) -> JobSpec:
        """Raises :class:`ProtocolError` (unreadable, other version) or :class:`OSError`."""
        return JobSpec.from_json(read_json(self.path / jobfolder.SPEC))

    def read_state(self) -> JobState:
        """The state last written; a missing or broken state.json counts as a job just queued."""
        for attempt in range(5):
            try:
                return JobState.from_json(read_json(self.path / jobfolder.STATE))
            except (FileNotFoundError, NotADirectoryError, ProtocolError):
                break
            except PermissionError:  # Windows, while the file is being replaced
                if attempt == 4:
                    raise
                time.sleep(0.02)
        return JobState()

    def write_state(self, state: JobState) -> None:
        """Replace state.json; only for the holder of the runner lock. Raises :class:`OSError`."""
        write_json(self.path / jobfolder.STATE, state.to_json())

    def runner_alive(self) -> bool:
        """Whether a runner (or somebody who reconciles) holds the job now."""
        return is_held(self.path / jobfolder.RUNNER_LOCK)

    def work_alive(self) -> bool:
        """Whether a working process holds the job now."""
        return is_held(self.path / jobfolder.WORK_LOCK)

    def is_foreign(self, state: JobState) -> bool:
        """Whether another computer has this job (a shared folder): its locks cannot be judged from here."""
        return bool(state.machine) and state.machine != machine_id()

    @contextlib.contextmanager
    def sole(self, timeout: float = 0.5) -> Iterator[bool]:
        """Hold both locks for a moment; yields False (and holds nothing) when a runner or the work is alive.

        A working process that is just coming up waits for its lock, and then sees what was decided here.
        """
        runner, work = OsLock(self.path / jobfolder.RUNNER_LOCK), OsLock(self.path / jobfolder.WORK_LOCK)
        try:
            yield runner.acquire(timeout) and work.acquire(timeout)
        finally:
            work.release()
            runner.release()

    def clear_leftovers(self) -> None:
        """Remove what a writer of state.json that was killed half-way left behind; only under the runner lock."""
        for path in self.path.glob(f".{jobfolder.STATE}.*.tmp"):
            with contextlib.suppress(OSError):
                path.unlink()

    def log_tail(self, lines: int = 12, limit: int = 16384) -> str:
        """The last lines of log.txt."""
        try:
            with self.log.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                file.seek(max(0, size - limit))
                text = file.read(limit).decode(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.replace("\r", "\n").splitlines()[-lines:])


def create(parent: Path, spec: JobSpec, state: JobState) -> JobFolder:
    """Write a new job's folder aside and rename it, so that a half-made job never shows; the user's own files that it needs are
    copied into it (see :mod:`rave_gui.jobs.freeze`).

    Raises :class:`UserError` when the disk refuses.
    """
    aside = parent / f".{spec.id}.new"
    try:
        aside.mkdir(parents=True)
        write_json(aside / jobfolder.SPEC, frozen(spec, aside, parent / spec.id).to_json())
        write_json(aside / jobfolder.STATE, state.to_json())
        replace_file(aside, parent / spec.id)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise _refused(parent, error) from error
    return JobFolder(parent / spec.id)


def _refused(parent: Path, error: OSError) -> UserError:
    if error.errno == errno.ENOSPC:
        return UserError(
            tr("The job could not be made because the disk of {parent} is full.", parent=parent),
            tr("Free some space and try again; nothing was changed."),
            str(error),
            "disk-full",
        )
    return UserError(
        tr("The job could not be made because {parent} cannot be written.", parent=parent),
        tr("Choose a folder you may write to, or change its permissions."),
        str(error),
        "not-writable",
    )
