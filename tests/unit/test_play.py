"""Recipes inside sound files, mixing, renders in the cache, takes."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.models import make_project, sound

from rave_gui.audio.riff import append_chunk, read_chunk
from rave_gui.bootstrap import Services, build
from rave_gui.errors import UserError
from rave_gui.models import actions as models
from rave_gui.paths import AppPaths
from rave_gui.play import actions
from rave_gui.play.mixing import blend
from rave_gui.play.recipe import CHUNK, Recipe, read_recipe, write_recipe
from rave_gui.projects import Project
from rave_gui.runtime.worker_client import WarmWorker
from rave_protocol.locks import OsLock

RECIPE = Recipe("runs/voice/step.ckpt", "voice", 400, "sounds/tön.wav", 0.5, 7, 0.25, 1.5)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "project")


@pytest.fixture
def services(tmp_path: Path) -> Services:
    return build(AppPaths(tmp_path / "data", tmp_path / "config", tmp_path / "cache"))


class Worker:
    """Stands for the warm worker: writes the source backwards."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[dict[str, Any]] = []
        monkeypatch.setattr(WarmWorker, "request", self.request)

    def request(self, method: str, params: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        assert method == "render"
        self.asked.append(params)
        audio, rate = soundfile.read(params["source"], dtype="float32")
        soundfile.write(params["output"], audio[::-1], rate, subtype="FLOAT")
        return {"seconds": 0.5, "step": 400}


@pytest.mark.parametrize("container", ["WAV", "RF64"])
@pytest.mark.parametrize("frames", [1000, 1001])
def test_a_recipe_travels_in_the_file(tmp_path: Path, container: str, frames: int) -> None:
    path = tmp_path / "tüne.wav"
    audio = np.linspace(-1, 1, frames).astype(np.float32)
    soundfile.write(path, audio, 44100, subtype="PCM_U8" if frames % 2 else "FLOAT", format=container)
    before = soundfile.read(path)[0]
    assert read_recipe(path) is None
    write_recipe(path, RECIPE)
    assert read_recipe(path) == RECIPE
    after, rate = soundfile.read(path)
    assert np.array_equal(before, after), "every other program hears what it heard before"
    assert rate == 44100


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        b"RIFF\x00\x00\x00\x00WAVE",
        b"RIFF\xff\xff\xff\xffWAVErcpe\xff\xff\xff\x7f{}",
        b"x" * 200,
    ],
)
def test_files_that_are_no_takes_have_no_recipe(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "odd.wav"
    path.write_bytes(data)
    assert read_recipe(path) is None
    assert read_recipe(tmp_path / "gone.wav") is None


def test_a_damaged_or_foreign_recipe_is_none(tmp_path: Path) -> None:
    for number, note in enumerate(
        (b"no json", b'{"format": 99}', b'{"format": 1, "model": 3}', b"\xff\xfe", b'{"format": 1}')
    ):
        path = sound(tmp_path / f"{number}.wav", 0.01)
        append_chunk(path, CHUNK, note)
        assert read_chunk(path, CHUNK) == note
        assert read_recipe(path) is None
    (tmp_path / "a.flac").write_bytes(b"fLaC" + b"\0" * 20)
    with pytest.raises(ValueError, match="no WAV"):
        append_chunk(tmp_path / "a.flac", CHUNK, b"{}")


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 400), flip=st.integers(0, 400))
def test_a_cut_or_changed_file_never_hurts(
    tmp_path_factory: pytest.TempPathFactory, cut: int, flip: int
) -> None:
    path = sound(tmp_path_factory.mktemp("cut") / "a.wav", 0.001)
    write_recipe(path, RECIPE)
    data = bytearray(path.read_bytes())
    data[flip % len(data)] ^= 0xFF
    path.write_bytes(bytes(data[: max(0, len(data) - cut)]))
    found = read_recipe(path)
    assert found is None or isinstance(found, Recipe)


def test_sizes_in_the_header_are_true(tmp_path: Path) -> None:
    path = sound(tmp_path / "a.wav", 0.01)
    append_chunk(path, b"note", b"abc")
    data = path.read_bytes()
    assert struct.unpack("<I", data[4:8])[0] == len(data) - 8
    assert len(data) % 2 == 0


