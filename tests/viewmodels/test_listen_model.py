"""The A/B player's state."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from rave_gui.errors import UserError
from rave_gui.viewmodels import sounds
from rave_gui.viewmodels.listen import KEYS, ListenModel


class SilentPlayer:
    """Remembers what it is told; its time stands still until it is moved."""

    def __init__(self) -> None:
        self.position = 0.0
        self.playing = False
        self.heard = -1
        self.problem = ""
        self.closed = self.looping = False

    def play(self) -> None:
        self.playing = True

    def pause(self) -> None:
        self.playing = False

    def seek(self, seconds: float) -> None:
        self.position = seconds

    def select(self, index: int) -> None:
        self.heard = index

    def set_loop(self, on: bool) -> None:
        self.looping = on

    def close(self) -> None:
        self.closed = True


def test_switching_keeps_the_place() -> None:
    model, player = ListenModel(), SilentPlayer()
    model.set_sounds(10.0)
    model.set_player(player)
    model.toggle()
    player.position = 4.0
    model.poll()
    model.swap()
    assert (model.heard, player.heard, model.position) == (KEYS[1], 1, 4.0)
    model.seek(99)
    assert player.position == 10.0
    player.playing = False
    assert model.poll()
    model.toggle()
    assert player.position == 0.0, "at the end, play begins again"


def test_a_lost_device_is_told() -> None:
    model, player = ListenModel(), SilentPlayer()
    model.set_sounds(10.0)
    model.set_player(player)
    model.toggle()
    player.playing, player.problem = False, "The audio output has gone."
    model.poll()
    assert model.problem == ("The audio output has gone.", "")
    model.set_player(None)
    assert player.closed


def test_nothing_to_hear() -> None:
    model = ListenModel()
    model.toggle()
    assert not model.playing


def test_envelopes_of_real_files(tmp_path: Path) -> None:
    path = tmp_path / "ü.wav"
    audio = np.zeros((44100, 2), np.float32)
    audio[22050, 1] = 0.75
    soundfile.write(path, audio, 44100, subtype="FLOAT")
    peaks = sounds.peaks(path)
    assert peaks.seconds == 1.0
    assert max(high for _, high in peaks.pairs) == 0.75
    with pytest.raises(UserError) as caught:
        sounds.peaks(tmp_path / "gone.wav")
    assert caught.value.hint


def test_player_of_two_files_is_in_sync(tmp_path: Path) -> None:
    files = (tmp_path / "a.wav", tmp_path / "b.wav")
    for path in files:
        soundfile.write(path, np.zeros(4410, np.float32), 44100)
    player = sounds.open_player(files)
    player.seek(0.05)
    player.select(1)
    assert player.position == pytest.approx(0.05)
    assert not player.playing
    player.close()
