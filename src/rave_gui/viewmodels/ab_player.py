"""Listening: one or more sounds on one time line, one of them heard at a time, switched at the very sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from psygnal import Signal

from rave_gui.viewmodels.sounds import Sound

SHORTEST_LOOP = 0.05
"""Seconds; anything shorter is a click, not a loop."""


@dataclass(frozen=True)
class Track:
    """One sound of the player. ``role``: colour role of the theme (``original``, ``result``, ``success`` …)."""

    key: str
    name: str
    role: str
    source: Path | Sound


class Player(Protocol):
    """What is needed of ``rave_gui.audio.playback``; times in seconds."""

    def play(self) -> None:
        """Start or go on. Raises :class:`UserError` when there is no audio device."""
        ...

    def pause(self) -> None:
        """Hold."""
        ...

    def seek(self, seconds: float) -> None:
        """Go somewhere."""
        ...

    def select(self, index: int) -> None:
        """Hear the sound of that index from now on."""
        ...

    def set_loop(self, start: float | None, stop: float | None = None) -> None:
        """Repeat from ``start`` to ``stop`` (None: the end); ``start`` None plays to the end and stops."""
        ...

    def set_gain(self, gain: float) -> None:
        """Loudness, 1 is as recorded."""
        ...

    def replace(self, found: Sequence[Sound]) -> None:
        """Other sounds on the same time line, going on at the same place."""
        ...

    @property
    def position(self) -> float:
        """What is heard now."""
        ...

    @property
    def playing(self) -> bool:
        """Whether sound comes out."""
        ...

    @property
    def problem(self) -> str:
        """A sentence when the device was lost; empty otherwise."""
        ...

    def close(self) -> None:
        """Give the device back."""
        ...


class PlayerModel:
    """State of the player. ``changed`` fires for everything but the moving position."""

    changed = Signal()

    def __init__(self) -> None:
        self.keys: tuple[str, ...] = ()
        self.heard = ""
        self.seconds = 0.0
        self.position = 0.0
        self.playing = False
        self.loop = True
        self.region: tuple[float, float] | None = None
        """The stretch that is repeated while :attr:`loop` is on; None: all of it."""
        self.gain = 1.0
        self.problem: tuple[str, str] | None = None
        """Message and hint: no device, unreadable file."""
        self.player: Player | None = None
        self._before = ""

    @property
    def ready(self) -> bool:
        """Whether there is something to hear."""
        return self.seconds > 0

    def set_sounds(self, keys: Sequence[str], seconds: float, *, keep: bool = False) -> None:
        """Sounds are there. ``keep`` leaves place, loop and what is heard as they are, as far as they fit."""
        heard = self.heard
        self.keys, self.seconds, self.problem = tuple(keys), seconds, None
        if heard not in self.keys or not keep:
            self.heard = self.keys[0] if self.keys else ""
        if self._before not in self.keys or self._before == self.heard:
            self._before = next((key for key in self.keys if key != self.heard), "")
        if not keep:
            self.position, self.region = 0.0, None
        self.position = min(self.position, seconds)
        if self.region is not None and self.region[1] > seconds:
            self.region = None
        if self.player is not None and keep:
            self._tell()
        self.changed.emit()

    def set_problem(self, message: str, hint: str) -> None:
        """Nothing can be heard, and why."""
        self.problem, self.playing = (message, hint), False
        self.changed.emit()

    def set_player(self, player: Player | None) -> None:
        """Use this player from now on (the old one is closed)."""
        if self.player is not None:
            self.player.close()
        self.player = player
        if player is None:
            self.playing = False
            return
        self._tell()
        player.seek(self.position)

    def toggle(self) -> None:
        """Play or pause. Raises what the player raises."""
        if self.player is None or not self.ready:
            return
        if self.player.playing:
            self.player.pause()
        else:
            if self.loop and self.region is not None and not self._inside(self.position):
                self.player.seek(self.region[0])
            elif self.position >= self.seconds - 0.01:
                self.player.seek(0.0)
            self.player.play()
        self.problem = None
        self.poll()
        self.changed.emit()

    def hear(self, key: str) -> None:
        """Switch to one of the sounds, at the same place."""
        if key in self.keys and key != self.heard:
            self._before, self.heard = self.heard, key
            if self.player is not None:
                self.player.select(self.keys.index(key))
            self.changed.emit()

    def swap(self) -> None:
        """The one that was heard before."""
        self.hear(self._before)

    def seek(self, seconds: float) -> None:
        """Go to a place."""
        self.position = min(max(seconds, 0.0), self.seconds)
        if self.player is not None:
            self.player.seek(self.position)
        self.changed.emit()

    def set_loop(self, on: bool) -> None:
        """Begin again at the end, or stop there."""
        self.loop = on
        self._tell_loop()
        self.changed.emit()

    def set_region(self, start: float, stop: float) -> None:
        """Repeat this stretch from now on; one that is too short is no stretch."""
        low, high = max(0.0, min(start, stop)), min(self.seconds, max(start, stop))
        if high - low < SHORTEST_LOOP:
            return
        self.region, self.loop = (low, high), True
        self._tell_loop()
        if not self._inside(self.position):
            self.seek(low)
        self.changed.emit()

    def mark(self, *, start: bool) -> None:
        """Let the repeated stretch begin (or end) at the present place."""
        low, high = self.region or (0.0, self.seconds)
        if start:
            self.set_region(self.position, high if high > self.position else self.seconds)
        else:
            self.set_region(low if low < self.position else 0.0, self.position)

    def clear_region(self) -> None:
        """Repeat all of it again."""
        if self.region is not None:
            self.region = None
            self._tell_loop()
            self.changed.emit()

    def set_gain(self, gain: float) -> None:
        """Loudness, 0 to 2."""
        self.gain = min(2.0, max(0.0, gain))
        if self.player is not None:
            self.player.set_gain(self.gain)
        self.changed.emit()

    def poll(self) -> bool:
        """Take over where the player is; True when it started or stopped since."""
        if self.player is None:
            return False
        before, self.playing = self.playing, self.player.playing
        if self.playing or before:
            self.position = self.player.position
        if before and not self.playing and self.player.problem:
            self.problem = (self.player.problem, "")
        if before != self.playing:
            self.changed.emit()
        return before != self.playing

    def _inside(self, seconds: float) -> bool:
        return self.region is not None and self.region[0] <= seconds < self.region[1] - 0.01

    def _tell(self) -> None:
        if self.player is None:
            return
        self._tell_loop()
        self.player.set_gain(self.gain)
        if self.heard in self.keys:
            self.player.select(self.keys.index(self.heard))

    def _tell_loop(self) -> None:
        if self.player is None:
            return
        if not self.loop:
            self.player.set_loop(None)
        elif self.region is not None:
            self.player.set_loop(*self.region)
        else:
            self.player.set_loop(0.0)
