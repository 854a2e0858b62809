"""A choice with its reasons: a card that is pressed, with a title, a few lines and short facts."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QEnterEvent, QFont, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from rave_gui.ui.theme import fonts, icons
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.theme.tokens import RADIUS

Fact = tuple[str, str]
"""Words and colour role (accent, success, warning, danger or empty)."""
WRAP = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)


class ChoiceCard(QAbstractButton):
    """Checkable. ``single``: one of several (a dot), otherwise on or off (a tick)."""

    def __init__(
        self,
        themes: ThemeManager,
        title: str,
        text: str = "",
        facts: Sequence[Fact] = (),
        *,
        icon: str = "",
        single: bool = True,
    ) -> None:
        super().__init__()
        self._themes, self._body, self._icon, self._single = themes, text, icon, single
        self._facts: tuple[Fact, ...] = tuple(facts)
        self.setText(title)
        self.setCheckable(True)
        self.setAutoExclusive(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._name()
        themes.changed.connect(self.updateGeometry)

    def set_facts(self, facts: Sequence[Fact]) -> None:
        """Other facts below the text."""
        if tuple(facts) != self._facts:
            self._facts = tuple(facts)
            self._name()
            self.updateGeometry()
            self.update()

    def _name(self) -> None:
        self.setAccessibleName(self.text())
        self.setAccessibleDescription(
            " ".join([self._body, *(f"{text}." for text, _ in self._facts)]).strip()
        )

    # Size

    def hasHeightForWidth(self) -> bool:  # noqa: N802 - Qt's name
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802 - Qt's name
        theme = self._themes.theme
        pad, room = theme.space("m"), self._room(width)
        height = 2 * pad + self._title_height()
        if self._body:
            height += theme.space("xs") + self._text_height(room)
        if self._facts:
            height += theme.space("s") + self._rows(room) * (self._chip_height() + theme.px(4)) - theme.px(4)
        return height

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        width = self._themes.theme.px(240)
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        width = max(self.width(), self._themes.theme.px(150))
        return QSize(self._themes.theme.px(150), self.heightForWidth(width))

    def _left(self) -> int:
        theme = self._themes.theme
        return theme.space("m") + theme.px(16) + theme.space("s")

    def _room(self, width: int) -> int:
        return max(60, width - self._left() - self._themes.theme.space("m"))

    def _title_font(self) -> QFont:
        return fonts.text_font(self._themes.theme, "body", QFont.Weight.DemiBold)

    def _title_height(self) -> int:
        return QFontMetrics(self._title_font()).height()

    def _text_height(self, room: int) -> int:
        metrics = QFontMetrics(fonts.text_font(self._themes.theme, "caption"))
        return metrics.boundingRect(0, 0, room, 10_000, WRAP, self._body).height()

    def _chip_height(self) -> int:
        return QFontMetrics(fonts.text_font(self._themes.theme, "caption")).height() + 4

    def _chip_width(self, text: str) -> int:
        font = fonts.text_font(self._themes.theme, "caption", QFont.Weight.DemiBold)
        return QFontMetrics(font).horizontalAdvance(text) + 2 * self._themes.theme.space("s")

    def _rows(self, room: int) -> int:
        return len(self._lines(room))

    def _lines(self, room: int) -> list[list[Fact]]:
        lines: list[list[Fact]] = [[]]
        used = 0
        gap = self._themes.theme.px(6)
        for fact in self._facts:
            width = self._chip_width(fact[0])
            if lines[-1] and used + width > room:
                lines.append([])
                used = 0
            lines[-1].append(fact)
            used += width + gap
        return lines

    # Paint

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802 - Qt's name
        super().enterEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        theme = self._themes.theme
        c = theme.colors
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        on, alive = self.isChecked(), self.isEnabled()
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        ground = c.soft if on else c.hover if self.underMouse() and alive else c.surface
        painter.setBrush(QColor(ground))
        if self.hasFocus():
            painter.setPen(QPen(QColor(c.focus), 2))
        elif on:
            painter.setPen(QPen(QColor(c.accent), 1.5))
        else:
            painter.setPen(QPen(QColor(c.control if theme.name == "high-contrast" else c.border), 1))
        painter.drawRoundedRect(box, RADIUS["medium"], RADIUS["medium"])
        pad, left = theme.space("m"), self._left()
        self._mark(painter, pad, on, alive)
        room = self._room(self.width())
        painter.setFont(self._title_font())
        painter.setPen(QColor((c.on_soft if on else c.text) if alive else c.disabled))
        height = self._title_height()
        title = QFontMetrics(self._title_font()).elidedText(self.text(), Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRectF(left, pad, room, height), int(Qt.AlignmentFlag.AlignVCenter), title)
        y = pad + height
        if self._body:
            y += theme.space("xs")
            painter.setFont(fonts.text_font(theme, "caption"))
            painter.setPen(QColor(c.muted if alive else c.disabled))
            tall = self._text_height(room)
            painter.drawText(QRectF(left, y, room, tall), WRAP, self._body)
            y += tall
        if self._facts:
            self._chips(painter, left, y + theme.space("s"), room)
        painter.end()

    def _mark(self, painter: QPainter, pad: int, on: bool, alive: bool) -> None:
        theme = self._themes.theme
        c = theme.colors
        size = theme.px(16)
        place = QRectF(pad, pad + (self._title_height() - size) / 2, size, size)
        if self._icon:
            color = c.accent if on else c.muted
            painter.drawPixmap(
                round(place.left()),
                round(place.top()),
                icons.pixmap(self._icon, color if alive else c.disabled, size, self.devicePixelRatioF()),
            )
            return
        painter.setPen(QPen(QColor(c.fill if on else c.control), 1.5))
        painter.setBrush(QColor(c.fill) if on else QColor(c.surface))
        if self._single:
            painter.drawEllipse(place.adjusted(1, 1, -1, -1))
            if on:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(c.on_fill))
                inner = size * 0.3
                painter.drawEllipse(place.adjusted(inner, inner, -inner, -inner))
            return
        painter.drawRoundedRect(place.adjusted(1, 1, -1, -1), 4, 4)
        if on:
            mark = theme.px(12)
            painter.drawPixmap(
                round(place.center().x() - mark / 2),
                round(place.center().y() - mark / 2),
                icons.pixmap("check", c.on_fill, mark, self.devicePixelRatioF()),
            )

    def _chips(self, painter: QPainter, left: float, top: float, room: int) -> None:
        theme = self._themes.theme
        c = theme.colors
        painter.setFont(fonts.text_font(theme, "caption", QFont.Weight.DemiBold))
        height, gap = self._chip_height(), theme.px(6)
        grounds = {"success": c.success_soft, "warning": c.warning_soft, "danger": c.danger_soft}
        for line in self._lines(room):
            x = left
            for text, tone in line:
                width = self._chip_width(text)
                painter.setPen(
                    QPen(QColor(c.border), 1) if theme.name == "high-contrast" else Qt.PenStyle.NoPen
                )
                painter.setBrush(QColor(grounds.get(tone, c.pressed if self.isChecked() else c.hover)))
                painter.drawRoundedRect(QRectF(x, top, width, height), RADIUS["small"], RADIUS["small"])
                painter.setPen(QColor(getattr(c, tone) if tone in grounds else c.muted))
                painter.drawText(QRectF(x, top, width, height), int(Qt.AlignmentFlag.AlignCenter), text)
                x += width + gap
            top += height + theme.px(4)
