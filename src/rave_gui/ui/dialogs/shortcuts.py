"""Every keyboard shortcut on one sheet."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from rave_gui.ui.i18n import tr
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Button, Chip, label


def sheet() -> list[tuple[str, list[tuple[str, str]]]]:
    """Groups of (keys, what they do)."""
    return [
        (
            tr("Window"),
            [
                ("Ctrl+1", tr("Train")),
                ("Ctrl+2", tr("Jobs")),
                ("Ctrl++", tr("Larger text")),
                ("Ctrl+-", tr("Smaller text")),
                ("Ctrl+Shift+L", tr("Next theme")),
                ("F1", tr("This sheet")),
                ("Ctrl+Q", tr("Close the window; jobs go on")),
            ],
        ),
        (
            tr("Start"),
            [
                ("Ctrl+O", tr("Add files")),
                ("Ctrl+Shift+O", tr("Add a folder")),
                ("Ctrl+D", tr("Use demo sounds")),
                ("Ctrl+Return", tr("Start training")),
                ("Ctrl+N", tr("New model")),
            ],
        ),
        (
            tr("While it works"),
            [
                ("Ctrl+P", tr("Pause or resume")),
                ("Ctrl+S", tr("Stop and save")),
                ("Ctrl+Backspace", tr("Cancel")),
                ("Alt+1 … Alt+3", tr("Listen, curves, log")),
                ("Ctrl+0", tr("Show all steps")),
                ("Ctrl+F", tr("Search the log")),
            ],
        ),
        (
            tr("Listen"),
            [
                ("Space", tr("Play or pause")),
                ("A", tr("Hear the original")),
                ("B", tr("Hear the model")),
                ("X", tr("Switch between them")),
                ("Left, Right", tr("Move by a second")),
                ("Home", tr("To the start")),
                ("Ctrl+E", tr("Open the export's folder")),
            ],
        ),
    ]


class ShortcutsDialog(QDialog):
    """The sheet as a window."""

    def __init__(self, themes: ThemeManager, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = themes.theme
        self.setWindowTitle(tr("Keyboard shortcuts"))
        box = QVBoxLayout(self)
        pad = theme.space("xl")
        box.setContentsMargins(pad, pad, pad, pad)
        box.setSpacing(theme.space("l"))
        box.addWidget(label(tr("Keyboard shortcuts"), "title"))
        columns = QHBoxLayout()
        columns.setSpacing(theme.space("xxl"))
        halves = [QVBoxLayout(), QVBoxLayout()]
        for index, (title, rows) in enumerate(sheet()):
            grid = QGridLayout()
            grid.setHorizontalSpacing(theme.space("m"))
            grid.setVerticalSpacing(theme.space("s"))
            grid.addWidget(label(title, "strong"), 0, 0, 1, 2)
            for row, (keys, what) in enumerate(rows, start=1):
                shown = keys
                if "…" not in keys and "," not in keys:
                    shown = QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
                grid.addWidget(Chip(shown), row, 0, Qt.AlignmentFlag.AlignLeft)
                grid.addWidget(label(what), row, 1)
            grid.setColumnStretch(1, 1)
            half = halves[index % 2]
            half.addLayout(grid)
            half.addSpacing(theme.space("l"))
        for half in halves:
            half.addStretch(1)
            columns.addLayout(half, 1)
        box.addLayout(columns)
        foot = QHBoxLayout()
        foot.addStretch(1)
        close = Button(themes, tr("Close"))
        close.clicked.connect(self.accept)
        foot.addWidget(close)
        box.addLayout(foot)
