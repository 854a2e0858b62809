"""First step: where the recordings are."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from rave_gui.ui import words
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Button, IconLabel, label
from rave_gui.ui.widgets.drop import DropZone
from rave_gui.ui.widgets.path_entry import PathEntry
from rave_gui.ui.widgets.sides import Sides, beside
from rave_gui.ui.widgets.table import Column, Table
from rave_gui.viewmodels.datasets_wizard import WizardModel


def audio_filter() -> str:
    """The filter of file dialogs."""
    from rave_gui.audio.extensions import EXTENSIONS

    patterns = " ".join(
        f"*{ending if ending.startswith('.') else '.' + ending}" for ending in sorted(EXTENSIONS)
    )
    return f"{tr('Sound files')} ({patterns});;{tr('All files')} (*)"


GONE = "triangle-alert"
"""Icon of a source that is not there."""


def _about(path: Path) -> tuple[str, str]:
    """Icon and kind of a source."""
    if path.is_dir():
        return "folder", tr("Folder")
    if not path.exists():
        return GONE, tr("Not there")
    return "file-music", tr("File, {size}", size=words.size(os.path.getsize(path)))  # noqa: PTH202


class SourceTable(Table):
    """The chosen files and folders; Delete takes one off the list."""

    removed = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
            return
        super().keyPressEvent(event)


class SourcesStep(QWidget):
    """Drop, add, remove; which kinds of file count."""

    def __init__(self, session: Session, model: WizardModel) -> None:
        super().__init__()
        self._session, self._model = session, model
        themes = session.themes
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        page = QWidget()
        box = QVBoxLayout(page)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(themes.theme.space("m"))
        zone = DropZone(themes, tr("Drop recordings and folders here"))
        zone.dropped.connect(self._add)
        said = QWidget()
        head = QHBoxLayout(said)
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(themes.theme.space("m"))
        head.addWidget(IconLabel(themes, "audio-lines", "accent", 28))
        lines = QVBoxLayout()
        lines.setSpacing(2)
        lines.addWidget(label(tr("Drop recordings and folders here"), "lead"))
        lines.addWidget(
            label(
                tr(
                    "wav, aiff, flac, mp3, ogg, opus, m4a and more. Folders are searched with everything in them. "
                    "Nothing is copied or changed."
                ),
                "muted",
                wrap=True,
            )
        )
        head.addLayout(lines, 1)
        self.files = Button(themes, tr("Add files…"), "file-music")
        self.files.clicked.connect(self._ask_files)
        self.folder = Button(themes, tr("Add a folder…"), "folder-plus")
        self.folder.clicked.connect(self._ask_folder)
        zone.box.addWidget(Sides(themes, said, beside(themes, self.files, self.folder), 320))
        self.path = PathEntry(session, tr("Path"), tr("Type or paste a path, such as ~/Music/cello"))
        self.path.added.connect(self._add)
        zone.box.addWidget(self.path)
        box.addWidget(zone)
        self.table = SourceTable(
            themes,
            tr("Chosen files and folders"),
            [
                Column(
                    "path",
                    tr("From"),
                    lambda p: p.name or str(p),
                    strong=True,
                    icon=lambda p: self._about.get(p, ("file-music", ""))[0],
                    tone=self._tone,
                    note=lambda p: str(p.parent),
                    tip=str,
                ),
                Column("kind", tr("Kind"), self._kind, 150, tone=self._tone),
            ],
            key=str,
            many=True,
        )
        self._about: dict[Path, tuple[str, str]] = {}
        self.table.setMinimumHeight(themes.theme.px(120))
        self.table.removed.connect(self._remove)
        box.addWidget(self.table, 1)
        self.remove = Button(
            themes, tr("Take off the list"), "x", tip=tr("The files themselves stay (Delete)")
        )
        self.remove.setEnabled(False)
        self.remove.clicked.connect(self._remove)
        self.table.chosen.connect(lambda: self.remove.setEnabled(bool(self.table.selected())))
        self.kinds = QLineEdit()
        self.kinds.setPlaceholderText(tr("every kind, or: wav, flac"))
        self.kinds.setAccessibleName(tr("Only these kinds of file"))
        self.kinds.setToolTip(
            tr("Endings with commas between them, such as wav, flac. Empty: every kind of sound file.")
        )
        self.kinds.textChanged.connect(lambda _text: self._kinds())
        self.kinds.setMinimumWidth(themes.theme.px(110))
        self.kinds.setMaximumWidth(themes.theme.px(240))
        name = label(tr("Only these kinds of file"), "strong")
        name.setBuddy(self.kinds)
        box.addWidget(Sides(themes, beside(themes, name, self.kinds, rest=True), self.remove))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(page)
        outer.addWidget(area)
        model.changed.connect(self._changed)
        self._changed("sources")

    def first_focus(self) -> QWidget:
        """What gets the focus when the step is shown."""
        return self.table if self._model.sources else self.path.line

    def _tone(self, path: Path) -> str:
        return "danger" if path in self._model.missing else ""

    def _kind(self, path: Path) -> str:
        return self._about.get(path, ("", ""))[1]

    def _changed(self, topic: str) -> None:
        if topic == "sources":
            paths = list(self._model.sources)
            self._look(paths)
            self.table.set_rows(paths)
        elif topic == "values":
            text = ", ".join(self._model.values["extensions"])
            if self._parsed(self.kinds.text()) != self._model.values["extensions"]:
                self.kinds.setText(text)

    def _look(self, paths: list[Path]) -> None:
        """What each path is (a folder on a slow disk must not hold the window up)."""

        def work() -> dict[Path, tuple[str, str]]:
            return {path: _about(path) for path in paths}

        def done(found: dict[Path, tuple[str, str]]) -> None:
            self._about = found
            self.table.viewport().update()
            self._model.set_missing(path for path, (icon, _kind) in found.items() if icon == GONE)

        self._session.call(work, done)

    def look(self) -> None:
        """Look again at what was chosen: a disk may have been connected, or be gone."""
        if self._model.sources:
            self._look(list(self._model.sources))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """The user comes back from connecting a disk, or from moving a folder."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow() and self.isVisible():
            self.look()

    def _ask_files(self) -> None:
        self._add(self._session.pick_files(tr("Choose recordings"), audio_filter()))

    def _ask_folder(self) -> None:
        found = self._session.pick_folder(tr("Choose a folder of recordings"), "")
        if found is not None:
            self._add([found])

    def _add(self, paths: list[Path]) -> None:
        if paths and not self._model.add_sources(paths):
            self._session.tell(
                trn("That is on the list already.", "They are on the list already.", len(paths))
            )

    def _remove(self) -> None:
        self._model.remove_sources(self.table.selected())

    def _kinds(self) -> None:
        self._model.set_value("extensions", self._parsed(self.kinds.text()))

    @staticmethod
    def _parsed(text: str) -> list[str]:
        parts = text.replace(";", ",").replace(" ", ",").split(",")
        return [part.strip().lstrip("*.").lower() for part in parts if part.strip(" *.")]
