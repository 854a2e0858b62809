"""A spectrogram: time across, frequency up (logarithmic), level as brightness."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from rave_gui.ui.i18n import tr
from rave_gui.ui.theme import fonts
from rave_gui.ui.theme.manager import ThemeManager

MARKS = (100, 1000, 10_000)
STOPS = ("#0b0a14", "#2a1a5e", "#7a2b8f", "#d1495b", "#f4a259", "#fdf3c9")
"""From silence to loud: darker to lighter throughout, so that it is read without colour as well."""


class SpectrogramView(QWidget):
    """Shows levels [bands, frames]; ``sought`` carries the seconds of a click."""

    sought = Signal(float)

    def __init__(self, themes: ThemeManager, name: str) -> None:
        super().__init__()
        self._themes = themes
        self._image: QImage | None = None
        self._bytes = b""
        self._hz: list[float] = []
        self._seconds = self._position = 0.0
        self.setAccessibleName(name)
        self.setCursor(Qt.CursorShape.IBeamCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        themes.changed.connect(self.updateGeometry)

    def set_levels(self, levels: Any, hz: list[float], seconds: float) -> None:
        """``levels`` uint8 [bands, frames], 0 silent to 255 loud, the lowest band first; ``hz`` the middles of the bands."""
        import numpy as np

        bands, frames = levels.shape
        picture = np.ascontiguousarray(levels[::-1])
        self._bytes = picture.tobytes()
        image = QImage(self._bytes, frames, bands, frames, QImage.Format.Format_Indexed8)
        image.setColorTable(_table())
        self._image = image.copy()
        self._hz, self._seconds = hz, seconds
        self.update()

    def clear(self) -> None:
        """Show nothing."""
        self._image, self._seconds, self._position = None, 0.0, 0.0
        self.update()

    def set_position(self, seconds: float) -> None:
        """Move the playhead."""
        self._position = seconds
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(self._themes.theme.px(320), self._themes.theme.px(160))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(self._themes.theme.px(160), self._themes.theme.px(96))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        theme, c = self._themes.theme, self._themes.theme.colors
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        area = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.fillRect(area, QColor(STOPS[0]) if self._image is not None else QColor(c.sunken))
        if self._image is not None:
            painter.drawImage(area, self._image)
            painter.setFont(fonts.text_font(theme, "caption", tabular=True))
            for hz in MARKS:
                place = self._place(hz)
                if place is None:
                    continue
                y = area.bottom() - place * area.height()
                painter.setPen(QPen(QColor(255, 255, 255, 60), 1))
                painter.drawLine(QLineF(area.left(), y, area.right(), y))
                painter.setPen(QColor(255, 255, 255, 220))
                text = tr("{f} kHz", f=hz // 1000) if hz >= 1000 else tr("{f} Hz", f=hz)
                painter.drawText(QPointF(area.left() + 6, y - 3), text)
            if self._seconds:
                x = area.left() + self._position / self._seconds * area.width()
                painter.setPen(QPen(QColor("#ffffff"), 1.5))
                painter.drawLine(QLineF(x, area.top(), x, area.bottom()))
        painter.setPen(QPen(QColor(c.border), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(area)
        painter.end()

    def _place(self, hz: float) -> float | None:
        if len(self._hz) < 2 or not self._hz[0] < hz < self._hz[-1]:
            return None
        i = next(i for i, f in enumerate(self._hz) if f >= hz)
        return i / len(self._hz)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if self._seconds and self.width() > 2:
            share = (event.position().x() - 1) / (self.width() - 2)
            self.sought.emit(min(max(share, 0.0), 1.0) * self._seconds)


def _table() -> list[int]:
    stops = [QColor(stop) for stop in STOPS]
    found = []
    for i in range(256):
        place = i / 255 * (len(stops) - 1)
        k = min(int(place), len(stops) - 2)
        part, a, b = place - k, stops[k], stops[k + 1]
        found.append(
            QColor(
                round(a.red() + (b.red() - a.red()) * part),
                round(a.green() + (b.green() - a.green()) * part),
                round(a.blue() + (b.blue() - a.blue()) * part),
            ).rgb()
        )
    return found
