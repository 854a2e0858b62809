"""The job that makes a dataset: how far it is, what became of every file, its log."""

from __future__ import annotations

import time
from pathlib import PurePath
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QStackedWidget, QVBoxLayout, QWidget

from rave_gui.ui import words
from rave_gui.ui.bridge import Stop, Task
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.actions import ActionButton
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Banner, Card, Segments, Stat, label
from rave_gui.ui.widgets.log_view import LogView
from rave_gui.ui.widgets.long_table import LongModel, LongTable
from rave_gui.ui.widgets.table import Column
from rave_gui.viewmodels import datasets as text
from rave_gui.viewmodels.datasets import Entry
from rave_gui.viewmodels.datasets_build import BuildModel
from rave_gui.viewmodels.logtail import LogTail
from rave_protocol import jobfolder

POLL_SECONDS = 0.3


class BuildView(QWidget):
    """Follows one job while it is seen."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.model = BuildModel()
        self._job = self._seen = ""
        self._task: Task | None = None
        self._lines: list[Any] = []
        themes = session.themes
        space = themes.theme.space
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(space("m"))
        self.banner = Banner(themes)
        self.banner.hide()
        for key in ("resume", "retry"):
            self._add_button(self.banner.buttons, key)
        box.addWidget(self.banner)
        card = Card(themes)
        top = QHBoxLayout()
        self.state = label("", "lead")
        top.addWidget(self.state, 1)
        for key in ("pause", "resume", "cancel"):
            self._add_button(top, key)
        card.box.addLayout(top)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("Progress"))
        card.box.addWidget(self.bar)
        row = QHBoxLayout()
        row.setSpacing(space("xl"))
        self.stats: dict[str, Stat] = {}
        for key, caption in (
            ("done", tr("Sound read")),
            ("rate", tr("Speed")),
            ("eta", tr("Time left")),
            ("elapsed", tr("Elapsed")),
            ("files", tr("Files done")),
            ("problems", tr("Problems")),
        ):
            self.stats[key] = Stat(caption)
            row.addWidget(self.stats[key])
        row.addStretch(1)
        card.box.addLayout(row)
        self.card = card
        box.addWidget(card)
        self.segments = Segments([("files", tr("Files")), ("log", tr("Log"))], tr("What is shown below"))
        self.segments.set("files")
        box.addWidget(self.segments)
        self.stack = QStackedWidget()
        model = self.model
        self.rows = LongModel(
            [
                Column(
                    "name",
                    tr("File"),
                    lambda f: PurePath(f.path).name,
                    icon=lambda f: {
                        "reading": "loader-circle",
                        "done": "circle-check",
                        "problem": "triangle-alert",
                        "skipped": "minus",
                    }[f.state],
                    tone=lambda f: {"problem": "warning", "skipped": "muted"}.get(f.state, ""),
                    tip=lambda f: f.path,
                ),
                Column("state", tr("State"), lambda f: file_state(f.state), 130),
                Column(
                    "seconds",
                    tr("Length"),
                    lambda f: text.length_text(f.seconds) if f.seconds else "",
                    110,
                    right=True,
                ),
                Column("reason", tr("Remark"), lambda f: f.reason, 360, tip=lambda f: f.reason),
            ],
            lambda: len(model.files),
            lambda i: model.files[i] if i < len(model.files) else None,
        )
        self.table = LongTable(
            themes,
            tr("Files of this dataset"),
            self.rows,
            many=False,
            drop=("seconds",),
            unsortable=("name", "state", "seconds", "reason"),
        )
        self.stack.addWidget(self.table)
        self.log = LogView(
            themes,
            {
                "search": tr("Search the log (Enter: the one before)"),
                "follow": tr("Follow"),
                "copy": tr("Copy"),
                "name": tr("Log of this job"),
                "empty": tr("Nothing was printed yet."),
            },
        )
        self.stack.addWidget(self.log)
        box.addWidget(self.stack, 1)
        self.segments.chosen.connect(lambda key: self.stack.setCurrentIndex(int(key == "log")))

    def _add_button(self, row: QHBoxLayout, key: str) -> None:
        words = {
            "pause": tr("Pause"),
            "resume": tr("Resume"),
            "retry": tr("Try again"),
            "cancel": tr("Cancel"),
        }
        button = ActionButton(self._session.themes, self._session.actions, f"datasets.{key}", text=words[key])
        row.addWidget(button)
        button.hide_when_idle()

    def follow(self, entry: Entry) -> None:
        """Follow the job of a dataset."""
        if entry.job != self._job or self._task is None:
            self._begin(entry.job)

    def release(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _begin(self, job: str) -> None:
        services, project = self._session.services, self._session.project
        self.release()
        if services is None or not job:
            return
        if job != self._job:
            self.model.clear()
            self._lines = []
            self.log.clear()
            self.rows.again()
        self._job = job
        path = project.path if project is not None else None

        def read(stop: Stop, emit: Any) -> None:
            from rave_gui.datasets.progress import Reader
            from rave_gui.viewmodels.jobs import ACTIVE

            view = services.jobs.get(job, path)
            reader, tail = Reader(view.folder), LogTail(view.folder / jobfolder.LOG)
            while not stop.requested:
                view = services.jobs.get(job, path)
                emit((view, reader.new(), list(tail.read())))
                if view.state not in ACTIVE:
                    return
                stop.wait(POLL_SECONDS)

        self._task = self._session.stream(read, self._take, lambda _r: None)

    def _take(self, batch: list[Any]) -> None:
        before = len(self.model.files)
        logged = False
        for view, files, lines in batch:
            self.model.apply(view)
            self.model.add(files)
            if lines:
                self._lines.extend(lines)
                logged = True
        if len(self.model.files) > before:
            self.rows.grown()
        self.rows.touched()
        if logged:
            self.log.show_lines(self._lines, 0)
        self._show()

    def _show(self) -> None:
        m = self.model
        self.state.setText(m.title)
        share = m.share
        moving = m.state in ("starting", "running") and not self._session.settings.flag("reduce_motion")
        self.bar.setRange(0, 0 if share is None and moving else 1000)
        if share is not None:
            self.bar.setValue(round(share * 1000))
        known = m.total > 0
        self.stats["done"].set(
            tr("{done} of {total}", done=text.length_text(m.done), total=text.length_text(m.total))
            if known
            else ""
        )
        self.stats["rate"].set(tr("{x} × real time", x=f"{m.rate:,.0f}") if m.rate and known else "")
        self.stats["eta"].set(words.duration(m.eta) if m.eta is not None and m.active else "")
        self.stats["elapsed"].set(words.duration(m.elapsed(time.time())) if m.started else "")
        self.stats["files"].set(f"{m.finished:,}" if m.files else "")
        self.stats["problems"].set(f"{m.problems:,}" if m.files else "")
        for key in ("done", "rate", "files", "problems"):
            self.stats[key].setVisible(m.reads_files)
        self.segments.button("files").setEnabled(m.reads_files)
        if not m.reads_files and self.stack.currentIndex() == 0:
            self.segments.set("log")
            self.stack.setCurrentIndex(1)
        self.card.setVisible(m.active)
        if m.state in ("failed", "interrupted", "cancelled"):
            self.banner.show_message("danger" if m.state == "failed" else "warning", m.title, m.reason)
        else:
            self.banner.hide()
        self.table.say_empty(tr("No recording was read yet.") if m.active else "")
        if m.state != self._seen:
            self._seen = m.state
            self._session.actions.refresh()


def file_state(state: str) -> str:
    """What became of a file, in a word."""
    return {
        "reading": tr("Being read"),
        "done": tr("Done"),
        "problem": tr("Problem"),
        "skipped": tr("Passed over"),
    }[state]
