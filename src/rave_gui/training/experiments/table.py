"""Every run of a project with its parameters and the figures of its curves, ready to be shown, filtered and sorted."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.projects import Project
from rave_gui.training.eventfolder import EventFolder
from rave_gui.training.experiments import remembered
from rave_gui.training.experiments.remembered import RowFields
from rave_gui.training.metrics import summarise
from rave_gui.workspace import listing
from rave_protocol import jobfolder
from rave_protocol.aim import read_aim
from rave_protocol.codec import ProtocolError
from rave_protocol.files import read_json

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services

_KIND = "experiment"
"""Under which the store keeps what was read of a run."""
HIDDEN = frozenset({"dataset", "run", "name", "trusted", "resume"})
"""Parameters of a training that say where things are, not how it was done."""
STAR = "star"
"""The tag of runs that the user marked; lists show it as a star."""
FIGURES = ("steps_per_second", "seconds", "peak_memory")
"""Of a job's result: figures of the work itself, in columns of these names."""


class Experiment:
    """One run. ``fields`` holds everything a column may show or a filter may ask for, by name:

    name, dataset, preset, config (list), state, phase, step, max_steps, created, modified, bytes, note, tags, starred, archived,
    every training parameter, every gin binding that was overridden, ``steps_per_second``, ``seconds`` and ``peak_memory`` of its newest
    job that ended, and of every curve ``TAG.last``, ``TAG.best``, ``TAG.best_step``.
    """

    __slots__ = ("_path", "fields", "name")

    def __init__(self, name: str, path: Path | str, fields: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self._path = path
        self.fields: Mapping[str, Any] = {} if fields is None else fields

    @property
    def path(self) -> Path:
        """Folder of the run."""
        if not isinstance(
            self._path, Path
        ):  # made when it is asked for: ten thousand of them take as long as a frame
            self._path = Path(self._path)
        return self._path

    def with_fields(self, fields: Mapping[str, Any]) -> Experiment:
        """The same run with other fields."""
        return Experiment(self.name, self._path, fields)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Experiment):
            return NotImplemented
        return (self.name, self.path, dict(self.fields)) == (other.name, other.path, dict(other.fields))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Experiment({self.name!r}, {str(self.path)!r})"


def last_seen(project: Project) -> list[Experiment]:
    """The table as :func:`table` gave it last time, from the store alone: what to show at once while the disk is looked at."""
    names, paths, columns = remembered.load(project)
    runs = f"{project.runs}{os.sep}"
    return [
        Experiment(name, path or runs + name, RowFields(columns, index))
        for index, (name, path) in enumerate(zip(names, paths, strict=True))
    ]


def table(services: Services, project: Project) -> list[Experiment]:
    """All runs with what is known of them so far; curves that were never read are missing until :func:`refresh`."""
    kept = project.store.facts(_KIND)
    found = []
    for row in listing.runs(services, project):
        known = kept.get(row.name, ("", {}))[1]
        fields: dict[str, Any] = {
            **known.get("parameters", {}),
            **known.get("metrics", {}),
            "name": row.name,
            "dataset": row.dataset,
            "preset": row.preset,
            "config": row.configs,
            "state": row.state,
            "phase": row.phase,
            "step": row.step if row.step is not None else known.get("step"),
            "created": row.created,
            "modified": row.modified,
            "bytes": row.bytes,
            "note": row.note,
            "tags": [tag for tag in row.tags if tag != STAR],
            "starred": STAR in row.tags,
            "archived": bool(row.info.get("archived")),
            "missing": row.missing,
        }
        found.append(Experiment(row.name, row.path, fields))
    runs = project.runs
    remembered.keep(
        project,
        [row.name for row in found],
        ["" if row.path == runs / row.name else str(row.path) for row in found],
        [row.fields for row in found],
    )
    return found


