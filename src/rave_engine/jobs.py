"""A job from the engine's side: the shared working-process logic under the engine's names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rave_protocol.work import POLL_SECONDS, WorkContext, os_failure, run_work

JobContext = WorkContext
"""What a working function of the engine gets besides its parameters."""


def run_job(folder: Path, handlers: dict[str, Callable[[Any, JobContext], dict[str, Any]]]) -> int:
    """Do the job of ``folder`` in this process; its exit code (see :func:`rave_protocol.work.run_work`)."""
    return run_work(folder, handlers, role="engine")


__all__ = ["POLL_SECONDS", "JobContext", "os_failure", "run_job"]
