"""Progress in bytes with the time that is left."""

from __future__ import annotations

import time
from typing import Protocol

from rave_protocol.events import Event


class Context(Protocol):
    """What archive work needs of its job (``jobs.worker.WorkContext``)."""

    cancelled: bool

    def emit(self, event: Event) -> None:
        """Append an event."""

    def check_cancel(self) -> None:
        """Raise when the job was cancelled."""

    def progress(
        self,
        done: float,
        total: float,
        *,
        unit: str = "",
        phase: str = "",
        message: str = "",
        eta: float | None = None,
        rate: float | None = None,
        force: bool = False,
    ) -> None:
        """Say how far the work is."""


class Meter:
    """Counts bytes; what an interrupted try had done already counts as done and not for the rate."""

    def __init__(self, job: Context, total: int, phase: str, done: int = 0) -> None:
        self._job = job
        self._total = total
        self._phase = phase
        self._done = self._before = done
        self._begun = time.monotonic()
        self._say(force=True)

    def add(self, size: int) -> None:
        """So many bytes more; ends the work when the job was cancelled."""
        self._job.check_cancel()
        self._done += size
        self._say()

    def _say(self, force: bool = False) -> None:
        took = time.monotonic() - self._begun
        rate = (self._done - self._before) / took if took > 0.5 else None
        eta = (self._total - self._done) / rate if rate else None
        self._job.progress(
            self._done, self._total, unit="bytes", phase=self._phase, eta=eta, rate=rate, force=force
        )
