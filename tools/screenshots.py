"""Drive the real window with a real small project and write PNG files: every state, light and dark, two sizes, large text.

    python tools/screenshots.py [--project FOLDER] [--output docs/images]

Without ``--project`` a project with demo sounds is made and trained first (minutes; needs the engine). The finished project is
shown as it is on disk; the running and the failed state are its own recorded events, told up to a point. No screen is needed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from PySide6.QtCore import QCoreApplication, QEvent  # noqa: E402
from PySide6.QtWidgets import QApplication, QWidget  # noqa: E402

from rave_gui.bootstrap import Services, build  # noqa: E402
from rave_gui.errors import JobError  # noqa: E402
from rave_gui.jobs.view import JobView  # noqa: E402
from rave_gui.paths import AppPaths, default_paths  # noqa: E402
from rave_gui.ui.app import App  # noqa: E402
from rave_gui.viewmodels.driver import QuickstartDriver  # noqa: E402
from rave_gui.viewmodels.quickstart import Found, JobHandle, Request, Update  # noqa: E402
from rave_protocol import events  # noqa: E402

SIZES = {"large": (1440, 900), "small": (1024, 700)}
STATES = ("empty", "chosen", "running", "curves", "log", "finished", "failed", "jobs", "keys")


class Retold:
    """The project's own driver, which stops telling in the middle of the training."""

    def __init__(self, services: Services, project: Path, fail: events.Failed | None) -> None:
        self._real = QuickstartDriver(services)
        self._project, self._fail = project, fail

    def run(
        self, request: Request, emit: Callable[[Update], None], stopped: Callable[[], bool], again: bool
    ) -> dict[str, Any]:
        """Tell the recorded events until 96 % of the training (60 % for a failure), then wait or fail."""
        told: list[Update] = []
        self._real.history(self._project, told.append)
        kept = list(self._first(told, request.steps * (0.6 if self._fail else 0.96)))
        last = max((u.event.time for u in kept if u.event is not None), default=0.0)
        for update in kept:
            if update.event is not None:  # as if it happened now, so that the elapsed time is what it was
                moved = events.Stamped(update.event.time + time.time() - last, update.event.event)
                emit(Update(update.stage, event=moved))
            elif update.stage == "training" and isinstance(update.job, JobView):
                emit(Update(update.stage, job=replace(update.job, state="running")))
            else:
                emit(update)
        if self._fail is not None:
            emit(Update("training", event=events.Stamped(time.time(), self._fail)))
            fail = self._fail
            raise JobError(fail.code, fail.message, fail.hint, fail.details, user=fail.user)
        while not stopped():
            time.sleep(0.02)
        return {}

    @staticmethod
    def _first(told: list[Update], steps: float) -> Iterator[Update]:
        for update in told:
            if update.stage not in ("sounds", "dataset", "training"):
                return
            event = update.event.event if update.event is not None else None
            if update.stage == "training" and isinstance(event, events.Progress) and event.done > steps:
                return
            yield update

    def find(self, project: Path) -> Found | None:
        """A way that runs."""
        found = self._real.find(project)
        return Found(found.request, False, True, {}) if found else None

    def history(self, project: Path, emit: Callable[[Update], None], ended_only: bool = False) -> None:
        """Told by :meth:`run`."""

    def send(self, job: JobHandle, command: str) -> None:
        """Nobody is there to hear it."""


@dataclass(frozen=True)
class Shot:
    """One picture."""

    state: str
    theme: str
    size: str
    scale: int = 100

    @property
    def name(self) -> str:
        """File name without folder."""
        scale = f"-{self.scale}" if self.scale != 100 else ""
        return f"{self.state}-{self.theme}-{self.size}{scale}.png"


def all_shots() -> Iterator[Shot]:
    """Every state in light and dark, the main ones small, in high contrast and with large text."""
    for state in STATES:
        for theme in ("light", "dark"):
            yield Shot(state, theme, "large")
    for state in ("empty", "curves", "finished", "failed", "jobs"):
        yield Shot(state, "light", "small")
        yield Shot(state, "dark", "small")
        yield Shot(state, "light", "large", 150)
    for state in ("empty", "curves", "finished"):
        yield Shot(state, "high-contrast", "large")


