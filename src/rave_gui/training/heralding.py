"""What is worth telling about trainings while nobody looks: alerts as they come up, and the end of each.

The user's dispatcher asks (see :mod:`rave_gui.jobs.herald`), so it works with every window closed. What was told is written into
the job's folder: a dispatcher that takes over tells nothing twice.
"""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.jobs.folder import JobFolder
from rave_gui.jobs.reader import EventReader
from rave_gui.jobs.state import JobState
from rave_gui.paths import AppPaths
from rave_gui.settings import Settings
from rave_gui.training import gauges, health, notify
from rave_gui.training.eventfolder import Column, Curve
from rave_gui.training.gauges import Cards, Levels
from rave_gui.training.health import Alert, Facts, Watchdog
from rave_gui.training.notify import Message
from rave_protocol.aim import read_aim
from rave_protocol.codec import ProtocolError
from rave_protocol.events import Metric, Progress, Resumed, Started
from rave_protocol.files import read_json, write_json
from rave_protocol.specs import TrainParams

TOLD = "told.json"
"""In a job's folder: what was told about it."""
TRIES = 3
WAITS = (2.0, 8.0)
"""Seconds before the second and the third try."""
LAST = "notified.json"
"""In the application's data: how the newest message fared."""
_PHASE_1 = re.compile(
    r"^\s*(?:\w+[./])*(?:PHASE_1_DURATION|phase_1_duration)\s*=\s*([\d_]+)\s*$", re.MULTILINE
)


@dataclass
class _Watched:
    """A running training as far as its events were read."""

    folder: JobFolder
    params: TrainParams
    title: str
    reader: EventReader
    watchdog: Watchdog = field(default_factory=Watchdog)
    steps: dict[str, Column[np.int64]] = field(default_factory=dict)
    values: dict[str, Column[np.float64]] = field(default_factory=dict)
    step: int = 0
    moved: float = 0.0
    """When the last sign of life came, by the clock."""
    rate: float | None = None
    levels: Levels = field(default_factory=Levels)

    def read(self) -> None:
        """Take in what is new."""
        while events := self.reader.read():
            for stamped in events:
                event = stamped.event
                if isinstance(event, Metric):
                    self._metric(event)
                    self.moved = stamped.time
                elif isinstance(event, Progress):
                    if event.done != self.step or not self.moved:
                        self.moved = stamped.time
                    self.step, self.rate = int(event.done), event.rate or self.rate
                elif isinstance(event, (Started, Resumed)):
                    self.moved = stamped.time

    def _metric(self, event: Metric) -> None:
        for tag, value in event.values.items():
            at = self.steps.setdefault(tag, Column(np.int64))
            if len(at.values) and event.step <= at.values[-1]:
                continue  # steps that were trained again after a resume: the curve is judged by its course, not by its past
            at.extend(np.array([event.step], np.int64))
            self.values.setdefault(tag, Column(np.float64)).extend(np.array([value], np.float64))

    def alerts(self, state: JobState, cards: Cards) -> list[Alert]:
        """Alerts that are new since the last look."""
        run = Path(self.params.run)
        curves = {
            tag: Curve(at.values, self.values[tag].values, np.empty(0)) for tag, at in self.steps.items()
        }
        try:
            free: int | None = shutil.disk_usage(run if run.exists() else self.folder.path).free
        except OSError:
            free = None
        original, made = self.levels.of(run)
        facts = Facts(
            state=state.state,
            step=self.step,
            max_steps=read_aim(self.folder.path) or self.params.max_steps,
            phase_two_at=phase_two_at(run),
            seconds_since_step=max(0.0, time.time() - self.moved) if self.moved else None,
            seconds_per_step=1 / self.rate if self.rate else None,
            disk_free=free,
            checkpoint_bytes=_largest(run),
            temperature=cards.temperature,
            memory_share=cards.memory_share,
            ram_share=gauges.ram_share(),
            original_db=original,
            reconstruction_db=made,
        )
        _, new = self.watchdog.update(health.assess(curves, facts).alerts)
        return [alert for alert in new if alert.severity != "info"]


