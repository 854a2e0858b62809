"""What happened to a run, in words; and everything that was printed, for those who look for a fault."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Segments
from rave_gui.ui.widgets.log_view import LogView
from rave_gui.viewmodels.run import RunModel


class RunLog(QWidget):
    """Two logs, each with its search and a switch that follows the end. Put :attr:`kind`, which chooses, beside other tools."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(session.themes.theme.space("s"))
        self.kind = Segments(
            [("story", tr("What happened")), ("printed", tr("Everything printed"))], tr("Which log is shown")
        )
        self.kind.set("story")
        self.kind.chosen.connect(self.show_kind)
        self.story = self._view(
            session, tr("What happened"), tr("What the training does and writes appears here.")
        )
        self.printed = self._view(
            session, tr("Everything printed"), tr("What the training prints appears here.")
        )
        self.stack = QStackedWidget()
        self.stack.addWidget(self.story)
        self.stack.addWidget(self.printed)
        box.addWidget(self.stack, 1)

    @property
    def search(self) -> QLineEdit:
        """The search of the log that is shown."""
        return self._shown.search

    @property
    def _shown(self) -> LogView:
        return self.printed if self.stack.currentWidget() is self.printed else self.story

    def show_kind(self, key: str) -> None:
        """``story`` or ``printed``."""
        self.kind.set(key)
        self.stack.setCurrentWidget(self.printed if key == "printed" else self.story)

    def clear(self) -> None:
        """Another run."""
        self.story.clear()
        self.printed.clear()
        self.show_kind("story")

    def show_model(self, model: RunModel) -> None:
        """Add what is new."""
        self.story.show_lines(model.story, model.story_dropped)
        self.printed.show_lines(model.job.log, model.job.log_dropped)

    def _view(self, session: Session, name: str, empty: str) -> LogView:
        return LogView(
            session.themes,
            {
                "search": tr("Search the log (Enter: the one before)"),
                "follow": tr("Follow"),
                "copy": tr("Copy"),
                "name": name,
                "empty": empty,
            },
        )
