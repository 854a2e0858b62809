"""Every scalar of a training as live plots, grouped by what they tell."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from rave_gui.ui import words
from rave_gui.ui.i18n import tr
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Button, label
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.ui.widgets.plot import Look, PlotPanel
from rave_gui.viewmodels.job import JobModel
from rave_gui.viewmodels.scalars import GROUPS, Panel, group_of, order_of, panel_of
from rave_gui.viewmodels.series import Series

REFRESH = 0.18
"""Seconds between two rounds of drawing."""
TICK_MS = 30
BUDGET = 0.006
"""Seconds of one tick's drawing: eight plots at once would hold up the window."""
PANEL_WIDTH = 300
CELLS = 12
"""Columns of the grid: rows of one to four plots divide it evenly."""
Plan = Mapping[str, Sequence[tuple[float, float]]]


class CurvesView(QWidget):
    """A grid of plots that share their step axis and reading line. Draws at most four times a second, and only what is seen."""

    enlarged = Signal(str)
    """Key of the panel that fills the view now; empty: all are shown."""

    def __init__(self, themes: ThemeManager, *, growing: bool = False) -> None:
        """``growing``: single plots can be enlarged."""
        super().__init__()
        self._themes, self._growing = themes, growing
        self._panels: dict[str, PlotPanel] = {}
        self._kinds: dict[str, Panel] = {}
        self._headings: dict[str, QWidget] = {}
        self._job: JobModel | None = None
        self._switch: Callable[[], float | None] = lambda: None
        self._plan: Callable[[], Plan] = dict
        self._planned: Plan = {}
        self._dirty = False
        self._queue: list[str] = []
        self._round = 0.0
        self._columns = 0
        self._large = ""
        self.look = Look()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(themes.theme.space("s"))
        self.bar = QHBoxLayout()
        self.bar.setSpacing(themes.theme.space("s"))
        self.hint = label("", "caption", wrap=True)
        self.reset = Button(
            themes, tr("Show all steps"), "rotate-ccw", "quiet", tip=tr("Leave the zoom"), shortcut="Ctrl+0"
        )
        self.reset.clicked.connect(self.follow)
        self.reset.hide()
        self.bar.addWidget(self.hint, 1)
        self.bar.addWidget(self.reset)
        box.addLayout(self.bar)
        self.empty = EmptyState(themes, "chart-line", "", "")
        box.addWidget(self.empty, 1)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setAccessibleName(tr("Curves"))
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.inside = QWidget()
        self._grid = QGridLayout(self.inside)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(themes.theme.space("m"))
        self._grid.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.area.setWidget(self.inside)
        self.area.verticalScrollBar().valueChanged.connect(lambda _value: self.touch())
        box.addWidget(self.area, 1)
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        themes.changed.connect(self._retheme)

    @property
    def panels(self) -> dict[str, PlotPanel]:
        """Plots by the key of their panel."""
        return self._panels

    @property
    def busy(self) -> bool:
        """Whether something new is not drawn yet."""
        return self._dirty or bool(self._queue)

    @property
    def metrics(self) -> Mapping[str, Series]:
        """Every scalar of the run that is watched."""
        return self._job.metrics if self._job is not None else {}

    @property
    def large(self) -> str:
        """Key of the plot that fills the view, empty when all are shown."""
        return self._large

    @property
    def zoomed(self) -> bool:
        """Whether only a part of the run is shown."""
        return not self.reset.isHidden()

    def watch(
        self,
        job: JobModel,
        switch: Callable[[], float | None] | None = None,
        plan: Callable[[], Plan] | None = None,
    ) -> None:
        """Show the curves of ``job`` (replaces what was shown).

        ``switch``: the step at which phase 2 begins (by default where the job saw it begin); ``plan``: planned curves by tag.
        """
        self._job = job
        self._switch = switch or (lambda: job.phase_two_step)
        self._plan = plan or dict
        self._planned = {}
        for widget in [*self._panels.values(), *self._headings.values()]:
            self._grid.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self._panels.clear()
        self._kinds.clear()
        self._headings.clear()
        self._queue.clear()
        self._large, self._columns = "", 0
        self.reset.hide()
        self.touch()

    def touch(self) -> None:
        """There are new values: drawn with the next round."""
        self._dirty = True
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()
            self._tick()

    def set_look(self, look: Look) -> None:
        """Draw all plots in another way."""
        self.look = look
        for panel in self._panels.values():
            panel.set_look(look)
        self._planned = {}
        self.touch()

    def enlarge(self, key: str) -> None:
        """Let one plot fill the view; the same key again, or an empty one, shows all."""
        self._large = "" if key == self._large or key not in self._panels else key
        self._columns = 0
        self._arrange()
        self.enlarged.emit(self._large)
        self.touch()

    def draw_all(self) -> None:
        """Draw now, also what is scrolled out of sight (for pictures)."""
        groups = self._groups()
        end = self._end(groups)
        for key in self._panels:
            if key in groups:
                self._draw(key, groups[key][1], self._plan(), end)

    def follow(self) -> None:
        """Show the whole run again."""
        self.reset.hide()
        for panel in self._panels.values():
            panel.follow()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.touch()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self._timer.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._arrange()
        self.touch()

    def _groups(self) -> dict[str, tuple[Panel, dict[str, Series]]]:
        found: dict[str, tuple[Panel, dict[str, Series]]] = {}
        job = self._job
        for tag, series in sorted(job.metrics.items()) if job is not None else []:
            panel = panel_of(tag)
            if panel is not None:
                found.setdefault(panel.key, (panel, {}))[1][tag] = series
        return found

    def _tick(self) -> None:
        now = time.monotonic()
        if not self._queue:
            if self._job is None or not self._dirty:
                self._timer.stop()
                return
            if now - self._round < REFRESH:
                return
            self._round = now
            self._begin(self._job)
            return  # a new plot has cost its share of time
        groups = self._groups()
        plan = self._plan()
        end = self._end(groups)
        deadline = time.perf_counter() + BUDGET
        while self._queue and time.perf_counter() < deadline:
            key = self._queue.pop(0)
            if key in self._panels and key in groups:
                self._draw(key, groups[key][1], plan, end)
                if self._panels[key].unfinished:
                    self._queue.append(key)
                elif self._panels[key].behind:
                    self._dirty = True

    def _begin(self, job: JobModel) -> None:
        self._dirty = False
        groups = self._groups()
        fresh = [key for key in groups if key not in self._panels]
        # A plot costs tens of milliseconds: one at a time, so that the window stays responsive.
        for key in sorted(fresh, key=lambda k: order_of(groups[k][0]))[:1]:
            self._make(groups[key][0])
            self._queue.append(key)
        if len(fresh) > 1:
            self._dirty, self._round = True, 0.0
        self._queue += [
            key
            for key, panel in self._panels.items()
            if key not in self._queue and not panel.visibleRegion().isEmpty()
        ]
        self._say(job)

    def _end(self, groups: dict[str, tuple[Panel, dict[str, Series]]]) -> float:
        progress = self._job.progress if self._job is not None else None
        done = progress.done if progress is not None and progress.unit.startswith("step") else 0.0
        ends = [s.last[0] for _, series in groups.values() for s in series.values() if s.last is not None]
        return max([done, *ends])

    def _draw(self, key: str, series: dict[str, Series], plan: Plan, end: float) -> None:
        panel = self._panels[key]
        panel.set_series(series, {tag: words.curve_name(tag) for tag in series})
        panel.set_switch(self._switch())
        wanted = {tag: plan[tag] for tag in series if tag in plan}
        if wanted and any(self._planned.get(tag) is not points for tag, points in wanted.items()):
            panel.set_plans(wanted)
            self._planned = {**self._planned, **wanted}
        # What is planned is drawn to the end of the training, everything else to where it is.
        panel.refresh(max([end, *(points[-1][0] for points in wanted.values() if points)]))

    def _say(self, job: JobModel) -> None:
        self.empty.setVisible(not job.metrics)
        self.area.setVisible(bool(job.metrics))
        self.hint.setVisible(bool(job.metrics) and not self._growing)
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
        elif "pred_real" in job.metrics:
            self.hint.setText(tr("The dashed line marks phase 2: the distance rises there, which is normal."))
        else:
            self.hint.setText(tr("The lower the distance, the closer the model is to your sounds."))

    def _make(self, kind: Panel) -> None:
        panel = PlotPanel(
            self._themes, words.panel_title(kind), words.panel_note(kind), growing=self._growing
        )
        panel.set_look(self.look)
        panel.hovered.connect(self._hover)
        panel.grown.connect(lambda: self.enlarge(kind.key))
        panel.plot.getViewBox().sigRangeChangedManually.connect(lambda *_: self._zoomed(panel))
        self._panels[kind.key] = panel
        self._kinds[kind.key] = kind
        self._columns = 0
        self._arrange()

    def _heading(self, group: str) -> QWidget:
        if group not in self._headings:
            made = QWidget()
            row = QHBoxLayout(made)
            row.setContentsMargins(0, self._themes.theme.space("xs"), 0, 0)
            row.setSpacing(self._themes.theme.space("s"))
            row.addWidget(label(words.group_title(group), "strong"))
            note: QLabel = label(words.group_note(group), "caption")
            note.setMinimumWidth(40)
            row.addWidget(note, 1)
            self._headings[group] = made
        return self._headings[group]

    def _arrange(self) -> None:
        theme = self._themes.theme
        columns = 1 if self._large else max(1, min(4, self.width() // theme.px(PANEL_WIDTH)))
        if columns == self._columns:
            return
        for column in range(self._grid.columnCount()):
            self._grid.setColumnStretch(column, 0)
        for row in range(self._grid.rowCount()):
            self._grid.setRowStretch(row, 0)
        self._columns = columns
        for widget in self._headings.values():
            widget.hide()
        row = 0
        for group in [group for group, _ in GROUPS] if self._growing else [""]:
            keys = [key for key, kind in self._kinds.items() if not group or group_of(kind) == group]
            keys.sort(key=lambda k: order_of(self._kinds[k]))
            if group and keys and not self._large:
                heading = self._heading(group)
                self._grid.addWidget(heading, row, 0, 1, CELLS)
                heading.show()
                row += 1
            lines = -(-len(keys) // columns)
            # Rows as even as they can be, each filling the width.
            each = -(-len(keys) // lines) if group and lines else columns
            for line in range(0, len(keys), each):
                part = keys[line : line + each]
                span = CELLS // (len(part) if group else columns)
                for place, key in enumerate(part):
                    panel = self._panels[key]
                    self._grid.addWidget(panel, row, place * span, 1, span)
                    panel.setVisible(not self._large or key == self._large)
                    if key == self._large:
                        self._grid.addWidget(panel, row, 0, 1, CELLS)
                        self._grid.setRowStretch(row, 1)
                row += 1
        self._grid.setAlignment(Qt.AlignmentFlag(0) if self._large else Qt.AlignmentFlag.AlignTop)
        for column in range(CELLS):
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

    def _retheme(self) -> None:
        self._columns = 0
        self._arrange()
