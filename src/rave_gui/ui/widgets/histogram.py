"""A histogram drawn from counts, read with the pointer or the arrow keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from rave_gui.ui.i18n import tr
from rave_gui.ui.theme import fonts
from rave_gui.ui.theme.manager import ThemeManager


class HistogramView(QWidget):
    """Bars of equal width, one a bin; ticks at the edges. ``describe(low, high, count)`` words a bin."""

    def __init__(self, themes: ThemeManager, name: str, role: str = "accent") -> None:
        super().__init__()
        self._themes, self._name, self._role = themes, name, role
        self._edges: list[float] = []
        self._counts: list[int] = []
        self._text: Callable[[float], str] = str
        self._describe: Callable[[float, float, int], str] = lambda low, high, count: f"{low}–{high}: {count}"
        self._mark: tuple[float, str] | None = None
        self._at = -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        themes.changed.connect(self.updateGeometry)

    def set_counts(
        self,
        edges: Sequence[float],
        counts: Sequence[int],
        text: Callable[[float], str],
        describe: Callable[[float, float, int], str],
        mark: tuple[float, str] | None = None,
    ) -> None:
        """``counts[i]`` lie between ``edges[i]`` and ``edges[i + 1]``; empty bins at both ends are left away.

        ``text`` words an edge; ``mark`` draws a line at a value, with its name.
        """
        first = next((i for i, c in enumerate(counts) if c), 0)
        last = next((i for i in range(len(counts) - 1, -1, -1) if counts[i]), -1)
        # A little air, so that a single bar is not the whole picture.
        first, last = max(0, first - 1), min(len(counts) - 1, last + 1)
        self._edges, self._counts = list(edges[first : last + 2]), list(counts[first : last + 1])
        self._text, self._describe, self._mark, self._at = text, describe, mark, -1
        top = max(range(len(self._counts)), key=self._counts.__getitem__, default=-1)
        self.setAccessibleDescription(
            tr("Most: {bin}", bin=self._words(top))
            if top >= 0 and any(self._counts)
            else tr("Nothing was counted.")
        )
        self.update()

    def _words(self, i: int) -> str:
        return self._describe(self._edges[i], self._edges[i + 1], self._counts[i])

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(self._themes.theme.px(260), self._themes.theme.px(150))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(self._themes.theme.px(160), self._themes.theme.px(120))

    def _plot(self) -> QRectF:
        theme = self._themes.theme
        return QRectF(self.rect()).adjusted(2, theme.px(20), -2, -theme.px(20))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        theme = self._themes.theme
        c = theme.colors
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        small = fonts.text_font(theme, "caption", tabular=True)
        painter.setFont(small)
        area = self._plot()
        painter.setPen(QPen(QColor(c.border), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        top = max(self._counts, default=0)
        if not top:
            painter.setPen(QColor(c.muted))
            painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter), tr("Nothing to show"))
            painter.end()
            return
        width = area.width() / len(self._counts)
        gap = 1.0 if width > 4 else 0.0
        for i, count in enumerate(self._counts):
            if not count:
                continue
            height = max(2.0, count / top * area.height())
            bar = QRectF(
                area.left() + i * width + gap, area.bottom() - height, max(1.0, width - 2 * gap), height
            )
            color = QColor(getattr(c, self._role))
            if self._at >= 0 and i != self._at:
                color.setAlphaF(0.45)
            path = QPainterPath()
            radius = min(3.0, bar.width() / 3)
            path.addRoundedRect(bar.adjusted(0, 0, 0, radius), radius, radius)
            painter.save()
            painter.setClipRect(bar.adjusted(-1, -1, 1, 0))
            painter.fillPath(path, color)
            painter.restore()
        self._axis(painter, area, QFontMetrics(small))
        self._line(painter, area)
        painter.setPen(QColor(c.text if self._at >= 0 else c.muted))
        words = self._words(self._at) if self._at >= 0 else ""
        head = QRectF(area.left(), 0, area.width(), theme.px(18))
        painter.drawText(head, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), words)
        if self.hasFocus():
            painter.setPen(QPen(QColor(c.focus), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)
        painter.end()

    def _axis(self, painter: QPainter, area: QRectF, metrics: QFontMetrics) -> None:
        theme = self._themes.theme
        painter.setPen(QColor(theme.colors.muted))
        count = len(self._edges)
        widest = max(metrics.horizontalAdvance(self._text(edge)) for edge in self._edges)
        step = max(1, -(-int((widest + theme.px(16)) * (count - 1)) // max(1, int(area.width()))))
        for i in range(0, count, step):
            text = self._text(self._edges[i])
            x = area.left() + area.width() * i / (count - 1)
            w = metrics.horizontalAdvance(text)
            left = min(max(area.left(), x - w / 2), area.right() - w)
            painter.drawText(QPointF(left, area.bottom() + metrics.ascent() + theme.px(4)), text)

    def _line(self, painter: QPainter, area: QRectF) -> None:
        if self._mark is None:
            return
        value, name = self._mark
        x = self._x(value, area)
        if x is None:
            return
        theme = self._themes.theme
        painter.setPen(QPen(QColor(theme.colors.text), 1.5, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        if self._at < 0:
            metrics = painter.fontMetrics()
            w = metrics.horizontalAdvance(name)
            left = min(max(area.left(), x - w / 2), area.right() - w)
            painter.drawText(QPointF(left, area.top() - theme.px(5)), name)

    def _x(self, value: float, area: QRectF) -> float | None:
        for i in range(len(self._counts)):
            low, high = self._edges[i], self._edges[i + 1]
            if low <= value <= high and high > low:
                return area.left() + area.width() * (i + (value - low) / (high - low)) / len(self._counts)
        return None

    def _read(self, i: int) -> None:
        i = i if 0 <= i < len(self._counts) else -1
        if i != self._at:
            self._at = i
            if i >= 0:
                self.setAccessibleDescription(self._words(i))
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        area = self._plot()
        if self._counts and area.width() > 0:
            self._read(int((event.position().x() - area.left()) / area.width() * len(self._counts)))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        self._read(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None or not self._counts:
            super().keyPressEvent(event)
            return
        self._read(min(max(self._at + step, 0), len(self._counts) - 1))

    def focusOutEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """The reading goes with the focus."""
        self._read(-1)
        super().focusOutEvent(event)  # type: ignore[arg-type]
