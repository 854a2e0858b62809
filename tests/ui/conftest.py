"""Tests of the window run without a screen and are strict: a warning of Qt, an unexpected log line, a widget, timer or
reader thread that is left over fails the test.
"""

from __future__ import annotations

import gc
import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QDialog, QMainWindow, QMenu, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid
from tests.helpers.replay import ReplayDriver

from rave_gui.paths import AppPaths
from rave_gui.ui.app import App
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.viewmodels.memory import Memory

QtBot.waitUntil.__kwdefaults__ = {
    "timeout": 30_000
}  # a busy computer is no failure; what never comes still is


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Qt's own messages fail the tests of this folder."""
    for item in items:
        if "tests/ui" in item.path.as_posix():
            item.add_marker(pytest.mark.qt_log_level_fail("WARNING"))
            # The platform without a screen says so about every window, and about lists of completions.
            item.add_marker(pytest.mark.qt_log_ignore("propagateSizeHints", "This plugin does not support"))


class Flashes(QObject):
    """Notes widgets that are shown before they have a parent: each is a window of its own for a moment, and takes the focus."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.Show
            and isinstance(watched, QWidget)
            and watched.isWindow()
            and type(watched).__module__.startswith("rave_gui")
            and not isinstance(watched, (QMainWindow, QDialog, QMenu))
        ):
            self.found.append(repr(watched))
        return False


@pytest.fixture(autouse=True)
def strict(
    qapp: QApplication, caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest
) -> Iterator[None]:
    """Nothing may be left over, nothing unexpected may be logged, nothing may flash up as a window of its own."""
    flashes = Flashes() if "open_app" in request.fixturenames else None
    if flashes is not None:
        qapp.installEventFilter(flashes)
    yield
    if flashes is not None:
        qapp.removeEventFilter(flashes)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    qapp.processEvents()
    gc.collect()
    widgets = [w for w in qapp.topLevelWidgets() if isValid(w) and w.isVisible()]
    timers = [o for o in gc.get_objects() if isinstance(o, QTimer) and isValid(o) and o.isActive()]
    threads = [t for t in threading.enumerate() if t.name == "rave-gui-reader"]
    for thread in threads:
        thread.join(20)  # a busy computer needs longer than the window waits when it closes
    threads = [t for t in threads if t.is_alive()]
    logged = [r for r in caplog.get_records("call") if r.levelno >= logging.WARNING]
    assert flashes is None or not flashes.found, f"shown before they had a parent: {flashes.found}"
    assert not widgets, f"windows left open: {widgets}"
    assert not timers, f"timers left running: {timers}"
    assert not threads, f"reader threads left running: {threads}"
    assert not logged, f"unexpected log: {[r.getMessage() for r in logged]}"


@pytest.fixture
def themes(qapp: QApplication) -> Iterator[ThemeManager]:
    """A theme manager of its own."""
    manager = ThemeManager(qapp, "light")
    yield manager
    manager.close()
    qapp.setStyleSheet("")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppPaths:
    """Empty folders of a user who has no engine."""
    monkeypatch.delenv("RAVE_GUI_ENGINE", raising=False)
    return AppPaths(tmp_path / "data", tmp_path / "config", tmp_path / "cache")


Opener = Callable[..., App]


@pytest.fixture
def open_app(qapp: QApplication, qtbot: QtBot, home: AppPaths, tmp_path: Path) -> Iterator[Opener]:
    """Opens windows; each is closed at the end. ``open_app(driver, engine=True)``.

    With a driver the window shows the quick start, otherwise ``page`` (or what was shown last).
    """
    apps: list[App] = []

    def make(
        driver: ReplayDriver | None = None, *, engine: bool = True, project: str = "", page: str = ""
    ) -> App:
        memory = Memory.load(home.config)
        memory.project = project or memory.project or str(tmp_path / "My project")
        memory.page = page or ("quickstart" if driver is not None else memory.page)
        memory.save(home.config)
        app = App(qapp, home, "", (lambda _services: driver) if driver is not None else None)
        apps.append(app)
        app.themes.set_choice("light")
        app.window.resize(1200, 800)
        app.window.show()
        app.window.activateWindow()
        qtbot.waitUntil(lambda: app.built and app.engine.known)
        app.window.activateWindow()
        qtbot.waitUntil(app.window.isActiveWindow)
        if engine:
            app.engine.ready, app.engine.problem = True, ""
            app.engine.changed.emit()
        return app

    yield make
    for app in apps:
        app.window.close()
        for widget in app.window.findChildren(QWidget):
            widget.hide()
        app.window.deleteLater()
        app.themes.close()
        app.deleteLater()
    qapp.setStyleSheet("")
