"""How long the window's thread is busy with each event: an application object that times what it hands on."""

from __future__ import annotations

import time

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication

_PAINTS = {QEvent.Type.Paint, QEvent.Type.UpdateRequest, QEvent.Type.UpdateLater, QEvent.Type.Expose}


class Timed(QApplication):
    """Times every outermost event while ``on``: (seconds by the clock, seconds of the thread's own processor time).

    What paints is counted in ``paint``, the rest in ``own``; what an event paints on its way (a scene paints its views from within its
    own events) is taken off its own time.
    """

    def __init__(self, name: str) -> None:
        super().__init__([name])
        self.depth, self.on, self.painting = 0, False, False
        self.inside = (0.0, 0.0)
        self.clear()

    def clear(self) -> None:
        """Forget what was measured."""
        self.own: list[tuple[float, float]] = []
        self.paint: list[tuple[float, float]] = []
        self.worst = (0.0, "")
        """Longest own event by processor time, and its name."""

    def notify(self, receiver: QObject, event: QEvent) -> bool:
        """Hand one event on."""
        kind = event.type()
        paints_now = kind in _PAINTS and not self.painting
        outermost = self.depth == 0
        self.depth += 1
        self.painting = self.painting or paints_now
        if outermost:
            self.inside = (0.0, 0.0)
        began, work = time.perf_counter(), time.thread_time()
        try:
            return super().notify(receiver, event)
        finally:
            took = (time.perf_counter() - began, time.thread_time() - work)
            self.depth -= 1
            if paints_now:
                self.painting = False
                self.inside = (self.inside[0] + took[0], self.inside[1] + took[1])
                if self.on:
                    self.paint.append(took)
            if outermost and not paints_now and self.on:
                own = (took[0] - self.inside[0], took[1] - self.inside[1])
                self.own.append(own)
                if own[1] > self.worst[0]:
                    self.worst = (own[1], f"{kind.name} of {type(receiver).__name__}")


def application(name: str) -> Timed:
    """The application object of this process."""
    return Timed(name)
