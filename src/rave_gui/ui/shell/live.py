"""Keeps the window true: one reader looks twice a second at the open project and at the jobs, whoever changes them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from rave_gui.errors import UserError
from rave_gui.ui.bridge import Stop, Task

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.ui.shell.session import Session

SECONDS = 0.5
AFTER_A_FAULT = 5.0


class Live(QObject):
    """Fills ``session.jobs`` and tells ``session.data_changed``."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._task: Task | None = None
        self.ready = False
        """Whether the open project is watched: what changes from now on is told."""

    def begin(self) -> None:
        """Start looking (once; the reader ends with the bridge)."""
        services = self._session.services
        if services is None or self._task is not None:
            return

        def read(stop: Stop, emit: Any) -> None:
            _look(self._session, services, stop, emit)

        self._task = self._session.stream(read, self._take)

    def _take(self, batch: list[tuple[str, Any]]) -> None:
        topics: set[str] = set()
        for kind, value in batch:
            if kind == "jobs":
                before = self._states()
                self._session.jobs.set_rows(value.jobs, value.queue)
                # Progress alone is told by the model of jobs, twice a second: nobody has to read lists again for that.
                if self._states() != before:
                    topics.add("jobs")
            elif kind == "watching":
                self.ready = value
            elif kind == "away":
                path, away = value
                project = self._session.project
                if project is not None and project.path == path:
                    self._session.set_away(away)
            elif kind == "changed":
                topics |= value - {"jobs"}
            else:
                self._session.fail(value)
        self._session.set_changed(sorted(topics))

    def _states(self) -> dict[str, str]:
        return {row.id: row.state for row in self._session.jobs.rows}


def _look(session: Session, services: Services, stop: Stop, emit: Any) -> None:
    from rave_gui.jobs.index import JobIndex
    from rave_gui.projects.watch import EVERYTHING, ProjectWatch

    index = JobIndex(services.jobs)
    watch: ProjectWatch | None = None
    told = ""
    while not stop.requested:
        project = session.project
        path: Path | None = project.path if project is not None else None
        pause = SECONDS
        try:
            if watch is not None and watch.path != path:
                watch.close()
                watch = None
                emit(("watching", False))
            gone = path is not None and not path.is_dir()
            if gone != session.away:
                emit(("away", (path, gone)))
            if gone and watch is not None:  # what comes back is another one to the system
                watch.close()
                watch = None
            if watch is None and path is not None and not gone:
                watch = ProjectWatch(path, services.paths)
                emit(("watching", True))
                # A page may have read its list before the watch began: what changed between the two is nobody's news otherwise.
                emit(("changed", set(EVERYTHING)))
            topics = watch.poll() if watch is not None else set()
            if topics:
                emit(("changed", topics))
            listing = index.look(path) if not gone else None
            if listing is not None:
                emit(("jobs", listing))
            told = ""
        except (UserError, OSError) as error:
            pause = AFTER_A_FAULT
            if told != str(error):  # said once, not twice a second
                told = str(error)
                emit(("fault", error))
        stop.wait(pause)
    if watch is not None:
        watch.close()