class Notifier:
    """Looks at jobs and sends what is worth it. Used by one thread."""

    def __init__(self, paths: AppPaths, waits: Sequence[float] = WAITS) -> None:
        self._paths, self._waits = paths, waits
        self._watched: dict[Path, _Watched] = {}

    @property
    def settings(self) -> Settings:
        """The settings as they are now: they may change while a training runs."""
        return Settings.load(self._paths.config / "settings.json")

    def look(self, running: Sequence[Path]) -> int:
        """Look at running jobs; the number of messages that were sent."""
        settings = self.settings
        for gone in set(self._watched) - set(running):
            del self._watched[gone]
        if not notify.ways(settings):
            self._watched.clear()
            return 0
        sent, found = 0, gauges.cards() if running else gauges.Cards()
        for path in running:
            watched = self._watched.get(path) or self._begin(path)
            if watched is None:
                continue
            watched.read()
            state = watched.folder.read_state()
            if state.state not in ("running", "paused"):
                continue
            for alert in watched.alerts(state, found):
                sent += self._tell(
                    settings, watched.folder, _about_alert(watched, alert), f"alert:{alert.code}"
                )
        return sent

    def ended(self, path: Path) -> int:
        """Tell that a job has ended, once; the number of messages that were sent."""
        self._watched.pop(path, None)
        settings = self.settings
        folder = JobFolder(path)
        state = folder.read_state()
        if not notify.ways(settings) or not state.final or state.state == "cancelled":
            return 0
        try:
            spec = folder.read_spec()
        except (ProtocolError, OSError):
            return 0
        if not isinstance(spec.params, TrainParams):
            return 0
        return self._tell(settings, folder, _about_end(folder, spec.params, spec.title, state), "end")

    def _begin(self, path: Path) -> _Watched | None:
        found = _watched(path)
        if found is not None:
            self._watched[path] = found
        return found

    def _tell(self, settings: Settings, folder: JobFolder, message: Message, mark: str) -> int:
        if not notify.wanted(settings, message) or mark in _told(folder):
            return 0
        # Noted first: a message too few after a crash is better than one that comes again and again.
        try:
            write_json(folder.path / TOLD, {"told": [*_told(folder), mark]})
        except OSError as error:
            print(f"what was told about {folder.id} cannot be noted: {error}", file=sys.stderr, flush=True)
        return sum(self._send(settings, message, way) for way in notify.ways(settings))

    def _send(self, settings: Settings, message: Message, way: notify.Way) -> bool:
        problem: UserError | None = None
        for number in range(TRIES):
            try:
                notify.send(settings, message, way)
            except UserError as error:
                problem = error
                if error.code != "notification-failed":
                    break
                if number < len(self._waits):
                    time.sleep(self._waits[number])
            else:
                problem = None
                break
        result: dict[str, Any] = {"time": time.time(), "way": way, "title": message.title}
        if problem is not None:
            print(f"not told by {way}: {problem.message} {problem.details}", file=sys.stderr, flush=True)
            result["problem"] = problem.message
        try:
            self._paths.data.mkdir(parents=True, exist_ok=True)
            write_json(self._paths.data / LAST, result)
        except OSError as error:
            print(f"{LAST} cannot be written: {error}", file=sys.stderr, flush=True)
        return problem is None


class Lookout:
    """Alerts of running trainings as they come up, for a window that is open. Sends nothing; used by one thread at a time."""

    def __init__(self) -> None:
        self._watched: dict[Path, _Watched | None] = {}

    def look(self, running: Sequence[Path]) -> list[tuple[Path, Message]]:
        """What is new since the last look, with the job's folder it is about; ``running`` are folders of trainings."""
        self._watched = {path: known for path, known in self._watched.items() if path in running}
        cards = gauges.cards() if running else gauges.Cards()
        found = []
        for path in running:
            if path not in self._watched:
                self._watched[path] = _watched(path)
            watched = self._watched[path]
            if watched is None:
                continue
            watched.read()
            state = watched.folder.read_state()
            if state.state in ("running", "paused"):
                found += [(path, _about_alert(watched, alert)) for alert in watched.alerts(state, cards)]
        return found


