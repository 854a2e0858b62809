"""Trained models as their page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.models import actions
from rave_gui.models.actions import Checkpoint, ConfigFacts, Evaluation
from rave_gui.play import actions as play
from rave_gui.play.actions import Take
from rave_gui.workspace import listing

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.jobs.view import JobView
    from rave_gui.projects import Project
    from rave_gui.workspace.listing import RunRow

WORK_KINDS = frozenset({"render", "evaluate"})
"""Jobs that the page shows while they run."""


@dataclass(frozen=True)
class ModelItem:
    """A run that has at least one checkpoint."""

    run: RunRow
    distance: float | None = None
    """The smallest one measured of any of its checkpoints."""

    @property
    def name(self) -> str:
        """Of the run."""
        return self.run.name


@dataclass(frozen=True)
class Models:
    """Everything the list shows."""

    items: tuple[ModelItem, ...] = ()
    jobs: tuple[JobView, ...] = ()
    """Renders and evaluations that are under way."""
    datasets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Detail:
    """One model: its checkpoints, facts, evaluations and takes."""

    run: RunRow
    checkpoints: tuple[Checkpoint, ...]
    config: ConfigFacts
    takes: tuple[Take, ...]

    def checkpoint(self, path: Path | None) -> Checkpoint | None:
        """The one at a path; for None the one a user most likely wants: the newest of all that have a number, else the first."""
        for checkpoint in self.checkpoints:
            if checkpoint.path == path:
                return checkpoint
        if path is not None:
            return None
        return next(
            (c for c in self.checkpoints if c.newest), self.checkpoints[0] if self.checkpoints else None
        )


def load_models(services: Services, project: Project) -> Models:
    """The models of a project, the one trained last first. Runs that have no checkpoint yet are left out."""
    views = services.jobs.list(project.path)
    measured = best_distances(actions.evaluations_among(views))
    rows = [row for row in listing.runs(services, project) if row.n_checkpoints]
    rows.sort(key=lambda row: row.modified or row.created, reverse=True)
    return Models(
        tuple(ModelItem(row, measured.get(row.name)) for row in rows),
        tuple(v for v in views if v.kind in WORK_KINDS and not v.final),
        tuple(row.name for row in listing.datasets(services, project) if not row.missing),
    )


def best_distances(found: Sequence[Evaluation]) -> dict[str, float]:
    """The smallest distance of each run."""
    best: dict[str, float] = {}
    for evaluation in found:
        if evaluation.distance is not None:
            best[evaluation.run] = min(evaluation.distance, best.get(evaluation.run, evaluation.distance))
    return best


def load_detail(services: Services, project: Project, row: RunRow) -> Detail:
    """One model in full. Raises :class:`UserError` run-missing."""
    checkpoints = tuple(actions.library(services, project, str(row.path)))
    takes = tuple(take for take in play.takes(services, project) if take.run == row.name)
    return Detail(row, checkpoints, actions.read_config(row.path), takes)


@dataclass(frozen=True)
class Hearing:
    """What the player of a model holds: the original (where known) and one or two answers to it."""

    original: Path | None
    results: tuple[tuple[str, Path], ...]
    """Name shown and file."""
    evaluation: dict[str, Any] | None = None
    title: str = ""


def hearing_of(take: Take, original_name: str = "") -> Hearing:
    """A take in the player."""
    del original_name
    return Hearing(take.original, ((take.run, take.result),), take.evaluation, take.name)


def first_hearing(detail: Detail) -> Take | None:
    """What a model is heard with when it is opened: its newest evaluation, else its newest render."""
    takes = sorted(detail.takes, key=lambda t: t.created, reverse=True)
    return next((t for t in takes if t.kind == "evaluation"), takes[0] if takes else None)
