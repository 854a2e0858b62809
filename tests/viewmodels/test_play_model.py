"""What the Play page wants and has: when a render is out of date, what a take brings back, what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from rave_gui.play.actions import Recipe, Rendered
from rave_gui.viewmodels.play import PlayModel


@pytest.fixture
def model(tmp_path: Path) -> PlayModel:
    made = PlayModel()
    for name in ("voice.ckpt", "drums.ckpt", "tone.wav", "other.wav"):
        (tmp_path / name).write_bytes(b"")
    made.set(model=tmp_path / "voice.ckpt", source=tmp_path / "tone.wav")
    return made


def answer(model: PlayModel, folder: Path) -> None:
    assert model.model is not None
    assert model.source is not None
    model.begin()
    model.finish(
        Rendered(folder / "out.wav", model.model, "voice", 1, model.source, model.randomness, model.seed)
    )


def test_only_what_changes_the_sound_asks_for_a_new_render(model: PlayModel, tmp_path: Path) -> None:
    assert model.outdated, "nothing was rendered yet"
    answer(model, tmp_path)
    assert not model.outdated
    model.set(mix=0.5, gain=2.0, seed=9)
    assert not model.outdated, "mix and level are applied afterwards; without randomness no seed counts"
    model.set(randomness=0.25)
    assert model.outdated
    answer(model, tmp_path)
    model.shuffle()
    assert model.outdated, "now the seed counts"
    answer(model, tmp_path)
    model.set(model=tmp_path / "drums.ckpt")
    assert model.outdated


def test_a_render_that_nobody_waits_for_is_stale(model: PlayModel, tmp_path: Path) -> None:
    model.begin()
    assert not model.stale
    model.set(gain=0.5)
    assert not model.stale
    model.set(source=tmp_path / "other.wav")
    assert model.stale
    model.fail("It broke.", "Try again.")
    assert (model.busy, model.rendered, model.problem) == (False, None, ("It broke.", "Try again."))
    model.retry()
    assert model.problem is None
    assert model.outdated
    model.clear()
    assert not model.complete


@pytest.mark.parametrize(
    ("gone", "missing"),
    [
        ((), []),
        (("drums.ckpt",), ["model"]),
        (("other.wav",), ["source"]),
        (("drums.ckpt", "other.wav"), ["model", "source"]),
    ],
)
def test_a_take_brings_back_what_is_still_there(
    model: PlayModel, tmp_path: Path, gone: tuple[str, ...], missing: list[str]
) -> None:
    for name in gone:
        (tmp_path / name).unlink()
    told: list[int] = []
    model.changed.connect(lambda: told.append(1))
    recipe = Recipe("drums.ckpt", "drums", 5, "other.wav", 0.5, 7, 0.25, 1.5)
    assert model.restore(recipe, tmp_path) == missing
    assert told == [1], "told once, with everything in place"
    assert (model.randomness, model.seed, model.mix, model.gain) == (0.5, 7, 0.25, 1.5)
    assert model.model == tmp_path / ("voice.ckpt" if "model" in missing else "drums.ckpt")
    assert model.source == tmp_path / ("tone.wav" if "source" in missing else "other.wav")
