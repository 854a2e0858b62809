"""The page of trained models: what is known of each, listening, rendering and measuring as jobs, comparing, the trash."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import soundfile
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from tests.helpers.engine import StandIn, backwards, end
from tests.helpers.models import make_project, make_run, sound
from tests.ui.conftest import Opener

from rave_gui.jobs.folder import JobFolder
from rave_gui.projects import Project
from rave_gui.ui.app import App
from rave_protocol.specs import RenderParams

press = QTest.keyClick


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "Studio")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    return StandIn(monkeypatch)


def open_page(open_app: Opener, qtbot: QtBot, project: Project) -> Any:
    app: App = open_app(project=str(project.path), page="models")
    page = app.page("models")
    qtbot.waitUntil(lambda: app.live.ready)
    qtbot.waitUntil(lambda: page.detail.detail is not None and page.detail.listen.player.model.ready)
    return page


def newest_job(project: Project) -> JobFolder:
    return JobFolder(max(project.jobs.iterdir(), key=lambda path: path.name))


def test_without_models_the_next_step_is_offered(open_app: Opener, qtbot: QtBot, tmp_path: Path) -> None:
    empty = Project.open(tmp_path / "Empty", create=True)
    app = open_app(project=str(empty.path), page="models")
    page = app.page("models")
    qtbot.waitUntil(lambda: page.quick.isVisible() and page.train.isVisible())
    for key in ("models.render", "models.measure", "models.delete"):
        assert not app.session.actions.is_enabled(key), key
    page.train.click()
    assert app.window.page == "training"


def test_a_model_is_described_and_heard(
    open_app: Opener, qtbot: QtBot, project: Project, engine: StandIn
) -> None:
    page = open_page(open_app, qtbot, project)
    detail = page.detail
    assert page.models.items[0].distance == 15.3
    assert detail.pick.currentText() == "Step 400  ·  newest"
    qtbot.waitUntil(lambda: detail.stats["latents"].accessibleName().endswith(": 2 of 16"))
    assert detail.stats["rate"].accessibleName().endswith(": 44.1 kHz")
    assert detail.stats["frame"].accessibleName().endswith(": 12 ms")
    assert detail.draft.text() == "Phase 2"
    player = detail.listen.player
    assert [t.key for t in player.tracks] == ["original", "result0"], "the newest evaluation, side by side"
    assert detail.listen.distances.isVisible()
    page.table.setFocus()
    press(page.table, Qt.Key.Key_B)
    assert player.model.heard == "result0"
    press(page.table, Qt.Key.Key_X)
    assert player.model.heard == "original"
    press(page.table, Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
    assert detail.tab == "checkpoints"
    table = detail.checkpoints.table
    table.select(str(project.runs / "voice" / "version_0" / "checkpoints" / "step_00000200.ckpt"))
    table.setFocus()
    press(table, Qt.Key.Key_Return)
    assert detail.checkpoint.step == 200
    assert detail.tab == "listen"


def test_a_file_is_rendered_as_a_job_and_heard(
    open_app: Opener, qtbot: QtBot, project: Project, engine: StandIn
) -> None:
    page = open_page(open_app, qtbot, project)
    source = project.sounds / "tone.wav"
    page.session.pick_files = lambda *_: [source]
    page.session.actions.trigger("models.render")
    qtbot.waitUntil(lambda: len(page.detail.jobs.lines) == 1)
    job = newest_job(project)
    params = job.read_spec().params
    assert isinstance(params, RenderParams)
    assert (Path(params.source), Path(params.checkpoint).name) == (source, "step_00000400.ckpt")
    made = backwards(source, Path(params.output))
    end(job, result=made)
    qtbot.waitUntil(lambda: not page.detail.jobs.lines)
    qtbot.waitUntil(lambda: page.detail.listen.title.text() == "tone through voice")
    assert page.detail.listen.hearing.original == source
    assert not page.detail.listen.distances.isVisible(), "nothing was measured"


def test_a_job_that_fails_says_why(open_app: Opener, qtbot: QtBot, project: Project, engine: StandIn) -> None:
    page = open_page(open_app, qtbot, project)
    ended: list[Any] = []
    page.session.jobs.ended.connect(ended.append)
    page.commands.render_file(project.sounds / "tone.wav")
    qtbot.waitUntil(lambda: len(page.detail.jobs.lines) == 1 and bool(page.session.jobs.active))
    end(
        newest_job(project),
        "failed",
        error={"code": "out-of-memory", "message": "No memory.", "hint": "Close others."},
    )
    qtbot.waitUntil(lambda: bool(ended) and not page.detail.jobs.lines)
    qtbot.waitUntil(lambda: bool(page.window().toasts.shown))
    assert len(page.window().toasts.shown) == 1, "told once, not twice"
    assert page.window().toasts.shown[0].notice.hint == "No memory."


def test_measuring_asks_for_the_dataset_it_does_not_know(
    open_app: Opener, qtbot: QtBot, project: Project, engine: StandIn
) -> None:
    page = open_page(open_app, qtbot, project)
    shown: list[Any] = []
    page.session.failed.connect(shown.append)
    page.session.actions.trigger("models.measure")
    from rave_gui.ui.pages.models.measure import MeasureDialog

    dialogs = page.window().findChildren(MeasureDialog)
    assert len(dialogs) == 1
    assert dialogs[0].isVisible()
    dialogs[0].reject()
    assert not shown


def test_two_checkpoints_on_the_same_sound(
    open_app: Opener, qtbot: QtBot, project: Project, engine: StandIn
) -> None:
    page = open_page(open_app, qtbot, project)
    actions = page.session.actions
    assert not actions.is_enabled("models.compare")
    actions.trigger("models.checkpoints")
    page.detail.checkpoints.table.selectAll()
    assert len(page.detail.checkpoints.selected()) == 3
    assert not actions.is_enabled("models.compare"), "two, not three"
    pair = [c for c in page.detail.detail.checkpoints if not c.best]
    page.commands.compare_on(pair, project.sounds / "tone.wav")
    player = page.detail.listen.player
    qtbot.waitUntil(lambda: len(player.tracks) == 3)
    assert [t.name for t in player.tracks] == ["Original", "Step 400", "Step 200"]
    qtbot.waitUntil(lambda: player.model.ready and len(player.model.keys) == 3)
    assert [Path(r["checkpoint"]).stem for r in engine.renders()] == ["step_00000400", "step_00000200"]
    press(page, Qt.Key.Key_C)
    assert player.model.heard == "result1"


def test_takes_go_to_the_trash_and_come_back(
    open_app: Opener, qtbot: QtBot, project: Project, engine: StandIn
) -> None:
    page = open_page(open_app, qtbot, project)
    actions = page.session.actions
    actions.trigger("models.takes")
    takes = page.detail.takes
    qtbot.waitUntil(lambda: takes.table.select("voice reconstruction"))
    actions.trigger("models.copy")
    assert QGuiApplication.clipboard().text().endswith("voice reconstruction")
    takes.table.setFocus()
    press(takes.table, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: not (project.takes / "voice reconstruction").exists())
    qtbot.waitUntil(lambda: not page.detail.detail.takes)
    qtbot.waitUntil(lambda: page.session.undo.next_undo is not None)
    press(page, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil((project.takes / "voice reconstruction" / "original.wav").exists)
    qtbot.waitUntil(lambda: len(page.detail.detail.takes) == 1)


def test_models_that_come_and_go_are_seen(
    open_app: Opener, qtbot: QtBot, project: Project, engine: StandIn
) -> None:
    page = open_page(open_app, qtbot, project)
    make_run(project.path, "drums")
    qtbot.waitUntil(lambda: {item.name for item in page.models.items} == {"voice", "drums"}, timeout=10_000)
    assert page._shown == "voice", "what is shown stays"
    page.search.setText("dru")
    assert [row.name for row in page.table.rows.rows] == ["drums"]
    page.search.clear()
    shutil.rmtree(project.runs / "voice")
    qtbot.waitUntil(lambda: [item.name for item in page.models.items] == ["drums"], timeout=10_000)
    qtbot.waitUntil(lambda: page.detail.detail.run.name == "drums")


def test_a_dropped_sound_that_is_none_is_refused(
    open_app: Opener, qtbot: QtBot, project: Project, engine: StandIn, tmp_path: Path
) -> None:
    page = open_page(open_app, qtbot, project)
    failed: list[Any] = []
    page.session.failed.connect(failed.append)
    bad = tmp_path / "not sound.wav"
    bad.write_text("no")
    good = sound(tmp_path / "fine.wav", 0.1)
    assert soundfile.info(str(good)).frames
    page.detail.listen.dropped.emit([bad, good, tmp_path])
    qtbot.waitUntil(lambda: bool(failed) and len(page.detail.jobs.lines) == 1)
    assert len(list(project.jobs.iterdir())) == 2, "one was there, one came"
