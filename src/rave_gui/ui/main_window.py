"""The window: navigation, pages, status bar, and what lies over them."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QEvent, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.sidebar import Sidebar
from rave_gui.ui.shell.statusbar import StatusBar
from rave_gui.ui.shell.toasts import Toasts
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.theme.tokens import PAGE_MIN


class MainWindow(QMainWindow):
    """``painted`` fires once, after the first paint; ``closing`` before the window goes; ``activated`` when it comes to the front."""

    painted = Signal()
    closing = Signal()
    activated = Signal()
    wanted = Signal(str)
    """Key of a page the user asks for."""

    def __init__(self, themes: ThemeManager) -> None:
        super().__init__()
        self._themes = themes
        self._painted = False
        self.sidebar_choice = "auto"
        """auto (by the window's width), wide or narrow."""
        self.setMinimumSize(860, 560)
        self.sidebar = Sidebar(themes)
        self.sidebar.chosen.connect(self.wanted)
        self.pages = QStackedWidget()
        self.status = StatusBar(themes)
        self._keys: list[str] = []
        center = QWidget()
        outer = QVBoxLayout(center)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(self.sidebar)
        side = QVBoxLayout()
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(0)
        self.above = QVBoxLayout()
        """What concerns every page: banners above them."""
        side.addLayout(self.above)
        side.addWidget(self.pages, 1)
        row.addLayout(side, 1)
        outer.addLayout(row, 1)
        outer.addWidget(self.status)
        self.setCentralWidget(center)
        # Above the row of buttons that many pages end with: a message that stays must not hide the way on.
        self.toasts = Toasts(themes, center, lambda: self.status.height() + themes.theme.px(64))
        self.name_project("")
        themes.changed.connect(self.fit_sidebar)

    @property
    def page(self) -> str:
        """Key of the page that is shown."""
        return self._keys[self.pages.currentIndex()]

    def add_page(self, key: str, text: str, icon: str, keys: str, *, in_rail: bool = True) -> None:
        """One more page, empty until :meth:`fill_page`; with ``in_rail`` reached by the navigation. ``keys``: its shortcut, to be shown."""
        self._keys.append(key)
        empty = QWidget()
        empty.setObjectName("page")
        self.pages.addWidget(empty)
        if in_rail:
            self.sidebar.add(key, text, icon, keys)

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
        self.sidebar.mark(self._keys[index])

    def name_project(self, name: str, path: str = "") -> None:
        """Say which project is open; empty: none."""
        self.setWindowTitle(f"{name} – RAVE GUI" if name else "RAVE GUI")
        self.sidebar.project.say(name or tr("No project"), path or tr("Choose a project"))

    # Navigation ------------------------------------------------------------------------------------------------------

    def set_sidebar(self, choice: str) -> None:
        """``auto``, ``wide`` or ``narrow``."""
        self.sidebar_choice = choice
        self.fit_sidebar()

    def fit_sidebar(self) -> None:
        """Words in the navigation when there is room for them, or as the user chose."""
        if self.sidebar_choice == "auto":
            room = self.width() - self.sidebar.full_width()
            self.sidebar.set_wide(room >= PAGE_MIN)
        else:
            self.sidebar.set_wide(self.sidebar_choice == "wide")

    # Place -----------------------------------------------------------------------------------------------------------

    def restore(self, geometry: str) -> None:
        """Take the place of last time; without one, a size that suits the screen."""
        if geometry and self.restoreGeometry(QByteArray.fromBase64(geometry.encode())):
            return
        screen = self.screen().availableGeometry()
        self.resize(min(1440, round(screen.width() * 0.9)), min(900, round(screen.height() * 0.9)))

    def geometry_text(self) -> str:
        """What :meth:`restore` takes."""
        return bytes(self.saveGeometry().toBase64().data()).decode()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self.fit_sidebar()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self.activated.emit()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            # Queued: the rest of the program is loaded once this paint has reached the screen.
            QTimer.singleShot(0, self.painted.emit)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        self.closing.emit()
        super().closeEvent(event)
