"""Rows that can be pressed: icon, title, a quieter line, something on the right, a bar of progress."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QEnterEvent, QFont, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from rave_gui.ui.theme import fonts, icons
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.theme.tokens import RADIUS


class RowButton(QAbstractButton):
    """One row of a short list. Enter, Space or a click press it; Tab reaches it."""

    def __init__(
        self,
        themes: ThemeManager,
        icon: str = "",
        title: str = "",
        note: str = "",
        *,
        trailing: str = "",
        tone: str = "",
    ) -> None:
        super().__init__()
        self._themes = themes
        self._icon, self._note, self._trailing, self._tone = icon, note, trailing, tone
        self._share: float | None = None
        self.setText(title)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._name()
        themes.changed.connect(self.updateGeometry)

    def set(
        self,
        *,
        icon: str | None = None,
        title: str | None = None,
        note: str | None = None,
        trailing: str | None = None,
        tone: str | None = None,
        share: float | None = None,
    ) -> None:
        """Change what is given; ``share`` (0 to 1) draws a bar, None none."""
        before = (self._icon, self.text(), self._note, self._trailing, self._tone, self._share)
        self._icon = self._icon if icon is None else icon
        self._note = self._note if note is None else note
        self._trailing = self._trailing if trailing is None else trailing
        self._tone = self._tone if tone is None else tone
        self._share = share
        if title is not None:
            self.setText(title)
        if before != (self._icon, self.text(), self._note, self._trailing, self._tone, self._share):
            self._name()
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        theme = self._themes.theme
        height = (
            theme.px(20)
            + (theme.px(18) if self._note else 0)
            + (theme.px(10) if self._share is not None else 0)
        )
        return QSize(theme.px(220), height + 2 * theme.space("s"))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(self._themes.theme.px(140), self.sizeHint().height())

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802 - Qt's name
        super().enterEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        theme = self._themes.theme
        c = theme.colors
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        if self.isDown():
            painter.setBrush(QColor(c.pressed))
        elif self.underMouse() and self.isEnabled():
            painter.setBrush(QColor(c.hover))
        painter.setPen(QPen(QColor(c.focus), 2) if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.drawRoundedRect(box, RADIUS["medium"], RADIUS["medium"])
        pad = theme.space("s")
        left, right = pad, self.width() - pad
        tone = getattr(c, self._tone) if self._tone else c.muted
        if self._icon:
            size = theme.px(18)
            top = (
                pad + (theme.px(20) - size) // 2
                if self._note or self._share is not None
                else (self.height() - size) // 2
            )
            painter.drawPixmap(left, top, icons.pixmap(self._icon, tone, size, self.devicePixelRatioF()))
            left += size + theme.space("m")
        body = fonts.text_font(theme, "body", QFont.Weight.Medium)
        small = fonts.text_font(theme, "caption", tabular=True)
        line = theme.px(20)
        top = pad if self._note or self._share is not None else (self.height() - line) // 2
        end = right
        if self._trailing:
            width = QFontMetrics(small).horizontalAdvance(self._trailing) + 2
            painter.setFont(small)
            painter.setPen(QColor(tone if self._tone else c.muted))
            painter.drawText(
                right - width,
                top,
                width,
                line,
                int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight),
                self._trailing,
            )
            end -= width + theme.space("s")
        painter.setFont(body)
        painter.setPen(QColor(c.text if self.isEnabled() else c.disabled))
        shown = QFontMetrics(body).elidedText(self.text(), Qt.TextElideMode.ElideRight, end - left)
        painter.drawText(left, top, end - left, line, int(Qt.AlignmentFlag.AlignVCenter), shown)
        if self._note:
            top += line
            painter.setFont(small)
            painter.setPen(QColor(c.muted))
            shown = QFontMetrics(small).elidedText(self._note, Qt.TextElideMode.ElideMiddle, right - left)
            painter.drawText(left, top, right - left, theme.px(18), int(Qt.AlignmentFlag.AlignVCenter), shown)
        if self._share is not None:
            bar = QRectF(left, self.height() - pad - theme.px(5), right - left, theme.px(4))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(c.pressed))
            painter.drawRoundedRect(bar, bar.height() / 2, bar.height() / 2)
            bar.setWidth(max(bar.height(), bar.width() * min(1.0, self._share)))
            painter.setBrush(QColor(getattr(c, self._tone) if self._tone else c.accent))
            painter.drawRoundedRect(bar, bar.height() / 2, bar.height() / 2)
        painter.end()

    def _name(self) -> None:
        self.setAccessibleName(self.text())
        self.setAccessibleDescription(", ".join(part for part in (self._note, self._trailing) if part))
        self.setToolTip(self._note)
