"""Models for other programs."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout

from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.page import Page, PageHead
from rave_gui.ui.shell.session import Session


class ExportPage(Page):
    """Models for other programs."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        box = QVBoxLayout(self)
        pad = session.themes.theme.space("xl")
        box.setContentsMargins(pad, pad, pad, pad)
        self.head = PageHead(session, tr("Export"))
        box.addWidget(self.head)
        box.addStretch(1)
