"""Two or more runs next to each other: what differs in how they were made, and their curves over steps or time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from rave_gui.projects import Project
from rave_gui.training.eventfolder import Curve, EventFolder
from rave_gui.training.experiments.table import FIGURES, Experiment

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
        *FIGURES,
    }
)
COMMON_STEPS = 12
"""Rows of a table of curves at common steps."""


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


@dataclass(frozen=True)
class Benchmark:
    """How a run got on. None: not known."""

    run: str
    device: str
    steps: int | None
    seconds: float | None
    """Of work, without pauses."""
    steps_per_second: float | None
    peak_memory: int | None
    """Bytes on the training's device at most."""


@dataclass(frozen=True)
class StepRow:
    """Values of one curve in each run at one step (the last point up to it); None where a run has none."""

    tag: str
    step: int
    values: list[float | None]


@dataclass(frozen=True)
class Comparison:
    """Runs side by side, in the order asked for."""

    runs: list[Experiment]
    parameters: list[Difference]
    metrics: list[Difference]
    benchmarks: list[Benchmark]
    tags: list[str] = field(default_factory=list)
    """Every curve that some run has."""
    lines: list[Line] = field(default_factory=list)
    at_steps: list[StepRow] = field(default_factory=list)
    clip_steps: list[int] = field(default_factory=list)
    """Steps at which every run has a preview."""

    def to_json(self) -> dict[str, Any]:
        """The object that ``experiments compare`` prints."""
        return {
            "runs": [run.name for run in self.runs],
            "parameters": [
                {"name": row.name, "same": row.same, "values": row.values} for row in self.parameters
            ],
            "metrics": [{"name": row.name, "values": row.values} for row in self.metrics],
            "benchmark": [vars(row) for row in self.benchmarks],
            "tags": self.tags,
            "curves": [
                {"run": line.run, "tag": line.tag, "x": line.x.tolist(), "y": line.y.tolist()}
                for line in self.lines
            ],
            "steps": [vars(row) for row in self.at_steps],
            "clips": [
                {
                    "step": step,
                    "files": [
                        {
                            "run": run.name,
                            "original": str(clip.original),
                            "reconstruction": str(clip.reconstruction),
                        }
                        for run in self.runs
                        for clip in clips(run)
                        if clip.step == step
                    ],
                }
                for step in self.clip_steps
            ],
        }


def read_curves(runs: Sequence[Experiment]) -> dict[str, EventFolder]:
    """Event files of the runs by name (takes a tenth of a second for a long run: call it in a thread)."""
    found = {}
    for run in runs:
        found[run.name] = folder = EventFolder(run.path)
        folder.poll()
    return found


def compare(
    runs: Sequence[Experiment],
    tags: Sequence[str] | None = None,
    align: Literal["step", "time"] = "step",
    points: int = 2000,
) -> Comparison:
    """Everything about some runs at once; ``tags`` None takes every curve, ``points`` is what is kept of each (0: all)."""
    folders = read_curves(runs)
    known = sorted({tag for folder in folders.values() for tag in folder.tags})
    wanted = known if tags is None else [tag for tag in tags if tag in known]
    return Comparison(
        list(runs),
        parameters(runs),
        metrics(runs),
        [_benchmark(run, folders[run.name]) for run in runs],
        known,
        [thinned(line, points) for line in _lines(runs, folders, wanted, align)],
        [row for tag in wanted for row in step_rows(tag, [folders[run.name].curve(tag) for run in runs])],
        common_steps(runs),
    )


def step_rows(tag: str, curves: Sequence[Curve]) -> list[StepRow]:
    """A curve of several runs at some steps that all of them reached, evenly spread."""
    there = [curve for curve in curves if len(curve.steps)]
    if not there:
        return []
    shared = there[0].steps
    for curve in there[1:]:
        shared = np.intersect1d(shared, curve.steps)
    if len(shared) >= 2:
        steps = shared[np.unique(np.linspace(0, len(shared) - 1, COMMON_STEPS).round().astype(np.int64))]
    else:
        first = max(int(curve.steps[0]) for curve in there)
        last = min(int(curve.steps[-1]) for curve in there)
        if last < first:
            return []
        steps = np.unique(np.linspace(first, last, COMMON_STEPS).round().astype(np.int64))
    return [StepRow(tag, int(step), [value_at(curve, int(step)) for curve in curves]) for step in steps]


def value_at(curve: Curve, step: int) -> float | None:
    """The last point up to ``step``; None before the first one."""
    place = int(curve.steps.searchsorted(step, side="right")) - 1
    return float(curve.values[place]) if place >= 0 else None


def thinned(line: Line, points: int) -> Line:
    """The lowest and the highest value of each of ``points / 2`` stretches: fewer points, no peak lost."""
    if points <= 0 or len(line.x) <= points:
        return line
    edges = np.linspace(0, len(line.x), max(points // 2, 1) + 1).astype(np.int64)[:-1]
    keep = set()
    low = np.where(np.isfinite(line.y), line.y, np.inf)
    high = np.where(np.isfinite(line.y), line.y, -np.inf)
    for begin, end in zip(edges, [*edges[1:], len(line.x)], strict=True):
        keep |= {begin + int(np.argmin(low[begin:end])), begin + int(np.argmax(high[begin:end]))}
    chosen = np.array(sorted(keep | {0, len(line.x) - 1}))
    return Line(line.run, line.tag, line.x[chosen], line.y[chosen])


def _benchmark(run: Experiment, folder: EventFolder) -> Benchmark:
    fields = run.fields
    speed, seconds = fields.get("steps_per_second"), fields.get("seconds")
    longest = max((folder.curve(tag) for tag in folder.tags), key=lambda c: len(c.steps), default=None)
    if longest is not None and len(longest.steps) > 1:
        # The whole run by its own clock: a job's figures speak of that job only.
        seconds = float(active_time(longest.walls)[-1])
        if speed is None and seconds > 0:
            speed = float(longest.steps[-1] - longest.steps[0]) / seconds
    memory = fields.get("peak_memory")
    return Benchmark(
        run.name,
        str(fields.get("device") or ""),
        fields.get("step"),
        seconds,
        speed,
        int(memory) if isinstance(memory, (int, float)) else None,
    )


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
    return _lines(runs, read_curves(runs), tags, align)


def _lines(
    runs: Sequence[Experiment],
    folders: Mapping[str, EventFolder],
    tags: Sequence[str],
    align: Literal["step", "time"],
) -> list[Line]:
    found = []
    for tag in tags:
        for run in runs:
            curve = folders[run.name].curve(tag)
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
