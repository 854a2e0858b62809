"""Every long action: spec, state machine, queue, dispatcher and the detached runner."""

from __future__ import annotations

from rave_gui.jobs.service import JobService
from rave_gui.jobs.view import JobView

__all__ = ["JobService", "JobView"]
