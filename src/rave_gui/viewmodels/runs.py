"""The runs of a project as the window lists them: what is on disk joined with the job that is at work on each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psygnal import Signal

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.projects import Project

ACTIVE = ("queued", "starting", "running", "paused", "stopping")
STAR = "star"
"""The tag behind the star of a list."""


@dataclass(frozen=True)
class RunItem:
    """One run. Times in seconds since the epoch; None for what is not known."""

    name: str
    path: Path
    state: str = ""
    """State of the newest job that trained it; empty for a run from elsewhere."""
    step: int | None = None
    total: int | None = None
    phase: str = ""
    dataset: str = ""
    model: str = ""
    """Configuration stack in short: ``v2 + causal``."""
    preset: str = ""
    best: float | None = None
    """Smallest distance on held-out sound."""
    rate: float | None = None
    """Steps a second, while it runs or over its last session."""
    eta: float | None = None
    started: float | None = None
    created: float | None = None
    modified: float | None = None
    checkpoints: int = 0
    size: int = 0
    tags: tuple[str, ...] = ()
    note: str = ""
    job: str = ""
    problem: str = ""
    adopted: bool = False
    missing: bool = False
    not_before: float | None = None
    """The time before which it waits in the queue."""

    @property
    def active(self) -> bool:
        """Whether somebody is at work on it, or will be."""
        return self.state in ACTIVE

    @property
    def share(self) -> float | None:
        """How far it is, 0 to 1."""
        if self.step is None or not self.total:
            return None
        return min(1.0, max(0.0, self.step / self.total))

    @property
    def haystack(self) -> str:
        """What a search looks through, without case."""
        parts = (self.name, self.dataset, self.model, self.preset, self.state, self.note, *self.tags)
        return "\n".join(parts).casefold()

    @property
    def starred(self) -> bool:
        """Whether the user marked it."""
        return STAR in self.tags

    @property
    def shown_tags(self) -> tuple[str, ...]:
        """Tags without the star."""
        return tuple(tag for tag in self.tags if tag != STAR)


def load(services: Services, project: Project) -> list[RunItem]:
    """Every run of the project (in a thread: reads the disk)."""
    from rave_gui.workspace import listing

    return [_item(row) for row in listing.runs(services, project)]


def _item(row: Any) -> RunItem:
    configs = [Path(name).stem if "/" in name or "\\" in name else name for name in row.configs or ()]
    progress = row.progress or {}
    return RunItem(
        name=row.name,
        path=Path(row.path),
        state=row.state or "",
        step=row.step,
        total=_whole(row.max_steps) or _whole(progress.get("total")),
        phase=f"phase {row.phase}" if row.phase else "",
        dataset=row.dataset or "",
        model=" + ".join(configs),
        created=row.created,
        modified=row.modified,
        checkpoints=row.n_checkpoints,
        size=row.bytes or 0,
        tags=tuple(row.tags or ()),
        note=row.note or "",
        job=row.job or "",
        preset=row.preset or "",
        problem=row.error,
        adopted=row.adopted,
        missing=row.missing,
    )


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, (int, float)) and value > 0 else None


def _total(params: Mapping[str, Any], progress: Mapping[str, Any]) -> int | None:
    """Steps aimed at: what the training says (it may have been made longer), else what it was started with."""
    said = _whole(progress.get("total")) if str(progress.get("unit", "")).startswith("step") else None
    return said or _whole(params.get("max_steps"))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def join(item: RunItem, job: Any) -> RunItem:
    """``item`` with what its newest job (a ``jobs.JobView``, or None) says now."""
    if job is None:
        return item
    progress: Mapping[str, Any] = job.progress or {}
    result: Mapping[str, Any] = job.result or {}
    params: Mapping[str, Any] = job.params or {}
    done = _number(progress.get("done")) if str(progress.get("unit", "")).startswith("step") else None
    step = int(done) if done is not None else None
    if isinstance(result.get("step"), int):
        step = result["step"]
    running = job.state in ("running", "paused", "stopping")
    rate = _number(progress.get("rate")) if running else _number(result.get("steps_per_second"))
    return replace(
        item,
        state=job.state,
        step=step if step is not None and (running or step > (item.step or 0)) else item.step,
        total=_total(params, progress) or item.total,
        phase=str(progress.get("phase") or result.get("phase") or item.phase),
        best=_number(result.get("best_validation", result.get("validation")))
        if item.best is None
        else item.best,
        rate=rate if rate is not None else item.rate,
        eta=_number(progress.get("eta")) if job.state == "running" else None,
        started=job.started,
        not_before=job.not_before if job.state == "queued" else None,
        problem=str((job.error or {}).get("message") or job.reason or item.problem),
        dataset=item.dataset or Path(str(params.get("dataset", ""))).name,
        model=item.model or " + ".join(str(name) for name in params.get("configs", ())),
    )


FILTERS = ("all", "active", "ended", "starred")


class RunsModel:
    """The list. ``changed``: rows are other or say other things."""

    changed = Signal()

    def __init__(self) -> None:
        self._items: list[RunItem] = []
        self._distances: dict[str, float] = {}
        self._jobs: dict[str, Any] = {}
        self._joined: dict[str, tuple[RunItem, Any, RunItem]] = {}
        """By name: a run, its job, and both in one row; made again only when either is another object."""
        self.rows: list[RunItem] = []
        self.loaded = False

    def set_items(self, items: Sequence[RunItem]) -> None:
        """What is on disk."""
        self._items, self.loaded = [self._with_distance(item) for item in items], True
        self._join()

    def set_distances(self, distances: Mapping[str, float]) -> None:
        """The smallest distance that the curves of each run hold, by name."""
        self._distances = dict(distances)
        if self.loaded:
            self._items = [self._with_distance(item) for item in self._items]
            self._join()

    def _with_distance(self, item: RunItem) -> RunItem:
        best = self._distances.get(item.name)
        return item if best == item.best else replace(item, best=best)

    def set_jobs(self, jobs: Sequence[Any]) -> None:
        """What the jobs say now; only trainings matter."""
        self._jobs = {job.id: job for job in jobs if job.kind == "train"}
        if self.loaded:
            self._join()

    def get(self, name: str) -> RunItem | None:
        """A run by its name."""
        found = self._joined.get(name)
        return found[2] if found is not None else None

    def clear(self) -> None:
        """No project is open, or another one."""
        self._items, self.rows, self._joined, self.loaded = [], [], {}, False
        self._distances = {}
        self.changed.emit()

    def counts(self) -> dict[str, int]:
        """How many runs each filter shows."""
        return {key: sum(1 for row in self.rows if accepts(key, row)) for key in FILTERS}

    def _join(self) -> None:
        before, self._joined = self._joined, {}
        rows = []
        for item in self._items:
            job = self._jobs.get(item.job)
            known = before.get(item.name)
            if known is None or known[0] is not item or known[1] is not job:
                known = item, job, join(item, job)
            self._joined[item.name] = known
            rows.append(known[2])
        if rows != self.rows or not rows:
            self.rows = rows
            self.changed.emit()


def accepts(key: str, row: RunItem) -> bool:
    """Whether a filter shows a run."""
    return {
        "all": True,
        "active": row.active,
        "ended": not row.active,
        "starred": row.starred,
    }[key]


def can(row: RunItem | None, action: str) -> bool:
    """Whether an action applies: pause, resume (a pause), stop, save, phase2, preview, extend, schedule, cancel, go_on, rename, delete, again."""
    if row is None:
        return False
    if row.missing:
        return action == "delete"
    working = row.state in ("running", "paused")
    return {
        "pause": row.state == "running",
        "resume": row.state == "paused",
        "stop": working,
        "save": working,
        "preview": working,
        "phase2": working and row.phase != "phase 2",
        "extend": working or row.state == "queued",
        "schedule": row.state == "queued",
        "cancel": row.active and row.state != "stopping",
        "go_on": not row.active and (row.checkpoints > 0 or row.step is not None),
        "rename": not row.active,
        "delete": not row.active,
        "again": True,
    }[action]
