"""The long-time spectrum of a dataset: mean, the range most of it lies in, and where it ends."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from rave_gui.ui.i18n import tr
from rave_gui.ui.theme import fonts
from rave_gui.ui.theme.manager import ThemeManager

MARKS = (20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)
SPAN_DB = 100.0


def frequency(hz: float) -> str:
    """A frequency: 440 Hz, 12.5 kHz."""
    if hz >= 1000:
        return tr("{f} kHz", f=f"{hz / 1000:.3g}")
    return tr("{f} Hz", f=f"{hz:.0f}")


class SpectrumView(QWidget):
    """Frequency (logarithmic) against level in dB."""

    def __init__(self, themes: ThemeManager, name: str) -> None:
        super().__init__()
        self._themes = themes
        self._hz: list[float] = []
        self._mean: list[float] = []
        self._low: list[float] = []
        self._high: list[float] = []
        self._other: list[float] = []
        self._end = self._top = 0.0
        self._x: float | None = None
        self.setMouseTracking(True)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        themes.changed.connect(self.updateGeometry)

    def set_spectrum(
        self,
        hz: Sequence[float],
        mean: Sequence[float],
        low: Sequence[float],
        high: Sequence[float],
        *,
        end: float,
        nyquist: float,
    ) -> None:
        """Levels in dB at frequencies ``hz``; the sound ends at ``end``, the rate allows ``nyquist``."""
        self._hz, self._mean, self._low, self._high = list(hz), list(mean), list(low), list(high)
        self._end, self._top = end, nyquist
        self._other = []
        self.setAccessibleDescription(
            tr(
                "The sound reaches {end}; the sample rate allows {top}.",
                end=frequency(end),
                top=frequency(nyquist),
            )
        )
        self.update()

    def set_other(self, levels: Sequence[float]) -> None:
        """One recording's spectrum over it; empty takes it away."""
        self._other = list(levels) if len(levels) == len(self._hz) else []
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(self._themes.theme.px(420), self._themes.theme.px(220))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(self._themes.theme.px(240), self._themes.theme.px(180))

    def _plot(self) -> QRectF:
        theme = self._themes.theme
        return QRectF(self.rect()).adjusted(theme.px(34), theme.px(20), -theme.px(6), -theme.px(20))

    def _range(self) -> tuple[float, float]:
        top = max(self._high) if self._high else 0.0
        top = math.ceil(top / 10) * 10 + 0.0
        return top - SPAN_DB, top

    def _point(self, hz: float, db: float, area: QRectF) -> QPointF:
        low, high = max(self._hz[0], 10.0), self._top or self._hz[-1]
        bottom, top = self._range()
        x = math.log(max(hz, low) / low) / math.log(high / low)
        y = (min(max(db, bottom), top) - bottom) / (top - bottom)
        return QPointF(area.left() + x * area.width(), area.bottom() - y * area.height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        theme = self._themes.theme
        c = theme.colors
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(fonts.text_font(theme, "caption", tabular=True))
        area = self._plot()
        if len(self._hz) < 2:
            painter.setPen(QColor(c.muted))
            painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter), tr("Nothing to show"))
            painter.end()
            return
        self._grid(painter, area)
        band = [self._point(f, d, area) for f, d in zip(self._hz, self._high, strict=True)]
        band += [
            self._point(f, d, area) for f, d in zip(reversed(self._hz), reversed(self._low), strict=True)
        ]
        fill = QColor(c.accent)
        fill.setAlphaF(0.18)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawPolygon(QPolygonF(band))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(c.accent), 2))
        painter.drawPolyline(
            QPolygonF([self._point(f, d, area) for f, d in zip(self._hz, self._mean, strict=True)])
        )
        if self._other:
            painter.setPen(QPen(QColor(c.series[1]), 1.5))
            painter.drawPolyline(
                QPolygonF([self._point(f, d, area) for f, d in zip(self._hz, self._other, strict=True)])
            )
        self._bandwidth(painter, area)
        self._reading(painter, area)
        painter.end()

    def _grid(self, painter: QPainter, area: QRectF) -> None:
        theme = self._themes.theme
        c = theme.colors
        metrics = painter.fontMetrics()
        bottom, top = self._range()
        level = top
        while level >= bottom:
            y = self._point(self._hz[0], level, area).y()
            painter.setPen(QPen(QColor(c.grid), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(c.muted))
            box = QRectF(0, y - theme.px(9), area.left() - theme.px(6), theme.px(18))
            painter.drawText(
                box, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), f"{level:.0f}"
            )
            level -= 20
        last = -math.inf
        for hz in MARKS:
            if not self._hz[0] <= hz <= self._top:
                continue
            x = self._point(hz, 0, area).x()
            painter.setPen(QPen(QColor(c.grid), 1))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            text = f"{hz // 1000}k" if hz >= 1000 else str(hz)
            left = min(
                x - metrics.horizontalAdvance(text) / 2, area.right() - metrics.horizontalAdvance(text)
            )
            if left < last + theme.px(8):
                continue
            painter.setPen(QColor(c.muted))
            painter.drawText(QPointF(left, area.bottom() + metrics.ascent() + theme.px(4)), text)
            last = left + metrics.horizontalAdvance(text)

    def _bandwidth(self, painter: QPainter, area: QRectF) -> None:
        if not self._end:
            return
        theme = self._themes.theme
        c = theme.colors
        x = self._point(min(self._end, self._top), 0, area).x()
        short = self._end < 0.8 * self._top
        color = QColor(c.warning if short else c.muted)
        painter.setPen(QPen(color, 1.5, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        if self._x is None:
            text = tr("reaches {end}", end=frequency(self._end))
            width = painter.fontMetrics().horizontalAdvance(text)
            painter.drawText(
                QPointF(min(x - width / 2, area.right() - width), area.top() - theme.px(6)), text
            )

    def _reading(self, painter: QPainter, area: QRectF) -> None:
        if self._x is None or not area.left() <= self._x <= area.right():
            return
        theme = self._themes.theme
        low, high = max(self._hz[0], 10.0), self._top
        hz = low * (high / low) ** ((self._x - area.left()) / area.width())
        i = min(range(len(self._hz)), key=lambda k: abs(self._hz[k] - hz))
        painter.setPen(QPen(QColor(theme.colors.muted), 1))
        painter.drawLine(QPointF(self._x, area.top()), QPointF(self._x, area.bottom()))
        painter.setPen(QColor(theme.colors.text))
        text = tr("{f}: {db} dB on average", f=frequency(self._hz[i]), db=f"{self._mean[i]:.0f}")
        if self._other:
            text = tr(
                "{f}: {db} dB, the dataset {mean} dB",
                f=frequency(self._hz[i]),
                db=f"{self._other[i]:.0f}",
                mean=f"{self._mean[i]:.0f}",
            )
        head = QRectF(area.left(), 0, area.width(), theme.px(18))
        painter.drawText(head, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), text)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        self._x = event.position().x()
        self.update()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        self._x = None
        self.update()
