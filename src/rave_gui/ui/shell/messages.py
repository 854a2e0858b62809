"""The one way from an event to the user's eyes: toasts, the list behind the bell, the desktop's notifications, fault reports."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from rave_gui.errors import JobError, UserError
from rave_gui.ui import words
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.undo import Step
from rave_gui.viewmodels.notices import Notice, Notices

if TYPE_CHECKING:
    from rave_gui.training.notify import Message
    from rave_gui.ui.bridge import Task
    from rave_gui.ui.main_window import MainWindow
    from rave_gui.ui.shell.session import Session
    from rave_gui.viewmodels.jobs import Row

ALERTS_MS = 15_000
SHORT_SECONDS = 3.0
"""Jobs that took less and went well are not worth a word: the page that asked for them shows what came."""


class Alerts(QObject):
    """Looks after every training that runs, whichever page is open. ``came`` carries its job and a ``notify.Message``."""

    came = Signal(object, object)

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._lookout: Any = None
        self._task: Task | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(ALERTS_MS)
        self._timer.timeout.connect(self.look)
        session.jobs.changed.connect(self._jobs_changed)

    def close(self) -> None:
        """The window goes."""
        self._timer.stop()

    def _running(self) -> list[Row]:
        return [row for row in self._session.jobs.active if row.kind == "train" and row.state == "running"]

    def _jobs_changed(self, _moved: bool) -> None:
        if not self._running():
            self._timer.stop()
        elif not self._timer.isActive():
            self._timer.start()

    def look(self) -> None:
        """Look now (in a thread), unless a look is under way."""
        rows = {row.folder: row for row in self._running()}
        if self._task is not None:
            return

        def work() -> Any:
            from rave_gui.training.heralding import Lookout

            lookout = self._lookout or Lookout()
            return lookout, lookout.look(list(rows))

        def done(found: Any) -> None:
            self._task = None
            self._lookout, news = found
            for folder, message in news:
                self.came.emit(rows[folder], message)

        self._task = self._session.call(work, done, self._failed)

    def _failed(self, error: Exception) -> None:
        self._task = None
        if not isinstance(error, OSError):  # the folder was moved or deleted while it was read
            raise error


class Messages(QObject):
    """Listens to the session and to jobs. :attr:`notices` is what the bell shows."""

    def __init__(self, session: Session, window: MainWindow) -> None:
        super().__init__(session)
        self._session, self._window = session, window
        self.notices = Notices()
        self._tray: Any = None
        self._reports: list[QObject] = []
        session.told.connect(self._told)
        session.failed.connect(self._failed)
        session.jobs.ended.connect(self._ended)
        self.alerts = Alerts(session, self)
        self.alerts.came.connect(self._alarm)
        self.notices.changed.connect(lambda: window.status.show_unread(self.notices.unread))

    def say(self, notice: Notice) -> None:
        """Show a message and keep it."""
        self.notices.add(notice)
        actions = []
        if notice.page:
            actions.append((tr("Show"), lambda: self._session.go(notice.page, **notice.where)))
        self._window.toasts.show(notice, actions)

    def show_bug(self, error: BaseException, trace: TracebackType | None = None) -> None:
        """One dialog with a report to copy; further faults while it is open are only counted by Python's own hook."""
        from rave_gui.ui.dialogs.report import ReportDialog, report_text

        if self._reports:
            return
        report = report_text(type(error), error, trace or error.__traceback__, self._session)
        dialog = ReportDialog(self._session, report, fault=True)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._reports.append(dialog)
        dialog.finished.connect(lambda _result: self._reports.remove(dialog))
        dialog.open()

    def close(self) -> None:
        """The window goes."""
        self.alerts.close()
        self._window.toasts.clear()
        if self._tray is not None:
            self._tray.hide()
            self._tray.deleteLater()
            self._tray = None

    def _told(self, text: str, step: Step | None) -> None:
        notice = Notice(text)
        self.notices.add(notice)
        undo = self._session.undo
        actions = [(tr("Undo"), lambda: undo.take_back(step))] if step is not None else []
        self._window.toasts.show(notice, actions)

    def _failed(self, error: UserError | JobError) -> None:
        from rave_gui.ui.dialogs.report import error_text

        self.say(Notice(error.message, error.hint, error_text(error), "danger"))

    def _ended(self, row: Row) -> None:
        took = (row.ended or time.time()) - (row.started or row.created)
        bad = row.state in ("failed", "interrupted")
        if row.state == "cancelled" or (took < SHORT_SECONDS and not bad):
            return
        if bad:
            error = row.error or {}
            reason = str(error.get("message") or row.reason)
            notice = Notice(
                tr("{job} did not end well.", job=row.title),
                reason,
                "\n".join(str(error.get(k, "")) for k in ("code", "message", "hint", "details")),
                "danger",
                "jobs",
                {"job": row.id},
            )
        else:
            page, where = place_of(row)
            stopped = row.kind == "train" and bool((row.result or {}).get("stopped"))
            notice = Notice(
                tr("{job} was stopped and saved.", job=row.title)
                if stopped
                else tr("{job} is done.", job=row.title),
                tr("It took {time}.", time=words.duration(took)),
                tone="success",
                page=page,
                where=where,
            )
        long = took >= self._session.settings.number("notify_seconds")
        if bad or long:
            self.say(notice)
        else:
            self.notices.add(notice)
        if long and not self._window.isActiveWindow() and self._session.settings.flag("notify"):
            self._notify(notice)

    def _alarm(self, row: Row, message: Message) -> None:
        """A training needs attention: told on the desktop when nobody is here, in the window otherwise."""
        page, where = place_of(row)
        tone = "danger" if message.severity == "danger" else "warning"
        notice = Notice(message.title, message.text, tone=tone, page=page, where=where)
        if self._window.isActiveWindow() and self._window.page == "training":
            self.notices.add(notice)  # the page itself has it
            return
        self.say(notice)
        if not self._window.isActiveWindow() and self._session.settings.flag("notify"):
            self._notify(notice)

    def _notify(self, notice: Notice) -> None:
        """Tell it on the desktop, where there is a place for that."""
        from PySide6.QtWidgets import QApplication, QSystemTrayIcon

        if not QSystemTrayIcon.isSystemTrayAvailable() or not QSystemTrayIcon.supportsMessages():
            QApplication.alert(self._window)
            return
        if self._tray is None:
            self._tray = QSystemTrayIcon(self._window.windowIcon(), self._window)
            self._tray.messageClicked.connect(self._to_front)
            self._tray.activated.connect(lambda _reason: self._to_front())
        self._tray.show()
        icon = QSystemTrayIcon.MessageIcon
        self._tray.showMessage(
            notice.text, notice.hint, icon.Critical if notice.tone == "danger" else icon.Information
        )

    def _to_front(self) -> None:
        self._window.showNormal() if self._window.isMinimized() else self._window.show()
        self._window.raise_()
        self._window.activateWindow()
        if self._tray is not None:
            self._tray.hide()


def place_of(row: Row) -> tuple[str, dict[str, Any]]:
    """The page that shows what a job made (or makes), and what of it."""
    from pathlib import PurePath

    params, result = row.params, row.result or {}

    def name(*keys: str) -> str:
        found = next((str(d[k]) for k in keys for d in (result, params) if d.get(k)), "")
        return PurePath(found).name

    if row.kind == "train":
        return "training", {"run": name("run")}
    if row.kind == "dataset":
        return "datasets", {"dataset": name("path", "output", "dataset")}
    if row.kind == "export":
        return "export", {"export": PurePath(str(result.get("path", ""))).parent.name}
    return "jobs", {"job": row.id}
