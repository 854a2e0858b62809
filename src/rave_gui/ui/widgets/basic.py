"""Labels, buttons, cards and other small parts in the window's own look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QGuiApplication, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from rave_gui.ui.i18n import tr
from rave_gui.ui.theme import icons
from rave_gui.ui.theme.manager import ThemeManager


def repolish(widget: QWidget) -> None:
    """Apply the style sheet again after a property it selects by has changed."""
    style = widget.style()
    style.unpolish(widget)
    style.polish(widget)
    widget.update()


def reveal(widget: QWidget) -> None:
    """Show a part of the window; one that has no parent yet is shown with its parent, not as a window of its own."""
    if widget.parentWidget() is not None:
        widget.show()
    else:
        widget.setAttribute(Qt.WidgetAttribute.WA_WState_ExplicitShowHide, False)


def set_tone(widget: QWidget, tone: str) -> None:
    """Set the colour role ``tone`` (success, warning, danger, accent or empty) when it differs."""
    if widget.property("tone") != tone:
        widget.setProperty("tone", tone)
        repolish(widget)


def clearable(line: QLineEdit) -> None:
    """Give a text field a button that empties it, with a name for screen readers."""
    line.setClearButtonEnabled(True)
    for button in line.findChildren(QToolButton):
        if not button.accessibleName():
            button.setAccessibleName(tr("Clear"))


class Inset(QObject):
    """Keeps a spin box's number off its left edge: Qt leaves out the style sheet's padding there. Lives with the spin box."""

    def __init__(self, themes: ThemeManager, spin: QAbstractSpinBox) -> None:
        super().__init__(spin)
        self._themes = themes
        self._line = spin.findChild(QLineEdit)
        themes.changed.connect(self._fit)
        self._fit()

    def _fit(self) -> None:
        if self._line is not None:
            self._line.setTextMargins(self._themes.theme.space("m"), 0, 0, 0)


def label(text: str = "", role: str = "body", *, wrap: bool = False, selectable: bool = False) -> QLabel:
    """A text in one of the roles of the style sheet: title, lead, strong, figure, body, muted, caption."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setProperty("role", role)
    made.setWordWrap(wrap)
    if selectable:
        made.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
    return made


