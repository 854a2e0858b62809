"""What the screenshot tour shows: every page, view and dialog, and how to get there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QApplication, QDialog

from rave_gui.ui.app import App

Spin = Callable[..., None]
"""``spin(until, seconds)``: let the window work until something is true."""


@dataclass
class Tour:
    """The window that is driven, the project in it, and a way to wait."""

    app: App
    project: Path
    spin: Spin

    def go(self, page: str, **where: Any) -> Any:
        """Show a page and give it time to read what it shows."""
        self.app.session.go(page, **where)
        self.rest()
        return self.app.page(page)

    def act(self, key: str) -> None:
        """Do an action."""
        self.app.session.actions.trigger(key)
        self.rest()

    def rest(self, seconds: float = 0.6) -> None:
        """Let everything that was begun come to its end."""
        self.spin(None, seconds)

    def dialog(self) -> QDialog | None:
        """The dialog that is open."""
        found = [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]
        return found[-1] if found else None

    def names(self, kind: str) -> list[str]:
        """Names of the project's datasets, runs or exports."""
        project = self.app.session.project
        assert project is not None
        return [record.name for record in project.items(kind)]  # type: ignore[arg-type]


@dataclass(frozen=True)
class Scene:
    """One picture. ``empty``: shown in a project without anything; otherwise in the filled one."""

    name: str
    arrange: Callable[[Tour], object]
    wide: bool = False
    """Only in the large size (dialogs are the same size in both)."""


def _home(tour: Tour) -> None:
    tour.go("home")
    tour.rest(2.4)


