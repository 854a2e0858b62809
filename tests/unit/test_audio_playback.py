"""Playback through a real sound server: what a PulseAudio null sink recorded is what the mixer rendered."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from rave_gui.audio import playback
from rave_gui.audio.playback import Player
from rave_gui.errors import UserError

RATE = 44100
needs_pulse = pytest.mark.skipif(
    sys.platform != "linux" or not (shutil.which("pulseaudio") and shutil.which("parec")),
    reason="pulseaudio and parec are not installed",
)


class Server:
    """A private PulseAudio with one null sink, and a recorder of what was played into it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        socket = folder / "native"
        for name, value in (
            ("XDG_RUNTIME_DIR", str(folder)),
            ("PULSE_SERVER", f"unix:{socket}"),
            ("HOME", str(folder)),
        ):
            monkeypatch.setenv(name, value)
        self.process = subprocess.Popen(
            ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--disallow-exit", "--realtime=no",
             "--high-priority=no", "-L", f"module-native-protocol-unix auth-anonymous=1 socket={socket}",
             "-L", f"module-null-sink sink_name=nullout rate={RATE} format=float32le norewinds=1"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.recorder: subprocess.Popen[bytes] | None = None
        self.data = bytearray()
        self._arrived = threading.Condition()

    def ready(self) -> bool:
        """Whether the server answers (asked until it does, while it lives)."""
        while self.process.poll() is None:
            asked = subprocess.run(["pactl", "info"], check=False, capture_output=True, timeout=20)
            if asked.returncode == 0:
                return True
        return False

    def record(self) -> None:
        """Begin to record; returns when the first samples have come."""
        command = ["parec", "-d", "nullout.monitor", "--format=float32le", f"--rate={RATE}", "--channels=1", "--raw", "--latency-msec=20"]  # fmt: skip
        self.recorder = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        threading.Thread(target=self._drain, args=(self.recorder,), daemon=True).start()
        self.wait(lambda data: len(data) > RATE // 10)

    def _drain(self, recorder: subprocess.Popen[bytes]) -> None:
        assert recorder.stdout is not None
        while piece := os.read(recorder.stdout.fileno(), 65536):
            with self._arrived:
                self.data += piece
                self._arrived.notify_all()

    def wait(self, condition: Callable[[np.ndarray], bool]) -> np.ndarray:
        """The recording, once ``condition(samples)`` holds."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: condition(self.samples()), timeout=30), (
                "nothing was recorded"
            )
            return self.samples()

    def samples(self) -> np.ndarray:
        return np.frombuffer(bytes(self.data[: len(self.data) // 4 * 4]), np.float32)

    def end(self) -> None:
        for process in (self.recorder, self.process):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    folder = tmp_path / "pulse"
    folder.mkdir(mode=0o700)
    made = Server(folder, monkeypatch)
    try:
        if not made.ready():
            pytest.skip("pulseaudio does not run here")
        yield made
    finally:
        made.end()


def positions(recording: np.ndarray, sound: np.ndarray, size: int = 1024) -> list[int]:
    """Where each stretch of ``sound`` lies in the recording bit for bit, less its own place; stretches not found are left out."""
    length = 1 << int(np.ceil(np.log2(recording.size + size)))
    spectrum = np.fft.rfft(recording, length)
    found = []
    for start in range(0, sound.size - size, size):
        piece = sound[start : start + size]
        correlation = np.fft.irfft(spectrum * np.conj(np.fft.rfft(piece, length)), length)
        at = int(correlation[: recording.size].argmax())
        if np.array_equal(recording[at : at + size], piece):
            found.append(at - start)
    return found


@needs_pulse
def test_what_is_played_is_what_arrives_and_switching_keeps_time(server: Server) -> None:
    rng = np.random.default_rng(0)
    a = rng.uniform(-0.5, 0.5, RATE).astype(np.float32)
    b = rng.uniform(-0.5, 0.5, RATE).astype(np.float32)
    player = Player(RATE, channels=1)
    try:
        assert any("null" in output.name.lower() for output in playback.outputs())
        server.record()
        player.load([a, b], RATE)
        assert player.state.duration == 1.0
        assert not player.state.playing
        rendered: list[np.ndarray] = []
        render = player.mixer.render

        def spy(frames: int) -> np.ndarray:
            block = render(frames)
            rendered.append(block[:, 0].copy())
            if player.mixer.state.clock > RATE // 3 and player.mixer.state.track == 0:
                player.mixer.switch(1)
            return block

        player.mixer.render = spy  # type: ignore[method-assign]
        player.play()
        server.wait(
            lambda x: np.abs(x).max(initial=0) > 0.1 and x.size > RATE and np.abs(x[-RATE // 4 :]).max() == 0
        )
        assert player.state.ended
        assert not player.state.playing
        assert player.state.track == 1
        assert player.state.position == pytest.approx(1.0)
    finally:
        player.close()
    sent = np.concatenate(rendered)[:RATE]
    fade = player.mixer.fade
    place = int(np.flatnonzero(sent != a)[fade + 1])  # behind the first fade, where the other track begins
    assert np.array_equal(sent[fade : place - 1], a[fade : place - 1])
    assert np.array_equal(sent[place + fade :], b[place + fade :])
    offsets = positions(server.samples(), sent)
    # A loaded machine may starve the server for a moment (it inserts silence: later stretches lie later); none may be altered.
    assert len(offsets) >= 0.75 * (RATE // 1024)
    assert offsets == sorted(offsets)


@needs_pulse
def test_a_lost_device_is_noticed_and_the_place_is_kept(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playback, "LOST_SECONDS", 0.5)
    player = Player(RATE, channels=1)
    try:
        player.load([np.zeros(60 * RATE, np.float32)], RATE, position=20.0)
        player.play()
        asked = threading.Event()
        render = player.mixer.render

        def watched(frames: int) -> np.ndarray:
            asked.set()
            return render(frames)

        player.mixer.render = watched  # type: ignore[method-assign]
        assert asked.wait(20)
        server.end()
        while not (state := player.state).problem:
            assert state.playing
        assert "unplugged" in state.problem
        assert not state.playing
        assert 20.0 <= state.position < 60.0
        with pytest.raises(UserError) as caught:
            player.play()
        assert caught.value.code == "no-audio-output"
        assert player.state.position == pytest.approx(state.position, abs=0.3)
    finally:
        player.close()
        player.close()


def test_without_any_output_there_is_a_clear_message_and_everything_else_works(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import miniaudio

    def nothing(*_: object, **__: object) -> None:
        raise miniaudio.MiniaudioError("no device")

    # The machine that runs this may well have a sound card.
    monkeypatch.setattr(miniaudio, "PlaybackDevice", nothing)
    monkeypatch.setattr(miniaudio, "Devices", nothing)
    player = Player(48000)
    player.load([np.zeros((2, 44100), np.float32)], 44100)
    assert player.state.duration == pytest.approx(1.0)
    player.seek(0.5)
    player.loop(0.1, 0.9)
    player.gain(0.5)
    assert player.state.position == pytest.approx(0.5)
    with pytest.raises(UserError) as caught:
        player.play()
    assert caught.value.code == "no-audio-output"
    assert caught.value.hint
    assert not player.state.playing
    with pytest.raises(UserError):
        playback.outputs()
    player.close()


def test_the_null_backend_is_never_used() -> None:
    import miniaudio

    names = [backend.name for backend in playback._backends(miniaudio)]
    assert "NULL" not in names
    assert {"PULSEAUDIO", "WASAPI", "COREAUDIO"} <= set(names)
