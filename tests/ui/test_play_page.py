"""The Play page: a sound through a model at once, the dials, what is kept and brought back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from tests.helpers.engine import StandIn
from tests.helpers.models import make_project, sound
from tests.ui.conftest import Opener

from rave_gui.errors import UserError
from rave_gui.play.actions import AT_ONCE_SECONDS, read_recipe
from rave_gui.projects import Project
from rave_gui.ui.app import App

press = QTest.keyClick


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "Studio")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    return StandIn(monkeypatch)


def open_page(open_app: Opener, qtbot: QtBot, project: Project) -> Any:
    app: App = open_app(project=str(project.path), page="play")
    page = app.page("play")
    qtbot.waitUntil(lambda: bool(page.material.models))
    return page


def heard(page: Any) -> bool:
    """Whether the model's answer is there, and is what is wanted."""
    model = page.model
    return not model.outdated and not model.busy and page.player.model.keys == ("original", "result")


def test_without_a_model_the_way_to_one_is_offered(
    open_app: Opener, qtbot: QtBot, tmp_path: Path, engine: StandIn
) -> None:
    empty = Project.open(tmp_path / "Empty", create=True)
    app = open_app(project=str(empty.path), page="play")
    page = app.page("play")
    qtbot.waitUntil(page.quick.isVisible)
    assert not app.session.actions.is_enabled("play.keep")
    page.quick.click()
    assert app.window.page == "quickstart"


def test_a_sound_is_heard_through_the_model_and_kept(
    open_app: Opener, qtbot: QtBot, project: Project, engine: StandIn
) -> None:
    page = open_page(open_app, qtbot, project)
    actions = page.session.actions
    assert page.controls.pick.currentText() == "voice  ·  step 400"
    assert page.right.currentIndex() == 0, "what to do is said"
    source = project.sounds / "tone.wav"
    page.take_files([source])
    qtbot.waitUntil(lambda: [t.key for t in page.player.tracks] == ["original"])
    qtbot.waitUntil(lambda: heard(page) and page.player.model.heard == "result")
    assert page.keep_hint.text() == "Rendered in 0.4 s."
    assert len(engine.renders()) == 1
    for dial, keys, count in (
        (page.controls.mix, Qt.Key.Key_Left, 5),
        (page.controls.gain, Qt.Key.Key_Right, 4),
    ):
        dial.slider.setFocus()
        for _ in range(count):
            press(dial.slider, keys)
    assert page.model.mix < 1.0
    assert page.model.gain > 1.0
    qtbot.waitUntil(lambda: page._shown and page._shown[2:] == (page.model.mix, page.model.gain))
    assert len(engine.renders()) == 1, "mix and level need no model"
    qtbot.waitUntil(lambda: actions.is_enabled("play.keep"))
    press(page, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    take = project.takes / "tone through voice.wav"
    qtbot.waitUntil(lambda: page.takes.table.one() is not None and take.exists())
    recipe = read_recipe(take)
    assert recipe is not None
    assert (recipe.source, recipe.mix, recipe.gain) == ("sounds/tone.wav", page.model.mix, page.model.gain)
    audio, _ = soundfile.read(source)
    kept, _ = soundfile.read(take)
    mix, gain = page.model.mix, page.model.gain
    assert np.allclose(kept, (audio[::-1] * mix + audio * (1 - mix)) * gain, atol=1e-5), (
        "what is kept is what was heard"
    )


def test_a_take_brings_its_settings_back(
    open_app: Opener, qtbot: QtBot, project: Project, engine: StandIn
) -> None:
    page = open_page(open_app, qtbot, project)
    page.take_files([project.sounds / "tone.wav"])
    page.model.set(randomness=0.5, seed=7, mix=0.25)
    qtbot.waitUntil(lambda: heard(page) and page.session.actions.is_enabled("play.keep"))
    page.session.actions.trigger("play.keep")
    take = project.takes / "tone through voice.wav"
    qtbot.waitUntil(take.exists)
    page.model.set(randomness=0.0, seed=1, mix=1.0, source=sound(project.sounds / "other.wav", 0.2))
    qtbot.waitUntil(lambda: heard(page))
    page.take_files([take])
    qtbot.waitUntil(lambda: page.model.source == project.sounds / "tone.wav")
    assert (page.model.randomness, page.model.seed, page.model.mix) == (0.5, 7, 0.25)
    count = len(engine.renders())
    qtbot.waitUntil(lambda: heard(page))
    assert len(engine.renders()) == count, "it was rendered before"
    assert page.keep_hint.text() == "Rendered before."
    assert page.controls.seed.isEnabled()
    press(page, Qt.Key.Key_R)
    assert page.model.seed != 7
    qtbot.waitUntil(lambda: heard(page) and len(engine.renders()) == count + 1)


def test_what_goes_wrong_is_said_and_can_be_tried_again(
    open_app: Opener, qtbot: QtBot, project: Project, engine: StandIn, tmp_path: Path
) -> None:
    page = open_page(open_app, qtbot, project)
    engine.problem = UserError("The worker has died.", "Try it again.", code="worker-failed")
    page.take_files([project.sounds / "tone.wav"])
    qtbot.waitUntil(page.problem.isVisible)
    assert page.problem.title.text() == "The worker has died."
    assert not page.session.actions.is_enabled("play.keep")
    engine.problem = None
    page.model.retry()
    qtbot.waitUntil(lambda: heard(page))
    assert not page.problem.isVisible()
    bad = tmp_path / "bad.wav"
    bad.write_text("no sound")
    page.take_files([bad])
    qtbot.waitUntil(page.problem.isVisible)
    page.take_files([project.sounds / "tone.wav"])
    qtbot.waitUntil(lambda: heard(page))


def test_a_long_sound_is_rendered_by_a_job(
    open_app: Opener, qtbot: QtBot, project: Project, engine: StandIn
) -> None:
    page = open_page(open_app, qtbot, project)
    long = sound(project.sounds / "long.wav", AT_ONCE_SECONDS + 1, rate=8000)
    page.take_files([long])
    qtbot.waitUntil(lambda: len(page.jobs.lines) == 1)
    assert not engine.renders()
    line = next(iter(page.jobs.lines.values()))
    line.cancel.click()
    qtbot.waitUntil(lambda: not page.jobs.lines)
    qtbot.waitUntil(page.problem.isVisible)
    assert page.problem.title.text() == "The rendering was cancelled."


def test_demo_sounds_and_pieces_of_datasets_are_at_hand(
    open_app: Opener, qtbot: QtBot, project: Project, engine: StandIn
) -> None:
    page = open_page(open_app, qtbot, project)
    assert [(c.kind, c.name) for c in page.material.sounds] == [
        ("file", "tone.wav"),
        ("demo", "drums"),
        ("demo", "plucks"),
    ]
    page._fetch(page.material.sounds[1])
    qtbot.waitUntil(lambda: heard(page), timeout=10_000)
    assert page.model.source.name == "demo drums.wav"
    page.session.go("play", model=str(project.exports / "voice" / "voice_streaming.ts"))
    assert page.controls.pick.currentText() == "voice  ·  export"
    qtbot.waitUntil(lambda: engine.renders()[-1]["checkpoint"].endswith(".ts"))
    qtbot.waitUntil(lambda: heard(page))
    page.session.go("home")
    assert page.player.model.player is None, "the device is given back"