def refresh(
    project: Project,
    on_progress: Callable[[int, int], None] = lambda _done, _of: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> int:
    """Read parameters and curves of runs whose files have changed since they were read; the number of runs that were.

    Call it in a thread: a run with long event files takes a tenth of a second.
    """
    kept = project.store.facts(_KIND)
    records = [record for record in project.items("run") if record.path.is_dir()]
    stamps = {record.name: _stamp(project, record.path, record.job) for record in records}
    stale = [record for record in records if kept.get(record.name, ("", {}))[0] != stamps[record.name]]
    fresh: dict[str, tuple[str, dict[str, Any]]] = {}
    for number, record in enumerate(stale):
        if cancelled():
            break
        fresh[record.name] = (stamps[record.name], _read(project, record.path, record.job))
        on_progress(number + 1, len(stale))
        if len(fresh) >= 200:
            project.store.set_facts(_KIND, fresh)
            fresh = {}
    if fresh:
        project.store.set_facts(_KIND, fresh)
    gone = set(kept) - set(stamps)
    if gone:
        project.store.forget_facts(_KIND, gone)
    return len(stale)


def columns(experiments: Iterable[Experiment]) -> list[str]:
    """Names of all fields that some run has, the common ones first."""
    first = [
        "name",
        "state",
        "step",
        "phase",
        "dataset",
        "config",
        "preset",
        "tags",
        "note",
        "created",
        "modified",
        "bytes",
        *FIGURES,
    ]
    others = {key for names in _distinct(experiments) for key in names} - {
        *first,
        "starred",
        "archived",
        "missing",
    }
    return [*first, *sorted(others)]


def _distinct(experiments: Iterable[Experiment]) -> Iterator[Iterable[str]]:
    """Names of the runs' fields; those that share a table's columns are asked once."""
    asked: set[int] = set()
    for experiment in experiments:
        fields = experiment.fields
        if isinstance(fields, RowFields):
            if id(fields.columns) in asked:
                continue
            asked.add(id(fields.columns))
        yield fields


def arrange(
    experiments: Sequence[Experiment],
    test: Callable[[Mapping[str, Any]], bool],
    sort: str = "created",
    descending: bool = True,
) -> list[Experiment]:
    """Those that fit, sorted by a field; runs without it come last."""
    chosen = [e for e in experiments if test(e.fields)]
    known = [e for e in chosen if _sortable(e.fields.get(sort)) is not None]
    rest = [e for e in chosen if _sortable(e.fields.get(sort)) is None]
    numbers = [e for e in known if isinstance(_sortable(e.fields[sort]), float)]
    texts = [e for e in known if not isinstance(_sortable(e.fields[sort]), float)]
    by: Callable[[Experiment], Any] = lambda e: _sortable(e.fields[sort])  # noqa: E731
    return sorted(numbers, key=by, reverse=descending) + sorted(texts, key=by, reverse=descending) + rest


def at_step(project: Project, name: str, tag: str, step: int) -> float | None:
    """A curve's value at the last point up to ``step``; None where there is none, or the run never came so far.

    (A run of 300 steps has a last scalar at 299, and a validation at 300.)
    """
    record = project.store.get("run", name)
    if record is None:
        return None
    folder = EventFolder(record.path)
    folder.poll()
    curve = folder.curve(tag)
    reached = max((int(folder.curve(name).steps[-1]) for name in folder.tags), default=-1)
    if reached + 1 < step:
        return None
    place = int(curve.steps.searchsorted(step, side="right")) - 1
    return float(curve.values[place]) if place >= 0 else None


def _sortable(value: Any) -> float | str | None:
    if value is None or value in ("", []):
        return None
    if isinstance(value, (int, float)):
        number = float(value)
        return None if math.isnan(number) else number
    return " ".join(map(str, value)).casefold() if isinstance(value, (list, tuple)) else str(value).casefold()


def _stamp(project: Project, run: Path, job: str | None) -> str:
    """Changes whenever a run's event files, or the job it was trained by, do."""
    parts = [job or ""]
    for folder in sorted(run.glob("version_*")) or [run]:
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if ".tfevents." in entry.name:
                        status = entry.stat()
                        parts.append(f"{folder.name}/{entry.name}:{status.st_size}:{status.st_mtime_ns}")
        except OSError:
            continue
    if job:
        try:
            parts.append(str((project.jobs / job / jobfolder.EVENTS).stat().st_size))
        except OSError:
            parts.append("-")
    return "|".join(sorted(parts))


def _read(project: Project, run: Path, job: str | None) -> dict[str, Any]:
    folder = EventFolder(run)
    folder.poll()
    metrics: dict[str, float | int] = {}
    step = None
    for tag in folder.tags:
        figures = summarise(tag, folder.curve(tag))
        metrics |= {
            f"{tag}.last": figures.last,
            f"{tag}.best": figures.best,
            f"{tag}.best_step": figures.best_step,
        }
        step = max(step or 0, figures.last_step)
    return {
        "parameters": {**_parameters(project, job), **_figures(project, job)},
        "metrics": metrics,
        "step": step,
    }


def _figures(project: Project, job: str | None) -> dict[str, float]:
    """How fast the job was, as it said when it ended."""
    if job is None:
        return {}
    try:
        result = read_json(project.jobs / job / jobfolder.STATE).get("result")
    except (OSError, ProtocolError):
        return {}
    found = result if isinstance(result, dict) else {}
    return {key: float(found[key]) for key in FIGURES if isinstance(found.get(key), (int, float))}


def _parameters(project: Project, job: str | None) -> dict[str, Any]:
    """Parameters of the job that trained the run, its overridden bindings among them."""
    if job is None:
        return {}
    try:
        params = read_json(project.jobs / job / jobfolder.SPEC).get("params")
    except (OSError, ProtocolError):
        return {}
    if not isinstance(params, dict):
        return {}
    found = {
        key: value
        for key, value in params.items()
        if key not in HIDDEN and key not in ("configs", "overrides")
    }
    found["clips"] = [
        Path(str(name)).name for name in params.get("clips", ())
    ]  # each job has copies of its own
    aim = read_aim(project.jobs / job)
    if aim is not None:
        found["max_steps"] = aim
    for binding in params.get("overrides", ()):
        name, equals, value = str(binding).partition("=")
        if equals:
            found[name.strip()] = _number(value.strip())
    return found


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text.strip("'\"")