class ElidedLabel(QLabel):
    """One line that ends (or starts, for paths) with an ellipsis when there is no room; the tooltip holds it all."""

    def __init__(
        self, text: str = "", role: str = "body", mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight
    ) -> None:
        super().__init__()
        self._full, self._mode = text, mode
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", role)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setText(text)

    def setText(self, text: str) -> None:  # noqa: N802 - Qt's name
        """Show ``text``, shortened where needed."""
        self._full = text
        self.setToolTip(text)
        self.setAccessibleName(text)
        super().setText(text)
        self.update()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(40, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter = QPainter(self)
        shown = QFontMetrics(self.font()).elidedText(self._full, self._mode, self.width())
        painter.drawText(self.rect(), int(self.alignment() | Qt.AlignmentFlag.AlignVCenter), shown)
        painter.end()


class Button(QPushButton):
    """A push button with an icon that follows the theme. Variants: primary, danger, quiet or empty."""

    def __init__(
        self,
        themes: ThemeManager,
        text: str,
        icon: str = "",
        variant: str = "",
        *,
        tip: str = "",
        shortcut: str = "",
    ) -> None:
        super().__init__(text)
        self._themes, self._icon = themes, icon
        self.setProperty("variant", variant)
        self.setAccessibleName(text)
        if shortcut:
            self.setShortcut(shortcut)
        if tip or shortcut:
            self.setToolTip(f"{tip or text} ({shortcut})" if shortcut else tip)
            self.setAccessibleDescription(tip)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._paint_icon()
        themes.changed.connect(self._paint_icon)

    def set_face(self, text: str, icon: str) -> None:
        """Change text and icon (Pause becomes Resume); keeps the shortcut, which ``setText`` would drop."""
        shortcut = self.shortcut()
        if text != self.text():
            self.setText(text)
            self.setAccessibleName(text)
            self.setShortcut(shortcut)
        if icon != self._icon:
            self._icon = icon
            self._paint_icon()

    def _paint_icon(self) -> None:
        if not self._icon:
            return
        theme, variant = self._themes.theme, self.property("variant")
        color = {"primary": theme.colors.on_fill, "danger": theme.colors.danger}.get(
            variant, theme.colors.text
        )
        size, gap = theme.px(16), theme.px(4)
        self.setIcon(icons.icon(self._icon, color, size, theme.colors.disabled, gap))
        self.setIconSize(QSize(size + gap, size))


class IconButton(QToolButton):
    """A square button with an icon only; ``name`` is its accessible name and tooltip."""

    def __init__(
        self, themes: ThemeManager, icon: str, name: str, shortcut: str = "", variant: str = "quiet"
    ) -> None:
        super().__init__()
        self._themes, self._icon = themes, icon
        self.setProperty("variant", variant)
        self.setProperty("shape", "icon")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._shortcut = shortcut
        if shortcut:
            self.setShortcut(shortcut)
        self.set_face(icon, name)
        themes.changed.connect(self._paint_icon)

    def set_face(self, icon: str, name: str) -> None:
        """Change icon and name."""
        self._icon = icon
        self.setAccessibleName(name)
        self.setToolTip(f"{name} ({self._shortcut})" if self._shortcut else name)
        self._paint_icon()

    def _paint_icon(self) -> None:
        theme = self._themes.theme
        self.setIcon(icons.icon(self._icon, theme.colors.text, theme.px(18), theme.colors.disabled))
        self.setIconSize(QSize(theme.px(18), theme.px(18)))


class IconLabel(QLabel):
    """An icon in a colour role of the theme (``text``, ``muted``, ``accent``, ``success``, …)."""

    def __init__(self, themes: ThemeManager, icon: str, color: str = "muted", size: int = 18) -> None:
        super().__init__()
        self._themes, self._icon, self._color, self._size = themes, icon, color, size
        self._paint_icon()
        themes.changed.connect(self._paint_icon)

    def set_icon(self, icon: str, color: str) -> None:
        """Show another icon or colour."""
        if (icon, color) != (self._icon, self._color):
            self._icon, self._color = icon, color
            self._paint_icon()

    def _paint_icon(self) -> None:
        theme = self._themes.theme
        size = theme.px(self._size)
        self.setFixedSize(size, size)
        ratio = self.devicePixelRatioF()
        self.setPixmap(icons.pixmap(self._icon, getattr(theme.colors, self._color), size, ratio))


class Card(QFrame):
    """A panel with a border; put things into ``.box``."""

    def __init__(self, themes: ThemeManager, name: str = "card") -> None:
        super().__init__()
        self.setObjectName(name)
        self._themes = themes
        self.box = QVBoxLayout(self)
        self._space()
        themes.changed.connect(self._space)

    def _space(self) -> None:
        theme = self._themes.theme
        pad = theme.space("l")
        self.box.setContentsMargins(pad, pad, pad, pad)
        self.box.setSpacing(theme.space("m"))


class Banner(Card):
    """A message that stays in the page: icon, headline, text and actions. Tones: accent, warning, danger, success."""

    _ICONS: ClassVar = {"danger": "circle-alert", "warning": "triangle-alert", "success": "circle-check"}

    def __init__(self, themes: ThemeManager) -> None:
        super().__init__(themes, "banner")
        row = QHBoxLayout()
        row.setSpacing(themes.theme.space("m"))
        self._icon = IconLabel(themes, "info", "accent", 20)
        self.title = label("", "strong", wrap=True)
        self.text = label("", "body", wrap=True, selectable=True)
        words = QVBoxLayout()
        words.setSpacing(themes.theme.space("xs"))
        words.addWidget(self.title)
        words.addWidget(self.text)
        self.extra = QVBoxLayout()
        self.extra.setContentsMargins(0, themes.theme.space("xs"), 0, 0)
        words.addLayout(self.extra)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(themes.theme.space("s"))
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        row.addLayout(self.buttons)
        self.box.addLayout(row)

    def show_message(self, tone: str, title: str, text: str = "") -> None:
        """Fill in and show."""
        set_tone(self, tone)
        self._icon.set_icon(self._ICONS.get(tone, "info"), tone or "accent")
        self.title.setText(title)
        self.text.setText(text)
        self.text.setVisible(bool(text))
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)
        reveal(self)


