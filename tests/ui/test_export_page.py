"""The export page: what was tested in words, how a file is used, the form, the jobs behind it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot
from tests.helpers.engine import FACTS, StandIn, end
from tests.helpers.models import make_export, make_project, make_run
from tests.ui.conftest import Opener

from rave_gui.jobs.folder import JobFolder
from rave_gui.projects import Project
from rave_gui.ui.app import App
from rave_protocol.specs import ExportParams

press = QTest.keyClick


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "Studio")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    return StandIn(monkeypatch)


def open_page(open_app: Opener, qtbot: QtBot, project: Project) -> Any:
    app: App = open_app(project=str(project.path), page="export")
    page = app.page("export")
    qtbot.waitUntil(lambda: app.live.ready and page.detail.export is not None)
    return page


def jobs_of(project: Project, kind: str) -> list[JobFolder]:
    found = [JobFolder(path) for path in sorted(project.jobs.iterdir())]
    return [job for job in found if job.read_spec().kind == kind]


def test_an_empty_page_offers_the_next_step(
    open_app: Opener, qtbot: QtBot, tmp_path: Path, engine: StandIn
) -> None:
    empty = Project.open(tmp_path / "Empty", create=True)
    app = open_app(project=str(empty.path), page="export")
    page = app.page("export")
    qtbot.waitUntil(page.quick.isVisible)
    assert not app.session.actions.is_enabled("export.new")
    qtbot.waitUntil(lambda: app.live.ready)
    make_run(empty.path)
    qtbot.waitUntil(page.first.isVisible, timeout=10_000)
    page.first.click()
    assert page.making()
    press(page, Qt.Key.Key_Escape)
    assert not page.making()


def test_an_export_says_what_was_tested_and_how_it_is_used(
    open_app: Opener, qtbot: QtBot, project: Project, engine: StandIn
) -> None:
    page = open_page(open_app, qtbot, project)
    detail = page.detail
    assert (detail.state.text(), detail.draft.text()) == ("Verified", "")
    assert "Plays the same in blocks as in one piece" in detail.tests.accessibleName()
    assert "nn~ voice_streaming forward" in detail.code.toPlainText()
    detail.hosts.button("supercollider").click()
    assert "NN.load" in detail.code.toPlainText()
    detail.copy_code.click()
    assert QGuiApplication.clipboard().text() == detail.code.toPlainText()
    page.session.actions.trigger("export.copy")
    assert QGuiApplication.clipboard().text().endswith("voice_streaming.ts")
    make_export(project.path, "wide", channels=4, streaming=False, phase=1, repeatable=False, peak=0.0)
    qtbot.waitUntil(lambda: page.table.select("wide"), timeout=10_000)
    qtbot.waitUntil(lambda: detail.export.name == "wide")
    assert (detail.state.text(), detail.draft.text()) == ("Verified, with a warning", "Draft: phase 1")
    assert "not made for real time" in detail.problem.text()
    make_export(project.path, "bare", card=False)
    qtbot.waitUntil(lambda: page.table.select("bare"), timeout=10_000)
    qtbot.waitUntil(lambda: detail.state.text() == "Not verified")


def test_a_new_export_is_a_job_with_what_was_chosen(
    open_app: Opener, qtbot: QtBot, project: Project, engine: StandIn
) -> None:
    page = open_page(open_app, qtbot, project)
    form = page.form
    press(page.table, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    assert page.making()
    qtbot.waitUntil(lambda: form._facts == FACTS)
    assert form.name.value() == "voice"
    combo = form.fidelity.findChild(QComboBox)
    labels = [combo.itemText(i) for i in range(combo.count())]
    assert "95 %: 2 of 16 latents" in labels
    assert not form.ema.isVisible(), "this run has no averaged weights"
    assert not form.warning.isVisible()
    checkpoint = project.runs / "voice" / "version_0" / "checkpoints" / "step_00000200.ckpt"
    form.checkpoint.set_value(str(checkpoint))
    form._checkpoint_changed()
    assert form.warning.isVisible(), "phase 1 lasts 300 steps"
    qtbot.waitUntil(lambda: form._facts == FACTS)
    form.cards["torchscript"].click()
    form.fidelity.set_value(0.99)
    form.rate.set_value(2)
    form.name.set_value("voice")
    form._renamed()
    press(form, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(form.refused.isVisible)
    assert "voice" in form.refused.title.text(), "the name is taken"
    assert page.making()
    form.name.set_value("voice 2")
    form._renamed()
    form.main.click()
    qtbot.waitUntil(lambda: len(page.jobs.lines) == 1)
    job = jobs_of(project, "export")[0]
    params = job.read_spec().params
    assert isinstance(params, ExportParams)
    assert (params.checkpoint, params.name) == (str(checkpoint), "voice 2")
    assert (params.streaming, params.fidelity, params.sample_rate) == (False, 0.99, 88200)
    target = make_export(project.path, "voice 2", streaming=False)
    end(job, result={"path": str(target / "voice 2_streaming.ts"), "card": str(target / "card.json")})
    qtbot.waitUntil(lambda: page.detail.export.name == "voice 2")
    assert not page.jobs.lines
    assert page.detail.target == "torchscript"


def test_verifying_again_counts_and_a_failure_is_said(
    open_app: Opener, qtbot: QtBot, project: Project, engine: StandIn
) -> None:
    page = open_page(open_app, qtbot, project)
    page.session.actions.trigger("export.verify")
    qtbot.waitUntil(lambda: len(page.jobs.lines) == 1)
    found = {
        "methods": ["forward"],
        "finite": False,
        "peak": 0.5,
        "repeatable": True,
        "real_time_factor": 1.4,
    }
    card = json.loads((project.exports / "voice" / "card.json").read_text(encoding="utf-8"))
    end(
        jobs_of(project, "verify")[0], result={**found, "path": str(project.exports / "voice" / card["file"])}
    )
    qtbot.waitUntil(lambda: page.detail.state.text() == "Does not work")
    assert "NaN" in page.detail.tests.accessibleName()
    assert "too slow" in page.detail.tests.accessibleName()
    page.session.actions.trigger("export.verify")
    qtbot.waitUntil(lambda: len(page.jobs.lines) == 1)
    end(jobs_of(project, "verify")[1], "failed", error={"code": "x", "message": "It broke.", "hint": ""})
    qtbot.waitUntil(lambda: not page.jobs.lines)
    assert page.detail.state.text() == "Does not work", "what was found before still counts"


def test_an_export_goes_to_the_trash_and_comes_back(
    open_app: Opener, qtbot: QtBot, project: Project, engine: StandIn
) -> None:
    page = open_page(open_app, qtbot, project)
    folder = project.exports / "voice"
    page.table.setFocus()
    press(page.table, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: not folder.exists() and not page.exports.items)
    assert page.first.isVisible(), "the model is still there"
    qtbot.waitUntil(lambda: page.session.undo.next_undo is not None)
    press(page, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: folder.exists() and len(page.exports.items) == 1)


def test_other_pages_lead_here_with_their_checkpoint(
    open_app: Opener, qtbot: QtBot, project: Project, engine: StandIn
) -> None:
    best = project.runs / "voice" / "version_0" / "checkpoints" / "best.ckpt"
    app = open_app(project=str(project.path), page="home")
    app.session.go("export", model=str(best))
    page = app.page("export")
    qtbot.waitUntil(page.making)
    qtbot.waitUntil(lambda: page.form.checkpoint.value() == str(best))
    app.session.actions.trigger("export.back")
    page.session.actions.trigger("export.play")
    assert app.window.page == "play"
    qtbot.waitUntil(lambda: app.page("play").model.model is not None)
    assert app.page("play").model.model.suffix == ".ts"
