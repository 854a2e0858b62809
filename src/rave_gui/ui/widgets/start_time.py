"""When a training begins: as soon as the device is free, or not before a time of day."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QDateTime, QTime
from PySide6.QtWidgets import QDateTimeEdit, QHBoxLayout, QVBoxLayout, QWidget

from rave_gui.ui.i18n import tr
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Segments, label

EVENING = 22
"""Proposed hour: the computer is mostly left alone then."""


class StartTime(QWidget):
    """Now or later, and the time."""

    def __init__(self, themes: ThemeManager, tell: Callable[[float | None], None]) -> None:
        """``tell`` gets what was chosen: seconds since the epoch, or None for at once."""
        super().__init__()
        self._told = tell
        space = themes.theme.space
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(space("xs"))
        box.addWidget(label(tr("Begin"), "strong"))
        row = QHBoxLayout()
        row.setSpacing(space("m"))
        self.choice = Segments([("now", tr("When the device is free")), ("later", tr("Later"))], tr("Begin"))
        self.choice.set("now")
        self.choice.chosen.connect(self._choose)
        row.addWidget(self.choice)
        self.time = QDateTimeEdit()
        self.time.setAccessibleName(tr("Not before"))
        self.time.setDisplayFormat("yyyy-MM-dd HH:mm")
        self.time.lineEdit().setTextMargins(space("s"), 0, 0, 0)
        self.time.dateTimeChanged.connect(lambda _moment: self._tell())
        row.addWidget(self.time)
        row.addStretch(1)
        box.addLayout(row)
        self.help = label("", "caption", wrap=True)
        box.addWidget(self.help)
        self._say("now")

    def _choose(self, key: str) -> None:
        if key == "later":
            now = QDateTime.currentDateTime()
            wanted = QDateTime(now.date(), QTime(EVENING, 0))
            if wanted <= now:
                wanted = now.addSecs(3600)
            self.time.blockSignals(True)
            self.time.setDateTime(wanted)
            self.time.blockSignals(False)
        self._say(key)
        self._tell()

    def set_moment(self, moment: float) -> None:
        """Show a time that was chosen before."""
        self.choice.set("later")
        self.time.setDateTime(QDateTime.fromSecsSinceEpoch(int(moment)))
        self._say("later")

    def clear(self) -> None:
        """Begin at once again."""
        self.choice.set("now")
        self._say("now")
        self._told(None)

    def _say(self, key: str) -> None:
        self.time.setVisible(key == "later")
        self.help.setText(
            tr("It waits in the queue until then. The computer has to be on; the window may be closed.")
            if key == "later"
            else tr("Trainings on the same device take turns.")
        )

    def _tell(self) -> None:
        later = self.choice.button("later").isChecked()
        self._told(float(self.time.dateTime().toSecsSinceEpoch()) if later else None)
