"""The mixer against an offline reference: positions, switching, seeking, looping, all without clicks."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rave_gui.audio.mixer import Mixer

RATE = 48000
FADE = 240  # 5 ms


def ramp(n: int, start: float = 0.0) -> np.ndarray:
    return (start + np.arange(n) / 1e6).astype(np.float32)


def made(*tracks: np.ndarray) -> Mixer:
    mixer = Mixer(RATE, channels=1)
    mixer.load(tracks)
    mixer.render(0)
    return mixer


def test_silence_until_played_then_the_very_samples() -> None:
    track = ramp(5000)
    mixer = made(track)
    assert not mixer.render(100).any()
    mixer.play()
    out = np.concatenate([mixer.render(n)[:, 0] for n in (700, 1, 1300, 2000)])
    assert np.array_equal(out[FADE:], track[FADE:4001])
    assert np.allclose(out[:FADE], track[:FADE] * np.arange(FADE) / FADE)
    assert mixer.state.position == 4001
    assert mixer.state.playing


def test_the_end_stops_once_and_play_starts_again() -> None:
    mixer = made(np.ones(1000, np.float32))
    mixer.play()
    out = mixer.render(1500)[:, 0]
    assert out[FADE:1000].min() == 1
    assert not out[1000:].any()
    assert (mixer.state.playing, mixer.state.ended, mixer.state.position) == (False, True, 1000)
    mixer.play()
    mixer.render(10)
    assert (mixer.state.playing, mixer.state.ended, mixer.state.position) == (True, False, 10)


def test_switching_keeps_the_time_line_and_crossfades() -> None:
    a, b = np.ones(9000, np.float32), np.full(9000, -1, np.float32)
    mixer = made(a, b)
    mixer.play()
    mixer.render(1000)
    mixer.switch(1)
    out = mixer.render(1000)[:, 0]
    fade = np.arange(FADE) / FADE
    assert np.allclose(out[:FADE], (1 - fade) - fade, atol=1e-6)
    assert (out[FADE:] == -1).all()
    assert mixer.state.position == 2000
    assert mixer.state.track == 1


def test_equal_tracks_cannot_be_told_apart_while_switching() -> None:
    rng = np.random.default_rng(0)
    track = rng.normal(0, 0.1, 20000).astype(np.float32)
    mixer = made(track, track.copy())
    mixer.play()
    pieces = []
    for i in range(20):
        mixer.switch(i % 2)
        pieces.append(mixer.render(900)[:, 0])
    out = np.concatenate(pieces)
    assert np.allclose(out[FADE:18000], track[FADE:18000], atol=1e-6)


def test_seek_goes_exactly_there_with_a_crossfade() -> None:
    track = ramp(50000)
    mixer = made(track)
    mixer.play()
    mixer.render(1000)
    mixer.seek(30000)
    out = mixer.render(1000)[:, 0]
    assert np.array_equal(out[FADE:], track[30000 + FADE : 31000])
    assert abs(out[0] - track[1000]) < 1e-6
    mixer.seek(10**9)
    mixer.render(10)
    assert mixer.state.ended


def test_pause_fades_out_and_keeps_the_place() -> None:
    mixer = made(np.ones(9000, np.float32))
    mixer.play()
    mixer.render(1000)
    mixer.pause()
    out = mixer.render(1000)[:, 0]
    assert np.allclose(out[:FADE], 1 - np.arange(FADE) / FADE, atol=1e-6)
    assert not out[FADE:].any()
    assert mixer.state.position == 1000


def test_loop_repeats_to_the_sample_and_survives_a_seek_past_it() -> None:
    track = ramp(10000)
    mixer = made(track)
    mixer.loop(1000, 3000)
    mixer.play()
    out = mixer.render(7000)[:, 0]
    assert np.array_equal(out[3000:5000], track[1000:3000])
    assert np.array_equal(out[5000:7000], track[1000:3000])
    mixer.seek(5000)
    out = mixer.render(6000)[:, 0]
    assert np.array_equal(out[FADE:5000], track[5000 + FADE : 10000])
    assert mixer.state.ended
    mixer.loop(5, 10)  # shorter than two fades: refused
    mixer.play()
    mixer.render(1000)
    assert mixer.state.position == 1000


def test_gain_is_smooth_and_shorter_tracks_end_in_silence() -> None:
    mixer = made(np.ones(9000, np.float32), np.ones(500, np.float32))
    mixer.play()
    mixer.render(1000)
    mixer.gain(0.5)
    out = mixer.render(1000)[:, 0]
    assert np.abs(np.diff(out)).max() < 0.5 / FADE * 1.1
    assert (out[FADE:] == 0.5).all()
    mixer.switch(1)
    assert not mixer.render(1000)[FADE:].any()
    assert mixer.state.playing


def test_mono_goes_to_both_sides() -> None:
    mixer = Mixer(RATE, channels=2)
    mixer.load([np.stack([np.ones(1000), -np.ones(1000)]), np.ones(1000)])
    mixer.play()
    assert (mixer.render(900)[FADE:] == [1, -1]).all()
    mixer.switch(1)
    assert mixer.render(100).shape == (100, 2)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["play", "pause", "seek", "switch", "loop"]), st.integers(0, 4000), st.integers(1, 999)), max_size=25))  # fmt: skip
def test_no_order_of_commands_clicks_or_leaves_the_sound(steps: list[tuple[str, int, int]]) -> None:
    mixer = made(np.ones(5000, np.float32), np.ones(4500, np.float32))
    out = [np.zeros(1, np.float32)]
    for name, value, frames in steps:
        if name == "seek":
            mixer.seek(value)
        elif name == "switch":
            mixer.switch(value % 3)
        elif name == "loop":
            mixer.loop(value, value + 700)
        else:
            getattr(mixer, name)()
        out.append(mixer.render(frames + FADE)[:, 0])
        assert 0 <= mixer.state.position <= mixer.state.length
    sound = np.concatenate(out)
    assert sound.max(initial=0) <= 1 + 1e-6
    assert sound.min(initial=0) >= -1e-6


def test_tracks_can_be_replaced_while_they_play() -> None:
    old, new = ramp(5000), ramp(5000, 0.5)
    mixer = made(old)
    mixer.loop(1000, 4000)
    mixer.play()
    mixer.render(2000)
    mixer.replace([new])
    out = mixer.render(1000)[:, 0]
    assert np.array_equal(out[FADE:], new[2000 + FADE : 3000]), "the same place, the new sound"
    assert np.abs(np.diff(np.concatenate([old[1998:2000], out[:FADE]]))).max() < 0.01, "no click"
    assert mixer.state.playing
    mixer.render(1500)
    assert mixer.state.position == 1500, "the loop goes on"
