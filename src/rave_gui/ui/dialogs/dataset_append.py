"""More recordings for a dataset there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout

from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Button, label
from rave_gui.ui.widgets.drop import DropZone
from rave_gui.ui.widgets.table import Column, Table
from rave_gui.viewmodels.datasets import Entry, channels_text, rate_text


class AppendDialog(Dialog):
    """Files and folders to add; ``begun`` carries the job."""

    begun = Signal(object)

    def __init__(self, session: Session, entry: Entry) -> None:
        super().__init__(
            session,
            tr("Add recordings to “{name}”", name=entry.name),
            tr(
                "They are brought to {rate}, {channels}, as the others were. Files that are in it already are known by their content "
                "and passed over.",
                rate=rate_text(entry.sample_rate),
                channels=channels_text(entry.channels).lower(),
            ),
            action=tr("Add them"),
            width=640,
        )
        self._entry = entry
        self.sources: list[Path] = []
        themes = session.themes
        zone = DropZone(themes, tr("Drop recordings and folders here"))
        zone.dropped.connect(self.add)
        row = QHBoxLayout()
        row.addWidget(label(tr("Drop recordings and folders here"), "strong"), 1)
        files = Button(themes, tr("Add files…"), "file-music")
        files.clicked.connect(self._ask_files)
        folder = Button(themes, tr("Add a folder…"), "folder-plus")
        folder.clicked.connect(self._ask_folder)
        row.addWidget(files)
        row.addWidget(folder)
        zone.box.addLayout(row)
        self.box.addWidget(zone)
        self.table = Table(
            themes,
            tr("Recordings to add"),
            [
                Column(
                    "path", tr("From"), lambda p: p.name or str(p), strong=True, note=lambda p: str(p.parent)
                )
            ],
            key=str,
            many=True,
        )
        self.table.setMinimumHeight(themes.theme.px(180))
        self.box.addWidget(self.table, 1)
        self._check()
        folder.setFocus()

    def add(self, paths: list[Path]) -> None:
        """Take files and folders."""
        self.sources += [path for path in paths if path not in self.sources]
        self.table.set_rows(self.sources)
        self._check()

    def submit(self) -> None:
        """Begin the job."""
        services, project = self.session.services, self.session.project
        if services is None or project is None or not self.sources:
            return
        sources, entry = [str(path) for path in self.sources], self._entry
        self.busy(True)

        def work() -> Any:
            from rave_gui.datasets import actions

            return actions.append(services, entry.path, sources, project=project.path)

        def done(view: Any) -> None:
            self.accept()
            self.begun.emit(view)
            self.session.tell(tr("Recordings are being added to “{name}”.", name=entry.name))

        self.call(work, done, self.refuse)

    def _ask_files(self) -> None:
        from rave_gui.ui.pages.datasets.wizard.sources import audio_filter

        self.add(self.session.pick_files(tr("Choose recordings"), audio_filter()))

    def _ask_folder(self) -> None:
        found = self.session.pick_folder(tr("Choose a folder of recordings"), "")
        if found is not None:
            self.add([found])

    def _check(self) -> None:
        if self.main is not None:
            self.main.setEnabled(bool(self.sources))
