"""Sound files for the eye and the ear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.errors import UserError
from rave_gui.i18n import tr

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from rave_gui.viewmodels.ab_player import Player

    Floats = npt.NDArray[np.float32]

BUCKETS = 4000
LONGEST = 30 * 60
"""Seconds of a sound that is held in memory for listening; longer ones are heard up to there."""


@dataclass(frozen=True, eq=False)
class Sound:
    """Samples to be heard: float32 [channels, n] at ``rate`` hertz."""

    audio: Floats
    rate: int
    cut: bool = False
    """Only the first :data:`LONGEST` seconds of a longer file."""

    @property
    def seconds(self) -> float:
        """Length."""
        return float(self.audio.shape[1]) / self.rate if self.rate else 0.0


@dataclass(frozen=True, eq=False)
class Peaks:
    """Envelope of one sound, all channels together: lows and highs of equal slices, float32 [slices], and its length in seconds."""

    low: Floats
    high: Floats
    seconds: float


def load(source: Path | Sound) -> Sound:
    """The samples of a file (or what was given). Raises :class:`UserError` ``unreadable`` when it cannot be read."""
    if isinstance(source, Sound):
        return source
    import soundfile

    try:
        with soundfile.SoundFile(str(source)) as file:
            rate = int(file.samplerate)
            most = LONGEST * rate
            audio = file.read(min(file.frames, most), dtype="float32", always_2d=True)
            return Sound(audio.T, rate, file.frames > most)
    except (soundfile.LibsndfileError, OSError) as error:
        return _decoded(source, error)


def _decoded(path: Path, first: Exception) -> Sound:
    """Formats that libsndfile does not know (m4a, video) go through the application's own decoder."""
    from rave_gui.audio.wav import read

    if path.is_file():
        try:
            return Sound(*read(path))
        except UserError as error:
            raise UserError(
                tr("The sound {name} cannot be read.", name=path.name),
                tr("It may be damaged: try another file."),
                f"{first}\n{error.message}",
                code="unreadable",
            ) from error
    raise UserError(
        tr("The sound {name} is not there any more.", name=path.name),
        tr("It was moved or deleted. Choose another one, or make it again."),
        str(first),
        code="unreadable",
    ) from first


def envelope(sound: Sound, buckets: int = BUCKETS) -> Peaks:
    """Envelope of a sound."""
    import numpy as np

    from rave_gui.audio.peaks import envelope as of_channel

    if not sound.audio.shape[1]:
        nothing = np.zeros(0, np.float32)
        return Peaks(nothing, nothing, 0.0)
    pairs = [of_channel(channel, buckets) for channel in sound.audio]
    return Peaks(
        np.min([low for low, _ in pairs], axis=0), np.max([high for _, high in pairs], axis=0), sound.seconds
    )


def open_player(found: Sequence[Sound]) -> Player:
    """A player of sounds in sync, at the rate of the first; others are converted. Opens no device yet."""
    from rave_gui.audio import playback

    rate = found[0].rate
    player = playback.Player(rate, max(2, *(sound.audio.shape[0] for sound in found)))
    player.load([converted(sound, rate) for sound in found], rate)
    return SyncPlayer(player)


def converted(sound: Sound, rate: int) -> Floats:
    """The samples at another rate."""
    if sound.rate == rate or not sound.audio.shape[1]:
        return sound.audio
    import numpy as np
    import soxr

    out: Floats = soxr.resample(np.ascontiguousarray(sound.audio.T), sound.rate, rate, quality="HQ").T
    return out


class SyncPlayer:
    """:class:`rave_gui.audio.playback.Player` with the few words that listening needs."""

    def __init__(self, player: Any) -> None:
        self._player = player

    def play(self) -> None:
        """See :class:`~rave_gui.viewmodels.ab_player.Player`."""
        self._player.play()

    def pause(self) -> None:
        """See :class:`~rave_gui.viewmodels.ab_player.Player`."""
        self._player.pause()

    def seek(self, seconds: float) -> None:
        """See :class:`~rave_gui.viewmodels.ab_player.Player`."""
        self._player.seek(seconds)

    def select(self, index: int) -> None:
        """See :class:`~rave_gui.viewmodels.ab_player.Player`."""
        self._player.switch(index)

    def set_loop(self, start: float | None, stop: float | None = None) -> None:
        """See :class:`~rave_gui.viewmodels.ab_player.Player`."""
        if start is None:
            self._player.loop(None)
        else:
            self._player.loop(start, self._player.state.duration if stop is None else stop)

    def set_gain(self, gain: float) -> None:
        """See :class:`~rave_gui.viewmodels.ab_player.Player`."""
        self._player.gain(gain)

    def replace(self, found: Sequence[Sound]) -> None:
        """See :class:`~rave_gui.viewmodels.ab_player.Player`."""
        rate = self._player.sample_rate
        self._player.replace([converted(sound, rate) for sound in found], rate)

    @property
    def position(self) -> float:
        """Seconds."""
        return float(self._player.state.position)

    @property
    def playing(self) -> bool:
        """Whether sound comes out."""
        return bool(self._player.state.playing)

    @property
    def problem(self) -> str:
        """A sentence when the device was lost."""
        return str(self._player.state.problem)

    def close(self) -> None:
        """Give the device back."""
        self._player.close()
