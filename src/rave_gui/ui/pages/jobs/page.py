"""The list of jobs: what works, what waits and in which order, what ended and how; and what can be done about each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLineEdit,
    QMenu,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from rave_gui.ui import words
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.pages.jobs.detail import JobDetail
from rave_gui.ui.pages.jobs.words import ICONS, left, moment, note, state_text, took
from rave_gui.ui.shell.actions import Action
from rave_gui.ui.shell.messages import place_of
from rave_gui.ui.shell.page import Page, PageHead
from rave_gui.ui.shell.session import Session
from rave_gui.ui.shell.undo import Step
from rave_gui.ui.widgets.basic import Button, Segments, clearable
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.ui.widgets.flowlayout import FlowLayout
from rave_gui.ui.widgets.table import Column, Table
from rave_gui.viewmodels.jobs import ACTIVE, Row, by_need, can, fraction

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services

TICK_MS = 1000
"""How often times that run are written anew while the page is seen."""
ROWS = 5
"""Jobs that are seen at least."""
LOG, HEAD = 210, 56
"""Pixels at 100 % that the chosen job needs below them, with its log and without."""


class JobsPage(Page):
    """Shows ``session.jobs``, which is kept up to date for the whole window."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.model = session.jobs
        self._wanted = ""
        self.table: Table
        self.detail: JobDetail
        self.split: QSplitter
        self._shared = False
        """Whether the split is as the user left it."""
        box = QVBoxLayout(self)
        space = session.themes.theme.space
        box.setContentsMargins(space("xl"), space("xl"), space("xl"), space("l"))
        box.setSpacing(space("l"))
        self.head = PageHead(session, tr("Jobs"))
        box.addWidget(self.head)
        self.stack = QStackedWidget()
        self.empty = EmptyState(
            session.themes,
            "list-checks",
            tr("No jobs yet"),
            tr(
                "Everything that takes long is a job: datasets, trainings, exports. Jobs go on when the window is closed, and are listed here."
            ),
        )
        begin = Button(session.themes, tr("Make a dataset"), "database", "primary")
        begin.clicked.connect(lambda: session.go("datasets"))
        self.empty.box.insertWidget(self.empty.box.count() - 1, begin, 0, Qt.AlignmentFlag.AlignHCenter)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self._full())
        box.addWidget(self.stack, 1)
        self._clock = QTimer(self)
        self._clock.setInterval(TICK_MS)
        self._clock.timeout.connect(self._tick)
        self.when_seen(self.model.changed, self._changed)

    # What the window asks --------------------------------------------------------------------------------------------

    def actions_here(self) -> Sequence[Action]:
        """What can be done with jobs."""
        group = tr("Jobs")

        def make(
            key: str, text: str, icon: str, keys: str = "", tip: str = "", *, danger: bool = False
        ) -> Action:
            return Action(
                f"jobs.{key}",
                text,
                lambda: self.act(key),
                icon=icon,
                shortcut=keys,
                page="jobs",
                group=group,
                tip=tip,
                enabled=lambda: bool(self._for(key)),
                danger=danger,
            )

        yield_these = [
            make("pause", tr("Pause"), "pause", "Ctrl+P", tr("The job waits at the next safe moment")),
            make("resume", tr("Resume"), "play", "Ctrl+Shift+R"),
            make(
                "retry",
                tr("Try again"),
                "rotate-ccw",
                "Ctrl+R",
                tr("A training goes on from its newest checkpoint"),
            ),
            make("cancel", tr("Cancel"), "x", "Ctrl+Backspace", tr("Ends the job now"), danger=True),
            make(
                "remove",
                tr("Remove"),
                "trash-2",
                "Del",
                tr("Moves the job's folder to the trash; what it made stays"),
            ),
            make("up", tr("Earlier in the queue"), "arrow-up", "Alt+Up"),
            make("down", tr("Later in the queue"), "arrow-down", "Alt+Down"),
            make("show", tr("Show what it made"), "external-link", "Ctrl+Return"),
        ]
        find = Action(
            "jobs.find", tr("Search the jobs"), self.search.setFocus, "search", "Ctrl+F", "jobs", group
        )
        fold = Action(
            "jobs.fold",
            tr("Show or hide the log"),
            self._fold,
            "chevrons-up-down",
            "Ctrl+L",
            "jobs",
            group,
            enabled=lambda: self.detail.shown != "",
        )
        return [*yield_these, find, fold]

    def built(self) -> None:
        """Buttons for the main ones."""
        for key in ("jobs.pause", "jobs.resume", "jobs.retry", "jobs.cancel", "jobs.remove"):
            self.head.add_action(key, hide=True)
        self._changed()

    def enter(self, where: dict[str, Any]) -> None:
        """``job``: the one to be chosen."""
        job = str(where.get("job", ""))
        if job:
            self.filter.set("all")
            self._state = "all"
            self.kind.setCurrentIndex(0)
            self.search.clear()
            self._filter()
            self._wanted = "" if self.table.select(job) else job
        if self.model.rows:
            self.table.setFocus()

    def project_changed(self) -> None:
        """The filter for this project means another one."""
        self.here.setEnabled(self.session.project is not None)
        self._filter()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self._clock.start()
        self.detail.again()
        self._tick()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self._clock.stop()
        self.detail.stop()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if watched is self.split and event.type() == QEvent.Type.Resize:
            self._share()
        return super().eventFilter(watched, event)

    def _share(self) -> None:
        """See to it that :data:`ROWS` jobs are seen: with the log below them, otherwise with less of each, otherwise without the log."""
        theme, memory, room = self.session.themes.theme, self.session.memory, self.split.height()
        self.detail.set_low(room < theme.px(640))
        low, tall = (self.table.height_of(ROWS, dense) for dense in (True, False))
        folded = memory.folded.get("jobs.log", room < low + theme.px(LOG))
        self.detail.set_folded(folded)
        self.split.handle(1).setEnabled(not folded)
        self.split.setStretchFactor(1, 0 if folded else 2)
        dense = room < tall + theme.px(HEAD if folded else LOG)
        self.table.set_dense(dense)
        least = self.detail.needs(log=not folded and self.detail.banner.isHidden()) + self.split.handleWidth()
        self.detail.setMinimumHeight(least - self.split.handleWidth())
        self.table.setMinimumHeight(
            max(self.table.height_of(1, dense), min(low if dense else tall, room - least))
        )
        if folded:
            self.split.setSizes([room - least, least])
        elif not self._shared:
            self.split.setSizes(memory.splits.get("jobs", [3000, 2000]))
        self._shared = not folded

    def _fold(self) -> None:
        self.session.memory.folded["jobs.log"] = not self.detail.folded
        self._share()

    def _dragged(self) -> None:
        self.session.memory.splits["jobs"] = self.split.sizes()

    # Building --------------------------------------------------------------------------------------------------------

    def _full(self) -> QWidget:
        themes = self.session.themes
        space = themes.theme.space
        whole = QWidget()
        box = QVBoxLayout(whole)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(space("m"))
        row = FlowLayout(spacing=space("m"))
        self.filter = Segments(
            [("all", tr("All")), ("active", tr("At work")), ("failed", tr("Failed")), ("ended", tr("Done"))],
            tr("Which jobs"),
        )
        self.filter.set("all")
        self._state = "all"
        self.filter.chosen.connect(self._choose_state)
        self.kind = QComboBox()
        self.kind.setAccessibleName(tr("Kind of job"))
        self.kind.addItem(tr("Every kind"), "")
        self.kind.activated.connect(lambda _index: self._filter())
        self.here = QCheckBox(tr("This project only"))
        self.here.setAccessibleName(tr("This project only"))
        self.here.setEnabled(self.session.project is not None)
        self.here.toggled.connect(lambda _on: self._filter())
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search"))
        self.search.setAccessibleName(tr("Search the jobs"))
        clearable(self.search)
        self.search.textChanged.connect(lambda _text: self._filter())
        self.search.setMinimumWidth(themes.theme.px(220))
        row.addWidget(self.filter)
        row.addWidget(self.kind)
        row.addWidget(self.here)
        row.addWidget(self.search)
        box.addLayout(row)
        self.split = split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.splitterMoved.connect(lambda *_: self._dragged())
        split.installEventFilter(self)
        self.table = Table(themes, tr("Jobs"), self._columns(), key=lambda job: job.id, many=True)
        self.table.chosen.connect(self._chosen)
        self.table.opened.connect(lambda _row: self.session.actions.trigger("jobs.show"))
        self.table.menu = self._menu
        self.table.let_move(lambda job: job.state == "queued")
        self.table.moved.connect(self._moved)
        split.addWidget(self.table)
        self.detail = JobDetail(self.session)
        split.addWidget(self.detail)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        box.addWidget(split, 1)
        return whole

    def _columns(self) -> list[Column[Row]]:
        return [
            Column(
                "title",
                tr("Job"),
                lambda r: r.title,
                icon=lambda r: ICONS.get(r.kind, "box"),
                strong=True,
                note=note,
            ),
            Column(
                "state",
                tr("State"),
                lambda r: state_text(r, self.model.place(r)),
                190,
                tone=lambda r: words.state_tone(r.state) or "muted",
                share=lambda r: fraction(r) if r.state in ("running", "paused", "stopping") else None,
                tip=lambda r: r.reason or (r.error or {}).get("message", ""),
            ),
            Column("left", tr("Left"), left, 110, right=True),
            Column(
                "started",
                tr("Started"),
                lambda r: moment(r.started) if r.started else "",
                150,
                sort=lambda r: r.started or r.created,
            ),
            Column(
                "took",
                tr("Took"),
                took,
                110,
                right=True,
                sort=lambda r: (r.ended or 0) - r.started if r.started else None,
            ),
            Column("kind", tr("Kind"), lambda r: words.job_kind(r.kind), 140, hidden=True),
            Column("project", tr("Project"), lambda r: r.project.name if r.project else "", 160, hidden=True),
        ]

    def _menu(self) -> QMenu | None:
        if not self.table.selected():
            return None
        menu = QMenu(self)
        for key in ("show", "", "pause", "resume", "retry", "cancel", "", "up", "down", "", "remove"):
            if key:
                menu.addAction(self.session.actions.qt(f"jobs.{key}"))
            else:
                menu.addSeparator()
        return menu

    # What comes ------------------------------------------------------------------------------------------------------

    def _changed(self) -> None:
        rows = self.model.rows
        self.stack.setCurrentIndex(1 if rows else 0)
        self.head.say(subtitle=self._summary())
        self._kinds()
        self.table.set_rows(by_need(rows, self.model.queue))
        if self._wanted:
            self._wanted = "" if self.table.select(self._wanted) else self._wanted
        elif self.table.rows.rows and not self.table.selected():
            self.table.select(self.table.rows.rows[0].id)
        self._chosen()

    def _summary(self) -> str:
        active = self.model.active
        waiting = sum(row.state == "queued" for row in active)
        parts = []
        if len(active) - waiting:
            parts.append(trn("{n} at work", "{n} at work", len(active) - waiting))
        if waiting:
            parts.append(trn("{n} waiting", "{n} waiting", waiting))
        return ", ".join(parts)

    def _kinds(self) -> None:
        there = {self.kind.itemData(i) for i in range(self.kind.count())}
        for kind in sorted({row.kind for row in self.model.rows} - there):
            self.kind.addItem(words.job_kind(kind), kind)

    def _tick(self) -> None:
        """Times that run are painted anew; nothing else has changed."""
        if self.model.active:
            self.table.viewport().update()

    def _choose_state(self, key: str) -> None:
        self._state = key
        self._filter()

    def _filter(self) -> None:
        state, kind = self._state, self.kind.currentData()
        here = self.session.project.path if self.here.isChecked() and self.session.project else None

        def takes(row: Row) -> bool:
            states = {
                "all": True,
                "active": row.state in ACTIVE,
                "failed": row.state in ("failed", "interrupted"),
                "ended": row.state == "succeeded",
            }
            return states[state] and kind in ("", row.kind) and (here is None or row.project == here)

        self.table.rows.set_filter(self.search.text(), takes)
        self._chosen()

    def _chosen(self) -> None:
        chosen, before = self.table.selected(), self.detail.shown
        self.detail.show_row(chosen[0] if len(chosen) == 1 else None)
        self._share()  # a job that failed says why, which takes room
        if self.detail.shown != before and chosen:
            self.table.scrollTo(self.table.currentIndex())
        self.session.actions.refresh()

    # What is asked ---------------------------------------------------------------------------------------------------

    def _for(self, key: str) -> list[Row]:
        """Chosen jobs that an action applies to."""
        rows: list[Row] = self.table.selected()
        if key in ("up", "down"):
            waiting = self._waiting()
            if len(rows) != 1 or rows[0].id not in waiting:
                return []
            place = waiting.index(rows[0].id)
            return rows if (place > 0 if key == "up" else place < len(waiting) - 1) else []
        if key == "show":
            return rows if len(rows) == 1 and place_of(rows[0])[0] != "jobs" else []
        return [row for row in rows if can(row, key)]

    def _waiting(self) -> list[str]:
        return [job for job in self.model.queue if (row := self.model.find(job)) and row.state == "queued"]

    def act(self, key: str) -> None:
        """Do it with every chosen job it applies to."""
        rows, services = self._for(key), self.session.services
        if not rows or services is None:
            return
        if key == "show":
            page, where = place_of(rows[0])
            self.session.go(page, **where)
        elif key in ("up", "down"):
            waiting = self._waiting()
            place = waiting.index(rows[0].id)
            later = place + 2
            before = waiting[place - 1] if key == "up" else waiting[later] if later < len(waiting) else None
            self._reorder(services, rows[0], before)
        elif key != "cancel" or self._agreed(rows):
            self._send(services, key, rows)

    def _agreed(self, rows: list[Row]) -> bool:
        at_work = [row for row in rows if row.state != "queued"]
        if not at_work or not self.session.settings.flag("confirm_cancel"):
            return True
        names = ", ".join(row.title for row in at_work[:3])
        text = trn(
            "“{names}” ends now. What it has not saved is lost.",
            "{n} jobs end now ({names}…). What they have not saved is lost.",
            len(at_work),
            names=names,
        )
        if any(row.kind == "train" for row in at_work):
            text += " " + tr(
                "A training keeps its last checkpoint; Stop and save, on its own page, keeps everything."
            )
        return self.session.ask(tr("Cancel the work?"), text, tr("Cancel the work"), True)

    def _send(self, services: Services, key: str, rows: list[Row]) -> None:
        jobs = services.jobs
        calls: dict[str, Callable[..., Any]] = {
            "pause": jobs.pause,
            "resume": jobs.resume,
            "cancel": jobs.cancel,
            "retry": jobs.retry,
            "remove": jobs.remove,
        }
        call, count = calls[key], len(rows)
        asked = [(row.id, row.project) for row in rows]
        said = {
            "pause": trn(
                "The job pauses at the next safe moment.", "{n} jobs pause at the next safe moment.", count
            ),
            "resume": trn("The job goes on.", "{n} jobs go on.", count),
            "cancel": trn("The job is being cancelled.", "{n} jobs are being cancelled.", count),
            "retry": trn("The job is in the queue again.", "{n} jobs are in the queue again.", count),
            "remove": trn(
                "The job's folder is in the trash.", "The folders of {n} jobs are in the trash.", count
            ),
        }[key]

        def work() -> list[Any]:
            return [call(job, project) for job, project in asked]

        def done(found: list[Any]) -> None:
            if key == "retry" and found:
                self._wanted = found[-1].id
            step = None
            if key == "remove":
                places = list(zip(found, [row.folder for row in rows], strict=True))
                step = self._removal(services, said, places)
            self.session.tell(said, step)

        self.session.call(work, done)

    def _removal(self, services: Services, said: str, places: list[tuple[Path, Path]]) -> Step:
        """The way back for folders that are in the trash: pairs of where each is and where it was."""

        def back() -> None:
            for trashed, folder in places:
                services.jobs.put_back(trashed, folder)

        return Step(said, lambda: self.session.call(back))

    def _moved(self, row: Row, before: Row | None) -> None:
        services = self.session.services
        if services is not None:
            queued = before is not None and before.state == "queued"
            self._reorder(services, row, before.id if before is not None and queued else None)

    def _reorder(self, services: Services, row: Row, before: str | None) -> None:
        self.session.call(lambda: services.jobs.reorder(row.id, before, row.project))
