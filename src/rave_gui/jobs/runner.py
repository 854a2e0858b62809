"""The detached process that supervises one job: ``python -m rave_gui.jobs.runner FOLDER``.

It starts the working process, folds its events into state.json and enforces cancel. It owns nothing that the work needs:
killed, it is replaced, and the new runner re-attaches to whoever holds the work lock.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.jobs.fold import Fold
from rave_gui.jobs.folder import JobFolder
from rave_gui.jobs.launch import Work, start_work
from rave_gui.jobs.nap import Nap
from rave_gui.jobs.postmortem import Death, oom_kills, unreadable
from rave_gui.jobs.processes import ProcessTree
from rave_gui.jobs.reader import EventReader
from rave_gui.jobs.reconcile import interrupt, read_commands, replay
from rave_gui.jobs.state import JobState
from rave_gui.paths import AppPaths, default_paths
from rave_protocol import jobfolder
from rave_protocol.codec import ProtocolError
from rave_protocol.files import LineFollower
from rave_protocol.locks import OsLock, holder, machine_id
from rave_protocol.specs import JobSpec
from rave_protocol.work import work_begun


@dataclass(frozen=True)
class Timers:
    """Seconds."""

    poll: float = 0.1
    progress: float = 0.5
    """Between two writes of state.json that change nothing but the progress."""
    heartbeat: float = 5.0
    terminate: float = 10.0
    """From the cancel command to the polite signal."""
    kill: float = 5.0
    """From the polite signal to killing the tree."""
    linger: float = 20.0
    """From the final event to killing a working process that does not leave."""
    unsaved: float = 60.0
    """How long the end of a job is tried to be written on a disk that refuses; whoever reads it later reconciles."""


class Runner:
    """Supervises the job of one folder from :meth:`run` to its end."""

    def __init__(self, folder: Path, paths: AppPaths, timers: Timers | None = None) -> None:
        self.folder = JobFolder(folder)
        self.paths = paths
        self.timers = timers or Timers()
        self._reader = EventReader(folder)
        self._commands = LineFollower(self.folder.commands)
        self._fold = Fold(JobState())
        self._tree = ProcessTree()
        self._work: Work | None = None
        self._seen_working = False
        self._oom_before = oom_kills()
        self._written_progress: dict[str, Any] | None = None
        self._next_write = 0.0
        self._next_beat = 0.0
        self._forced_at: float | None = None
        self._asked_at: float | None = None
        self._killed = False

    def run(self) -> int:
        """Supervise until the job has ended. Returns 0, also when the job is another runner's."""
        lock = OsLock(self.folder.path / jobfolder.RUNNER_LOCK)
        if not lock.acquire(timeout=2.0):
            return 0
        try:
            self.folder.clear_leftovers()
            if self._begin():
                self._supervise()
            return 0
        finally:
            lock.release()

    def _begin(self) -> bool:
        """Attach to the work or start it; False when there is nothing (left) to supervise."""
        state = self.folder.read_state()
        if state.final:
            return False
        state.attempts += 1
        state.pids = {"runner": os.getpid(), "engine": None}
        state.host, state.machine = socket.gethostname(), machine_id()
        self._fold = Fold(state)
        try:
            spec = self.folder.read_spec()
        except (ProtocolError, OSError) as error:
            self._fail(unreadable(error))
            return False
        if self.folder.work_alive() or work_begun(self.folder.path):
            self._fold = replay(self.folder, state, self._reader, self._commands)
            self._watch_engine()
            self._write()
            return True
        for command in read_commands(self._commands):
            self._fold.command(command, time.time())
        if self._fold.cancel_requested is not None:
            state.move("cancelled")
            self._end()
            return False
        state.move("starting")
        self._write()
        return self._start(spec)

    def _start(self, spec: JobSpec) -> bool:
        try:
            with self.folder.log.open("ab") as log:
                self._work = start_work(spec, self.folder.path, log, self.paths)
        except UserError as error:
            self._fail({**error.to_json(), "user": True})
            return False
        except OSError as error:
            failed = UserError(
                tr("The process that does the work could not be started: {error}.", error=error),
                tr("Run the doctor; installing the engine again may help."),
                code="start",
            )
            self._fail({**failed.to_json(), "user": True})
            return False
        self._tree.add(self._work.pid)
        return True

    def _supervise(self) -> None:
        state = self._fold.state
        nap = Nap([self.folder.events, self.folder.commands])
        while not state.final:
            stamp = nap.stamp()
            alive = self._alive()  # before the events are read: what a dying process said last is not missed
            self._drain()
            if not state.final and not alive:
                self._lost()
                break
            self._enforce_cancel()
            self._save()
            if not state.final:
                nap.sleep(self.timers.poll, stamp)
        self._end()
        self._see_off()

    def _drain(self) -> None:
        for command in read_commands(self._commands):
            self._fold.command(command, time.time())
        while events := self._reader.read():
            for stamped in events:
                self._fold.event(stamped)
        self._watch_engine()

    def _watch_engine(self) -> None:
        """Know the process that said it works, once it is the one that holds the lock: an old pid may be somebody else's."""
        pid = self._fold.state.pids["engine"]
        if pid is None or pid in self._tree or not self.folder.work_alive():
            return
        found = holder(self.folder.path / jobfolder.WORK_LOCK)
        if found is not None and found.pid == pid:
            self._tree.add(pid)

    def _alive(self) -> bool:
        """Whether the work goes on: somebody holds its lock or, before that, its process is coming up."""
        if self.folder.work_alive():
            self._seen_working = True
            return True
        if self._seen_working or self._work is None:
            return False
        if self._work.process is not None:
            return self._work.process.poll() is None
        return self._tree.alive()

    def _lost(self) -> None:
        """The work is gone without an end: cancelled when that was asked, interrupted otherwise."""
        state = self._fold.state
        self._tree.kill_orphans()
        if self._fold.cancel_requested is not None:
            forced = self._forced_at is not None
            state.move("cancelled", "It did not answer and was ended by force." if forced else "")
            return
        interrupt(state, self.folder, Death(self._exit_code(), oom_kills() > self._oom_before))

    def _exit_code(self) -> int | None:
        if self._work is None or self._work.process is None:
            return None
        deadline = time.monotonic() + 2.0
        while (code := self._work.process.poll()) is None and time.monotonic() < deadline:
            time.sleep(0.02)
        return code

    def _enforce_cancel(self) -> None:
        """Command, then terminate, then kill the tree."""
        if self._fold.cancel_requested is None or self._fold.state.final:
            return
        now = time.monotonic()
        if self._asked_at is None:
            self._asked_at = now
        elif self._forced_at is None:
            if now - self._asked_at >= self.timers.terminate:
                self._forced_at = now
                self._tree.terminate()
        elif now - self._forced_at >= self.timers.kill and not self._killed:
            self._killed = True
            self._tree.kill()

    def _save(self) -> None:
        """Write what changed: at once where it matters, progress twice a second, a heartbeat otherwise."""
        now = time.monotonic()
        if now >= self._next_beat:
            self._next_beat = now + self.timers.heartbeat
            self._tree.look()
            self._fold.important = True
        moved = self._fold.state.progress is not self._written_progress
        if self._fold.important or (moved and now >= self._next_write):
            self._write()

    def _write(self) -> bool:
        state = self._fold.state
        state.heartbeat = time.time()
        self._next_write = time.monotonic() + self.timers.progress
        try:
            self.folder.write_state(state)
        except (
            OSError
        ) as error:  # a full disk, a folder that was deleted: the work is looked after all the same
            print(f"state.json could not be written: {error}", file=sys.stderr, flush=True)
            self._fold.important = False
            self._next_beat = time.monotonic() + 1.0
            return False
        self._fold.important = False
        self._written_progress = state.progress
        return True

    def _end(self) -> None:
        """Write the final state, for as long as it takes within reason."""
        state = self._fold.state
        if state.ended is None:
            state.ended = time.time()
        deadline = time.monotonic() + self.timers.unsaved
        while not self._write() and self.folder.exists() and time.monotonic() < deadline:
            time.sleep(1.0)

    def _see_off(self) -> None:
        """Wait until the working process has left (it may hold a GPU), and end it when it does not."""
        deadline = time.monotonic() + self.timers.linger
        while self._tree.alive() and time.monotonic() < deadline:
            if self._work is not None and self._work.process is not None:
                self._work.process.poll()
            time.sleep(self.timers.poll)
        if self._tree.alive():
            self._tree.kill()

    def _fail(self, error: dict[str, Any]) -> None:
        self._fold.state.error = error
        self._fold.state.move("failed", error["message"])
        self._end()


def main(argv: list[str] | None = None) -> int:
    """Supervise the job of the folder given as the only argument."""
    args = sys.argv[1:] if argv is None else argv
    if len(args) != 1:
        print("usage: runner FOLDER", file=sys.stderr)
        return 2
    return Runner(Path(args[0]).absolute(), default_paths()).run()


if __name__ == "__main__":
    sys.exit(main())
