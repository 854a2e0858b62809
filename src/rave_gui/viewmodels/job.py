"""One job as the window shows it: events folded into state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from rave_protocol import events
from rave_protocol.events import Stamped

if TYPE_CHECKING:
    from rave_gui.viewmodels.series import Series

LOG_LINES = 20_000
"""The window keeps this many lines; everything is in log.txt."""


@dataclass(frozen=True)
class LogLine:
    """One line of the log view."""

    text: str
    level: str = "info"


class JobModel:
    """State of one job. ``changed`` carries the topics a batch touched: progress, metrics, log, state, artifacts."""

    changed = Signal(frozenset)

    def __init__(self) -> None:
        self.state = "queued"
        self.progress: events.Progress | None = None
        self.rate: float | None = None
        self.eta: float | None = None
        """Last known speed (units per second) and remaining seconds: progress is also told while neither is known."""
        self.started: float | None = None
        self.ended: float | None = None
        self.metrics: dict[str, Series] = {}
        self.phase_two_step: int | None = None
        self.log: list[LogLine] = []
        self.log_dropped = 0
        self.warnings: list[events.Warned] = []
        self.artifacts: list[events.Artifact] = []
        self.failure: events.Failed | None = None
        self.result: dict[str, Any] = {}
        self.stopped = False
        self.cancelled = False

    @property
    def ended_well(self) -> bool:
        """Whether the job finished with a result (a stopped training did)."""
        return self.state == "succeeded"

    @property
    def active(self) -> bool:
        """Whether the job may still change."""
        return self.state in ("queued", "starting", "running", "paused", "stopping")

    @property
    def fraction(self) -> float | None:
        """Progress from 0 to 1, None while the total is unknown."""
        if self.ended_well and not self.stopped:
            return 1.0
        if self.progress is None or self.progress.total <= 0:
            return None
        return min(1.0, max(0.0, self.progress.done / self.progress.total))

    def elapsed(self, now: float) -> float:
        """Seconds since the work started (until its end), 0 before."""
        if self.started is None:
            return 0.0
        return max(0.0, (self.ended or now) - self.started)

    def apply(self, batch: Iterable[Stamped]) -> frozenset[str]:
        """Fold events in and tell ``changed`` once for the whole batch."""
        topics: set[str] = set()
        for stamped in batch:
            topics |= self._fold(stamped.time, stamped.event)
        found = frozenset(topics)
        if found:
            self.changed.emit(found)
        return found

    def again(self) -> None:
        """Another job takes the place of one that ended badly: its curves and log go on."""
        self.failure, self.ended, self.started = None, None, None
        self.stopped = self.cancelled = False
        self.state = "queued"

    def set_state(self, state: str, error: dict[str, str] | None = None, reason: str = "") -> None:
        """Take over what state.json says: the only source for queued, interrupted and for ends without an event."""
        before = (self.state, self.failure)
        if not (
            self.state in ("succeeded", "failed", "cancelled") and state in ("running", "stopping", "paused")
        ):
            self.state = state
        if state in ("failed", "interrupted") and self.failure is None:
            known = error or {}
            self.failure = events.Failed(
                str(known.get("code") or state),
                str(known.get("message") or reason or ""),
                str(known.get("hint") or ""),
                str(known.get("details") or ""),
            )
        if (self.state, self.failure) != before:
            self.changed.emit(frozenset({"state"}))

    def add_log(self, lines: Iterable[LogLine]) -> None:
        """Append to the log (lines of log.txt)."""
        self.log.extend(lines)
        extra = len(self.log) - LOG_LINES
        if extra > 0:
            del self.log[:extra]
            self.log_dropped += extra
        self.changed.emit(frozenset({"log"}))

    def _fold(self, time: float, event: events.Event) -> set[str]:
        match event:
            case events.Started():
                if event.role != "runner":
                    self.started, self.ended = self.started or time, None
                    self.state = "running"
                return {"state"}
            case events.Progress():
                self.progress = event
                self.rate = self.rate if event.rate is None else event.rate
                self.eta = self.eta if event.eta is None else event.eta
                if self.state in ("queued", "starting"):
                    self.state = "running"
                if event.phase == "phase 2" and self.phase_two_step is None and event.unit.startswith("step"):
                    self.phase_two_step = int(event.done)
                return {"progress"}
            case events.Metric():
                from rave_gui.viewmodels.series import Series  # numpy: not before the first paint

                for tag, value in event.values.items():
                    series = self.metrics.get(tag)
                    if series is None:
                        series = self.metrics[tag] = Series()
                    series.add(event.step, value)
                return {"metrics"}
            case events.Log():
                return set()  # also printed to log.txt, which is what the log view shows
            case events.Warned():
                self.warnings.append(event)
                return {"state"}
            case events.Artifact():
                self.artifacts.append(event)
                return {"artifacts"}
            case events.Paused():
                self.state = "paused"
            case events.Resumed():
                self.state = "running"
            case events.Ack():
                return set()
            case events.Failed():
                self.state, self.failure, self.ended = "failed", event, time
            case events.Finished():
                self.result, self.stopped, self.cancelled = event.result, event.stopped, event.cancelled
                self.state, self.ended = ("cancelled" if event.cancelled else "succeeded"), time
        return {"state"}
