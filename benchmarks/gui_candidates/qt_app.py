"""The window in Qt through PySide6 or PyQt6: ``qt_app.py BINDING``. Plots by pyqtgraph."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

os.environ["PYQTGRAPH_QT_LIB"] = sys.argv[1]

import numpy as np
import pyqtgraph as pg
from pyqtgraph.Qt import QtCore, QtWidgets

CURVES, POINTS, ROWS, SIZE, REFRESH_SECONDS = 4, 2000, 200, (1000, 700), 2.0


class Window(QtWidgets.QWidget):  # type: ignore[misc]
    """Heading, button, list, plot; tells when it was first painted."""

    def __init__(self) -> None:
        super().__init__()
        self.resize(*SIZE)
        layout = QtWidgets.QVBoxLayout(self)
        layout.addWidget(QtWidgets.QLabel("<h2>Training</h2>"))
        layout.addWidget(QtWidgets.QPushButton("Start"))
        rows = QtWidgets.QListWidget()
        rows.addItems([f"recording {n}.wav" for n in range(ROWS)])
        layout.addWidget(rows)
        self.plot = pg.PlotWidget()
        self.plot.setYRange(-2, 2)
        self.lines = [self.plot.plot(pen=pg.mkPen(n, width=1)) for n in range(CURVES)]
        layout.addWidget(self.plot)
        self.painted = False
        self.change(0)

    def change(self, frame: int) -> None:
        """Give every curve new data."""
        x = np.linspace(0, 20, POINTS)
        for n, line in enumerate(self.lines):
            line.setData(x, np.sin(x + frame / 10 + n))

    def paintEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """The first paint of the window itself; its children follow in the same pass."""
        super().paintEvent(event)
        if not self.painted:
            self.painted = True
            QtCore.QTimer.singleShot(0, self.measure)

    def measure(self) -> None:
        """Report the first paint, then redraw for a while and report how long each redraw took."""
        print(json.dumps({"painted": time.time()}), flush=True)
        times = []
        end = time.perf_counter() + REFRESH_SECONDS
        frame = 0
        while time.perf_counter() < end:
            frame += 1
            started = time.perf_counter()
            self.change(frame)
            self.plot.viewport().repaint()
            times.append(1000 * (time.perf_counter() - started))
        print(json.dumps({"refresh_ms": times}), flush=True)
        self.notifier = QtCore.QSocketNotifier(0, QtCore.QSocketNotifier.Type.Read)
        self.notifier.activated.connect(QtWidgets.QApplication.quit)


if __name__ == "__main__":
    application = QtWidgets.QApplication(sys.argv[:1])
    window = Window()
    window.show()
    application.exec()
