"""A row of buttons that keep only their icons where there is no room for words."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from rave_gui.ui.shell.actions import ActionButton
from rave_gui.ui.shell.session import Session


class ActionRow(QWidget):
    """Buttons of registered actions, from left to right; the main one keeps its words."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.buttons: list[ActionButton] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(session.themes.theme.space("s"))
        self._row.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        session.actions.refreshed.connect(self._fit)

    def add(self, key: str, variant: str = "", *, hide: bool = False) -> ActionButton:
        """One more; with ``hide`` it is only there while the action can be done."""
        button = ActionButton(self._session.themes, self._session.actions, key, variant)
        self._row.insertWidget(len(self.buttons), button)
        self.buttons.append(button)
        if hide:
            button.hide_when_idle()
        return button

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As narrow as its icons."""
        return QSize(self._session.themes.theme.px(40), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        shown = [button for button in self.buttons if not button.isHidden()]
        wanted = sum(button.words_width() for button in shown) + self._row.spacing() * len(shown)
        for button in self.buttons:
            button.set_compact(wanted > self.width() and button.property("variant") != "primary")
