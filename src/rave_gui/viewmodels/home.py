"""What the start page shows, as plain values: the project at a glance, what runs, what ended, and the one next step."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rave_gui.i18n import tr, trn
from rave_gui.viewmodels.jobs import ACTIVE, Row

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.projects import Project

RECENT_JOBS = 5


@dataclass(frozen=True)
class Facts:
    """A project at a glance. Bytes and counts; times in seconds since the epoch."""

    datasets: int = 0
    runs: int = 0
    trained: int = 0
    """Runs that have a checkpoint."""
    exports: int = 0
    takes: int = 0
    newest_run: str = ""
    free: int = 0
    total: int = 0
    """Of the disk the project is on (without a project, of the user's home)."""

    @property
    def empty(self) -> bool:
        """Whether nothing was made yet."""
        return not (self.datasets or self.runs or self.exports or self.takes)


@dataclass(frozen=True)
class NextStep:
    """The one thing to do next. ``action`` is the key of an action, or ``page:KEY`` for a page to show."""

    title: str
    text: str
    button: str
    action: str
    icon: str
    second: str = ""
    second_action: str = ""


def gather(services: Services, project: Project | None) -> Facts:
    """Look at the project's folders and its disk (call it in a thread)."""
    from rave_gui.projects.runs import newest_checkpoint

    del services
    where = project.path if project else Path.home()
    usage = shutil.disk_usage(where)
    if project is None:
        return Facts(free=usage.free, total=usage.total)
    runs = [record for record in project.items("run") if record.path.is_dir()]
    trained, newest = 0, ""
    for record in sorted(runs, key=lambda r: r.created):
        if newest_checkpoint(record.path) is not None:
            trained, newest = trained + 1, record.name
    return Facts(
        len(project.items("dataset")),
        len(runs),
        trained,
        len(project.items("export")),
        len(project.items("take")),
        newest,
        usage.free,
        usage.total,
    )


def next_step(
    facts: Facts, *, project: bool, engine_known: bool, engine_ready: bool, jobs: Sequence[Row]
) -> NextStep:
    """What a person would do now."""
    trainings = [job for job in jobs if job.kind == "train" and job.state in ACTIVE]
    training = next((job for job in trainings if job.state != "queued"), trainings[0] if trainings else None)
    if training is not None and training.state == "queued":
        return NextStep(
            tr("A training waits"),
            tr("{title}. It begins by itself, also when the window is closed.", title=training.title),
            tr("Show the trainings"),
            "page:training",
            "activity",
        )
    if training is not None:
        return NextStep(
            tr("A model is being trained"),
            tr("{title}. It goes on when the window is closed.", title=training.title),
            tr("Watch the training"),
            "page:training",
            "activity",
        )
    if engine_known and not engine_ready:
        return NextStep(
            tr("Set up the engine"),
            tr(
                "PyTorch and RAVE, in an environment of their own. Downloaded once; nothing else on this computer is changed."
            ),
            tr("Set up the engine"),
            "engine.install",
            "download",
        )
    if not project:
        return NextStep(
            tr("Make a project"),
            tr("A project is a folder that keeps recordings' datasets, trainings and models together."),
            tr("New project…"),
            "project.new",
            "folder-plus",
            tr("Open a project…"),
            "project.open",
        )
    if facts.empty:
        return NextStep(
            tr("Turn recordings into a model"),
            tr(
                "Quick start makes the dataset, trains, listens and exports in one go. Or go step by step, from a dataset."
            ),
            tr("Quick start"),
            "page:quickstart",
            "sparkles",
            tr("New dataset…"),
            "datasets.new",
        )
    if not facts.datasets:
        return NextStep(
            tr("Add recordings"),
            tr("A model learns the sound of a dataset: a folder of recordings, cut into pieces."),
            tr("New dataset…"),
            "datasets.new",
            "database",
        )
    if not facts.trained:
        return NextStep(
            tr("Train a model"),
            trn(
                "{n} dataset is ready. Choose what kind of model learns it, and how long.",
                "{n} datasets are ready. Choose one, what kind of model learns it, and how long.",
                facts.datasets,
            ),
            tr("New training…"),
            "training.new",
            "activity",
        )
    if not facts.exports:
        return NextStep(
            tr("Hear what it learned"),
            tr(
                "“{run}” has a checkpoint. Listen to it, then export it for Max, Pure Data or SuperCollider.",
                run=facts.newest_run,
            ),
            tr("Listen"),
            "page:models",
            "headphones",
            tr("Export…"),
            "page:export",
        )
    return NextStep(
        tr("Play with your models"),
        tr("Send sounds through “{run}” and keep what you like.", run=facts.newest_run),
        tr("Play"),
        "page:play",
        "audio-lines",
        tr("New training…"),
        "training.new",
    )


def running(jobs: Sequence[Row]) -> list[Row]:
    """Jobs that have not ended: those at work first, then those that wait in their order."""
    order = {"running": 0, "stopping": 0, "paused": 1, "starting": 2, "queued": 3}
    return sorted((j for j in jobs if j.state in ACTIVE), key=lambda j: (order.get(j.state, 4), j.created))


ASIDE = frozenset({"dataset-stats", "dataset-index", "dataset-check"})
"""Kinds that are no news when they went well."""


def ended(jobs: Sequence[Row], count: int = RECENT_JOBS) -> list[Row]:
    """The jobs that ended last, newest first; without those that a page starts by itself when it is looked at, unless they failed."""
    found = [j for j in jobs if j.state not in ACTIVE and not (j.kind in ASIDE and j.state != "failed")]
    return sorted(found, key=lambda j: j.ended or j.created, reverse=True)[:count]
