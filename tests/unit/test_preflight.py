"""The forecast of a dataset against the dataset then made: equal to the chunk, whatever the recordings and parameters."""

from __future__ import annotations

import random
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from rave_gui.datasets import build
from rave_gui.datasets.layout import minimum_chunks
from rave_gui.datasets.preflight import preflight
from rave_gui.datasets.read import Dataset
from rave_gui.datasets.scan import scan
from rave_gui.errors import UserError
from rave_protocol.specs import DatasetParams
from rave_protocol.work import WorkContext

RATE = 44100


def layout(folder: Path, rng: random.Random, num_signal: int) -> None:
    """Recordings of any length, rate, number of channels and silence, some of them copies."""
    folder.mkdir()
    for i in range(rng.randint(1, 6)):
        samples = rng.choice([rng.randint(1, 600), rng.randint(1, 9000), 2 * num_signal * rng.randint(1, 4)])
        noise = np.random.default_rng(rng.randint(0, 1 << 30)).normal(
            0, 0.2, (samples, rng.choice([1, 1, 2, 3]))
        )
        if rng.random() < 0.4:
            at = rng.randint(0, samples)
            noise[at : at + rng.randint(1, 12000)] = 0
        path = folder / f"{i}.{rng.choice(['wav', 'flac', 'aiff'])}"
        rate = rng.choice([RATE, RATE, 48000, 22050, 8000, 96000])
        soundfile.write(path, np.clip(noise, -1, 1), rate, subtype="PCM_16")
        if rng.random() < 0.2:
            shutil.copy(path, folder / f"z{i}{path.suffix}")


def parameters(rng: random.Random, source: Path, output: Path, num_signal: int) -> DatasetParams:
    channels = rng.choice([1, 1, 2])
    mono: Any = rng.choice(["mix", "left", "right", *(["separate"] * 2 if channels == 1 else [])])
    return DatasetParams(
        [str(source)], str(output), num_signal, channels, rng.choice([RATE, 22050]), mono=mono,
        short_files=rng.choice(["join", "pad", "skip"]), tails=rng.choice(["pad", "drop"]),
        trim_silence=rng.random() < 0.4, trim_seconds=0.25, normalise=rng.choice(["none", "none", "peak", "loudness"]),
        duplicates=rng.choice(["keep", "skip"]), validation=rng.choice(["chunks", "files"]),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(14))
