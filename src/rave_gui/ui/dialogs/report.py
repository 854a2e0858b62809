"""What is shown when the program itself has a fault: one dialog, with a report to copy."""

from __future__ import annotations

import platform
import sys
import traceback
from types import TracebackType

import PySide6
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from rave_gui import __version__
from rave_gui.ui.i18n import tr
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Button, IconLabel, label


def report_text(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> str:
    """Versions and the traceback, ready to be sent to somebody."""
    lines = [
        f"RAVE GUI {__version__}",
        f"Python {platform.python_version()}, PySide {PySide6.__version__}",
        f"{platform.platform()}, {QGuiApplication.platformName()}",
        f"{sys.executable}",
        "",
        *(part.rstrip() for part in traceback.format_exception(kind, error, trace)),
    ]
    return "\n".join(lines)


class ReportDialog(QDialog):
    """Shows one report. Closing it goes on with the program: running jobs are other processes and are not touched."""

    def __init__(self, themes: ThemeManager, report: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = themes.theme
        self.setWindowTitle(tr("Something went wrong"))
        box = QVBoxLayout(self)
        pad = theme.space("xl")
        box.setContentsMargins(pad, pad, pad, pad)
        box.setSpacing(theme.space("m"))
        head = QHBoxLayout()
        head.setSpacing(theme.space("m"))
        head.addWidget(IconLabel(themes, "circle-alert", "danger", 24))
        head.addWidget(label(tr("Something went wrong in RAVE GUI"), "title"), 1)
        box.addLayout(head)
        box.addWidget(
            label(
                tr(
                    "This is a fault of the program, not of yours. Running jobs go on and nothing on disk is lost. "
                    "Please copy the report and send it to the developers."
                ),
                wrap=True,
            )
        )
        self.text = QPlainTextEdit(report)
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName(tr("Report"))
        self.text.setMinimumHeight(theme.px(220))
        box.addWidget(self.text, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.space("s"))
        self.copy = Button(themes, tr("Copy report"), "copy", "primary", shortcut="Ctrl+Shift+C")
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(report))
        close = Button(themes, tr("Close"))
        close.clicked.connect(self.accept)
        buttons.addStretch(1)
        buttons.addWidget(close)
        buttons.addWidget(self.copy)
        box.addLayout(buttons)
        self.resize(theme.px(680), theme.px(460))
