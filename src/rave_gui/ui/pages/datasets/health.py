"""Whether a dataset is sound, how it is split for testing, and who uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from rave_gui.ui import words
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.pages.datasets.audit import SplitCard
from rave_gui.ui.pages.datasets.begin import begin
from rave_gui.ui.pages.datasets.repaired import RepairCard
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Button, Card, Chip, label
from rave_gui.ui.widgets.job_line import JobStrip
from rave_gui.ui.widgets.rows import RowButton
from rave_gui.ui.widgets.table import Column, Table
from rave_gui.viewmodels.datasets import Entry

if TYPE_CHECKING:
    from rave_gui.ui.pages.datasets.detail import DetailView


class HealthTab(QWidget):
    """Three cards: integrity, the split, the runs."""

    def __init__(self, session: Session, detail: DetailView) -> None:
        super().__init__()
        self._session, self._detail = session, detail
        self._entry: Entry | None = None
        themes = session.themes
        space = themes.theme.space
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        body = QWidget()
        box = QVBoxLayout(body)
        box.setContentsMargins(0, 0, space("s"), 0)
        box.setSpacing(space("m"))
        self.strip = JobStrip(session)
        self.strip.ended.connect(self._ended)
        box.addWidget(self.strip)
        self.repaired = RepairCard(session)
        box.addWidget(self.repaired)
        # Integrity
        card, head = self._card(tr("Integrity"))
        self.check_chip = Chip()
        self.check_chip.set("")
        head.insertWidget(1, self.check_chip)
        self.check_button = Button(themes, tr("Check now"), "shield-check")
        self.check_button.clicked.connect(self.check)
        self.repair = Button(themes, tr("Repaired copy…"), "wand-sparkles")
        self.repair.clicked.connect(detail.commands.repair)
        self.repair.hide()
        head.addWidget(self.repair)
        head.addWidget(self.check_button)
        self.check_text = label("", "muted", wrap=True)
        card.box.addWidget(self.check_text)
        self.problems = Table(
            themes,
            tr("Problems found"),
            [
                Column("where", tr("Chunk"), lambda p: f"{p.index:,}" if p.index is not None else p.key or "–", 110, sort=lambda p: p.index),
                Column("message", tr("Found"), lambda p: p.message, tip=lambda p: p.message),
            ],
            key=lambda p: (p.code, p.index, p.key, p.message),
        )  # fmt: skip
        self.problems.setMinimumHeight(themes.theme.px(190))
        self.problems.opened.connect(self._open_problem)
        self.problems.hide()
        card.box.addWidget(self.problems)
        box.addWidget(card)
        self.split = SplitCard(session, lambda: self._entry)
        self.split.opened.connect(detail.show_chunk)
        box.addWidget(self.split)
        # Runs
        card, _head = self._card(tr("Used by"))
        self.uses = QVBoxLayout()
        self.uses.setSpacing(2)
        card.box.addLayout(self.uses)
        box.addWidget(card)
        box.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(body)
        outer.addWidget(area)

    def _card(self, title: str) -> tuple[Card, QHBoxLayout]:
        card = Card(self._session.themes)
        head = QHBoxLayout()
        head.setSpacing(self._session.themes.theme.space("s"))
        head.addWidget(label(title, "lead"))
        head.addStretch(1)
        card.box.addLayout(head)
        return card, head

    # What the view asks

    def show_entry(self, entry: Entry, fresh: bool) -> None:
        """Show what is known."""
        if self._entry is None or self._entry.path != entry.path or fresh:
            self._entry = entry
            self._show_report(None)
            self.split.clear()
            self.repaired.show_entry(entry)
            self._last_check()
        self._entry = entry
        self.refresh_uses()

    def forget(self) -> None:
        """It has changed, or is shown no more."""
        self._entry = None

    def release(self) -> None:
        """Not seen any more."""
        self.strip.clear()

    def check(self) -> None:
        """Begin the job that reads every chunk."""
        begin(self._session, self._entry, self.check_button, "validate", self.strip.follow)

    def audit(self) -> None:
        """Look into RAVE's split."""
        self.split.audit()

    def refresh_uses(self) -> None:
        """Ask again who uses it."""
        services, project, entry = self._session.services, self._session.project, self._entry
        if services is None or project is None or entry is None:
            return

        def work() -> Any:
            from rave_gui.workspace import actions

            return actions.used_by(services, project, "dataset", entry.name)

        self._session.call(work, self._show_uses)

    # Behind it

    def _last_check(self) -> None:
        """The newest check there was, as its job remembers it."""
        entry = self._entry
        for job in self._session.jobs.rows:
            params = job.params
            if (
                entry is None
                or job.kind != "dataset-check"
                or str(params.get("dataset", "")) != str(entry.path)
            ):
                continue
            if job.state == "succeeded" and job.result:
                self._show_report(job.result, job.ended)
                return
            if job.state in ("queued", "starting", "running"):
                self.strip.follow(job)  # type: ignore[arg-type]
                return

    def _ended(self, view: Any) -> None:
        self.check_button.setEnabled(True)
        if view.kind == "dataset-check" and view.result:
            self._show_report(view.result, view.ended)

    def _show_report(self, result: dict[str, Any] | None, when: float | None = None) -> None:
        self.problems.setVisible(False)
        self.repair.hide()
        if result is None:
            self.check_chip.set("")
            self.check_text.setText(
                tr(
                    "Every chunk is read and compared with what was stored when the dataset was made. Nothing is changed."
                )
            )
            return
        from rave_gui.datasets.check import Report

        report = Report.from_json(result)
        if report.sound:
            self.check_chip.set(tr("Sound"), "success")
        else:
            count = sum(report.counts.values())
            self.check_chip.set(trn("{n} problem", "{n} problems", count), "danger")
        when_text = ""
        if when is not None:
            import time

            when_text = tr("Checked {time} ago.", time=words.duration(time.time() - when))
        self.check_text.setText(f"{report.summary} {when_text}".strip())
        self.problems.set_rows(report.problems)
        self.problems.setVisible(bool(report.problems))
        self.repair.setVisible(not report.sound and report.repairable)

    def _open_problem(self, problem: Any) -> None:
        if problem.index is not None:
            self._detail.show_chunk(problem.index)

    def _show_uses(self, uses: list[Any]) -> None:
        while self.uses.count():
            item = self.uses.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        if not uses:
            self.uses.addWidget(label(tr("No run was trained on it yet."), "muted"))
        for use in uses[:40]:
            run = use.kind == "run"
            row = RowButton(
                self._session.themes,
                "activity" if run else "list-checks",
                use.name,
                tr("Run trained on it") if run else tr("Job at work with it"),
            )
            if run:
                row.clicked.connect(lambda _c=False, name=use.name: self._session.go("training", run=name))
            elif use.job:
                row.clicked.connect(lambda _c=False, job=use.job: self._session.go("jobs", job=job))
            self.uses.addWidget(row)
