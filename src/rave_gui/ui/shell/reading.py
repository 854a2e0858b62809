"""Reading what a page shows: in a thread, one reading at a time, and only when it may differ."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rave_gui.ui.shell.page import Page

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.ui.bridge import Task

T = TypeVar("T")

FRESH_SECONDS = 15.0
"""How long a list that nothing was told about is shown again without looking; a disk that tells nobody is looked at after that."""


class Reading(Generic[T]):
    """Calls ``load(services, project)`` in a thread and ``show`` with what it gave, unless another project was opened meanwhile.

    Asked for while it reads, it reads once more afterwards. What cannot be read is said, and what is shown stays. A page that is not
    seen reads nothing: what changed is read when it is shown, or its threads would take turns with the window's for nobody.
    With ``always`` it reads without a project too (``load`` gets None).
    """

    def __init__(
        self,
        page: Page,
        load: Callable[[Services, Any], T],
        show: Callable[[T], None],
        *,
        always: bool = False,
    ) -> None:
        self._page, self._load, self._show, self._always = page, load, show, always
        self._task: Task | None = None
        self._again = False
        self._due = True
        self._read = 0.0

    @property
    def stale(self) -> bool:
        """Whether what is being shown was asked for anew while it was read: the next answer counts."""
        return self._again

    def start(self) -> None:
        """Read now; nothing happens without a project."""
        session = self._page.session
        services, project = session.services, session.project
        if services is None or (project is None and not self._always):
            return
        if session.away:  # read when it is there again: an empty list would be no news
            self._due = True
            return
        if self._task is not None:
            self._again = True
            return
        self._due = False

        def done(found: T) -> None:
            self._task, self._read = None, time.monotonic()
            if session.project is project:
                self._show(found)
            if self._again:
                self._again = False
                self.start()

        def failed(error: Exception) -> None:
            self._task, self._again, self._due = None, False, True
            session.fail(error)

        def load() -> T:
            found = self._load(services, project)
            if (
                project is not None and not project.path.is_dir()
            ):  # it went meanwhile: nothing found means nothing
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(project.path))
            return found

        self._task = session.call(load, done, failed)

    def changed(self) -> None:
        """What is shown may differ from what is there: read now, or when the page is shown."""
        if self._page.isVisible():
            self.start()
        else:
            self._due = True

    def entered(self) -> None:
        """The page is shown: read what changed meanwhile, or what was read long ago."""
        if self._due or (self._task is None and time.monotonic() - self._read > FRESH_SECONDS):
            self.start()
