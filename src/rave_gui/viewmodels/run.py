"""One run as it is watched: the job at work on it, its curves, sounds and checkpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from rave_gui.viewmodels.job import LOG_LINES, JobModel, LogLine
from rave_gui.viewmodels.joblog import story_line
from rave_gui.viewmodels.schedule import Schedule
from rave_protocol import events
from rave_protocol.events import Stamped

if TYPE_CHECKING:
    import numpy.typing as npt

ESTIMATE_STEPS = 30
"""Steps of a session before a remaining time is told: the first ones are slower."""


@dataclass(frozen=True)
class Facts:
    """What the run's folder and its jobs say when the watch begins."""

    job: Any | None = None
    """Newest job that trained it (``jobs.JobView``), None for a run from elsewhere."""
    params: Mapping[str, Any] = field(default_factory=dict)
    schedule: Schedule = field(default_factory=Schedule)
    config: str = ""
    """Text of the configuration in force."""
    jobs: int = 0
    """Number of jobs that trained it."""


@dataclass(frozen=True)
class Scalars:
    """Values from event files, by tag: steps and values. ``anew``: they take the place of what was known of these tags."""

    values: Mapping[str, tuple[npt.NDArray[Any], npt.NDArray[Any]]]
    anew: bool = False


@dataclass(frozen=True)
class Sound:
    """What the model made of a held-out piece at a step."""

    step: int
    original: Path | None = None
    reconstruction: Path | None = None
    clip: int = 0
    """Number of the clip the user chose, from 1; 0 for the training's own held-out piece."""


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint file."""

    step: int | None
    path: Path
    best: bool = False
    size: int = 0
    modified: float = 0.0


@dataclass(frozen=True)
class Transfer:
    """What a run took over from another model: share of each part's weights, and the layers that began anew."""

    source: str
    parts: tuple[tuple[str, float], ...] = ()
    layers: tuple[tuple[str, str], ...] = ()
    """Name, and ``shape there → shape here`` where the other model has one of another size."""


@dataclass(frozen=True)
class Files:
    """Sounds and checkpoints as they lie in the run's folder."""

    sounds: tuple[Sound, ...] = ()
    checkpoints: tuple[Checkpoint, ...] = ()
    size: int = 0
    transfer: Transfer | None = None


@dataclass(frozen=True)
class History:
    """All that was read before anything live comes."""


Update = Facts | Stamped | Scalars | Files | History | tuple[LogLine, ...]