def test_blending() -> None:
    dry = np.full((2, 10), 0.5, np.float32)
    wet = np.full((1, 12), -0.5, np.float32)
    assert blend(dry, wet, 1.0) is wet, "the model alone is untouched"
    half = blend(dry, wet, 0.5, 2.0)
    assert half.shape == (2, 12)
    assert np.allclose(half[:, :10], 0.0)
    assert np.allclose(half[:, 10:], -0.5), "a shorter original ends in silence"
    assert np.allclose(blend(dry, wet, 0.0)[:, :10], 0.5)


def test_a_render_is_made_once_and_kept_with_its_recipe(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker(monkeypatch)
    source = project.sounds / "tone.wav"
    model = models.library(services, project, "voice")[1].path
    made = actions.render_now(services, project, model, source, randomness=0.5, seed=3)
    assert (made.run, made.step, made.seconds) == ("voice", 400, 0.5)
    again = actions.render_now(services, project, model, source, randomness=0.5, seed=3)
    assert len(worker.asked) == 1
    assert again.path == made.path
    actions.render_now(services, project, model, source, randomness=0.0, seed=4)
    same = actions.render_now(services, project, model, source, randomness=0.0, seed=5)
    assert len(worker.asked) == 2, "without randomness the seed does not count"
    assert same.seed == 0

    first = actions.keep(services, project, made, mix=0.5, gain=2.0)
    second = actions.keep(services, project, made)
    assert first != second, "nothing is overwritten"
    with pytest.raises(UserError) as caught:
        actions.keep(services, project, made, name=first.stem)
    assert caught.value.code == "name-taken"
    recipe = read_recipe(first)
    assert recipe is not None
    assert (recipe.source, recipe.mix, recipe.gain, recipe.seed) == ("sounds/tone.wav", 0.5, 2.0, 3)
    assert recipe.model == "runs/voice/version_0/checkpoints/step_00000400.ckpt", "moves with the project"
    audio, _ = soundfile.read(source)
    kept, _ = soundfile.read(first)
    assert np.allclose(kept, audio + audio[::-1], atol=1e-6)
    assert not list(project.takes.glob(".*")), "nothing half is left"

    takes = {take.name: take for take in actions.takes(services, project)}
    assert takes[first.stem].original == source
    assert (takes[first.stem].kind, takes[first.stem].run, takes[first.stem].seconds) == (
        "render",
        "voice",
        1.0,
    )
    evaluation = takes["voice reconstruction"]
    assert (evaluation.kind, evaluation.run, evaluation.step) == ("evaluation", "voice", 400)
    assert evaluation.evaluation is not None
    assert evaluation.evaluation["distance"] == 15.3
    assert evaluation.result.name == "reconstruction.wav"


def test_a_file_that_is_not_there_is_said(services: Services, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        actions.prepare(services, tmp_path / "gone.wav")
    assert caught.value.code == "not-found"
    (tmp_path / "text.m4a").write_text("no sound")
    with pytest.raises(UserError):
        actions.prepare(services, tmp_path / "text.m4a")


def test_checkpoints_with_what_is_known_of_them(services: Services, project: Project) -> None:
    found = models.library(services, project, "voice")
    assert [(c.best, c.step, c.newest) for c in found] == [
        (True, None, False),
        (False, 400, True),
        (False, 200, False),
    ]
    assert [c.phase for c in found] == [None, 2, 1], "phase 1 lasts 300 steps"
    assert found[1].evaluation is not None
    assert found[1].evaluation.distance == 15.3
    assert found[2].evaluation is None
    facts = models.read_config(project.runs / "voice")
    assert (facts.sample_rate, facts.channels, facts.latent_size, facts.ratio) == (44100, 1, 16, 512)
    assert models.read_config(project.runs) == models.ConfigFacts()


def test_facts_of_a_checkpoint_are_asked_once(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def request(_self: WarmWorker, method: str, params: dict[str, Any], *_: Any) -> dict[str, Any]:
        asked.append(params["checkpoint"])
        assert method == "describe"
        return {"latent_size": 16}

    monkeypatch.setattr(WarmWorker, "request", request)
    path = project.runs / "voice" / "version_0" / "checkpoints" / "best.ckpt"
    assert models.facts(services, project, path) == {"latent_size": 16}
    assert models.facts(services, project, path) == {"latent_size": 16}
    assert len(asked) == 1
    path.write_bytes(b"another best one")
    models.facts(services, project, path)
    assert len(asked) == 2, "the file is another one now"
    assert not OsLock(services.paths.warm_worker.with_name("x.lock")).path.exists()
