"""Experiments: every run of the project in one table, and two or more of them side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QMenu, QStackedWidget, QVBoxLayout, QWidget

from rave_gui.training.experiments.table import Experiment
from rave_gui.ui.bridge import Task
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.pages.experiments import fields
from rave_gui.ui.pages.experiments.commands import MOST, ExperimentCommands
from rave_gui.ui.pages.experiments.filter import FilterLine
from rave_gui.ui.pages.experiments.grid import ExperimentsTable
from rave_gui.ui.shell.actions import Action, ActionButton
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import IconButton, label
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.viewmodels.experiments import ExperimentsModel, Group, arranged, at_step, load

MEMORY = "experiments-columns"
GROUPS = ("", "dataset", "config", "preset", "state", "tags", "phase")


class ExperimentsView(QWidget):
    """The part “Compare” of the training page: a table, and behind it the comparison of what is selected there."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.model = ExperimentsModel()
        self.model.columns = list(session.memory.lists.get(MEMORY) or self.model.columns)
        self.comparison: Any = None
        self._reading: Task | None = None
        self._again = False
        self._due = False
        """Whether runs changed while this was not seen."""
        self._arranging: Task | None = None
        self._looking: Task | None = None
        self._wanted: list[str] = []
        self.commands = ExperimentCommands(self)
        space = session.themes.theme.space
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self.stack = QStackedWidget()
        outer.addWidget(self.stack)
        self.page = QWidget()
        box = QVBoxLayout(self.page)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(space("m"))
        self.bar = QWidget()
        bar = QHBoxLayout(self.bar)
        bar.setContentsMargins(0, 0, 0, 0)
        bar.setSpacing(space("s"))
        self.filter = FilterLine(session, self.model)
        self.filter.wanted.connect(self.model.set_query)
        bar.addWidget(self.filter, 1)
        self.group = QComboBox()
        self.group.setAccessibleName(tr("Group by"))
        self.group.activated.connect(lambda _index: self.model.set_group(self.group.currentData()))
        self._fill_groups()
        bar.addWidget(self.group, 0, Qt.AlignmentFlag.AlignTop)
        self._bar = bar
        box.addWidget(self.bar)
        self.table = ExperimentsTable(session.themes, tr("Experiments"), self.model)
        self.table.menu = self._menu
        self.table.sorted_by.connect(self.model.set_sort)
        self.table.opened.connect(self._opened)
        self.table.chosen.connect(self._chosen)
        self.empty = EmptyState(
            session.themes,
            "flask-conical",
            tr("Which run is best, and why?"),
            tr(
                "Every training of this project comes here with its parameters and what was measured. Filter and sort them, "
                "then select two or more and lay them side by side."
            ),
        )
        self.nothing = EmptyState(session.themes, "list-filter", tr("No run fits the filter"), "")
        self.loading = label(tr("Loading…"), "muted")
        self.loading.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.rows = QStackedWidget()
        for part in (self.loading, self.empty, self.nothing, self.table):
            self.rows.addWidget(part)
        box.addWidget(self.rows, 1)
        self.foot = label("", "caption")
        box.addWidget(self.foot)
        self.stack.addWidget(self.page)
        self.model.changed.connect(self._changed)
        self._show()

    # The life of a part of the page

    def actions_here(self) -> Sequence[Action]:
        """Everything that can be done here."""
        return self.commands.actions()

    def built(self) -> None:
        """Buttons of the registered actions."""
        themes, actions = self.session.themes, self.session.actions
        top = Qt.AlignmentFlag.AlignTop
        self.more = IconButton(themes, "ellipsis", tr("More"), variant="")
        self.more.clicked.connect(
            lambda: self.commands.more(self).exec(self.more.mapToGlobal(QPoint(0, self.more.height())))
        )
        self._bar.addWidget(self.more, 0, top)
        self.compare_button = ActionButton(themes, actions, "experiments.compare", "primary")
        self._bar.addWidget(self.compare_button, 0, top)
        begin = ActionButton(themes, actions, "training.new", "primary")
        self.empty.box.insertWidget(self.empty.box.count() - 1, begin, 0, Qt.AlignmentFlag.AlignHCenter)

    def enter(self, where: dict[str, Any]) -> None:
        """``compare``: names of runs to be laid side by side; ``filter``: a filter."""
        if "filter" in where:
            self.show_table()
            self.filter.set_text(str(where["filter"]))
        if where.get("compare"):
            self.compare([str(name) for name in where["compare"]])
        self.session.actions.refresh()

    def leave(self) -> None:
        """Sound stops."""
        self.filter.keep()
        if self.comparison is not None:
            self.comparison.release()
        self.session.actions.refresh()

    def project_changed(self) -> None:
        """Another project: its runs, and nothing of the one before."""
        for task in (self._reading, self._arranging, self._looking):
            if task is not None:
                task.cancel()
        self._reading = self._arranging = self._looking = None
        if self.comparison is not None:
            self.comparison.stop()
        self.show_table()
        self.model.clear()
        self._read(first=True)

    def services_ready(self) -> None:
        """The table can be read."""
        self._read(first=True)

    def data_changed(self, topics: frozenset[str]) -> None:
        """Runs came, went or moved on: read again now, or when this is seen again."""
        if topics & {"runs", "jobs"}:
            self.model.forget_values()
            self._due = True
            if self.isVisible():
                self._catch_up()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """What changed while nobody looked is read now."""
        super().showEvent(event)
        self._catch_up()

    def _catch_up(self) -> None:
        if self._due:
            self._due = False
            self.reload()
            if self.comparing:
                self.comparison.reload()

    def take_focus(self) -> None:
        """The table when there is something in it."""
        if self.comparing:
            self.comparison.take_focus()
        elif self.rows.currentWidget() is self.table:
            self.table.setFocus(Qt.FocusReason.OtherFocusReason)
            if self.table.current() < 0 and self.model.rows:
                self.table.setCurrentIndex(self.table.rows.index(0, 0))
        else:
            self.filter.line.setFocus(Qt.FocusReason.OtherFocusReason)

    # What is shown

    @property
    def comparing(self) -> bool:
        """Whether runs are laid side by side now."""
        return self.comparison is not None and self.stack.currentWidget() is not self.page

    @property
    def chosen(self) -> list[Experiment]:
        """What an action is about: the selected runs, or those that are compared."""
        if self.comparing:
            return list(self.comparison.runs)
        return self.table.runs()

    def compare(self, names: Sequence[str]) -> None:
        """Lay runs side by side."""
        found = [run for name in names if (run := self.model.get(name)) is not None]
        if len(found) < len(names) and not self.model.loaded:
            self._wanted = list(names)
            return
        self._wanted = []
        if not found:
            return
        if self.comparison is None:
            from rave_gui.ui.pages.experiments.compare import CompareView

            self.comparison = CompareView(self.session)
            self.comparison.back.connect(self.show_table)
            self.comparison.changed.connect(self.session.actions.refresh)
            self.stack.addWidget(self.comparison)
        self.comparison.show_runs(found[:MOST])
        self.stack.setCurrentWidget(self.comparison)
        if self.isVisible():
            self.comparison.take_focus()
        self.session.actions.refresh()

    def show_table(self) -> None:
        """Back to the table."""
        if self.comparing:
            self.comparison.release()
            self.stack.setCurrentWidget(self.page)
            if self.isVisible():
                self.take_focus()
            self.session.actions.refresh()

    def choose_columns(self) -> None:
        """The dialog of columns."""
        from rave_gui.ui.dialogs.experiment_columns import ColumnsDialog

        ColumnsDialog(self.session, self.model.fields, self.model.columns, self.set_columns).show_it()

    def set_columns(self, columns: list[str]) -> None:
        """Show other columns, and remember them."""
        self.session.memory.lists[MEMORY] = columns
        self.model.set_columns(columns)

    # Reading

    def reload(self) -> None:
        """Read the table again (in a thread); asked for meanwhile, once more afterwards."""
        self._read(first=not self.model.loaded)

    def _read(self, *, first: bool) -> None:
        services, project = self.session.services, self.session.project
        if services is None or project is None:
            self._show()
            return
        if self._reading is not None:
            self._again = True
            return

        def ended(*_: object) -> None:
            self._reading = None
            if self._again:
                self._again = False
                self.reload()

        def failed(error: Exception) -> None:
            ended()
            self.session.fail(error)

        self._reading = self.session.stream(
            lambda stop, emit: load(services, project, emit, lambda: stop.requested, first=first),
            lambda batch: self.model.set_all(batch[-1]),
            ended,
            failed,
        )

    def _changed(self, what: str) -> None:
        if what == "query":
            self.filter.show_problem()
        if what == "columns":
            self.table.set_columns(self.model.columns)
        if what in ("all", "query", "order", "columns"):
            if what == "order":
                self.table.show_sort(self.model.sort, self.model.descending)
            self._arrange()
            self._look_up()
        if what == "rows":
            self.table.refresh()
        if what in ("rows", "all"):
            self._show()
        if what == "rows":
            if (
                self.filter.line.hasFocus()
                and not self.filter.text
                and self.rows.currentWidget() is self.table
            ):
                self.take_focus()
            if self._wanted and self.model.loaded:
                self.compare(self._wanted)

    def _arrange(self) -> None:
        if self._arranging is not None:
            self._arranging.cancel()
        order = self.model.order

        def done(rows: Any) -> None:
            self._arranging = None
            self.model.take(rows)

        self._arranging = self.session.call(lambda: arranged(order), done)

    def _look_up(self) -> None:
        """Values at a step, one column after the other."""
        project, wanted = self.session.project, self.model.wanted_steps
        if project is None or self._looking is not None or not wanted:
            return
        from rave_gui.training.experiments import actions

        column, names = wanted[0]
        placed = at_step(column)
        assert placed is not None

        def done(values: list[float | None]) -> None:
            self._looking = None
            self.model.set_values(column, names, values)

        def failed(error: Exception) -> None:
            self._looking = None
            self.session.fail(error)

        self._looking = self.session.call(lambda: actions.values_at(project, names, *placed), done, failed)

    def _show(self) -> None:
        model = self.model
        if not model.loaded and self.session.project is not None:
            self.rows.setCurrentWidget(self.loading)
        elif not model.all:
            self.rows.setCurrentWidget(self.empty)
        elif not model.rows:
            hidden = sum(1 for run in model.all if run.fields.get("archived"))
            self.nothing.say(
                tr("No run fits the filter"),
                trn(
                    "{n} run is archived: filter for “archived” to see it.",
                    "{n} runs are archived: filter for “archived” to see them.",
                    hidden,
                )
                if hidden
                else tr("Change the filter, or empty it to see all runs."),
            )
            self.rows.setCurrentWidget(self.nothing)
        else:
            self.rows.setCurrentWidget(self.table)
        self.bar.setVisible(bool(model.all))
        self._say()

    def _say(self) -> None:
        model, chosen = self.model, len(self.table.runs())
        shown = trn("{n} run", "{n} runs", model.shown)
        parts = [
            shown
            if model.shown == len(model.all)
            else tr("{shown} of {all}", shown=shown, all=len(model.all))
        ]
        if chosen > 1:
            parts.append(trn("{n} selected", "{n} selected", chosen))
        elif model.shown > 1:
            parts.append(tr("select two or more with Ctrl or Shift to compare them"))
        elif len(model.all) == 1:
            parts.append(tr("a second one can be laid beside it"))
        self.foot.setText("  ·  ".join(parts))
        self.foot.setVisible(bool(model.all))

    # What the user does

    def _chosen(self) -> None:
        self._say()
        self.session.actions.refresh()

    def _opened(self, number: int) -> None:
        row = self.table.shown[number]
        if isinstance(row, Group):
            self.model.toggle(row)
        else:
            self.session.go("training", run=row.name)

    def _menu(self) -> QMenu | None:
        return self.commands.menu(self.table) if self.table.runs() else None

    def _fill_groups(self) -> None:
        for name in GROUPS:
            self.group.addItem(
                tr("Group: {name}", name=fields.title(name)) if name else tr("No groups"), name
            )

    def event(self, event: QEvent) -> bool:
        """Keys of this part come before the page's own shortcuts of the same name."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and self._key(event, only_ask=True)
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if not self._key(event):
            super().keyPressEvent(event)

    def _key(self, event: QKeyEvent, *, only_ask: bool = False) -> bool:
        """Delete, Escape and Ctrl+F; whether the key means something here."""
        act: Callable[[], object] | None = None
        control = event.modifiers() == Qt.KeyboardModifier.ControlModifier
        if event.key() == Qt.Key.Key_F and control and not self.comparing:
            act = self.filter.line.setFocus
        elif event.modifiers() == Qt.KeyboardModifier.NoModifier:
            if event.key() == Qt.Key.Key_Escape and self.comparing:
                act = self.show_table
            elif event.key() == Qt.Key.Key_Escape and self.filter.line.hasFocus():
                act = self.take_focus
            elif event.key() == Qt.Key.Key_Delete and self.table.hasFocus() and self.table.runs():
                act = self.commands.delete
        if act is None:
            return False
        if not only_ask:
            act()
        return True
