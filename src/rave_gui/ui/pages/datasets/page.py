"""Datasets of the project: the list, making one, looking into one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from rave_gui.ui import words
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.pages.datasets.commands import Commands
from rave_gui.ui.pages.datasets.list_view import ListView
from rave_gui.ui.shell.actions import Action
from rave_gui.ui.shell.page import Page, PageHead
from rave_gui.ui.shell.reading import Reading
from rave_gui.ui.shell.session import Session
from rave_gui.viewmodels import datasets as text
from rave_gui.viewmodels.datasets import Entry, Library, merge

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.projects import Project
    from rave_gui.ui.pages.datasets.detail import DetailView
    from rave_gui.ui.pages.datasets.wizard.view import WizardView


def _rows_of(services: Services, project: Project) -> Any:
    from rave_gui.workspace import listing

    return listing.datasets(services, project)


class DatasetsPage(Page):
    """The list first; the wizard and the view of one dataset take its place while they are needed."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        space = session.themes.theme.space
        self.library = Library()
        self.commands = Commands(self)
        self._rows: list[Any] = []
        self._jobs: list[Any] = []
        """Jobs of datasets, as they were joined with the list last."""
        self._reading_list = Reading(self, _rows_of, self._read)
        self._wanted: dict[str, Any] = {}
        box = QVBoxLayout(self)
        pad = space("xl")
        box.setContentsMargins(pad, pad, pad, pad)
        self.stack = QStackedWidget()
        box.addWidget(self.stack)
        home = QWidget()
        inner = QVBoxLayout(home)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(space("l"))
        self.head = PageHead(session, tr("Datasets"))
        inner.addWidget(self.head)
        self.list = ListView(session)
        inner.addWidget(self.list, 1)
        self.home = home
        self.stack.addWidget(home)
        self._wizard: WizardView | None = None
        self._detail: DetailView | None = None
        self.list.dropped.connect(self.new)
        self.list.chosen.connect(session.actions.refresh)
        self.list.opened.connect(self.open_entry)
        self.when_seen(session.jobs.changed, self._jobs_changed)
        self._show()

    # What the window asks

    def actions_here(self) -> Sequence[Action]:
        """See :class:`Commands`."""
        return self.commands.actions()

    def built(self) -> None:
        """Buttons of the registered actions."""
        self.head.add_action("datasets.adopt")
        self.head.add_action("datasets.new", "primary")
        self.list.add_buttons()
        self.list.table.menu = lambda: self.commands.menu(self)

    def enter(self, where: dict[str, Any]) -> None:
        """``dataset``: show that one; ``sources``: make one of these; ``job``: the dataset that a job makes."""
        if "sources" in where or where.get("new"):
            self.new([Path(path) for path in where.get("sources", [])])
        elif where.get("dataset") or where.get("job"):
            self._wanted = where
            self._reach()
            if self._wanted:  # the list that is known does not have it: not the dataset shown last instead
                self.show_list()
                self._reading_list.changed()
        self._reading_list.entered()

    def leave(self) -> None:
        """No sound from a page that is not seen."""
        for view in (self._wizard, self._detail):
            if view is not None:
                view.release()

    def project_changed(self) -> None:
        """Begin anew."""
        self._rows, self.library = [], Library()
        if self._wizard is not None:
            self._wizard.close_down()
            self._wizard.reset()
        if self._detail is not None:
            self._detail.close_down()
        self.show_list()
        self._show()
        self._load()

    def data_changed(self, topics: frozenset[str]) -> None:
        """Read the list again when it may differ."""
        if topics & {"datasets", "jobs"}:
            self._reading_list.changed()
        if self._looking is not None:
            self._looking.data_changed(topics)

    def services_ready(self) -> None:
        """Now the list can be read."""
        self._load()

    # Moving between the views

    @property
    def _looking(self) -> DetailView | None:
        """The view of one dataset, while it is shown."""
        return self._detail if self.stack.currentWidget() is self._detail else None

    @property
    def current(self) -> Entry | None:
        """The dataset that actions are about: the one shown, or the one chosen in the list."""
        if self._looking is not None:
            entry = self._looking.entry
            return self.library.get(entry.name) or entry if entry is not None else None
        if self.stack.currentWidget() is self.home:
            return self.list.selected()
        return None

    @property
    def wizard(self) -> WizardView:
        """Made when it is first needed."""
        if self._wizard is None:
            from rave_gui.ui.pages.datasets.wizard.view import WizardView

            self._wizard = WizardView(self.session)
            self._wizard.left.connect(self.show_list)
            self._wizard.made.connect(self._made)
            self.stack.addWidget(self._wizard)
        return self._wizard

    @property
    def detail(self) -> DetailView:
        """Made when it is first needed."""
        if self._detail is None:
            from rave_gui.ui.pages.datasets.detail import DetailView

            self._detail = DetailView(self.session, self.commands)
            self._detail.left.connect(self.show_list)
            self.stack.addWidget(self._detail)
        return self._detail

    @property
    def tabbed(self) -> bool:
        """Whether the parts of a dataset can be chosen now."""
        return self._looking is not None and not self._looking.building

    def show_tab(self, key: str) -> None:
        """Another part of the dataset that is shown."""
        if self._looking is not None:
            self._looking.show_tab(key)

    def new(self, sources: Sequence[Path] = ()) -> None:
        """Make a dataset, with these recordings to begin with."""
        if self.session.project is None:
            return
        self.leave()
        self._wanted = {}  # what was begun before must not take the place of this
        wizard = self.wizard
        self.stack.setCurrentWidget(wizard)
        if (
            wizard.busy
        ):  # the dataset before this one is being begun; its end takes the wizard back to its start
            return
        wizard.begin(list(sources), [entry.name for entry in self.library.entries])
        self.session.actions.refresh()

    def show_list(self) -> None:
        """Back to the list."""
        if self.stack.currentWidget() is self.home:
            return
        self.leave()
        entry = self._looking.entry if self._looking is not None else None
        name = entry.name if entry is not None else ""
        self.stack.setCurrentWidget(self.home)
        if name:
            self.list.select(name)
        if self.isVisible():
            if self.library.entries:
                self.list.focus_table()
            else:
                self.setFocus()
        self.session.actions.refresh()

    def open_entry(self, entry: Entry) -> None:
        """Look into a dataset, or at the job that makes it."""
        self.leave()
        self.detail.show_entry(entry)
        self.stack.setCurrentWidget(self.detail)
        self.detail.take_focus()
        self.session.actions.refresh()

    def _reach(self, fresh: bool = False) -> None:
        """Show what was asked for, as soon as it is in the list; not in a ``fresh`` list means that it is not there."""
        name, job = self._wanted.get("dataset"), self._wanted.get("job")
        entry = next((e for e in self.library.entries if e.name == name or (job and e.job == job)), None)
        if entry is not None:
            self._wanted = {}
            self.open_entry(entry)
        elif name and fresh and not job:
            self._wanted = {}
            self.session.tell(
                tr("There is no dataset named “{name}” in this project. It may have been renamed.", name=name)
            )

    # The list

    def _load(self) -> None:
        self._reading_list.start()

    def _read(self, found: Any) -> None:
        self._rows = found
        before = self.library
        self.library = Library(merge(found, self.session.jobs.rows), True)
        self._follow_elsewhere(before)
        self._show()
        self._reach(not self._reading_list.stale)

    def _follow_elsewhere(self, before: Library) -> None:
        """Another process renamed or deleted the dataset that is shown."""
        entry = self._detail.entry if self._detail is not None else None
        if entry is None or before.get(entry.name) is None or self.library.get(entry.name) is not None:
            return  # also while the window's own renaming is not in the list yet
        new = text.renamed_to(entry, before.entries, self.library.entries)
        if new is not None:
            self.detail.renamed(new)
            self.session.tell(tr("“{old}” is called “{new}” now.", old=entry.name, new=new.name))
        elif entry.state != "building":  # a build that was cancelled says so itself
            self._put_away(entry.name)
            self.session.tell(
                tr("“{name}” is no longer in the project: it was deleted elsewhere.", name=entry.name)
            )

    def _jobs_changed(self) -> None:
        jobs = [job for job in self.session.jobs.rows if job.kind in text.BUILDS]
        if not self.library.loaded or jobs == self._jobs:
            return
        self._jobs = jobs
        entries = merge(self._rows, self.session.jobs.rows)
        if entries != self.library.entries:
            before = {(e.name, e.job_state) for e in self.library.entries}
            self.library = Library(entries, True)
            self._show()
            if {(e.name, e.job_state) for e in entries} != before:
                self._load()

    def reload(self) -> None:
        """Something was changed from here: read the list again."""
        self._load()

    def gone(self, name: str) -> None:
        """A dataset went to the trash."""
        self._put_away(name)
        self._load()

    def _put_away(self, name: str) -> None:
        if self._detail is not None and self._detail.entry is not None and self._detail.entry.name == name:
            if self._looking is not None:
                self.show_list()
            self._detail.close_down()

    def renamed(self, old: str, new: str) -> None:
        """A dataset has another name."""
        detail = self._detail
        if detail is not None and detail.entry is not None and detail.entry.name == old:
            detail.renamed(replace(detail.entry, name=new, path=detail.entry.path.with_name(new)))
        self._load()

    def detail_of(self, entry: Entry) -> DetailView:
        """The view of a dataset, shown now."""
        if self._looking is None or self._looking.entry != entry:
            self.open_entry(entry)
        return self.detail

    def _made(self, name: str, _view: object) -> None:
        self._wanted = {"dataset": name}
        self.show_list()
        self.list.select(name)
        self.session.tell(tr("“{name}” is being made.", name=name))
        self._load()

    def _show(self) -> None:
        project = self.session.project
        count, seconds, size = self.library.summary()
        facts = ""
        if project is not None and count:
            facts = "  ·  ".join(
                (trn("{n} dataset", "{n} datasets", count), text.length_text(seconds), words.size(size))
            )
        self.head.say(subtitle=facts)
        self.list.show_library(self.library, project is not None)
        if self._detail is not None and self._detail.entry is not None:
            self._detail.follow(self.library.get(self._detail.entry.name))
        self.session.actions.refresh()
