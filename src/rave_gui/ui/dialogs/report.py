"""Reports: what a developer needs to know of a fault, in one text to copy."""

from __future__ import annotations

import platform
import sys
import traceback
from types import TracebackType
from typing import TYPE_CHECKING, Any

import PySide6
from PySide6.QtCore import qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit

from rave_gui import __version__
from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr
from rave_gui.ui.widgets.basic import Button

if TYPE_CHECKING:
    from rave_gui.ui.shell.session import Session

LOG_LINES = 40


def versions(session: Session | None = None) -> list[str]:
    """What runs here, a line each."""
    lines = [
        f"RAVE GUI {__version__}",
        f"Python {platform.python_version()}, PySide {PySide6.__version__}, Qt {qVersion()}",
        f"{platform.platform()}, {QGuiApplication.platformName()}",
        f"{sys.executable}",
    ]
    if session is not None:
        engine = session.engine
        state = (
            f"ready, PyTorch {engine.torch}, {engine.device}"
            if engine.ready
            else engine.problem or "not known"
        )
        lines.append(f"Engine: {state}")
    return lines


def error_text(error: Any) -> str:
    """A report of something a user can fix, for whoever helps them."""
    parts = [*versions(), "", f"{error.code}: {error.message}", error.hint, error.details]
    return "\n".join(part for part in parts if part or part == "")


def report_text(
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
    session: Session | None = None,
) -> str:
    """Versions and the traceback, ready to be sent to somebody."""
    found = [part.rstrip() for part in traceback.format_exception(kind, error, trace)]
    return "\n".join([*versions(session), "", *found])


def job_text(session: Session) -> str:
    """The newest job and the end of its log. Reads files: not in the window's thread."""
    from rave_gui.jobs.folder import JobFolder

    rows = session.jobs.rows
    if not rows:
        return "No jobs."
    row = next((r for r in rows if r.state in ("failed", "interrupted")), rows[0])
    error = row.error or {}
    lines = [f"Job {row.id} ({row.kind}): {row.state} {row.reason}".rstrip()]
    lines += [str(error[key]) for key in ("code", "message", "details") if error.get(key)]
    return "\n".join([*lines, "", JobFolder(row.folder).log_tail(LOG_LINES)])


class ReportDialog(Dialog):
    """Shows one report. Closing it goes on with the program: running jobs are other processes and are not touched."""

    def __init__(self, session: Session, report: str, *, fault: bool) -> None:
        title = tr("Something went wrong in RAVE GUI") if fault else tr("Report a problem")
        intro = (
            tr(
                "This is a fault of the program, not of yours. Running jobs go on and nothing on disk is lost. "
                "Please copy the report and send it to the developers."
            )
            if fault
            else tr(
                "Copy this and send it with a few words on what you did and what you expected. It holds versions, "
                "paths and the end of a log; read it first."
            )
        )
        super().__init__(session, title, intro, width=680)
        self.text = QPlainTextEdit(report)
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName(tr("Report"))
        self.text.setMinimumHeight(session.themes.theme.px(280))
        self.box.addWidget(self.text, 1)
        self.copy = Button(session.themes, tr("Copy report"), "copy", "primary", shortcut="Ctrl+Shift+C")
        self.copy.clicked.connect(self._copy)
        self.foot.addWidget(self.copy)
        self.fit()

    def add(self, text: str) -> None:
        """More at the end."""
        self.text.appendPlainText("\n" + text)
        self.text.verticalScrollBar().setValue(0)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
        self.session.tell(tr("The report is on the clipboard."))


def open_report(session: Session) -> ReportDialog:
    """A report asked for by the user: versions, then the newest job's log when it was read."""
    dialog = ReportDialog(session, "\n".join(versions(session)), fault=False)
    task = session.call(lambda: job_text(session), dialog.add)
    dialog.finished.connect(lambda _result: task.cancel())
    dialog.show_it()
    return dialog
