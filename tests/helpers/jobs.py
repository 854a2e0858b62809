"""A user's home of their own for tests of jobs, with every process that was started in it ended afterwards."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from rave_gui.jobs import JobService, JobView
from rave_gui.jobs.dispatcher import LOCK
from rave_gui.jobs.folder import JobFolder
from rave_gui.jobs.state import JobState, State
from rave_gui.paths import AppPaths, default_paths
from rave_protocol import jobfolder
from rave_protocol.events import Event
from rave_protocol.locks import holder, is_held
from rave_protocol.specs import DatasetParams

WORKSITE = Path(__file__).resolve().parent / "worksite"
PATIENCE = 60.0
"""Seconds a condition may take on a loaded machine before a test says it never comes."""


def until(condition: Callable[[], bool], what: str, timeout: float = PATIENCE) -> None:
    """Return as soon as ``condition()`` holds; fail the test when it never does."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"never: {what}")
        time.sleep(0.02)


class Home:
    """The jobs of one isolated user."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.paths: AppPaths = default_paths()
        self.jobs = JobService(self.paths)

    def fake(self, behaviour: str, name: str = "set", project: Path | None = None) -> JobView:
        """Submit a job that behaves as ``worksite/fakework.py`` says."""
        params = DatasetParams([behaviour], str(self.root / name))
        return self.jobs.submit("dataset", params, project=project, title=f"Fake {behaviour}")

    def reach(self, job_id: str, *states: State) -> JobView:
        """Wait until the job is in one of ``states``."""
        until(lambda: self.jobs.get(job_id).state in states, f"{job_id} is {' or '.join(states)}")
        return self.jobs.get(job_id)

    def see(self, view: JobView, wanted: Callable[[Event], bool]) -> Event:
        """Wait for an event of the job."""
        reader, found = self.jobs.reader(view), list[Event]()

        def look() -> bool:
            found.extend(s.event for s in reader.read() if wanted(s.event))
            return bool(found)

        until(look, f"an event of {view.id}")
        return found[0]

    def dispatcher(self) -> int | None:
        """Pid of the dispatcher at work."""
        path = self.paths.locks / LOCK
        found = holder(path) if is_held(path) else None
        return found.pid if found else None

    def runner(self, view: JobView) -> int | None:
        """Pid of the runner that holds the job."""
        return _holder(view.folder / jobfolder.RUNNER_LOCK)

    def worker(self, view: JobView) -> int | None:
        """Pid of the process that works on the job."""
        return _holder(view.folder / jobfolder.WORK_LOCK)

    def close(self) -> None:
        """End the dispatcher, then all runners, then all work."""
        for _ in range(3):  # whatever was just being started
            kill(self.dispatcher())
            for path in [*self.paths.jobs.glob("*"), *self.root.glob("*/jobs/*")]:
                kill(_holder(path / jobfolder.RUNNER_LOCK))
                kill(_holder(path / jobfolder.WORK_LOCK))
            time.sleep(0.05)


def _holder(lock: Path) -> int | None:
    found = holder(lock) if is_held(lock) else None
    return found.pid if found else None


def kill(pid: int | None) -> None:
    """SIGKILL a process (and forget it when it is ours)."""
    if pid is None or pid == os.getpid():
        return
    with contextlib.suppress(psutil.Error):
        psutil.Process(pid).kill()
    until(lambda: gone(pid), f"the end of process {pid}")


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def make_folder(path: Path, state: JobState) -> JobFolder:
    """A job folder as it may lie about, without anybody having started it."""
    from rave_gui.jobs.folder import create
    from rave_protocol.specs import JobSpec

    params = DatasetParams(["quick"], str(path / "out"))
    return create(path, JobSpec("20250101-000000-000-abcd", "dataset", "Fake", params, 1.0), state)


@contextlib.contextmanager
def open_home(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """``RAVE_GUI_HOME`` under ``root``, and ``dataset`` jobs that run :mod:`fakework`."""
    monkeypatch.setenv("RAVE_GUI_HOME", str(root / "home"))
    monkeypatch.setenv("PYTHONPATH", str(WORKSITE))
    home = Home(root)
    try:
        yield home
    finally:
        home.close()