def _dataset_tab(tab: str) -> Callable[[Tour], None]:
    def arrange(tour: Tour) -> None:
        page = tour.go("datasets", dataset=tour.names("dataset")[0])
        tour.rest(1.0)
        page._detail.show_tab(tab)
        if tab == "overview" and not page._detail.tabs["overview"].property("measured"):
            page._detail.tabs["overview"].measure()
            page._detail.tabs["overview"].setProperty("measured", True)
            tour.rest(6.0)
        view = page._detail.tabs[tab]
        if tab == "map":
            tour.spin(lambda: view.view.count() > 0, 30)
            view.choose(view.view.count() // 3, play=False)
        if tab == "health" and not view.property("looked"):
            view.setProperty("looked", True)
            view.check()
            view.audit()
            tour.rest(3.0)
            tour.spin(lambda: not view.strip.lines, 60)
        tour.rest(1.5)

    return arrange


def _wizard(step: int) -> Callable[[Tour], None]:
    def arrange(tour: Tour) -> None:
        sounds = tour.project / "sounds"
        page = tour.go("datasets", sources=[str(sounds)])
        tour.rest(1.5)
        for n in range(1, step + 1):
            page._wizard.bar.wanted.emit(n)
            tour.rest(1.5)
        if step >= 2:
            tour.spin(lambda: page._wizard.model.forecast is not None, 60)
            tour.rest(0.5)

    return arrange


def _new_run(step: int) -> Callable[[Tour], None]:
    def arrange(tour: Tour) -> None:
        page = tour.go("training", new=True, dataset=tour.names("dataset")[0])
        tour.rest(1.5)
        if step:
            page.wizard.choose("preset:tiny")
        for n in range(1, step + 1):
            page.wizard.bar.wanted.emit(n)
            tour.rest(1.0)
        if step >= 3:
            tour.rest(6.0)

    return arrange


def _run(tab: str) -> Callable[[Tour], None]:
    def arrange(tour: Tour) -> None:
        page = tour.go("training", run=tour.names("run")[-1])
        tour.rest(1.5)
        page.run_view.show_tab(tab)
        tour.rest(1.5)

    return arrange


def _part(view: str) -> Callable[[Tour], None]:
    """A part of Training beside the list of runs."""

    def arrange(tour: Tour) -> None:
        tour.go("training", view=view)
        tour.rest(4.0)

    return arrange


def _side_by_side(tab: str) -> Callable[[Tour], None]:
    """The newest runs laid side by side."""

    def arrange(tour: Tour) -> None:
        page = tour.go("training", view="compare", compare=tour.names("run")[-3:])
        tour.spin(lambda: page.slots.view("compare").comparing, 20)
        tour.rest(2.0)
        page.slots.view("compare").comparison.show_tab(tab)
        tour.rest(1.5)

    return arrange


def _gallery(tour: Tour) -> None:
    tour.go("gallery")
    tour.rest(3.0)


def _list(page: str) -> Callable[[Tour], None]:
    """A page as it is when nothing in it is open."""

    def arrange(tour: Tour) -> None:
        shown = tour.go(page)
        back = getattr(shown, "show_list", None)
        if back is not None:
            back()
        tour.rest(1.0)

    return arrange


def _models(tab: str) -> Callable[[Tour], None]:
    def arrange(tour: Tour) -> None:
        tour.go("models", run=tour.names("run")[-1])
        tour.rest(1.0)
        if tab != "listen":
            tour.act(f"models.{tab}")
        tour.rest(1.5)

    return arrange


def _play(tour: Tour) -> None:
    page = tour.go("play")
    tour.rest(1.0)
    sounds = sorted((tour.project / "sounds").rglob("*.wav"))
    if sounds:
        page.model.set(source=sounds[0])
    tour.rest(4.0)


def _export_new(tour: Tour) -> None:
    tour.go("export")
    tour.act("export.new")
    tour.rest(1.0)


def _jobs(tour: Tour) -> None:
    rows = tour.app.session.jobs.rows
    train = next((row for row in rows if row.kind == "train"), rows[0] if rows else None)
    tour.go("jobs", **({"job": train.id} if train else {}))
    tour.rest(1.0)


def _action(key: str, wait: float = 0.5) -> Callable[[Tour], None]:
    def arrange(tour: Tour) -> None:
        tour.go("home")
        tour.act(key)
        tour.rest(wait)

    return arrange


FILLED: tuple[Scene, ...] = (
    Scene("home", _home),
    Scene("datasets", _list("datasets")),
    Scene("dataset-overview", _dataset_tab("overview")),
    Scene("dataset-map", _dataset_tab("map")),
    Scene("dataset-chunks", _dataset_tab("chunks")),
    Scene("dataset-sources", _dataset_tab("sources")),
    Scene("dataset-health", _dataset_tab("health")),
    Scene("new-dataset-recordings", _wizard(0)),
    Scene("new-dataset-review", _wizard(1)),
    Scene("new-dataset-parameters", _wizard(2)),
    Scene("new-dataset-name", _wizard(3)),
    Scene("training", _list("training")),
    Scene("run-curves", _run("curves")),
    Scene("run-listen", _run("listen")),
    Scene("run-log", _run("log")),
    Scene("run-facts", _run("facts")),
    Scene("new-run-start", _new_run(0)),
    Scene("new-run-dataset", _new_run(1)),
    Scene("new-run-model", _new_run(2)),
    Scene("new-run-settings", _new_run(3)),
    Scene("new-run-review", _new_run(4)),
    Scene("compare", _part("compare")),
    Scene("compare-curves", _side_by_side("curves")),
    Scene("compare-parameters", _side_by_side("parameters")),
    Scene("compare-sound", _side_by_side("sound")),
    Scene("configs", _part("configs")),
    Scene("models", _models("listen")),
    Scene("models-checkpoints", _models("checkpoints")),
    Scene("models-takes", _models("takes")),
    Scene("play", _play),
    Scene("export", _list("export")),
    Scene("export-new", _export_new),
    Scene("jobs", _jobs),
    Scene("quickstart", lambda tour: tour.go("quickstart")),
    Scene("gallery", _gallery),
    Scene("dialog-palette", _action("window.palette"), wide=True),
    Scene("dialog-settings", _action("window.settings"), wide=True),
    Scene("dialog-keys", _action("help.keys"), wide=True),
    Scene("dialog-about", _action("help.about"), wide=True),
    Scene("dialog-doctor", _action("help.doctor", 8.0), wide=True),
    Scene("dialog-messages", _action("window.messages"), wide=True),
    Scene("dialog-project-new", _action("project.new"), wide=True),
    Scene("dialog-project-settings", _action("project.settings"), wide=True),
    Scene("dialog-project-rename", _action("project.rename"), wide=True),
    Scene("dialog-project-adopt", _action("project.adopt"), wide=True),
    Scene("dialog-project-export", _action("project.export"), wide=True),
    Scene("dialog-project-delete", _action("project.delete", 1.0), wide=True),
    Scene("dialog-trash", _action("project.trash"), wide=True),
)

EMPTY: tuple[Scene, ...] = tuple(
    Scene(f"{page}-empty", _list(page))
    for page in ("home", "datasets", "training", "models", "play", "export", "jobs", "quickstart")
)

BARE: tuple[Scene, ...] = (
    Scene("welcome", lambda tour: tour.go("home")),
    *(
        Scene(f"{page}-no-project", _list(page))
        for page in ("datasets", "training", "models", "play", "export", "jobs")
    ),
)
"""Shown without a project."""
