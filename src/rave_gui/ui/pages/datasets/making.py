"""Actions for the job behind a dataset: pause it, let it go on, begin it again, cancel it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.session import Session
from rave_gui.viewmodels.datasets import BUILDS, Entry
from rave_gui.viewmodels.jobs import ACTIVE, Row


class Making:
    """``current`` gives the dataset that is meant now."""

    def __init__(
        self, session: Session, current: Callable[[], Entry | None], changed: Callable[[], None]
    ) -> None:
        """``changed``: something was done to a job; the list should be read again."""
        self._session, self._current, self._changed = session, current, changed

    # When

    def can_pause(self) -> bool:
        """It is being made, and its job knows how to wait."""
        job = self._job()
        return job is not None and job.state == "running" and job.kind in BUILDS

    def can_resume(self) -> bool:
        """It is paused, or was interrupted with part of the work done."""
        job = self._job()
        return job is not None and job.state in ("paused", "interrupted")

    def can_retry(self) -> bool:
        """It failed."""
        job = self._job()
        return job is not None and job.state == "failed" and (job.error or {}).get("code") != "protocol"

    def can_cancel(self) -> bool:
        """It is being made."""
        job = self._job()
        return job is not None and job.state in ACTIVE and job.state != "stopping"

    def _job(self) -> Row | None:
        entry = self._current()
        return self._session.jobs.find(entry.job) if entry is not None and entry.job else None

    # What

    def pause(self) -> None:
        """Let it wait; the processor is free meanwhile."""
        self._do("pause")

    def resume(self) -> None:
        """Go on where it paused, or where it was interrupted; only the missing work is done."""
        job = self._job()
        self._do("resume" if job is not None and job.state == "paused" else "retry")

    def retry(self) -> None:
        """Begin again; what was done already is used."""
        self._do("retry")

    def cancel(self) -> None:
        """End it, after asking."""
        entry = self._current()
        if entry is None or (self._session.settings.flag("confirm_cancel") and not self._sure(entry)):
            return
        self._do("cancel")

    def _sure(self, entry: Entry) -> bool:
        if entry.chunks:
            return self._session.ask(
                tr("Cancel adding recordings?"),
                tr("“{name}” stays as it was before. Your recordings are not touched.", name=entry.name),
                tr("Cancel it"),
                True,
            )
        return self._session.ask(
            tr("Cancel making “{name}”?", name=entry.name),
            tr("What was done so far is thrown away. Your recordings are not touched."),
            tr("Cancel it"),
            True,
        )

    def _do(self, what: str, done: Callable[[Any], None] | None = None) -> None:
        services, project, job = self._session.services, self._session.project, self._job()
        if services is None or job is None:
            return
        call, path = getattr(services.jobs, what), project.path if project is not None else None

        def after(found: Any) -> None:
            self._changed()
            if done is not None:
                done(found)

        self._session.call(lambda: call(job.id, path), after)
