"""What was deleted and can be brought back: things of the open project, and whole projects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PySide6.QtWidgets import QInputDialog, QLineEdit

from rave_gui.ui import words
from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Button
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.ui.widgets.table import Column, Table


@dataclass(frozen=True)
class Thing:
    """One row: ``source`` is the ``TrashedItem`` or ``TrashEntry`` behind it."""

    kind: str
    name: str
    deleted: float
    bytes: int
    source: Any


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")


class TrashDialog(Dialog):
    """Lists the trash; restores, or removes for good."""

    def __init__(self, session: Session) -> None:
        super().__init__(
            session,
            tr("Trash"),
            tr("Deleted things stay here and take disk space until they are removed for good."),
            width=720,
        )
        themes = session.themes
        self.table = Table(
            themes,
            tr("Trash"),
            [
                Column("name", tr("Name"), lambda t: t.name, strong=True),
                Column("kind", tr("Kind"), lambda t: words.item_kind(t.kind), 120),
                Column("deleted", tr("Deleted"), lambda t: _moment(t.deleted), 150, sort=lambda t: t.deleted),
                Column(
                    "size", tr("Size"), lambda t: words.size(t.bytes), 90, sort=lambda t: t.bytes, right=True
                ),
            ],
            key=lambda t: (t.kind, str(t.source.path)),
        )
        self.table.setMinimumHeight(themes.theme.px(260))
        self.empty = EmptyState(
            themes, "trash-2", tr("The trash is empty"), tr("What you delete comes here first.")
        )
        self.empty.setMinimumHeight(themes.theme.px(260))
        self.empty.hide()
        self.box.addWidget(self.table, 1)
        self.box.addWidget(self.empty, 1)
        self.restore = Button(themes, tr("Bring back"), "undo-2", "primary")
        self.remove = Button(themes, tr("Remove for good…"), "trash", "danger")
        self.restore.clicked.connect(self._restore)
        self.remove.clicked.connect(self._remove)
        self.foot.insertWidget(0, self.remove)
        self.foot.addWidget(self.restore)
        self.table.chosen.connect(self._buttons)
        self.table.opened.connect(lambda _row: self._restore())
        self._buttons()
        self._read()

    def _read(self) -> None:
        services, project = self.session.services, self.session.project
        if services is None:
            return
        from rave_gui.workspace import actions

        def look() -> list[Thing]:
            found = [Thing("project", e.name, e.deleted, e.bytes, e) for e in actions.trash(services)]
            if project is not None:
                found += [Thing(i.kind, i.name, i.deleted, i.bytes, i) for i in actions.list_trash(project)]
            return sorted(found, key=lambda t: -t.deleted)

        self.session.call(look, self._show, self.refuse)

    def _show(self, things: list[Thing]) -> None:
        self.table.set_rows(things)
        self.table.setVisible(bool(things))
        self.empty.setVisible(not things)
        if things and not self.table.selected():
            self.table.selectRow(0)
            self.table.setFocus()
        self._buttons()

    def _buttons(self) -> None:
        chosen = self.table.one() is not None
        self.restore.setEnabled(chosen)
        self.remove.setEnabled(chosen)

    def _restore(self) -> None:
        thing, services, project = self.table.one(), self.session.services, self.session.project
        if thing is None or services is None:
            return
        from rave_gui.workspace import actions

        def back() -> str:
            if thing.kind == "project":
                return actions.restore(services, thing.source).name
            assert project is not None
            return actions.restore_item(services, project, thing.source)

        def done(name: str) -> None:
            self.session.tell(tr("“{name}” is back.", name=name))
            self._read()

        self.session.call(back, done, self.refuse)

    def _remove(self) -> None:
        thing, services, project = self.table.one(), self.session.services, self.session.project
        if thing is None or services is None:
            return
        from rave_gui.workspace import actions

        typed = thing.name
        if thing.kind == "project":
            typed, sure = QInputDialog.getText(
                self,
                tr("Remove for good"),
                tr("Type “{name}” to remove the project and everything in it for good.", name=thing.name),
                QLineEdit.EchoMode.Normal,
            )
            if not sure:
                return
        elif not self.session.ask(
            tr("Remove “{name}” for good?", name=thing.name),
            tr("{size} are freed. This cannot be undone.", size=words.size(thing.bytes)),
            tr("Remove for good"),
            True,
        ):
            return

        def gone() -> int:
            if thing.kind == "project":
                return actions.empty_trash(services, thing.source, typed)
            assert project is not None
            return actions.purge_item(project, thing.source)

        def done(freed: int) -> None:
            self.session.tell(tr("{size} were freed.", size=words.size(freed)))
            self._read()

        self.session.call(gone, done, self.refuse)
