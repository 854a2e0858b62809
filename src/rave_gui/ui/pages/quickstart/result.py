"""What was made: the exported model, where it is, what it can do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QGridLayout, QHBoxLayout

from rave_gui.ui.i18n import tr
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Button, Card, Chip, IconLabel, PathRow, label


class ExportCard(Card):
    """The exported model. ``told`` carries short messages (what was copied)."""

    told = Signal(str)

    def __init__(self, themes: ThemeManager) -> None:
        super().__init__(themes)
        self._path = ""
        head = QHBoxLayout()
        head.setSpacing(themes.theme.space("s"))
        head.addWidget(IconLabel(themes, "package", "accent", 20))
        self.name = label("", "lead", selectable=True)
        self.chip = Chip()
        self.open = Button(
            themes,
            tr("Open folder"),
            "folder-open",
            tip=tr("Show the exported model in the file manager"),
            shortcut="Ctrl+E",
        )
        self.open.clicked.connect(self._open)
        head.addWidget(self.name)
        head.addWidget(self.chip)
        head.addStretch(1)
        head.addWidget(self.open)
        self.box.addLayout(head)
        self.path = PathRow(themes, tr("Copy the model's path"))
        self.path.copied.connect(lambda _path: self.told.emit(tr("The path is on the clipboard.")))
        self.box.addWidget(self.path)
        grid = QGridLayout()
        grid.setHorizontalSpacing(themes.theme.space("xl"))
        grid.setVerticalSpacing(2)
        self._facts = {}
        for column, (key, title) in enumerate(
            (
                ("streaming", tr("Streaming")),
                ("rate", tr("Sample rate")),
                ("latent", tr("Latent size")),
                ("methods", tr("Methods")),
            )
        ):
            grid.addWidget(label(title, "caption"), 0, column)
            self._facts[key] = label("–", wrap=True)
            self._facts[key].setAlignment(Qt.AlignmentFlag.AlignTop)
            grid.addWidget(self._facts[key], 1, column)
        for column, share in enumerate((3, 2, 4, 4)):
            grid.setColumnStretch(column, share)
        self.box.addLayout(grid)
        self.note = label("", "caption", wrap=True)
        self.box.addWidget(self.note)

    def show_export(self, export: dict[str, Any]) -> None:
        """Show the ``export`` part of the quickstart's JSON."""
        self._path = str(export.get("path", ""))
        self.name.setText(Path(self._path).name)
        self.path.set(self._path)
        verified = bool(export.get("verified", True))
        self.chip.set(
            tr("Verified") if verified else tr("Being verified"), "success" if verified else "accent"
        )
        error = export.get("streaming_error_db")
        streaming = tr("yes") if export.get("streaming", True) else tr("no")
        if isinstance(error, (int, float)):
            streaming = tr("{state}, error {db} dB", state=streaming, db=f"{error:.0f}")
        rate = export.get("sample_rate")
        latent, ratio = export.get("latent_size"), export.get("ratio")
        self._facts["streaming"].setText(streaming)
        self._facts["rate"].setText(tr("{rate} Hz", rate=f"{rate:,}") if rate else "–")
        size = (
            tr("{n}, one per {ratio} samples", n=latent, ratio=ratio)
            if latent and ratio
            else str(latent or "–")
        )
        self._facts["latent"].setText(size)
        methods = export.get("methods") or []
        self._facts["methods"].setText(", ".join(str(m) for m in methods) or "–")
        self.note.setText(
            tr("Opens in nn~ for Max and Pure Data, and in other hosts that take TorchScript models of RAVE.")
        )

    def _open(self) -> None:
        folder = Path(self._path).parent
        if not folder.is_dir():
            self.told.emit(tr("The folder is not there any more."))
            return
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            QGuiApplication.clipboard().setText(str(folder))
            self.told.emit(tr("No file manager could be started. The folder's path is on the clipboard."))
