"""Configurations: library, composition, the editor, templates, differences; the engine's answers are recorded ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from tests.helpers.configs import BAD_LINES, BAD_OWN, GOOD_OWN, OWN, Answers
from tests.helpers.training import make_project
from tests.ui.conftest import Opener

from rave_gui.configs import actions
from rave_gui.ui.app import App
from rave_gui.ui.dialogs.config_diff import DiffDialog
from rave_gui.ui.dialogs.config_new import NewConfigDialog

press = QTest.keyClick


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Answers:
    made = Answers(tmp_path)
    monkeypatch.setattr(actions, "_ask", made)
    return made


def open_view(open_app: Opener, qtbot: QtBot, tmp_path: Path) -> tuple[App, Any]:
    project = make_project(tmp_path / "Studio")
    app = open_app(project=str(project.path), page="training")
    qtbot.waitUntil(lambda: app.session.services is not None)
    app.session.go("training", view="configs")
    view = app.page("training").slots.view("configs")
    qtbot.waitUntil(lambda: view.model.loaded)
    return app, view


def names(view: Any) -> list[str]:
    return [row.name for row in view.library.table.rows.rows]


def dialog(kind: type[Any]) -> Any:
    found = QApplication.activeModalWidget()
    assert isinstance(found, kind)
    return found


def test_the_library_is_searched_and_read(
    open_app: Opener, qtbot: QtBot, tmp_path: Path, answers: Answers
) -> None:
    app, view = open_view(open_app, qtbot, tmp_path)
    assert len(names(view)) == 24
    assert view.model.item is not None
    assert view.model.item.name == "v2"  # the usual one, until another is chosen
    assert app.session.actions.is_enabled("configs.use")
    view.library.search.setText("playing delay")
    assert names(view) == ["causal"]
    view.library.search.setText("no such thing")
    assert view.library.stack.currentWidget() is view.library.none
    view.library.search.clear()
    view.library.kind.setCurrentIndex(view.library.kind.findData("augmentation"))
    view.library.kind.activated.emit(view.library.kind.currentIndex())
    assert sorted(names(view)) == ["compress", "gain", "mute", "normalize_ambient"]
    app.session.go("training", view="configs", config="wasserstein")
    detail = view.library.detail
    qtbot.waitUntil(lambda: "WasserteinEncoder" in detail.source.toPlainText())
    assert detail.title.text() == "Wasserstein"
    assert "v2 family" in detail.remarks.text()
    assert not app.session.actions.is_enabled("configs.edit")
    view.library.table.setFocus()
    press(view.library.table, Qt.Key.Key_Return)
    assert view.composing
    assert view.compose.configs == ["v2", "wasserstein"]


def test_the_text_of_a_configuration_is_searched(
    open_app: Opener, qtbot: QtBot, tmp_path: Path, answers: Answers
) -> None:
    _app, view = open_view(open_app, qtbot, tmp_path)
    source = view.library.detail.source
    qtbot.waitUntil(lambda: "CAPACITY" in source.toPlainText())
    source.set_text("CAPACITY = 8\nLATENT = 3\nx.capacity = %CAPACITY\n")
    source.setFocus()
    press(source, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    search = source.search
    assert search.isVisible()
    QTest.keyClicks(search.line, "capacity")
    places = [source.textCursor().selectionStart()]
    assert search.count.text() == "1 of 3"
    for _ in range(3):
        press(search.line, Qt.Key.Key_Return)
        places.append(source.textCursor().selectionStart())
    assert places == [0, 26, 38, 0]
    press(search.line, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert search.count.text() == "3 of 3"
    QTest.keyClicks(search.line, "z")
    assert search.count.text() == "Not found"
    press(search.line, Qt.Key.Key_Escape)
    assert not search.isVisible()
    assert source.toPlainText().startswith("CAPACITY = 8"), "what was typed went into the search line"


def test_the_composition_says_who_set_what(
    open_app: Opener, qtbot: QtBot, tmp_path: Path, answers: Answers
) -> None:
    app, view = open_view(open_app, qtbot, tmp_path)
    view.tabs.button("compose").click()
    qtbot.waitUntil(lambda: bool(view.compose.bindings))
    stack = view.composition.stack
    stack.overrides.setFocus()
    QTest.keyClicks(stack.overrides, "CAPACITY = 48")
    stack.overrides._completer.popup().hide()
    asked = len(answers.asked)
    qtbot.waitUntil(lambda: len(answers.asked) > asked and not view.compose.asking)
    assert answers.asked[-1][1]["overrides"] == ["CAPACITY = 48"]
    assert view.composition.found.headline.text().startswith("It works")
    view.composition.show_.button("changed").click()
    view.composition.table.select("CAPACITY")
    qtbot.waitUntil(view.composition.history.isVisible)
    assert view.composition.history.text().count("→") == 2
    view.compose.set_overrides("\n".join([BAD_LINES[0], "# a slip", BAD_LINES[1]]))
    qtbot.waitUntil(lambda: bool(view.compose.findings))
    qtbot.waitUntil(lambda: view.composition.found.rows and view.composition.found.rows[0].isVisible())
    assert stack.overrides._marks == {3: "error"}
    view.composition.found.rows[0].click()
    assert stack.overrides.textCursor().blockNumber() == 2
    view.compose.set_stack(["v2", "causal"])
    qtbot.waitUntil(lambda: not view.compose.findings)
    asked_before = app.session.actions.is_enabled("configs.template_save")
    assert asked_before


def test_an_own_file_is_made_checked_saved_and_removed(
    open_app: Opener, qtbot: QtBot, tmp_path: Path, answers: Answers
) -> None:
    app, view = open_view(open_app, qtbot, tmp_path)
    app.session.actions.trigger("configs.new")
    new = dialog(NewConfigDialog)
    new.name.set_value(OWN)
    new.submit()
    qtbot.waitUntil(lambda: view.editor.item is not None and bool(view.editor.text.toPlainText()))
    qtbot.waitUntil(lambda: view.editor.found.headline.text().startswith("Nothing"))
    editor = view.editor
    path = Path(editor.item.path)
    assert path.is_relative_to(tmp_path / "config")
    editor.text.selectAll()
    editor.text.insertPlainText(BAD_OWN)
    qtbot.waitUntil(lambda: {f.line for f in editor.findings} == {6, 7})
    assert editor.text._marks == {6: "error", 7: "error"}
    editor.found.rows[1].click()
    assert editor.text.textCursor().blockNumber() == 6
    assert editor.dirty
    app.session.ask = lambda *_words: False
    assert not editor.leave()
    editor.text.selectAll()
    editor.text.insertPlainText(GOOD_OWN)
    qtbot.waitUntil(lambda: not editor.findings and editor.text._marks == {})
    editor.text.moveCursor(editor.text.textCursor().MoveOperation.End)
    QTest.keyClicks(editor.text, "blocks.EncoderV2.ada")
    popup = editor.text._completer.popup()
    qtbot.waitUntil(popup.isVisible)
    press(popup, Qt.Key.Key_Return)
    assert editor.text.toPlainText().endswith("blocks.EncoderV2.adain")
    editor.save()
    qtbot.waitUntil(lambda: not editor.dirty)
    assert path.read_text(encoding="utf-8").startswith(GOOD_OWN)
    press(editor.text, Qt.Key.Key_Escape)
    assert view.stack.currentWidget() is view.library
    qtbot.waitUntil(lambda: view.model.named(OWN) is not None)
    view.library.select(view.model.named(OWN))
    assert app.session.actions.is_enabled("configs.remove")
    app.session.actions.trigger("configs.remove")
    qtbot.waitUntil(lambda: view.model.named(OWN) is None)
    assert not path.exists()
    app.session.undo.undo()
    qtbot.waitUntil(lambda: view.model.named(OWN) is not None and path.exists())


def test_templates_are_kept_shared_and_removed(
    open_app: Opener, qtbot: QtBot, tmp_path: Path, answers: Answers
) -> None:
    app, view = open_view(open_app, qtbot, tmp_path)
    view.tabs.button("templates").click()
    qtbot.waitUntil(lambda: view.templates.stack.currentIndex() == 0)
    fields = {"configs": ["v2", "causal"], "overrides": ["CAPACITY = 48"], "max_steps": 12345}
    assert app.session.services is not None
    actions.save_template(app.session.services, "Night", fields, "Slow and good")
    view.reload_templates("Night")
    qtbot.waitUntil(lambda: view.template is not None)
    shown = {row.name: row.value for row in view.templates.settings.rows.rows}
    assert "12,345" in shown.values()
    target = tmp_path / "shared.ravetemplate"
    app.session.pick_save = lambda *_words: target
    app.session.actions.trigger("configs.template_share")
    qtbot.waitUntil(target.is_file)
    app.session.actions.trigger("configs.template_remove")
    qtbot.waitUntil(lambda: view.template is None)
    app.session.pick_files = lambda *_words: [target]
    app.session.actions.trigger("configs.template_load")
    qtbot.waitUntil(lambda: view.template is not None and view.template.name == "shared")
    app.session.actions.trigger("configs.template_compose")
    assert view.composing
    assert view.compose.configs == ["v2", "causal"]
    qtbot.waitUntil(lambda: not view.compose.asking and bool(view.compose.bindings))


def test_two_are_compared(open_app: Opener, qtbot: QtBot, tmp_path: Path, answers: Answers) -> None:
    app, view = open_view(open_app, qtbot, tmp_path)
    app.session.go("training", view="configs", config="v2")
    qtbot.waitUntil(lambda: view.one is not None)
    app.session.actions.trigger("configs.diff")
    found = dialog(DiffDialog)
    qtbot.waitUntil(lambda: found.after.count() > 20)
    assert found.before.currentData() == "config:v2"
    found.after.setCurrentIndex(found.after.findData("config:causal"))
    found.compare()
    qtbot.waitUntil(
        lambda: "0 settings" in found.count.text()
    )  # the recording gives the same answer for both
    assert [params["configs"] for method, params in answers.asked if method == "preview"][-2:] == [
        ["v2"],
        ["v2", "causal"],
    ]
    found.close()


def test_without_an_engine_it_says_so(open_app: Opener, qtbot: QtBot, tmp_path: Path) -> None:
    project = make_project(tmp_path / "Studio")
    app = open_app(project=str(project.path), page="training", engine=False)
    qtbot.waitUntil(lambda: app.session.services is not None)
    app.session.go("training", view="configs")
    view = app.page("training").slots.view("configs")
    qtbot.waitUntil(view.engine.isVisible)
    qtbot.waitUntil(lambda: not view._reading)
    assert not view.model.loaded
    assert not view.problem.isVisible()
