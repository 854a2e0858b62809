"""A sample-clocked mixer: several tracks in sync, one heard at a time, every change without a click.

Knows no device: whoever owns the clock asks for the next block. Commands come from other threads through a queue and take
effect at the start of a block, so the sound depends only on the commands and the blocks at which they arrived.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
FADE_SECONDS = 0.005


@dataclass(frozen=True)
class _Load:
    tracks: tuple[Floats, ...]
    position: int


@dataclass(frozen=True)
class _Replace:
    tracks: tuple[Floats, ...]


@dataclass(frozen=True)
class _Play:
    on: bool


@dataclass(frozen=True)
class _Seek:
    position: int


@dataclass(frozen=True)
class _Switch:
    track: int


@dataclass(frozen=True)
class _Loop:
    span: tuple[int, int] | None


@dataclass(frozen=True)
class _Gain:
    value: float


_Command = _Load | _Replace | _Play | _Seek | _Switch | _Loop | _Gain


@dataclass(frozen=True)
class MixerState:
    """A consistent picture of the mixer after the last block; positions in samples."""

    position: int = 0
    length: int = 0
    track: int = 0
    playing: bool = False
    ended: bool = False
    """Playback ran into the end (not paused by somebody)."""
    clock: int = 0
    """Samples rendered since the mixer was made."""


class Mixer:
    """Renders float32 [n, channels] blocks at ``sample_rate``. Tracks are float32 [samples, channels], all at position 0 together."""

    def __init__(self, sample_rate: int, channels: int = 2) -> None:
        self.sample_rate = sample_rate
        self.channels = channels
        self.fade = max(1, round(FADE_SECONDS * sample_rate))
        self.state = MixerState()
        self._commands: deque[_Command] = deque()
        self._tracks: tuple[Floats, ...] = ()
        self._length = 0
        self._position = 0
        self._track = 0
        self._playing = False
        self._ended = False
        self._loop: tuple[int, int] | None = None
        self._gain = 1.0
        self._heard_gain = 1.0
        self._clock = 0

    # From any thread.

    def load(self, tracks: Sequence[npt.NDArray[np.floating]], position: int = 0) -> None:
        """Replace the tracks: each [channels, n] or [n]; one channel goes to all, surplus ones are dropped. Playback stops."""
        self._commands.append(_Load(tuple(self._interleave(track) for track in tracks), position))

    def replace(self, tracks: Sequence[npt.NDArray[np.floating]]) -> None:
        """Other tracks on the same time line (as in :meth:`load`): place, loop and playback go on, across a short fade."""
        self._commands.append(_Replace(tuple(self._interleave(track) for track in tracks)))

    def play(self) -> None:
        """Go on from the present position, or from the start after the end."""
        self._commands.append(_Play(True))

    def pause(self) -> None:
        """Stop and keep the position."""
        self._commands.append(_Play(False))

    def seek(self, position: int) -> None:
        """Go to a sample; outside the sound: to its nearest end."""
        self._commands.append(_Seek(position))

    def switch(self, track: int) -> None:
        """Hear another track, at the same position."""
        self._commands.append(_Switch(track))

    def loop(self, start: int | None, stop: int | None = None) -> None:
        """Repeat the samples ``start`` to ``stop``; None ends it."""
        self._commands.append(_Loop(None if start is None or stop is None else (start, stop)))

    def gain(self, value: float) -> None:
        """Loudness, 1 is as recorded."""
        self._commands.append(_Gain(value))

    def _interleave(self, track: npt.NDArray[np.floating]) -> Floats:
        planar = np.atleast_2d(np.asarray(track, np.float32))
        return np.ascontiguousarray(planar[[min(i, planar.shape[0] - 1) for i in range(self.channels)]].T)

    # From the thread that owns the clock.

    def render(self, frames: int) -> Floats:
        """The next ``frames`` samples, [frames, channels]."""
        track, position = self._voice()
        self._apply()
        new_track, new_position = self._voice()
        changed = track is not new_track or (track is not None and position != new_position)
        out = self._read(frames)
        if changed:
            n = min(frames, self.fade)
            ramp = np.linspace(0, 1, n, endpoint=False, dtype=np.float32)[:, None]
            out[:n] *= ramp
            if track is not None:
                tail = track[position : position + n]
                out[: tail.shape[0]] += tail * (1 - ramp[: tail.shape[0]])
        if self._gain != self._heard_gain:
            n = min(frames, self.fade)
            out[:n] *= np.linspace(self._heard_gain, self._gain, n, dtype=np.float32)[:, None]
            out[n:] *= np.float32(self._gain)
            self._heard_gain = self._gain
        elif self._gain != 1.0:
            out *= np.float32(self._gain)
        self._clock += frames
        self.state = MixerState(
            self._position, self._length, self._track, self._playing, self._ended, self._clock
        )
        return out

    def _voice(self) -> tuple[Floats | None, int]:
        """The track that is heard (None: silence) and from where."""
        if not self._playing or not self._tracks:
            return None, 0
        return self._tracks[self._track], self._position

    def _apply(self) -> None:
        while self._commands:
            match self._commands.popleft():
                case _Load(tracks, position):
                    self._tracks = tracks
                    self._length = max((track.shape[0] for track in tracks), default=0)
                    self._position = min(max(0, position), self._length)
                    self._track = min(self._track, max(0, len(tracks) - 1))
                    self._playing, self._ended, self._loop = False, False, None
                case _Replace(tracks):
                    self._tracks = tracks
                    self._length = max((track.shape[0] for track in tracks), default=0)
                    self._track = min(self._track, max(0, len(tracks) - 1))
                    self._position = min(self._position, self._length)
                    self._playing = self._playing and self._position < self._length
                    if self._loop is not None:
                        self._loop = self._sound_loop(self._loop)
                case _Play(on):
                    if on and self._position >= self._length:
                        self._position = 0
                    self._playing, self._ended = on and self._length > 0, False
                case _Seek(position):
                    self._position, self._ended = min(max(0, position), self._length), False
                case _Switch(track):
                    if 0 <= track < len(self._tracks):
                        self._track = track
                case _Loop(span):
                    self._loop = self._sound_loop(span)
                case _Gain(value):
                    self._gain = max(0.0, value)

    def _sound_loop(self, span: tuple[int, int] | None) -> tuple[int, int] | None:
        if span is None:
            return None
        start, stop = max(0, min(span)), min(self._length, max(span))
        return (start, stop) if stop - start >= 2 * self.fade else None

    def _read(self, frames: int) -> Floats:
        """Samples of the present track from the present position; moves the position and notices the end."""
        out = np.zeros((frames, self.channels), np.float32)
        track, _ = self._voice()
        if track is None:
            return out
        at = 0
        while at < frames:
            inside = self._loop is not None and self._position < self._loop[1]
            end = self._loop[1] if self._loop is not None and inside else self._length
            n = min(frames - at, end - self._position)
            piece = track[self._position : self._position + n]
            out[at : at + piece.shape[0]] = piece
            at += n
            self._position += n
            if self._position >= end:
                if self._loop is not None and inside:
                    self._position = self._loop[0]
                else:
                    self._playing, self._ended = False, True
                    break
        return out
