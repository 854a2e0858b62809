"""The one process per user that starts runners: ``python -m rave_gui.jobs.dispatcher``.

Started on demand by whoever submits or looks at jobs, gone when nothing is queued or running. It keeps no state of its
own: killed, the next one sees the same registry, the same folders and the same locks.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.jobs import recovery
from rave_gui.jobs.folder import JobFolder
from rave_gui.jobs.herald import Herald
from rave_gui.jobs.launch import app_command, app_environment
from rave_gui.jobs.login import LoginItem
from rave_gui.jobs.nap import GLANCE_SECONDS, Nap
from rave_gui.jobs.reconcile import MAX_ATTEMPTS, reconcile
from rave_gui.jobs.registry import Registry, Row
from rave_gui.jobs.state import LIVE, JobState
from rave_gui.paths import AppPaths, default_paths
from rave_gui.runtime.spawn import spawn
from rave_protocol import jobfolder
from rave_protocol.locks import OsLock, is_held

LOCK = "dispatcher.lock"
LIGHT = "light"
LIGHT_SLOTS = 2
MISSING_SECONDS = 5.0
"""How long a registered job's folder may be away before the job is forgotten."""
EVERYWHERE = "train:auto"
"""Lane of a training whose device nobody knows beforehand: it runs alone among trainings."""

LOG = "dispatcher.log"
LOG_LIMIT = 1 << 20


@dataclass
class _Runner:
    """A runner this dispatcher started for one job."""

    process: subprocess.Popen[bytes]
    tries: int = 1
    again_at: float = 0.0


@dataclass
class _Look:
    """What one look at the registry found: jobs per lane that take a slot, and those that wait."""

    busy: Counter[str] = field(default_factory=Counter)
    queued: list[tuple[Row, JobFolder]] = field(default_factory=list)
    pending: int = 0
    trainings: bool = False
    """Whether a training runs or waits."""
    running: list[Path] = field(default_factory=list)
    """Folders of jobs that somebody is at work on."""


