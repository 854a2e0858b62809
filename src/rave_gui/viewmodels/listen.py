"""Listening: two sounds of the same length, heard in turn at the same place."""

from __future__ import annotations

from typing import Protocol

from psygnal import Signal

KEYS = ("original", "reconstruction")


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

    def set_loop(self, on: bool) -> None:
        """Begin again at the end."""
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


class ListenModel:
    """State of the A/B player. ``changed`` fires for everything but the moving position."""

    changed = Signal()

    def __init__(self) -> None:
        self.heard = KEYS[0]
        self.seconds = 0.0
        self.position = 0.0
        self.playing = False
        self.loop = True
        self.problem: tuple[str, str] | None = None
        """Message and hint: no device, unreadable file."""
        self.player: Player | None = None

    @property
    def ready(self) -> bool:
        """Whether there is something to hear."""
        return self.seconds > 0

    def set_sounds(self, seconds: float) -> None:
        """Both sounds are there."""
        self.seconds, self.position, self.problem = seconds, 0.0, None
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
        if player is not None:
            player.set_loop(self.loop)
            player.select(KEYS.index(self.heard))
            player.seek(self.position)

    def toggle(self) -> None:
        """Play or pause. Raises what the player raises."""
        if self.player is None or not self.ready:
            return
        if self.player.playing:
            self.player.pause()
        else:
            if self.position >= self.seconds - 0.01:
                self.player.seek(0.0)
            self.player.play()
        self.problem = None
        self.poll()
        self.changed.emit()

    def hear(self, key: str) -> None:
        """Switch to one of the two sounds, at the same place."""
        if key in KEYS and key != self.heard:
            self.heard = key
            if self.player is not None:
                self.player.select(KEYS.index(key))
            self.changed.emit()

    def swap(self) -> None:
        """The other one."""
        self.hear(KEYS[1 - KEYS.index(self.heard)])

    def seek(self, seconds: float) -> None:
        """Go to a place."""
        self.position = min(max(seconds, 0.0), self.seconds)
        if self.player is not None:
            self.player.seek(self.position)
        self.changed.emit()

    def set_loop(self, on: bool) -> None:
        """Begin again at the end, or stop there."""
        self.loop = on
        if self.player is not None:
            self.player.set_loop(on)
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
