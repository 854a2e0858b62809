"""The player's state: several sounds, one place, a loop."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rave_gui.errors import UserError
from rave_gui.viewmodels import sounds
from rave_gui.viewmodels.ab_player import PlayerModel
from rave_gui.viewmodels.sounds import Sound


class SilentPlayer:
    """Remembers what it is told; its time stands still until it is moved."""

    def __init__(self) -> None:
        self.position = 0.0
        self.playing = False
        self.heard = -1
        self.problem = ""
        self.closed = False
        self._loop: tuple[float | None, float | None] = (None, None)
        self.gain = 1.0
        self.replaced: Sequence[Sound] = ()

    def play(self) -> None:
        self.playing = True

    def pause(self) -> None:
        self.playing = False

    def seek(self, seconds: float) -> None:
        self.position = seconds

    def select(self, index: int) -> None:
        self.heard = index

    def set_loop(self, start: float | None, stop: float | None = None) -> None:
        self._loop = (start, stop)

    def looped(self) -> tuple[float | None, float | None]:
        """What is repeated (a call: mypy would keep in mind what it was compared with before)."""
        return self._loop

    def set_gain(self, gain: float) -> None:
        self.gain = gain

    def replace(self, found: Sequence[Sound]) -> None:
        self.replaced = found

    def close(self) -> None:
        self.closed = True


def listening(
    seconds: float = 10.0, keys: tuple[str, ...] = ("a", "b", "c")
) -> tuple[PlayerModel, SilentPlayer]:
    model, player = PlayerModel(), SilentPlayer()
    model.set_sounds(keys, seconds)
    model.set_player(player)
    return model, player


def test_switching_keeps_the_place_and_x_goes_back_and_forth() -> None:
    model, player = listening()
    model.toggle()
    player.position = 4.0
    model.poll()
    model.swap()
    assert (model.heard, player.heard, model.position) == ("b", 1, 4.0)
    model.hear("c")
    model.swap()
    assert model.heard == "b", "between the two heard last"
    model.seek(99)
    assert player.position == 10.0
    player.playing = False
    assert model.poll()
    model.toggle()
    assert player.position == 0.0, "at the end, play begins again"


def test_a_stretch_is_repeated_until_it_is_cleared() -> None:
    model, player = listening()
    assert player.looped() == (0.0, None), "all of it at first"
    model.set_region(6.0, 2.0)
    assert model.region == (2.0, 6.0)
    assert player.looped() == (2.0, 6.0)
    assert model.position == 2.0, "the playhead goes into the stretch"
    model.set_region(3.0, 3.01)
    assert model.region == (2.0, 6.0), "too short to be a loop"
    model.seek(4.0)
    model.mark(start=True)
    assert model.region == (4.0, 6.0)
    model.seek(9.0)
    model.toggle()
    assert player.position == 4.0, "play begins inside the loop"
    model.set_loop(False)
    assert player.looped() == (None, None)
    model.clear_region()
    model.set_loop(True)
    assert player.looped() == (0.0, None)


def test_new_sounds_may_keep_place_loop_and_what_is_heard() -> None:
    model, player = listening()
    model.hear("b")
    model.set_region(2.0, 9.0)
    model.seek(5.0)
    model.set_sounds(("a", "b"), 8.0, keep=True)
    assert (model.heard, model.position) == ("b", 5.0)
    assert model.region is None, "it reached beyond the new end"
    model.set_sounds(("x", "y"), 3.0)
    assert (model.heard, model.position, model.region) == ("x", 0.0, None)
    model.set_gain(5.0)
    assert player.gain == 2.0


def test_a_lost_device_is_told() -> None:
    model, player = listening()
    model.toggle()
    player.playing, player.problem = False, "The audio output has gone."
    model.poll()
    assert model.problem == ("The audio output has gone.", "")
    model.set_player(None)
    assert player.closed


def test_nothing_to_hear() -> None:
    model = PlayerModel()
    model.toggle()
    model.swap()
    assert not model.playing


def test_envelopes_of_real_files(tmp_path: Path) -> None:
    path = tmp_path / "ü.wav"
    audio = np.zeros((44100, 2), np.float32)
    audio[22050, 1] = 0.75
    soundfile.write(path, audio, 44100, subtype="FLOAT")
    sound = sounds.load(path)
    peaks = sounds.envelope(sound)
    assert peaks.seconds == 1.0
    assert peaks.high.max() == 0.75
    assert len(peaks.low) == len(peaks.high) == sounds.BUCKETS
    with pytest.raises(UserError) as caught:
        sounds.load(tmp_path / "gone.wav")
    assert caught.value.hint
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(UserError) as caught:
        sounds.load(tmp_path / "text.wav")
    assert caught.value.code == "unreadable"


def test_sounds_of_different_rates_are_in_sync() -> None:
    first = Sound(np.zeros((1, 44100), np.float32), 44100)
    second = Sound(np.zeros((2, 24000), np.float32), 24000)
    player = sounds.open_player([first, second])
    assert player._player.state.duration == pytest.approx(1.0, abs=1e-3)  # type: ignore[attr-defined]
    player.seek(0.5)
    player.select(1)
    assert player.position == pytest.approx(0.5)
    player.replace([Sound(np.zeros((1, 30000), np.float32), 44100), second])
    assert player.position == pytest.approx(0.5), "other sounds, same place"
    assert not player.playing
    player.close()
