"""One small live plot (pyqtgraph) with our own min/max envelope, theme colours, a reading line and a mark at phase 2."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy

from rave_gui.ui.i18n import tr
from rave_gui.ui.theme import fonts
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Card, ElidedLabel, IconButton
from rave_gui.viewmodels.series import Floats, Series
from rave_gui.viewmodels.smoothing import Smoothed

MAX_BUCKETS = 600
PATIENCE = 1.0
"""Seconds that values wait to be drawn which would not move a curve by half a pixel."""
SMOOTH_POINTS = 300
"""Curves of up to so many points are drawn with smooth edges; longer ones are too slow for that, and too dense to show it."""


def short_number(value: float) -> str:
    """A value in at most about seven characters."""
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    if size and (size < 0.001 or size >= 100_000):
        return f"{value:.1e}"
    return f"{value:,.0f}" if size >= 1000 else f"{value:.4g}"


@dataclass(frozen=True)
class Look:
    """How curves are drawn: ``smoothing`` 0 to below 1 (with the raw curve pale behind it), a logarithmic value axis, and
    whether lone spikes are left beyond the top.
    """

    smoothing: float = 0.0
    log: bool = False
    clip: bool = True


def value_range(values: Floats) -> tuple[float, float, float | None]:
    """Ends of the value axis for finite ``values``, and the highest value where a lone spike is left beyond the top.

    One diverging step would otherwise press the whole curve flat: with at least eight values, a maximum above five times
    the 90th percentile is cut off and named instead.
    """
    bottom, top = float(values.min()), float(values.max())
    beyond = None
    if len(values) >= 8:
        usual = float(np.percentile(values, 90))
        if usual > 0 and top > 5 * usual:
            beyond, top = top, usual * 1.5
    span = top - bottom
    flat = span <= 1e-3 * max(abs(top), abs(bottom))
    pad = (abs(top) * 0.2 or 0.5) if flat else span * 0.08
    return bottom - pad, top + pad, beyond


def whole_range(values: Floats) -> tuple[float, float, float | None]:
    """:func:`value_range` with nothing left out."""
    bottom, top = float(values.min()), float(values.max())
    flat = top - bottom <= 1e-3 * max(abs(top), abs(bottom))
    pad = (abs(top) * 0.2 or 0.5) if flat else (top - bottom) * 0.08
    return bottom - pad, top + pad, None


class StillAxis(pg.AxisItem):  # type: ignore[misc]
    """An axis without a label, kept as a picture while its range stays: writing its numbers costs more than a curve."""

    def __init__(self, side: str) -> None:
        super().__init__(side)
        self.enableAutoSIPrefix(False)  # it would set an empty label anew with each range
        self.setCacheMode(self.CacheMode.DeviceCoordinateCache)


class ValueAxis(StillAxis):
    """Values; on a logarithmic axis the powers of ten."""

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:  # noqa: N802
        """Texts of the ticks."""
        if self.logMode:
            return [short_number(10.0**v) for v in values]
        found: list[str] = super().tickStrings(values, scale, spacing)
        return found


def round_up(end: float, least: float = 0.0) -> float:
    """The next end of an axis that stays for a while: at most ``least`` or an eighth further."""
    stride = max(least, 2.0 ** (math.floor(math.log2(max(end, 1.0))) - 3))
    return math.ceil(end / stride) * stride


class StepAxis(StillAxis):
    """Steps as 500, 2k, 1.5M."""

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:  # noqa: N802
        """Texts of the ticks."""
        return [step_text(v * scale) for v in values]


def step_text(value: float) -> str:
    """A step number in few characters."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if abs(value) >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def _mixed(color: QColor, ground: QColor, share: float) -> QColor:
    """A colour as if it were so transparent before a ground."""
    return QColor.fromRgbF(
        color.redF() * share + ground.redF() * (1 - share),
        color.greenF() * share + ground.greenF() * (1 - share),
        color.blueF() * share + ground.blueF() * (1 - share),
    )


