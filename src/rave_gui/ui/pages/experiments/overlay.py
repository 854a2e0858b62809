"""Curves of several runs laid over each other, by step or by time of work."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Literal

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from rave_gui.training.experiments.compare import Comparison
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.experiments.fields import curve_title
from rave_gui.ui.shell.session import Session
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Button, Segments, label
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.ui.widgets.flowlayout import FlowLayout
from rave_gui.ui.widgets.plot import Look, PlotPanel, StepAxis, StillAxis
from rave_gui.viewmodels.experiments_compare import tags_in_order, time_unit
from rave_gui.viewmodels.series import Series

PANEL_WIDTH, PANEL_HEIGHT = 380, 230
MOST_LETTERS = 26
"""Of all names together beside the values of one plot."""
Align = Literal["step", "time"]


class TimeAxis(StillAxis):
    """Figures with a unit of time."""

    unit = "s"

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:  # noqa: N802
        """Texts of the ticks."""
        return [f"{value * scale:g} {self.unit}" for value in values]


class RunsPanel(PlotPanel):
    """One scalar of several runs; where colours come round again, the lines are dashed."""

    _axis = ("step", "s")
    _stride = 0.0  # these runs do not grow, and time may be counted in days

    def _pens(self) -> None:
        super()._pens()
        many = len(self._themes.theme.colors.series)
        for index, curve in enumerate(self._curves.values()):
            if index >= many:
                pen = pg.mkPen(curve.opts["pen"])
                pen.setStyle(Qt.PenStyle.DashLine)
                curve.setPen(pen)

    def use_axis(self, align: Align, unit: str) -> None:
        """Steps or time below."""
        if (align, unit) == self._axis:
            return
        self._axis = (align, unit)
        axis = StepAxis("bottom") if align == "step" else TimeAxis("bottom")
        if align == "time":
            axis.unit = unit
        self.plot.setAxisItems({"bottom": axis})
        axis.setRange(*self.plot.getViewBox().viewRange()[0])  # a new axis knows of later changes only
        self.retheme()


class OverlayView(QWidget):
    """A grid of plots that share their axis and reading line."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._themes: ThemeManager = session.themes
        self.panels: dict[str, RunsPanel] = {}
        self.align: Align = "step"
        self.wanted: Callable[[], None] = lambda: None
        """Called when curves are needed in another alignment."""
        self._runs: list[str] = []
        self._columns = 0
        self._end = 1.0
        space = self._themes.theme.space
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(space("m"))
        bar = FlowLayout(spacing=space("m"))
        bar.addWidget(label(tr("Aligned by"), "caption"))
        self.by = Segments([("step", tr("Steps")), ("time", tr("Time of work"))], tr("Aligned by"))
        self.by.set("step")
        self.by.chosen.connect(self._choose)
        bar.addWidget(self.by)
        self.smooth = QCheckBox(tr("Smooth"))
        self.log = QCheckBox(tr("Log scale"))
        for check in (self.smooth, self.log):
            check.toggled.connect(self._look)
            bar.addWidget(check)
        self.reset = Button(
            self._themes, tr("Show everything"), "rotate-ccw", "quiet", tip=tr("Leave the zoom")
        )
        self.reset.clicked.connect(self._follow)
        self.reset.hide()
        bar.addWidget(self.reset)
        box.addLayout(bar)
        self.stack = QStackedWidget()
        self.empty = EmptyState(
            self._themes,
            "chart-line",
            tr("No curves yet"),
            tr("None of these runs has written a value. Curves come with the first steps of a training."),
        )
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setAccessibleName(tr("Curves of the runs"))
        self._inside = QWidget()
        self._grid = QGridLayout(self._inside)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(space("m"))
        self._grid.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.area.setWidget(self._inside)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.area)
        box.addWidget(self.stack, 1)

    def show_comparison(self, comparison: Comparison) -> None:
        """Other runs, or the same ones with more."""
        names = [run.name for run in comparison.runs]
        if names != self._runs:
            self._runs = names
            for panel in self.panels.values():
                self._grid.removeWidget(panel)
                panel.hide()
                panel.deleteLater()
            self.panels.clear()
            self._columns = 0
        unit, scale = "s", 1.0
        if self.align == "time":
            unit, scale = time_unit(max((float(line.x[-1]) for line in comparison.lines), default=0.0))
        by_tag: dict[str, dict[str, Series]] = {}
        self._end = 0.0
        for line in comparison.lines:
            series = Series()
            series.extend_arrays(line.x / scale, line.y)
            by_tag.setdefault(line.tag, {})[line.run] = series
            self._end = max(self._end, float(line.x[-1]) / scale)
        # The names stand above all plots in their colours; where not all would fit, the plots have only the values.
        fit = sum(map(len, names)) <= MOST_LETTERS
        short = {name: name if fit else "" for name in names}
        for tag in tags_in_order(list(by_tag)):
            if tag not in self.panels:
                panel = RunsPanel(self._themes, curve_title(tag))
                panel.setMinimumHeight(self._themes.theme.px(PANEL_HEIGHT))
                panel.hovered.connect(self._hover)
                panel.plot.getViewBox().sigRangeChangedManually.connect(
                    functools.partial(self._zoomed, panel)
                )
                self.panels[tag] = panel
                self._columns = 0
            panel = self.panels[tag]
            panel.use_axis(self.align, unit)
            # Every run has its place, so that its colour is the same in all plots.
            panel.set_series({name: by_tag[tag].get(name, Series()) for name in names}, short)
            panel.refresh(self._end)
        self._lay()
        self._look()
        self.stack.setCurrentWidget(self.area if self.panels else self.empty)

    def take_focus(self) -> None:
        """The choice of the axis."""
        self.by.button(self.align).setFocus(Qt.FocusReason.OtherFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._lay()

    def _lay(self) -> None:
        columns = max(1, min(3, self.width() // self._themes.theme.px(PANEL_WIDTH)))
        if columns == self._columns or not self.panels:
            return
        self._columns = columns
        for number, tag in enumerate(tags_in_order(list(self.panels))):
            self._grid.addWidget(self.panels[tag], number // columns, number % columns)
        for number in range(3):
            self._grid.setColumnStretch(number, 1 if number < columns else 0)

    def _choose(self, key: str) -> None:
        self.align = "time" if key == "time" else "step"
        self.by.set(key)
        self.wanted()

    def _look(self, *_: object) -> None:
        for panel in self.panels.values():
            panel.set_look(Look(0.8 if self.smooth.isChecked() else 0.0, self.log.isChecked()))

    def _zoomed(self, source: RunsPanel, *_: object) -> None:
        """The others show the same stretch."""
        (low, high), _y = source.plot.getViewBox().viewRange()
        for panel in self.panels.values():
            if panel is not source:
                panel.zoom(low, high)
        self.reset.show()

    def _follow(self) -> None:
        self.reset.hide()
        for panel in self.panels.values():
            panel.follow()

    def _hover(self, step: float | None) -> None:
        for panel in self.panels.values():
            panel.show_values(step)
