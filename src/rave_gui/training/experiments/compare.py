"""Two or more runs next to each other: what differs in how they were made, and their curves over steps or time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from rave_gui.projects import Project
from rave_gui.training.eventfolder import EventFolder
from rave_gui.training.experiments.table import Experiment

Floats = npt.NDArray[np.float64]
NOT_PARAMETERS = frozenset(
    {
        "name",
        "state",
        "phase",
        "step",
        "created",
        "modified",
        "bytes",
        "note",
        "tags",
        "starred",
        "archived",
        "missing",
    }
)


@dataclass(frozen=True)
class Difference:
    """One parameter, with its value in each run (None where a run does not have it)."""

    name: str
    values: list[Any]

    @property
    def same(self) -> bool:
        """Whether all runs agree."""
        return all(value == self.values[0] for value in self.values)


@dataclass(frozen=True)
class Line:
    """A curve of one run. ``x``: steps, or seconds since the run's first point."""

    run: str
    tag: str
    x: Floats
    y: Floats


@dataclass(frozen=True)
class Clip:
    """A preview pair of one run at one step."""

    run: str
    step: int
    original: Path
    reconstruction: Path


def parameters(runs: Sequence[Experiment]) -> list[Difference]:
    """Every parameter of the runs: those that differ first, then the others, each by name."""
    names = {key for run in runs for key in run.fields if key not in NOT_PARAMETERS and not _is_metric(key)}
    rows = [Difference(name, [run.fields.get(name) for run in runs]) for name in sorted(names)]
    return sorted(rows, key=lambda row: row.same)


def metrics(runs: Sequence[Experiment]) -> list[Difference]:
    """Figures of every curve that some run has."""
    names = {key for run in runs for key in run.fields if _is_metric(key)}
    return [Difference(name, [run.fields.get(name) for run in runs]) for name in sorted(names)]


def lines(
    runs: Sequence[Experiment], tags: Sequence[str], align: Literal["step", "time"] = "step"
) -> list[Line]:
    """Curves to be laid over each other; reads event files (call it in a thread)."""
    found = []
    for run in runs:
        folder = EventFolder(run.path)
        folder.poll()
        for tag in tags:
            curve = folder.curve(tag)
            if not len(curve.steps):
                continue
            x = curve.steps.astype(np.float64) if align == "step" else active_time(curve.walls)
            found.append(Line(run.name, tag, x, curve.values))
    return found


def active_time(walls: Floats, gap: float = 30.0) -> Floats:
    """Seconds of work since the first point: pauses (gaps many times longer than usual, and than ``gap`` seconds) count as nothing."""
    if len(walls) < 2:
        return np.zeros(len(walls))
    between = np.diff(walls)
    usual = float(np.median(between))
    between = np.where(between > max(gap, 20 * usual), usual, between)
    return np.concatenate([[0.0], np.cumsum(np.maximum(between, 0.0))])


def common_steps(runs: Sequence[Experiment]) -> list[int]:
    """Steps at which every run has a preview, rising."""
    sets = [{clip.step for clip in clips(run)} for run in runs]
    return sorted(set.intersection(*sets)) if sets else []


def clips(run: Experiment) -> list[Clip]:
    """Previews of a run in order of their steps; a step that was rendered again counts once, with its newest."""
    found: dict[int, Clip] = {}
    for made in sorted(
        run.path.glob("version_*/previews/step_*_reconstruction.wav"), key=lambda p: p.stat().st_mtime
    ):
        digits = made.name.removeprefix("step_").partition("_")[0]
        original = made.with_name(made.name.replace("_reconstruction", "_original"))
        if digits.isdigit() and original.exists():
            found[int(digits)] = Clip(run.name, int(digits), original, made)
    return [found[step] for step in sorted(found)]


def pick(project: Project, experiments: Sequence[Experiment], names: Sequence[str]) -> list[Experiment]:
    """Runs by name, in the order of the names. Raises :class:`UserError` (``run-missing``) for one that is not there."""
    by_name = {experiment.name: experiment for experiment in experiments}
    for name in names:
        if name not in by_name:
            project.find_run(name)
    return [by_name[name] for name in names if name in by_name]


def _is_metric(key: str) -> bool:
    return key.endswith((".last", ".best", ".best_step"))
