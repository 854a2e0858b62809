"""The page of jobs on real job folders: order, filters, what can be asked, the log in words, undo of a removal."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDrag, QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from tests.ui.conftest import Opener

from rave_gui.jobs.folder import JobFolder, create
from rave_gui.jobs.registry import Registry
from rave_gui.jobs.state import JobState
from rave_gui.paths import AppPaths
from rave_gui.projects import Project
from rave_gui.ui.app import App
from rave_gui.ui.widgets import table as table_module
from rave_protocol import events, jobfolder
from rave_protocol.files import append_line
from rave_protocol.locks import machine_id
from rave_protocol.specs import DatasetParams, JobSpec, TrainParams, VerifyParams

press = QTest.keyClick


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty project."""
    return Project.open(tmp_path / "Sounds", create=True).path


def put(project: Path, name: str, state: str, **more: Any) -> JobFolder:
    """A job's folder in a state, as runner and engine would have left it."""
    now = time.time()
    spec = JobSpec(name, "verify", f"Check {name}", VerifyParams(model="m.ts"), now, str(project))
    found = JobState(state=state, machine=machine_id(), started=now - 90, **more)  # type: ignore[arg-type]
    if found.final:
        found.ended = now
    return create(project / "jobs", spec, found)


def open_jobs(open_app: Opener, qtbot: QtBot, project: Path, count: int) -> App:
    """A window on the page, with ``count`` jobs in the list."""
    app = open_app(project=str(project), page="jobs")
    qtbot.waitUntil(lambda: app.page("jobs").table.model().rowCount() == count)
    return app


def test_without_jobs_the_page_says_what_it_is_for(open_app: Opener, qtbot: QtBot, project: Path) -> None:
    app = open_app(project=str(project), page="jobs")
    qtbot.waitUntil(lambda: app.session.jobs.loaded)
    assert app.page("jobs").empty.isVisible()


def test_a_failed_job_says_why_and_can_be_copied(open_app: Opener, qtbot: QtBot, project: Path) -> None:
    error = {
        "code": "disk-full",
        "message": "The disk is full.",
        "hint": "Free some space.",
        "details": "Errno 28",
    }
    folder = put(project, "20250101-000000-000-aaaa", "failed", error=error)
    append_line(folder.events, events.to_json(events.Started(1, versions={"torch": "2"}), time.time()))
    append_line(folder.events, events.to_json(events.Metric(1, {"x": 1.0}), time.time()))
    folder.log.write_text(
        "/x/site-packages/torch/a.py:1: FutureWarning: old\n  a()\nreally printed\n", encoding="utf-8"
    )
    app = open_jobs(open_app, qtbot, project, 1)
    page = app.page("jobs")
    assert page.table.one().state == "failed", "the first is chosen"
    qtbot.waitUntil(page.detail.banner.isVisible)
    assert page.detail.banner.title.text() == "The disk is full."
    assert page.detail.banner.text.text() == "Free some space."
    qtbot.waitUntil(lambda: "Started" in page.detail.story.text.toPlainText())
    page.detail.show_tab("log")
    qtbot.waitUntil(lambda: page.detail.log.text.toPlainText() == "really printed")
    page.detail.everything.click()
    assert "FutureWarning" in page.detail.log.text.toPlainText()
    page.detail.copy_error.click()
    assert "Errno 28" in QGuiApplication.clipboard().text()
    page.detail.show_tab("facts")
    assert str(folder.path) in [w.text() for w in page.detail.facts.findChildren(type(page.detail.nothing))]


def test_filters_and_search(open_app: Opener, qtbot: QtBot, project: Path) -> None:
    put(project, "20250101-000000-000-aaaa", "succeeded")
    put(project, "20250101-000001-000-bbbb", "failed")
    put(project, "20250101-000002-000-cccc", "cancelled")
    app = open_jobs(open_app, qtbot, project, 3)
    page = app.page("jobs")

    def shown() -> list[str]:
        return [row.id[-4:] for row in page.table.rows.rows]

    page.filter.button("failed").click()
    assert shown() == ["bbbb"]
    page.filter.button("all").click()
    page.search.setText("CCCC")
    assert shown() == ["cccc"]
    page.search.clear()
    page.here.click()
    assert len(shown()) == 3
    app.show_page("jobs", {"job": "20250101-000001-000-bbbb"})
    qtbot.waitUntil(lambda: [row.id[-4:] for row in page.table.selected()] == ["bbbb"])


