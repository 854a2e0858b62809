"""Experiments: the table of all runs, its filter and columns, bulk actions, and runs side by side."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from tests.helpers.training import RecordedRun, make_project
from tests.ui.conftest import Opener
from tests.unit.test_event_files import NAME, scalar, written

from rave_gui.jobs import JobService
from rave_gui.projects import Project
from rave_gui.training import tensorboard
from rave_gui.ui.app import App
from rave_gui.ui.dialogs import tensorboard_logs
from rave_gui.ui.dialogs.experiment_columns import ColumnsDialog
from rave_gui.ui.dialogs.experiment_script import ScriptDialog
from rave_gui.ui.dialogs.experiment_tags import ExperimentTagsDialog
from rave_gui.ui.widgets.basic import Card

press = QTest.keyClick


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No dispatcher is started for jobs that the tests write by hand."""
    monkeypatch.setattr(JobService, "_keep_going", lambda _self, _views: set())


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Three runs with curves and sounds; the later one is the better one."""
    made = make_project(tmp_path / "Studio")
    for number, name in enumerate(("first", "second", "third")):
        run = RecordedRun(made, name, number=number)
        events = [
            event
            for step in range(0, 400, 20)
            for event in (
                scalar("validation", step, 20.0 - 4 * number - step / 100, 1000.0 + step * (number + 1)),
                scalar("fullband_spectral_distance", step, 30.0 - number - step / 50, 1000.0 + step),
            )
        ]
        written(run.path / "version_0" / NAME, *events)
    return made


def open_view(open_app: Opener, qtbot: QtBot, project: Project) -> tuple[App, Any]:
    app = open_app(project=str(project.path), page="training")
    qtbot.waitUntil(lambda: app.session.services is not None)
    app.session.go("training", view="compare")
    view = app.page("training").slots.view("compare")
    qtbot.waitUntil(lambda: len(view.model.rows) == len(view.model.all) and view.model.loaded)
    return app, view


def names(view: Any) -> list[str]:
    return [row.name for row in view.model.rows]


def wait_figures(view: Any, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: all("validation.best" in run.fields for run in view.model.all))
    qtbot.waitUntil(lambda: "validation.best" in view.model.rows[0].fields)


def test_an_empty_project_teaches(open_app: Opener, qtbot: QtBot, tmp_path: Path) -> None:
    app, view = open_view(open_app, qtbot, make_project(tmp_path / "Empty"))
    qtbot.waitUntil(lambda: view.rows.currentWidget() is view.empty)
    assert not app.session.actions.is_enabled("experiments.compare")
    assert not view.bar.isVisible()


def test_the_table_is_filtered_sorted_and_grouped(open_app: Opener, qtbot: QtBot, project: Project) -> None:
    _app, view = open_view(open_app, qtbot, project)
    wait_figures(view, qtbot)
    assert names(view) == ["third", "second", "first"]  # the newest first
    view.filter.line.setFocus()
    QTest.keyClicks(view.filter.line, "validation.best < 13")
    qtbot.waitUntil(lambda: names(view) == ["third", "second"])
    QTest.keyClicks(view.filter.line, " and (")
    qtbot.waitUntil(view.filter.problem.isVisible)
    assert "makes" in view.filter.problem.text() or "sense" in view.filter.problem.text()
    assert names(view) == ["third", "second"]
    view.filter.set_text("")
    qtbot.waitUntil(lambda: len(view.model.rows) == 3)
    column = [c.key for c in view.table.rows.columns].index("validation.best")
    view.table._pressed(column)
    view.table._pressed(column)
    qtbot.waitUntil(
        lambda: view.model.sort == "validation.best" and names(view) == ["first", "second", "third"]
    )
    view.model.set_group("dataset")
    qtbot.waitUntil(lambda: len(view.model.rows) == 4)
    assert view.table.rows.index(0, 0).data() == "demo (3)"
    view.table.choose([0])
    assert [run.name for run in view.table.runs()] == ["first", "second", "third"]
    view.table.setFocus()
    press(view.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(view.model.rows) == 1)
    view.filter.set_text("nothing like it")
    qtbot.waitUntil(lambda: view.rows.currentWidget() is view.nothing)


def test_completion_and_earlier_filters(open_app: Opener, qtbot: QtBot, project: Project) -> None:
    _app, view = open_view(open_app, qtbot, project)
    line = view.filter.line
    line.setFocus()
    QTest.keyClicks(line, "datas")
    popup = view.filter._completer.popup()
    qtbot.waitUntil(popup.isVisible)
    press(popup, Qt.Key.Key_Down)
    press(popup, Qt.Key.Key_Return)
    assert line.text() == "dataset"
    line.setText("dataset = demo")
    line.setCursorPosition(len(line.text()))
    press(line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: view.model.query == "dataset = demo")
    assert view.filter.earlier() == ["dataset = demo"]
    assert view.filter.menu().actions()[0].text() == "dataset = demo"
    popup.hide()


def test_columns_are_chosen_and_remembered(open_app: Opener, qtbot: QtBot, project: Project) -> None:
    app, view = open_view(open_app, qtbot, project)
    wait_figures(view, qtbot)
    view.choose_columns()
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, ColumnsDialog)
    dialog.search.setText("capacity")
    assert dialog.choice.found("capacity", str) == ["CAPACITY"]
    dialog.choice.switch("CAPACITY", on=True)
    dialog.tag.setCurrentIndex(dialog.tag.findData("validation"))
    dialog.step.set_value(100)
    dialog.add.click()
    dialog.submit()
    assert view.model.columns[-2:] == ["CAPACITY", "validation@100"]
    qtbot.waitUntil(
        lambda: view.model.value(view.model.get("third"), "validation@100") == pytest.approx(11.0)
    )
    place = [c.key for c in view.table.rows.columns].index("validation@100")
    qtbot.waitUntil(lambda: view.table.rows.index(0, place).data() == "11")
    assert app.session.memory.lists["experiments-columns"][-1] == "validation@100"


def test_runs_are_kept_in_order(open_app: Opener, qtbot: QtBot, project: Project) -> None:
    app, view = open_view(open_app, qtbot, project)
    view.table.choose([0, 1])
    app.session.actions.trigger("experiments.star")
    qtbot.waitUntil(lambda: all(view.model.get(name).fields["starred"] for name in ("third", "second")))
    qtbot.waitUntil(lambda: view.table.rows.columns[0].icon(view.model.rows[0]) == "star")
    assert sorted(run.name for run in view.table.runs()) == ["second", "third"]  # still selected
    app.session.actions.trigger("experiments.tags")
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, ExperimentTagsDialog)
    dialog.tags.set_value("keeper")
    dialog.submit()
    qtbot.waitUntil(lambda: "keeper" in view.model.get("third").fields["tags"])
    qtbot.waitUntil(lambda: QApplication.activeModalWidget() is None)
    assert view.model.get("first").fields["tags"] == []
    view.table.choose([2])
    app.session.actions.trigger("experiments.archive")
    qtbot.waitUntil(lambda: names(view) == ["third", "second"])
    app.session.undo.undo()
    qtbot.waitUntil(lambda: len(view.model.rows) == 3)
    view.table.choose([0])
    app.window.activateWindow()
    qtbot.waitUntil(app.window.isActiveWindow)
    view.table.setFocus()
    press(view.table, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: names(view) == ["second", "first"])
    app.session.undo.undo()
    qtbot.waitUntil(lambda: len(view.model.rows) == 3)


def test_runs_side_by_side(open_app: Opener, qtbot: QtBot, project: Project) -> None:
    app, view = open_view(open_app, qtbot, project)
    wait_figures(view, qtbot)
    view.table.choose([0, 2])
    app.session.actions.trigger("experiments.compare")
    side = view.comparison
    qtbot.waitUntil(lambda: len(side.curves.panels) >= 2)
    assert view.comparing
    panel = side.curves.panels["validation"]
    assert [len(series) for series in panel._series.values()] == [20, 20]
    side.curves.by.button("time").click()
    qtbot.waitUntil(lambda: panel._series["third"].last[0] == pytest.approx(380 * 3 / 60, rel=0.01))
    side.tabs.button("parameters").click()
    side.parameters.only.setChecked(False)
    assert "CAPACITY" in {row.key for row in side.parameters.table.rows.rows}
    side.tabs.button("figures").click()
    best = {row.key: row.best for row in side.figures.table.rows.rows}
    assert best["validation.best"] == {0}
    side.tabs.button("sound").click()
    qtbot.waitUntil(lambda: side.sound.player.model.ready)
    assert side.sound.step == 240
    assert [track.name for track in side.sound.player.tracks] == ["Original", "third", "first"]
    side.sound.before.click()
    qtbot.waitUntil(lambda: side.sound.step == 160 and side.sound.player.model.ready)
    press(side.tabs.button("sound"), Qt.Key.Key_Escape)
    assert not view.comparing
    app.session.go("training", view="compare", compare=["second", "third", "first"])
    qtbot.waitUntil(lambda: view.comparing and len(side.runs) == 3)
    side.remove("second")
    assert [run.name for run in side.runs] == ["third", "first"]
    cards = [card for card in side.cards.findChildren(Card) if card.isVisible()]
    assert [card.accessibleName().partition(":")[0] for card in cards] == ["third", "first"]
    assert sum("Lowest distance" in card.accessibleName() for card in cards) == 1
    assert side.alone.isHidden()
    side.show_tab("curves")
    one, other = list(side.curves.panels.values())[:2]
    one.zoom(20.0, 60.0)
    one.plot.getViewBox().sigRangeChangedManually.emit([True, False])
    assert other.plot.getViewBox().viewRange()[0] == [20.0, 60.0]
    side.curves.reset.click()
    assert side.curves.reset.isHidden()
    assert one.following
    assert other.following
    side.remove("third")
    assert side.alone.isVisible()


def test_what_can_be_taken_out(open_app: Opener, qtbot: QtBot, project: Project, tmp_path: Path) -> None:
    app, view = open_view(open_app, qtbot, project)
    wait_figures(view, qtbot)
    saved: list[Path] = []

    def pick(_title: str, start: str, _filters: str) -> Path:
        saved.append(tmp_path / start)
        return saved[-1]

    app.session.pick_save = pick
    app.session.actions.trigger("experiments.csv")
    qtbot.waitUntil(lambda: saved[0].exists() and saved[0].stat().st_size > 0)
    with saved[0].open(newline="", encoding="utf-8") as file:
        assert [row[0] for row in csv.reader(file)] == ["name", "third", "second", "first"]
    view.table.choose([0, 1])
    for form in ("report", "pdf"):
        app.session.actions.trigger(f"experiments.{form}")
        qtbot.waitUntil(saved[-1].is_file)
    assert saved[1].read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html")
    assert saved[2].read_bytes().startswith(b"%PDF")
    assert saved[2].stat().st_size > 10_000
    view.table.choose([0])
    app.session.actions.trigger("experiments.script")
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, ScriptDialog)
    qtbot.waitUntil(lambda: "rave-gui train start" in dialog.text.toPlainText())
    dialog.choice.button("rave").click()
    qtbot.waitUntil(lambda: "rave train" in dialog.text.toPlainText())
    dialog.submit()
    qtbot.waitUntil(lambda: saved[-1].suffix == ".sh" and saved[-1].exists())


def test_boards_and_log_folders(
    open_app: Opener, qtbot: QtBot, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = project.runs / "first" / "version_0" / "checkpoints"
    for step in range(1000, 9000, 1000):
        (checkpoints / f"step_{step:08d}.ckpt").write_bytes(b"0" * 2000)
    boards: list[tensorboard.Board] = []

    def start(_services: Any, folders: list[Path]) -> tensorboard.Board:
        boards.append(
            tensorboard.Board([str(folder) for folder in folders], "http://127.0.0.1:6006/", 6006, 1, 0.0)
        )
        return boards[-1]

    def stop(_services: Any, folder: Path) -> list[tensorboard.Board]:
        assert str(folder) in boards[0].folders
        boards.clear()
        return []

    opened: list[str] = []
    monkeypatch.setattr(tensorboard, "start", start)
    monkeypatch.setattr(tensorboard, "stop", stop)
    monkeypatch.setattr(tensorboard, "list_boards", lambda _services: list(boards))
    monkeypatch.setattr(tensorboard_logs, "open_url", lambda _session, url: opened.append(url))
    app, view = open_view(open_app, qtbot, project)
    view.table.choose([0, 1])
    app.session.actions.trigger("experiments.tensorboard")
    qtbot.waitUntil(lambda: opened == ["http://127.0.0.1:6006/"])
    assert [Path(folder).name for folder in boards[0].folders] == ["third", "second"]
    app.session.actions.trigger("experiments.logs")
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, tensorboard_logs.LogFoldersDialog)
    qtbot.waitUntil(lambda: len(dialog.table.rows.rows) == 3 and dialog.boards_card.isVisible())
    dialog._stop(dialog.boards[0])
    qtbot.waitUntil(lambda: not dialog.boards_card.isVisible())
    assert not dialog.prune.isEnabled()
    dialog.table.select("first")
    app.session.ask = lambda *_words: True
    before = len(list(checkpoints.iterdir()))
    dialog.prune.click()
    qtbot.waitUntil(lambda: len(list(checkpoints.iterdir())) < before)
    qtbot.waitUntil(lambda: app.session.undo.next_undo is not None)
    app.session.undo.undo()
    qtbot.waitUntil(lambda: len(list(checkpoints.iterdir())) == before)
    dialog.close()
