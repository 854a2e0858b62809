"""The open project's folder is not there: said above every page, until it is there again or another project is opened."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFrame, QVBoxLayout

from rave_gui.ui.i18n import tr
from rave_gui.ui.main_window import MainWindow
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Banner, Button


class AwayNotice(QObject):
    """Shows :attr:`Session.away` above the pages; what is shown stays, and is read again when the folder is back."""

    def __init__(self, session: Session, window: MainWindow) -> None:
        super().__init__(session)
        self._session, self._window = session, window
        self._lost: Path | None = None
        self.frame: QFrame | None = None
        session.away_changed.connect(self._changed)

    def _changed(self) -> None:
        session = self._session
        here = session.project.path if session.project is not None else None
        if session.away:
            self._lost = here
            if self.frame is None:
                self._make()
            self.banner.show_message(
                "danger",
                session.away_text(),
                tr(
                    "What you see was read before. Connect the disk or put the folder back, and everything is read again; "
                    "or open the project where it is now."
                ),
            )
            if self.frame is not None:
                self.frame.show()
        elif self.frame is not None:
            self.frame.hide()
        session.actions.refresh()
        if not session.away and self._lost is not None:
            if self._lost == here:
                from rave_gui.projects.watch import EVERYTHING  # not before the first paint

                session.tell(tr("The project’s folder is there again."))
                session.set_changed(sorted(EVERYTHING))
            self._lost = None

    def _make(self) -> None:
        session, themes = self._session, self._session.themes
        frame = QFrame(self._window)
        frame.setObjectName("page")
        box = QVBoxLayout(frame)
        pad = themes.theme.space("xl")
        box.setContentsMargins(pad, themes.theme.space("m"), pad, 0)
        self.banner = Banner(themes)
        self.find = Button(themes, tr("Open…"), "folder-open", tip=tr("Open a project's folder"))
        self.find.clicked.connect(lambda: session.actions.trigger("project.open"))
        self.close = Button(themes, tr("Close project"), "folder-x")
        self.close.clicked.connect(lambda: session.actions.trigger("project.close"))
        self.banner.buttons.addWidget(self.find)
        self.banner.buttons.addWidget(self.close)
        box.addWidget(self.banner)
        self._window.above.addWidget(frame)
        self.frame = frame
