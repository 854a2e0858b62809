"""Decoding: lengths, channels, rates and levels against what was written; damage reported, never raised."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from rave_gui.audio import wav
from rave_gui.audio.decode import Decoder, probe, to_int16
from rave_gui.audio.problems import AudioInfo, AudioProblem

RATE = 44100


def tone(seconds: float, rate: int = RATE, frequency: float = 440.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * frequency * np.arange(int(seconds * rate)) / rate)


def encode(path: Path, codec: str, rate: int, samples: np.ndarray) -> None:
    """Write mono samples with one of FFmpeg's encoders."""
    if codec == "vorbis":
        soundfile.write(path, samples, rate, format="OGG", subtype="VORBIS")
        return
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples.astype(np.float32)[None], format="fltp", layout="mono")
        frame.sample_rate = rate
        frame.pts = 0
        fifo = av.AudioResampler(stream.format.name, "mono", rate, frame_size=stream.frame_size or 1024)
        for piece in [*fifo.resample(frame), *fifo.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))


def test_sixteen_bit_wav_comes_back_bit_for_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    stored = rng.integers(-32768, 32768, (70001, 2), np.int16)
    stored[:2] = [[-32768, 32767], [32767, -32768]]
    path = tmp_path / "noise.wav"
    soundfile.write(path, stored, RATE)
    decoder = Decoder(path, RATE, channels=2)
    assert np.array_equal(to_int16(decoder.read()), stored.T)
    assert decoder.problem is None
    assert decoder.info == AudioInfo(str(path), 70001 / RATE, RATE, 2, "pcm_s16le", "wav", exact=True)


@pytest.mark.parametrize(
    ("subtype", "tolerance"), [("PCM_24", 2**-23), ("PCM_U8", 2**-7), ("FLOAT", 0.0), ("DOUBLE", 2**-24)]
)
def test_every_sample_format_keeps_its_level(tmp_path: Path, subtype: str, tolerance: float) -> None:
    samples = tone(0.1).astype(np.float32)
    path = tmp_path / "tone.wav"
    soundfile.write(path, samples, RATE, subtype=subtype)
    read = Decoder(path, RATE).read()[0]
    assert read.shape == samples.shape
    assert np.abs(read - samples).max() <= tolerance


@pytest.mark.parametrize(
    ("channels", "mono", "expected"),
    [
        (1, "mix", [[3]]),
        (1, "left", [[2]]),
        (1, "right", [[4]]),
        (2, "mix", [[2], [4]]),
        (3, "mix", [[2], [4], [2]]),
    ],
)
def test_channels_are_mixed_picked_or_repeated(
    tmp_path: Path, channels: int, mono: str, expected: list[list[int]]
) -> None:
    path = tmp_path / "stereo.wav"
    soundfile.write(path, np.tile(np.array([[2, 4]], np.int16), (100, 1)) * 1000, RATE)
    read = to_int16(Decoder(path, RATE, channels, mono).read())  # type: ignore[arg-type]
    assert read.shape == (channels, 100)
    assert (read == np.array(expected) * 1000).all()


def test_right_of_a_mono_file_is_its_only_channel(tmp_path: Path) -> None:
    path = tmp_path / "mono.wav"
    soundfile.write(path, np.full(64, 1000, np.int16), RATE)
    assert (to_int16(Decoder(path, RATE, 1, "right").read()) == 1000).all()