def _watched(path: Path) -> _Watched | None:
    """A training to be watched, None for any other job."""
    folder = JobFolder(path)
    try:
        spec = folder.read_spec()
    except (ProtocolError, OSError):
        return None
    if not isinstance(spec.params, TrainParams):
        return None
    return _Watched(folder, spec.params, spec.title, EventReader(path))


def last(paths: AppPaths) -> dict[str, Any] | None:
    """How the newest message fared: time, way, title and problem (empty when it was sent); None before the first."""
    try:
        found = read_json(paths.data / LAST)
    except (OSError, ProtocolError):
        return None
    return {
        "time": float(found.get("time") or 0.0),
        "way": str(found.get("way", "")),
        "title": str(found.get("title", "")),
        "problem": str(found.get("problem", "")),
    }


def phase_two_at(run: Path) -> float | None:
    """The step at which phase 2 begins, from the run's newest config.gin; None when it does not tell."""
    found = sorted(run.glob("version_*/config.gin"), key=lambda p: p.stat().st_mtime)
    for path in (*reversed(found), run / "config.gin"):
        try:
            match = _PHASE_1.search(path.read_text(encoding="utf-8", errors="replace"))
        except OSError:
            continue
        if match:
            return float(match.group(1))
    return None


def _told(folder: JobFolder) -> list[str]:
    try:
        found = read_json(folder.path / TOLD).get("told")
    except (OSError, ProtocolError):
        return []
    return [str(mark) for mark in found] if isinstance(found, list) else []


def _largest(run: Path) -> int | None:
    sizes = []
    for path in run.glob("version_*/checkpoints/*.ckpt"):
        try:
            sizes.append(path.stat().st_size)
        except OSError:  # replaced by a newer one at this moment
            continue
    return max(sizes, default=None)


def _about_alert(watched: _Watched, alert: Alert) -> Message:
    params = watched.params
    return Message(
        "alert",
        f"{params.name}: {alert.title}",
        f"{alert.meaning} {alert.advice}",
        project=_project(watched.folder),
        run=params.name,
        job=watched.folder.id,
        state="running",
        step=watched.step,
        max_steps=read_aim(watched.folder.path) or params.max_steps,
        code=alert.code,
        severity=alert.severity,
    )


def _about_end(folder: JobFolder, params: TrainParams, title: str, state: JobState) -> Message:
    good = state.state == "succeeded"
    result = state.result or {}
    progress = state.progress or {}
    step = result.get("step") or progress.get("done")
    number = int(step) if isinstance(step, (int, float)) else None
    name = params.name or title
    if good and result.get("stopped"):
        head, text = tr("{name} was stopped", name=name), tr("What was learned is saved.")
    elif good:
        head, text = tr("{name} is trained", name=name), tr("All steps are done.")
    else:
        error = state.error or {}
        head = (
            tr("{name} failed", name=name)
            if state.state == "failed"
            else tr("{name} was interrupted", name=name)
        )
        text = " ".join(
            part for part in (error.get("message") or state.reason, error.get("hint", "")) if part
        )
    validation = result.get("validation")
    if good and isinstance(validation, (int, float)):
        text += " " + tr("Distance on held-out sound: {distance}.", distance=f"{validation:.3g}")
    return Message(
        "ended" if good else "failed",
        head,
        text,
        project=_project(folder),
        run=params.name,
        job=folder.id,
        state=state.state,
        step=number,
        max_steps=read_aim(folder.path) or params.max_steps,
        code=str((state.error or {}).get("code", "")),
        severity="" if good else "danger",
    )


def _project(folder: JobFolder) -> str:
    return folder.path.parent.parent.name
