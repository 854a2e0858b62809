"""How far the result is from the original, beside three things it should beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from rave_gui.ui.theme import fonts
from rave_gui.ui.theme.manager import ThemeManager


@dataclass(frozen=True)
class Bar:
    """One distance; ``own`` marks the model's."""

    name: str
    value: float
    own: bool = False


class DistanceBars(QWidget):
    """Horizontal bars from 0 on one scale: the shorter, the closer to the original."""

    def __init__(self, themes: ThemeManager) -> None:
        super().__init__()
        self._themes = themes
        self._bars: Sequence[Bar] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        themes.changed.connect(self.updateGeometry)

    def set(self, bars: Sequence[Bar]) -> None:
        """Show ``bars`` from top to bottom."""
        self._bars = bars
        self.setAccessibleName(", ".join(f"{b.name} {b.value:.1f}" for b in bars))
        self.updateGeometry()
        self.update()

    def _line(self) -> int:
        return self._themes.theme.px(26)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(240, self._line() * max(1, len(self._bars)))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        if not self._bars:
            return
        theme, c = self._themes.theme, self._themes.theme.colors
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        strong = fonts.text_font(theme, "caption", QFont.Weight.DemiBold, tabular=True)
        plain = fonts.text_font(theme, "caption", tabular=True)
        painter.setFont(strong)
        metrics = painter.fontMetrics()
        gap = theme.space("m")
        left = max(metrics.horizontalAdvance(b.name) for b in self._bars) + gap
        right = max(metrics.horizontalAdvance(f"{b.value:.1f}") for b in self._bars) + gap
        room = max(20, self.width() - left - right)
        top_value = max(b.value for b in self._bars) or 1.0
        line, thick = self._line(), theme.px(10)
        middle = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        for index, bar in enumerate(self._bars):
            y = index * line
            painter.setFont(strong if bar.own else plain)
            painter.setPen(QColor(c.text if bar.own else c.muted))
            painter.drawText(QRectF(0, y, left, line), middle, bar.name)
            length = max(thick, room * bar.value / top_value)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(c.result if bar.own else c.control))
            painter.setOpacity(1.0 if bar.own or theme.name == "high-contrast" else 0.45)
            painter.drawRoundedRect(QRectF(left, y + (line - thick) / 2, length, thick), 3, 3)
            painter.setOpacity(1.0)
            painter.setPen(QColor(c.text if bar.own else c.muted))
            painter.drawText(
                QRectF(left + length + gap / 2, y, right + gap, line), middle, f"{bar.value:.1f}"
            )
        painter.end()
