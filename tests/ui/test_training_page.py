"""The training pages: list, one run live, steering, keeping, and the way to a new run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot
from tests.helpers.training import RecordedRun, make_project
from tests.ui.conftest import Opener

from rave_gui.jobs import JobService
from rave_gui.paths import default_paths
from rave_gui.projects import Project
from rave_gui.ui.app import App
from rave_gui.ui.dialogs.run_extend import ExtendDialog
from rave_gui.ui.dialogs.run_go_on import GoOnDialog
from rave_gui.ui.dialogs.run_rename import RenameDialog
from rave_gui.ui.dialogs.run_schedule import ScheduleDialog
from rave_gui.ui.dialogs.run_tags import TagsDialog
from rave_gui.ui.dialogs.run_template import TemplateDialog
from rave_protocol.specs import TrainParams

press = QTest.keyClick
D = TypeVar("D", bound=QDialog)


def asked(app: App, kind: type[D]) -> D:
    """The dialog of that kind that is open."""
    return next(d for d in app.window.findChildren(kind) if d.isVisible())


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No dispatcher is started for jobs that the tests write by hand."""
    monkeypatch.setattr(JobService, "_keep_going", lambda _self, _views: set())


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "Studio")


@pytest.fixture
def live(project: Project) -> Iterator[RecordedRun]:
    run = RecordedRun(project, "live", told=40, number=2)
    yield run
    run.release()


def open_page(open_app: Opener, qtbot: QtBot, project: Project) -> App:
    app = open_app(project=str(project.path), page="training")
    page = app.page("training")
    qtbot.waitUntil(lambda: page.model.loaded and app.session.services is not None)
    return app


def watch(app: App, qtbot: QtBot, name: str) -> Any:
    page = app.page("training")
    page.open_run(name)
    qtbot.waitUntil(lambda: page.shown_run is not None and page.run_view.model.name == name)
    qtbot.waitUntil(lambda: page.run_view.model.ready)
    return page.run_view


def always(path: Path) -> Callable[[str, str, str], Path | None]:
    """A file dialog in which that file is chosen."""
    return lambda *_: path


def sent(run: RecordedRun, command: str) -> bool:
    return command in run.commands


