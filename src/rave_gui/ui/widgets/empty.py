"""What a part of the window shows while there is nothing in it: what it is for, and what comes next."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout

from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Card, IconLabel, label


class EmptyState(Card):
    """Icon, headline and a sentence in the middle of a card."""

    def __init__(self, themes: ThemeManager, icon: str, title: str, text: str) -> None:
        super().__init__(themes)
        self.box.addStretch(1)
        self.box.addWidget(IconLabel(themes, icon, "accent", 36), 0, Qt.AlignmentFlag.AlignHCenter)
        self.title, self.text = label(title, "lead", wrap=True), label(text, "muted", wrap=True)
        for line in (self.title, self.text):
            line.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            row = QHBoxLayout()
            row.addStretch(1)
            row.addWidget(line, 10)
            row.addStretch(1)
            self.box.addLayout(row)
        self.box.addStretch(1)
        themes.changed.connect(self._limit)
        self._limit()

    def say(self, title: str, text: str) -> None:
        """Other words."""
        self.title.setText(title)
        self.text.setText(text)

    def _limit(self) -> None:
        for line in (self.title, self.text):
            line.setMaximumWidth(self._themes.theme.px(440))
