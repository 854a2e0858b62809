"""The start: the one next step, what runs, what ended, the projects, this computer; on the first start, a welcome."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from rave_gui.ui.bridge import Stop, Task
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.home.cards import ComputerCard, ListCard, NextCard, ago, fill_job, look_at_load
from rave_gui.ui.pages.home.welcome import WelcomeView
from rave_gui.ui.shell.page import Page, PageHead
from rave_gui.ui.shell.reading import Reading
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Button
from rave_gui.ui.widgets.engine_banner import EngineBanner
from rave_gui.ui.widgets.rows import RowButton
from rave_gui.viewmodels import home
from rave_gui.viewmodels.home import Facts
from rave_gui.viewmodels.jobs import Row

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.projects import Project

NARROW = 1000
"""Pixels at 100 % text under which the right column goes below the left one."""
LOAD_SECONDS = 2.0
RECENT_PROJECTS = 6
PAGE_OF = {
    "dataset": "datasets",
    "train": "training",
    "render": "models",
    "evaluate": "models",
    "export": "export",
}


def _gather(services: Services, project: Project | None) -> tuple[Facts, list[Any]]:
    from rave_gui.workspace import actions

    return home.gather(services, project), actions.recent(services)


class HomePage(Page):
    """Shows :mod:`rave_gui.viewmodels.home`; everything on it leads to the page where it is done."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        themes = session.themes
        self.facts = Facts()
        self._reading = Reading(self, _gather, self._read, always=True)
        self._loaded = False
        self._load: Task | None = None
        self.welcome = WelcomeView(session)
        self.next = NextCard(themes)
        self.next.asked.connect(self._ask)
        self.engine = EngineBanner(themes, session.engine)
        self.engine.wanted.connect(lambda: session.actions.trigger("engine.install"))
        self.engine.cancelled.connect(lambda: session.actions.trigger("engine.cancel"))
        self.running = ListCard(
            themes,
            tr("Running now"),
            tr("Nothing runs. Jobs go on when the window is closed, and show here."),
        )
        self.running.opened.connect(self._open_job)
        self.ended = ListCard(themes, tr("Finished lately"), tr("What ends shows here."))
        self.ended.opened.connect(self._open_job)
        self.contents = ListCard(themes, tr("In this project"), tr("No project is open."))
        self.contents.opened.connect(lambda thing: session.go(thing[0]))
        self.projects = ListCard(themes, tr("Recent projects"), tr("Projects you open show here."))
        self.projects.opened.connect(self._open_project)
        self.computer = ComputerCard(themes)
        self.stack = QStackedWidget()
        self.stack.addWidget(self._overview())
        self.stack.addWidget(self.welcome)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.stack)
        self.when_seen(session.jobs.changed, self._jobs_changed)
        session.engine.changed.connect(self._engine_changed)
        session.away_changed.connect(self._show)
        self._show()

    def _overview(self) -> QWidget:
        themes, space = self.session.themes, self.session.themes.theme.space
        body = QWidget()
        body.setObjectName("page")
        box = QVBoxLayout(body)
        pad = space("xl")
        box.setContentsMargins(pad, pad, pad, pad)
        box.setSpacing(space("l"))
        self.head = PageHead(self.session, tr("Welcome"))
        self.new = Button(themes, tr("New project…"), "folder-plus", tip=tr("Make a project"))
        self.new.clicked.connect(lambda: self.session.actions.trigger("project.new"))
        self.open = Button(themes, tr("Open…"), "folder-open", tip=tr("Open a project's folder"))
        self.open.clicked.connect(lambda: self.session.actions.trigger("project.open"))
        self.head.row.addWidget(self.open)
        self.head.row.addWidget(self.new)
        box.addWidget(self.head)
        box.addWidget(self.next)
        box.addWidget(self.engine)
        self.columns = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self.columns.setSpacing(space("l"))
        left, right = QVBoxLayout(), QVBoxLayout()
        for column, cards in (
            (left, (self.running, self.ended)),
            (right, (self.contents, self.projects, self.computer)),
        ):
            column.setSpacing(space("l"))
            for card in cards:
                column.addWidget(card)
            column.addStretch(1)
        self.columns.addLayout(left, 3)
        self.columns.addLayout(right, 2)
        box.addLayout(self.columns)
        box.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(body)
        return area

    def enter(self, where: dict[str, Any]) -> None:
        """Look at everything again, and watch the computer's load while the page is shown."""
        self._reading.entered()
        if self._load is None:

            def read(stop: Stop, emit: Any) -> None:
                while not stop.wait(LOAD_SECONDS):
                    emit(look_at_load())

            self._load = self.session.stream(read, lambda batch: self.computer.show_load(batch[-1]))

    def leave(self) -> None:
        """Stop watching the load."""
        if self._load is not None:
            self._load.cancel()
            self._load = None

    def services_ready(self) -> None:
        """Now everything can be looked at."""
        self._reading.start()

    def project_changed(self) -> None:
        """Other contents."""
        if self.session.project is not None:
            self.welcome.done()
        self._reading.start()

    def data_changed(self, topics: frozenset[str]) -> None:
        """Counts may differ."""
        if topics - {"jobs"}:
            self._reading.changed()

    def _read(self, found: tuple[Facts, list[Any]]) -> None:
        self.facts, recent = found
        self._loaded = True
        self.computer.show_disk(self.facts)
        self._show_projects(recent)
        self._show()

    def _show(self) -> None:
        session, project = self.session, self.session.project
        first = self._loaded and project is None and not session.memory.welcomed
        self.stack.setCurrentIndex(1 if first else 0)
        self.head.say(project.name if project else tr("Welcome"), str(project.path) if project else "")
        engine = session.engine
        step = home.next_step(
            self.facts,
            project=project is not None,
            engine_known=engine.known and not engine.installing,
            engine_ready=engine.ready,
            jobs=session.jobs.rows,
        )
        self.next.show_step(step)
        self.next.setVisible(self._loaded and not session.away)  # nothing can be done next without its folder
        # The next step says the same as the banner would; while it is being set up the banner has the progress.
        job = engine.install
        failed = job is not None and job.state in ("failed", "interrupted")
        if step.action == "engine.install" and not failed:
            self.engine.hide()
        self.contents.show_rows(self._contents(), lambda thing: thing[0], _fill_contents)
        self.contents.setVisible(project is not None)
        self._jobs_changed()

    def _contents(self) -> list[tuple[str, str, str, str]]:
        if self.session.project is None:
            return []
        f = self.facts
        return [
            ("datasets", "database", tr("Datasets"), f"{f.datasets:,}"),
            ("training", "activity", tr("Trainings"), f"{f.runs:,}"),
            ("export", "package", tr("Exported models"), f"{f.exports:,}"),
            ("models", "audio-lines", tr("Takes"), f"{f.takes:,}"),
        ]

    def _jobs_changed(self) -> None:
        rows = self.session.jobs.rows
        self.running.show_rows(home.running(rows), lambda job: job.id, fill_job)
        self.ended.show_rows(home.ended(rows), lambda job: job.id, fill_job)

    def _engine_changed(self) -> None:
        engine = self.session.engine
        if engine.ready:
            self.computer.show_device(tr("Trainings run on: {device}", device=engine.device))
        self._show()

    def _show_projects(self, recent: list[Any]) -> None:
        here = self.session.project
        others = [info for info in recent if here is None or info.path != here.path][:RECENT_PROJECTS]
        self.projects.show_rows(others, lambda info: str(info.path), _fill_project)

    def _ask(self, action: str) -> None:
        if action.startswith("page:"):
            self.session.go(action.removeprefix("page:"))
        else:
            page = action.partition(".")[0]
            if page in ("datasets", "training"):  # the page may not have been made yet
                self.session.go(page)
            self.session.actions.trigger(action)

    def _open_job(self, job: Row) -> None:
        page = (
            PAGE_OF.get(job.kind) if job.state in ("running", "succeeded", "paused") and job.project else None
        )
        here = self.session.project
        if page is not None and here is not None and job.project == here.path:
            self.session.go(page, job=job.id)
        else:
            self.session.go("jobs", job=job.id)

    def _open_project(self, info: Any) -> None:
        if info.missing:
            from rave_gui.ui.shell.projects import forget_missing

            forget_missing(self.session, info, self._reading.start)
        else:
            self.session.use_project(Path(info.path))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        narrow = self.width() < self.session.themes.theme.px(NARROW)
        way = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        if self.columns.direction() != way:
            self.columns.setDirection(way)


def _fill_contents(row: RowButton, thing: tuple[str, str, str, str]) -> None:
    row.set(icon=thing[1], title=thing[2], trailing=thing[3])


def _fill_project(row: RowButton, info: Any) -> None:
    if info.missing:
        row.set(
            icon="folder-x", title=info.name, note=str(info.path), trailing=tr("not there"), tone="warning"
        )
    else:
        when = ago(info.opened) if info.opened else ""
        row.set(icon="folder", title=info.name, note=str(info.path), trailing=when, tone="")
