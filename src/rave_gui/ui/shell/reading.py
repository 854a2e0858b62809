"""Reading what a page shows: in a thread, one reading at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.projects import Project
    from rave_gui.ui.bridge import Task
    from rave_gui.ui.shell.session import Session

T = TypeVar("T")


class Reading(Generic[T]):
    """Calls ``load(services, project)`` in a thread and ``show`` with what it gave, unless another project was opened meanwhile.

    Asked for while it reads, it reads once more afterwards. What cannot be read is said, and what is shown stays.
    """

    def __init__(
        self, session: Session, load: Callable[[Services, Project], T], show: Callable[[T], None]
    ) -> None:
        self._session, self._load, self._show = session, load, show
        self._task: Task | None = None
        self._again = False

    def start(self) -> None:
        """Read; nothing happens without a project."""
        services, project = self._session.services, self._session.project
        if services is None or project is None:
            return
        if self._task is not None:
            self._again = True
            return

        def done(found: T) -> None:
            self._task = None
            if self._session.project is project:
                self._show(found)
            if self._again:
                self._again = False
                self.start()

        def failed(error: Exception) -> None:
            self._task, self._again = None, False
            self._session.fail(error)

        self._task = self._session.call(lambda: self._load(services, project), done, failed)
