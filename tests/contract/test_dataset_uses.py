"""Trainings on what the application's datasets ask for: whole recordings kept for validation, sound left in the files."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from test_dataset_parity import BUILD, run_application
from tiny import RATE, plucks, tiny_params, train

N = 32768


def recordings(
    folder: Path, count: int = 6, seconds: float = 4.0, ending: str = "wav", rate: int = RATE
) -> None:
    folder.mkdir(parents=True)
    for i in range(count):
        soundfile.write(folder / f"{i}.{ending}", plucks(int(seconds * RATE), i).T, rate)


def build(tmp_path: Path, source: Path, output: Path, **changes: Any) -> dict[str, Any]:
    params = {"sources": [str(source)], "output": str(output), "num_signal": N, **changes}
    return run_application(tmp_path, BUILD, json.dumps(params), str(tmp_path / "job"))


def test_recordings_kept_for_validation_are_not_learnt(tmp_path: Path) -> None:
    recordings(tmp_path / "in")
    made = build(tmp_path, tmp_path / "in", tmp_path / "data", validation="files")
    asked = json.loads((tmp_path / "data" / "split.json").read_text())
    assert made["chunks"] == asked["count"] == 18
    assert len(asked["files"]) == 1
    train(tmp_path, tiny_params(tmp_path / "data", tmp_path / "run", max_steps=2), name="train")
    used = json.loads((tmp_path / "run" / "version_0" / "split.json").read_text())
    assert used["val"] == asked["validation"]
    assert sorted([*used["train"], *used["val"]]) == list(range(18))


@pytest.fixture
def no_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No ffmpeg can be found, neither as a program nor in the package that brings one along."""
    monkeypatch.delenv("RAVE_GUI_FFMPEG", raising=False)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    empty = tmp_path / "bin"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    assert shutil.which("ffmpeg") is None


@pytest.mark.usefixtures("no_ffmpeg")
def test_a_moved_lazy_dataset_trains_without_ffmpeg(tmp_path: Path) -> None:
    recordings(tmp_path / "old" / "sounds", ending="ogg")
    made = build(tmp_path, tmp_path / "old" / "sounds", tmp_path / "old" / "datasets" / "d", lazy=True)
    assert made["examples"] == 6 * (4 * RATE // N)
    (tmp_path / "old").rename(tmp_path / "new")
    run = tmp_path / "run"
    result, _ = train(
        tmp_path, tiny_params(tmp_path / "new" / "datasets" / "d", run, max_steps=2), name="train"
    )
    assert result["step"] == 2
    split = json.loads((run / "version_0" / "split.json").read_text())
    assert len({*split["train"], *split["val"]}) == made["examples"]


@pytest.mark.usefixtures("no_ffmpeg")
def test_a_recording_that_only_ffmpeg_reads_is_named(tmp_path: Path) -> None:
    from rave_engine.compat import lazy_audio
    from rave_engine.errors import EngineError

    (tmp_path / "a.m4a").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(100))
    with pytest.raises(EngineError) as caught:
        lazy_audio.extract_audio(str(tmp_path / "a.m4a"), 1024, RATE, 0, 1, 1)
    assert caught.value.code == "needs-ffmpeg"
    assert "a.m4a" in caught.value.message


def test_our_reader_cuts_the_stretch_that_upstreams_ffmpeg_cuts(tmp_path: Path) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("the comparison needs ffmpeg")
    from rave import dataset

    from rave_engine import compat
    from rave_engine.compat import lazy_audio

    compat.install()
    rng = np.random.default_rng(1)
    noise = (rng.normal(0, 0.1, (3 * RATE, 2)).clip(-1, 1) * 32767).astype(np.int16)
    soundfile.write(tmp_path / "same.wav", noise, RATE)
    t = np.arange(3 * 48000) / 48000
    soundfile.write(tmp_path / "other.wav", 0.5 * np.sin(2 * np.pi * 440 * t), 48000)
    own = lazy_audio.extract_audio(str(tmp_path / "same.wav"), 8192, RATE, 8192 * 3, 2, 2)
    assert np.abs(own - noise.T[:, 8192 * 3 : 8192 * 5] / 2**15).max() < 1e-6
    assert dataset.extract_audio is lazy_audio.extract_audio
    other = lazy_audio.extract_audio(str(tmp_path / "other.wav"), 8192, RATE, 8192 * 2, 1, 2)
    expected = 0.5 * np.sin(2 * np.pi * 440 * (np.arange(8192 * 2) + 8192 * 2) / RATE)
    assert other.shape == (2, 8192 * 2)
    assert np.abs(other - expected).max() < 1e-3
    theirs = lazy_audio._with_ffmpeg(str(tmp_path / "other.wav"), 8192 * 2, 8192 * 2, RATE, 1)
    # ffmpeg begins up to a sample of the source beside the place asked for.
    assert (
        np.abs(theirs[0, 100:-100] - expected[100 : theirs.shape[1] - 100]).max()
        < 0.5 * 2 * np.pi * 440 / 48000
    )
    end = lazy_audio.extract_audio(str(tmp_path / "same.wav"), 8192, RATE, 8192 * 15, 2, 1)
    assert end.shape == (1, 8192 * 2)
    assert not end[:, 3 * RATE - 8192 * 15 :].any()
