"""Envelopes, wav files and the demo sounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rave_gui.audio import peaks, synth, wav
from rave_gui.errors import UserError


def test_envelope_misses_no_peak() -> None:
    samples = np.zeros(10007, np.float32)
    samples[[3, 5000, 10006]] = [1, -2, 3]
    lows, highs = peaks.envelope(samples, 100)
    assert lows.shape == highs.shape == (100,)
    assert (highs[0], lows[49], highs[99]) == (1, -2, 3)
    assert np.count_nonzero(highs) + np.count_nonzero(lows) == 3


def test_envelope_of_little_and_of_nothing() -> None:
    lows, highs = peaks.envelope(np.array([1.0, -1.0]), 50)
    assert np.array_equal(lows, highs)
    assert lows.shape == (2,)
    assert peaks.envelope(np.zeros(0), 10)[0].shape == (0,)
    with pytest.raises(ValueError, match="one channel"):
        peaks.envelope(np.zeros((2, 2)), 10)


@pytest.mark.parametrize(
    ("start", "stop", "bins"), [(0, 300000, 200), (1234, 290001, 500), (5000, 5600, 300)]
)
def test_pyramid_agrees_with_the_samples(start: int, stop: int, bins: int) -> None:
    samples = np.random.default_rng(0).normal(size=300000).astype(np.float32)
    lows, highs = peaks.PeakPyramid(samples).view(start, stop, bins)
    assert lows.shape[0] == min(bins, stop - start)
    # A stored block that straddles an edge of the view may add its neighbours, never hide a peak.
    margin = 1024 if stop - start > 64 * bins else 0
    wide = samples[max(0, start - margin) : stop + margin]
    assert samples[start:stop].max() <= highs.max() <= wide.max()
    assert samples[start:stop].min() >= lows.min() >= wide.min()


def test_wav_round_trip_is_whole_or_absent(tmp_path: Path) -> None:
    audio = np.random.default_rng(0).uniform(-1, 1, (2, 999)).astype(np.float32)
    path = tmp_path / "ä b.wav"
    wav.write(path, audio, 48000, "FLOAT")
    read, rate = wav.read(path)
    assert rate == 48000
    assert np.array_equal(read, audio)
    assert [entry.name for entry in tmp_path.iterdir()] == ["ä b.wav"]
    with pytest.raises(OSError, match="cannot be written"):
        wav.write(tmp_path / "missing" / "x.wav", audio, 48000)
    with pytest.raises(UserError) as caught:
        wav.read(tmp_path / "nothing.wav")
    assert caught.value.code == "not-found"


def test_demo_sounds_are_the_same_again_varied_and_clean(tmp_path: Path) -> None:
    paths = synth.write_demo(tmp_path, seconds=12, sample_rate=22050)
    assert len(paths) == 2
    for path in paths:
        audio, rate = wav.read(path)
        assert audio.shape == (1, 6 * rate)
        assert 0.85 < np.abs(audio).max() <= 0.91
        second = np.abs(audio[0].reshape(6, -1)).max(axis=1)
        assert second.min() > 0.02, "a silent second"
        assert abs(audio.mean()) < 0.01
    again = synth.plucks(6, 1, 22050)
    assert np.array_equal(again, synth.plucks(6, 1, 22050))
    assert not np.array_equal(again, synth.plucks(6, 2, 22050))


@pytest.mark.parametrize("frequency", [110.0, 293.66, 987.77])
def test_plucked_strings_are_in_tune(frequency: float) -> None:
    sound = synth.pluck(frequency, 1.5, np.random.default_rng(3), 44100)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(sound.size), 1 << 19))
    scale = np.fft.rfftfreq(1 << 19, 1 / 44100)
    near = (scale > frequency * 0.94) & (scale < frequency * 1.06)
    heard = scale[near][spectrum[near].argmax()]
    assert abs(1200 * np.log2(heard / frequency)) < 3
