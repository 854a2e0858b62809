"""Chunks written out as sound files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal

from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.fields import ChoiceField, PathField
from rave_gui.viewmodels.datasets import Entry


class ExtractDialog(Dialog):
    """Folder and format; ``begun`` carries the job."""

    begun = Signal(object)

    def __init__(self, session: Session, entry: Entry, indices: list[int] | None) -> None:
        """``indices`` None: every chunk."""
        count = entry.chunks if indices is None else len(indices)
        super().__init__(
            session,
            trn("Export {n} chunk", "Export {n} chunks", count),
            tr(
                "Each becomes a file named by its number and its recording. Files that are there already stay as they are."
            ),
            action=tr("Export"),
            width=520,
        )
        self._entry, self._indices = entry, indices
        themes = session.themes
        self.folder = PathField(
            themes, tr("Folder"), lambda: session.pick_folder(tr("Choose a folder for the files"), "")
        )
        self.folder.set_value(str(Path(session.memory.folder or Path.home()) / f"{entry.name} chunks"))
        self.format = ChoiceField(
            themes,
            tr("Format"),
            [
                ("wav16", tr("WAV, 16 bits, as stored")),
                ("wav24", tr("WAV, 24 bits")),
                ("flac16", tr("FLAC, 16 bits, smaller")),
                ("flac24", tr("FLAC, 24 bits")),
            ],
        )
        self.box.addWidget(self.folder)
        self.box.addWidget(self.format)
        self.box.addStretch(1)
        self.folder.editor.setFocus()

    def submit(self) -> None:
        """Begin the job."""
        services, project, entry = self.session.services, self.session.project, self._entry
        if services is None or not self.folder.value():
            return
        choice = str(self.format.value())
        folder, kind, bits = Path(self.folder.value()).expanduser(), choice[:-2], int(choice[-2:])
        path = project.path if project is not None else None
        self.busy(True)

        def work() -> Any:
            from rave_gui.datasets import actions

            return actions.extract(
                services, entry.path, folder, self._indices, format=kind, bits=bits, project=path
            )

        def done(view: Any) -> None:
            self.accept()
            self.begun.emit(view)

        self.call(work, done, self.refuse)
