"""What was measured during a run: its event files and what its jobs told, made one by (tag, step)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.training.eventfolder import Curve, EventFolder


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


def read(folder: Path, tags: tuple[str, ...] = ()) -> dict[str, Any]:
    """The curves of a run: every point of the tags asked for, and a summary of all. Raises :class:`UserError` (``no-events``, ``no-tag``)."""
    found, _seconds = _load(folder)
    unknown = [tag for tag in tags if tag not in found.tags]
    if unknown:
        raise UserError(
            tr("Nothing named {tag!r} was measured in {folder}.", tag=unknown[0], folder=folder),
            tr("What was measured: {tags}.", tags=", ".join(found.tags)),
            code="no-tag",
        )
    curves = {tag: found.curve(tag) for tag in tags}
    return {
        "run": folder.name,
        "path": str(folder),
        "events": found.events,
        "damaged": found.damaged,
        "summary": [vars(summarise(tag, found.curve(tag))) for tag in found.tags],
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


def _load(folder: Path) -> tuple[EventFolder, float]:
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
    if not found.events:
        raise UserError(
            tr("There are no event files with anything in them in {folder}.", folder=folder),
            tr(
                "They are written while a training runs: events.out.tfevents… in the run's version_N folders."
            ),
            code="no-events",
        )
    return found, seconds
