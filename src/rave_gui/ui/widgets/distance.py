"""How far the result is from the original, beside three things it should beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from rave_gui.ui.i18n import tr
from rave_gui.ui.theme import fonts
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Card, label


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


class DistanceCard(Card):
    """What an evaluation found: a sentence, the bars, and what they mean."""

    def __init__(self, themes: ThemeManager) -> None:
        super().__init__(themes)
        self.verdict = label("", "lead", wrap=True)
        self.bars = DistanceBars(themes)
        self.explain = label(
            tr(
                "Distance to the original on a spectral scale, on sound kept out of the training: "
                "the shorter the bar, the closer."
            ),
            "caption",
            wrap=True,
        )
        for part in (self.verdict, self.bars, self.explain):
            self.box.addWidget(part)

    def show_result(self, result: dict[str, Any]) -> None:
        """Take the result of an ``evaluate`` job."""
        names = {
            "distance": tr("Your model"),
            "distance_untrained": tr("Untrained model"),
            "distance_noise": tr("Noise, same loudness"),
            "distance_silence": tr("Silence"),
        }
        self.bars.set(
            [
                Bar(name, float(result[key]), key == "distance")
                for key, name in names.items()
                if isinstance(result.get(key), (int, float))
            ]
        )
        self.verdict.setText(verdict(result))


def verdict(result: dict[str, Any]) -> str:
    """What the distances mean, in one sentence."""
    own = result.get("distance")
    if not isinstance(own, (int, float)):
        return tr("The distance could not be measured.")
    others = {
        "distance_untrained": tr("an untrained model"),
        "distance_silence": tr("silence"),
        "distance_noise": tr("noise"),
    }
    beaten = [t for k, t in others.items() if isinstance(result.get(k), (int, float)) and own < result[k]]
    if not beaten:
        return tr("Not closer to the original than an untrained model yet. Train longer.")
    if len(beaten) == 3:
        return tr("Closer to the original than an untrained model, silence and noise.")
    things = tr(" and ").join(beaten)
    missing = [t for k, t in others.items() if isinstance(result.get(k), (int, float)) and own >= result[k]]
    if missing:
        left = tr(" and ").join(missing)
        return tr("Closer to the original than {things}, not yet than {left}.", things=things, left=left)
    return tr("Closer to the original than {things}.", things=things)
