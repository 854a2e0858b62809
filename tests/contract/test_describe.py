"""What a model is, and sound through exported files, with the real engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from random_runs import make_run
from tiny import plucks

from rave_engine import export, inference
from rave_engine.errors import EngineError
from rave_engine.export.describing import describe
from rave_engine.jobs import JobContext
from rave_protocol.specs import ExportParams, RenderParams

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("run"), "v2_small")


def job(folder: Path) -> JobContext:
    folder.mkdir()
    return JobContext(folder)


def lag(late: np.ndarray, early: np.ndarray) -> int:
    """Samples by which one envelope lags behind the other."""
    smooth = np.ones(256) / 256
    a, b = (np.convolve(np.abs(x), smooth, "same") for x in (late, early))
    a, b = a - a.mean(), b - b.mean()
    both = np.fft.irfft(np.fft.rfft(a, 2 * len(a)) * np.fft.rfft(b, 2 * len(b)).conj())
    found = int(both.argmax())
    return found if found < len(a) else found - 2 * len(a)


def test_a_checkpoint_says_what_it_is(run: Path) -> None:
    facts = describe({"checkpoint": str(run)})
    assert facts["sample_rate"] == 44100
    assert (facts["channels"], facts["ratio"], facts["kind"]) == (1, 512, "variational")
    assert facts["run"] == run.name
    assert facts["phase"] in (1, 2)
    assert facts["fidelity"] is None, "nobody analysed the latents of this run"
    assert facts["ema"] is False
    with pytest.raises(EngineError) as caught:
        describe({"checkpoint": str(run / "nothing.ckpt")})
    assert caught.value.code == "no-checkpoint"


@pytest.mark.parametrize("streaming", [True, False])
def test_sound_through_an_export_is_in_time_with_the_original(
    run: Path, tmp_path: Path, streaming: bool
) -> None:
    made = export.run(
        ExportParams(str(run), str(tmp_path / "out"), "tiny", streaming=streaming, fidelity=1.0),
        job(tmp_path / "a"),
    )
    source = tmp_path / "two channels.wav"
    sound = np.concatenate([np.zeros((2, 20_000), np.int16), plucks(90_001, 3, 2)], 1)
    soundfile.write(source, sound.T, 44100)
    outputs = {}
    for name, model in (("export", made["path"]), ("checkpoint", str(run))):
        result = inference.render(
            RenderParams(model, str(source), str(tmp_path / f"{name}.wav")), job(tmp_path / name)
        )
        outputs[name], rate = soundfile.read(tmp_path / f"{name}.wav")
        assert rate == 44100
        assert outputs[name].shape == (110_001, 2), "as long as the original, in every channel"
        assert result["checkpoint"].endswith(".ts" if name == "export" else ".ckpt")
    assert np.abs(outputs["export"]).max() > 1e-6
    assert abs(lag(outputs["export"][:, 0], outputs["checkpoint"][:, 0])) <= 1024, (
        "the model itself comes 10,000 samples late"
    )


def test_an_export_repeats_and_follows_the_seed(run: Path, tmp_path: Path) -> None:
    made = export.run(ExportParams(str(run), str(tmp_path / "out"), "tiny"), job(tmp_path / "a"))
    source = tmp_path / "sound.wav"
    soundfile.write(source, plucks(30_000, 3).T, 44100)

    def through(randomness: float, seed: int, name: str) -> np.ndarray:
        target = tmp_path / f"{name}.wav"
        inference.render(
            RenderParams(made["path"], str(source), str(target), randomness, seed), job(tmp_path / name)
        )
        found: np.ndarray = soundfile.read(target)[0]
        return found

    assert np.array_equal(through(0.0, 0, "b"), through(0.0, 1, "c"))
    assert np.array_equal(through(1.0, 1, "d"), through(1.0, 1, "e"))
    assert not np.array_equal(through(1.0, 1, "f"), through(1.0, 2, "g"))
