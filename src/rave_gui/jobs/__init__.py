"""Every long action: spec, state machine, queue, dispatcher and the detached runner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rave_gui.jobs.service import JobService
    from rave_gui.jobs.view import JobView

__all__ = ["JobService", "JobView"]


def __getattr__(name: str) -> Any:
    # Dispatcher, runner and worker are processes of their own that live in this package and need neither: they start sooner.
    if name == "JobService":
        from rave_gui.jobs.service import JobService

        return JobService
    if name == "JobView":
        from rave_gui.jobs.view import JobView

        return JobView
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
