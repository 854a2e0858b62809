"""What a build needs of its job, and how it obeys: cancel and stop end it, a pause holds it wherever it looks."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Protocol

from rave_gui.i18n import tr
from rave_protocol.commands import Command
from rave_protocol.events import Event, Paused, Resumed

PAUSE_POLL = 0.1


class BuildContext(Protocol):
    """The part of a job's context that a build uses (``rave_protocol.work.WorkContext``)."""

    folder: Path
    cancelled: bool

    def commands(self) -> list[Command]:
        """Commands that came since the last call."""

    def ack(self, command: Command, ok: bool = True, message: str = "") -> None:
        """Answer a command."""

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


class Control:
    """A job's context that answers the commands a build knows."""

    def __init__(self, job: BuildContext) -> None:
        self._job = job
        self.folder = job.folder
        self.emit = job.emit
        self.progress = job.progress
        self.paused = False

    @property
    def cancelled(self) -> bool:
        """Whether the user does not want the dataset any more."""
        return self._job.cancelled

    def check_cancel(self) -> None:
        """Answer the commands that came, wait here while the job is paused; raises when it was cancelled."""
        self.look()
        while self.paused:
            time.sleep(PAUSE_POLL)
            self.look()

    def look(self) -> None:
        """The same without waiting: whoever has processes at work stops them first when :attr:`paused` became true."""
        for command in self._job.commands():
            if command.name in ("pause", "resume"):
                self._pause(command.name == "pause")
                self._job.ack(command)
            elif command.name == "stop":
                self._job.cancelled = True
                self._job.ack(command)
            else:
                self._job.ack(command, ok=False, message=tr("This does not apply to making a dataset."))
        self._job.check_cancel()

    def _pause(self, paused: bool) -> None:
        if paused != self.paused:
            self.paused = paused
            self.emit(Paused() if paused else Resumed())