class Stage:
    """Opens the window in a state and takes its picture."""

    def __init__(self, qt: QApplication, paths: AppPaths, project: Path) -> None:
        self._qt, self._paths, self._project = qt, paths, project

    def spin(self, until: Callable[[], bool], seconds: float = 30.0) -> None:
        """Let Qt work until something is true. Raises TimeoutError."""
        end = time.monotonic() + seconds
        while not until():
            if time.monotonic() > end:
                raise TimeoutError("the window did not get where the picture needs it")
            self._qt.processEvents()
            time.sleep(0.005)

    @contextmanager
    def window(self, shot: Shot) -> Iterator[App]:
        """A window of its own, closed afterwards."""
        empty = shot.state in ("empty", "chosen")
        retold = shot.state in ("running", "curves", "log", "failed")
        fail = None
        if shot.state == "failed":
            fail = events.Failed(
                "disk-full",
                "The disk is full.",
                "Free some space, then go on: what was finished is kept.",
                user=True,
            )
        app = App(
            self._qt,
            self._paths,
            str(Path.home() / "RAVE Projects" / "My first model") if empty else str(self._project),
            (lambda services: Retold(services, self._project, fail)) if retold else None,
        )
        app.themes.set_choice(shot.theme)
        app.themes.set_scale(shot.scale)
        app.window.resize(*SIZES[shot.size])
        app.window.show()
        self.spin(lambda: app.built and app.engine.known)
        yield app
        app.window.close()
        app.window.deleteLater()
        app.themes.close()
        app.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    def take(self, shot: Shot, output: Path) -> None:
        """Write one picture."""
        with self.window(shot) as app:
            target: QWidget = app.window
            self.arrange(shot, app)
            if shot.state == "keys":
                from rave_gui.ui.dialogs.shortcuts import ShortcutsDialog

                app.show_shortcuts()
                self.spin(lambda: bool(app.window.findChildren(ShortcutsDialog)))
                target = app.window.findChildren(ShortcutsDialog)[0]
            for _ in range(5):
                self._qt.processEvents()
            target.grab().save(str(output / shot.name))

    def arrange(self, shot: Shot, app: App) -> None:
        """Bring the window into the state."""
        page = app.page("quickstart")
        app.window.show_page("train")  # each window opens on the page that the one before it was closed on
        if shot.state in ("empty", "keys"):
            return
        if shot.state == "chosen":
            page.setup.add(sorted((self._project / "sounds" / "demo").iterdir())[:3])
            return
        if shot.state == "jobs":
            app.window.show_page("jobs")
            self.spin(lambda: app.page("jobs").model.loaded)
            self.spin(lambda: app.page("jobs").table.model().rowCount() > 0)
            kinds = [row.kind for row in app.page("jobs").model.rows]
            app.page("jobs").table.selectRow(kinds.index("train"))
            self.spin(lambda: bool(app.page("jobs").log.text.toPlainText()))
            return
        mode = {"finished": "finished", "failed": "failed"}.get(shot.state, "running")
        self.spin(lambda: page.model.mode == mode and bool(page.model.training.metrics))
        view = page.run_view
        if shot.state in ("curves", "running", "failed"):
            view.show_tab("curves")
            self.spin(lambda: len(view.curves.panels) >= 6 and not view.curves.busy)
        if shot.state == "running":
            view.show_tab("listen")
        if shot.state == "log":
            view.show_tab("log")
            self.spin(lambda: bool(view.log.text.toPlainText()))
        if shot.state == "finished":
            self.spin(lambda: view.listen.model.ready)
            view.listen.model.seek(view.listen.model.seconds * 0.3)


def make_project(project: Path, steps: int) -> None:
    """The whole way with demo sounds."""
    from rave_gui import quickstart

    def tell(stage: str, update: Any) -> None:
        if not isinstance(update, events.Stamped):
            print(f"{stage}: {update.state}", flush=True)

    quickstart.run(build(), [], project, "tiny", steps, tell)


def main() -> int:
    """Take the pictures; 0 when all are there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--project", type=Path, help="a project with a finished quick start")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "images")
    parser.add_argument(
        "--steps", type=int, default=1000, help="steps of the training when no project is given"
    )
    parser.add_argument("--only", default="", help="only pictures whose name contains this")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        project = options.project
        if project is None:
            project = Path(scratch) / "Kitchen percussion"
            make_project(project, options.steps)
        real = default_paths()
        # The user's engine and jobs, but neither the user's settings nor the last window.
        paths = AppPaths(real.data, Path(scratch) / "config", real.cache)
        stage = Stage(QApplication([]), paths, project.absolute())
        for shot in all_shots():
            if options.only in shot.name:
                print(shot.name, flush=True)
                stage.take(shot, options.output)
        hero = options.output / "curves-light-large.png"
        if hero.exists():
            (options.output / "window-light.png").write_bytes(hero.read_bytes())
    return 0


if __name__ == "__main__":
    sys.exit(main())
