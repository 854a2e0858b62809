"""The page driven through a recorded way: start, work, pause, cancel, failure, result, re-attachment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from tests.helpers.replay import ReplayDriver
from tests.ui.conftest import Opener

from rave_gui.ui.app import App
from rave_gui.ui.widgets.distance import verdict
from rave_gui.viewmodels.quickstart import Found, Request
from rave_protocol import events

press = QTest.keyClick


def sounds_of(folder: Path) -> None:
    """The two files that the recorded evaluation names."""
    driver = ReplayDriver(folder)
    reconstruction = driver.result(Request((), str(folder)))["reconstruction"]
    for key in ("original", "path"):
        path = Path(reconstruction[key])
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.sin(np.arange(44100) / 20).astype(np.float32) * 0.5, 44100)


def start_demo(app: App, qtbot: QtBot) -> None:
    app.page("quickstart").form.demo.click()
    assert app.page("quickstart").form.start.isEnabled(), app.page("quickstart").form.missing.text()
    app.page("quickstart").form.start.click()
    qtbot.waitUntil(lambda: app.page("quickstart").model.mode == "running")


def test_the_empty_form_teaches_and_does_not_start(open_app: Opener, qtbot: QtBot) -> None:
    app = open_app(None, engine=False, page="quickstart")
    form = app.page("quickstart").form
    assert not form.start.isEnabled()
    assert "demo sounds" in form.missing.text()
    assert form.banner.isVisible(), "the missing engine is said before anything is tried"
    form.demo.click()
    assert "engine" in form.missing.text()


def test_from_the_form_to_the_result(open_app: Opener, qtbot: QtBot, tmp_path: Path) -> None:
    sounds_of(tmp_path / "way")
    app = open_app(ReplayDriver(tmp_path / "way"))
    start_demo(app, qtbot)
    qtbot.waitUntil(lambda: app.page("quickstart").model.mode == "finished", timeout=20_000)
    view = app.page("quickstart").run_view
    qtbot.waitUntil(lambda: view.listen.model.ready)
    rows = view.stages.rows
    assert [row.detail.text() for row in rows.values()][1] == "400 steps"
    assert "Closer to the original" in view.listen.verdict.text()
    assert view.export.isVisible()
    assert view.listen.play.isEnabled()
    assert not view.now.isVisible()
    view.show_tab("curves")
    qtbot.waitUntil(
        lambda: {"distance", "validation", "pred", "fidelity"} <= set(view.curves.panels), timeout=20_000
    )
    lines = view.curves.panels["distance"].plot.listDataItems()
    assert max(len(line.xData) for line in lines) == len(
        app.page("quickstart").model.training.metrics["validation"]
    ) or any(len(line.xData) > 3 for line in lines)
    view.show_tab("log")
    qtbot.waitUntil(
        lambda: "verify goes on" in view.log.text.toPlainText() or "export" in view.log.text.toPlainText()
    )
    view.new_button.click()
    assert app.page("quickstart").stack.currentWidget() is app.page("quickstart").form


def finished_way(open_app: Opener, qtbot: QtBot, tmp_path: Path) -> App:
    """A window in which the recorded way has come to its end, with its sounds loaded."""
    sounds_of(tmp_path / "way")
    app = open_app(ReplayDriver(tmp_path / "way"))
    start_demo(app, qtbot)
    qtbot.waitUntil(lambda: app.page("quickstart").model.mode == "finished", timeout=20_000)
    qtbot.waitUntil(lambda: app.page("quickstart").run_view.listen.model.ready)
    return app


def test_keys_switch_between_original_and_model(open_app: Opener, qtbot: QtBot, tmp_path: Path) -> None:
    listen = finished_way(open_app, qtbot, tmp_path).page("quickstart").run_view.listen
    listen.wave.setFocus()
    qtbot.waitUntil(listen.wave.hasFocus)
    press(listen.wave, Qt.Key.Key_X)
    assert listen.model.heard == "reconstruction"
    press(listen.wave, Qt.Key.Key_A)
    assert listen.model.heard == "original"
    press(listen.wave, Qt.Key.Key_End)
    assert listen.model.position == listen.model.seconds == 1.0


def test_no_audio_device_is_said(
    open_app: Opener, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rave_gui.errors import UserError
    from rave_gui.viewmodels import sounds

    def refuse(_files: Any) -> Any:
        raise UserError("No audio output could be opened.", "Connect headphones.", code="no-audio-output")

    monkeypatch.setattr(sounds, "open_player", refuse)
    listen = finished_way(open_app, qtbot, tmp_path).page("quickstart").run_view.listen
    listen.play.click()
    qtbot.waitUntil(listen.problem.isVisible)
    assert listen.problem.title.text() == "No audio output could be opened."
    assert listen.problem.text.text() == "Connect headphones."


def test_pause_stop_and_cancel_are_sent_to_the_running_job(
    open_app: Opener, qtbot: QtBot, tmp_path: Path
) -> None:
    driver = ReplayDriver(tmp_path / "way", until="training", limit=30)
    app = open_app(driver)
    start_demo(app, qtbot)
    qtbot.waitUntil(lambda: app.page("quickstart").model.training.state == "running")
    view = app.page("quickstart").run_view
    qtbot.waitUntil(view.now.pause.isEnabled)
    assert not view.new_button.isEnabled()
    view.now.pause.click()
    assert not view.now.pause.isEnabled(), "a second click would send it twice"
    assert view.now.chip.text() == "Pausing…"
    asked: list[tuple[str, str, str]] = []

    def refuse(title: str, text: str, action: str) -> bool:
        asked.append((title, text, action))
        return False

    app.page("quickstart").confirm = refuse
    view.now.cancel.click()
    assert "Stop and save" in asked[0][1], "what goes is said, and what to do instead"
    app.page("quickstart").confirm = lambda title, text, action: True
    view.now.cancel.click()
    qtbot.waitUntil(lambda: len(driver.sent) == 2)
    assert driver.sent == [("job-training", "pause"), ("job-training", "cancel")]
    driver.release.set()
    qtbot.waitUntil(lambda: app.page("quickstart").model.mode == "cancelled")
    assert view.banner.isVisible()
    driver.limit, driver.until = None, "verify"
    view.retry.click()
    qtbot.waitUntil(lambda: len(driver.runs) == 2)
    assert driver.runs[1][1], "going on takes up the way instead of beginning another"


def test_a_failure_shows_message_hint_and_copyable_details(
    open_app: Opener, qtbot: QtBot, tmp_path: Path
) -> None:
    fail = events.Failed("disk-full", "The disk is full.", "Free some space.", "Errno 28", user=True)
    app = open_app(ReplayDriver(tmp_path / "way", until="training", fail=fail))
    start_demo(app, qtbot)
    qtbot.waitUntil(lambda: app.page("quickstart").model.mode == "failed", timeout=20_000)
    view = app.page("quickstart").run_view
    assert view.banner.title.text() == "The disk is full."
    assert view.banner.text.text() == "Free some space."
    view.details.click()
    copied = QGuiApplication.clipboard().text()
    assert "Errno 28" in copied
    assert "The disk is full." in copied
    assert view.stages.rows["dataset"].detail.text(), "what was finished stays shown as finished"


def test_a_running_way_is_taken_up_when_the_window_opens(
    open_app: Opener, qtbot: QtBot, tmp_path: Path
) -> None:
    project = str(tmp_path / "My project")
    found = Found(Request((), project, "tiny", 400), finished=False, active=True, result={})
    driver = ReplayDriver(tmp_path / "way", until="training", limit=30, found=found)
    app = open_app(driver, project=project)
    qtbot.waitUntil(lambda: app.page("quickstart").model.training.metrics != {})
    assert driver.runs == [(found.request, True)]
    assert app.page("quickstart").stack.currentWidget() is app.page("quickstart").run_view


def test_a_finished_way_is_shown_again(open_app: Opener, qtbot: QtBot, tmp_path: Path) -> None:
    sounds_of(tmp_path / "way")
    project = str(tmp_path / "My project")
    driver = ReplayDriver(tmp_path / "way")
    request = Request((), project, "tiny", 400)
    driver.found = Found(request, finished=True, active=False, result=driver.result(request))
    app = open_app(driver, project=project)
    qtbot.waitUntil(
        lambda: (
            app.page("quickstart").run_view is not None and app.page("quickstart").run_view.listen.model.ready
        )
    )
    assert driver.runs == [], "nothing is started for it"
    assert app.page("quickstart").model.mode == "finished"


def test_files_and_folders_can_be_dropped(open_app: Opener, tmp_path: Path) -> None:
    sound = tmp_path / "Küche 1.wav"
    sound.touch()
    app = open_app(None, page="quickstart")
    drop = app.page("quickstart").form.drop
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(sound)), QUrl("https://example.org/a.wav")])
    event = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    drop.dropEvent(event)
    assert app.page("quickstart").setup.sources == [sound]


def test_closing_the_window_asks_nothing_and_sends_nothing(
    open_app: Opener, qtbot: QtBot, tmp_path: Path
) -> None:
    driver = ReplayDriver(tmp_path / "way", until="training", limit=10)
    app = open_app(driver)
    start_demo(app, qtbot)
    qtbot.waitUntil(lambda: app.page("quickstart").model.training.state == "running")
    app.window.close()
    assert driver.sent == []


@pytest.mark.parametrize(
    ("others", "words"),
    [
        (
            {"distance_untrained": 9.0, "distance_silence": 9.0, "distance_noise": 9.0},
            "untrained model, silence and noise",
        ),
        ({"distance_untrained": 1.0, "distance_silence": 1.0, "distance_noise": 1.0}, "Train longer"),
        ({"distance_untrained": 9.0, "distance_silence": 9.0, "distance_noise": 1.0}, "not yet than noise"),
    ],
)
def test_distances_in_words(others: dict[str, float], words: str) -> None:
    assert words in verdict({"distance": 5.0, **others})


def test_the_space_bar_plays_once_and_works_the_control_that_has_the_focus(
    open_app: Opener, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rave_gui.viewmodels import sounds

    opened: list[int] = []

    class Silent:
        playing, position, problem = False, 0.0, ""

        def play(self) -> None:
            self.playing = True

        def pause(self) -> None:
            self.playing = False

        def seek(self, _seconds: float) -> None: ...
        def select(self, _index: int) -> None: ...
        def set_loop(self, _start: float | None, _stop: float | None = None) -> None: ...
        def set_gain(self, _gain: float) -> None: ...
        def close(self) -> None: ...

    def make(_files: Any) -> Any:
        opened.append(1)
        return Silent()

    monkeypatch.setattr(sounds, "open_player", make)
    sounds_of(tmp_path / "way")
    app = open_app(ReplayDriver(tmp_path / "way"))
    start_demo(app, qtbot)
    listen = app.page("quickstart").run_view.listen
    qtbot.waitUntil(
        lambda: app.page("quickstart").model.mode == "finished" and listen.model.ready, timeout=20_000
    )
    qtbot.waitUntil(listen.play.hasFocus)
    press(listen.play, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: listen.model.playing)
    qtbot.wait(200)  # a second click of the same key press would come within a tenth of a second
    assert listen.model.playing
    assert listen.play.hasFocus()
    press(listen.play, Qt.Key.Key_Space)
    assert not listen.model.playing
    listen.loop.setFocus()
    qtbot.waitUntil(listen.loop.hasFocus)
    press(listen.loop, Qt.Key.Key_Space)
    assert not listen.loop.isChecked()
    assert not listen.model.playing
    app.page("quickstart").run_view.tabs.button("listen").setFocus()
    press(app.page("quickstart").run_view.tabs.button("listen"), Qt.Key.Key_B)
    assert listen.model.heard == "reconstruction", "the letters count wherever the focus is"
    assert opened == [1]


def test_sounds_by_typed_path(open_app: Opener, tmp_path: Path) -> None:
    app = open_app(ReplayDriver(tmp_path / "way"))
    form = app.page("quickstart").form
    sound = tmp_path / "möwe 1.wav"
    sound.write_bytes(b"")
    form.path.setText(str(tmp_path / "nothing"))
    form.path.returnPressed.emit()
    assert str(tmp_path / "nothing") in form.sources_note.text()
    assert form.path.text(), "what was mistyped can be put right"
    form.path.setText(f'"{sound}"')
    form.path.returnPressed.emit()
    assert app.page("quickstart").setup.sources == [sound]
    assert not form.path.text()
    following = form.path.nextInFocusChain()
    assert following is not None
    assert following.accessibleName() == "Remove möwe 1.wav"


def test_a_refused_start_leads_back_to_the_form(open_app: Opener, qtbot: QtBot, tmp_path: Path) -> None:
    from rave_gui.errors import UserError

    class Refusing(ReplayDriver):
        def run(self, *_args: Any) -> dict[str, Any]:
            raise UserError("The folder cannot be used.", "Choose another folder.", code="not-writable")

    app = open_app(Refusing(tmp_path / "way"))
    form = app.page("quickstart").form
    form.demo.click()
    form.start.click()
    qtbot.waitUntil(form.refusal.isVisible)
    assert app.page("quickstart").stack.currentWidget() is form
    assert form.refusal.title.text() == "The folder cannot be used."
    assert not app.memory.recent
    app.page("quickstart").setup.set_project(str(tmp_path / "elsewhere"))
    assert not form.refusal.isVisible()
