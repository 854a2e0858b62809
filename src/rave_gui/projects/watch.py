"""What changed in a project since one looked last, cheaply: a window asks a few times a second."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from rave_gui.paths import AppPaths
from rave_gui.projects.project import DATABASE
from rave_protocol import jobfolder
from rave_protocol.codec import ProtocolError
from rave_protocol.files import read_json
from rave_protocol.work import FINAL_STATES

_FOLDERS = ("datasets", "runs", "exports", "takes")
_OF_KIND = {"dataset": "datasets", "run": "runs", "export": "exports", "take": "takes", "project": "project"}
EVERYTHING = frozenset({*_FOLDERS, "jobs", "project"})


class ProjectWatch:
    """Looks at the project in ``project_path`` (and at the user's jobs without a project).

    The database is asked for its ``data_version``, which costs no read of the file while nobody wrote; folders and the state files of
    jobs that have not ended are asked for their times. One connection is kept open and holds no lock between calls. Use from one thread.
    """

    def __init__(self, project_path: Path, paths: AppPaths) -> None:
        self.path = project_path
        self._jobs_folders = (project_path / "jobs", paths.jobs)
        self._db: sqlite3.Connection | None = None
        self._version: int | None = None
        self._revisions: dict[str, int] = {}
        self._times: dict[str, int] = {}
        self._known: dict[str, set[str]] = {}
        self._live: dict[str, int] = {}
        """State file of each job that has not ended: its time."""
        self._writes: dict[str, list[str]] = {}
        """Folders that a live job's checkpoints appear in."""
        self.poll()  # what is there now is no change

    def poll(self) -> set[str]:
        """What changed since the last call (or since the watch was made): of datasets, runs, exports, takes, jobs, project.

        A project whose disk is gone for a while reports everything once it is back. Never raises for what a disk may do.
        """
        changed = self._database()
        for name in _FOLDERS:
            if self._moved(str(self.path / name)):
                changed.add(name)
        changed |= self._jobs()
        return changed

    def close(self) -> None:
        """Close the database; the project may be renamed then (Windows)."""
        if self._db is not None:
            self._db.close()
            self._db = None

    # Database --------------------------------------------------------------------------------------------------------

    def _database(self) -> set[str]:
        try:
            if self._moved(str(self.path / DATABASE), inode=True):
                self.close()  # another file has taken its place
            if self._db is None:
                uri = f"{(self.path / DATABASE).absolute().as_uri()}?mode=ro"
                self._db = sqlite3.connect(
                    uri, uri=True, timeout=0.5, isolation_level=None, check_same_thread=False
                )
                self._version = None
            version = int(self._db.execute("PRAGMA data_version").fetchone()[0])
            if version == self._version:
                return set()
            revisions = {
                str(kind): int(number) for kind, number in self._db.execute("SELECT * FROM revisions")
            }
        except sqlite3.Error:
            self.close()
            gone = bool(self._revisions)
            self._revisions = {}
            return set(EVERYTHING) if gone else set()
        old, self._revisions, self._version = self._revisions, revisions, version
        return {
            _OF_KIND[kind]
            for kind, number in revisions.items()
            if kind in _OF_KIND and old.get(kind) != number
        }

    # Folders ---------------------------------------------------------------------------------------------------------

    def _moved(self, path: str, inode: bool = False) -> bool:
        """Whether the time (or which file it is) of ``path`` differs from that of the last look."""
        try:
            status = os.stat(path)  # noqa: PTH116 - called for every folder, several times a second
            now = status.st_ino if inode else status.st_mtime_ns
        except OSError:
            now = 0
        old = self._times.get(path)
        self._times[path] = now
        return old != now

    def _jobs(self) -> set[str]:
        changed: set[str] = set()
        for folder in self._jobs_folders:
            where = str(folder)
            if self._moved(where):
                changed.add("jobs")
                try:
                    names = set(os.listdir(where))  # noqa: PTH208
                except OSError:
                    names = set()
                for name in names - self._known.get(where, set()):
                    if not name.startswith("."):
                        self._meet(folder / name)
                self._known[where] = names
        for state in list(self._live):
            try:
                time = os.stat(state).st_mtime_ns  # noqa: PTH116
            except OSError:
                time = 0
            if time != self._live[state]:
                changed.add("jobs")
                self._live[state] = time
                if time == 0 or self._ended(Path(state)):
                    self._leave(state)
                    changed |= {"datasets", "runs", "exports", "takes"}
                    continue
            if any([self._moved(path) for path in self._checkpoints(state)]):  # noqa: C419 - every time has to be taken
                changed.add("runs")
        return changed

    def _meet(self, job: Path) -> None:
        state = job / jobfolder.STATE
        if self._ended(state):
            return
        with contextlib.suppress(OSError):
            self._live[str(state)] = 0
            self._live[str(state)] = state.stat().st_mtime_ns
        with contextlib.suppress(OSError, ProtocolError):
            params = read_json(job / jobfolder.SPEC).get("params")
            run = params.get("run") if isinstance(params, dict) else None
            if isinstance(run, str):
                self._writes[str(state)] = [run]

    def _leave(self, state: str) -> None:
        self._live.pop(state, None)
        for path in self._checkpoints(state):
            self._times.pop(path, None)
        self._writes.pop(state, None)

    def _checkpoints(self, state: str) -> list[str]:
        found = []
        for run in self._writes.get(state, ()):
            found.append(run)
            with contextlib.suppress(OSError):
                names = os.listdir(run)  # noqa: PTH208
                found += [f"{run}/{name}/checkpoints" for name in names if name.startswith("version_")]
        return found

    @staticmethod
    def _ended(state: Path) -> bool:
        try:
            return read_json(state).get("state") in FINAL_STATES
        except (OSError, ProtocolError):
            return False
