"""How the curves are drawn, and what can be taken out of them: pictures and tables."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QIODevice, QPoint, QRectF, QSize
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QMenu, QWidget

from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.training.curves import CurvesView
from rave_gui.ui.widgets.basic import Button, Segments, label
from rave_gui.ui.widgets.plot import Look
from rave_gui.viewmodels.series import Series

if TYPE_CHECKING:
    from rave_gui.ui.shell.session import Session

WEIGHTS = {"off": 0.0, "some": 0.8, "much": 0.97}
"""Weight of what came before in the running average."""


class CurveTools(QWidget):
    """Smoothing, logarithmic axis, spikes, saving. Put it above a :class:`CurvesView`."""

    def __init__(self, session: Session, view: CurvesView) -> None:
        super().__init__()
        self._session, self._view = session, view
        self.name = ""
        """Of the run: proposed as the name of what is saved."""
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(session.themes.theme.space("m"))
        caption = label(tr("Smoothing"), "caption")
        self.smoothing = Segments(
            [("off", tr("Off")), ("some", tr("Some")), ("much", tr("Much"))], tr("Smoothing")
        )
        self.smoothing.set("off")
        self.smoothing.chosen.connect(self._smooth)
        self.log = QCheckBox(tr("Log scale"))
        self.log.setToolTip(
            tr("Each step up the axis is ten times as much: small changes late in a training show.")
        )
        self.spikes = QCheckBox(tr("Hide spikes"))
        self.spikes.setChecked(True)
        self.spikes.setToolTip(
            tr("A single outlier does not press the whole curve flat; its value is named instead.")
        )
        self.log.toggled.connect(self._changed)
        self.spikes.toggled.connect(self._changed)
        self.save = Button(
            session.themes, tr("Save…"), "download", "quiet", tip=tr("Save the curves as a picture or table")
        )
        menu = QMenu(self)
        menu.addAction(tr("Picture (PNG)…"), lambda: self.save_as("png"))
        menu.addAction(tr("Drawing (SVG)…"), lambda: self.save_as("svg"))
        menu.addAction(tr("Table of all values (CSV)…"), lambda: self.save_as("csv"))
        self.save.setMenu(menu)
        row.addWidget(caption)
        row.addWidget(self.smoothing)
        row.addWidget(self.log)
        row.addWidget(self.spikes)
        row.addWidget(self.save)
        row.addStretch(1)

    def save_as(self, kind: str) -> None:
        """Ask where, then write a ``png``, ``svg`` or ``csv`` file."""
        filters = {"png": tr("Pictures (*.png)"), "svg": tr("Drawings (*.svg)"), "csv": tr("Tables (*.csv)")}[
            kind
        ]
        chosen = self._session.pick_save(tr("Save the curves"), f"{self.name or 'curves'}.{kind}", filters)
        if chosen is None:
            return
        path = chosen if chosen.suffix else chosen.with_suffix(f".{kind}")
        if kind == "csv":
            metrics = {tag: _copy(series) for tag, series in self._view.metrics.items()}
            self._session.call(lambda: write_csv(path, metrics), lambda _none: self._told(path))
            return
        data = self._picture(kind)
        self._session.call(lambda: path.write_bytes(data), lambda _count: self._told(path))

    def _told(self, path: Path) -> None:
        self._session.tell(tr("Saved {name}.", name=path.name))

    def _picture(self, kind: str) -> bytes:
        """All plots (or the enlarged one) as they are drawn, also those that are scrolled away."""
        widget: QWidget = self._view.panels[self._view.large] if self._view.large else self._view.inside
        self._view.draw_all()
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        if kind == "png":
            widget.grab().save(buffer, "PNG")  # type: ignore[call-overload]
        else:
            from PySide6.QtSvg import QSvgGenerator

            drawing = QSvgGenerator()
            drawing.setOutputDevice(buffer)
            size: QSize = widget.size()
            drawing.setSize(size)
            drawing.setViewBox(QRectF(0, 0, size.width(), size.height()))
            drawing.setTitle(self.name)
            painter = QPainter(drawing)
            widget.render(painter, QPoint())
            painter.end()
        data = bytes(buffer.data().data())
        buffer.close()
        return data

    def _smooth(self, key: str) -> None:
        self.smoothing.set(key)
        self._changed()

    def _changed(self, *_: object) -> None:
        weight = next(w for k, w in WEIGHTS.items() if self.smoothing.button(k).isChecked())
        self._view.set_look(Look(weight, self.log.isChecked(), self.spikes.isChecked()))


def _copy(series: Series) -> Series:
    made = Series()
    made.extend_arrays(series.steps.copy(), series.values.copy())
    return made


def write_csv(path: Path, metrics: Mapping[str, Series]) -> None:
    """One row a step, one column a scalar; a cell is empty where nothing was written. Raises :class:`OSError`."""
    tags = sorted(metrics)
    steps = sorted({float(step) for series in metrics.values() for step in series.steps})
    columns = {
        tag: dict(zip(metrics[tag].steps.tolist(), metrics[tag].values.tolist(), strict=True)) for tag in tags
    }
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["step", *tags])
        for step in steps:
            writer.writerow([int(step), *(columns[tag].get(step, "") for tag in tags)])
