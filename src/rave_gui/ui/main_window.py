"""The window: slim navigation, pages, status bar."""

from __future__ import annotations

import functools
from collections.abc import Callable

from PySide6.QtCore import QByteArray, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent, QKeySequence, QPaintEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QMainWindow,
    QMenu,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from rave_gui.ui.i18n import tr
from rave_gui.ui.theme import icons
from rave_gui.ui.theme.manager import CHOICES, ThemeManager
from rave_gui.ui.theme.tokens import RAIL_WIDTH, SCALES
from rave_gui.ui.widgets.basic import IconLabel, label, set_tone

MESSAGE_MS = 6000


class Rail(QFrame):
    """Navigation: one button a page, the appearance menu at the bottom. ``chosen`` carries the page's key."""

    chosen = Signal(str)

    def __init__(self, themes: ThemeManager) -> None:
        super().__init__()
        self._themes = themes
        self._icons: dict[QToolButton, str] = {}
        self.setObjectName("rail")
        self.setAccessibleName(tr("Navigation"))
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(6, 10, 6, 10)
        self._box.setSpacing(4)
        self._group = QButtonGroup(self)
        self.buttons: dict[str, QToolButton] = {}
        self._box.addStretch(1)
        self.look = self._button(tr("Look"), "contrast", tr("Theme and text size"))
        self.look.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.help = self._button(tr("Keys"), "info", tr("Keyboard shortcuts (F1)"))
        self._box.addWidget(self.look)
        self._box.addWidget(self.help)
        themes.changed.connect(self.retheme)
        self.retheme()

    def add(self, key: str, text: str, icon: str, shortcut: str) -> None:
        """One more page."""
        button = self._button(text, icon, f"{text} ({shortcut})")
        button.setCheckable(True)
        button.clicked.connect(lambda: self.chosen.emit(key))
        self._group.addButton(button)
        self._box.insertWidget(len(self.buttons), button)
        self.buttons[key] = button
        self.retheme()

    def mark(self, key: str) -> None:
        """Show which page is shown; one that is not in the rail marks nothing."""
        if key in self.buttons:
            self.buttons[key].setChecked(True)
            return
        self._group.setExclusive(False)
        for button in self.buttons.values():
            button.setChecked(False)
        self._group.setExclusive(True)

    def retheme(self) -> None:
        """Take over colours and sizes."""
        theme, c = self._themes.theme, self._themes.theme.colors
        self.setFixedWidth(theme.px(RAIL_WIDTH))
        size = theme.px(20)
        for button, name in self._icons.items():
            made = icons.icon(name, c.muted, size)
            on = icons.pixmap(name, c.on_soft, size, icons.screen_ratio())
            made.addPixmap(on, made.Mode.Normal, made.State.On)
            button.setIcon(made)
            button.setIconSize(QSize(size, size))

    def _button(self, text: str, icon: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(text)
        button.setAccessibleDescription(tip)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._icons[button] = icon
        return button


class StatusBar(QFrame):
    """Engine on the left, short messages in the middle, the running job on the right. ``job_clicked``: show it."""

    job_clicked = Signal()

    def __init__(self, themes: ThemeManager) -> None:
        super().__init__()
        self._themes = themes
        self.setObjectName("statusbar")
        self.setAccessibleName(tr("State"))
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 2, 8, 2)
        row.setSpacing(themes.theme.space("s"))
        self._dot = IconLabel(themes, "cpu", "muted", 15)
        self.engine = label(tr("Looking for the engine…"))
        self.message = label("")
        self.message.setAccessibleName(tr("Message"))
        self.job = QPushButton()
        self.job.clicked.connect(self.job_clicked)
        self.job.hide()
        row.addWidget(self._dot)
        row.addWidget(self.engine)
        row.addStretch(1)
        row.addWidget(self.message)
        row.addStretch(1)
        row.addWidget(self.job)
        self._clear = QTimer(self)
        self._clear.setSingleShot(True)
        self._clear.setInterval(MESSAGE_MS)
        self._clear.timeout.connect(lambda: self.message.setText(""))
        themes.changed.connect(self._height)
        self._height()

    def show_engine(self, text: str, tone: str) -> None:
        """The engine's state in a few words."""
        self.engine.setText(text)
        set_tone(self.engine, tone)
        self._dot.set_icon("cpu", tone or "muted")

    def show_job(self, text: str) -> None:
        """The running job; empty: none."""
        self.job.setText(text)
        self.job.setAccessibleName(text)
        self.job.setVisible(bool(text))

    def tell(self, text: str) -> None:
        """Show a message for some seconds."""
        self.message.setText(text)
        self.message.setAccessibleName(text)
        self._clear.start()

    def _height(self) -> None:
        self.setFixedHeight(max(30, self._themes.theme.px(34)))