def filled(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def test_an_empty_project_teaches(open_app: Opener, qtbot: QtBot, project: Project) -> None:
    app = open_page(open_app, qtbot, project)
    page = app.page("training")
    assert page.runs.stack.currentWidget() is page.runs.empty
    assert app.session.actions.is_enabled("training.new")
    for key in ("training.pause", "training.delete", "training.go_on", "training.rename"):
        assert not app.session.actions.is_enabled(key), key


def test_the_list_is_live_searched_and_filtered(
    open_app: Opener, qtbot: QtBot, project: Project, live: RecordedRun
) -> None:
    RecordedRun(project, "drums", number=1)
    app = open_page(open_app, qtbot, project)
    page = app.page("training")
    qtbot.waitUntil(lambda: len(page.model.rows) == 2)
    states = {row.name: row.state for row in page.model.rows}
    assert states == {"drums": "succeeded", "live": "running"}
    qtbot.waitUntil(lambda: page.model.get("drums").best is not None)
    drums = page.model.get("drums")
    assert (drums.step, drums.total, drums.dataset, drums.model) == (400, 400, "demo", "v2_small")
    assert drums.best == pytest.approx(18.8758, abs=1e-3)
    page.runs.search.setText("dru")
    assert [row.name for row in page.runs.table.rows.rows] == ["drums"]
    page.runs.search.setText("nothing like it")
    assert page.runs.stack.currentWidget() is page.runs.nothing
    page.runs.search.clear()
    page.runs.filter.button("active").click()
    assert [row.name for row in page.runs.table.rows.rows] == ["live"]
    live.end("succeeded", result={"step": 100, "stopped": True})
    qtbot.waitUntil(lambda: page.model.get("live").state == "succeeded")


def test_a_live_run_shows_curves_and_obeys(
    open_app: Opener, qtbot: QtBot, project: Project, live: RecordedRun
) -> None:
    app = open_page(open_app, qtbot, project)
    view = watch(app, qtbot, "live")
    model = view.model
    assert model.state == "running"
    before = model.step
    qtbot.waitUntil(lambda: {"distance", "validation"} <= set(view.curves.panels), timeout=30_000)
    assert view.buttons["training.pause"].isVisible()
    assert not view.buttons["training.go_on"].isVisible()
    live.more(30)
    qtbot.waitUntil(lambda: model.step > before)
    assert model.epoch is not None
    qtbot.waitUntil(lambda: view.now.caption.text() == f"Step · epoch {model.epoch}")
    assert model.switch == 200.0, "read from the run's configuration"
    assert "beta_factor" in model.facts.schedule.planned(400.0)
    assert any("told" in line.text for line in model.job.log)
    app.session.actions.trigger("training.pause")
    qtbot.waitUntil(lambda: live.commands == ["pause"])
    assert model.asked == "pause"
    for command in ("save", "preview", "stop"):
        app.session.actions.trigger(f"training.{command}")
        qtbot.waitUntil(partial(sent, live, command))
    app.session.ask = lambda *_: False
    app.session.actions.trigger("training.cancel")
    assert "cancel" not in live.commands
    live.more(1000)
    live.end("succeeded", result={"step": 400})
    qtbot.waitUntil(lambda: not model.active)
    qtbot.waitUntil(view.buttons["training.go_on"].isVisible)
    press(view, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: app.page("training").shown_run is None)


def test_plots_grow_smooth_and_are_saved(
    open_app: Opener, qtbot: QtBot, project: Project, tmp_path: Path
) -> None:
    RecordedRun(project, "drums", number=1)
    app = open_page(open_app, qtbot, project)
    view = watch(app, qtbot, "drums")
    curves = view.curves
    qtbot.waitUntil(lambda: len(curves.panels) >= 6 and not curves.busy, timeout=30_000)
    curves.panels["validation"].grow.click()
    assert curves.large == "validation"
    assert not curves.panels["distance"].isVisible()
    app.session.actions.trigger("training.back")
    assert curves.large == ""
    assert curves.panels["distance"].isVisible()
    view.tools.smoothing.button("much").click()
    view.tools.log.click()
    view.tools.spikes.click()
    assert (curves.look.smoothing, curves.look.log, curves.look.clip) == (0.97, True, False)
    qtbot.waitUntil(lambda: not curves.busy)
    for kind, head in (("csv", b"step,"), ("png", b"\x89PNG"), ("svg", b"<?xml")):
        target = tmp_path / f"curves.{kind}"
        app.session.pick_save = always(target)
        view.tools.save_as(kind)
        qtbot.waitUntil(partial(filled, target))
        assert target.read_bytes().startswith(head)
    table = (tmp_path / "curves.csv").read_text(encoding="utf-8").splitlines()
    assert "validation" in table[0].split(",")
    assert len(table) > 20


def test_training_is_heard_step_by_step_and_blind(open_app: Opener, qtbot: QtBot, project: Project) -> None:
    RecordedRun(project, "drums", number=1)
    app = open_page(open_app, qtbot, project)
    view = watch(app, qtbot, "drums")
    app.session.actions.trigger("training.tab_listen")
    ear = view.ear
    qtbot.waitUntil(lambda: ear.player.model.ready)
    assert ear.slider.maximum() == 2
    assert ear.sound.step == 240, "the newest is shown first"
    assert [t.key for t in ear.player.tracks] == ["original", "result"]
    ear.keep.click()
    ear.before.click()
    assert ear.sound.step == 160
    assert [t.key for t in ear.player.tracks] == ["original", "result", "kept"]
    ear.blind.click()
    qtbot.waitUntil(lambda: len(ear.player.tracks) == 2)
    assert not ear.player.lanes.isVisible(), "the shapes would give it away"
    names = list(ear._blind)
    ear.choose_a.click()
    assert names[0] in ear.score.text()
    ear.blind.click()
    assert ear.player.lanes.isVisible()
    qtbot.waitUntil(lambda: ear.player.model.ready)


def test_runs_are_starred_tagged_renamed_and_trashed(
    open_app: Opener, qtbot: QtBot, project: Project
) -> None:
    RecordedRun(project, "drums", number=1)
    app = open_page(open_app, qtbot, project)
    page, actions = app.page("training"), app.session.actions
    page.runs.table.select("drums")
    actions.trigger("training.star")
    qtbot.waitUntil(lambda: page.model.get("drums").starred)
    actions.trigger("training.tags")
    dialog = asked(app, TagsDialog)
    dialog.tags.set_value("kit, dry")
    dialog.note.set_value("keep this one")
    dialog.submit()
    qtbot.waitUntil(lambda: page.model.get("drums").shown_tags == ("dry", "kit"))
    assert page.model.get("drums").note == "keep this one"
    actions.trigger("training.rename")
    rename = asked(app, RenameDialog)
    rename.name.set_value("bad/name")
    rename.submit()
    qtbot.waitUntil(rename.banner.isVisible)
    rename.name.set_value("kit one")
    rename.submit()
    qtbot.waitUntil(lambda: page.model.get("kit one") is not None)
    assert (project.runs / "kit one" / "config.gin").is_file()
    assert page.model.get("kit one").starred, "tags follow"
    page.runs.table.select("kit one")
    actions.trigger("training.delete")
    qtbot.waitUntil(lambda: page.model.rows == [])
    assert not (project.runs / "kit one").exists()
    app.session.undo.undo()
    qtbot.waitUntil(lambda: page.model.get("kit one") is not None)
    app.session.undo.undo()
    qtbot.waitUntil(lambda: page.model.get("drums") is not None)


def test_going_on_asks_how_far(open_app: Opener, qtbot: QtBot, project: Project) -> None:
    RecordedRun(project, "drums", number=1)
    app = open_page(open_app, qtbot, project)
    page = app.page("training")
    qtbot.waitUntil(lambda: page.model.get("drums").step == 400)
    page.runs.table.select("drums")
    app.session.actions.trigger("training.go_on")
    dialog = asked(app, GoOnDialog)
    assert dialog.steps.value() > 400
    qtbot.waitUntil(lambda: dialog.checkpoint._combo.count() == 4)
    qtbot.waitUntil(lambda: dialog.headline.text().startswith("As if"))
    assert "step 266" in dialog.details.text()
    dialog.checkpoint.set_value(
        str(project.runs / "drums" / "version_0" / "checkpoints" / "step_00000133.ckpt")
    )
    dialog.checkpoint.changed.emit()
    qtbot.waitUntil(lambda: "step 133" in dialog.details.text())
    field = dialog.add_setting("batch")
    assert field is not None
    field.set_value(2)
    field.changed.emit()
    qtbot.waitUntil(lambda: dialog.headline.text().startswith("Not the same"))
    assert "Batch: 1 → 2" in dialog.details.text()
    dialog.submit()  # no engine here: the refusal is shown, and what was entered stays
    qtbot.waitUntil(dialog.banner.isVisible)
    dialog.reject()


def test_the_wizard_leads_to_the_start(
    open_app: Opener, qtbot: QtBot, project: Project, tmp_path: Path
) -> None:
    RecordedRun(project, "drums", number=1)
    app = open_page(open_app, qtbot, project)
    page = app.page("training")
    app.session.actions.trigger("training.new")
    wizard = page.wizard
    qtbot.waitUntil(lambda: wizard.model.machine is not None)
    assert not wizard.next.isEnabled()
    assert wizard.model.device_memory > 0, "the bars need to know what there is"
    wizard.start._cards["preset:tiny"].click()
    wizard.next.click()
    assert wizard.model.step == "dataset"
    assert wizard.dataset.stack.currentWidget() is wizard.dataset.empty, "there is no dataset yet"
    assert not wizard.next.isEnabled()
    press(wizard, Qt.Key.Key_Escape)
    assert page.stack.currentWidget() is page.list
    page.runs.table.select("drums")
    app.session.actions.trigger("training.again")
    qtbot.waitUntil(lambda: wizard.model.start is not None and wizard.model.start.key == "run:drums")
    assert wizard.model.values["capacity"] == 16
    assert wizard.model.values["phase_1_duration"] == 200
    settings = wizard.settings
    settings.fields["batch"]._combo.setEditText("many")
    settings.fields["batch"].changed.emit()
    assert settings.fields["batch"].problem.text()
    settings.fields["batch"]._combo.setEditText("4")
    settings.fields["batch"].changed.emit()
    assert wizard.model.values["batch"] == 4
    assert "changed" in settings.fields["batch"].caption.text()
    settings.search.setText("fidelity of nothing")
    assert settings.nothing.isVisibleTo(settings)
    settings.search.setText("random pitch")
    assert settings.fields["rand_pitch"].isVisibleTo(settings)
    wizard.review.show_all()
    assert wizard.review.changes_title.text() == "Other than in “drums”"
    assert wizard.model.timed is not None
    assert not wizard.review.trial.button.isEnabled(), "there are no sounds to try it with"
    wizard.review.keep.click()
    keep = asked(app, TemplateDialog)
    keep.name.set_value("my kit")
    keep.share.set_value(True)
    app.session.pick_save = always(tmp_path / "kit.ravetemplate")
    keep.submit()
    qtbot.waitUntil(partial(filled, tmp_path / "kit.ravetemplate"))
    qtbot.waitUntil(lambda: not keep.isVisible())
    app.session.pick_files = lambda *_: [tmp_path / "kit.ravetemplate"]
    wizard.start.add.click()
    qtbot.waitUntil(lambda: "template:kit" in wizard.start._cards)
    assert wizard.choose("template:my kit")
    assert wizard.model.values["batch"] == 4


def test_a_training_is_made_longer(
    open_app: Opener, qtbot: QtBot, project: Project, live: RecordedRun
) -> None:
    app = open_page(open_app, qtbot, project)
    page = app.page("training")
    qtbot.waitUntil(lambda: page.model.get("live") is not None and page.model.get("live").state == "running")
    page.runs.table.select("live")
    app.session.actions.trigger("training.extend")
    dialog = asked(app, ExtendDialog)
    assert dialog.steps.value() > 400
    dialog.submit()
    qtbot.waitUntil(lambda: live.commands == ["extend"])
    live.answer()
    qtbot.waitUntil(lambda: not dialog.isVisible())


def test_making_it_longer_says_when_that_means_phase_2(
    open_app: Opener, qtbot: QtBot, project: Project, live: RecordedRun
) -> None:
    (live.path / "config.gin").write_text("PHASE_1_DURATION = 400\n")
    for config in live.path.glob("version_*/config.gin"):
        config.unlink()
    app = open_page(open_app, qtbot, project)
    page = app.page("training")
    qtbot.waitUntil(lambda: page.model.get("live") is not None and page.model.get("live").state == "running")
    page.runs.table.select("live")
    app.session.actions.trigger("training.extend")
    dialog = asked(app, ExtendDialog)
    qtbot.waitUntil(dialog.phase.isVisible)
    assert "400" in dialog.phase.text()
    dialog._know_switch(10_000.0)
    assert not dialog.phase.isVisible(), "phase 1 goes on beyond the new end"
    dialog.reject()


def test_when_a_waiting_run_begins_is_changed(
    open_app: Opener, qtbot: QtBot, project: Project, live: RecordedRun
) -> None:
    app = open_page(open_app, qtbot, project)
    page = app.page("training")
    params = TrainParams("demo", str(project.runs / "later"), "later", device="cpu")
    job = JobService(default_paths()).submit(
        "train", params, project=project.path, title="later", not_before=2.0**32
    )
    project.store.register("run", "later", project.runs / "later", job=job.id)
    qtbot.waitUntil(lambda: page.model.get("later") is not None and page.model.get("later").state == "queued")
    page.runs.table.select("live")
    assert not app.session.actions.is_enabled("training.schedule")
    page.runs.table.select("later")
    app.session.actions.trigger("training.schedule")
    dialog = asked(app, ScheduleDialog)
    assert dialog.when.time.isVisible(), "the time that was set is shown"
    dialog.when.choice.button("now").click()
    dialog.submit()
    qtbot.waitUntil(lambda: JobService(default_paths()).get(job.id, project.path).not_before is None)
    qtbot.waitUntil(lambda: not dialog.isVisible())


def test_parts_beside_the_list_take_their_place(open_app: Opener, qtbot: QtBot, project: Project) -> None:
    RecordedRun(project, "drums", number=1)
    app = open_page(open_app, qtbot, project)
    page = app.page("training")
    page.runs.table.select("drums")
    assert app.session.actions.is_enabled("training.delete")
    for key in page.slots.keys[1:]:
        page.slots.tabs.button(key).click()
        assert page.slots.key == key
        assert not app.session.actions.is_enabled("training.delete"), "nobody sees which run would go"
    page.show_part("runs")
    assert app.session.actions.is_enabled("training.delete")