def test_removal_can_be_undone(open_app: Opener, qtbot: QtBot, project: Path) -> None:
    folder = put(project, "20250101-000000-000-aaaa", "succeeded")
    put(project, "20250101-000001-000-bbbb", "succeeded")
    app = open_jobs(open_app, qtbot, project, 2)
    page = app.page("jobs")
    page.table.select(folder.id)
    page.table.setFocus()
    press(page.table, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: page.table.model().rowCount() == 1)
    assert not folder.path.exists()
    qtbot.waitUntil(lambda: any("trash" in t.notice.text for t in app.window.toasts.shown))
    press(app.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: page.table.model().rowCount() == 2)
    assert (folder.path / jobfolder.SPEC).exists()


def queue_of_three(
    open_app: Opener, qtbot: QtBot, project: Path, home: AppPaths, monkeypatch: pytest.MonkeyPatch
) -> App:
    """A window on three jobs that wait: a, b, c."""
    from rave_gui.jobs.dispatcher import Starter

    monkeypatch.setattr(Starter, "ensure", lambda _self: None)  # nobody takes the jobs of this queue
    registry = Registry(home.registry)
    for name in ("a", "b", "c"):
        folder = put(project, f"20250101-000000-000-{name}", "queued")
        registry.add(folder.id, folder.path, "light")
    return open_jobs(open_app, qtbot, project, 3)


