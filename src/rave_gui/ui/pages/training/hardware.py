"""What the computer does while it trains, as a strip of small histories."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QHideEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QShowEvent,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QWidget

from rave_gui.ui import words
from rave_gui.ui.bridge import Task
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.session import Session
from rave_gui.ui.theme import fonts
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.viewmodels.hardware import KEPT, HardwareModel, Sample, watch


class Meter(QWidget):
    """Name, newest value, and its history from 0 to 1."""

    def __init__(self, themes: ThemeManager, name: str) -> None:
        super().__init__()
        self._themes, self._name, self._value = themes, name, "–"
        self._history: Sequence[float] = ()
        self._tone = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        themes.changed.connect(self.updateGeometry)

    def set(self, value: str, history: Sequence[float], tone: str = "") -> None:
        """Newest value in words, and the shares of the last minutes."""
        self._value, self._history, self._tone = value, history, tone
        self.setAccessibleName(f"{self._name}: {value}")
        self.setToolTip(f"{self._name}: {value}")
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        theme = self._themes.theme
        return QSize(theme.px(150), 2 * (theme.text("caption") + 5))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(self._themes.theme.px(100), self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        theme, c = self._themes.theme, self._themes.theme.colors
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line = theme.text("caption") + 5
        plain = fonts.text_font(theme, "caption")
        bold = fonts.text_font(theme, "caption", QFont.Weight.DemiBold, tabular=True)
        wide = max(
            QFontMetrics(plain).horizontalAdvance(self._name),
            QFontMetrics(bold).horizontalAdvance(self._value),
        )
        painter.setFont(plain)
        painter.setPen(QColor(c.muted))
        painter.drawText(QRectF(0, 0, self.width(), line), int(Qt.AlignmentFlag.AlignVCenter), self._name)
        painter.setFont(bold)
        painter.setPen(QColor(getattr(c, self._tone) if self._tone else c.text))
        painter.drawText(QRectF(0, line, self.width(), line), int(Qt.AlignmentFlag.AlignVCenter), self._value)
        left = wide + theme.space("s")
        room = QRectF(left, 2, self.width() - left - 1, self.height() - 4)
        if room.width() > 24 and len(self._history) > 1:
            step = room.width() / (KEPT - 1)
            first = room.right() - step * (len(self._history) - 1)
            points = [
                QPointF(first + i * step, room.bottom() - room.height() * min(1.0, max(0.0, value)))
                for i, value in enumerate(self._history)
            ]
            color = QColor(getattr(c, self._tone) if self._tone else c.accent)
            under = QPolygonF(
                [QPointF(points[0].x(), room.bottom()), *points, QPointF(points[-1].x(), room.bottom())]
            )
            ground = QColor(color)
            ground.setAlphaF(0.14)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ground)
            painter.drawPolygon(under)
            painter.setPen(QPen(color, 1.2))
            painter.drawPolyline(QPolygonF(points))
        painter.end()


class HardwareStrip(QFrame):
    """Processor, memory, graphics card and disk; looks only while it is seen."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("card")
        self._session = session
        self.model = HardwareModel()
        self._task: Task | None = None
        self.looked: Callable[[], None] = lambda: None
        """Called after each look."""
        themes = session.themes
        row = QHBoxLayout(self)
        space = themes.theme.space
        row.setContentsMargins(space("l"), space("xs"), space("l"), space("xs"))
        row.setSpacing(space("l"))
        self.meters = {
            "cpu": Meter(themes, tr("Processor")),
            "memory": Meter(themes, tr("Memory")),
            "card": Meter(themes, tr("Graphics card")),
            "card_memory": Meter(themes, tr("Its memory")),
            "heat": Meter(themes, tr("Temperature")),
            "disk": Meter(themes, tr("Disk free")),
        }
        for key, meter in self.meters.items():
            meter.setMaximumWidth(themes.theme.px(230 if key != "disk" else 110))
            row.addWidget(meter, 1)
        row.addStretch(1)
        for key in ("card", "card_memory", "heat"):
            self.meters[key].hide()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        project = self._session.project
        if self._task is None and project is not None:
            folder = project.path
            self._task = self._session.stream(lambda stop, emit: watch(folder, stop, emit), self._take)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _take(self, found: list[Sample]) -> None:
        self.model.add(found)
        samples = self.model.samples
        last = self.model.last
        if last is None:
            return
        self.meters["cpu"].set(f"{last.cpu:.0%}", [s.cpu for s in samples])
        share = last.memory_used / last.memory_total
        self.meters["memory"].set(
            tr("{used} of {total}", used=words.size(last.memory_used), total=words.size(last.memory_total)),
            [s.memory_used / s.memory_total for s in samples],
            "warning" if share > 0.92 else "",
        )
        if last.disk_free is not None:
            self.meters["disk"].set(words.size(last.disk_free), (), "warning" if last.disk_free < 5e9 else "")
        card = last.card
        for key in ("card", "card_memory"):
            self.meters[key].setVisible(card is not None)
        self.meters["heat"].setVisible(card is not None and card.temperature is not None)
        if card is not None:
            self.meters["card"].set(f"{card.work:.0%}", [s.card.work for s in samples if s.card])
            self.meters["card_memory"].set(
                tr("{used} of {total}", used=words.size(card.used), total=words.size(card.total)),
                [s.card.used / s.card.total for s in samples if s.card and s.card.total],
                "warning" if card.total and card.used / card.total > 0.95 else "",
            )
            if card.temperature is not None:
                heats = [s.card.temperature or 0.0 for s in samples if s.card]
                self.meters["heat"].set(
                    tr("{n} °C", n=f"{card.temperature:.0f}"),
                    [heat / 100 for heat in heats],
                    "danger" if card.temperature >= 90 else "warning" if card.temperature >= 83 else "",
                )
        self.looked()
