"""Wait for a job while its events pass by; leave at any moment without touching it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.errors import JobError
from rave_gui.jobs.nap import Nap
from rave_gui.jobs.state import FINAL
from rave_protocol import jobfolder
from rave_protocol.events import Failed, Stamped

if TYPE_CHECKING:
    from rave_gui.jobs.service import JobService, JobView

__all__ = ["FINAL", "Watch", "result_of"]

POLL_SECONDS = 0.1
_FAULTS = frozenset({"bug", "crash", "killed", "lost", "interrupted", "out-of-memory"})
"""Codes of ends that are nobody's mistake."""


class Watch:
    """Follows one job. :meth:`wait` can be left by an exception (Ctrl+C) and called again: no event comes twice."""

    def __init__(self, jobs: JobService, job_id: str, project: Path | None = None) -> None:
        self._jobs = jobs
        self.view: JobView = jobs.get(job_id, project)
        self._project = project or self.view.project  # so it is not looked for again at each look
        self._reader = jobs.reader(self.view)
        self._failed: Failed | None = None

    def looks(self) -> Iterator[list[Stamped]]:
        """The events new at each look (maybe none), the first look now and then ten a second; ends after the job's last event."""
        nap = Nap([self.view.folder / jobfolder.STATE])
        while True:
            stamp = nap.stamp()
            # The state is read before the events: whatever was written before the end is then still read.
            self.view = self._jobs.get(self.view.id, self._project)
            while found := self._reader.read():
                for stamped in found:
                    if isinstance(stamped.event, Failed):
                        self._failed = stamped.event
                yield found
            yield []
            if self.view.final:
                return
            nap.sleep(POLL_SECONDS, stamp)

    def wait(
        self,
        on_event: Callable[[Stamped], None] | None = None,
        give_up: Callable[[], bool] | None = None,
    ) -> JobView:
        """The job when it has ended, or as it is once ``give_up()`` turned true (the job goes on).

        ``on_event`` gets every event since the job's first one.
        """
        for found in self.looks():
            if on_event is not None:
                for stamped in found:
                    on_event(stamped)
            if not self.view.final and give_up is not None and give_up():
                break
        return self.view

    def result(self) -> dict[str, Any]:
        """Result of a job that succeeded. Raises :class:`JobError` for every other end, with what to do about it."""
        return result_of(self.view, self._failed)


def result_of(view: JobView, failed: Failed | None = None) -> dict[str, Any]:
    """The result of an ended job. Raises :class:`JobError` when it has none; ``failed`` is its last event when known."""
    if view.state == "succeeded":
        return dict(view.result or {})
    error = view.error or {}
    if view.state == "failed":
        code = error.get("code", "failed")
        flag = failed.user if failed is not None else error.get("user", code not in _FAULTS)
        raise JobError(
            code,
            error.get("message", "") or view.reason or f"The job {view.id} failed.",
            error.get("hint", ""),
            error.get("details", ""),
            user=bool(flag),
            job=view.id,
        )
    if view.state == "cancelled":
        raise JobError(
            "cancelled",
            f"“{view.title}” was cancelled.",
            f"Start it again with: rave-gui jobs retry {view.id}",
            job=view.id,
        )
    raise JobError(
        "interrupted" if view.state == "interrupted" else "not-finished",
        f"“{view.title}” was interrupted: {view.reason}" if view.reason else f"“{view.title}” has not ended.",
        f"Go on with: rave-gui jobs retry {view.id}" if view.state == "interrupted" else "",
        error.get("details", ""),
        job=view.id,
    )
