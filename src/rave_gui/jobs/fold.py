"""Fold the events of a job, and the commands sent to it, into its state. Pure: same lines in, same state out."""

from __future__ import annotations

from rave_gui.jobs.state import JobState, State
from rave_protocol import events
from rave_protocol.codec import encode
from rave_protocol.commands import Command


class Fold:
    """Keeps a :class:`JobState` up to date. ``important`` says whether the last call changed more than the progress.

    Used live by the runner and, from the first line on, by a runner that re-attaches.
    """

    def __init__(self, state: JobState) -> None:
        self.state = state
        self.important = False
        self.cancel_requested: float | None = None
        """When somebody asked to cancel (seconds since the epoch), or None."""
        self._paused = state.state == "paused"
        self._stops: set[str] = set()
        self._refused: set[str] = set()

    def command(self, command: Command, time: float) -> None:
        """Note a command that was sent: stop and cancel show at once as ``stopping``."""
        if self.state.final or command.name not in ("stop", "cancel") or command.id in self._refused:
            return
        if command.name == "cancel" and self.cancel_requested is None:
            self.cancel_requested = time
        self._stops.add(command.id)
        if self.state.state in ("starting", "running", "paused"):
            self._go(
                "stopping", "Cancelling." if command.name == "cancel" else "Stopping and saving what is done."
            )

    def event(self, stamped: events.Stamped) -> None:
        """Take one event in; anything after the end is ignored."""
        event, state = stamped.event, self.state
        if state.final:
            return
        if isinstance(event, events.Progress):
            state.progress = {"time": stamped.time, **encode(event)}
        elif isinstance(event, events.Started):
            if event.role == "runner":
                return
            state.pids["engine"] = event.pid
            state.started = stamped.time
            self.important = True
            if state.state == "starting":
                self._go("running")
        elif isinstance(event, events.Paused):
            self._paused = True
            if state.state == "running":
                self._go("paused")
        elif isinstance(event, events.Resumed):
            self._paused = False
            if state.state == "paused":
                self._go("running")
        elif isinstance(event, events.Ack) and not event.ok:
            self._refuse(event)
        elif isinstance(event, events.Finished):
            self._finish(event, stamped.time)
        elif isinstance(event, events.Failed):
            state.error = {
                "code": event.code,
                "message": event.message,
                "hint": event.hint,
                "details": event.details,
                "user": event.user,
            }
            state.ended = stamped.time
            self._go("failed", event.message)

    def _refuse(self, ack: events.Ack) -> None:
        """The work said no; when that was the only reason to be stopping, it is not."""
        self._refused.add(ack.command)
        if ack.command not in self._stops:
            return
        self._stops.discard(ack.command)
        if not self._stops and self.state.state == "stopping":
            self._go("paused" if self._paused else "running", ack.message)

    def _finish(self, event: events.Finished, time: float) -> None:
        state = self.state
        state.ended = time
        if event.cancelled:
            self._go("cancelled")
            return
        state.result = {**event.result, "stopped": True} if event.stopped else dict(event.result)
        self._go("succeeded", "Stopped early; what was done is saved." if event.stopped else "")

    def _go(self, state: State, reason: str = "") -> None:
        if state == "succeeded" and self.state.state == "starting":
            # The line that said "started" was lost (a torn write); the rest of the record is believed.
            self.state.move("running")
        self.state.move(state, reason)
        self.important = True
