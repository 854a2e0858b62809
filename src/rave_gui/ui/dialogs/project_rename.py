"""Another name for the project, and for its folder if wanted."""

from __future__ import annotations

from typing import Any

from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.fields import CheckField, TextField


class RenameProjectDialog(Dialog):
    """Renames the open project."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, tr("Rename project"), action=tr("Rename"), width=480)
        assert session.project is not None
        self._path = session.project.path
        self._old = session.project.name
        self.name = TextField(session.themes, tr("Name"))
        self.name.set_value(self._old)
        self.folder = CheckField(
            session.themes,
            tr("Rename the folder, too"),
            tr(
                "Everything in the project follows. Jobs must not be running, and programs that use its old path will not find it."
            ),
        )
        self.box.addWidget(self.name)
        self.box.addWidget(self.folder)
        self.box.addStretch(1)
        self.name.changed.connect(self._check)
        self._check()
        self.name.editor.setFocus()
        self.name.editor.selectAll()  # type: ignore[attr-defined]

    def submit(self) -> None:
        """Rename, in a thread."""
        services = self.session.services
        name, folder = self.name.value().strip(), self.folder.value()
        if services is None or not name:
            return
        from rave_gui.workspace import actions

        self.busy(True)
        self.session.call(
            lambda: actions.rename(services, self._path, name, move_folder=folder), self._done, self.refuse
        )

    def _done(self, info: Any) -> None:
        self.accept()
        self.session.use_project(info.path)
        self.session.tell(tr("The project is now “{name}”.", name=info.name))

    def _check(self) -> None:
        if self.main is not None:
            self.main.setEnabled(bool(self.name.value().strip()))
