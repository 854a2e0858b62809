"""The datasets page: made by keyboard from real recordings, looked into, thrown away and brought back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLineEdit, QWidget
from pytestqt.qtbot import QtBot
from tests.helpers.jobs import Home
from tests.ui.conftest import Opener

from rave_gui.audio import synth, wav
from rave_gui.datasets.read import Dataset
from rave_gui.paths import AppPaths, default_paths
from rave_gui.projects import Project
from rave_gui.ui.app import App
from rave_gui.ui.pages.datasets.page import DatasetsPage
from rave_gui.ui.pages.datasets.wizard.view import WizardView
from rave_gui.ui.widgets.fields import Field
from rave_gui.viewmodels.datasets import Entry
from rave_protocol.specs import DatasetParams
from rave_protocol.work import WorkContext

press = QTest.keyClick
Ctrl = Qt.KeyboardModifier.ControlModifier
PATIENCE = 60_000


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppPaths]:
    """A user of their own, whose job processes are ended afterwards."""
    monkeypatch.setenv("RAVE_GUI_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RAVE_GUI_ENGINE", raising=False)
    jobs = Home(tmp_path)
    yield default_paths()
    jobs.close()


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    """Three recordings and a text that calls itself one."""
    folder = tmp_path / "sounds"
    folder.mkdir()
    for i, seconds in enumerate((3.0, 2.0, 0.4)):
        wav.write(folder / f"take {i}.wav", synth.drums(seconds, seed=i)[None], 44100)
    (folder / "broken.wav").write_text("this is no sound")
    return folder


def built(project: Project, sounds: Path, name: str, tmp_path: Path) -> Path:
    """A dataset in the project, made here and now."""
    from rave_gui.datasets.build import run

    job = tmp_path / f"job {name}"
    job.mkdir()
    output = project.datasets / name
    run(DatasetParams([str(sounds)], str(output), num_signal=4096), WorkContext(job))
    project.store.register("dataset", name, output)
    return output


def opened(open_app: Opener, qtbot: QtBot, project: Path) -> tuple[App, DatasetsPage]:
    """A window on the project that shows the list."""
    app = open_app(project=str(project), page="datasets")
    page = app.page("datasets")
    qtbot.waitUntil(lambda: app.session.project is not None and page.library.loaded, timeout=PATIENCE)
    return app, page


def row(page: DatasetsPage, name: str) -> Entry:
    """A dataset that is in the list."""
    found = page.library.get(name)
    assert found is not None
    return found


def line(field: Field) -> QLineEdit:
    """The line in which a field is typed."""
    assert isinstance(field.editor, QLineEdit)
    return field.editor


def shown(wizard: WizardView) -> str:
    """The step that is shown."""
    return wizard.model.step


def nameless(root: QWidget) -> list[QWidget]:
    """Controls that are seen and have no accessible name."""
    return [
        w
        for kind in (QAbstractButton, QLineEdit, QComboBox)
        for w in root.findChildren(kind)
        if w.isVisibleTo(root)
        and not w.accessibleName()
        and not isinstance(w.parent(), (QLineEdit, QComboBox))
    ]


def test_a_dataset_is_made_by_keyboard_and_thrown_away(
    open_app: Opener, qtbot: QtBot, tmp_path: Path, sounds: Path
) -> None:
    project = Project.open(tmp_path / "project", create=True)
    app, page = opened(open_app, qtbot, project.path)
    assert page.list.stack.currentWidget() is page.list.empty
    press(app.window, Qt.Key.Key_N, Ctrl)
    wizard = page.wizard
    assert page.stack.currentIndex() == page.stack.indexOf(wizard)
    assert not wizard.next.isEnabled()
    app.session.pick_folder = lambda _title, _start: sounds
    qtbot.waitUntil(wizard.sources.path.line.hasFocus)
    press(wizard.sources.folder, Qt.Key.Key_Space)
    assert wizard.model.sources == [sounds]
    press(app.window, Qt.Key.Key_Return, Ctrl)
    qtbot.waitUntil(lambda: wizard.model.step == "review" and not wizard.model.scanning, timeout=PATIENCE)
    files = wizard.model.files
    assert (files.usable, files.bad) == (3, 1)
    assert not nameless(wizard)
    # Leave one out by keyboard; the seconds follow.
    before = files.seconds
    table = wizard.review.table
    short = next(i for i, n in enumerate(files.shown) if files.rows[n].path.endswith("take 2.wav"))
    table.choose([short])
    table.setFocus()
    press(table, Qt.Key.Key_Delete)
    assert files.seconds == pytest.approx(before - 0.4, abs=0.01)
    press(app.window, Qt.Key.Key_Return, Ctrl)
    assert shown(wizard) == "parameters"
    example = wizard.parameters.fields["num_signal"].editor
    assert isinstance(example, QComboBox)
    qtbot.waitUntil(example.hasFocus)
    example.setCurrentText("4096")
    press(example, Qt.Key.Key_Tab)
    assert wizard.model.values["num_signal"] == 4096
    qtbot.waitUntil(lambda: getattr(wizard.model.forecast, "chunks", 0) > 20, timeout=PATIENCE)
    assert not nameless(wizard)
    # Back and forth: nothing is lost.
    press(app.window, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    press(app.window, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert shown(wizard) == "sources"
    for _ in range(3):
        press(app.window, Qt.Key.Key_Return, Ctrl)
    assert shown(wizard) == "name"
    assert (wizard.model.values["num_signal"], files.left_out) == (4096, [str(sounds / "take 2.wav")])
    promised = wizard.model.forecast
    assert promised is not None
    name = line(wizard.name.name)
    qtbot.waitUntil(name.hasFocus)
    name.selectAll()
    QTest.keyClicks(name, "My drums")
    press(app.window, Qt.Key.Key_Return, Ctrl)
    qtbot.waitUntil(
        lambda: [e.state for e in page.library.entries] == ["ready"],
        timeout=PATIENCE,
    )
    with Dataset(project.datasets / "My drums") as dataset:
        assert dataset.chunks == promised.chunks
        assert dataset.info.num_signal == 4096
    # Its view is shown; Escape leads back to the list, where Delete throws it away.
    qtbot.waitUntil(lambda: page.current == row(page, "My drums"))
    press(app.window, Qt.Key.Key_Escape)
    qtbot.waitUntil(page.list.table.hasFocus)
    assert page.current == row(page, "My drums")
    press(page.list.table, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: page.list.stack.currentWidget() is page.list.empty, timeout=PATIENCE)
    assert not (project.datasets / "My drums").exists()
    press(app.window, Qt.Key.Key_Z, Ctrl)
    qtbot.waitUntil(lambda: page.library.get("My drums") is not None, timeout=PATIENCE)
    assert (project.datasets / "My drums" / "data.mdb").is_file()


def test_a_folder_that_was_typed_whole_is_added_by_enter_whatever_the_list_offers(
    open_app: Opener, qtbot: QtBot, tmp_path: Path, sounds: Path
) -> None:
    project = Project.open(tmp_path / "project", create=True)
    app, page = opened(open_app, qtbot, project.path)
    press(app.window, Qt.Key.Key_N, Ctrl)
    wizard = page.wizard
    entry = wizard.sources.path
    qtbot.waitUntil(entry.line.hasFocus)
    popup = entry.completer.popup
    QTest.keyClicks(entry.line, str(sounds)[:-1])
    qtbot.waitUntil(popup.isVisible)
    press(popup, Qt.Key.Key_Escape)
    assert not popup.isVisible()
    assert page.wizard.isVisible(), "Escape takes the list away, not the wizard"
    QTest.keyClicks(entry.line, str(sounds)[-1] + os.sep)
    qtbot.waitUntil(popup.isVisible)
    press(popup, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: wizard.model.sources == [sounds])


def test_recordings_are_typed_and_pasted_and_the_dataset_goes_elsewhere(
    open_app: Opener, qtbot: QtBot, tmp_path: Path, sounds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    project = Project.open(tmp_path / "project", create=True)
    app, page = opened(open_app, qtbot, project.path)
    press(app.window, Qt.Key.Key_N, Ctrl)
    wizard = page.wizard
    entry = wizard.sources.path
    qtbot.waitUntil(entry.line.hasFocus)
    # A folder is offered as it is typed; Enter takes it from the list, and once more puts it among the sources.
    QTest.keyClicks(entry.line, "~/sou")
    popup = entry.completer.popup
    qtbot.waitUntil(lambda: popup.isVisible() and popup.model().rowCount() == 1)
    press(popup, Qt.Key.Key_Down)
    press(popup, Qt.Key.Key_Return)
    assert entry.line.text() == f"~/sounds{os.sep}"
    press(entry.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: wizard.model.sources == [sounds])
    assert (entry.line.text(), entry.problem.isHidden()) == ("", True)
    # Several lines at once: what is not there stays, and is said.
    first, second = sounds / "take 0.wav", sounds / "take 1.wav"
    QApplication.clipboard().setText(f'"{first}"\n{second.as_uri()}\n{tmp_path / "gone.wav"}\n')
    press(entry.line, Qt.Key.Key_V, Ctrl)
    qtbot.waitUntil(lambda: wizard.model.sources == [sounds, first, second])
    assert entry.line.text() == str(tmp_path / "gone.wav") in entry.problem.text()
    assert "gone.wav" in entry.line.accessibleDescription()
    for _ in range(3):
        press(app.window, Qt.Key.Key_Return, Ctrl)
        qtbot.waitUntil(lambda: not wizard.model.scanning, timeout=PATIENCE)
    assert shown(wizard) == "name"
    # Elsewhere: not among the recordings.
    folder = line(wizard.name.folder)
    here, elsewhere = (wizard.name.where.button(key) for key in ("project", "elsewhere"))
    qtbot.waitUntil(line(wizard.name.name).hasFocus)
    press(line(wizard.name.name), Qt.Key.Key_Tab)
    assert here.hasFocus()
    press(here, Qt.Key.Key_Right)
    press(elsewhere, Qt.Key.Key_Tab)
    assert folder.hasFocus()
    assert not wizard.next.isEnabled()
    QTest.keyClicks(folder, str(sounds))
    qtbot.waitUntil(lambda: "recordings" in wizard.name.folder.problem.text(), timeout=PATIENCE)
    assert not wizard.next.isEnabled()
    (tmp_path / "disk").mkdir()
    folder.selectAll()
    QTest.keyClicks(folder, "~/disk")
    qtbot.waitUntil(lambda: wizard.next.isEnabled() and not wizard.name.folder.problem.text())
    assert str(tmp_path / "disk" / "sounds") in wizard.name.place.text()
    assert not nameless(wizard)
    press(app.window, Qt.Key.Key_Return, Ctrl)
    qtbot.waitUntil(lambda: [e.state for e in page.library.entries] == ["ready"], timeout=PATIENCE)
    made = row(page, "sounds")
    assert (made.path, made.adopted) == (tmp_path / "disk" / "sounds", True)
    assert (made.path / "data.mdb").is_file()
    assert not (project.datasets / "sounds").exists()
    assert (wizard.model.elsewhere, wizard.model.folder) == (False, "")


def test_a_recording_that_is_not_there_is_named_on_the_first_step(
    open_app: Opener, qtbot: QtBot, tmp_path: Path, sounds: Path
) -> None:
    project = Project.open(tmp_path / "project", create=True)
    _app, page = opened(open_app, qtbot, project.path)
    missing = tmp_path / "missing"
    page.new([missing, sounds])
    wizard = page.wizard
    qtbot.waitUntil(lambda: not wizard.next.isEnabled() and str(missing) in wizard.model.problem("sources"))
    assert str(missing) in wizard.why.text()
    missing.mkdir()
    wizard.sources.look()
    qtbot.waitUntil(wizard.next.isEnabled)
    missing.rmdir()  # nobody has looked again: the search finds it out, and says it where files would be
    wizard.next.click()
    qtbot.waitUntil(lambda: bool(wizard.model.scan_problem), timeout=PATIENCE)
    assert str(missing) in wizard.why.text()
    wizard.back.click()
    qtbot.waitUntil(lambda: not wizard.next.isEnabled())
    wizard.model.remove_sources([missing])
    qtbot.waitUntil(wizard.next.isEnabled)
    wizard.next.click()
    qtbot.waitUntil(lambda: not wizard.model.scanning and wizard.model.files.usable == 3, timeout=PATIENCE)
    assert wizard.next.isEnabled()


def test_dropped_files_begin_a_dataset(open_app: Opener, qtbot: QtBot, tmp_path: Path, sounds: Path) -> None:
    project = Project.open(tmp_path / "project", create=True)
    _app, page = opened(open_app, qtbot, project.path)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(sounds)), QUrl("https://example.org/x.wav")])
    args: Any = (
        QPointF(50, 50),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(page.list, QDragEnterEvent(QPointF(50, 50).toPoint(), *args[1:]))
    assert not page.list.veil.isHidden()
    QApplication.sendEvent(page.list, QDropEvent(*args))
    assert page.list.veil.isHidden()
    assert page.wizard.model.sources == [sounds]
    assert page.wizard.model.name == "sounds"
    # The same again is not taken twice.
    page.wizard.begin([sounds], [])
    assert page.wizard.model.sources == [sounds]


def test_looking_into_a_dataset(
    open_app: Opener, qtbot: QtBot, tmp_path: Path, sounds: Path, home: AppPaths
) -> None:
    from rave_gui.datasets import index, stats

    project = Project.open(tmp_path / "project", create=True)
    path = built(project, sounds, "drums", tmp_path)
    stats.compute(path, paths=home)
    index.build(path, paths=home)
    app, page = opened(open_app, qtbot, project.path)
    qtbot.waitUntil(lambda: page.library.get("drums") is not None)
    page.list.focus_table()
    press(page.list.table, Qt.Key.Key_Return)
    detail = page.detail
    overview = detail.tabs["overview"]
    qtbot.waitUntil(lambda: overview.stats is not None, timeout=PATIENCE)
    assert overview.charts.isVisibleTo(detail)
    assert not nameless(detail)
    # Each recording: what was measured of it, against the whole.
    detail.show_tab("sources")
    sources = detail.tabs["sources"]
    qtbot.waitUntil(lambda: len(sources.table.rows.all) == 4, timeout=PATIENCE)
    measured = [r for r in sources.table.rows.all if r.sound is not None]
    assert len(measured) >= 2
    shown_columns = [
        c.text(measured[0]) for c in sources.table.rows.columns if c.key in ("loudness", "peak", "reaches")
    ]
    assert all(shown_columns)
    sources.table.select(measured[0].path)
    assert Path(measured[0].path).name in sources.sound.title.text()
    assert sources.sound.spectrum.accessibleDescription()
    detail.show_tab("overview")
    # The map: an arrow key chooses a chunk and loads it.
    press(detail.segments.button("overview"), Qt.Key.Key_Right)
    detail.show_tab("map")
    tab = detail.tabs["map"]
    qtbot.waitUntil(lambda: tab.view.count() > 0, timeout=PATIENCE)
    tab.panel.player.model.make_player = silent_player
    tab.view.setFocus()
    press(tab.view, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: tab.panel.player.model.ready, timeout=PATIENCE)
    assert tab.similar.count() > 0
    # The table of chunks: sorted by loudness, marked, exported.
    detail.show_tab("chunks")
    chunks = detail.tabs["chunks"]
    qtbot.waitUntil(lambda: chunks.model.total > 20 and chunks.model.row(0) is not None, timeout=PATIENCE)
    chunks.table.sorted_by.emit("loudness", True)
    qtbot.waitUntil(lambda: chunks.model.view.sort == "loudness", timeout=PATIENCE)
    qtbot.waitUntil(lambda: all(chunks.model.row(i) is not None for i in range(5)), timeout=PATIENCE)
    loud = [chunks.model.row(i).rms_db for i in range(5)]
    assert loud == sorted(loud, reverse=True)
    chunks.table.choose([0, 1])
    chunks.table.setFocus()
    press(chunks.table, Qt.Key.Key_B)
    qtbot.waitUntil(lambda: chunks.model.bad == 2, timeout=PATIENCE)
    press(app.window, Qt.Key.Key_Z, Ctrl)
    qtbot.waitUntil(lambda: chunks.model.bad == 0, timeout=PATIENCE)
    chunks.jump_field.setText("7")
    press(chunks.jump_field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: chunks.panel.index == 7, timeout=PATIENCE)
    assert not nameless(detail)
    # Recordings: the broken one is there with its reason; notes are kept.
    detail.show_tab("sources")
    sources = detail.tabs["sources"]
    qtbot.waitUntil(lambda: len(sources.table.rows.rows) == 4, timeout=PATIENCE)
    bad = [row for row in sources.table.rows.rows if row.code]
    assert [Path(row.path).name for row in bad] == ["broken.wav"]
    assert bad[0].reason
    whole = next(row for row in sources.table.rows.rows if not row.code)
    sources.table.select(whole.path)
    press(sources.chunks, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: chunks.model.view.where == whole.path, timeout=PATIENCE)
    assert 0 < chunks.model.count < chunks.model.total
    press(app.window, Qt.Key.Key_5, Qt.KeyboardModifier.AltModifier)
    health = detail.tabs["health"]
    press(health.split.button, Qt.Key.Key_Space)
    qtbot.waitUntil(health.split.button.isEnabled, timeout=PATIENCE)
    assert "%" in health.split.text.text()
    assert health.split.examples.rows.rows
    assert "recording" in health.split.bar.accessibleDescription()
    assert not nameless(detail)


def test_rename_and_tags_can_be_undone(open_app: Opener, qtbot: QtBot, tmp_path: Path, sounds: Path) -> None:
    from rave_gui.ui.dialogs.dataset_name import NameDialog
    from rave_gui.ui.dialogs.dataset_tags import TagsDialog

    project = Project.open(tmp_path / "project", create=True)
    built(project, sounds, "drums", tmp_path)
    app, page = opened(open_app, qtbot, project.path)
    page.list.focus_table()
    press(page.list.table, Qt.Key.Key_F2)
    dialog = app.window.findChild(NameDialog)
    assert dialog is not None
    field = line(dialog.name)
    field.selectAll()
    QTest.keyClicks(field, "a/b")
    assert dialog.main is not None
    assert not dialog.main.isEnabled()
    field.selectAll()
    QTest.keyClicks(field, "percussion")
    press(field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.library.get("percussion") is not None, timeout=PATIENCE)
    assert not (project.datasets / "drums").exists()
    app.window.activateWindow()  # a window manager does it when a dialog closes; there is none here
    qtbot.waitUntil(app.window.isActiveWindow)
    press(app.window, Qt.Key.Key_Z, Ctrl)
    qtbot.waitUntil(lambda: page.library.get("drums") is not None, timeout=PATIENCE)
    page.list.select("drums")
    app.session.actions.trigger("datasets.tags")
    tags = app.window.findChild(TagsDialog)
    assert tags is not None
    QTest.keyClicks(tags.category.editor, " Field recordings")
    QTest.keyClicks(tags.tags.editor, "close, dry,close")
    press(tags.tags.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: row(page, "drums").tags == ("close", "dry"), timeout=PATIENCE)
    assert row(page, "drums").category == "Field recordings"
    assert not page.list.tag.isHidden()
    assert [page.list.category.itemData(i) for i in range(page.list.category.count())] == [
        "",
        "Field recordings",
    ]
    app.window.activateWindow()
    qtbot.waitUntil(app.window.isActiveWindow)
    press(app.window, Qt.Key.Key_Z, Ctrl)
    qtbot.waitUntil(
        lambda: (row(page, "drums").category, row(page, "drums").tags) == ("", ()), timeout=PATIENCE
    )


def test_what_another_process_does_to_the_dataset_shown(
    open_app: Opener, qtbot: QtBot, tmp_path: Path, sounds: Path
) -> None:
    from rave_gui.bootstrap import build
    from rave_gui.datasets import actions

    project = Project.open(tmp_path / "project", create=True)
    built(project, sounds, "drums", tmp_path)
    app, page = opened(open_app, qtbot, project.path)
    other = build(default_paths())
    told: list[str] = []
    app.session.told.connect(lambda words, _step: told.append(words))
    page.open_entry(row(page, "drums"))
    actions.rename(other, project.path, "drums", "percussion")
    qtbot.waitUntil(lambda: page.detail.title.text() == "percussion", timeout=PATIENCE)
    assert page.stack.currentWidget() is page.detail
    assert page.current is not None
    assert page.current.path == project.datasets / "percussion"
    app.session.go("datasets", dataset="nope")
    qtbot.waitUntil(lambda: any("“nope”" in words for words in told), timeout=PATIENCE)
    assert page.stack.currentWidget() is page.home
    page.open_entry(row(page, "percussion"))
    actions.delete(other, project.path, "percussion")
    qtbot.waitUntil(lambda: page.stack.currentWidget() is page.home, timeout=PATIENCE)
    assert any("deleted elsewhere" in words for words in told)
    assert page.current is None
    assert not app.session.actions.is_enabled("datasets.train")


def test_deleting_an_adopted_dataset_says_where_its_files_stay(
    open_app: Opener, qtbot: QtBot, tmp_path: Path, sounds: Path
) -> None:
    project = Project.open(tmp_path / "project", create=True)
    outside = tmp_path / "outside"
    built(project, sounds, "drums", tmp_path).rename(outside)
    project.store.forget("dataset", "drums")
    project.store.register("dataset", "mine", outside)
    app, page = opened(open_app, qtbot, project.path)
    told: list[str] = []
    app.session.told.connect(lambda words, _step: told.append(words))
    page.list.select("mine")
    app.session.actions.trigger("datasets.delete")
    qtbot.waitUntil(lambda: page.library.get("mine") is None, timeout=PATIENCE)
    assert str(outside) in told[-1]
    assert (outside / "data.mdb").is_file()


def silent_player(_rate: int, _channels: int) -> Any:
    """An output that needs no device."""
    from rave_gui.errors import UserError

    class Nothing:
        def load(self, *_: Any) -> None: ...
        def switch(self, *_: Any) -> None: ...
        def seek(self, *_: Any) -> None: ...
        def close(self) -> None: ...

        def play(self) -> None:
            raise UserError("No output.", "Connect one.", code="no-audio-output")

    return Nothing()
