"""The window itself: keyboard, names, themes, memory, faults."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLabel, QLineEdit, QSpinBox, QWidget
from pytestqt.qtbot import QtBot
from tests.helpers.replay import ReplayDriver
from tests.ui.conftest import Opener
from tests.unit.test_tensorboard import STAND_IN, Engine

from rave_gui.paths import AppPaths
from rave_gui.projects import Project
from rave_gui.training import tensorboard
from rave_gui.ui.app import App
from rave_gui.ui.bridge import Bridge, Stop
from rave_gui.ui.dialogs.report import ReportDialog
from rave_gui.ui.dialogs.shortcuts import ShortcutsDialog
from rave_protocol.specs import ProjectExportParams

press = QTest.keyClick


def focus_walk(app: App) -> list[QWidget]:
    """Widgets that Tab reaches, until it comes round."""
    seen: list[QWidget] = []
    for _ in range(80):
        widget = QApplication.focusWidget()
        assert widget is not None
        if widget in seen:
            return seen
        seen.append(widget)
        press(widget, Qt.Key.Key_Tab)
    raise AssertionError("Tab never comes round")


def test_pyside_keeps_the_count_of_none(qtbot: QtBot) -> None:
    """PySide6 6.12.0 on Python 3.11 lost a reference to None with nearly every call, and crashed after thousands."""
    label = QLabel()
    qtbot.addWidget(label)
    before = sys.getrefcount(None)
    for index in range(500):
        label.setText(str(index))
    assert sys.getrefcount(None) > before - 100


def test_everything_on_the_form_is_reached_by_tab_and_has_a_name(open_app: Opener, qtbot: QtBot) -> None:
    app = open_app(None, page="quickstart")
    form = app.page("quickstart").form
    form.demo.click()
    form.files.setFocus()
    qtbot.waitUntil(form.files.hasFocus)
    walked = focus_walk(app)
    wanted: tuple[QWidget, ...] = (
        form.folder,
        form.project,
        form.browse,
        form.preset,
        form.steps,
        form.start,
        app.window.sidebar.look,
    )
    for widget in wanted:
        assert widget in walked, widget.accessibleName()
    for widget in walked:
        assert widget.accessibleName(), widget


def test_every_control_of_both_pages_has_a_name(open_app: Opener, qtbot: QtBot, tmp_path: Path) -> None:
    app = open_app(ReplayDriver(tmp_path / "way", until="training", limit=30))
    app.page("quickstart").form.demo.click()
    app.page("quickstart").form.start.click()
    qtbot.waitUntil(lambda: app.page("quickstart").model.training.metrics != {})
    nameless = [
        w
        for kind in (QAbstractButton, QLineEdit, QComboBox, QSpinBox)
        for w in app.window.findChildren(kind)
        if not w.accessibleName() and w.objectName() != "qt_spinbox_lineedit" and w.isVisibleTo(app.window)
    ]
    assert not nameless
    small = [
        w
        for w in app.window.findChildren(QAbstractButton)
        if w.isVisible() and (w.width() < 24 or w.height() < 24) and not isinstance(w.parent(), QLineEdit)
    ]
    assert not small, "targets are at least 24 pixels"


def test_pages_by_keyboard(open_app: Opener, qtbot: QtBot) -> None:
    app = open_app(None)
    press(app.window, Qt.Key.Key_7, Qt.KeyboardModifier.ControlModifier)
    assert app.window.page == "jobs"
    qtbot.waitUntil(lambda: app.page("jobs").stack.currentIndex() == 0)
    press(app.window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert app.window.page == "home"


def test_theme_and_text_size_switch_live_and_are_remembered(
    open_app: Opener, qtbot: QtBot, tmp_path: Path
) -> None:
    app = open_app(ReplayDriver(tmp_path / "way", until="training", limit=30))
    app.page("quickstart").form.demo.click()
    app.page("quickstart").form.start.click()
    qtbot.waitUntil(
        lambda: (
            app.page("quickstart").run_view is not None
            and bool(app.page("quickstart").run_view.curves.panels)
        )
    )
    for choice in ("dark", "high-contrast", "light", "dark"):
        app.session.actions.trigger(f"look.theme.{choice}")
        assert app.themes.theme.name == choice
        image = app.window.grab().toImage()
        corner = image.pixelColor(app.window.width() // 2, 3).name()
        assert corner == app.themes.theme.colors.window
    before = app.window.sidebar.width()
    for key in (Qt.Key.Key_Equal, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
        press(app.window, key, Qt.KeyboardModifier.ControlModifier)
    assert app.themes.scale == 110
    assert app.window.sidebar.width() > before
    assert (app.settings.text("theme"), app.settings.number("text_scale")) == ("dark", 1.1)


def test_place_and_page_are_remembered(open_app: Opener, qtbot: QtBot) -> None:
    app = open_app(None)
    app.window.show_page("jobs")
    app.window.close()
    again = open_app(None)
    qtbot.waitUntil(lambda: "jobs" in again.pages)
    assert again.window.page == "jobs"


def test_a_fault_gives_a_report_to_copy(open_app: Opener, qtbot: QtBot) -> None:
    app = open_app(None)
    try:
        raise RuntimeError("a fault for the test")
    except RuntimeError as error:
        app.show_bug(error)
    dialogs = app.window.findChildren(ReportDialog)
    assert len(dialogs) == 1
    dialogs[0].copy.click()
    copied = QGuiApplication.clipboard().text()
    assert "a fault for the test" in copied
    assert "PySide" in copied
    dialogs[0].accept()


def test_shortcut_sheet(open_app: Opener, qtbot: QtBot) -> None:
    app = open_app(None)
    press(app.window, Qt.Key.Key_F1)
    qtbot.waitUntil(lambda: bool(app.window.findChildren(ShortcutsDialog)))
    app.window.findChildren(ShortcutsDialog)[0].accept()


def test_an_export_of_a_project_begins_as_on_the_command_line(
    open_app: Opener, qtbot: QtBot, tmp_path: Path
) -> None:
    from rave_gui.ui.dialogs.project_archive import ExportProjectDialog

    project = Project.open(tmp_path / "Studio", create=True)
    app = open_app(project=str(project.path))
    qtbot.waitUntil(lambda: app.session.project is not None)
    app.session.actions.trigger("project.export")
    dialog = app.projects.dialog
    assert isinstance(dialog, ExportProjectDialog)
    usual = ProjectExportParams(str(project.path), "")
    given = (dialog.checkpoints.value(), dialog.takes.value(), dialog.jobs.value(), dialog.adopted.value())
    assert given == (usual.checkpoints, usual.takes, usual.jobs, usual.include_adopted)
    dialog.reject()


def test_bridge_keeps_order_and_batches(qtbot: QtBot) -> None:
    bridge = Bridge()
    got: list[int] = []
    done: list[str] = []

    def read(stop: Stop, emit: Any) -> str:
        for i in range(5000):
            emit(i)
        return "end"

    bridge.stream(read, got.extend, done.append)
    qtbot.waitUntil(lambda: bool(done))
    assert got == list(range(5000))
    assert not bridge.busy


def test_bridge_calls_nobody_back_after_cancel_or_close(qtbot: QtBot) -> None:
    bridge = Bridge()
    begun = threading.Event()
    called: list[Any] = []

    def read(stop: Stop, emit: Any) -> None:
        begun.set()
        emit(1)
        stop.wait(30)

    task = bridge.stream(read, called.append, called.append)
    assert begun.wait(5)
    task.cancel()
    qtbot.waitUntil(lambda: not bridge.busy)
    begun.clear()
    bridge.stream(read, called.append, called.append)
    assert begun.wait(5)
    bridge.close()
    assert called == []


def test_bridge_hands_errors_on(qtbot: QtBot) -> None:
    errors: list[Exception] = []
    bridge = Bridge(on_bug=errors.append)
    bridge.call(lambda: 1 // 0)
    qtbot.waitUntil(lambda: bool(errors))
    assert isinstance(errors[0], ZeroDivisionError)


def test_tensorboards_of_a_window_end_with_it(
    open_app: Opener, qtbot: QtBot, home: AppPaths, tmp_path: Path
) -> None:
    stand_in = tmp_path / "packages" / "tensorboard"
    stand_in.mkdir(parents=True)
    (stand_in / "__init__.py").touch()
    (stand_in / "main.py").write_text(STAND_IN, encoding="utf-8")
    services: Any = SimpleNamespace(paths=home, engine=Engine(stand_in.parent))
    folders = [tmp_path / "runs", tmp_path / "kept"]
    for folder in folders:
        folder.mkdir()
    app = open_app(page="home")
    qtbot.waitUntil(lambda: app.services is not None)
    own, kept = (tensorboard.start(services, folder, keep=folder.name == "kept") for folder in folders)
    try:
        app.window.close()
        assert [board.pid for board in tensorboard.list_boards(services)] == [kept.pid]
        assert not psutil.pid_exists(own.pid) or psutil.Process(own.pid).status() == psutil.STATUS_ZOMBIE
    finally:
        tensorboard.stop(services)