class Dispatcher:
    """Fills the slots from the queue. ``idle`` seconds with nothing to do end it."""

    def __init__(self, paths: AppPaths, idle: float = 5.0, poll: float = 0.25) -> None:
        self.paths = paths
        self.idle = idle
        self.poll = poll
        self.registry = Registry(paths.registry)
        self._nap = Nap([paths.registry, Path(f"{paths.registry}-wal")])
        self._runners: dict[str, _Runner] = {}
        self._missed: dict[str, float] = {}
        self._queued: dict[Path, tuple[int, JobState]] = {}
        self.herald = Herald(paths)
        self.login = LoginItem(paths)

    def run(self) -> int:
        """Dispatch until idle. Returns 0, also when another dispatcher is at work."""
        lock = OsLock(self.paths.locks / LOCK)
        while lock.acquire(timeout=0.2):
            try:
                self._serve()
            finally:
                lock.release()
            # A job registered between the last look and the release was told that somebody is at work.
            if not self.registry.pending():
                break
        self.herald.close()
        return 0

    def _serve(self) -> None:
        idle_since = time.monotonic()
        while time.monotonic() - idle_since < self.idle:
            stamp = self._nap.stamp()
            if self.step():
                idle_since = time.monotonic()
            # A job that was registered, and its folder is about to be there: nobody waits for the clock.
            self._nap.sleep(GLANCE_SECONDS if self._missed else self.poll, stamp)

    def step(self) -> bool:
        """One look at everything; starts what may start. Returns whether anything is queued or running."""
        for runner in self._runners.values():
            runner.process.poll()  # reaps
        try:
            look = self._look()
        except (
            UserError
        ) as error:  # the registry cannot be used at the moment (full disk): try again, jobs run on
            print(error.message, error.details, file=sys.stderr, flush=True)
            return False
        self.herald.see(look.running)
        self.login.see(look.trainings)
        for row, folder in look.queued:
            if self._free(row.lane, look.busy):
                look.busy[row.lane] += 1
                self._start(row, folder)
        return look.pending > 0

    def _look(self) -> _Look:
        look = _Look()
        for row in self.registry.pending():
            folder = JobFolder(row.folder)
            if not folder.exists():
                self._missing(row, look)
                continue
            self._missed.pop(row.id, None)
            state = self._state(folder)
            if folder.is_foreign(state):
                self.registry.forget(row.id)
                continue
            if state.state in LIVE:
                state = reconcile(folder)
            self._place(row, folder, state, look)
        return look

    def _missing(self, row: Row, look: _Look) -> None:
        """A job whose folder is not there: about to be renamed into its place, or gone for good."""
        since = self._missed.setdefault(row.id, time.monotonic())
        if time.monotonic() - since < MISSING_SECONDS:
            look.pending += 1
            return
        self.registry.forget(row.id)
        self._missed.pop(row.id, None)
        self._runners.pop(row.id, None)

    def _state(self, folder: JobFolder) -> JobState:
        """The job's state; that of one that waits is read again only when its file has changed (long queues)."""
        try:
            stamp = (folder.path / jobfolder.STATE).stat().st_mtime_ns
        except OSError:
            return folder.read_state()
        known = self._queued.get(folder.path)
        if known is not None and known[0] == stamp:
            return known[1]
        state = folder.read_state()
        if state.state == "queued":
            self._queued[folder.path] = (stamp, state)
        else:
            self._queued.pop(folder.path, None)
        return state

    def _place(self, row: Row, folder: JobFolder, state: JobState, look: _Look) -> None:
        """Sort one job into the look; end it, or replace its runner, where that is due."""
        look.pending += 1
        look.trainings = look.trainings or (row.lane != LIGHT and not state.final)
        if folder.runner_alive():
            look.busy[row.lane] += 1
            look.running.append(folder.path)
        elif state.final:
            if folder.work_alive():  # still leaving: it may hold the device
                look.busy[row.lane] += 1
            else:
                look.pending -= 1
                again = recovery.due(folder, state)
                if again is not None:  # before the row ends: whoever is killed in between finds it again
                    look.pending += 1
                    look.trainings = True
                    look.busy[row.lane] += 1  # the next look finds the new attempt in its place
                    recovery.submit(self.paths, row, folder, again)
                else:
                    self.herald.ended(folder.path)
                self.registry.end(row.id)
                self._runners.pop(row.id, None)
        elif folder.work_alive():
            look.busy[row.lane] += 1
            self._start(row, folder)
        elif self._coming_up(row):
            look.busy[row.lane] += 1
        elif state.attempts >= MAX_ATTEMPTS or self._tries(row) >= MAX_ATTEMPTS:
            look.pending -= 1
            self._give_up(row, folder)
        elif state.not_before is None or time.time() >= state.not_before:
            look.queued.append((row, folder))
        elif (
            state.holds
        ):  # a training that broke off goes on in a moment: whoever waits behind it stays behind it
            look.busy[row.lane] += 1

    def _coming_up(self, row: Row) -> bool:
        runner = self._runners.get(row.id)
        return runner is not None and runner.process.poll() is None

    def _tries(self, row: Row) -> int:
        runner = self._runners.get(row.id)
        return runner.tries if runner else 0

    @staticmethod
    def _free(lane: str, busy: Counter[str]) -> bool:
        if lane == LIGHT:
            return busy[LIGHT] < LIGHT_SLOTS
        trainings = sum(n for name, n in busy.items() if name != LIGHT)
        if lane == EVERYWHERE:
            return trainings == 0
        return busy[lane] + busy[EVERYWHERE] == 0

    def _start(self, row: Row, folder: JobFolder) -> None:
        """Start a runner, unless one is coming up; one that keeps dying is started ever more rarely."""
        old = self._runners.get(row.id)
        now = time.monotonic()
        if old is not None and (old.process.poll() is None or now < old.again_at):
            return
        tries = old.tries + 1 if old else 1
        try:
            with folder.log.open("ab") as log:
                process = spawn(
                    app_command("runner", str(folder.path)),
                    env=app_environment(self.paths),
                    cwd=folder.path,
                    output=log,
                )
        except OSError as error:
            print(f"the runner of {row.id} could not be started: {error}", file=sys.stderr, flush=True)
            return
        self._runners[row.id] = _Runner(process, tries, now + min(30.0, 0.25 * 2.0**tries))

    def _give_up(self, row: Row, folder: JobFolder) -> None:
        """End a job whose runners die before they do anything."""
        with folder.sole() as alone:
            if not alone:
                return
            state = folder.read_state()
            if not state.final:
                times = max(state.attempts, self._tries(row))
                message = f"The process that looks after the job died {times} times."
                state.error = {
                    "code": "runner",
                    "message": message,
                    "hint": "This is a fault of the program: please report it with the job's log.",
                    "details": folder.log_tail(),
                    "user": False,
                }
                state.ended = time.time()
                state.move("failed", message)
                folder.write_state(state)
        self.registry.end(row.id)
        self.herald.ended(folder.path)


class Starter:
    """Makes sure that a dispatcher runs; kept by each client."""

    def __init__(self, paths: AppPaths) -> None:
        self.paths = paths
        self._process: subprocess.Popen[bytes] | None = None
        self._quiet_until = 0.0

    def ensure(self) -> None:
        """Start a dispatcher unless one holds its lock. Raises :class:`UserError` when none can be started."""
        if is_held(self.paths.locks / LOCK):
            return
        if self._process is not None and self._process.poll() is None:
            return  # coming up
        now = time.monotonic()
        if now < self._quiet_until:
            return
        self._quiet_until = now + 1.0
        try:
            self.paths.locks.mkdir(parents=True, exist_ok=True)
            path = self.paths.data / LOG
            with path.open("wb" if path.exists() and path.stat().st_size > LOG_LIMIT else "ab") as log:
                self._process = spawn(
                    app_command("dispatcher"),
                    env=app_environment(self.paths),
                    cwd=self.paths.data,
                    output=log,
                )
        except OSError as error:
            raise UserError(
                tr("The queue of jobs could not be started."),
                tr(
                    "Check that {data} may be written and has free space, then try again.",
                    data=self.paths.data,
                ),
                str(error),
                "dispatcher",
            ) from error


def main(argv: list[str] | None = None) -> int:
    """Run the user's dispatcher; takes no arguments."""
    args = sys.argv[1:] if argv is None else argv
    if args:
        print("usage: dispatcher", file=sys.stderr)
        return 2
    return Dispatcher(default_paths()).run()


if __name__ == "__main__":
    sys.exit(main())