class Chip(QLabel):
    """A short state word on a coloured ground."""

    def __init__(self, text: str = "", tone: str = "") -> None:
        super().__init__(text)
        self.setObjectName("chip")
        self.setProperty("tone", tone)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Maximum)

    def set(self, text: str, tone: str = "") -> None:
        """Show ``text`` in ``tone``; an empty text hides the chip."""
        self.setText(text)
        set_tone(self, tone)
        self.setVisible(bool(text))


class Segments(QFrame):
    """One choice out of a few, side by side; arrow keys move it. ``chosen`` carries the key."""

    chosen = Signal(str)

    def __init__(self, options: Sequence[tuple[str, str]], name: str) -> None:
        super().__init__()
        self.setObjectName("segments")
        self.setAccessibleName(name)
        row = QHBoxLayout(self)
        row.setContentsMargins(3, 3, 3, 3)
        row.setSpacing(2)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QPushButton] = {}
        for key, text in options:
            button = QPushButton(text)
            button.setCheckable(True)
            button.setAccessibleName(text)
            self._group.addButton(button)
            self._buttons[key] = button
            row.addWidget(button)
            button.clicked.connect(lambda _checked=False, key=key: self.chosen.emit(key))
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def set(self, key: str) -> None:
        """Mark ``key`` as chosen without a signal; an unknown key marks nothing."""
        if key in self._buttons:
            self._buttons[key].setChecked(True)
            return
        self._group.setExclusive(False)
        for button in self._buttons.values():
            button.setChecked(False)
        self._group.setExclusive(True)

    def button(self, key: str) -> QPushButton:
        """The button of ``key``."""
        return self._buttons[key]


class Stat(QWidget):
    """A small figure under its caption."""

    def __init__(self, caption: str) -> None:
        super().__init__()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        self._caption = label(caption, "caption")
        self._value = label("–", "lead")
        box.addWidget(self._caption)
        box.addWidget(self._value)

    def set(self, value: str, caption: str | None = None) -> None:
        """Show ``value`` (an en dash for nothing yet)."""
        self._value.setText(value or "–")
        if caption is not None:
            self._caption.setText(caption)
        self.setAccessibleName(f"{self._caption.text()}: {self._value.text()}")


class PathRow(QWidget):
    """A path that can be copied; ``copied`` tells that it was."""

    copied = Signal(str)

    def __init__(self, themes: ThemeManager, copy_name: str) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(themes.theme.space("s"))
        self._path = ""
        self._label = ElidedLabel("", "muted", Qt.TextElideMode.ElideMiddle)
        self.button = IconButton(themes, "copy", copy_name)
        self.button.clicked.connect(self._copy)
        row.addWidget(self._label, 1)
        row.addWidget(self.button)

    def set(self, path: str) -> None:
        """Show ``path``."""
        self._path = path
        self._label.setText(path)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._path)
        self.copied.emit(self._path)


def rule() -> QFrame:
    """A thin horizontal line."""
    line = QFrame()
    line.setObjectName("rule")
    return line


class FlowWidth(QWidget):
    """Keeps its one child at a readable width in the middle of a wide window."""

    def __init__(self, themes: ThemeManager, child: QWidget, width: int) -> None:
        super().__init__()
        self._themes, self._child, self._width = themes, child, width
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(child, 100)
        row.addStretch(1)
        self._limit()
        themes.changed.connect(self._limit)

    def _limit(self) -> None:
        self._child.setMaximumWidth(self._themes.theme.px(self._width))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
