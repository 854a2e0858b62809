"""The job kind ``engine-install``: an installation that goes on when the window is closed."""

from __future__ import annotations

from typing import Any, Protocol

from rave_gui.paths import default_paths
from rave_gui.runtime.manager import EngineManager
from rave_gui.runtime.processes import Cancelled
from rave_protocol import events
from rave_protocol.specs import EngineInstallParams


class JobContext(Protocol):
    """What this handler uses of the working process's context (``jobs.worker.WorkContext``)."""

    cancelled: bool

    def emit(self, event: events.Event) -> None:
        """Append one event."""

    def check_cancel(self) -> None:
        """Raise the worker's own ``Cancelled`` when the user asked for it."""


def run(params: EngineInstallParams, job: JobContext) -> dict[str, Any]:
    """Install the engine; the result is that of ``rave-gui engine status``. Raises ``UserError``."""

    def cancel() -> bool:
        job.check_cancel()
        return job.cancelled

    manager = EngineManager(default_paths())
    try:
        status = manager.install(params.torch, job.emit, cancel)
    except Cancelled:
        job.check_cancel()
        raise
    return status.to_json()
