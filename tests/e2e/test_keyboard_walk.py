"""The whole way without a mouse: project, dataset, training, render, export, by key presses alone, on the real engine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtWidgets import QApplication
from tests.e2e.conftest import Home
from tests.helpers.keyboard import CTRL, Keyboard

from rave_gui.projects import Project
from rave_gui.ui.app import App

pytestmark = pytest.mark.engine
Key = Qt.Key
LONG = 300.0


@pytest.fixture
def app(home: Home, qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """The window of a user with an engine, as it opens for the first time."""
    for name, value in home.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("RAVE_GUI_ENGINE", raising=False)
    found = App(qapp, home.paths, "")
    found.themes.set_choice("light")
    found.window.resize(1280, 860)
    found.window.show()
    found.window.activateWindow()
    yield found
    found.window.close()
    found.window.deleteLater()
    found.themes.close()
    found.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    qapp.setStyleSheet("")


def shown(model: Any, step: str) -> bool:
    """Whether a wizard is at a step."""
    return bool(model.step == step)


def test_from_nothing_to_an_export_with_the_keyboard_alone(app: App, tmp_path: Path, music: Path) -> None:
    keys = Keyboard(app.window, 60.0)
    keys.until(lambda: app.built and app.engine.known and app.engine.ready, "the window is there")
    keys.until(app.window.isActiveWindow, "the window is active")

    # A project, by the palette.
    keys.press(Key.Key_K, CTRL)
    keys.dialog()
    keys.type("New project")
    keys.press(Key.Key_Return)
    keys.until(lambda: keys.dialog().windowTitle() == "New project", "the dialog of new projects opens")
    keys.tab_to("Name")
    keys.type("Keys")
    keys.tab_to("Inside the folder")
    keys.type(str(tmp_path))
    keys.tab_to("Create project")
    keys.press(Key.Key_Space)
    keys.until(lambda: app.session.project is not None, "the project is open")
    project = Project.open(tmp_path / "Keys")

    def state(kind: str) -> str:
        found = [job for job in app.session.jobs.rows if job.kind == kind]
        assert not found or found[-1].state != "failed", found[-1]
        return found[-1].state if found else ""

    # A dataset.
    keys.press(Key.Key_2, CTRL)
    keys.press(Key.Key_N, CTRL)
    keys.tab_to("Add a folder")
    keys.choose_file(str(music), lambda: keys.press(Key.Key_Space))
    wizard = app.page("datasets").wizard
    keys.until(lambda: wizard.model.sources == [music], "the folder is taken")
    keys.press(Key.Key_Return, CTRL)
    keys.until(
        lambda: wizard.model.step == "review" and not wizard.model.scanning, "the sounds are looked at"
    )
    keys.press(Key.Key_Return, CTRL)
    keys.press(Key.Key_Return, CTRL)
    keys.until(lambda: wizard.model.step == "name", "the last step is shown")
    keys.tab_to("Name")
    keys.type("notes")
    keys.press(Key.Key_Return, CTRL)
    keys.until((project.datasets / "notes" / "metadata.yaml").exists, "the dataset is made", LONG)

    # A training of twelve steps.
    keys.press(Key.Key_3, CTRL)
    keys.press(Key.Key_N, CTRL)
    run = app.page("training").wizard
    keys.until(lambda: bool(run.model.datasets), "the wizard knows the dataset")
    keys.tab_to("Tiny")
    keys.press(Key.Key_Space)
    for step in ("dataset", "model", "settings"):
        keys.press(Key.Key_Return, CTRL)
        keys.until(partial(shown, run.model, step), f"{step} is shown")
    keys.tab_to("Steps")
    keys.type("12")
    keys.press(Key.Key_Return, CTRL)
    keys.until(lambda: run.model.step == "review", "what begins is shown")
    keys.press(Key.Key_Return, CTRL)
    keys.until(lambda: state("train") == "succeeded", "the training ends", LONG)

    # A sound through the model.
    keys.press(Key.Key_4, CTRL)
    models = app.page("models")
    keys.until(lambda: models.detail.detail is not None, "the model is shown")
    keys.until(lambda: QApplication.focusWidget() is models.table, "the list has the focus")
    source = project.sounds / "tone.wav"
    source.parent.mkdir(exist_ok=True)
    soundfile.write(source, np.sin(np.arange(44100) / 20) * 0.5, 44100)
    keys.choose_file(str(source), lambda: keys.press(Key.Key_N, CTRL))
    keys.until(lambda: state("render") == "succeeded", "the sound is rendered", LONG)
    keys.until(lambda: models.detail.listen.player.model.ready, "it can be heard")
    keys.press(Key.Key_B)
    assert models.detail.listen.player.model.heard == "result0"
    take = project.takes / "tone through run.wav"
    assert abs(soundfile.read(take)[0]).max() > 0

    # The model as a file.
    keys.press(Key.Key_6, CTRL)
    export = app.page("export")
    keys.until(export.can_begin, "there is something to export")
    keys.press(Key.Key_N, CTRL)
    keys.until(lambda: bool(export.form.checkpoint.value()), "the form knows the checkpoints")
    keys.tab_to("Name")
    keys.type("keys")
    keys.press(Key.Key_Return, CTRL)
    keys.until(lambda: state("export") == "succeeded", "the export is made", LONG)
    keys.until(lambda: export.detail.export is not None, "the export is shown")
    keys.until(lambda: QApplication.focusWidget() is export.table, "the list of exports has the focus")
    assert export.detail.export.name == "keys"
    assert "Does not work" not in export.detail.state.text()
