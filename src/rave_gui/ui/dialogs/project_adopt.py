"""Datasets, runs and exports that lie elsewhere become the project's, where they are."""

from __future__ import annotations

from typing import Any

from rave_gui.errors import UserError
from rave_gui.projects.adoption import MANY
from rave_gui.ui import words
from rave_gui.ui.bridge import Task
from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Card, ElidedLabel, label
from rave_gui.ui.widgets.fields import PathField


class AdoptDialog(Dialog):
    """Asks for a folder, looks through it, and says what was taken and what was not."""

    def __init__(self, session: Session) -> None:
        super().__init__(
            session,
            tr("Adopt datasets and runs"),
            tr(
                "RAVE's own datasets, trainings and exported models anywhere below a folder. Nothing there is moved or changed."
            ),
            action=tr("Look and adopt"),
            icon="folder-input",
            width=620,
        )
        self.folder = PathField(
            session.themes,
            tr("Folder"),
            lambda: session.pick_folder(tr("Folder to look through"), self.folder.value()),
        )
        self.folder.changed.connect(self._check)
        self.box.addWidget(self.folder)
        self.outcome = Card(session.themes, "well")
        self.outcome.hide()
        self.box.addWidget(self.outcome)
        self.box.addStretch(1)
        self._stop = False
        self._task: Task | None = None
        self.finished.connect(lambda _result: self._give_up())
        self._check()
        self.folder.editor.setFocus()

    def submit(self) -> None:
        """Look through the folder, in a thread."""
        self._look(MANY)

    def _look(self, most: int | None) -> None:
        services, project = self.session.services, self.session.project
        if services is None or project is None:
            return
        from pathlib import Path

        from rave_gui.workspace import actions

        folder = Path(self.folder.value()).expanduser()
        self.banner.hide()
        self.busy(True)
        self._stop = False
        self._task = self.session.call(
            lambda: actions.adopt(services, project, folder, cancel=lambda: self._stop, most=most),
            self._show,
            self._refused,
        )

    def _refused(self, error: Exception) -> None:
        """Very much was found: the user says whether this is the right folder."""
        self.busy(False)
        if not isinstance(error, UserError) or error.code != "too-many":
            self.refuse(error)
        elif self.session.ask(tr("Adopt all of this?"), error.message, tr("Adopt all"), False):
            self._look(None)

    def _show(self, report: Any) -> None:
        self._task = None
        self.busy(False)
        box = self.outcome.box
        while box.count():
            item = box.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.deleteLater()
        if report.adopted:
            title = trn(
                "{n} thing belongs to the project now",
                "{n} things belong to the project now",
                len(report.adopted),
            )
        else:
            title = tr("Nothing of RAVE's was found there")
        box.addWidget(label(title, "strong", wrap=True))
        for thing in report.adopted[:50]:
            box.addWidget(ElidedLabel(f"{words.item_kind(thing.kind)} “{thing.name}” · {thing.path}", "body"))
            for note in thing.notes:
                box.addWidget(label(note, "caption", wrap=True))
        if len(report.adopted) > 50:
            box.addWidget(label(trn("… and {n} more.", "… and {n} more.", len(report.adopted) - 50), "muted"))
        if report.skipped:
            box.addWidget(label(tr("Left alone"), "strong"))
        for skipped in report.skipped[:50]:
            box.addWidget(label(f"{skipped.path}: {skipped.reason}", "caption", wrap=True))
        self.outcome.show()
        self.cancel.setText(tr("Close"))
        self.fit_soon()

    def _give_up(self) -> None:
        self._stop = True
        if self._task is not None:
            self._task.cancel()

    def _check(self) -> None:
        if self.main is not None:
            self.main.setEnabled(bool(self.folder.value()))
