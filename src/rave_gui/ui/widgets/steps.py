"""Where the user is on the way, and the way back."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QEnterEvent, QFont, QFontMetrics, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QWidget

from rave_gui.ui.i18n import tr
from rave_gui.ui.theme import fonts, icons
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.theme.tokens import RADIUS
from rave_gui.ui.widgets.basic import rule


class StepButton(QAbstractButton):
    """A number in a circle and a word: done, here, or still to come."""

    def __init__(self, themes: ThemeManager, number: int, text: str) -> None:
        super().__init__()
        self._themes, self._number, self._state = themes, number, "ahead"
        self._short = False
        self.setText(text)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        themes.changed.connect(self.updateGeometry)

    def set_state(self, state: str, enabled: bool) -> None:
        """``done``, ``here`` or ``ahead``."""
        words = {"done": tr("done"), "here": tr("this step"), "ahead": tr("to come")}
        self._state = state
        self.setEnabled(enabled)
        self.setCursor(Qt.CursorShape.PointingHandCursor if enabled else Qt.CursorShape.ArrowCursor)
        self.setAccessibleName(
            tr("Step {n}: {name}, {state}", n=self._number, name=self.text(), state=words[state])
        )
        self.update()

    def set_short(self, short: bool) -> None:
        """Show the number alone; the word is in the hint then."""
        if short != self._short:
            self._short = short
            self.setToolTip(self.text() if short else "")
            self.updateGeometry()
            self.update()

    def _font(self) -> QFont:
        bold = QFont.Weight.DemiBold if self._state == "here" else QFont.Weight.Medium
        return fonts.text_font(self._themes.theme, "body", bold)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        theme = self._themes.theme
        return QSize(theme.px(24) + 2 * theme.space("s") if self._short else self.whole_width(), theme.px(36))

    def whole_width(self) -> int:
        """Pixels with the word."""
        theme = self._themes.theme
        font = fonts.text_font(theme, "body", QFont.Weight.DemiBold)
        width = QFontMetrics(font).horizontalAdvance(self.text())
        return width + theme.px(24) + 3 * theme.space("s")

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802 - Qt's name
        super().enterEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        theme = self._themes.theme
        c = theme.colors
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        if self.isEnabled() and self.underMouse():
            painter.setBrush(QColor(c.hover))
        painter.setPen(QPen(QColor(c.focus), 2) if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.drawRoundedRect(box, RADIUS["medium"], RADIUS["medium"])
        size, left = theme.px(24), theme.space("s")
        circle = QRectF(left, (self.height() - size) / 2, size, size)
        filled = self._state == "here"
        painter.setPen(
            Qt.PenStyle.NoPen
            if filled
            else QPen(QColor(c.control if self._state == "ahead" else c.success), 1.5)
        )
        painter.setBrush(QColor(c.fill) if filled else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(circle.adjusted(1, 1, -1, -1))
        if self._state == "done":
            mark = theme.px(14)
            painter.drawPixmap(
                round(circle.center().x() - mark / 2),
                round(circle.center().y() - mark / 2),
                icons.pixmap("check", c.success, mark, self.devicePixelRatioF()),
            )
        else:
            painter.setFont(fonts.text_font(theme, "caption", QFont.Weight.DemiBold))
            painter.setPen(QColor(c.on_fill if filled else c.muted))
            painter.drawText(circle, int(Qt.AlignmentFlag.AlignCenter), str(self._number))
        if self._short:
            painter.end()
            return
        painter.setFont(self._font())
        painter.setPen(QColor(c.text if self._state != "ahead" else c.muted))
        rest = QRectF(circle.right() + theme.space("s"), 0, self.width(), self.height())
        painter.drawText(rest, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), self.text())
        painter.end()


class StepBar(QWidget):
    """The steps in a row; ``wanted`` carries the number of the one pressed."""

    wanted = Signal(int)

    def __init__(self, themes: ThemeManager, names: Sequence[str]) -> None:
        super().__init__()
        self._themes, self._here = themes, 0
        self._lines: list[QWidget] = []
        self.setAccessibleName(tr("Steps"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(themes.theme.space("xs"))
        self.buttons: list[StepButton] = []
        for i, name in enumerate(names):
            if i:
                line = rule()
                line.setFixedWidth(themes.theme.px(28))
                row.addWidget(line, 0, Qt.AlignmentFlag.AlignVCenter)
                self._lines.append(line)
            button = StepButton(themes, i + 1, name)
            button.clicked.connect(lambda _c=False, i=i: self.wanted.emit(i))
            self.buttons.append(button)
            row.addWidget(button)
        row.addStretch(1)

    def show_step(self, here: int, allowed: Sequence[bool]) -> None:
        """Mark the present step; ``allowed``: which can be gone to."""
        self._here = here
        for i, button in enumerate(self.buttons):
            state = "here" if i == here else "done" if i < here else "ahead"
            button.set_state(state, allowed[i] and i != here)
        self._fit()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """The numbers have to fit."""
        hint = super().minimumSizeHint()
        hint.setWidth(0)
        return hint

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Where there is no room for all the words, only the present step keeps its own."""
        theme = self._themes.theme
        gaps = 2 * theme.space("xs") * len(self._lines) + theme.px(28) * len(self._lines)
        short = sum(button.whole_width() for button in self.buttons) + gaps > self.width()
        for i, button in enumerate(self.buttons):
            button.set_short(short and i != self._here)
        for line in self._lines:
            line.setFixedWidth(theme.px(10 if short else 28))
