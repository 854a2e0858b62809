"""Which jobs work with what, now."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.projects.project import Project
from rave_gui.projects.store import Record

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.jobs.service import JobView


def live_jobs(services: Services, project: Project) -> list[JobView]:
    """Jobs that have not ended: the project's, and this user's others (an adopted dataset may be another project's)."""
    own = [view for view in services.jobs.list(project.path) if not view.final]
    seen = {view.id for view in own}
    return own + [view for view in services.jobs.list() if not view.final and view.id not in seen]


def job_uses(view: JobView, record: Record) -> bool:
    """Whether a job's parameters name the thing or something in it."""
    target = os.path.realpath(record.path)
    return view.id == record.job or any(_within(text, target) for text in _texts(view.params))


def refuse_running(services: Services, project: Project, what: str) -> None:
    """Raise :class:`UserError` (``project-busy``) while jobs run in the project; ``what`` completes “cannot be …”."""
    running = [view.title for view in services.jobs.list(project.path) if not view.final]
    if running:
        raise UserError(
            tr(
                "The project “{name}” cannot be {what} while jobs run in it: {jobs}.",
                name=project.name,
                what=what,
                jobs=", ".join(running),
            ),
            tr("Wait until they have ended, or cancel them first."),
            code="project-busy",
        )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _within(text: str, target: str) -> bool:
    if not os.path.isabs(text):  # noqa: PTH117
        return False
    return Path(os.path.realpath(text)).is_relative_to(target)