def test_a_drag_of_the_queue_offers_a_move(
    open_app: Opener, qtbot: QtBot, project: Path, home: AppPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that only moves within itself refuses every other drag, Qt's default of a copy among them. (Off screen no drag goes on.)"""
    app = queue_of_three(open_app, qtbot, project, home, monkeypatch)
    table, window = app.page("jobs").table, app.window.windowHandle()
    offered: list[Qt.DropAction] = []

    class Drag(QDrag):
        def exec(self, *actions: Any) -> Qt.DropAction:
            offered.extend(actions)
            return Qt.DropAction.IgnoreAction

    monkeypatch.setattr(table_module, "QDrag", Drag)
    table.select("20250101-000000-000-c")
    area = table.visualRect(table.rows.index(2, 0))
    start = table.viewport().mapTo(app.window, area.center())
    QTest.mousePress(window, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
    for up in (5, 20, 40):
        QTest.mouseMove(window, start - QPoint(0, up))
        QTest.qWait(5)
    QTest.mouseRelease(window, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
    assert offered[:2] == [Qt.DropAction.MoveAction, Qt.DropAction.MoveAction]


def test_the_queue_is_reordered_by_keyboard(
    open_app: Opener, qtbot: QtBot, project: Path, home: AppPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = queue_of_three(open_app, qtbot, project, home, monkeypatch)
    page = app.page("jobs")

    def order() -> list[str]:
        return [row.id[-1] for row in page.table.rows.rows]

    assert order() == ["a", "b", "c"]
    assert "number 1" in page.table.rows.index(0, 1).data()
    page.table.select("20250101-000000-000-c")
    page.table.setFocus()
    press(page.table, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: order() == ["a", "c", "b"])
    page._moved(app.session.jobs.find("20250101-000000-000-a"), None)  # what a drop below the last row asks
    qtbot.waitUntil(lambda: order() == ["c", "b", "a"])
    assert app.window.sidebar.buttons["jobs"]._trailing == "3"
    page.table.selectAll()
    app.session.actions.trigger("jobs.cancel")
    qtbot.waitUntil(lambda: all(row.state == "cancelled" for row in app.session.jobs.rows))


def test_the_making_of_a_dataset_can_pause(
    open_app: Opener, qtbot: QtBot, project: Path, home: AppPaths
) -> None:
    spec = JobSpec(
        "20250101-000000-000-aaaa", "dataset", "Make", DatasetParams(["in"], "out"), time.time(), str(project)
    )
    folder = create(project / "jobs", spec, JobState(state="running", machine=machine_id(), started=1.0))
    Registry(home.registry).add(folder.id, folder.path, "light")
    with folder.sole(0.5):  # somebody holds it: it is at work
        app = open_jobs(open_app, qtbot, project, 1)
        app.session.actions.trigger("jobs.pause")
        qtbot.waitUntil(lambda: folder.commands.exists() and '"pause"' in folder.commands.read_text("utf-8"))
        append_line(folder.events, events.to_json(events.Paused(), time.time()))
        state = folder.read_state()
        state.move("paused")
        folder.write_state(state)
        qtbot.waitUntil(lambda: app.session.actions.is_enabled("jobs.resume"))
        assert not app.session.actions.is_enabled("jobs.pause")


def test_a_small_window_shows_five_jobs_and_the_log_can_be_folded(
    open_app: Opener, qtbot: QtBot, project: Path
) -> None:
    for number in range(7):
        put(project, f"20250101-00000{number}-000-aaaa", "succeeded")
    error = {"code": "disk-full", "message": "The disk is full.", "hint": "Free some space.", "details": ""}
    failed = put(project, "20250101-000007-000-aaaa", "failed", error=error)
    app = open_jobs(open_app, qtbot, project, 8)
    page = app.page("jobs")
    app.window.resize(1024, 700)

    def seen() -> int:
        height = page.table.viewport().height()
        return sum(
            page.table.rowViewportPosition(row) + page.table.rowHeight(row) <= height for row in range(8)
        )

    qtbot.waitUntil(lambda: page.split.height() < 560)
    page.table.select(failed.id)
    assert page.detail.banner.isVisible()
    assert page.detail.banner.geometry().bottom() < page.detail.height()
    assert seen() >= 5
    page.table.select("20250101-000003-000-aaaa")
    assert seen() >= 5
    assert page.detail.stack.isVisible()
    page.table.setFocus()
    press(page.table, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert not page.detail.stack.isVisible()
    qtbot.waitUntil(lambda: seen() == 8)
    assert page.detail.fold.accessibleName() == "Show the log"
    assert app.memory.folded == {"jobs.log": True}
    page.detail.fold.click()
    assert page.detail.stack.isVisible()
    page.split.moveSplitter(page.split.sizes()[0] - 40, 1)
    app.memory.folded.clear()
    app.themes.set_scale(150)
    qtbot.waitUntil(lambda: page.detail.folded)  # no room for both
    assert seen() >= 4
    assert page.table.geometry().bottom() <= page.detail.geometry().top()


def test_the_end_of_a_job_is_told(
    open_app: Opener, qtbot: QtBot, project: Path, home: AppPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = put(project, "20250101-000000-000-aaaa", "running")
    Registry(home.registry).add(folder.id, folder.path, "light")
    lock = folder.sole(0.5)
    assert lock.__enter__()  # somebody holds it: it is at work
    app = open_jobs(open_app, qtbot, project, 1)
    told: list[Any] = []
    monkeypatch.setattr(app.messages, "_notify", told.append)
    monkeypatch.setattr(app.window, "isActiveWindow", lambda: False)
    qtbot.waitUntil(lambda: "Check" in app.window.status.job.text())
    state = folder.read_state()
    state.move("succeeded")
    state.ended = time.time()
    folder.write_state(state)
    lock.__exit__(None, None, None)
    qtbot.waitUntil(lambda: any("is done" in t.notice.text for t in app.window.toasts.shown))
    assert [n.tone for n in told] == ["success"], "it took 90 s and the window was not in front"
    assert app.messages.notices.unread == 1
    assert not app.window.status.job.isVisible()


def test_a_training_that_needs_attention_is_told_on_the_desktop(
    open_app: Opener, qtbot: QtBot, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = project / "runs" / "drums"
    run.mkdir(parents=True)
    params = TrainParams("", str(run), "drums", max_steps=1000)
    spec = JobSpec("20250101-000000-000-aaaa", "train", "Train drums", params, time.time(), str(project))
    state = JobState(state="running", host="elsewhere", machine="another", started=time.time())
    folder = create(project / "jobs", spec, state)
    lost = events.Metric(90, {"fullband_spectral_distance": float("nan")})
    append_line(folder.events, events.to_json(lost, time.time()))
    app = open_jobs(open_app, qtbot, project, 1)
    told: list[Any] = []
    monkeypatch.setattr(app.messages, "_notify", told.append)
    monkeypatch.setattr(app.window, "isActiveWindow", lambda: False)
    app.messages.alerts.look()
    qtbot.waitUntil(lambda: bool(told))
    assert [(n.tone, n.page, n.where) for n in told] == [("danger", "training", {"run": "drums"})]
    assert "no number" in told[0].text
    app.messages.alerts.look()
    qtbot.waitUntil(lambda: app.messages.alerts._task is None)
    assert len(told) == 1, "it is told once"