@pytest.mark.parametrize(("codec", "ending"), [("libmp3lame", "mp3"), ("aac", "m4a"), ("libopus", "opus"), ("flac", "flac"), ("vorbis", "ogg"), ("pcm_s16be", "aiff")])  # fmt: skip
def test_coded_formats_give_the_tone_at_the_asked_rate(tmp_path: Path, codec: str, ending: str) -> None:
    path = tmp_path / f"tone.{ending}"
    encode(path, codec, 48000, tone(2.0, 48000))
    decoder = Decoder(path, RATE)
    read = decoder.read()[0]
    assert decoder.problem is None
    assert abs(read.size - 2 * RATE) < 0.06 * RATE
    middle = read[RATE // 2 : RATE // 2 + RATE]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(RATE)))
    assert abs(int(spectrum.argmax()) - 440) <= 1
    assert 0.33 < middle.std() < 0.37


def test_resampling_keeps_length_and_is_clean(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    wav.write(path, tone(3.0, 48000), 48000, "FLOAT")
    read = Decoder(path, RATE).read()[0]
    assert abs(read.size - 3 * RATE) <= 2
    error = read[1000 : 2 * RATE] - tone(3.0)[1000 : 2 * RATE]
    assert 20 * np.log10(error.std() / 0.35) < -100


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    wav.write(path, tone(30.0), RATE)
    sizes = [block.shape[1] for block in Decoder(path, 22050).blocks()]
    assert sum(sizes) == pytest.approx(30 * 22050, abs=2)
    assert max(sizes) < 3 * RATE


def damaged(tmp_path: Path, kind: str) -> Path:
    path = tmp_path / "sound.wav"
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("This is a letter, not a sound.\n" * 50)
    elif kind == "gone":
        pass
    elif kind == "no frames":
        soundfile.write(path, np.zeros(0, np.int16), RATE)
    elif kind == "header only":
        soundfile.write(path, np.zeros(999, np.int16), RATE)
        path.write_bytes(path.read_bytes()[:30])
    return path


@pytest.mark.parametrize(
    ("kind", "code"),
    [("empty", "empty"), ("text", "unreadable"), ("gone", "not-found"), ("no frames", "empty"), ("header only", "unreadable")],
)  # fmt: skip
def test_what_holds_no_sound_is_a_problem_with_a_reason(tmp_path: Path, kind: str, code: str) -> None:
    decoder = Decoder(damaged(tmp_path, kind), RATE)
    assert decoder.read().shape == (1, 0)
    assert decoder.problem is not None
    assert decoder.problem.fatal
    assert decoder.problem.code == code
    assert decoder.problem.reason.endswith(".")


def test_a_video_without_sound_is_named_as_such(tmp_path: Path) -> None:
    path = tmp_path / "silent.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))
        container.mux([*stream.encode(frame), *stream.encode(None)])
    found = probe(path)
    assert isinstance(found, AudioProblem)
    assert found.code == "no-sound"


def test_a_cut_off_wav_keeps_what_is_there_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "cut.flac"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 4 * RATE), RATE)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    decoder = Decoder(path, RATE)
    read = decoder.read()
    assert 1.5 * RATE < read.shape[1] < 2.1 * RATE
    assert decoder.problem is not None
    assert decoder.problem.code in ("truncated", "damaged")
    assert not decoder.problem.fatal


def test_flipped_bytes_are_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "flipped.mp3"
    encode(path, "libmp3lame", RATE, tone(5.0))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4000] = np.random.default_rng(1).bytes(4000)
    path.write_bytes(data)
    decoder = Decoder(path, RATE)
    read = decoder.read()
    assert read.shape[1] > 3 * RATE
    assert decoder.problem is not None
    assert decoder.problem.code == "damaged"
    assert np.isfinite(read).all()


def test_samples_that_are_not_numbers_become_silence(tmp_path: Path) -> None:
    samples = tone(0.2).astype(np.float32)
    samples[100:110] = np.nan
    samples[200] = np.inf
    path = tmp_path / "nan.wav"
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    decoder = Decoder(path, RATE)
    read = decoder.read()[0]
    assert (read[100:110] == 0).all()
    assert read[200] == 0
    assert decoder.problem is not None
    assert (decoder.problem.code, decoder.problem.fatal) == ("not-a-number", False)


@pytest.mark.parametrize("name", ["with space ä ß 音.wav", "a:b.wav", "100%.wav", "-i.wav", "#1.wav"])
def test_odd_names_are_only_names(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    soundfile.write(path, np.full(1000, 5, np.int16), RATE)
    assert Decoder(path, RATE).read().shape == (1, 1000)


@pytest.mark.parametrize(
    ("ending", "damage"), [(kind, what) for kind in ("wav", "aiff", "ogg", "mp3") for what in ("cut", "hole")]
)
def test_missing_sound_is_noticed_in_every_format(tmp_path: Path, ending: str, damage: str) -> None:
    path = tmp_path / f"a.{ending}"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 3 * RATE), RATE)
    whole = Decoder(path, RATE)
    assert abs(whole.read().shape[1] - 3 * RATE) < 100
    assert whole.problem is None
    data = path.read_bytes()
    third = len(data) // 3
    path.write_bytes(
        data[: 2 * third] if damage == "cut" else data[:third] + bytes(third) + data[2 * third :]
    )
    decoder = Decoder(path, RATE)
    read = decoder.read()
    if (
        read.shape[1] > 2.9 * RATE
    ):  # a hole in plain samples is silence, and nothing tells that it was not meant
        assert (ending, damage) in (("wav", "hole"), ("aiff", "hole"))
        return
    assert decoder.problem is not None
    assert decoder.problem.code in ("truncated", "damaged")
    assert not decoder.problem.fatal
