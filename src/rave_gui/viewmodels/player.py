"""Playing one sound, or a few of the same length in turn: where it is, what is heard, what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from rave_gui.errors import UserError
from rave_gui.i18n import tr

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

BUCKETS = 2000
"""Points of an envelope: more than a wide screen has pixels for."""
PREVIEW_SECONDS = 300.0
"""Of a longer recording, so much is decoded for listening: five stereo minutes are 106 MB."""


@dataclass(frozen=True)
class Sound:
    """Tracks that share one time line, and their pictures."""

    tracks: list[Floats]
    """One array [channels, samples] a lane, -1 to 1."""
    sample_rate: int
    whole: float = 0.0
    """Seconds of the recording when only its beginning is here; 0 when all of it is."""
    peaks: list[list[tuple[float, float]]] = field(default_factory=list)
    """One envelope a lane: (lowest, highest) of equal slices, all channels together."""

    @property
    def seconds(self) -> float:
        """Length of the longest track."""
        return max((track.shape[1] for track in self.tracks), default=0) / self.sample_rate


def make_sound(tracks: Sequence[Any], sample_rate: int, whole: float = 0.0) -> Sound:
    """A sound with its envelopes; ``tracks`` are float arrays [channels, samples]."""
    return Sound(list(tracks), sample_rate, whole, [_peaks(track) for track in tracks])


def _peaks(audio: Any) -> list[tuple[float, float]]:
    import numpy as np

    from rave_gui.audio.peaks import envelope

    if not audio.shape[1]:
        return []
    pairs = [envelope(channel, BUCKETS) for channel in audio]
    low, high = np.min([p[0] for p in pairs], axis=0), np.max([p[1] for p in pairs], axis=0)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def from_file(
    path: Path, stopped: Callable[[], bool] = lambda: False, limit: float = PREVIEW_SECONDS
) -> Sound:
    """Decode a recording of any kind, at its own rate, at most its first ``limit`` seconds and two channels.

    Raises :class:`UserError` (``unreadable``) when there is nothing to hear.
    """
    import numpy as np

    from rave_gui.audio.decode import Decoder, probe
    from rave_gui.audio.problems import AudioProblem

    info = probe(path)
    if isinstance(info, AudioProblem):
        raise _unreadable(path, info.reason)
    decoder = Decoder(path, info.sample_rate, min(2, info.channels))
    blocks: list[Any] = []
    wanted = int(limit * info.sample_rate)
    for block in decoder.blocks():
        blocks.append(block)
        if decoder.samples >= wanted or stopped():
            break
    if not blocks:
        raise _unreadable(path, decoder.problem.reason if decoder.problem else tr("it holds no sound"))
    audio = np.concatenate(blocks, axis=1)[:, :wanted]
    cut = decoder.samples >= wanted and info.duration is not None and info.duration > limit
    return make_sound([audio], info.sample_rate, info.duration or 0.0 if cut else 0.0)


def _unreadable(path: Path, reason: str) -> UserError:
    return UserError(
        tr("“{name}” cannot be played: {reason}", name=path.name, reason=reason), code="unreadable"
    )


class PlayerModel:
    """State of a player. ``changed`` fires for everything but the moving position."""

    changed = Signal()

    def __init__(self, lanes: Sequence[str] = ("sound",)) -> None:
        self.lanes = tuple(lanes)
        self.heard = self.lanes[0]
        self.sound: Sound | None = None
        self.position = 0.0
        self.playing = False
        self.loop = False
        self.problem: tuple[str, str] | None = None
        """Message and hint: no device, unreadable file."""
        self.make_player: Callable[[int, int], Any] = _make_player
        """Sample rate and channels to a ``audio.playback.Player``; tests put their own here."""
        self._player: Any = None

    @property
    def ready(self) -> bool:
        """Whether there is something to hear."""
        return self.sound is not None and self.sound.seconds > 0

    @property
    def seconds(self) -> float:
        """Length of what can be heard."""
        return self.sound.seconds if self.sound is not None else 0.0

    def set_sound(self, sound: Sound | None) -> None:
        """Another sound, or none; playback stops and starts from the beginning."""
        self.release()
        self.sound, self.position, self.problem = sound, 0.0, None
        self.changed.emit()

    def set_problem(self, message: str, hint: str) -> None:
        """Nothing can be heard, and why."""
        self.problem, self.playing = (message, hint), False
        self.changed.emit()

    def toggle(self) -> None:
        """Play or pause; opens the audio device at the first time."""
        if self.playing:
            self._player.pause()
            self.poll()
        else:
            self.play()

    def play(self) -> None:
        """Play from where it is (from the start when it is at its end). A missing device becomes :attr:`problem`."""
        if self.sound is None or not self.ready:
            return
        try:
            if self._player is None:
                self._player = self._made(self.sound)
            if self.position >= self.seconds - 0.01:
                self._player.seek(0.0)
            self._player.play()
        except UserError as error:
            self.set_problem(error.message, error.hint)
            return
        self.problem = None
        self.poll()
        self.changed.emit()

    def stop(self) -> None:
        """Stop and go to the start."""
        if self._player is not None:
            self._player.stop()
        self.poll()
        self.position = 0.0
        self.changed.emit()

    def seek(self, seconds: float) -> None:
        """Go to a place; goes on playing there."""
        self.position = min(max(seconds, 0.0), self.seconds)
        if self._player is not None:
            self._player.seek(self.position)
        self.changed.emit()

    def hear(self, lane: str) -> None:
        """Switch to another track, at the same place."""
        if lane in self.lanes and lane != self.heard:
            self.heard = lane
            if self._player is not None:
                self._player.switch(self._track())
            self.changed.emit()

    def swap(self) -> None:
        """The next track."""
        self.hear(self.lanes[(self.lanes.index(self.heard) + 1) % len(self.lanes)])

    def set_loop(self, on: bool) -> None:
        """Begin again at the end, or stop there."""
        self.loop = on
        if self._player is not None:
            self._player.loop(*((0.0, self.seconds) if on else (None, None)))
        self.changed.emit()

    def release(self) -> None:
        """Stop and give the device back."""
        if self._player is not None:
            self._player.close()
            self._player = None
        if self.playing:
            self.playing = False
            self.changed.emit()

    def poll(self) -> bool:
        """Take over where the player is; True when it started or stopped since."""
        if self._player is None:
            return False
        state = self._player.state
        before, self.playing = self.playing, bool(state.playing)
        if self.playing or before:
            self.position = self.seconds if state.ended else float(state.position)
        if before and not self.playing and state.problem:
            self.problem = (str(state.problem), "")
        if before != self.playing:
            self.changed.emit()
        return before != self.playing

    def _track(self) -> int:
        tracks = len(self.sound.tracks) if self.sound is not None else 1
        return min(self.lanes.index(self.heard), tracks - 1)

    def _made(self, sound: Sound) -> Any:
        channels = max(track.shape[0] for track in sound.tracks)
        player = self.make_player(sound.sample_rate, channels)
        player.load(sound.tracks, sound.sample_rate)
        player.switch(self._track())
        player.seek(self.position)
        if self.loop:
            player.loop(0.0, self.seconds)
        return player


def _make_player(sample_rate: int, channels: int) -> Any:
    from rave_gui.audio.playback import Player

    return Player(sample_rate, channels)