class PlotPanel(Card):
    """A titled plot of one or a few series over steps. ``hovered`` carries the step under the pointer, or None."""

    hovered = Signal(object)
    grown = Signal()
    """The user wants to see it large, or small again."""
    _stride = 8.0
    """Steps by which the axis grows at least."""

    def __init__(self, themes: ThemeManager, title: str, note: str = "", *, growing: bool = False) -> None:
        """``growing``: it can be enlarged."""
        super().__init__(themes)
        self._title = title
        self._series: dict[str, Series] = {}
        self._names: dict[str, str] = {}
        self._curves: dict[str, pg.PlotDataItem] = {}
        self._pale: dict[str, pg.PlotDataItem] = {}
        self._plans: dict[str, pg.PlotDataItem] = {}
        self._smoothed: dict[str, Smoothed] = {}
        self._dense: set[str] = set()
        self._plan_values: dict[str, Floats] = {}
        self._look = Look()
        self._following = True
        self._end = 1.0
        self._beyond: float | None = None
        self._drawn: tuple[object, ...] = ()
        self._still = False
        self._behind = False
        self._reach: dict[str, float] = {}
        self._kind: tuple[object, ...] = ()
        self._when = 0.0
        self.box.setSpacing(2)
        heading = ElidedLabel(title, "strong")
        if note:
            heading.setToolTip(note)
        top = QHBoxLayout()
        top.setSpacing(0)
        top.addWidget(heading, 1)
        self.grow = IconButton(themes, "maximize", tr("Enlarge: {title}", title=title))
        self.grow.clicked.connect(self.grown)
        if not growing:
            self.grow.hide()
        top.addWidget(self.grow)
        self._values = QLabel()
        self._values.setProperty("role", "caption")
        self._values.setTextFormat(Qt.TextFormat.RichText)
        self._values.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.box.addLayout(top)
        self.box.addWidget(self._values)
        self.box.addSpacing(themes.theme.space("xs"))
        self.plot = pg.PlotWidget(axisItems={"bottom": StepAxis("bottom"), "left": ValueAxis("left")})
        self.plot.setMenuEnabled(False)
        self.plot.hideButtons()
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.setMouseEnabled(x=True, y=False)
        self.plot.setAccessibleName(title)
        self.plot.setAccessibleDescription(note)
        canvas = self.plot.viewport()  # a widget of its own, which screen readers meet
        canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        canvas.setAccessibleName(title)
        self.box.addWidget(self.plot, 1)
        # It fills itself: what lies behind it need not be painted first.
        canvas.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        for side in ("top", "right"):
            self.plot.getAxis(
                side
            ).unlinkFromView()  # never shown, yet they would reckon with every new range
        self.plot.getViewBox().disableAutoRange()
        self._switch = pg.InfiniteLine(angle=90)
        self._switch.hide()
        self._cursor = pg.InfiniteLine(angle=90)
        self._cursor.hide()
        self.plot.addItem(self._switch, ignoreBounds=True)
        self.plot.addItem(self._cursor, ignoreBounds=True)
        self.plot.getViewBox().sigRangeChangedManually.connect(self._moved)
        self.plot.getViewBox().sigXRangeChanged.connect(self._redraw)
        self.plot.scene().sigMouseMoved.connect(self._hover)
        themes.changed.connect(self.retheme)
        self.retheme()

    @property
    def behind(self) -> bool:
        """Whether there are values that are not drawn yet, because they would hardly be seen: :meth:`refresh` draws them soon."""
        return self._behind

    @property
    def unfinished(self) -> bool:
        """Whether a smoothed curve is not drawn to its end yet: the next :meth:`refresh` draws more."""
        return self._look.smoothing > 0 and any(steady.behind for steady in self._smoothed.values())

    @property
    def following(self) -> bool:
        """Whether the view shows the whole run; False after the user zoomed."""
        return self._following

    def set_series(self, series: Mapping[str, Series], names: Mapping[str, str]) -> None:
        """Curves by tag, with the names shown; keeps order."""
        fresh = False
        for tag, curve in series.items():
            if tag not in self._curves:
                self._curves[tag] = self.plot.plot([], [])
            fresh = fresh or self._series.get(tag) is not curve
            self._series[tag] = curve
            self._names[tag] = names.get(tag, tag)
        if fresh:
            self._smoothed.clear()
            self._drawn = ()
            self._pens()

    def set_look(self, look: Look) -> None:
        """Draw in another way."""
        if look == self._look:
            return
        if look.smoothing != self._look.smoothing:
            self._smoothed.clear()
        if look.log != self._look.log:
            self.plot.getAxis("left").setLogMode(look.log)
        self._look = look
        self._pens()
        self._redraw()

    def set_plans(self, plans: Mapping[str, Sequence[tuple[float, float]]]) -> None:
        """What is planned for a tag, drawn dashed behind its curve."""
        for tag, points in plans.items():
            if tag not in self._plans:
                self._plans[tag] = self.plot.plot([], [])
                self._plans[tag].setZValue(-2)
            x, y = np.array([p[0] for p in points]), np.array([p[1] for p in points])
            self._plans[tag].setData(x, self._heights(y), antialias=True)
            self._plan_values[tag] = y
        self._drawn = ()
        self._pens()

    def set_switch(self, step: float | None) -> None:
        """Mark the step at which phase 2 began."""
        self._switch.setVisible(step is not None)
        if step is not None:
            self._switch.setPos(step)

    def refresh(self, end: float) -> None:
        """Draw what is new; ``end`` is the last step of the axis while following."""
        self._end = max(end, 1.0)
        if self._following:
            # The axis grows by whole strides: a new axis for each value would cost more than the curves.
            right = round_up(self._end, self._stride) * 1.01
            if self.plot.getViewBox().viewRange()[0][1] != right:
                self._drawn = ()
                self._still = True
                self.plot.setXRange(0, right, padding=0)
                self._still = False
        now = (self.plot.width(), *((len(series), series.edits) for series in self._series.values()))
        if now == self._drawn and not self.unfinished:
            return
        self._behind = self._can_wait(now)
        if not self._behind:
            self._redraw()
            self._drawn = now
        self.show_values(None)

    def _can_wait(self, now: tuple[object, ...]) -> bool:
        """Whether nothing but values at the end are new, too few to move a curve by half a pixel; notes how far it is drawn."""
        reach = {tag: s.last[0] for tag, s in self._series.items() if s.last is not None}
        kind = (now[0], *reach, *(series.edits for series in self._series.values()))
        (low, high), _y = self.plot.getViewBox().viewRange()
        half = (high - low) / max(1, self.plot.width()) / 2
        moment = time.monotonic()
        if (
            self._drawn
            and kind == self._kind
            and moment - self._when < PATIENCE
            and all(0 <= end - self._reach[tag] < half for tag, end in reach.items())
        ):
            return True
        self._reach, self._kind, self._when = reach, kind, moment
        return False

    def follow(self) -> None:
        """Show the whole run again."""
        self._following = True
        self.refresh(self._end)

    def zoom(self, low: float, high: float) -> None:
        """Show the steps from ``low`` to ``high`` and stay there."""
        self._following = False
        self.plot.setXRange(low, high, padding=0)

    def show_values(self, step: float | None) -> None:
        """Write values at ``step`` (None: the newest) beside the title."""
        theme = self._themes.theme
        parts, spoken = [], []
        for index, (tag, series) in enumerate(self._series.items()):
            point = series.last if step is None else series.at(step)
            if point is None:
                continue
            color = theme.colors.series[index % len(theme.colors.series)]
            name = f"{self._names[tag]} " if len(self._series) > 1 else ""
            parts.append(f'<span style="color:{color}">{name}<b>{short_number(point[1])}</b></span>')
            spoken.append(f"{self._names[tag]} {short_number(point[1])}")
        if step is None and self._beyond is not None:
            parts.append(f'<span style="color:{theme.colors.muted}">▲ {short_number(self._beyond)}</span>')
            spoken.append(short_number(self._beyond))
        self._values.setText("&nbsp;&nbsp;".join(parts))
        self.setAccessibleName(f"{self._title}: {', '.join(spoken)}" if spoken else self._title)
        self._cursor.setVisible(step is not None)
        if step is not None:
            self._cursor.setPos(step)

    def retheme(self) -> None:
        """Take over colours and sizes."""
        theme, c = self._themes.theme, self._themes.theme.colors
        left, end = theme.space("l"), theme.space("s")
        self.box.setContentsMargins(left, end, end, theme.space("m"))
        self.plot.setBackground(c.surface)
        self.plot.setMinimumHeight(theme.px(124))
        font = fonts.text_font(theme, "caption", tabular=True)
        font.setPixelSize(max(10, theme.px(11)))
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.setPen(pg.mkPen(c.border if theme.name != "high-contrast" else c.grid))
            axis.setTextPen(pg.mkPen(c.muted))
            axis.setStyle(tickFont=font, tickLength=-3, maxTickLevel=0, tickTextOffset=4)
        self.plot.getAxis("left").setWidth(theme.px(46))
        self.plot.getAxis("bottom").setHeight(theme.px(22))
        self.plot.showGrid(x=False, y=True, alpha=0.25 if theme.dark else 0.16)
        self._switch.setPen(pg.mkPen(c.warning, width=1, style=Qt.PenStyle.DashLine))
        self._cursor.setPen(pg.mkPen(c.muted, width=1))
        self._pens()
        self.show_values(None)

    def _pens(self) -> None:
        theme = self._themes.theme
        colors = theme.colors.series
        steady = self._look.smoothing > 0
        for index, (tag, curve) in enumerate(self._curves.items()):
            color = QColor(colors[index % len(colors)])
            # Lines of one pixel and full colour are drawn many times faster, and long curves are too dense to tell.
            curve.setPen(pg.mkPen(color, width=1 if tag in self._dense else 1.5))
            color = _mixed(
                color, QColor(theme.colors.surface), 0.6 if theme.name == "high-contrast" else 0.35
            )
            if steady and tag not in self._pale:
                self._pale[tag] = self.plot.plot([], [])
                self._pale[tag].setZValue(-1)
            if tag in self._pale:
                self._pale[tag].setVisible(steady)
                self._pale[tag].setPen(pg.mkPen(color, width=1))
            if tag in self._plans:
                self._plans[tag].setPen(pg.mkPen(color, width=1, style=Qt.PenStyle.DashLine))

    def _heights(self, values: Floats) -> Floats:
        """Values as the axis has them."""
        if not self._look.log:
            return values
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(values > 0, np.log10(values), np.nan)

    def _redraw(self, *_: object) -> None:
        if self._still:
            return
        (low, high), _y = self.plot.getViewBox().viewRange()
        buckets = min(MAX_BUCKETS, max(50, self.plot.width()))
        seen: list[Floats] = []
        look = self._look
        for tag, series in self._series.items():
            raw = series.envelope(low, high, buckets)
            if (len(raw[0]) > SMOOTH_POINTS) != (tag in self._dense):
                self._dense ^= {tag}
                self._pens()
            self._fill(self._curves[tag], *raw)
            finite = self._heights(raw[1])
            finite = finite[np.isfinite(finite)]
            if len(finite):
                seen.append(finite)
            if look.smoothing > 0:
                self._fill(self._pale[tag], *raw)
                steady = self._smoothed.get(tag)
                if steady is None:
                    steady = self._smoothed[tag] = Smoothed(series, look.smoothing)
                self._fill(self._curves[tag], *steady.update().envelope(low, high, buckets))
        for tag, values in self._plan_values.items():
            if tag in self._series:
                finite = self._heights(values)
                seen.append(finite[np.isfinite(finite)])
        if seen:
            both = np.concatenate(seen)
            bottom, top, self._beyond = value_range(both) if look.clip and not look.log else whole_range(both)
            low_y, high_y = self.plot.getViewBox().viewRange()[1]
            # What fits well into the present range leaves it alone: nothing jumps, and the axis need not be made anew.
            if not (low_y <= bottom and top <= high_y and top - bottom >= 0.75 * (high_y - low_y)):
                self.plot.setYRange(bottom, top, padding=0)

    def _fill(self, curve: pg.PlotDataItem, x: Floats, y: Floats) -> None:
        curve.setData(
            x,
            self._heights(y),
            symbol="o" if len(x) == 1 else None,
            symbolSize=5,
            antialias=len(x) <= SMOOTH_POINTS,
            connect="finite",
        )

    def _moved(self, *_: object) -> None:
        self._following = False
        self._redraw()

    def _hover(self, position: QPointF) -> None:
        if not self.plot.sceneBoundingRect().contains(position):
            self.hovered.emit(None)
            return
        self.hovered.emit(self.plot.getViewBox().mapSceneToView(position).x())

    def leaveEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """The pointer left: show the newest values again."""
        self.hovered.emit(None)

    def mouseDoubleClickEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """A double click shows the whole run."""
        self.follow()
