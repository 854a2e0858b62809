"""A map of points: click or walk with the arrow keys, and hear what is there."""

from __future__ import annotations

from collections import Counter
from typing import Any

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from rave_gui.ui.i18n import tr
from rave_gui.ui.theme.manager import ThemeManager

REACH = 24
"""Pixels from the pointer within which a point is meant."""


class ScatterView(QWidget):
    """Points in -1 to 1 on both axes, coloured by group. ``picked`` carries the number of a point, ``pressed`` the same on Enter
    or a second click; ``hovered`` the number under the pointer or -1.
    """

    picked = Signal(int)
    pressed = Signal(int)
    hovered = Signal(int)

    def __init__(self, themes: ThemeManager, name: str) -> None:
        super().__init__()
        self._themes = themes
        self._points: Any = None
        self._groups: Any = None
        self._at = self._over = -1
        self._ranks: dict[int, int] = {}
        self._near: list[int] = []
        self._lit = -2
        self._picture: QPixmap | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName(name)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        themes.changed.connect(self._stale)

    def set_points(self, points: Any, groups: Any) -> None:
        """``points`` float [n, 2], ``groups`` int [n]: number of a colour, negative for none."""
        self._points, self._groups = points, groups
        sizes = Counter(int(group) for group in groups if group >= 0)
        self._ranks = {group: rank for rank, (group, _n) in enumerate(sizes.most_common())}
        self._at = self._over = -1
        self._near = []
        self._lit = -2
        self._stale()

    def select(self, number: int, near: list[int]) -> None:
        """Mark a point, and those most like it."""
        self._at, self._near = number, near
        self.update()

    def light(self, group: int) -> None:
        """Draw one group in full colour and the others pale; -2 all alike."""
        if group != self._lit:
            self._lit = group
            self._stale()

    def color(self, group: int) -> QColor:
        """Colour of a group: the largest groups have one each, the others share a quiet one."""
        c = self._themes.theme.colors
        rank = self._ranks.get(group, len(c.series))
        return QColor(c.series[rank] if rank < len(c.series) else c.muted)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        side = self._themes.theme.px(420)
        return QSize(side, side)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(self._themes.theme.px(240), self._themes.theme.px(220))

    def _stale(self) -> None:
        self._picture = None
        self.update()

    def _place(self, number: int) -> QPointF:
        pad = self._themes.theme.px(18)
        x, y = self._points[number]
        return QPointF(
            pad + (float(x) + 1) / 2 * (self.width() - 2 * pad),
            self.height() - pad - (float(y) + 1) / 2 * (self.height() - 2 * pad),
        )

    def count(self) -> int:
        """How many points there are."""
        return 0 if self._points is None else len(self._points)

    def _drawn(self) -> QPixmap:
        theme = self._themes.theme
        ratio = self.devicePixelRatioF()
        picture = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme.colors.border), 1))
        painter.setBrush(QColor(theme.colors.sunken))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        count = self.count()
        size = max(3.0, min(7.0, 260 / max(1.0, count**0.5))) * theme.scale / 100
        painter.setPen(Qt.PenStyle.NoPen)
        by_group: dict[int, list[int]] = {}
        for number in range(count):
            by_group.setdefault(int(self._groups[number]), []).append(number)
        # The lit group last, above the others.
        for group in sorted(by_group, key=lambda g: g == self._lit):
            color = self.color(group)
            color.setAlphaF(0.85 if self._lit in (-2, group) else 0.12)
            painter.setBrush(color)
            for number in by_group[group]:
                painter.drawEllipse(self._place(number), size / 2, size / 2)
        painter.end()
        return picture

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        theme = self._themes.theme
        c = theme.colors
        if self._picture is None:
            self._picture = self._drawn()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for number in self._near:
            painter.setPen(QPen(QColor(c.muted), 1, Qt.PenStyle.DotLine))
            painter.drawLine(self._place(self._at), self._place(number))
        for number, width in ((self._over, 1.5), (self._at, 2.5)):
            if 0 <= number < self.count():
                painter.setPen(QPen(QColor(c.text), width))
                painter.setBrush(self.color(int(self._groups[number])))
                radius = theme.px(5 if width < 2 else 7)
                painter.drawEllipse(self._place(number), radius, radius)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if not self.count():
            painter.setPen(QColor(c.muted))
            painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter), tr("Nothing to show"))
        if self.hasFocus():
            painter.setPen(QPen(QColor(c.focus), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 8, 8)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._stale()

    def _under(self, where: QPointF) -> int:
        if not self.count():
            return -1
        import numpy as np

        pad = self._themes.theme.px(18)
        xs = pad + (self._points[:, 0] + 1) / 2 * (self.width() - 2 * pad)
        ys = self.height() - pad - (self._points[:, 1] + 1) / 2 * (self.height() - 2 * pad)
        distance = (xs - where.x()) ** 2 + (ys - where.y()) ** 2
        best = int(np.argmin(distance))
        return best if distance[best] <= self._themes.theme.px(REACH) ** 2 else -1

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        over = self._under(event.position())
        if over != self._over:
            self._over = over
            self.hovered.emit(over)
            self.update()
        if event.buttons() & Qt.MouseButton.LeftButton and over >= 0 and over != self._at:
            self.picked.emit(over)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        number = self._under(event.position())
        if number < 0:
            return
        if number == self._at:
            self.pressed.emit(number)
        else:
            self.picked.emit(number)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        self._over = -1
        self.hovered.emit(-1)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        way = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, 1),
            Qt.Key.Key_Down: (0, -1),
        }.get(Qt.Key(event.key()))
        if way is not None and self.count():
            number = self._step(*way)
            if number >= 0:
                self.picked.emit(number)
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._at >= 0:
            self.pressed.emit(self._at)
            return
        super().keyPressEvent(event)

    def _step(self, dx: int, dy: int) -> int:
        """The nearest point that lies that way (within a right angle)."""
        import numpy as np

        if self._at < 0:
            return int(np.argmin((self._points**2).sum(axis=1)))
        d = self._points - self._points[self._at]
        along, across = d[:, 0] * dx + d[:, 1] * dy, np.abs(d[:, 0] * dy) + np.abs(d[:, 1] * dx)
        cost = np.where((along > 1e-6) & (across <= along * 1.2), along + 2 * across, np.inf)
        best = int(np.argmin(cost))
        return best if np.isfinite(cost[best]) else -1
