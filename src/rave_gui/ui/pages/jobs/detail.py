"""One job: what it is, what it did, what it printed, and what can be done about its end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QStackedWidget,
    QWidget,
)

from rave_gui.ui import words
from rave_gui.ui.bridge import Stop, Task
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.jobs.words import moment, result_facts
from rave_gui.ui.widgets.basic import Banner, Button, Card, Chip, ElidedLabel, IconButton, Segments, label
from rave_gui.ui.widgets.log_view import LogView
from rave_gui.viewmodels.job import LogLine
from rave_gui.viewmodels.joblog import StoryReader, worth_reading
from rave_gui.viewmodels.jobs import ACTIVE, Row
from rave_gui.viewmodels.logtail import LogTail
from rave_protocol import jobfolder

if TYPE_CHECKING:
    from rave_gui.ui.shell.session import Session

LOWEST = 72
"""Pixels at 100 % below which a log is of no use."""
POLL_SECONDS = 0.4
LINES = 5000
"""Of each kind, the newest are kept."""


class JobDetail(Card):
    """Shows the chosen job; empty words while none is chosen."""

    folded = False
    """Only the name and the state are seen, and why it failed."""
    _crowded = False

    def __init__(self, session: Session) -> None:
        super().__init__(session.themes)
        self._session = session
        self._row: Row | None = None
        self._tail: Task | None = None
        self._told: list[LogLine] = []
        self._printed: list[LogLine] = []
        theme = session.themes.theme
        head = QHBoxLayout()
        head.setSpacing(theme.space("s"))
        self.title = ElidedLabel("", "lead")
        self.chip = Chip()
        self.show_button = Button(session.themes, tr("Show what it made"), "external-link")
        self.show_button.clicked.connect(lambda: session.actions.trigger("jobs.show"))
        head.addWidget(self.title, 1)
        head.addWidget(self.chip)
        head.addWidget(self.show_button)
        self.fold = IconButton(session.themes, "chevron-down", tr("Hide the log"))
        self.fold.clicked.connect(lambda: session.actions.trigger("jobs.fold"))
        head.addWidget(self.fold)
        self.box.addLayout(head)
        self.banner = Banner(session.themes)
        self.copy_error = Button(session.themes, tr("Copy report"), "copy")
        self.copy_error.clicked.connect(self._copy_report)
        self.banner.buttons.addWidget(self.copy_error)
        self.banner.hide()
        self.box.addWidget(self.banner)
        line = QHBoxLayout()
        self.tabs = Segments(
            [("story", tr("What happened")), ("log", tr("Printed log")), ("facts", tr("Details"))],
            tr("What to show of the job"),
        )
        self.tabs.chosen.connect(self.show_tab)
        self.everything = QCheckBox(tr("Show everything"))
        self.everything.setToolTip(tr("Also what libraries say to developers"))
        self.everything.setAccessibleName(tr("Show everything"))
        self.everything.toggled.connect(self._show_more)
        line.addWidget(self.tabs)
        line.addStretch(1)
        line.addWidget(self.everything)
        self.box.addLayout(line)
        self.stack = QStackedWidget()
        self.story = self._log(tr("What the job did"), tr("Nothing has happened yet."))
        self.log = self._log(tr("Log of the chosen job"), tr("This job has printed nothing worth reading."))
        self.facts = QWidget()
        self.form = QFormLayout(self.facts)
        self.form.setContentsMargins(0, theme.space("s"), 0, 0)
        self.form.setHorizontalSpacing(theme.space("l"))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(self.facts)
        area.setAccessibleName(tr("Details"))
        for part in (self.story, self.log, area):
            self.stack.addWidget(part)
        self.box.addWidget(self.stack, 1)
        self.nothing = label(tr("Choose a job to see what it did."), "muted")
        self.box.addWidget(self.nothing)
        self.box.addStretch(0)
        self.show_tab("story")
        self.show_row(None)

    @property
    def shown(self) -> str:
        """Id of the job shown, empty for none."""
        return self._row.id if self._row is not None else ""

    def show_tab(self, key: str) -> None:
        """story, log or facts."""
        self.tabs.set(key)
        self.stack.setCurrentIndex(("story", "log", "facts").index(key))
        self._show_parts()

    def set_folded(self, folded: bool) -> None:
        """Leave only the head, and take no more height than that; or show everything again."""
        self.folded = folded
        self.fold.set_face(
            *(("chevron-up", tr("Show the log")) if folded else ("chevron-down", tr("Hide the log")))
        )
        self._space()
        self._show_parts()

    def needs(self, *, log: bool) -> int:
        """Pixels of height for the head, why the job failed, and the log or not."""
        theme = self._themes.theme
        inside = self.width() - 2 * theme.space("l") - 2
        rows = [max(self.fold.sizeHint().height(), self.show_button.sizeHint().height())]
        if not self.banner.isHidden():
            rows.append(max(self.banner.heightForWidth(inside), self.banner.minimumSizeHint().height()))
        if log:
            rows += [self.tabs.sizeHint().height(), theme.px(LOWEST)]
        around = 2 * theme.space("s" if self.folded else "l") + 2
        return around + sum(rows) + theme.space("m") * (len(rows) - 1)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Where there is no room for both, why a job failed takes the place of its log."""
        crowded = not self.banner.isHidden() and self.height() < self.needs(log=True)
        if crowded != self._crowded:
            self._crowded = crowded
            self._show_parts()

    def _space(self) -> None:
        super()._space()
        if self.folded:
            wide, narrow = self._themes.theme.space("l"), self._themes.theme.space("s")
            self.box.setContentsMargins(wide, narrow, wide, narrow)

    def _show_parts(self) -> None:
        there = self._row is not None
        for part in (self.title, self.chip, self.fold):
            part.setVisible(there)
        log = there and not self.folded and not self._crowded
        self.tabs.setVisible(log)
        self.stack.setVisible(log)
        self.everything.setVisible(log and self.stack.currentIndex() == 1)
        self.nothing.setVisible(not there)

    def set_low(self, low: bool) -> None:
        """Little height: the logs go without their search fields."""
        self.story.show_bar(not low)
        self.log.show_bar(not low)

    def show_row(self, row: Row | None) -> None:
        """Another job, or the same one as it stands now."""
        another = (row.id if row else "") != self.shown
        self._row = row
        self._show_parts()
        if row is None:
            self.show_button.hide()
            self.banner.hide()
            self.stop()
            return
        self.title.setText(row.title)
        self.chip.set(words.job_state(row.state), words.state_tone(row.state))
        self.show_button.setVisible(self._session.actions.is_enabled("jobs.show"))
        self._show_end(row)
        self._show_facts(row)
        if another:
            self.show_tab("log" if row.state == "failed" and not row.error else "story")
            self._follow(row)

    def stop(self) -> None:
        """Read no more files; the next :meth:`show_row` begins again."""
        if self._tail is not None:
            self._tail.cancel()
            self._tail = None

    def again(self) -> None:
        """The page is seen again: go on reading."""
        if self._row is not None and self._tail is None:
            self._follow(self._row)

    def _log(self, name: str, empty: str) -> LogView:
        return LogView(
            self._session.themes,
            {
                "search": tr("Search the log (Enter: the one before)"),
                "follow": tr("Follow"),
                "copy": tr("Copy"),
                "name": name,
                "empty": empty,
            },
        )

    def _show_end(self, row: Row) -> None:
        error = row.error or {}
        if row.state in ("failed", "interrupted"):
            message = str(error.get("message") or row.reason or words.job_state(row.state))
            tone = "danger" if row.state == "failed" else "warning"
            self.banner.show_message(tone, message, str(error.get("hint") or ""))
        else:
            self.banner.hide()
        self._fit()

    def _show_facts(self, row: Row) -> None:
        facts = {
            tr("Kind"): words.job_kind(row.kind),
            tr("State"): " – ".join(part for part in (words.job_state(row.state), row.reason) if part),
            tr("Asked for"): moment(row.created),
            tr("Started"): moment(row.started) if row.started else "",
            tr("Ended"): moment(row.ended) if row.ended else "",
            tr("Took"): words.duration((row.ended or time.time()) - row.started) if row.started else "",
            tr("Project"): str(row.project or ""),
            tr("Folder"): str(row.folder),
            **result_facts(row.result or {}),
        }
        lines = [(name, value) for name, value in facts.items() if value]
        if lines == getattr(self, "_lines", None):
            return
        self._lines = lines
        while self.form.rowCount():
            self.form.removeRow(0)
        for name, value in lines:
            shown = label(value, wrap=True, selectable=True)
            shown.setAccessibleName(f"{name}: {value}")
            title: QLabel = label(name, "muted")
            self.form.addRow(title, shown)

    def _follow(self, row: Row) -> None:
        self.stop()
        self._told, self._printed = [], []
        self.story.clear()
        self.log.clear()
        folder, active = row.folder, row.state in ACTIVE
        session, job = self._session, row.id

        def read(stop: Stop, emit: Any) -> None:
            story, tail = StoryReader(folder), LogTail(folder / jobfolder.LOG)
            going = active
            while not stop.requested:
                for line in story.read()[-LINES:]:
                    emit(("story", line))
                for line in tail.read()[-LINES:]:
                    emit(("log", line))
                if not going:
                    return
                found = session.jobs.find(job)
                going = found is not None and found.state in ACTIVE
                stop.wait(POLL_SECONDS)

        self._tail = self._session.stream(read, self._take)

    def _take(self, batch: list[tuple[str, LogLine]]) -> None:
        told = [line for kind, line in batch if kind == "story"]
        printed = [line for kind, line in batch if kind == "log"]
        if told:
            self._told += told
            self.story.show_lines(self._told, 0)
        if printed:
            self._printed += printed
            self._show_printed()

    def _show_more(self, _on: bool) -> None:
        self.log.clear()
        self._show_printed()

    def _show_printed(self) -> None:
        lines = self._printed if self.everything.isChecked() else worth_reading(self._printed)
        self.log.show_lines(lines, 0)

    def _copy_report(self) -> None:
        from rave_gui.ui.dialogs.report import versions

        row = self._row
        if row is None:
            return
        error = row.error or {}
        parts = [
            *versions(self._session),
            "",
            f"{row.id} ({row.kind}): {row.state} {row.reason}".rstrip(),
            *(str(error[key]) for key in ("code", "message", "hint", "details") if error.get(key)),
            "",
            *(line.text for line in self._told[-20:]),
            "",
            *(line.text for line in self._printed[-60:]),
        ]
        QGuiApplication.clipboard().setText("\n".join(parts))
        self._session.tell(tr("The report is on the clipboard."))