class MainWindow(QMainWindow):
    """Rail, pages, status bar. ``painted`` fires once, after the first paint; ``closing`` before the window goes."""

    painted = Signal()
    closing = Signal()
    wanted = Signal(str)
    """Key of a page the user asks for."""
    appearance = Signal(str, int)
    """Theme choice and text scale the user asked for."""

    def __init__(self, themes: ThemeManager) -> None:
        super().__init__()
        self._themes = themes
        self._painted = False
        self.setWindowTitle("RAVE GUI")
        self.setMinimumSize(860, 560)
        self.rail = Rail(themes)
        self.rail.chosen.connect(self.wanted)
        self.pages = QStackedWidget()
        self.status = StatusBar(themes)
        self._keys: list[str] = []
        center = QWidget()
        outer = QVBoxLayout(center)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addWidget(self.pages, 1)
        outer.addLayout(row, 1)
        outer.addWidget(self.status)
        self.setCentralWidget(center)
        self._menu()
        self._actions()

    @property
    def page(self) -> str:
        """Key of the page that is shown."""
        return self._keys[self.pages.currentIndex()]

    def add_page(self, key: str, text: str, icon: str, *, in_rail: bool = True) -> None:
        """One more page, empty until :meth:`fill_page`; with ``in_rail`` reached by the rail and by Ctrl and its number."""
        self._keys.append(key)
        empty = QWidget()
        empty.setObjectName("page")
        self.pages.addWidget(empty)
        if not in_rail:
            return
        keys = f"Ctrl+{len(self.rail.buttons) + 1}"
        self.rail.add(key, text, icon, keys)
        # Not the button's own shortcut: that one waits a tenth of a second to show the button pressed.
        self._action(QKeySequence(keys), functools.partial(self.wanted.emit, key))

    def fill_page(self, key: str, widget: QWidget) -> None:
        """Put ``widget`` where the page is still empty."""
        index, shown = self._keys.index(key), self.pages.currentIndex()
        empty = self.pages.widget(index)
        self.pages.insertWidget(index, widget)
        if empty is not None:
            self.pages.removeWidget(empty)
            empty.deleteLater()
        self.pages.setCurrentIndex(shown)

    def show_page(self, key: str) -> None:
        """Bring a page to the front; an unknown key shows the first."""
        index = self._keys.index(key) if key in self._keys else 0
        self.pages.setCurrentIndex(index)
        self.rail.mark(self._keys[index])

    def restore(self, geometry: str) -> None:
        """Take the place of last time; without one, a size that suits the screen."""
        if geometry and self.restoreGeometry(QByteArray.fromBase64(geometry.encode())):
            return
        screen = self.screen().availableGeometry()
        self.resize(min(1440, round(screen.width() * 0.9)), min(900, round(screen.height() * 0.9)))

    def geometry_text(self) -> str:
        """What :meth:`restore` takes."""
        return bytes(self.saveGeometry().toBase64().data()).decode()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            # Queued: the rest of the program is loaded once this paint has reached the screen.
            QTimer.singleShot(0, self.painted.emit)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        self.closing.emit()
        super().closeEvent(event)

    def _menu(self) -> None:
        menu = QMenu(self)
        menu.setAccessibleName(tr("Look"))
        names = {
            "system": tr("Theme of the system"),
            "light": tr("Light"),
            "dark": tr("Dark"),
            "high-contrast": tr("High contrast"),
        }
        self.theme_actions: dict[str, QAction] = {}
        group = QActionGroup(self)
        for key in CHOICES:
            self.theme_actions[key] = self._choice(
                menu, group, names[key], functools.partial(self._set_theme, key)
            )
        menu.addSeparator()
        self.scale_actions: dict[int, QAction] = {}
        sizes = QActionGroup(self)
        for scale in SCALES:
            text = tr("Text {n} %", n=scale)
            self.scale_actions[scale] = self._choice(
                menu, sizes, text, functools.partial(self._set_scale, scale)
            )
        menu.aboutToShow.connect(self._check)
        self.rail.look.setMenu(menu)
        self._check()

    def _choice(self, menu: QMenu, group: QActionGroup, text: str, act: Callable[[], None]) -> QAction:
        action = QAction(text, self, checkable=True)
        action.triggered.connect(lambda _checked=False: act())
        group.addAction(action)
        menu.addAction(action)
        return action

    def _check(self) -> None:
        self.theme_actions[self._themes.choice].setChecked(True)
        if self._themes.scale in self.scale_actions:
            self.scale_actions[self._themes.scale].setChecked(True)

    def _actions(self) -> None:
        for keys, act in (
            (QKeySequence.StandardKey.ZoomIn, lambda: self._step(1)),
            (QKeySequence("Ctrl+="), lambda: self._step(1)),
            (QKeySequence.StandardKey.ZoomOut, lambda: self._step(-1)),
            (QKeySequence("Ctrl+Shift+L"), self._next_theme),
            (QKeySequence("Ctrl+Q"), self.close),
            (QKeySequence("F1"), self.rail.help.click),
        ):
            self._action(keys, act)

    def _action(self, keys: QKeySequence | QKeySequence.StandardKey, act: Callable[[], object]) -> None:
        action = QAction(self)
        action.setShortcut(keys)
        action.triggered.connect(lambda _checked=False: act())
        self.addAction(action)

    def _set_theme(self, choice: str) -> None:
        self._themes.set_choice(choice)
        self.appearance.emit(self._themes.choice, self._themes.scale)

    def _set_scale(self, scale: int) -> None:
        self._themes.set_scale(scale)
        self.appearance.emit(self._themes.choice, self._themes.scale)

    def _step(self, direction: int) -> None:
        near = min(range(len(SCALES)), key=lambda i: abs(SCALES[i] - self._themes.scale))
        self._set_scale(SCALES[min(max(near + direction, 0), len(SCALES) - 1)])

    def _next_theme(self) -> None:
        self._set_theme(CHOICES[(CHOICES.index(self._themes.choice) + 1) % len(CHOICES)])
