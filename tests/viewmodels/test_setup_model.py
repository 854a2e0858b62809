"""The form: what is chosen, what is missing, what is asked for."""

from __future__ import annotations

from pathlib import Path

from rave_gui.configs.presets import PRESETS
from rave_gui.viewmodels.memory import Memory
from rave_gui.viewmodels.setup import SetupModel


def test_what_is_missing_is_named_in_order(tmp_path: Path) -> None:
    model = SetupModel(PRESETS)
    assert model.missing == "sounds"
    assert model.request() is None
    model.use_demo()
    assert model.missing == "project"
    model.set_project(str(tmp_path / "new"))
    assert model.missing == "checking"
    model.set_engine(False)
    assert model.missing == "engine"
    model.set_engine(True)
    request = model.request()
    assert request is not None
    assert (request.sources, request.project, request.steps) == ((), str(tmp_path / "new"), PRESETS[0].steps)


def test_sources(tmp_path: Path) -> None:
    sound = tmp_path / "Größe ü.wav"
    sound.touch()
    model = SetupModel(PRESETS)
    model.use_demo()
    model.add([sound, sound, tmp_path / "not there.wav"])
    assert (model.sources, model.unusable, model.demo) == ([sound], [tmp_path / "not there.wav"], False)
    model.remove(sound)
    assert model.missing == "sounds"
    assert sound.exists(), "taking a file out of the list does not touch it"


def test_project_must_be_a_folder_with_a_whole_path(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    model = SetupModel(PRESETS)
    for text in ("relative/name", str(tmp_path / "file")):
        model.set_project(text)
        assert model.project_problem
    model.set_project(str(tmp_path / "folder"))
    assert not model.project_problem


def test_lengths_follow_the_preset() -> None:
    model = SetupModel(PRESETS)
    model.set_length("try")
    assert (model.length, model.steps) == ("try", PRESETS[0].steps // 10)
    model.set_steps(1234)
    assert model.length == ""
    model.set_preset(PRESETS[1].name)
    assert (model.length, model.steps) == ("standard", PRESETS[1].steps)


def test_memory_survives_damage(tmp_path: Path) -> None:
    memory = Memory.load(tmp_path)
    memory.use_project("/a")
    memory.use_project("/b")
    memory.use_project("/a")
    assert memory.save(tmp_path)
    assert Memory.load(tmp_path).recent == ["/a", "/b"]
    (tmp_path / "window.json").write_text("{", encoding="utf-8")
    assert Memory.load(tmp_path) == Memory()
    blocked = tmp_path / "file"
    blocked.touch()
    assert not memory.save(blocked), "a disk that refuses is no reason to stay open"
