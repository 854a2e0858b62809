"""Every keyboard shortcut on one sheet, made from the actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.actions import Action, native_keys
from rave_gui.ui.shell.page import PAGES
from rave_gui.ui.widgets.basic import clearable, label
from rave_gui.viewmodels.palette import plain

if TYPE_CHECKING:
    from rave_gui.ui.shell.session import Session


def sheet(actions: list[Action]) -> list[tuple[str, list[Action]]]:
    """Actions that have a shortcut, by the page they belong to or their group; the present page's first is up to the reader."""
    titles = {spec.key: tr(spec.title) for spec in PAGES}
    groups: dict[str, list[Action]] = {}
    for action in actions:
        if action.shortcut:
            groups.setdefault(titles.get(action.page, "") or action.group or tr("Window"), []).append(action)
    return list(groups.items())


def everywhere() -> list[tuple[str, str]]:
    """Keys that lists, fields and dialogs have everywhere: no action of their own, the focus decides."""
    return [
        ("Tab", tr("To the next control")),
        ("Return", tr("Open what is chosen in a list")),
        ("Del", tr("Move what is chosen to the trash")),
        ("Esc", tr("Back, or close the dialog")),
    ]


def key_cap(keys: str) -> QLabel:
    """Keys as the system writes them, on a cap."""
    cap = QLabel(native_keys(keys))
    cap.setObjectName("key")
    return cap


class ShortcutsDialog(Dialog):
    """Two columns of groups, with a search field."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, tr("Keyboard shortcuts"), width=820)
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search the shortcuts"))
        self.search.setAccessibleName(tr("Search the shortcuts"))
        clearable(self.search)
        self.search.textChanged.connect(lambda _text: self._fill())
        outer: Any = self.layout()
        outer.insertWidget(1, self.search)
        self._columns: QWidget | None = None
        self._fill()
        self.search.setFocus()

    def _fill(self) -> None:
        theme = self.session.themes.theme
        if self._columns is not None:
            self._columns.deleteLater()
        self._columns = QWidget()
        row = QHBoxLayout(self._columns)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space("xxl"))
        halves = [QVBoxLayout(), QVBoxLayout()]
        heights = [0, 0]
        asked = plain(self.search.text()).split()
        groups = [
            (title, [(action.shortcut, action.text) for action in actions])
            for title, actions in sheet(self.session.actions.all())
        ]
        groups.append((tr("In lists and dialogs"), everywhere()))
        for title, rows in groups:
            kept = [
                (keys, text)
                for keys, text in rows
                if all(w in plain(f"{title} {text} {native_keys(keys)}") for w in asked)
            ]
            if not kept:
                continue
            shorter = 0 if heights[0] <= heights[1] else 1
            heights[shorter] += len(kept) + 2
            halves[shorter].addLayout(self._group(title, kept))
            halves[shorter].addSpacing(theme.space("l"))
        for half in halves:
            half.addStretch(1)
            row.addLayout(half, 1)
        self.box.addWidget(self._columns)

    def _group(self, title: str, rows: list[tuple[str, str]]) -> QGridLayout:
        theme = self.session.themes.theme
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.space("m"))
        grid.setVerticalSpacing(theme.space("s"))
        grid.addWidget(label(title, "strong"), 0, 0, 1, 2)
        for line, (keys, text) in enumerate(rows, start=1):
            grid.addWidget(label(text, wrap=True), line, 0)
            grid.addWidget(key_cap(keys), line, 1, Qt.AlignmentFlag.AlignRight)
        grid.setColumnStretch(0, 1)
        return grid
