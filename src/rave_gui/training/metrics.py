"""What was measured during a run: its event files and what its jobs told, made one by (tag, step)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.jobs.reader import EventReader
from rave_gui.training.eventfolder import Curve, EventFolder
from rave_gui.training.logparser import TrainingLogParser
from rave_protocol.events import Metric


@dataclass(frozen=True)
class Summary:
    """One tag in a few figures. ``best`` is its lowest value and ``best_step`` where that was."""

    tag: str
    points: int
    first_step: int
    last_step: int
    last: float
    best: float
    best_step: int


def summarise(tag: str, curve: Curve) -> Summary:
    """Figures of a curve that has at least one point; values that are no numbers do not count as best."""
    finite = np.where(np.isfinite(curve.values), curve.values, np.inf)
    lowest = int(np.argmin(finite))
    return Summary(
        tag,
        len(curve.steps),
        int(curve.steps[0]),
        int(curve.steps[-1]),
        float(curve.values[-1]),
        float(curve.values[lowest]),
        int(curve.steps[lowest]),
    )


def read(folder: Path, tags: tuple[str, ...] = (), jobs: Sequence[Path] = ()) -> dict[str, Any]:
    """The curves of a run: every point of the tags asked for, and a summary of all.

    ``jobs`` are folders of jobs that trained it: what they told fills in steps that the event files do not have. Raises
    :class:`UserError` (``no-events``, ``no-tag``).
    """
    found, _seconds = _load(folder, needed=not jobs)
    told = _told(jobs)
    whole = {tag: _merged(found.curve(tag), told.get(tag, {})) for tag in sorted({*found.tags, *told})}
    if not whole:
        raise _nothing(folder)
    unknown = [tag for tag in tags if tag not in whole]
    if unknown:
        raise UserError(
            tr("Nothing named {tag} was measured in {folder}.", tag=repr(unknown[0]), folder=folder),
            tr("What was measured: {tags}.", tags=", ".join(whole)),
            code="no-tag",
        )
    curves = {tag: whole[tag] for tag in tags}
    return {
        "run": folder.name,
        "path": str(folder),
        "events": found.events,
        "damaged": found.damaged,
        "summary": [vars(summarise(tag, curve)) for tag, curve in whole.items()],
        "curves": {
            tag: {"steps": c.steps.tolist(), "values": c.values.tolist(), "times": c.walls.tolist()}
            for tag, c in curves.items()
        },
    }


def benchmark(folder: Path) -> dict[str, Any]:
    """Read every scalar below a folder once: events, scalars, bytes and seconds."""
    found, seconds = _load(folder)
    points = sum(len(found.curve(tag).steps) for tag in found.tags)
    return {
        "path": str(folder),
        "events": found.events,
        "scalars": points,
        "damaged": found.damaged,
        "tags": len(found.tags),
        "seconds": seconds,
        "events_per_second": found.events / seconds if seconds > 0 else 0.0,
    }


def read_log(log: Path) -> dict[str, Any]:
    """The newest metrics in a console log of RAVE or Lightning. Raises :class:`UserError` (``no-events``) when it tells none."""
    parser = TrainingLogParser(log)
    parser.poll()
    if not parser.understood and not parser.trouble:
        raise UserError(
            tr("The log {file} tells no metrics.", file=log),
            tr("It is the output of a training that is wanted, or a folder with event files."),
            code="no-events",
        )
    return {
        "path": str(log),
        "lines": parser.lines,
        "understood": parser.understood,
        "trouble": parser.trouble,
        "metrics": parser.get_latest_metrics(),
    }


def _told(jobs: Sequence[Path]) -> dict[str, dict[int, tuple[float, float]]]:
    """What jobs told of each tag: value and time by step; a later job counts for the steps it trained again."""
    found: dict[str, dict[int, tuple[float, float]]] = {}
    for job in jobs:
        reader = EventReader(job)
        while events := reader.read():
            for stamped in events:
                if isinstance(stamped.event, Metric):
                    for tag, value in stamped.event.values.items():
                        found.setdefault(tag, {})[stamped.event.step] = (value, stamped.time)
    return found


def _merged(curve: Curve, told: dict[int, tuple[float, float]]) -> Curve:
    """A curve with the steps that only the job told; where both have a step, the event file's value stays."""
    known = set(curve.steps.tolist())
    more = {step: point for step, point in told.items() if step not in known}
    if not more:
        return curve
    steps = np.concatenate([curve.steps, np.fromiter(more, np.int64)])
    values = np.concatenate([curve.values, np.array([value for value, _ in more.values()])])
    walls = np.concatenate([curve.walls, np.array([time for _, time in more.values()])])
    order = np.argsort(steps, kind="stable")
    return Curve(steps[order], values[order], walls[order])


def _load(folder: Path, needed: bool = True) -> tuple[EventFolder, float]:
    if not folder.is_dir():
        raise UserError(
            tr("{folder} is not a folder.", folder=folder),
            tr("Name a run, or a folder with event files."),
            code="no-events",
        )
    began = time.perf_counter()
    found = EventFolder(folder)
    found.poll()
    seconds = time.perf_counter() - began
    if needed and not found.events:
        raise _nothing(folder)
    return found, seconds


def _nothing(folder: Path) -> UserError:
    return UserError(
        tr("There are no event files with anything in them in {folder}.", folder=folder),
        tr("They are written while a training runs: events.out.tfevents… in the run's version_N folders."),
        code="no-events",
    )
