"""Every widget in every state, in the theme and text size in use: for those who work on the window, and for its tests."""

from __future__ import annotations

import re
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.gallery.data_parts import places, tables
from rave_gui.ui.pages.gallery.parts import buttons, choices, fields, messages, progress, texts
from rave_gui.ui.pages.gallery.sound_parts import charts, sounds
from rave_gui.ui.pages.gallery.work_parts import long_lists, players, takes, work
from rave_gui.ui.shell.page import Page, PageHead
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.ab_player import SoundPlayer
from rave_gui.ui.widgets.basic import Card, Segments, label

_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")


def imitation(sheet: str) -> str:
    """Rules of a style sheet for ``:hover``, ``:focus`` and ``:pressed``, for widgets whose property ``imitate`` names the state.

    A gallery can show states that need a mouse or the keyboard in this way, drawn by the very rules of the window.
    """
    found = []
    for selectors, body in _RULE.findall(sheet):
        for selector in selectors.split(","):
            for state in ("hover", "focus", "pressed"):
                if selector.strip().endswith(f":{state}") and "::" not in selector:
                    found.append(selector.strip()[: -len(state) - 1] + f'[imitate="{state}"] {{{body}}}')
    return "\n".join(found)


class GalleryPage(Page):
    """Sections of cards; themes can be switched at its head."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        themes = session.themes
        space = themes.theme.space
        box = QVBoxLayout(self)
        box.setContentsMargins(space("xl"), space("xl"), space("xl"), 0)
        box.setSpacing(space("l"))
        self.head = PageHead(session, tr("Component gallery"), tr("Every part of the window in every state"))
        self.look = Segments(
            [("light", tr("Light")), ("dark", tr("Dark")), ("high-contrast", tr("High contrast"))],
            tr("Theme"),
        )
        self.look.chosen.connect(themes.set_choice)
        self.head.row.addWidget(self.look)
        box.addWidget(self.head)
        inside = QWidget()
        self._rows = QVBoxLayout(inside)
        self._rows.setContentsMargins(0, 0, space("m"), space("xl"))
        self._rows.setSpacing(space("l"))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        area.setAccessibleName(tr("Component gallery"))
        box.addWidget(area, 1)
        self.area = area
        for sections in (
            ((tr("Text"), texts), (tr("Buttons"), buttons)),
            ((tr("Fields"), fields), (tr("Choices"), choices)),
            ((tr("Messages"), messages), (tr("Progress"), progress)),
            ((tr("Rows and tables"), tables), (tr("Empty, drop, log"), places)),
            ((tr("Sound"), sounds), (tr("Curves and counts"), charts)),
            ((tr("Players"), players), (tr("Work under way"), work)),
            ((tr("Long lists"), long_lists), (tr("Takes"), takes)),
        ):
            self._add(*sections)
        themes.changed.connect(self._retheme)
        self._retheme()

    def leave(self) -> None:
        """Give the audio device back."""
        for player in self.findChildren(SoundPlayer):
            player.release()

    def _add(self, *sections: tuple[str, Callable[[Session], QWidget]]) -> None:
        row = QHBoxLayout()
        row.setSpacing(self.session.themes.theme.space("l"))
        for title, make in sections:
            card = Card(self.session.themes)
            card.box.addWidget(label(title, "lead"))
            card.box.addWidget(make(self.session))
            card.box.addStretch(1)
            row.addWidget(card, 1)
        self._rows.addLayout(row)

    def _retheme(self) -> None:
        self.look.set(self.session.themes.theme.name)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            self.area.setStyleSheet(imitation(app.styleSheet()))
