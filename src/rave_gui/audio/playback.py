"""Playing sound through the system's audio output (miniaudio), with everything that happens decided by our own mixer.

Free of Qt. The window polls :attr:`Player.state` from a timer; nothing calls back into it. Decision record 0005.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rave_gui.audio.mixer import Mixer
from rave_gui.errors import UserError
from rave_gui.i18n import tr

BUFFER_MS = 100
"""20 ms glitched in trials on a loaded machine, 50 to 200 ms did not (decision 0005)."""
LOST_SECONDS = 1.5
"""A device that asks for no sound for so long while it should is gone (unplugged, or its server ended)."""

IDLE_SECONDS = 5.0
"""A device that has nothing to play is let go after this time, so that the system can sleep and others can have it."""


@dataclass(frozen=True)
class Output:
    """One audio output. ``id`` is the system's handle, valid while the program runs."""

    name: str
    id: Any = None


@dataclass(frozen=True)
class PlayerState:
    """Where playback is. Times in seconds."""

    position: float = 0.0
    """What is being heard now: what was handed to the device less its buffer."""
    duration: float = 0.0
    track: int = 0
    playing: bool = False
    ended: bool = False
    problem: str = ""
    """A sentence when the device was lost; :meth:`Player.reopen` tries again, the position is kept."""


def outputs() -> list[Output]:
    """The system's audio outputs. Raises :class:`UserError` (``no-audio-output``) when there is none at all."""
    miniaudio = _miniaudio()
    try:
        devices = miniaudio.Devices(_backends(miniaudio)).get_playbacks()
    except miniaudio.MiniaudioError as error:
        raise _no_output(str(error)) from None
    if not devices:
        raise _no_output("the system lists no playback device")
    return [Output(device["name"], device["id"]) for device in devices]


