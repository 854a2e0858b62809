"""Trained models: what there is, what each is, and how it sounds."""

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

from rave_gui.errors import UserError
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.pages.models.commands import ModelCommands
from rave_gui.ui.pages.models.detail import ModelDetail
from rave_gui.ui.shell.actions import Action
from rave_gui.ui.shell.page import Page, PageHead
from rave_gui.ui.shell.reading import Reading
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Button, IconButton, clearable
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.ui.widgets.table import Column, Table
from rave_gui.ui.widgets.things import when
from rave_gui.viewmodels.models import (
    Detail,
    Hearing,
    ModelItem,
    Models,
    first_hearing,
    hearing_of,
    load_detail,
    load_models,
)

if TYPE_CHECKING:
    from rave_gui.jobs.view import JobView
    from rave_gui.play.actions import Take
    from rave_gui.ui.bridge import Task

EMPTY, FULL = 0, 1


class ModelsPage(Page):
    """A list of models on the left, the chosen one on the right."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        themes = session.themes
        theme = themes.theme
        self.models = Models()
        self._reading_list = Reading(self, load_models, self._read)
        self._reading: Task | None = None
        self._here = False
        self._due = False
        self._shown = ""
        self._wanted: dict[str, Any] = {}
        box = QVBoxLayout(self)
        pad = theme.space("xl")
        box.setContentsMargins(pad, pad, pad, pad)
        box.setSpacing(theme.space("l"))
        self.head = PageHead(session, tr("Models"), "")
        box.addWidget(self.head)
        self.stack = QStackedWidget()
        self.stack.addWidget(self._empty())
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(theme.space("l"))
        split.addWidget(self._list())
        self.detail = ModelDetail(session)
        split.addWidget(self.detail)
        split.setStretchFactor(0, 0)
        split.setStretchFactor(1, 1)
        self._split = split
        themes.changed.connect(self._sizes)
        self._sizes()
        self.stack.addWidget(split)
        box.addWidget(self.stack, 1)
        self.commands = ModelCommands(self)
        self.menu = IconButton(themes, "ellipsis", tr("More for this model"), variant="")
        self.menu.clicked.connect(
            lambda: self.commands.menu(self.menu).exec(self.menu.mapToGlobal(self.menu.rect().bottomLeft()))
        )
        detail = self.detail
        detail.checkpoint_changed.connect(self._read_facts)
        detail.jobs.ended.connect(self._ended)
        detail.takes.opened.connect(self.hear)
        detail.takes.chosen.connect(session.actions.refresh)
        detail.takes.table.menu = lambda: self.commands.menu(detail.takes.table)
        detail.checkpoints.chosen.connect(session.actions.refresh)
        detail.checkpoints.table.menu = lambda: self.commands.menu(detail.checkpoints.table)
        detail.listen.measure.connect(lambda: session.actions.trigger("models.measure"))
        detail.listen.render_asked.connect(lambda: session.actions.trigger("models.render"))
        detail.listen.dropped.connect(self._dropped)
        detail.listen.player.model.changed.connect(session.actions.refresh)
        session.engine.changed.connect(self._read_facts)
        self._show_list()

    # The page

    def actions_here(self) -> Sequence[Action]:
        """What can be done with models."""
        return self.commands.actions()

    def built(self) -> None:
        """Buttons of the model."""
        self.detail.add_buttons(self.session.actions, self.menu)

    def enter(self, where: dict[str, Any]) -> None:
        """``run``: the model to show; ``take``: the take to hear."""
        self._wanted = dict(where)
        if where:
            self.reload()
        else:
            self._reading_list.entered()
        self._due = self._due or not self._here
        self._take_focus()
        self._here = True

    def _take_focus(self) -> None:
        """The list takes the focus when the page is shown, or else as soon as it has something to choose."""
        if self._due and self.models.items:
            self._due = False
            focus = QApplication.focusWidget()
            idle = focus is self.search and not self.search.text()  # where Qt puts it when pages change
            if focus is None or idle or not self.isAncestorOf(focus):
                self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def leave(self) -> None:
        """Stop playing."""
        self._here = False
        self.detail.listen.player.release()

    def project_changed(self) -> None:
        """Another project: other models."""
        self.detail.jobs.clear()
        self.detail.listen.show_hearing(None)
        self.detail.detail, self.detail.checkpoint = None, None
        self._shown = ""
        self.models = Models()
        self._show_list()
        self.reload()

    def services_ready(self) -> None:
        """Look what there is."""
        self.reload()

    def data_changed(self, topics: frozenset[str]) -> None:
        """Runs, takes or jobs have changed on disk."""
        if topics & {"runs", "takes", "jobs", "datasets"}:
            self._reading_list.changed()

    # What is there

    def reload(self) -> None:
        """Read the models again; what is shown stays until they are there."""
        self._reading_list.start()

    def _read(self, found: Models) -> None:
        self.models = found
        self._show_list()

    def _show_list(self) -> None:
        items = self.models.items
        self._due = self._due or (self._here and bool(items) and self.stack.currentIndex() == EMPTY)
        self.stack.setCurrentIndex(FULL if items else EMPTY)
        self.head.say(subtitle=trn("{n} trained model", "{n} trained models", len(items)) if items else "")
        if not items:
            self._say_empty()
        self.table.set_rows(items)
        self.detail.jobs.sync(self.models.jobs)
        wanted = str(self._wanted.pop("run", "")) or self._shown
        if not (wanted and self.table.select(wanted)) and items:
            self.table.select(items[0].name)
        self._take_focus()
        self._choose()
        self.session.actions.refresh()

    def _choose(self) -> None:
        item: ModelItem | None = self.table.one()
        services, project = self.session.services, self.session.project
        if item is None or services is None or project is None:
            return
        other = item.name != self._shown
        self._shown = item.name
        if other:
            self.detail.listen.player.release()
        if self._reading is not None:
            self._reading.cancel()
        row = item.run

        def done(found: Detail) -> None:
            self._reading = None
            kept = self.detail.checkpoint
            self.detail.show_detail(found, kept.path if kept is not None and not other else None)
            self._first_sound(found, other)
            self.session.actions.refresh()

        def failed(error: Exception) -> None:
            self._reading = None
            self.session.fail(error)

        self._reading = self.session.call(lambda: load_detail(services, project, row), done, failed)

    def _first_sound(self, found: Detail, other: bool) -> None:
        name = str(self._wanted.pop("take", ""))
        take = next((t for t in found.takes if t.name == name), None)
        if take is None and (other or self.detail.listen.hearing is None):
            take = first_hearing(found)
            if take is None:
                self.detail.listen.show_hearing(None)
        if take is not None:
            self.detail.listen.show_hearing(hearing_of(take))

    def _read_facts(self) -> None:
        services, project = self.session.services, self.session.project
        checkpoint = self.detail.checkpoint
        self.session.actions.refresh()
        if services is None or project is None or checkpoint is None or not self.session.engine.ready:
            return
        from rave_gui.models import actions

        path = checkpoint.path

        def quiet(error: Exception) -> None:
            # What config.gin says is shown already; the reason comes up when the model is used.
            if not isinstance(error, (UserError, OSError)):
                raise error

        self.session.call(
            lambda: actions.facts(services, project, path),
            lambda facts: self.detail.show_facts(path, facts),
            quiet,
        )

    # Hearing

    def hear(self, take: Take) -> None:
        """Play a take, beside its original where that is known."""
        self.detail.listen.show_hearing(hearing_of(take))
        self.detail.show_tab("listen")
        self.detail.listen.take_focus()

    def heard(self, hearing: Hearing) -> None:
        """A comparison is ready."""
        self.detail.listen.show_hearing(hearing)
        self.detail.show_tab("listen")
        self.detail.listen.take_focus()
        self._show_count()

    def not_heard(self, error: Exception) -> None:
        """A comparison failed."""
        self._show_count()
        self.session.fail(error)

    def busy(self, text: str) -> None:
        """Say what is being made."""
        self.head.say(subtitle=text)

    def _show_count(self) -> None:
        count = len(self.models.items)
        self.head.say(subtitle=trn("{n} trained model", "{n} trained models", count) if count else "")

    def forget(self, take: Take) -> None:
        """Stop hearing a take that is about to go."""
        if take.result in self.detail.listen.files():
            self.detail.listen.show_hearing(None)

    def follow(self, view: JobView) -> None:
        """Show a job until it ends."""
        self.detail.jobs.follow(view)

    def _ended(self, view: JobView) -> None:
        # How a job ended, the window says for every kind of job.
        if view.state == "succeeded" and view.result:
            self._wanted["take"] = _take_name(Path(str(view.result.get("path", ""))))
            if self.isVisible() and not self.detail.listen.player.model.playing:
                self.detail.show_tab("listen")
        self.reload()

    def _dropped(self, paths: list[Path]) -> None:
        for path in paths:
            if path.is_file():
                self.commands.render_file(path)

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
        self.search.setPlaceholderText(tr("Search models"))
        self.search.setAccessibleName(tr("Search models"))
        clearable(self.search)
        box.addWidget(self.search)
        columns: list[Column[ModelItem]] = [
            Column(
                "name",
                tr("Model"),
                lambda item: item.name,
                strong=True,
                note=_note,
                tip=lambda item: str(item.run.path),
            ),
            Column(
                "distance",
                tr("Distance"),
                lambda item: f"{item.distance:.1f}" if item.distance is not None else "–",
                84,
                sort=lambda item: item.distance,
                right=True,
                tip=lambda _item: tr("The smallest distance to the original that was measured"),
            ),
        ]
        self.table = Table(themes, tr("Models"), columns, lambda item: item.name)
        self.table.chosen.connect(self._picked)
        self.table.opened.connect(lambda _item: self.detail.listen.take_focus())
        self.table.menu = lambda: self.commands.menu(self.table)
        self.search.textChanged.connect(self.table.rows.set_filter)
        box.addWidget(self.table, 1)
        side.setMinimumWidth(230)
        return side

    def _picked(self) -> None:
        item = self.table.one()
        if item is not None and item.name != self._shown:
            self._choose()

    def _empty(self) -> QWidget:
        themes = self.session.themes
        self.empty = EmptyState(themes, "box", "", "")
        self.empty_row = QHBoxLayout()
        self.empty_row.setSpacing(themes.theme.space("s"))
        self.quick = Button(themes, tr("Quick start"), "sparkles", "primary")
        self.quick.clicked.connect(lambda: self.session.go("quickstart"))
        self.train = Button(themes, tr("New training"), "activity")
        self.train.clicked.connect(lambda: self.session.go("training", new=True))
        self.home = Button(themes, tr("Go to the start page"), "house", "primary")
        self.home.clicked.connect(lambda: self.session.go("home"))
        self.empty_row.addStretch(1)
        for button in (self.quick, self.train, self.home):
            self.empty_row.addWidget(button)
        self.empty_row.addStretch(1)
        self.empty.box.insertLayout(self.empty.box.count() - 1, self.empty_row)
        return self.empty

    def _say_empty(self) -> None:
        project = self.session.project is not None
        self.quick.setVisible(project)
        self.train.setVisible(project)
        self.home.setVisible(not project)
        if project:
            self.empty.say(
                tr("No models yet"),
                tr(
                    "A model appears here as soon as a training has saved its first checkpoint. "
                    "The quick start makes one of demo sounds in a few minutes."
                ),
            )
        else:
            self.empty.say(
                tr("No project is open"), tr("Models belong to a project: open one, or make a new one.")
            )


def _note(item: ModelItem) -> str:
    run = item.run
    parts = []
    if run.step is not None:
        parts.append(tr("{n} steps", n=f"{run.step:,}"))
    if run.dataset:
        parts.append(run.dataset)
    if run.state in ("queued", "starting", "running", "paused", "stopping"):
        parts.append(tr("in training"))
    else:
        parts.append(when(run.modified or run.created))
    return "  ·  ".join(parts)


def _take_name(path: Path) -> str:
    """The take that a job's result belongs to: an evaluation's folder, or the file."""
    return path.parent.name if path.stem == "reconstruction" else path.stem
