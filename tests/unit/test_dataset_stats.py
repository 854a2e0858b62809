"""Statistics of datasets against sounds whose levels and spectra are known, and the map and thumbnail made from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.helpers.datasets import CHUNK, RATE, app_paths, built, foreign, noise, tone

from rave_gui.datasets import index, similarity, stats
from rave_gui.datasets.spectra import Analyser, LoudnessHistogram
from rave_gui.datasets.thumbnail import thumbnail
from rave_gui.errors import UserError
from rave_protocol.work import Cancelled


def white(samples: int, level: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(samples) * level


def low_passed(audio: np.ndarray, cutoff: float) -> np.ndarray:
    spectrum = np.fft.rfft(audio)
    spectrum[np.fft.rfftfreq(len(audio), 1 / RATE) > cutoff] = 0
    return np.fft.irfft(spectrum, len(audio))


@pytest.mark.parametrize(
    ("level", "frequency", "rate", "lufs"),
    [(1.0, 997, 48000, -3.01), (0.1, 997, 44100, -23.01), (1.0, 997, 22050, -3.01), (0.5, 4000, 48000, -5.7)],
)
def test_loudness_is_that_of_the_standard(level: float, frequency: float, rate: int, lufs: float) -> None:
    """ITU-R BS.1770: a full-scale sine of 997 Hz in one channel reads -3.01 LUFS; at 4 kHz the shelf adds 3.4 dB."""
    analyser = Analyser(rate)
    sine = level * np.sin(2 * np.pi * frequency / rate * np.arange(4 * rate))
    histogram = LoudnessHistogram()
    histogram.add(analyser.block_loudness(analyser.powers(sine.astype(np.float32)[None])))
    found = histogram.integrated()
    assert found == pytest.approx(lufs, abs=0.15)
    histogram.add(np.full(100, -80.0))
    histogram.add(np.full(10, (found or 0) - 15))
    assert histogram.integrated() == pytest.approx(lufs, abs=0.15), "both gates hold"
    assert LoudnessHistogram().integrated() is None


@pytest.mark.parametrize("cutoff", [4000, 11025, 16000])
@pytest.mark.parametrize("level", [0.3, 0.003])
def test_the_bandwidth_is_where_the_sound_ends(cutoff: int, level: float) -> None:
    analyser = Analyser(RATE)
    sound = np.round(low_passed(white(1 << 17, level), cutoff) * 32767) / 32767
    power = analyser.powers(sound.astype(np.float32)[None]).mean(axis=(0, 1))
    assert analyser.bandwidth(power) == pytest.approx(cutoff, abs=150)


def test_what_the_statistics_say_is_what_was_put_in(tmp_path: Path) -> None:
    loud = low_passed(white(6 * CHUNK, 0.2), 9000)
    quiet = low_passed(white(3 * CHUNK, 0.002, 1), 9000)
    clipped = np.clip(low_passed(white(2 * CHUNK, 0.2, 2), 5000) * 40, -1, 1)
    path = built(
        tmp_path,
        {"loud.wav": loud, "quiet.wav": quiet, "silent.wav": np.zeros(3 * CHUNK), "x clipped.wav": clipped},
    )
    paths = app_paths(tmp_path)
    assert stats.load(path, paths=paths) is None
    said: list[float] = []
    found = stats.compute(path, paths=paths, on_progress=lambda done, total, unit: said.append(done))
    assert said[-1] == found.sampled == found.chunks == 14
    assert sum(found.loudness.counts) == sum(found.peaks.counts) == sum(found.silence.counts) == 14
    assert found.silence.counts[-1] == 3
    assert found.silence_share == pytest.approx(3 / 14, abs=0.02)
    assert found.clipped_chunks == 2
    assert found.clipped_samples > CHUNK
    assert sum(found.lengths.counts) == 4
    assert found.lufs is not None
    assert found.peak_db == 0
    assert len(found.frequencies) == len(found.spectrum_mean) == len(found.spectrum_high)
    by_name = {source.name: source for source in found.sources}
    assert by_name["loud.wav"].rms_db == pytest.approx(20 * np.log10(loud.std()), abs=0.1)
    assert by_name["loud.wav"].bandwidth_hz == pytest.approx(9000, rel=0.1)
    assert by_name["x clipped.wav"].bandwidth_hz > 20000
    assert by_name["silent.wav"].bandwidth_hz == 0
    middle = np.searchsorted(found.frequencies, 1000)
    assert by_name["loud.wav"].spectrum[middle] - by_name["quiet.wav"].spectrum[middle] == pytest.approx(
        40, abs=1
    )
    assert not found.bandwidth_low, "the clipped recording reaches up"
    assert any("silence" in note for note in found.notes)
    assert any("clipped" in note for note in found.notes)
    again = stats.load(path, paths=paths)
    assert again == found, "what is kept is what was found"


def test_a_narrow_bandwidth_and_an_offset_are_said(tmp_path: Path) -> None:
    path = built(tmp_path, {"a.wav": low_passed(white(8 * CHUNK, 0.1), 7000) + 0.05})
    found = stats.compute(path, paths=app_paths(tmp_path))
    assert found.bandwidth_low
    assert found.bandwidth_share == pytest.approx(7000 / 22050, rel=0.05)
    assert found.dc_offset == pytest.approx([0.05], abs=0.002)
    assert any("7." in note and "kHz" in note for note in found.notes)
    assert any("zero" in note for note in found.notes)


def test_a_large_dataset_is_sampled_evenly_and_says_so(tmp_path: Path) -> None:
    path = foreign(tmp_path / "up", {b"%08d" % i: noise(i, 512) for i in range(40)})
    found = stats.compute(path, paths=app_paths(tmp_path), sample=10)
    assert (found.sampled, found.chunks, found.sources) == (10, 40, [])
    assert list(stats.sample_of(40, 10)) == list(range(0, 40, 4))
    assert "10" in found.notes[0]
    assert stats.load(path, paths=app_paths(tmp_path)) == found
    assert stats.compute(path, paths=app_paths(tmp_path), sample=5) == found, "more than asked for is there"


def test_an_interrupted_measurement_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = foreign(tmp_path / "up", {b"%08d" % i: noise(i, 512) for i in range(12)})
    whole = stats.compute(path, paths=app_paths(tmp_path / "one"))
    paths = app_paths(tmp_path / "two")
    monkeypatch.setattr(stats, "_SAVE_SECONDS", -1.0)
    asked = 0

    def cancel() -> None:
        nonlocal asked
        asked += 1
        if asked > 7:
            raise Cancelled

    with pytest.raises(Cancelled):
        stats.compute(path, paths=paths, check_cancel=cancel)
    said: list[float] = []
    found = stats.compute(path, paths=paths, on_progress=lambda done, total, unit: said.append(done))
    assert said == [8, 9, 10, 11, 12]
    assert found.spectrum_mean == whole.spectrum_mean
    assert (found.lufs, found.loudness) == (whole.lufs, whole.loudness)


def test_damaged_empty_and_lazy_datasets(tmp_path: Path) -> None:
    path = foreign(tmp_path / "up", {b"00000000": noise(1), b"00000001": b"\xff", b"00000002": noise(2)})
    found = stats.compute(path, paths=app_paths(tmp_path))
    assert (found.sampled, found.damaged) == (3, 1)
    assert any("Validate" in note for note in found.notes)
    for other, code in (
        (foreign(tmp_path / "empty", {}), "empty-dataset"),
        (foreign(tmp_path / "lazy", {b"00000000": noise(1)}, lazy=True), "lazy-dataset"),
    ):
        with pytest.raises(UserError) as caught:
            stats.compute(other, paths=app_paths(tmp_path))
        assert caught.value.code == code


def test_the_map_puts_like_to_like(tmp_path: Path) -> None:
    low = np.concatenate([tone(CHUNK, 200 + i, 0.3) for i in range(8)])
    high = np.concatenate([tone(CHUNK, 5000 + 10 * i, 0.3) for i in range(8)])
    path = built(tmp_path, {"low.wav": low, "noise.wav": white(8 * CHUNK, 0.1), "top.wav": high})
    paths = app_paths(tmp_path)
    assert similarity.load(path, paths=paths) is None
    stats.compute(path, paths=paths)
    found = similarity.load(path, paths=paths)
    assert found is not None
    assert found.points.shape == (24, 2)
    assert np.abs(found.points).max() <= 1
    assert [Path(name).name for name in found.names] == ["low.wav", "noise.wav", "top.wav"]
    assert list(found.sources) == [0] * 8 + [1] * 8 + [2] * 8
    centres = np.stack([found.points[found.sources == i].mean(axis=0) for i in range(3)])
    spread = max(found.points[found.sources == i].std(axis=0).max() for i in range(3))
    gaps = [np.abs(centres[i] - centres[j]).max() for i, j in ((0, 1), (1, 2), (0, 2))]
    assert min(gaps) > 2 * spread
    for index_, group in ((0, range(8)), (12, range(8, 16)), (20, range(16, 24))):
        assert set(found.similar(index_, 5)) <= set(group) - {index_}
    assert found.nearest(*found.points[9]) == 9
    assert found.similar(99) == []
    assert 0 < found.variance <= 1


def test_thumbnail_shows_the_peaks_and_is_kept(tmp_path: Path) -> None:
    path = built(
        tmp_path, {"a.wav": np.concatenate([tone(CHUNK, 689.0625, 0.25 * (i + 1)) for i in range(4)])}
    )
    paths = app_paths(tmp_path)
    strip = thumbnail(path, 200, paths=paths)
    assert strip.shape == (200, 2)
    assert strip.dtype == np.float32
    for number in range(4):
        part = strip[number * 50 : number * 50 + 50]
        assert part[:, 1].max() == pytest.approx(0.25 * (number + 1), abs=0.01)
        assert part[:, 0].min() == pytest.approx(-0.25 * (number + 1), abs=0.01)
    cached = list((paths.cache / "thumbnails").iterdir())
    assert len(cached) == 1
    np.save(cached[0], strip * 0)
    assert not thumbnail(path, 200, paths=paths).any(), "the second look takes what was kept"
    cached[0].write_bytes(b"damaged")
    assert np.array_equal(thumbnail(path, 200, paths=paths), strip)
    assert not thumbnail(foreign(tmp_path / "empty", {}), 10, paths=paths).any()


def test_one_job_measures_at_a_time(tmp_path: Path) -> None:
    from rave_gui.datasets.beside import beside, working

    path = foreign(tmp_path / "up", {b"00000000": noise(1)})
    paths = app_paths(tmp_path)
    with working(beside(path, paths), "index"), pytest.raises(UserError) as caught:
        index.build(path, paths=paths)
    assert caught.value.code == "busy"
