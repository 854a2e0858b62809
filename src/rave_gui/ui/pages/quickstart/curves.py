"""Every scalar of the training as small live plots."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from rave_gui.ui import words
from rave_gui.ui.i18n import tr
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Button, label
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.ui.widgets.plot import PlotPanel
from rave_gui.viewmodels.job import JobModel
from rave_gui.viewmodels.scalars import Panel, order_of, panel_of
from rave_gui.viewmodels.series import Series

REFRESH_MS = 250
PANEL_WIDTH = 300


class CurvesView(QWidget):
    """A grid of plots that share their step axis and reading line. Redraws at most four times a second, and only when seen."""

    def __init__(self, themes: ThemeManager) -> None:
        super().__init__()
        self._themes = themes
        self._panels: dict[str, PlotPanel] = {}
        self._kinds: dict[str, Panel] = {}
        self._job: JobModel | None = None
        self._dirty = False
        self._columns = 0
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(themes.theme.space("s"))
        bar = QHBoxLayout()
        self.hint = label("", "caption", wrap=True)
        self.reset = Button(
            themes, tr("Show all steps"), "rotate-ccw", "quiet", tip=tr("Leave the zoom"), shortcut="Ctrl+0"
        )
        self.reset.clicked.connect(self._follow)
        self.reset.hide()
        bar.addWidget(self.hint, 1)
        bar.addWidget(self.reset)
        box.addLayout(bar)
        self.empty = EmptyState(themes, "chart-line", "", "")
        box.addWidget(self.empty, 1)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setAccessibleName(tr("Curves"))
        inside = QWidget()
        self._grid = QGridLayout(inside)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(themes.theme.space("m"))
        self._grid.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.area.setWidget(inside)
        box.addWidget(self.area, 1)
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self._refresh)
        themes.changed.connect(self._retheme)

    @property
    def panels(self) -> dict[str, PlotPanel]:
        """Plots by the key of their panel."""
        return self._panels

    @property
    def busy(self) -> bool:
        """Whether something new is not drawn yet."""
        return self._dirty

    def watch(self, job: JobModel) -> None:
        """Show the curves of ``job`` (replaces what was shown)."""
        self._job = job
        for panel in self._panels.values():
            self._grid.removeWidget(panel)
            panel.hide()
            panel.deleteLater()
        self._panels.clear()
        self._kinds.clear()
        self.touch()

    def touch(self) -> None:
        """The job has new values: drawn with the next refresh."""
        self._dirty = True
        if self.isVisible() and not self._timer.isActive():
            self._refresh()
            self._timer.start()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.touch()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self._timer.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._arrange()

    def _refresh(self) -> None:
        if not self._dirty or self._job is None:
            self._timer.stop()
            return
        self._dirty = False
        job = self._job
        groups: dict[str, tuple[Panel, dict[str, Series]]] = {}
        for tag, series in sorted(job.metrics.items()):
            panel = panel_of(tag)
            if panel is not None:
                groups.setdefault(panel.key, (panel, {}))[1][tag] = series
        fresh = [key for key in groups if key not in self._panels]
        for key in fresh[
            :1
        ]:  # a plot costs tens of milliseconds: one at a time, so that the window stays responsive
            self._make(groups[key][0])
        if len(fresh) > 1:
            self._dirty = True
        end = job.progress.done if job.progress else 0.0
        for key, panel_widget in self._panels.items():
            series_of = groups[key][1] if key in groups else {}
            panel_widget.set_series(series_of, {tag: words.curve_name(tag) for tag in series_of})
            panel_widget.set_switch(job.phase_two_step)
            ends = [s.last[0] for s in series_of.values() if s.last is not None]
            panel_widget.refresh(max([end, *ends]))
        self._say(job)

    def _say(self, job: JobModel) -> None:
        self.empty.setVisible(not job.metrics)
        self.area.setVisible(bool(job.metrics))
        self.hint.setVisible(bool(job.metrics))
        if not job.metrics:
            if job.active:
                self.empty.say(
                    tr("No curves yet"),
                    tr(
                        "Every value that the training writes is drawn here while it works. "
                        "The first ones come after a few dozen steps."
                    ),
                )
            else:
                self.empty.say(tr("No curves"), tr("No values were written by this training."))
        elif job.phase_two_step is not None:
            self.hint.setText(tr("The dashed line marks phase 2: the distance rises there, which is normal."))
        else:
            self.hint.setText(tr("The lower the distance, the closer the model is to your sounds."))

    def _make(self, kind: Panel) -> None:
        panel = PlotPanel(self._themes, words.panel_title(kind), words.panel_note(kind))
        panel.hovered.connect(self._hover)
        panel.plot.getViewBox().sigRangeChangedManually.connect(lambda *_: self._zoomed(panel))
        self._panels[kind.key] = panel
        self._kinds[kind.key] = kind
        self._columns = 0
        self._arrange()

    def _arrange(self) -> None:
        theme = self._themes.theme
        columns = max(1, min(4, self.width() // theme.px(PANEL_WIDTH)))
        if columns == self._columns and self._grid.count() == len(self._panels):
            return
        for column in range(self._columns):
            self._grid.setColumnStretch(column, 0)
        self._columns = columns
        for index, key in enumerate(sorted(self._panels, key=lambda k: order_of(self._kinds[k]))):
            self._grid.addWidget(self._panels[key], index // columns, index % columns)
        for column in range(columns):
            self._grid.setColumnStretch(column, 1)

    def _hover(self, step: float | None) -> None:
        for panel in self._panels.values():
            panel.show_values(step)

    def _zoomed(self, source: PlotPanel) -> None:
        (low, high), _ = source.plot.getViewBox().viewRange()
        for panel in self._panels.values():
            if panel is not source:
                panel.zoom(low, high)
        self.reset.show()

    def _follow(self) -> None:
        for panel in self._panels.values():
            panel.follow()
        self.reset.hide()

    def _retheme(self) -> None:
        self._columns = 0
        self._arrange()
