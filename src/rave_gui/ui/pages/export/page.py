"""Exports: models as files for hosts, tested as the hosts use them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLineEdit,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.pages.export.commands import ExportCommands
from rave_gui.ui.pages.export.detail import ExportDetail
from rave_gui.ui.pages.export.new import NewExport
from rave_gui.ui.shell.actions import Action
from rave_gui.ui.shell.page import Page, PageHead
from rave_gui.ui.shell.reading import Reading
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Button, IconButton, clearable
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.ui.widgets.job_line import JobStrip
from rave_gui.ui.widgets.table import Column, Table
from rave_gui.ui.widgets.things import when
from rave_gui.viewmodels.exports import Export, Exports, checks, load_exports

if TYPE_CHECKING:
    from rave_gui.jobs.view import JobView

EMPTY, LIST, NEW = 0, 1, 2


class ExportPage(Page):
    """A list of exports with the chosen one beside it; a form for a new one."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        themes = session.themes
        theme = themes.theme
        self.exports = Exports()
        self._reading_list = Reading(self, load_exports, self._read)
        self._here = False
        self._due = False
        self._wanted = ""
        self._target = ""
        self._model: Path | None = None
        box = QVBoxLayout(self)
        pad = theme.space("xl")
        box.setContentsMargins(pad, pad, pad, pad)
        box.setSpacing(theme.space("l"))
        self.head = PageHead(session, tr("Export"), "")
        box.addWidget(self.head)
        self.jobs = JobStrip(session)
        self.jobs.ended.connect(self._ended)
        box.addWidget(self.jobs)
        self.stack = QStackedWidget()
        self.stack.addWidget(self._empty())
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(theme.space("l"))
        split.addWidget(self._list())
        self.detail = ExportDetail(session)
        split.addWidget(self.detail)
        split.setStretchFactor(0, 0)
        split.setStretchFactor(1, 1)
        self._split = split
        themes.changed.connect(self._sizes)
        self._sizes()
        self.stack.addWidget(split)
        self.form = NewExport(session)
        self.form.left.connect(self.show_list)
        self.form.submitted.connect(self._submit)
        self.stack.addWidget(self.form)
        box.addWidget(self.stack, 1)
        self.commands = ExportCommands(self)
        self.menu = IconButton(themes, "ellipsis", tr("More for this export"), variant="")
        self.menu.clicked.connect(
            lambda: self.commands.menu(self.menu).exec(self.menu.mapToGlobal(self.menu.rect().bottomLeft()))
        )
        self._show_list()

    # The page

    def actions_here(self) -> Sequence[Action]:
        """What can be done with exports."""
        return self.commands.actions()

    def built(self) -> None:
        """Buttons."""
        self.new_button = self.head.add_action("export.new", "primary")
        self.detail.add_buttons(self.session.actions, self.menu)
        self._show_head()

    def enter(self, where: dict[str, Any]) -> None:
        """``model``: path of the checkpoint to export; ``new``: the form; ``export``: name of the one to show."""
        self._wanted = str(where.get("export") or self._wanted)
        if where.get("model") or where.get("new"):
            self._model = Path(str(where["model"])) if where.get("model") else None
            if self.exports.runs:
                self.begin(self._model)
            else:
                self._target = "new"
        if where:
            self.reload()
        else:
            self._reading_list.entered()
        self._due = self._due or not self._here
        self._take_focus()
        self._here = True

    def _take_focus(self) -> None:
        """The list takes the focus when the page is shown, or else as soon as it has something to choose."""
        if self._due and self.stack.currentIndex() == LIST:
            self._due = False
            focus = QApplication.focusWidget()
            idle = focus is self.search and not self.search.text()  # where Qt puts it when pages change
            if focus is None or idle or not self.isAncestorOf(focus):
                self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def leave(self) -> None:
        """Nothing to stop."""
        self._here = False

    def project_changed(self) -> None:
        """Another project: other exports."""
        self.jobs.clear()
        self.exports = Exports()
        self.stack.setCurrentIndex(EMPTY)
        self._show_list()
        self.reload()

    def services_ready(self) -> None:
        """Look what there is."""
        self.reload()

    def data_changed(self, topics: frozenset[str]) -> None:
        """Exports, runs or jobs have changed on disk."""
        if topics & {"exports", "runs", "jobs"}:
            self._reading_list.changed()

    # What is there

    def reload(self) -> None:
        """Read the exports again; what is shown stays until they are there."""
        self._reading_list.start()

    def _read(self, found: Exports) -> None:
        self.exports = found
        self._show_list()

    def selected(self) -> Export | None:
        """The chosen export."""
        found: Export | None = self.table.one()
        return found

    def making(self) -> bool:
        """Whether the form is in front."""
        return self.stack.currentIndex() == NEW

    def can_begin(self) -> bool:
        """Whether there is a model to export."""
        return bool(self.exports.runs) and not self.making()

    def begin(self, model: Path | None = None) -> None:
        """The form for a new export."""
        self.stack.setCurrentIndex(NEW)
        self.form.begin(self.exports.runs, model)
        self._show_head()

    def show_list(self) -> None:
        """Back to the list."""
        self.stack.setCurrentIndex(LIST if self.exports.items else EMPTY)
        self._show_head()
        if self.exports.items:
            self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def follow(self, view: JobView) -> None:
        """Show a job until it ends."""
        self.jobs.follow(view)

    def _submit(self, asked: dict[str, Any]) -> None:
        services, project = self.session.services, self.session.project
        if services is None or project is None:
            return
        from rave_gui.exports import actions

        arguments = dict(asked)
        model, target = arguments.pop("model"), arguments.pop("target")

        def done(view: JobView) -> None:
            self.detail.target = target
            self.show_list()
            self.follow(view)

        self.session.call(lambda: actions.run(services, project, model, **arguments), done, self.form.refuse)

    def _ended(self, view: JobView) -> None:
        # How a job ended, the window says for every kind of job.
        if view.state == "succeeded" and view.result:
            self._wanted = Path(str(view.result.get("path", ""))).parent.name
        self.reload()

    def _show_list(self) -> None:
        items = self.exports.items
        if not self.making():
            self._due = self._due or (self._here and bool(items) and self.stack.currentIndex() == EMPTY)
            self.stack.setCurrentIndex(LIST if items else EMPTY)
        if not items:
            self._say_empty()
        self.table.set_rows(items)
        self.jobs.sync(self.exports.jobs)
        if not (self._wanted and self.table.select(self._wanted)) and items and self.table.one() is None:
            self.table.select(items[0].name)
        self._take_focus()
        self._wanted = ""
        self._choose()
        self._show_head()
        if self._target == "new" and self.exports.runs:
            self._target = ""
            self.begin(self._model)
        self.session.actions.refresh()

    def _show_head(self) -> None:
        count = len(self.exports.items)
        if self.making():
            self.head.say(tr("New export"), tr("One file, ready for your host."))
        else:
            self.head.say(
                tr("Export"), trn("{n} exported model", "{n} exported models", count) if count else ""
            )
        button = getattr(self, "new_button", None)
        if button is not None:
            button.setVisible(self.stack.currentIndex() == LIST)
        self.session.actions.refresh()

    def _choose(self) -> None:
        export = self.selected()
        if export is not None:
            self.detail.show_export(export)
        self.session.actions.refresh()

    # Parts

    def _sizes(self) -> None:
        wide = self.session.themes.theme.px(290)
        room = round(self.width() * 0.3)
        self._split.setSizes([min(wide, room) if room > 200 else wide, 4000])

    def _list(self) -> QWidget:
        themes = self.session.themes
        side = QWidget()
        box = QVBoxLayout(side)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(themes.theme.space("s"))
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search exports"))
        self.search.setAccessibleName(tr("Search exports"))
        clearable(self.search)
        box.addWidget(self.search)
        columns: list[Column[Export]] = [
            Column(
                "name",
                tr("Export"),
                lambda e: e.name,
                strong=True,
                icon=_icon,
                note=_note,
                tip=lambda e: str(e.row.file or e.row.path),
            ),
            Column("created", tr("Made"), lambda e: when(e.row.created), 112, sort=lambda e: e.row.created),
        ]
        self.table = Table(themes, tr("Exports"), columns, lambda e: e.name)
        self.table.chosen.connect(self._choose)
        self.table.menu = lambda: self.commands.menu(self.table)
        self.table.opened.connect(lambda _e: self.session.actions.trigger("export.reveal"))
        self.search.textChanged.connect(self.table.rows.set_filter)
        box.addWidget(self.table, 1)
        side.setMinimumWidth(230)
        return side

    def _empty(self) -> QWidget:
        themes = self.session.themes
        self.empty = EmptyState(themes, "package", "", "")
        row = QHBoxLayout()
        row.setSpacing(themes.theme.space("s"))
        self.first = Button(themes, tr("New export…"), "plus", "primary")
        self.first.clicked.connect(lambda: self.session.actions.trigger("export.new"))
        self.quick = Button(themes, tr("Quick start"), "sparkles", "primary")
        self.quick.clicked.connect(lambda: self.session.go("quickstart"))
        self.home = Button(themes, tr("Go to the start page"), "house", "primary")
        self.home.clicked.connect(lambda: self.session.go("home"))
        row.addStretch(1)
        for button in (self.first, self.quick, self.home):
            row.addWidget(button)
        row.addStretch(1)
        self.empty.box.insertLayout(self.empty.box.count() - 1, row)
        return self.empty

    def _say_empty(self) -> None:
        project = self.session.project is not None
        runs = bool(self.exports.runs)
        self.first.setVisible(project and runs)
        self.quick.setVisible(project and not runs)
        self.home.setVisible(not project)
        if not project:
            self.empty.say(
                tr("No project is open"), tr("Exports belong to a project: open one, or make a new one.")
            )
        elif runs:
            self.empty.say(
                tr("Take a model to your host"),
                tr(
                    "An export is one file that Max, Pure Data, SuperCollider or the RAVE plugin opens. "
                    "It is tested as the host uses it before it gets its name."
                ),
            )
        else:
            self.empty.say(
                tr("Nothing to export yet"),
                tr("Train a model first. The quick start makes a small one of demo sounds in a few minutes."),
            )


def _icon(export: Export) -> str:
    states = {c.state for c in checks(export.card, export.test)}
    if "fail" in states:
        return "circle-x"
    return "triangle-alert" if "warn" in states or not states else "circle-check"


def _note(export: Export) -> str:
    row = export.row
    parts = [row.run or tr("made elsewhere")]
    if row.step is not None:
        parts.append(tr("step {n}", n=f"{row.step:,}"))
    return "  ·  ".join(parts)
