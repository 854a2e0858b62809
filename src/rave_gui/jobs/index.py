"""The list of jobs for whoever looks all the time: nothing is read again that cannot have changed."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

from rave_gui.errors import UserError
from rave_gui.jobs.service import JobService
from rave_gui.jobs.view import JobView

LIVE_SECONDS = 1.0
"""A job at work is looked at this often even when its files say nothing: whoever works on it may have died."""


@dataclass(frozen=True)
class Listing:
    """Every job of the user and of one project, and the ids of those that wait or work, in the order of the queue."""

    jobs: tuple[JobView, ...]
    queue: tuple[str, ...]


class JobIndex:
    """Ended jobs are read once; those at work when their state file has another time. Use from one thread."""

    def __init__(self, service: JobService) -> None:
        self._service = service
        self._project: Path | None = None
        self._places: tuple[int, ...] | None = None
        self._known: dict[str, JobView] = {}
        self._queue: tuple[str, ...] = ()
        self._times: dict[str, int] = {}
        self._looked = 0.0

    def look(self, project: Path | None) -> Listing | None:
        """The list as it is now, or None when it is what the last call gave. Raises :class:`UserError` (the registry)."""
        places = self._stamp(project)
        if places != self._places or project != self._project:
            self._all(project)
            self._places, self._project = places, project
            return self._listing()
        changed = self._live(project)
        return self._listing() if changed else None

    def _listing(self) -> Listing:
        return Listing(tuple(self._known.values()), self._queue)

    def _all(self, project: Path | None) -> None:
        found = {view.id: view for view in self._service.list()}
        if project is not None and (project / "jobs").is_dir():
            found |= {view.id: view for view in self._service.list(project)}
        self._known = found
        self._queue = self._service.queue()
        self._times = {view.id: _time(view) for view in found.values() if not view.final}
        self._looked = time.monotonic()

    def _live(self, project: Path | None) -> bool:
        """Look again at jobs that have not ended; whether any differs."""
        waiting = [view for view in self._known.values() if not view.final]
        if not waiting:
            return False
        now = time.monotonic()
        every = now - self._looked >= LIVE_SECONDS
        changed = False
        for view in waiting:
            moment = _time(view)
            if not every and moment == self._times.get(view.id):
                continue
            self._times[view.id] = moment
            with contextlib.suppress(UserError):  # gone: the folder that held it has another time, too
                fresh = self._service.get(view.id, view.project or project)
                if fresh != view:
                    self._known[view.id] = fresh
                    changed = True
        if every:
            self._looked = now
        return changed

    def _stamp(self, project: Path | None) -> tuple[int, ...]:
        """Times of whatever changes when a job comes, goes, ends or moves in the queue."""
        registry, jobs = self._service.paths.registry, self._service.paths.jobs
        places = [str(registry), f"{registry}-wal", str(jobs)]
        if project is not None:
            places.append(str(project / "jobs"))
        return tuple(_mtime(place) for place in places)


def _time(view: JobView) -> int:
    return _mtime(os.path.join(view.folder, "state.json"))  # noqa: PTH118 - several times a second


def _mtime(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 - several times a second
    except OSError:
        return 0
