"""A window on a real (virtual) screen, brought into one scene after the other by lines on stdin.

Answers ``ready NAME`` once a scene is shown, and ``done`` after the last: the quick start with a recorded way, every page of a
project with a dataset, a run and an export, and every dialog and view that an action ending in dots opens there.
Run by ``test_screen_reader.py``.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import QEventLoop, QSocketNotifier
from PySide6.QtWidgets import QApplication, QDialog
from tests.helpers import datasets
from tests.helpers.models import make_project
from tests.helpers.replay import ReplayDriver
from tests.ui.test_quickstart_page import sounds_of

from rave_gui.paths import AppPaths
from rave_gui.ui.app import App
from rave_gui.ui.shell.page import PAGES
from rave_gui.ui.widgets.table import Table
from rave_gui.viewmodels.memory import Memory

SETTLE_SECONDS = 0.4
ALSO = ("help.keys", "help.about", "window.messages")
"""Dialogs whose action has no dots."""
ELSEWHERE = ("window.switch",)
"""Opens a menu, which keeps the keyboard."""
State = Callable[[], None]


class Scenes:
    """The window, and what is shown of it one after the other."""

    def __init__(self, qt: QApplication, folder: Path) -> None:
        self.qt = qt
        sounds_of(folder / "way")
        self.driver = ReplayDriver(folder / "way", until="training", limit=30)
        paths = AppPaths(folder / "data", folder / "config", folder / "cache")
        Memory(page="quickstart", project=str(folder / "project")).save(paths.config)
        self.app = App(qt, paths, "", lambda _services: self.driver)
        self.studio = folder / "Studio"
        make_project(self.studio)
        datasets.foreign(
            self.studio / "datasets" / "choir", {b"%08d" % n: datasets.noise(n) for n in range(3)}
        )
        session = self.app.session
        session.pick_files = lambda *_a, **_k: []
        session.pick_folder = lambda *_a, **_k: None
        session.pick_save = lambda *_a, **_k: None
        session.ask = lambda *_a, **_k: False

    def until(self, true: Callable[[], bool]) -> None:
        """Let Qt work until something is true. Raises TimeoutError."""
        end = time.monotonic() + 60
        while not true():
            if time.monotonic() > end:
                raise TimeoutError
            self.qt.processEvents()
            time.sleep(0.005)

    def settle(self) -> None:
        """Names reach the bus with Qt's own events."""
        end = time.monotonic() + SETTLE_SECONDS
        self.until(lambda: time.monotonic() > end)

    def all(self) -> Iterator[str]:
        """Show one after the other; yields each one's name."""
        yield from self.quickstart()
        self.app.use_project(self.studio)
        self.until(
            lambda: self.app.session.project is not None and self.app.session.project.path == self.studio
        )
        for spec in PAGES:
            self.app.show_page(spec.key)
            self.settle()
            yield spec.key
            self.choose()
            for action in self.app.session.actions.all():
                if action.page == spec.key and action.text.endswith("…") and action.enabled():
                    yield from self.open(action.key)
                    self.app.show_page(spec.key)
                    self.choose()
        self.app.show_page("home")
        for action in self.app.session.actions.all():
            wanted = action.key in ALSO or (not action.page and action.text.endswith("…"))
            if wanted and action.key not in ELSEWHERE and action.enabled():
                yield from self.open(action.key)

    def quickstart(self) -> Iterator[str]:
        """Form, running, finished."""
        app, driver = self.app, self.driver
        app.window.show()
        self.until(lambda: app.built and app.engine.known and app.window.isVisible())
        page = app.page("quickstart")
        page.form.demo.click()
        yield "form"
        app.engine.ready = True
        app.engine.changed.emit()
        page.form.start.click()
        self.until(lambda: page.run_view is not None and len(page.run_view.curves.panels) > 2)
        yield "running"
        page.model.finish(driver.result(page.model.request or driver.runs[-1][0]))
        self.until(lambda: bool(page.run_view.listen.model.ready))
        yield "finished"
        driver.release.set()

    def choose(self) -> None:
        """The first row of the page's list, so that what is done with rows can be done."""
        page = self.app.page(self.app.window.page)
        for table in page.findChildren(Table):
            if table.isVisible() and table.rows.rows:
                table.select(table.rows.key(table.rows.rows[0]))
                break
        self.settle()

    def open(self, key: str) -> Iterator[str]:
        """What an action opens: a dialog, or a view of the page."""
        self.app.session.actions.trigger(key)
        self.settle()
        yield key
        for widget in QApplication.topLevelWidgets():
            if isinstance(widget, QDialog) and widget.isVisible():
                widget.close()
        self.settle()


def main(folder: Path) -> int:
    """Show scenes until there are no more, or stdin ends."""
    qt = QApplication(sys.argv[:1])
    scenes = Scenes(qt, folder)
    loop = QEventLoop()
    asked = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
    asked.activated.connect(lambda *_: loop.quit())
    try:
        for name in scenes.all():
            asked.setEnabled(True)
            loop.exec()  # the walker asks this process through the bus: answer until the next line comes
            asked.setEnabled(False)
            if not sys.stdin.readline():
                return 0
            scenes.settle()
            print(f"ready {name}", flush=True)
        asked.setEnabled(True)
        loop.exec()
        print("done", flush=True)
    finally:
        scenes.driver.release.set()
        scenes.app.window.close()
        scenes.app.themes.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
