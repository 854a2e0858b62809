"""Training: the list of runs, one run live, and everything that starts, steers and keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QStackedWidget, QVBoxLayout, QWidget

from rave_gui.errors import UserError
from rave_gui.ui.bridge import Task
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.training.commands import RunCommands
from rave_gui.ui.pages.training.runs import RunsView
from rave_gui.ui.pages.training.slots import RUNS, Slots
from rave_gui.ui.shell.actions import Action, ActionButton
from rave_gui.ui.shell.page import Page, PageHead
from rave_gui.ui.shell.reading import Reading
from rave_gui.ui.shell.session import Session
from rave_gui.viewmodels import runs
from rave_gui.viewmodels.runs import RunItem, RunsModel


class TrainingPage(Page):
    """A stack of views: the list, one run, the new run. Plots are imported when the first run is opened."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.model = RunsModel()
        self.run_view: Any = None
        self.wizard: Any = None
        self._watch: Task | None = None
        self._reading_list = Reading(self, runs.load, self._read)
        self._distances: Task | None = None
        self._wanted = ""
        self.commands = RunCommands(self)
        box = QVBoxLayout(self)
        pad = session.themes.theme.space("xl")
        box.setContentsMargins(pad, pad, pad, pad)
        box.setSpacing(session.themes.theme.space("l"))
        self.stack = QStackedWidget()
        box.addWidget(self.stack)
        self.list = QWidget()
        inner = QVBoxLayout(self.list)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(session.themes.theme.space("l"))
        self.head = PageHead(session, tr("Training"))
        inner.addWidget(self.head)
        self.runs = RunsView(session, self.model)
        self.runs.opened.connect(self.open_run)
        self.runs.chosen.connect(session.actions.refresh)
        self.runs.set_menu(self._menu)
        self.slots = Slots(session, self.runs, lambda actions: session.actions.add(actions, self))
        self.slots.chosen.connect(self._slot_chosen)
        self.head.row.insertWidget(1, self.slots.tabs)
        self.slots.tabs.setVisible(len(self.slots.keys) > 1)
        inner.addWidget(self.slots, 1)
        self.stack.addWidget(self.list)
        self.when_seen(session.jobs.changed, self._jobs_changed)

    # The page's life

    def actions_here(self) -> Sequence[Action]:
        """Everything that can be done with runs."""
        return self.commands.actions()

    def built(self) -> None:
        """Buttons of the list."""
        new = self.head.add_action("training.new", "primary")
        self.runs.new = new
        button = ActionButton(self.session.themes, self.session.actions, "training.new", "primary")
        self.runs.empty.box.insertWidget(
            self.runs.empty.box.count() - 1, button, 0, Qt.AlignmentFlag.AlignHCenter
        )

    def enter(self, where: dict[str, Any]) -> None:
        """``run``: the name of a run to be watched; ``new``: True for the new run, with ``dataset``, ``like`` (a run) or ``template``;
        ``view``: ``compare`` or ``configs``, which gets the rest.
        """
        if where.get("run"):
            self.open_run(str(where["run"]))
        elif where.get("new"):
            self.new_run(*(str(where.get(key, "")) for key in ("dataset", "like", "template")))
        elif where.get("view"):
            self.show_part(str(where["view"]), where)
        elif self.stack.currentWidget() is self.list:
            self.slots.take_focus()
        self._reading_list.entered()

    def leave(self) -> None:
        """Sound stops; the run goes on being watched, so that it is there at once when the page is shown again."""
        self.slots.leave()
        if self.run_view is not None:
            self.run_view.release()

    def project_changed(self) -> None:
        """Another project: its runs, and nothing of the one before."""
        self._stop_watch()
        self.model.clear()
        self.show_list()
        if self.wizard is not None:  # what was given for another project does not apply
            self.wizard.leave()
            self.stack.removeWidget(self.wizard)
            self.wizard.deleteLater()
            self.wizard = None
        self.slots.tell("project_changed")
        self.reload()

    def services_ready(self) -> None:
        """The list can be read."""
        self.slots.tell("services_ready")
        self.reload()

    def data_changed(self, topics: frozenset[str]) -> None:
        """Runs came, went or moved on."""
        self.slots.tell("data_changed", topics)
        if topics & {"runs", "jobs"}:
            self._reading_list.changed()

    # What is shown

    @property
    def run(self) -> RunItem | None:
        """What an action is about: the run that is watched, or the one that is selected."""
        view = self.shown_run
        if view is not None:
            return self.model.get(view.model.name) if view.model is not None else None
        if self.listing:
            found: RunItem | None = self.runs.table.one()
            return found
        return None

    @property
    def listing(self) -> bool:
        """Whether the list of runs is shown."""
        return self.stack.currentWidget() is self.list and self.slots.key == RUNS

    @property
    def shown_run(self) -> Any:
        """The view of one run while it is shown, otherwise None."""
        view: Any = self.run_view
        return view if view is not None and self.stack.currentWidget() is view else None

    @property
    def selected(self) -> list[RunItem]:
        """Every run that is selected in the list, or the watched one."""
        if self.stack.currentWidget() is self.list:
            return list(self.runs.table.selected()) if self.listing else []
        return [self.run] if self.run is not None else []

    def show_list(self) -> None:
        """The list of runs."""
        if self.run_view is not None:
            self.run_view.release()
        if self.wizard is not None:
            self.wizard.leave()
        self._stop_watch()
        self.stack.setCurrentWidget(self.list)
        if self.isVisible():
            self.slots.take_focus()
        self.session.actions.refresh()

    def show_part(self, key: str, where: dict[str, Any] | None = None) -> None:
        """``runs``, ``compare`` or ``configs``."""
        if self.stack.currentWidget() is not self.list:
            self.show_list()
        self.slots.show_part(key, where)
        if self.isVisible() and not self.slots.tabs.isAncestorOf(self.window().focusWidget()):
            self.slots.take_focus()

    def _slot_chosen(self, key: str) -> None:
        for button in self.head.buttons:
            button.setVisible(key == RUNS)
        self.session.actions.refresh()

    def open_run(self, name: str) -> None:
        """Watch a run."""
        item = self.model.get(name)
        if item is None:
            self._wanted = name
            self.reload()
            return
        self._wanted = ""
        if item.missing and item.state in ("failed", "cancelled"):  # it never had a folder
            self.session.fail(
                UserError(
                    tr("The run {name} ended before it began.", name=name),
                    item.problem or tr("Start a new run like it, or remove it from the list."),
                    code="run-missing",
                )
            )
            return
        if item.missing:
            self.session.fail(
                UserError(
                    tr(
                        "The run {name} is not there: its folder was moved or its disk is not connected.",
                        name=name,
                    ),
                    tr("Connect the disk, or remove the run from the list."),
                    code="run-missing",
                )
            )
            return
        self._watch_run(item)

    def new_run(self, dataset: str = "", like: str = "", template: str = "") -> None:
        """Show the new run's steps."""
        from rave_gui.ui.pages.training.wizard import RunWizard

        if self.session.project is None or self.session.services is None:
            return
        if self.wizard is None:
            self.wizard = RunWizard(self.session)
            self.wizard.left.connect(self.show_list)
            self.wizard.started.connect(self._started)
            self.stack.addWidget(self.wizard)
        self._stop_watch()
        self.wizard.begin(dataset, self.model.get(like), template)
        self.stack.setCurrentWidget(self.wizard)
        self.wizard.take_focus()
        self.session.actions.refresh()

    def reload(self) -> None:
        """Read the list again (in a thread); asked for meanwhile, once more afterwards."""
        self._reading_list.start()

    def _read(self, found: list[RunItem]) -> None:
        self.model.set_items(found)
        self.model.set_jobs(self.session.jobs.rows)
        self._loaded()

        self._read_distances()

    def _read_distances(self) -> None:
        """How close each run has come is in its curves: read in a thread, once the list is there, a second of them at a time."""
        project = self.session.project
        if project is None or self._distances is not None:
            return
        listed = [(row.name, row.path, row.modified) for row in self.model.rows]

        def work() -> tuple[dict[str, float], bool]:
            from rave_gui.training.experiments.actions import smallest_distances

            return smallest_distances(project, listed)

        def done(found: tuple[dict[str, float], bool]) -> None:
            self._distances = None
            if self.session.project is project:
                self.model.set_distances(found[0])
                if found[1] and self.isVisible():
                    self._read_distances()

        def failed(error: Exception) -> None:
            self._distances = None
            self.session.fail(error)

        self._distances = self.session.call(work, done, failed)

    def _loaded(self) -> None:
        self.session.actions.refresh()
        if self._wanted and self.model.get(self._wanted) is not None:
            self.open_run(self._wanted)
        elif self.listing and self.isVisible() and self.window().focusWidget() is None:
            self.runs.take_focus()

    def _started(self, name: str) -> None:
        self._wanted = name
        self.stack.setCurrentWidget(self.list)
        self.reload()

    def _jobs_changed(self) -> None:
        self.model.set_jobs(self.session.jobs.rows)
        if self.stack.currentWidget() is self.list:
            self.session.actions.refresh()

    def _menu(self) -> QMenu | None:
        return self.commands.menu(self.runs) if self.runs.table.selected() else None

    # Watching

    def _build_run_view(self) -> None:
        if self.run_view is None:
            from rave_gui.ui.pages.training.run import RunView

            self.run_view = RunView(self.session)
            self.run_view.back.connect(self.show_list)
            self.run_view.facts.checkpoint_wanted.connect(self.commands.go_on)
            self.run_view.add_buttons(lambda: self.commands.menu(self.run_view))
            self.stack.addWidget(self.run_view)

    def _watch_run(self, item: RunItem) -> None:
        from rave_gui.viewmodels.run import RunModel
        from rave_gui.viewmodels.runwatch import watch

        self._build_run_view()
        services, project = self.session.services, self.session.project
        assert services is not None
        assert project is not None
        shown = self.run_view.model
        if self._watch is None or shown is None or shown.path != item.path:
            self._stop_watch()
            model = RunModel(item.name, item.path)
            self.run_view.show_run(model)
            self._watch = self.session.stream(
                lambda stop, emit: watch(services, project, (item.name, item.path), stop, emit), model.apply
            )
        self.stack.setCurrentWidget(self.run_view)
        if self.isVisible():
            self.run_view.take_focus()
        self.session.actions.refresh()

    def _stop_watch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
