"""Sound files for the eye and the ear."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rave_gui.errors import UserError
from rave_gui.viewmodels.listen import Player

BUCKETS = 2000


@dataclass(frozen=True)
class Peaks:
    """Envelope of one sound: (lowest, highest) of equal slices, -1 to 1, and its length."""

    pairs: list[tuple[float, float]]
    seconds: float


def peaks(path: Path) -> Peaks:
    """Envelope of a sound file, all channels together. Raises :class:`UserError` when it cannot be read."""
    import numpy as np

    from rave_gui.audio.peaks import envelope

    audio, rate = _read(path)
    if not audio.shape[1]:
        return Peaks([], 0.0)
    low = np.min([envelope(channel, BUCKETS)[0] for channel in audio], axis=0)
    high = np.max([envelope(channel, BUCKETS)[1] for channel in audio], axis=0)
    return Peaks(list(zip(low.tolist(), high.tolist(), strict=True)), audio.shape[1] / rate)


def open_player(files: tuple[Path, ...]) -> Player:
    """A player of sound files in sync. Opens no device yet. Raises :class:`UserError` for an unreadable file."""
    from rave_gui.audio import playback

    sounds = [_read(path) for path in files]
    rate = sounds[0][1]
    player = playback.Player(rate, max(audio.shape[0] for audio, _ in sounds))
    player.load([audio for audio, _ in sounds], rate)
    return SyncPlayer(player)


class SyncPlayer:
    """:class:`rave_gui.audio.playback.Player` with the few words that listening needs."""

    def __init__(self, player: Any) -> None:
        self._player = player

    def play(self) -> None:
        """See :class:`~rave_gui.viewmodels.listen.Player`."""
        self._player.play()

    def pause(self) -> None:
        """See :class:`~rave_gui.viewmodels.listen.Player`."""
        self._player.pause()

    def seek(self, seconds: float) -> None:
        """See :class:`~rave_gui.viewmodels.listen.Player`."""
        self._player.seek(seconds)

    def select(self, index: int) -> None:
        """See :class:`~rave_gui.viewmodels.listen.Player`."""
        self._player.switch(index)

    def set_loop(self, on: bool) -> None:
        """See :class:`~rave_gui.viewmodels.listen.Player`."""
        self._player.loop(*((0.0, self._player.state.duration) if on else (None, None)))

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


def _read(path: Path) -> tuple[Any, int]:
    """Samples [channels, n] as float32 and the rate. Raises :class:`UserError` when the file cannot be read."""
    import soundfile

    try:
        audio, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise UserError(
            f"The sound {path.name} cannot be read.",
            "It may have been moved or deleted: make the reconstruction again.",
            str(error),
            code="unreadable",
        ) from error
    return audio.T, int(rate)