def test_the_forecast_is_what_comes_out(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    num_signal = rng.choice([256, 512, 1000])
    layout(tmp_path / "in", rng, num_signal)
    params = parameters(rng, tmp_path / "in", tmp_path / "out", num_signal)
    found = preflight(params, listen=params.trim_silence)
    assert found.exact
    (tmp_path / "job").mkdir()
    if found.chunks == 0:
        assert not found.possible
        with pytest.raises(UserError):
            build.run(params, WorkContext(tmp_path / "job"))
        return
    made = build.run(params, WorkContext(tmp_path / "job"))
    assert found.chunks == made["chunks"], params
    lost = sum(loss.seconds for loss in found.losses if loss.code != "duplicate")
    assert made["seconds_lost"] == pytest.approx(lost, abs=1e-3)
    assert made["seconds_usable"] == pytest.approx(found.seconds_usable, abs=1e-3)
    with Dataset(tmp_path / "out") as dataset:
        assert not [finding for finding in dataset.check() if finding]
        assert dataset.chunks == found.chunks
        for index in range(dataset.chunks):
            assert sum(origin.length for origin in dataset.origins(index)) == 2 * num_signal
    data = tmp_path / "out" / "data.mdb"
    assert 0.8 * data.stat().st_size - (1 << 20) < found.disk_needed < 1.5 * data.stat().st_size + (1 << 20)


def remarks(params: DatasetParams) -> dict[str, str]:
    return {remark.code: remark.severity for remark in preflight(params).remarks}


def sound(path: Path, seconds: float = 1.0, rate: int = RATE, channels: int = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(int(seconds * 1000))
    soundfile.write(path, rng.normal(0, 0.1, (int(seconds * rate), channels)), rate)


def test_what_a_forecast_points_out(tmp_path: Path) -> None:
    source = tmp_path / "in"
    sound(source / "a.wav", channels=2)
    sound(source / "b.wav", 2.0, rate=22050)
    shutil.copy(source / "b.wav", source / "c.wav")
    (source / "broken.wav").write_bytes(b"RIFF1234WAVE")
    base: dict[str, Any] = {"sources": [str(source)], "output": str(tmp_path / "out"), "num_signal": 4096}
    found = preflight(DatasetParams(**base))
    assert [Path(p["path"]).name for p in found.problems] == ["broken.wav"]
    assert [[Path(path).name for path in group] for group in found.duplicates] == [["b.wav", "c.wav"]]
    assert found.name == "in"
    assert found.disk_free > found.disk_needed > 0
    codes = {remark.code: remark.severity for remark in found.remarks}
    assert codes == {
        "few-chunks": "warning", "little-sound": "warning", "mixed": "info", "lower-rate": "info", "duplicates": "warning"
    }  # fmt: skip
    for odd in (5000, 8193):
        assert remarks(DatasetParams(**{**base, "num_signal": odd}))["odd-length"] == "warning"
    assert remarks(DatasetParams(**base, mono="left"))["one-side"] == "warning"
    assert remarks(DatasetParams(**base, channels=2))["fewer-channels"] == "info"
    assert remarks(DatasetParams(**base, max_size=1000))["too-large"] == "error"
    assert remarks(DatasetParams(**base, lazy=True))["lazy"] == "info"
    assert remarks(DatasetParams(**{**base, "num_signal": 1 << 20}, tails="drop"))["no-audio"] == "error"
    assert "much-lost" in remarks(
        DatasetParams(**{**base, "num_signal": 30000}, tails="drop", short_files="skip")
    )
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x").touch()
    assert remarks(DatasetParams(**base))["output-exists"] == "error"


def test_an_earlier_scan_serves_the_forecast_and_can_be_narrowed(tmp_path: Path) -> None:
    source = tmp_path / "in"
    for name in ("a.wav", "b.flac", "sub/c.wav"):
        sound(source / name)
    scanned = scan([str(source)])
    base: dict[str, Any] = {"sources": [str(source)], "output": "", "num_signal": 4096}
    narrower: list[dict[str, Any]] = [
        {},
        {"extensions": ["wav"]},
        {"exclude": [str(source / "sub")]},
        {"exclude": [str(source / "a.wav")]},
    ]
    for changes in narrower:
        params = DatasetParams(**base, **changes)
        fresh, narrowed = preflight(params), preflight(params, scanned=scanned)
        assert (fresh.files, fresh.chunks, fresh.seconds) == (
            narrowed.files,
            narrowed.chunks,
            narrowed.seconds,
        )
    assert narrowed.files == 2


def test_a_forecast_that_only_guesses_says_so_and_can_be_cancelled(tmp_path: Path) -> None:
    source = tmp_path / "in"
    sound(source / "a.wav")
    params = DatasetParams([str(source)], "", 4096, trim_silence=True)
    assert not preflight(params).exact
    heard: list[tuple[float, float]] = []
    assert preflight(params, listen=True, on_progress=lambda done, total: heard.append((done, total))).exact
    assert heard[-1][0] == pytest.approx(1.0, abs=0.01)
    stop = threading.Event()
    stop.set()
    assert preflight(params, listen=True, cancel=stop, scanned=scan([str(source)])).cancelled


def test_chunks_that_raves_analysis_needs() -> None:
    assert minimum_chunks(131072) == 51
    assert minimum_chunks(262144) == 2
    for count in (51, 50):
        assert (count - max(98 * count // 100, 1) >= 2) is (count == 51)
