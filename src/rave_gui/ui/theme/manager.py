"""Switches theme and text scale while the window is open, and follows the system."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTemporaryDir, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from rave_gui.ui.theme import fonts, icons
from rave_gui.ui.theme.style import palette, style_sheet
from rave_gui.ui.theme.tokens import Theme, make_theme

CHOICES = ("system", "light", "dark", "high-contrast")


class ThemeManager(QObject):
    """Owns the present theme; ``changed`` fires after palette and style sheet were applied.

    Widgets that paint by themselves or hold icons connect to ``changed`` and read :attr:`theme`.
    """

    changed = Signal()

    def __init__(self, app: QApplication, choice: str = "system", scale: int = 100) -> None:
        super().__init__(app)
        self._app = app
        self._choice = choice if choice in CHOICES else "system"
        self._scale = scale
        self._folder = QTemporaryDir()  # not tempfile: its imports cost more than the first icons
        fonts.load_fonts()
        app.setStyle("Fusion")
        self.theme: Theme = self._make()
        self._apply()
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)

    @property
    def choice(self) -> str:
        """One of :data:`CHOICES`."""
        return self._choice

    @property
    def scale(self) -> int:
        """Text scale in percent."""
        return self._scale

    def set_choice(self, choice: str) -> None:
        """Use ``choice`` from now on; an unknown word means ``system``."""
        self._choice = choice if choice in CHOICES else "system"
        self._refresh()

    def set_scale(self, scale: int) -> None:
        """Set the text size in percent (80 to 200)."""
        self._scale = make_theme("light", scale).scale
        self._refresh()

    def close(self) -> None:
        """Drop the temporary files; the manager is of no use afterwards."""
        QGuiApplication.styleHints().colorSchemeChanged.disconnect(self._system_changed)
        self._folder.remove()

    def _system_changed(self) -> None:
        if self._choice == "system":
            self._refresh()

    def _make(self) -> Theme:
        name = self._choice
        if name == "system":
            scheme = QGuiApplication.styleHints().colorScheme()
            name = "dark" if scheme == Qt.ColorScheme.Dark else "light"
        return make_theme(name, self._scale)

    def _refresh(self) -> None:
        made = self._make()
        if made != self.theme:
            self.theme = made
            self._apply()
            self.changed.emit()

    def _apply(self) -> None:
        c = self.theme.colors
        self._app.setPalette(palette(self.theme))
        self._app.setFont(fonts.text_font(self.theme))
        self._app.setStyleSheet(
            style_sheet(
                self.theme,
                check_icon=self._file("check", c.on_fill),
                menu_check_icon=self._file("check", c.accent),
                arrow_icon=self._file("chevron-down", c.muted),
                arrow_up_icon=self._file("chevron-up", c.muted),
            )
        )

    def _file(self, icon: str, color: str) -> str:
        """An icon as a file, since style sheets take images by path only."""
        path = Path(self._folder.path()) / f"{icon}-{color.removeprefix('#')}.svg"
        if not path.exists():
            path.write_bytes(icons.source(icon, color))
        return path.as_posix()
