"""A name for a dataset: renamed, duplicated, repaired."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rave_gui.errors import UserError
from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.fields import TextField


class NameDialog(Dialog):
    """Asks for a name and does ``work(name)`` in a thread; then ``done(name)``."""

    def __init__(
        self,
        session: Session,
        title: str,
        intro: str,
        *,
        action: str,
        name: str,
        taken: frozenset[str],
        work: Callable[[str], Any],
        done: Callable[[str], None],
    ) -> None:
        """``taken``: names in lower case that are refused."""
        super().__init__(session, title, intro, action=action, width=480)
        self._taken, self._work, self._done = taken, work, done
        self.name = TextField(session.themes, tr("Name"))
        self.name.set_value(name)
        self.name.changed.connect(self._check)
        self.box.addWidget(self.name)
        self.box.addStretch(1)
        self._check()
        self.name.editor.setFocus()
        select: Any = self.name.editor
        select.selectAll()

    def problem(self) -> str:
        """What is wrong with the name, in a sentence."""
        from rave_gui.projects.names import check_name

        name = self.name.value()
        try:
            check_name(name)
        except UserError as error:
            return error.message
        if name.casefold() in self._taken:
            return tr("The project has a dataset of that name already.")
        return ""

    def submit(self) -> None:
        """Do it; the dialog closes when it is done."""
        if self.problem():
            return
        name = self.name.value()
        self.busy(True)

        def done(_result: Any) -> None:
            self.accept()
            self._done(name)

        self.call(lambda: self._work(name), done, self.refuse)

    def _check(self) -> None:
        problem = self.problem()
        self.name.show_problem(problem if self.name.value() else "")
        if self.main is not None:
            self.main.setEnabled(not problem)
