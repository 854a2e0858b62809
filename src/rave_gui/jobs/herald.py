"""Telling what happens to jobs to somebody who is not at the computer, in a thread of the dispatcher: no network holds up the queue.

Who tells is in a layer above this one and is imported only when the user wants to be told.
"""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from rave_gui.paths import AppPaths
from rave_gui.settings import Settings, speak

NOTIFIER = "rave_gui.training.heralding:Notifier"
"""``module:class``, made with the application's paths."""
EVERY = 15.0
"""Seconds between two looks at what runs."""
TARGETS = ("notify_webhook", "notify_email")
"""Settings that say where to; all empty: nobody wants to be told."""


class Notifier(Protocol):
    """What looks and tells; called from one thread."""

    def look(self, running: Sequence[Path]) -> int:
        """Look at the folders of running jobs."""

    def ended(self, path: Path) -> int:
        """A job has ended."""


def make(paths: AppPaths) -> Notifier:
    """The notifier named above; from now on this process speaks the user's language."""
    speak(paths.config)
    module, _, name = NOTIFIER.partition(":")
    made: Notifier = getattr(importlib.import_module(module), name)(paths)
    return made


class Herald:
    """Gets what the dispatcher sees, and has it looked at in a thread that begins with the first thing to tell."""

    def __init__(
        self, paths: AppPaths, maker: Callable[[AppPaths], Notifier] = make, every: float = EVERY
    ) -> None:
        self._paths, self._maker, self._every = paths, maker, every
        self._changed = threading.Condition()
        self._running: list[Path] = []
        self._ended: list[Path] = []
        self._closing = False
        self._thread: threading.Thread | None = None
        self._look_at = 0.0

    def wanted(self) -> bool:
        """Whether the settings name anybody to be told."""
        settings = Settings.load(self._paths.config / "settings.json")
        return any(settings.text(key).strip() for key in TARGETS)

    def see(self, running: Sequence[Path]) -> None:
        """The folders of all jobs that run now; cheap, called at every step of the dispatcher."""
        now = time.monotonic()
        with self._changed:
            self._running = list(running)
        if running and now >= self._look_at:
            self._look_at = now + self._every
            self._wake()

    def ended(self, folder: Path) -> None:
        """A job has ended; called once for each."""
        with self._changed:
            self._ended.append(folder)
        self._wake()

    def close(self, timeout: float = 60.0) -> None:
        """Let what is to be told be told, and end the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout)

    def _wake(self) -> None:
        if self._thread is None and self.wanted():
            self._thread = threading.Thread(target=self._work, name="herald", daemon=True)
            self._thread.start()
        with self._changed:
            if self._thread is None:
                self._ended.clear()
            self._changed.notify_all()

    def _work(self) -> None:
        notifier = self._maker(self._paths)
        looked = 0.0
        while True:
            with self._changed:
                while not self._ended and not self._closing and time.monotonic() - looked < self._every:
                    self._changed.wait(self._every)
                ended, running = self._ended, self._running
                self._ended, closing = [], self._closing
            for folder in ended:
                notifier.ended(folder)
            if running and not closing:
                notifier.look(running)
            looked = time.monotonic()
            if closing:
                return