class RunModel:
    """``changed`` carries topics: facts, state, progress, metrics, log, files, asked."""

    changed = Signal(frozenset)

    def __init__(self, name: str, path: Path) -> None:
        self.name, self.path = name, path
        self.job = JobModel()
        self.facts = Facts()
        self.files = Files()
        self.ready = False
        """The history was read."""
        self.asked = ""
        """The command that was sent and has not shown an effect yet."""
        self.story: list[LogLine] = []
        """What happened, in words."""
        self.story_dropped = 0
        self.told_at: float | None = None
        """When the newest progress was told (seconds since the epoch)."""
        self._fresh = False
        self._session_start: float | None = None
        self._rates: dict[str, float] = {}

    @property
    def state(self) -> str:
        """State of the job, empty for a run from elsewhere."""
        return self.job.state if self.facts.job is not None else ""

    @property
    def active(self) -> bool:
        """Whether somebody is at work on it."""
        return self.facts.job is not None and self.job.active

    @property
    def total(self) -> int:
        """Steps in all, 0 when unknown."""
        progress = self.job.progress
        if progress is not None and progress.total > 0:
            return int(progress.total)
        return int(self.facts.params.get("max_steps") or 0)

    @property
    def step(self) -> int:
        """Steps done."""
        progress = self.job.progress
        newest = [int(s.last[0]) for s in self.job.metrics.values() if s.last is not None]
        saved = [c.step for c in self.files.checkpoints if c.step is not None]
        done = int(progress.done) if progress is not None and progress.unit.startswith("step") else 0
        return done if done else max([*newest, *saved, 0])

    @property
    def epoch(self) -> int | None:
        """The pass through the dataset it is in, from 1; None where nothing tells."""
        series = self.job.metrics.get("epoch")
        if series is None or series.last is None:
            return None
        return int(series.last[1]) + 1

    @property
    def phase(self) -> str:
        """``phase 1``, ``phase 2`` or empty."""
        progress = self.job.progress
        if progress is not None and progress.phase.startswith("phase"):
            return progress.phase
        return "phase 2" if "pred_real" in self.job.metrics else ""

    @property
    def switch(self) -> float | None:
        """The step at which phase 2 began or will begin."""
        adversarial = self.job.metrics.get("pred_real")
        if adversarial is not None and len(adversarial):
            seen = float(adversarial.steps[0])
            planned = self.facts.schedule.phase_1
            # The first logged value of phase 2 comes a little after its first step.
            return planned if planned is not None and planned <= seen < planned + 1000 else seen
        if self.job.phase_two_step is not None:
            return float(self.job.phase_two_step)
        return self.facts.schedule.phase_1

    @property
    def best(self) -> tuple[float, float] | None:
        """(step, value) of the smallest distance on held-out sound."""
        series = self.job.metrics.get("validation")
        if series is None or not len(series):
            return None
        import numpy as np

        values = series.values
        if not np.isfinite(values).any():
            return None
        at = int(np.nanargmin(values))
        return float(series.steps[at]), float(values[at])

    def clip_name(self, number: int) -> str:
        """Name of a clip the user chose, empty for the held-out piece."""
        clips = self.facts.params.get("clips") or ()
        if not number:
            return ""
        return Path(str(clips[number - 1])).stem if number <= len(clips) else str(number)

    @property
    def waits_until(self) -> float | None:
        """The time before which it does not start (seconds since the epoch), while it waits."""
        moment = getattr(self.facts.job, "not_before", None)
        return moment if self.state == "queued" and isinstance(moment, (int, float)) else None

    @property
    def session_steps(self) -> float:
        """Steps since this session began (resumed runs start beyond 0)."""
        return self.step - (self._session_start or 0.0)

    def etas(self) -> tuple[float | None, float | None]:
        """Seconds left of this phase and of the whole run; None while they are being estimated.

        A phase's own speed is used for it; before phase 2 was seen its speed is taken to be that of phase 1.
        """
        rate = self.job.rate
        if self.job.state != "running" or not rate or self.session_steps < ESTIMATE_STEPS or not self.total:
            return None, None
        left = max(0.0, self.total - self.step)
        switch = self.switch
        if self.phase == "phase 1" and switch is not None and switch < self.total:
            first = max(0.0, switch - self.step)
            second = max(0.0, self.total - max(switch, self.step))
            return first / rate, first / rate + second / self._rates.get("phase 2", rate)
        return left / rate, left / rate

    def apply(self, batch: Iterable[Update]) -> None:
        """Fold news in; one signal for the whole batch."""
        topics: set[str] = set()
        pending: list[Stamped] = []
        for update in batch:
            if isinstance(update, Stamped):
                pending.append(update)
                continue
            if pending:
                topics |= self._events(pending)
                pending = []
            topics |= self._fold(update)
        if pending:
            topics |= self._events(pending)
        self._forget_answered()
        if topics:
            self.changed.emit(frozenset(topics))

    def ask(self, command: str) -> None:
        """Note that a command was sent (empty: it was refused)."""
        self.asked = command
        self.changed.emit(frozenset({"asked"}))

    def can(self, action: str) -> bool:
        """Whether a command applies now: pause, resume, stop, save, preview, phase2, extend, schedule, cancel, go_on."""
        working = self.active and self.job.state in ("running", "paused")
        waiting = self.asked in ("stop", "cancel")
        return {
            "pause": self.job.state == "running" and working and not self.asked,
            "resume": self.job.state == "paused" and working and not self.asked,
            "stop": working and not waiting,
            "save": working and not waiting,
            "preview": working and not waiting,
            "phase2": working and not waiting and self.phase != "phase 2",
            "extend": (working or self.job.state == "queued") and not waiting,
            "schedule": self.job.state == "queued" and not waiting,
            "cancel": self.active and self.asked != "cancel" and self.job.state != "stopping",
            "go_on": self.ready and not self.active and bool(self.files.checkpoints),
        }[action]

    def _events(self, stamped: list[Stamped]) -> set[str]:
        topics: set[str] = set()
        for item in stamped:
            event = item.event
            if not isinstance(event, (events.Metric, events.Progress, events.Ack)):
                topics |= self._tell(item)
            if isinstance(event, events.Progress) and event.unit.startswith("step"):
                self.told_at = item.time
                if self._fresh:
                    # This session began at that step: what an earlier one drew beyond it is another way.
                    self._fresh = False
                    for series in self.job.metrics.values():
                        series.cut(event.done)
                if self._session_start is None:
                    self._session_start = event.done
                if event.rate:
                    self._rates[event.phase] = event.rate
            elif isinstance(event, events.Started) and event.role != "runner":
                self._session_start, self._fresh = None, True
                self.job.started = None
        return topics | set(self.job.apply(stamped))

    def _tell(self, item: Stamped) -> set[str]:
        line = story_line(item)
        if line is None:
            return set()
        self.story.append(line)
        extra = len(self.story) - LOG_LINES
        if extra > 0:
            del self.story[:extra]
            self.story_dropped += extra
        return {"log"}

    def _fold(self, update: Facts | Scalars | Files | History | tuple[LogLine, ...]) -> set[str]:
        match update:
            case Facts():
                return self._take(update)
            case Scalars():
                from rave_gui.viewmodels.series import Series

                for tag, (steps, values) in update.values.items():
                    series = self.job.metrics.setdefault(tag, Series())
                    if update.anew:
                        series.cut(-1.0)
                    series.extend_arrays(steps, values)
                return {"metrics"}
            case Files():
                self.files = update
                return {"files"}
            case History():
                self.ready = True
                return {"state", "progress", "metrics", "log", "files", "facts"}
            case _:
                self.job.add_log(update)
                return {"log"}

    def _take(self, facts: Facts) -> set[str]:
        before = self.facts.job
        self.facts = facts
        if facts.job is None:
            return {"facts", "state"}
        if before is not None and before.id != facts.job.id:
            self.job.again()
            self.asked = ""
        self.job.set_state(facts.job.state, facts.job.error, facts.job.reason)
        if facts.job.final and facts.job.ended:
            self.job.started, self.job.ended = facts.job.started, facts.job.ended
        return {"facts", "state"}

    def _forget_answered(self) -> None:
        state = self.job.state
        answered = {"pause": state == "paused", "resume": state == "running"}.get(
            self.asked, not self.job.active
        )
        if self.asked and answered:
            self.asked = ""
