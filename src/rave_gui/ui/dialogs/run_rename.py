"""Another name for a run."""

from __future__ import annotations

from PySide6.QtCore import Signal

from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.fields import TextField
from rave_gui.viewmodels.runs import RunItem


class RenameDialog(Dialog):
    """``renamed`` carries the old and the new name."""

    renamed = Signal(str, str)

    def __init__(self, session: Session, run: RunItem) -> None:
        super().__init__(session, tr("Rename the run"), action=tr("Rename"), width=460)
        self._run = run
        self.name = TextField(
            session.themes, tr("Name"), tr("Its folder gets this name, too. Exported models keep theirs.")
        )
        self.name.set_value(run.name)
        self.box.addWidget(self.name)
        self.name.setFocus()
        select = getattr(self.name.editor, "selectAll", None)
        if select is not None:
            select()

    def submit(self) -> None:
        """Rename, in a thread."""
        from rave_gui.training.naming import rename

        services, project = self.session.services, self.session.project
        if services is None or project is None:
            return
        old, wanted = self._run.name, self.name.value()
        self.busy(True)

        def done(new: str) -> None:
            if new != old:
                self.renamed.emit(old, new)
            self.accept()

        self.session.call(lambda: rename(services, project, old, wanted), done, self.refuse)
