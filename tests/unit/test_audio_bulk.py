"""Ogg Vorbis decoded in bulk: the very samples and verdicts of the careful way, for whole files and for damaged ones."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from rave_gui.audio import decode
from rave_gui.audio.decode import Decoder
from rave_gui.audio.ends import has_spoilt_pages, ogg_pages

RATE = 22050


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds of noise that swells and two tones, in stereo: packets of every size."""
    path = tmp_path_factory.mktemp("ogg") / "sound.ogg"
    t = np.arange(12 * RATE) / RATE
    noise = np.random.default_rng(1).standard_normal((t.size, 2)) * (0.2 * np.sin(0.7 * t) ** 2)[:, None]
    tones = 0.3 * np.stack([np.sin(2 * np.pi * 330 * t), np.sin(2 * np.pi * 523 * t)], axis=1)
    soundfile.write(path, noise + tones, RATE, format="OGG", subtype="VORBIS")
    return path


def pages(data: bytes) -> list[tuple[int, int]]:
    """Where each page begins and where its body does."""
    found, at = [], 0
    while (at := data.find(b"OggS", at)) >= 0:
        segments = data[at + 26]
        found.append((at, at + 27 + segments))
        at += 27 + segments + sum(data[at + 27 : at + 27 + segments])
    return found


def read(path: Path, monkeypatch: pytest.MonkeyPatch, *, bulk: bool) -> tuple[Any, Any]:
    with monkeypatch.context() as patch:
        if not bulk:
            patch.setattr(decode, "suits", lambda *_: False)
        decoder = Decoder(path, RATE, channels=2)
        return decoder.read(), decoder.problem


def test_an_intact_file_never_comes_packet_by_packet(
    recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    careful, _ = read(recording, monkeypatch, bulk=False)

    def packets(*_: Any) -> Iterator[Any]:
        raise AssertionError("the careful way was taken")

    monkeypatch.setattr(Decoder, "_frames", packets)
    quick, problem = read(recording, monkeypatch, bulk=True)
    assert problem is None
    assert careful.shape == (2, 12 * RATE)
    assert np.array_equal(quick, careful)


@pytest.mark.parametrize("seed", range(24))
def test_damage_is_met_as_on_the_careful_way(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    data = bytearray(recording.read_bytes())
    for _ in range(chance.choice([1, 1, 3, 8])):
        data[chance.randrange(pages(bytes(data))[2][0], len(data))] ^= 1 << chance.randrange(8)
    if seed % 6 == 5:
        del data[chance.randrange(len(data) // 2, len(data)) :]
    path = tmp_path / "damaged.ogg"
    path.write_bytes(data)
    careful, quick = (read(path, monkeypatch, bulk=bulk) for bulk in (False, True))
    assert np.array_equal(quick[0], careful[0])
    assert quick[1] == careful[1]
    assert quick[1] is not None


@pytest.mark.parametrize("which", [2, -1], ids=["first", "last"])
def test_a_spoilt_page_at_either_end_is_told_of(recording: Path, tmp_path: Path, which: int) -> None:
    """The decoder drops it, and its own idea of the length goes with it."""
    data = bytearray(recording.read_bytes())
    data[pages(bytes(data))[which][1] + 20] ^= 0x10
    path = tmp_path / "spoilt.ogg"
    path.write_bytes(data)
    assert ogg_pages(str(path)).state == "whole"
    assert has_spoilt_pages(str(path))
    decoder = Decoder(path, RATE)
    samples = decoder.read().shape[1]
    assert 0 < samples < 12 * RATE
    assert decoder.problem is not None
    assert decoder.problem.code in {"damaged", "truncated"}


def test_checksums_of_intact_pages_agree(recording: Path) -> None:
    assert len(pages(recording.read_bytes())) > 5
    assert not has_spoilt_pages(str(recording))
    state = ogg_pages(str(recording))
    assert (state.state, state.streams, state.end) == ("whole", 1, 12 * RATE)


def test_files_put_behind_each_other_go_the_careful_way(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "chained.ogg"
    path.write_bytes(recording.read_bytes() * 2)
    assert ogg_pages(str(path)).streams == 2
    quick, careful = (read(path, monkeypatch, bulk=bulk)[0] for bulk in (True, False))
    assert quick.shape[1] > 12 * RATE
    assert np.array_equal(quick, careful)


@pytest.mark.parametrize(
    "name", ["a'b.ogg", "c:\\d.ogg", "e=f;g,h.ogg", "[i]%d.ogg", "ä ß 音.ogg", os.fsdecode(b"\xff.ogg")]
)
def test_odd_names_are_only_names(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    if sys.platform != "linux" and not name.isascii():
        pytest.skip("such a name cannot be written here")
    if sys.platform == "win32" and set(name) & set(":\\"):
        pytest.skip("such a name cannot be written here")
    path = tmp_path / name
    path.write_bytes(recording.read_bytes())
    quick, problem = read(path, monkeypatch, bulk=True)
    careful, _ = read(recording, monkeypatch, bulk=False)
    assert problem is None
    assert np.array_equal(quick, careful)
