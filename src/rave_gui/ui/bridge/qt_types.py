"""Qt's Python types, made ready in the window's thread before another thread imports modules that use them.

PySide makes a class, with its enumerations, when its name is first asked for. Making enumerations runs Python code, so another
thread may come in between and meet a type that is half there: the process then ends with a segmentation fault. Modules of pages
are imported in a thread, and pyqtgraph asks for every name of three of Qt's modules. All names are therefore asked for here
first, in slices between which the window answers; asked for again, a name that is there is only looked up.
"""

from __future__ import annotations

import contextlib
import importlib
import time
from collections.abc import Iterator

from PySide6.QtCore import QObject, QTimer, Signal

MODULES = ("QtCore", "QtGui", "QtWidgets", "QtSvg", "QtTest", "QtOpenGLWidgets")
"""Those that modules of pages, and pyqtgraph, import. The last two are not in every installation."""
SLICE = 0.006
"""Seconds of work between which the window is given back."""


def ask_for_all() -> Iterator[str]:
    """Ask for every name, one at a time."""
    for part in MODULES:
        with contextlib.suppress(ImportError):
            module = importlib.import_module(f"PySide6.{part}")
            for name in dir(module):
                getattr(module, name, None)
                yield f"{part}.{name}"


class QtTypes(QObject):
    """``ready`` comes once every type is there."""

    ready = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._names = ask_for_all()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._slice)

    def start(self) -> None:
        """Begin; the window goes on meanwhile."""
        self._timer.start(0)

    def stop(self) -> None:
        """The window closes: leave the rest."""
        self._timer.stop()

    def _slice(self) -> None:
        end = time.perf_counter() + SLICE
        for _name in self._names:
            if time.perf_counter() > end:
                return
        self._timer.stop()
        self.ready.emit()
