"""The phases of a training on one bar: where it is, where phase 2 begins, where it ends."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from rave_gui.ui.theme import fonts
from rave_gui.ui.theme.manager import ThemeManager


class PhaseTimeline(QWidget):
    """Steps from 0 to ``total``; the part after ``switch`` is phase 2 (None: not known)."""

    def __init__(self, themes: ThemeManager, names: tuple[str, str]) -> None:
        super().__init__()
        self._themes, self._names = themes, names
        self._done, self._total, self._switch = 0.0, 0.0, None  # type: float, float, float | None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        themes.changed.connect(self.updateGeometry)

    def set(self, done: float, total: float, switch: float | None) -> None:
        """``done`` and ``switch`` in steps of ``total``."""
        if (done, total, switch) != (self._done, self._total, self._switch):
            self._done, self._total, self._switch = done, total, switch
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        theme = self._themes.theme
        return QSize(200, theme.px(10) + theme.space("s") + theme.text("caption") + 6)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        theme, c = self._themes.theme, self._themes.theme.colors
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        height, width = theme.px(10), self.width()
        share = min(1.0, self._done / self._total) if self._total else 0.0
        at = self._switch / self._total if self._switch is not None and self._total else None
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(0, 0, width, height), height / 2, height / 2)
        painter.setClipPath(shape)
        painter.fillRect(0, 0, width, height, QColor(c.grid if theme.name == "high-contrast" else c.pressed))
        first = width * (at if at is not None and at < share else share)
        painter.fillRect(QRectF(0, 0, first, height), QColor(c.series[0]))
        if at is not None and at < share:
            painter.fillRect(QRectF(width * at, 0, width * (share - at), height), QColor(c.series[1]))
        painter.setClipping(False)
        if at is not None and 0 < at < 1:
            painter.setPen(QPen(QColor(c.surface), 3))
            painter.drawLine(round(width * at), 0, round(width * at), height)
        painter.setFont(fonts.text_font(theme, "caption"))
        top = height + theme.space("s")
        split = round(width * at) if at is not None else width
        in_second = at is not None and share >= at and share > 0
        line = theme.text("caption") + 6
        flags = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        painter.setPen(QColor(c.muted if in_second else c.text))
        painter.drawText(QRectF(0, top, max(split - 8, 0), line), flags, self._names[0])
        if at is not None and at < 1:
            needed = painter.fontMetrics().horizontalAdvance(self._names[1])
            painter.setPen(QColor(c.text if in_second else c.muted))
            if width - split >= needed:
                painter.drawText(QRectF(split, top, width - split, line), flags, self._names[1])
            else:
                right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
                painter.drawText(QRectF(0, top, width, line), right, self._names[1])
        painter.end()
