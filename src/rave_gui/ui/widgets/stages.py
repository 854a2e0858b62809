"""The way in stages: what is done, what runs, what comes."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from rave_gui.ui.theme import icons
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import label, repolish, set_tone

LOOKS = {
    "waiting": ("circle-dashed", "muted"),
    "running": ("loader-circle", "accent"),
    "paused": ("circle-pause", "warning"),
    "done": ("circle-check", "success"),
    "failed": ("circle-x", "danger"),
    "cancelled": ("minus", "muted"),
}


class StageMark(QWidget):
    """The icon of a stage and the line down to the next one. Turns slowly while running and visible."""

    def __init__(self, themes: ThemeManager, last: bool) -> None:
        super().__init__()
        self._themes, self._last, self._state, self._angle = themes, last, "waiting", 0
        self._timer = QTimer(self)
        self._timer.setInterval(60)
        self._timer.timeout.connect(self._turn)
        themes.changed.connect(self.updateGeometry)

    def set_state(self, state: str) -> None:
        """One of :data:`LOOKS`."""
        if state != self._state:
            self._state = state
            self._watch()
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        size = self._themes.theme.px(22)
        return QSize(size, size)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self._watch()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self._timer.stop()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        theme = self._themes.theme
        size = theme.px(22)
        icon, color = LOOKS[self._state]
        angle = self._angle if self._state == "running" else 0
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawPixmap(
            0, 0, icons.pixmap(icon, getattr(theme.colors, color), size, self.devicePixelRatioF(), angle)
        )
        if not self._last:
            done = self._state == "done"
            painter.setPen(QPen(QColor(theme.colors.success if done else theme.colors.border), 2))
            painter.drawLine(size // 2, size + 5, size // 2, self.height() - 4)
        painter.end()

    def _watch(self) -> None:
        if self._state == "running" and self.isVisible():
            self._timer.start()
        else:
            self._timer.stop()

    def _turn(self) -> None:
        self._angle = (self._angle + 15) % 360
        self.update(0, 0, self._themes.theme.px(22), self._themes.theme.px(22))


class StageRow(QWidget):
    """One stage: mark, title, a line of detail, a bar while it runs."""

    def __init__(self, themes: ThemeManager, title: str, last: bool) -> None:
        super().__init__()
        self._title_text = title
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(themes.theme.space("m"))
        self.mark = StageMark(themes, last)
        self.mark.setFixedWidth(themes.theme.px(22))
        row.addWidget(self.mark)
        words = QVBoxLayout()
        words.setContentsMargins(0, 1, 0, themes.theme.space("l"))
        words.setSpacing(themes.theme.space("xs"))
        self.title = label(title, "strong")
        self.detail = label("", "caption", wrap=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setAccessibleName(title)
        self.bar.hide()
        words.addWidget(self.title)
        words.addWidget(self.detail)
        words.addWidget(self.bar)
        words.addStretch(1)
        row.addLayout(words, 1)

    def set(self, state: str, detail: str, fraction: float | None) -> None:
        """Show a state of :data:`LOOKS`; ``fraction`` None with state running: an undetermined bar is not shown."""
        self.mark.set_state(state)
        role = "muted" if state == "waiting" else "strong"
        if self.title.property("role") != role:
            self.title.setProperty("role", role)
            repolish(self.title)
        set_tone(self.title, "danger" if state == "failed" else "")
        self.detail.setText(detail)
        self.detail.setVisible(bool(detail))
        self.bar.setVisible(state in ("running", "paused") and fraction is not None)
        if fraction is not None:
            self.bar.setValue(round(fraction * 1000))
        self.setAccessibleName(f"{self._title_text}: {detail}" if detail else self._title_text)
        self.mark.setAccessibleName(self._title_text)


class StageList(QWidget):
    """Stages from top to bottom."""

    def __init__(self, themes: ThemeManager, titles: dict[str, str]) -> None:
        super().__init__()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        self.rows: dict[str, StageRow] = {}
        for index, (key, title) in enumerate(titles.items()):
            self.rows[key] = StageRow(themes, title, index == len(titles) - 1)
            box.addWidget(self.rows[key])
        box.addStretch(1)
        box.setAlignment(Qt.AlignmentFlag.AlignTop)
