"""The line at the bottom: engine, the job at work, messages kept."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy

from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.shell.actions import native_keys
from rave_gui.ui.theme import icons
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import IconButton, set_tone


class StatusButton(QPushButton):
    """Quiet words with an icon; a bar under them when there is progress."""

    def __init__(self, themes: ThemeManager, icon: str) -> None:
        super().__init__()
        self._themes, self._icon, self._tone, self._share = themes, icon, "", -1.0
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        themes.changed.connect(self._look)
        self._look()

    def say(self, text: str, tone: str = "", tip: str = "", icon: str = "") -> None:
        """Words, colour role and icon."""
        self.setText(text)
        self.setAccessibleName(text)
        self.setToolTip(tip or text)
        if tone != self._tone or (icon and icon != self._icon):
            self._tone, self._icon = tone, icon or self._icon
            set_tone(self, tone)
            self._look()

    def set_share(self, share: float | None) -> None:
        """How far the work is, 0 to 1; None shows no bar."""
        found = -1.0 if share is None else share
        if found != self._share:
            self._share = found
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        super().paintEvent(event)
        if self._share < 0:
            return
        theme = self._themes.theme
        painter = QPainter(self)
        height = max(2, theme.px(2))
        left, width = theme.space("s"), self.width() - 2 * theme.space("s")
        top = self.height() - height - 1
        painter.fillRect(left, top, width, height, QColor(theme.colors.border))
        painter.fillRect(left, top, round(width * self._share), height, QColor(theme.colors.accent))
        painter.end()

    def _look(self) -> None:
        theme = self._themes.theme
        size = theme.px(14)
        color = getattr(theme.colors, self._tone or "muted")
        self.setIcon(icons.icon(self._icon, color, size, gap=2))
        self.setIconSize(QSize(size + 2, size))


class StatusBar(QFrame):
    """Signals say what was pressed."""

    engine_clicked = Signal()
    job_clicked = Signal()
    bell_clicked = Signal()
    sidebar_clicked = Signal()

    def __init__(self, themes: ThemeManager) -> None:
        super().__init__()
        self._themes = themes
        self.setObjectName("statusbar")
        self.setAccessibleName(tr("State"))
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 0, 6, 0)
        row.setSpacing(4)
        self.sidebar = IconButton(themes, "panel-left", tr("Show or hide the navigation's words"))
        self.sidebar.setToolTip(f"{self.sidebar.accessibleName()} ({native_keys('F9')})")
        self.sidebar.clicked.connect(self.sidebar_clicked)
        self.engine = StatusButton(themes, "cpu")
        self.engine.say(tr("Looking for the engine…"))
        self.engine.clicked.connect(self.engine_clicked)
        self.job = StatusButton(themes, "activity")
        self.job.clicked.connect(self.job_clicked)
        self.job.hide()
        self.bell = IconButton(themes, "bell", tr("Messages"))
        self.bell.clicked.connect(self.bell_clicked)
        row.addWidget(self.sidebar)
        row.addWidget(self.engine)
        row.addStretch(1)
        row.addWidget(self.job)
        row.addWidget(self.bell)
        themes.changed.connect(self._height)
        self._height()

    def show_engine(self, text: str, tone: str, tip: str = "") -> None:
        """The engine's state in a few words."""
        self.engine.say(text, tone, tip)

    def show_job(self, text: str, share: float | None = None) -> None:
        """The running job; empty: none."""
        if text:
            self.job.say(text, tip=tr("Show it"))
        self.job.set_share(share)
        self.job.setVisible(bool(text))

    def show_unread(self, count: int) -> None:
        """How many messages have not been looked at."""
        name = trn("{n} new message", "{n} new messages", count) if count else tr("Messages")
        self.bell.set_face("bell-dot" if count else "bell", name)

    def _height(self) -> None:
        self.setFixedHeight(max(30, self._themes.theme.px(32)))
