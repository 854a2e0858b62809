"""Two sounds above each other with one playhead."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from rave_gui.ui.theme import fonts
from rave_gui.ui.theme.manager import ThemeManager


class WaveformView(QWidget):
    """Min/max envelopes of a few sounds on one time axis. Click, drag and the arrow keys seek; ``sought`` carries seconds.

    The lane that is heard is drawn in full colour, the other ones pale.
    """

    sought = Signal(float)

    def __init__(self, themes: ThemeManager, lanes: dict[str, tuple[str, str]], name: str) -> None:
        """``lanes``: key -> (name shown, colour role of the theme)."""
        super().__init__()
        self._themes, self._lanes = themes, lanes
        self._peaks: dict[str, list[tuple[float, float]]] = {}
        self._seconds = 0.0
        self._position = 0.0
        self._heard = next(iter(lanes))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.IBeamCursor)
        themes.changed.connect(self.updateGeometry)

    def set_sound(self, key: str, peaks: list[tuple[float, float]], seconds: float) -> None:
        """Envelope of one lane: (lowest, highest) for equal slices of its ``seconds``."""
        self._peaks[key] = peaks
        self._seconds = max(self._seconds, seconds)
        self.update()

    def clear(self) -> None:
        """Forget the sounds."""
        self._peaks.clear()
        self._seconds = self._position = 0.0
        self.update()

    def set_heard(self, key: str) -> None:
        """The lane that is heard now."""
        if key != self._heard:
            self._heard = key
            self.update()

    def set_position(self, seconds: float) -> None:
        """Move the playhead; repaints only what it touches."""
        old, self._position = self._position, seconds
        for moment in (old, seconds):
            x = self._x(moment)
            self.update(int(x) - 3, 0, 7, self.height())

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(400, self._themes.theme.px(88) * len(self._lanes))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(200, self._themes.theme.px(56) * len(self._lanes))

    def _x(self, seconds: float) -> float:
        return seconds / self._seconds * (self.width() - 2) + 1 if self._seconds else 1.0

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        theme, c = self._themes.theme, self._themes.theme.colors
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        gap = theme.space("s")
        height = (self.height() - gap * (len(self._lanes) - 1)) / len(self._lanes)
        for index, (key, (name, role)) in enumerate(self._lanes.items()):
            top = index * (height + gap)
            painter.setPen(QPen(QColor(c.border), 1))
            painter.setBrush(QColor(c.sunken))
            painter.drawRoundedRect(QRectF(0.5, top + 0.5, self.width() - 1, height - 1), 8, 8)
            self._lane(painter, key, QColor(getattr(c, role)), top, height)
            if not name:
                continue
            heard = key == self._heard
            painter.setFont(
                fonts.text_font(theme, "caption", QFont.Weight.DemiBold if heard else QFont.Weight.Normal)
            )
            width = painter.fontMetrics().horizontalAdvance(name) + theme.px(12)
            box = QRectF(theme.px(8), top + theme.px(8), width, theme.px(20))
            painter.setPen(Qt.PenStyle.NoPen)
            ground = QColor(c.surface)
            ground.setAlpha(225)
            painter.setBrush(ground)
            painter.drawRoundedRect(box, 4, 4)
            painter.setPen(QColor(getattr(c, role) if heard else c.muted))
            painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), name)
        if self._seconds:
            x = self._x(self._position)
            painter.setPen(QPen(QColor(c.text), 1.5))
            painter.drawLine(QLineF(x, 0, x, self.height()))
        if self.hasFocus():
            painter.setPen(QPen(QColor(c.focus), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(1, 1, self.width() - 2, self.height() - 2), 8, 8)
        painter.end()

    def _lane(self, painter: QPainter, key: str, color: QColor, top: float, height: float) -> None:
        peaks = self._peaks.get(key)
        if not peaks:
            return
        if key != self._heard:
            color.setAlphaF(0.4)
        painter.setPen(QPen(color, 1))
        middle, half = top + height / 2, height / 2 - 6
        count, width = len(peaks), self.width() - 2
        lines = []
        for x in range(width):
            first = x * count // width
            last = max(first + 1, (x + 1) * count // width)
            low = min(p[0] for p in peaks[first:last])
            high = max(p[1] for p in peaks[first:last])
            lines.append(QLineF(x + 1.5, middle - high * half - 0.5, x + 1.5, middle - low * half + 0.5))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.drawLines(lines)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        self._seek(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._seek(event.position().x())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        moves = {
            Qt.Key.Key_Left: self._position - 1.0,
            Qt.Key.Key_Right: self._position + 1.0,
            Qt.Key.Key_Home: 0.0,
            Qt.Key.Key_End: self._seconds,
        }
        target = moves.get(Qt.Key(event.key()))
        if target is None or not self._seconds:
            super().keyPressEvent(event)
            return
        self.sought.emit(min(max(target, 0.0), self._seconds))

    def _seek(self, x: float) -> None:
        if self._seconds:
            self.sought.emit(min(max((x - 1) / max(self.width() - 2, 1), 0.0), 1.0) * self._seconds)
