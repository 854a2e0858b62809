"""Navigation: the project on top, the pages, what belongs to the program at the bottom; with words, or icons only."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QIcon, QPainter, QPaintEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.actions import native_keys
from rave_gui.ui.theme import fonts, icons
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.theme.tokens import SIDE_NARROW, SIDE_WIDTH

ICON = 18


class NavButton(QToolButton):
    """A row of the navigation: icon, words, and at its right end a count or a hint (keys, an arrow)."""

    def __init__(self, themes: ThemeManager, text: str, icon: str, tip: str = "", keys: str = "") -> None:
        super().__init__()
        self._themes, self._icon, self._words, self._keys = themes, icon, text, keys
        self._tip, self._trailing, self._trailing_icon, self._count = tip, "", "", False
        self._wide = True
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.say(text)
        themes.changed.connect(self._look)
        self._look()

    def say(self, text: str, tip: str | None = None) -> None:
        """Other words; too long ones are shortened, the tooltip holds them all."""
        self._words = text
        self._tip = self._tip if tip is None else tip
        self.setAccessibleName(text)
        self.setAccessibleDescription(self._tip)
        shown = native_keys(self._keys)
        tip_text = self._tip or text
        self.setToolTip(f"{tip_text} ({shown})" if shown else tip_text)
        self._fit()

    def trail(self, text: str = "", icon: str = "", count: bool = False) -> None:
        """What stands at the right end: a text, or an icon; ``count`` marks it as a number of things at work."""
        if (text, icon, count) != (self._trailing, self._trailing_icon, self._count):
            self._trailing, self._trailing_icon, self._count = text, icon, count
            self._fit()
            self.update()

    def set_wide(self, wide: bool) -> None:
        """With words, or the icon only."""
        self._wide = wide
        style = Qt.ToolButtonStyle
        self.setToolButtonStyle(style.ToolButtonTextBesideIcon if wide else style.ToolButtonIconOnly)
        self._fit()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(24, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(24, super().minimumSizeHint().height())

    def resizeEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        super().paintEvent(event)
        if not (self._trailing or self._trailing_icon):
            return
        theme = self._themes.theme
        c = theme.colors
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._wide:
            if self._count:  # a dot says that something is at work
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(c.accent))
                dot = theme.px(7)
                painter.drawEllipse(self.width() - dot - theme.px(6), theme.px(6), dot, dot)
            painter.end()
            return
        pad = theme.space("s") + 2
        if self._trailing_icon:
            size = theme.px(14)
            picture = icons.pixmap(self._trailing_icon, c.muted, size, self.devicePixelRatioF())
            painter.drawPixmap(self.width() - size - pad, (self.height() - size) // 2, picture)
            painter.end()
            return
        font = fonts.text_font(theme, "caption")
        painter.setFont(font)
        metrics = QFontMetrics(font)
        width = metrics.horizontalAdvance(self._trailing)
        box = QRect(self.width() - width - pad, 0, width, self.height())
        if self._count:
            pill = QRect(0, 0, max(width + theme.px(10), theme.px(20)), metrics.height() + 2)
            pill.moveCenter(box.center())
            pill.moveRight(self.width() - theme.space("s"))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(c.fill))
            painter.drawRoundedRect(pill, pill.height() / 2, pill.height() / 2)
            painter.setPen(QColor(c.on_fill))
            painter.drawText(pill, int(Qt.AlignmentFlag.AlignCenter), self._trailing)
        else:
            painter.setPen(QColor(c.muted))
            painter.drawText(
                box, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight), self._trailing
            )
        painter.end()

    def _fit(self) -> None:
        theme = self._themes.theme
        taken = theme.px(ICON) + 2 * theme.space("s") + theme.px(16)
        if self._trailing:
            taken += QFontMetrics(fonts.text_font(theme, "caption")).horizontalAdvance(self._trailing)
            taken += theme.space("s")
        elif self._trailing_icon:
            taken += theme.px(14)
        room = max(20, self.width() - taken)
        shown = QFontMetrics(self.font()).elidedText(self._words, Qt.TextElideMode.ElideRight, room)
        # Two spaces keep words and icon apart: style sheets have no word for that distance.
        self.setText(f"  {shown}")

    def _look(self) -> None:
        theme, c = self._themes.theme, self._themes.theme.colors
        size = theme.px(ICON)
        made = icons.icon(self._icon, c.muted, size, c.disabled)
        on = icons.pixmap(self._icon, c.on_soft, size, icons.screen_ratio())
        made.addPixmap(on, QIcon.Mode.Normal, QIcon.State.On)
        self.setIcon(made)
        self.setIconSize(QSize(size, size))
        self._fit()


class Sidebar(QFrame):
    """One button a page between the project and the program's own. ``chosen`` carries a page's key."""

    chosen = Signal(str)
    switch_wanted = Signal()
    """The project button was pressed: show what projects there are, below ``project``."""

    def __init__(self, themes: ThemeManager) -> None:
        super().__init__()
        self._themes = themes
        self.wide = True
        self.setObjectName("sidebar")
        self.setAccessibleName(tr("Navigation"))
        self._box = QVBoxLayout(self)
        self._group = QButtonGroup(self)
        self.buttons: dict[str, NavButton] = {}
        self.project = NavButton(themes, tr("No project"), "folder-open", tr("Choose a project"))
        self.project.setObjectName("project")
        self.project.trail(icon="chevrons-up-down")
        self.project.clicked.connect(self.switch_wanted)
        self.command = NavButton(
            themes,
            tr("Search"),
            "search",
            tr("Find anything that can be done, or a thing by its name"),
            "Ctrl+K",
        )
        self.command.setObjectName("command")
        self.command.trail(native_keys("Ctrl+K"))
        self.look = NavButton(themes, tr("Look"), "contrast", tr("Theme and text size"))
        self.look.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.help = NavButton(themes, tr("Help"), "circle-help", tr("Keys, checks, and about this program"))
        self.help.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.settings = NavButton(themes, tr("Settings"), "settings", keys="Ctrl+,")
        self._box.addWidget(self.project)
        self._box.addWidget(self.command)
        self._box.addSpacing(6)
        self._first = self._box.count()
        self._box.addStretch(1)
        for button in (self.look, self.help, self.settings):
            self._box.addWidget(button)
        themes.changed.connect(self._sizes)
        self._sizes()

    def add(self, key: str, text: str, icon: str, keys: str) -> None:
        """One more page."""
        button = NavButton(self._themes, text, icon, keys=keys)
        button.setCheckable(True)
        button.clicked.connect(lambda: self.chosen.emit(key))
        self._group.addButton(button)
        self._box.insertWidget(self._first + len(self.buttons), button)
        self.buttons[key] = button

    def mark(self, key: str) -> None:
        """Show which page is shown; one that is not in the navigation marks nothing."""
        if key in self.buttons:
            self.buttons[key].setChecked(True)
            return
        self._group.setExclusive(False)
        for button in self.buttons.values():
            button.setChecked(False)
        self._group.setExclusive(True)

    def set_wide(self, wide: bool) -> None:
        """With words or with icons only."""
        if wide != self.wide:
            self.wide = wide
            for button in self.findChildren(NavButton):
                button.set_wide(wide)
            self._sizes()

    def full_width(self) -> int:
        """Width with words, in pixels."""
        return min(self._themes.theme.px(SIDE_WIDTH), 360)

    def _sizes(self) -> None:
        theme = self._themes.theme
        pad = theme.space("s")
        self._box.setContentsMargins(pad, pad, pad, pad)
        self._box.setSpacing(2)
        self.setFixedWidth(self.full_width() if self.wide else max(theme.px(SIDE_NARROW), 48))


def below(button: QWidget) -> tuple[int, int]:
    """Where a menu of ``button`` opens: under it, aligned with its left edge, on the screen."""
    point = button.mapToGlobal(button.rect().bottomLeft())
    return point.x(), point.y() + 4
