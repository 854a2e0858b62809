"""Deleting a whole project: exactly what goes, what stays, and its name to be typed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QGridLayout, QWidget

from rave_gui.ui import words
from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.shell.session import Session
from rave_gui.ui.shell.undo import Step
from rave_gui.ui.widgets.basic import Banner, Card, ElidedLabel, label
from rave_gui.ui.widgets.fields import TextField


def kind_words(kind: str, name: str, count: int) -> str:
    """What a line of the plan is, for people."""
    known = {
        "dataset": tr("Dataset “{name}”", name=name),
        "run": tr("Training “{name}”", name=name),
        "export": tr("Exported model “{name}”", name=name),
        "takes": tr("Takes"),
        "jobs": tr("Records of jobs"),
        "trash": tr("What lies in the project's trash"),
        "sounds": tr("Sounds made by the application"),
    }
    found = known.get(kind, name or tr("Other files"))
    return f"{found} · {trn('{n} file', '{n} files', count)}"


class DeleteProjectDialog(Dialog):
    """Reads the plan, shows it, and moves the project to the trash when its name was typed."""

    def __init__(self, session: Session, path: Path) -> None:
        super().__init__(
            session,
            tr("Delete project"),
            tr(
                "The project moves to a trash beside it, from where it can be brought back until the trash is emptied."
            ),
            action=tr("Move to the trash"),
            danger=True,
            icon="trash-2",
        )
        self._path = path
        self._plan: Any = None
        self.busy(True)
        self._wait = label(tr("Looking at what is in it…"), "muted")
        self.box.addWidget(self._wait)
        services = session.services
        assert services is not None
        from rave_gui.workspace import actions

        session.call(lambda: actions.deletion_plan(services, path), self._fill, self.refuse)

    def submit(self) -> None:
        """Move it, in a thread."""
        services = self.session.services
        if services is None or self._plan is None or self.typed.value().strip() != self._plan.name:
            return
        from rave_gui.workspace import actions

        path, name = self._path, self.typed.value().strip()
        self.busy(True)
        self.session.call(lambda: actions.delete(services, path, name), self._gone, self.refuse)

    def _gone(self, entry: Any) -> None:
        session, services = self.session, self.session.services
        self.accept()
        session.use_project(None)

        def restore() -> None:
            from rave_gui.workspace import actions

            assert services is not None
            session.call(
                lambda: actions.restore(services, entry), lambda info: session.use_project(info.path)
            )

        session.tell(
            tr("“{name}” is in the trash.", name=entry.name),
            Step(tr("Delete project “{name}”", name=entry.name), restore),
        )

    def _fill(self, plan: Any) -> None:
        self._plan = plan
        self._wait.hide()
        themes = self.session.themes
        self.box.addWidget(self._table(tr("This goes to the trash"), plan.items, plan.bytes))
        if plan.kept:
            self.box.addWidget(self._table(tr("This lies elsewhere and stays where it is"), plan.kept, None))
        if plan.blocked_by:
            blocked = Banner(themes)
            blocked.show_message(
                "warning",
                tr("Jobs are running in this project."),
                tr("Wait for them or cancel them first: {jobs}.", jobs=", ".join(plan.blocked_by)),
            )
            self.box.addWidget(blocked)
        self.typed = TextField(themes, tr("Type “{name}” to delete it", name=plan.name))
        self.typed.setEnabled(not plan.blocked_by)
        self.typed.changed.connect(self._check)
        self.box.addWidget(self.typed)
        self.box.addStretch(1)
        self._check()
        self.fit_soon()
        self.typed.editor.setFocus()

    def _table(self, title: str, items: list[Any], total: int | None) -> QWidget:
        theme = self.session.themes.theme
        card = Card(self.session.themes, "well")
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.space("l"))
        grid.setVerticalSpacing(theme.space("xs"))
        grid.setColumnStretch(0, 1)
        grid.addWidget(label(title, "strong"), 0, 0)
        if total is not None:
            grid.addWidget(label(words.size(total), "strong"), 0, 1)
        for row, item in enumerate(items, start=1):
            grid.addWidget(ElidedLabel(kind_words(item.kind, item.name, item.count), "body"), row, 0)
            grid.addWidget(label(words.size(item.bytes), "muted"), row, 1)
        if not items:
            grid.addWidget(label(tr("Nothing but the project itself."), "muted"), 1, 0)
        card.box.addLayout(grid)
        return card

    def _check(self) -> None:
        ready = (
            self._plan is not None
            and not self._plan.blocked_by
            and self.typed.value().strip() == self._plan.name
        )
        if self.main is not None:
            self.main.setEnabled(ready)
