"""Sounds above each other on one time line: a playhead, a stretch to repeat, and the lane that is heard in full colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from rave_gui.ui.theme import fonts
from rave_gui.ui.theme.manager import ThemeManager

if TYPE_CHECKING:
    from rave_gui.viewmodels.sounds import Peaks

STEPS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0)
DRAG_PIXELS = 5
SEEK_SECONDS = 1.0


class SoundLanes(QWidget):
    """Envelopes of a few sounds. A click seeks, a drag marks a stretch, a click on a lane's name hears it; the arrow keys seek.

    ``sought`` carries seconds, ``marked`` the ends of a stretch, ``cleared`` comes with a double click, ``wanted`` a lane's key.
    """

    sought = Signal(float)
    marked = Signal(float, float)
    cleared = Signal()
    wanted = Signal(str)

    def __init__(self, themes: ThemeManager, name: str) -> None:
        super().__init__()
        self._themes = themes
        self._lanes: list[tuple[str, str, str]] = []
        self._peaks: dict[str, Peaks] = {}
        self._drawn: dict[str, tuple[Any, QPixmap]] = {}
        self._chips: dict[str, QRectF] = {}
        self._seconds = self._position = 0.0
        self._heard = ""
        self._region: tuple[float, float] | None = None
        self._pressed: float | None = None
        self._dragging = False
        self.letters = True
        """Whether lanes are called A, B, C before their names."""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.IBeamCursor)
        themes.changed.connect(self._restyle)

    def set_lanes(self, lanes: Sequence[tuple[str, str, str]]) -> None:
        """Lanes from top to bottom: key, name shown, colour role of the theme. Envelopes of lanes that stay are kept."""
        self._lanes = list(lanes)
        keys = {key for key, _, _ in lanes}
        self._peaks = {key: peaks for key, peaks in self._peaks.items() if key in keys}
        self._drawn.clear()
        self._measure()
        self.updateGeometry()

    def set_peaks(self, key: str, peaks: Peaks) -> None:
        """Envelope of one lane."""
        self._peaks[key] = peaks
        self._drawn.pop(key, None)
        self._measure()

    def clear(self) -> None:
        """Forget the sounds; the lanes stay, empty."""
        self._peaks.clear()
        self._drawn.clear()
        self._position, self._region = 0.0, None
        self._measure()

    def set_heard(self, key: str) -> None:
        """The lane that is heard now."""
        if key != self._heard:
            self._heard = key
            self.update()

    def set_position(self, seconds: float) -> None:
        """Move the playhead; repaints only what it touches."""
        if seconds == self._position:
            return
        old, self._position = self._position, seconds
        for moment in (old, seconds):
            self.update(int(self._x(moment)) - 6, 0, 13, self.height())

    def set_region(self, region: tuple[float, float] | None) -> None:
        """The stretch that is repeated."""
        if region != self._region:
            self._region = region
            self.update()

    @property
    def ruler(self) -> int:
        """Height of the time scale in pixels."""
        return self._themes.theme.px(20)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(400, self.ruler + self._themes.theme.px(84) * max(1, len(self._lanes)))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(180, self.ruler + self._themes.theme.px(48) * max(1, len(self._lanes)))

    def _measure(self) -> None:
        self._seconds = max((peaks.seconds for peaks in self._peaks.values()), default=0.0)
        self.update()

    def _restyle(self) -> None:
        self._drawn.clear()
        self.updateGeometry()
        self.update()

    def _x(self, seconds: float) -> float:
        return seconds / self._seconds * (self.width() - 2) + 1 if self._seconds else 1.0

    def _at(self, x: float) -> float:
        return min(max((x - 1) / max(self.width() - 2, 1), 0.0), 1.0) * self._seconds

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        count = max(1, len(self._lanes))
        gap, top = self._themes.theme.space("s"), self.ruler
        height = (self.height() - top - gap * (count - 1)) / count
        self._paint_ruler(painter)
        for index in range(len(self._lanes)):
            self._paint_lane(painter, index, QRectF(0, top, self.width(), height))
            top += int(height + gap)
        self._paint_marks(painter)
        painter.end()

    def _paint_ruler(self, painter: QPainter) -> None:
        theme, c = self._themes.theme, self._themes.theme.colors
        if not self._seconds:
            return
        painter.setFont(fonts.text_font(theme, "caption", tabular=True))
        room = painter.fontMetrics().horizontalAdvance("00:00.0") + theme.px(18)
        per_pixel = self._seconds / max(1, self.width())
        step = next((s for s in STEPS if s >= room * per_pixel), STEPS[-1])
        painter.setPen(QColor(c.muted))
        moment = 0.0
        while moment <= self._seconds:
            x = self._x(moment)
            minutes, rest = divmod(moment, 60)
            text = f"{int(minutes)}:{rest:04.1f}" if step < 1 else f"{int(minutes)}:{int(rest):02}"
            box = QRectF(x + theme.px(4), 0, room, self.ruler - theme.px(2))
            if box.right() <= self.width() + theme.px(12):
                painter.drawText(box, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), text)
            painter.drawLine(QLineF(x, self.ruler * 0.35, x, self.ruler - theme.px(2)))
            moment += step

    def _paint_lane(self, painter: QPainter, index: int, box: QRectF) -> None:
        key, name, role = self._lanes[index]
        theme, c = self._themes.theme, self._themes.theme.colors
        painter.setPen(QPen(QColor(c.border), 1))
        painter.setBrush(QColor(c.sunken))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        heard = key == self._heard or len(self._lanes) == 1
        color = QColor(
            c.series[int(role[6:]) % len(c.series)] if role.startswith("series") else getattr(c, role)
        )
        painter.setOpacity(1.0 if heard else 0.42)
        painter.drawPixmap(box.topLeft(), self._wave(key, color, box))
        painter.setOpacity(1.0)
        self._chips[key] = QRectF()
        if not name:
            return
        weight = QFont.Weight.DemiBold if heard else QFont.Weight.Normal
        painter.setFont(fonts.text_font(theme, "caption", weight))
        text = f"{chr(65 + index)}  {name}" if self.letters and len(self._lanes) > 1 else name
        most = box.width() - theme.px(20)
        text = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, int(most - theme.px(12)))
        width = painter.fontMetrics().horizontalAdvance(text) + theme.px(12)
        chip = QRectF(box.left() + theme.px(8), box.top() + theme.px(7), width, theme.px(20))
        self._chips[key] = chip
        painter.setPen(Qt.PenStyle.NoPen)
        ground = QColor(c.surface)
        ground.setAlpha(230)
        painter.setBrush(ground)
        painter.drawRoundedRect(chip, 4, 4)
        painter.setPen(color if heard else QColor(c.muted))
        painter.drawText(chip, int(Qt.AlignmentFlag.AlignCenter), text)

    def _wave(self, key: str, color: QColor, box: QRectF) -> QPixmap:
        """The envelope as a picture, kept until size, colour or sound change."""
        ratio = self.devicePixelRatioF()
        size = (int(box.width() * ratio), int(box.height() * ratio), color.name(), self._seconds)
        known = self._drawn.get(key)
        if known is not None and known[0] == size:
            return known[1]
        picture = QPixmap(max(1, size[0]), max(1, size[1]))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        peaks = self._peaks.get(key)
        if peaks is not None and len(peaks.low) and self._seconds:
            painter = QPainter(picture)
            painter.setPen(QPen(color, 1))
            painter.drawLines(self._lines(peaks, box))
            painter.end()
        self._drawn[key] = (size, picture)
        return picture

    def _lines(self, peaks: Peaks, box: QRectF) -> list[QLineF]:
        import numpy as np

        count = len(peaks.low)
        columns = max(1, int((box.width() - 2) * peaks.seconds / self._seconds))
        starts = np.arange(columns) * count // columns
        low = np.minimum.reduceat(peaks.low, starts)
        high = np.maximum.reduceat(peaks.high, starts)
        middle, half = box.height() / 2, box.height() / 2 - 6
        above = np.clip(high, -1, 1) * -half + middle - 0.5
        below = np.clip(low, -1, 1) * -half + middle + 0.5
        return [
            QLineF(x + 1.5, a, x + 1.5, b)
            for x, (a, b) in enumerate(zip(above.tolist(), below.tolist(), strict=True))
        ]

    def _paint_marks(self, painter: QPainter) -> None:
        theme, c = self._themes.theme, self._themes.theme.colors
        if self._seconds and self._region is not None:
            left, right = self._x(self._region[0]), self._x(self._region[1])
            ground = QColor(c.accent)
            ground.setAlpha(34)
            painter.fillRect(QRectF(left, self.ruler, right - left, self.height() - self.ruler), ground)
            bar = QRectF(left, self.ruler - theme.px(5), right - left, theme.px(4))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(c.accent))
            painter.drawRoundedRect(bar, 2, 2)
            painter.setPen(QPen(QColor(c.accent), 1))
            for x in (left, right):
                painter.drawLine(QLineF(x, self.ruler, x, self.height()))
        if self._seconds:
            x, size = self._x(self._position), theme.px(5)
            painter.setPen(QPen(QColor(c.text), 1.5))
            painter.drawLine(QLineF(x, self.ruler - size, x, self.height()))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(c.text))
            painter.drawPolygon(
                [
                    QPointF(x - size, self.ruler - 2 * size),
                    QPointF(x + size, self.ruler - 2 * size),
                    QPointF(x, self.ruler - size / 2),
                ]
            )
        if self.hasFocus():
            painter.setPen(QPen(QColor(c.focus), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(
                QRectF(1, self.ruler + 1, self.width() - 2, self.height() - self.ruler - 2), 8, 8
            )

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if event.button() != Qt.MouseButton.LeftButton:
            return
        for key, chip in self._chips.items():
            if chip.contains(event.position()):
                self.wanted.emit(key)
                return
        if self._seconds:
            self._pressed, self._dragging = event.position().x(), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if self._pressed is None:
            return
        x = event.position().x()
        self._dragging = self._dragging or abs(x - self._pressed) > DRAG_PIXELS
        if self._dragging:
            self.set_region(tuple(sorted((self._at(self._pressed), self._at(x)))))  # type: ignore[arg-type]

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if self._pressed is None:
            return
        start, self._pressed = self._pressed, None
        if self._dragging:
            self.marked.emit(self._at(start), self._at(event.position().x()))
        else:
            self.sought.emit(self._at(event.position().x()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        self._pressed = None
        self.cleared.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        fine = 0.1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else SEEK_SECONDS
        moves = {
            Qt.Key.Key_Left: self._position - fine,
            Qt.Key.Key_Right: self._position + fine,
            Qt.Key.Key_Home: 0.0,
            Qt.Key.Key_End: self._seconds,
        }
        target = moves.get(Qt.Key(event.key()))
        if target is None or not self._seconds:
            super().keyPressEvent(event)
            return
        self.sought.emit(min(max(target, 0.0), self._seconds))
