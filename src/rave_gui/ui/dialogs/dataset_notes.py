"""Whose recordings a dataset holds, and what they allow."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from PySide6.QtCore import Signal

from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.fields import ChoiceField, TextField
from rave_gui.viewmodels.datasets import Entry

WHOLE = "*"


class NotesDialog(Dialog):
    """Licence and consent of the whole dataset, of a folder, or of one recording. ``saved`` when they were kept."""

    saved = Signal()

    def __init__(self, session: Session, entry: Entry, notes: dict[str, dict[str, str]], path: str) -> None:
        super().__init__(
            session,
            tr("Licence and consent"),
            tr(
                "Notes for yourself and for whom you give the dataset or a model made of it. They travel with the dataset."
            ),
            action=tr("Save"),
            width=560,
        )
        self._entry, self._notes = entry, notes
        themes = session.themes
        options = [(WHOLE, tr("The whole dataset"))]
        if path:
            parent = str(PurePath(path).parent)
            options.append((path, tr("This recording: {name}", name=PurePath(path).name)))
            options.append((parent, tr("Its folder: {name}", name=PurePath(parent).name or parent)))
        options += [(key, key) for key in sorted(notes) if key not in dict(options)]
        self.where = ChoiceField(themes, tr("For"), options)
        self.where.changed.connect(self._fill)
        self.licence = TextField(
            themes, tr("Licence"), placeholder=tr("Such as: CC BY 4.0, Jane Doe; own recording")
        )
        self.consent = TextField(
            themes,
            tr("Consent"),
            tr("Who may be heard in it, and what they agreed to."),
            placeholder=tr("Such as: the singer agreed to research use on 2026-03-01"),
            lines=3,
        )
        for field in (self.where, self.licence, self.consent):
            self.box.addWidget(field)
        self.box.addStretch(1)
        if path in notes:
            self.where.set_value(path)
        self._fill()
        self.licence.editor.setFocus()

    def submit(self) -> None:
        """Keep them."""
        services, entry = self.session.services, self._entry
        if services is None:
            return
        where = str(self.where.value())
        licence, consent = self.licence.value().strip(), self.consent.value().strip()
        self.busy(True)

        def work() -> Any:
            from rave_gui.datasets import actions

            return actions.set_notes(services, entry.path, where, licence=licence, consent=consent)

        def done(_notes: Any) -> None:
            self.accept()
            self.saved.emit()

        self.call(work, done, self.refuse)

    def _fill(self) -> None:
        found = self._notes.get(str(self.where.value()), {})
        self.licence.set_value(found.get("licence", ""))
        self.consent.set_value(found.get("consent", ""))