class Player:
    """Plays tracks in sync on one output; loading, playing, seeking and switching never click and never block.

    The device is opened on the first :meth:`play`, so a player can be made where there is no audio at all; that call then raises
    :class:`UserError` (``no-audio-output``). Close it before the program ends.
    """

    def __init__(self, sample_rate: int = 44100, channels: int = 2, output: Output | None = None) -> None:
        self.sample_rate = sample_rate
        self.mixer = Mixer(sample_rate, channels)
        self._output = output
        self._device: Any = None
        self._lock = threading.Lock()
        self._asked = 0.0
        self._wanted = False
        self._idle_since: float | None = None
        self._problem = ""
        self._closed = False

    def load(
        self, tracks: Sequence[npt.NDArray[np.floating]], sample_rate: int, position: float = 0.0
    ) -> None:
        """Take tracks (float [channels, n] or [n], one rate for all) that share one time line; playback stops.

        Another rate than the player's is converted here, which takes a moment for long sounds.
        """
        ready = [self._converted(np.atleast_2d(track), sample_rate) for track in tracks]
        self._wanted = False
        self.mixer.load(ready, round(position * self.sample_rate))
        self._settle()

    def replace(self, tracks: Sequence[npt.NDArray[np.floating]], sample_rate: int) -> None:
        """Other tracks on the same time line, as in :meth:`load`; what plays goes on at the same place."""
        self.mixer.replace([self._converted(np.atleast_2d(track), sample_rate) for track in tracks])
        self._settle()

    def _converted(self, track: npt.NDArray[np.floating], rate: int) -> npt.NDArray[np.float32]:
        data = np.asarray(track, np.float32)
        if rate == self.sample_rate or not data.shape[1]:
            return data
        import soxr

        out: npt.NDArray[np.float32] = soxr.resample(
            np.ascontiguousarray(data.T), rate, self.sample_rate, quality="HQ"
        ).T
        return out

    def play(self) -> None:
        """Start, or go on. Raises :class:`UserError` (``no-audio-output``) when no output can be opened."""
        # Before the device opens: it asks for its first blocks at once, and they should be sound.
        self.mixer.play()
        try:
            self._open()
        except UserError:
            self.mixer.pause()
            self._settle()
            raise
        self._asked = time.monotonic()
        self._wanted = True

    def pause(self) -> None:
        """Stop with a short fade and keep the position."""
        self._wanted = False
        self.mixer.pause()
        self._settle()

    def stop(self) -> None:
        """Stop and go to the start."""
        self._wanted = False
        self.mixer.pause()
        self.mixer.seek(0)
        self._settle()

    def seek(self, seconds: float) -> None:
        """Go to a time, playing on if it was playing."""
        self.mixer.seek(round(seconds * self.sample_rate))
        self._settle()

    def switch(self, track: int) -> None:
        """Hear another track at the same time (5 ms crossfade)."""
        self.mixer.switch(track)
        self._settle()

    def loop(self, start: float | None, stop: float | None = None) -> None:
        """Repeat a stretch (seconds); None ends it."""
        if start is None or stop is None:
            self.mixer.loop(None)
        else:
            self.mixer.loop(round(start * self.sample_rate), round(stop * self.sample_rate))
        self._settle()

    def gain(self, value: float) -> None:
        """Loudness, 0 silent, 1 as recorded."""
        self.mixer.gain(value)
        self._settle()

    @property
    def state(self) -> PlayerState:
        """Where playback is; cheap, call it from a timer. Also notices a device that has gone."""
        mixer = self.mixer.state
        if self._wanted and mixer.ended:
            self._wanted = False
        if self._wanted and self._device is not None and time.monotonic() - self._asked > LOST_SECONDS:
            self._lose()
            mixer = self.mixer.state
        if self._wanted:
            self._idle_since = None
        elif self._device is not None:
            now = time.monotonic()
            self._idle_since = self._idle_since or now
            if now - self._idle_since > IDLE_SECONDS:
                self._release()
        delay = BUFFER_MS / 1000 * self.sample_rate if mixer.playing else 0
        position = max(0.0, mixer.position - delay) / self.sample_rate
        return PlayerState(
            position,
            mixer.length / self.sample_rate,
            mixer.track,
            self._wanted,
            mixer.ended,
            self._problem,
        )

    def reopen(self, output: Output | None = None) -> None:
        """Open the output again after it was lost, or another one; goes on playing if it was.

        Raises :class:`UserError` (``no-audio-output``).
        """
        playing = self._wanted
        self._release()
        self._output = output or self._output
        self._problem = ""
        if playing:
            self.play()

    def close(self) -> None:
        """Let the device go. Safe to call twice."""
        self._closed = True
        self._wanted = False
        self._release()

    def _settle(self) -> None:
        """Without a running device nobody asks the mixer for sound: let it take its commands here, so that the state is true."""
        if self._device is None:
            with self._lock:
                self.mixer.render(0)

    def _lose(self) -> None:
        self._problem = "The audio output has gone: it was unplugged or switched off. Connect it or choose another, then press play."
        self._wanted = False
        self._release()
        self.mixer.pause()
        self._settle()

    def _open(self) -> None:
        if self._device is not None or self._closed:
            return
        miniaudio = _miniaudio()
        try:
            device = miniaudio.PlaybackDevice(
                output_format=miniaudio.SampleFormat.FLOAT32,
                nchannels=self.mixer.channels,
                sample_rate=self.sample_rate,
                buffersize_msec=BUFFER_MS,
                device_id=self._output.id if self._output else None,
                backends=_backends(miniaudio),
                app_name="RAVE GUI",
            )
            source = self._source()
            next(source)
            device.start(source)
        except miniaudio.MiniaudioError as error:
            raise _no_output(str(error)) from None
        self._device = device
        self._problem = ""

    def _release(self) -> None:
        device, self._device = self._device, None
        if device is not None:
            # Closing a device whose server is gone can take long; nobody should wait for it.
            closing = threading.Thread(target=device.close, name="audio-close", daemon=True)
            closing.start()
            closing.join(timeout=1.0)

    def _source(self) -> Generator[bytes | npt.NDArray[np.float32], int, None]:
        frames = yield b""
        while True:
            self._asked = time.monotonic()
            with self._lock:
                block = self.mixer.render(frames)
            np.clip(block, -1.0, 1.0, out=block)
            frames = yield block


def _miniaudio() -> Any:
    try:
        import miniaudio
    except ImportError as error:
        raise UserError(
            tr(
                "This system has no audio output that the program can use: the miniaudio package is not "
                "available for it."
            ),
            tr("Everything except listening works; open the sound files in another player."),
            str(error),
            code="no-audio-output",
        ) from None
    return miniaudio


def _backends(miniaudio: Any) -> list[Any]:
    """Every backend but the null one, which would swallow the sound and pretend."""
    return [backend for backend in miniaudio.Backend if backend.name not in ("NULL", "CUSTOM", "WEBAUDIO")]


def _no_output(details: str) -> UserError:
    return UserError(
        tr("No audio output could be opened: there is no sound card, or its sound server is not running."),
        tr(
            "Connect headphones or speakers, start the sound server, then try again. Sound files can be "
            "opened in other programs."
        ),
        details,
        code="no-audio-output",
    )
