"""Hear any sound through a model, at once; keep what is good."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from rave_gui.errors import UserError
from rave_gui.play import actions as play
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.play.commands import PlayCommands
from rave_gui.ui.pages.play.controls import Controls
from rave_gui.ui.shell.actions import Action
from rave_gui.ui.shell.page import Page, PageHead
from rave_gui.ui.shell.reading import Reading
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.ab_player import SoundPlayer
from rave_gui.ui.widgets.basic import Banner, Button, Card, label
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.ui.widgets.job_line import JobStrip, error_of
from rave_gui.ui.widgets.takes import TakesPanel
from rave_gui.viewmodels.ab_player import Track
from rave_gui.viewmodels.play import Material, PlayModel, SoundChoice, fetch, load_material, mixed
from rave_gui.viewmodels.sounds import Sound

if TYPE_CHECKING:
    from rave_gui.jobs.view import JobView
    from rave_gui.play.actions import Rendered, Take
    from rave_gui.ui.bridge import Task

EMPTY, FULL = 0, 1
SETTLE_MS = 250
"""Rendering begins when nothing was changed for so long."""
MIX_MS = 60


class PlayPage(Page):
    """Controls on the left; on the right the sound, before and after, and the takes."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.model = PlayModel()
        self.material = Material()
        self._reading_list = Reading(self, load_material, self._read)
        self._here = False
        self._rendering: Task | None = None
        self._stop: threading.Event | None = None
        self._mixing: Task | None = None
        self._shown: tuple[Any, ...] = ()
        self._source: Path | None = None
        self._prefer = ""
        self._pending: dict[str, Rendered] = {}
        theme = session.themes.theme
        box = QVBoxLayout(self)
        pad = theme.space("xl")
        box.setContentsMargins(pad, pad, pad, pad)
        box.setSpacing(theme.space("l"))
        self.head = PageHead(session, tr("Play"), tr("Send any sound through a model and hear it at once."))
        box.addWidget(self.head)
        self.stack = QStackedWidget()
        self.stack.addWidget(self._empty())
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(theme.space("l"))
        self.controls = Controls(session, self.model)
        split.addWidget(self.controls)
        split.addWidget(self._right())
        split.setStretchFactor(0, 0)
        split.setStretchFactor(1, 1)
        self._split = split
        session.themes.changed.connect(self._sizes)
        self._sizes()
        self.stack.addWidget(split)
        box.addWidget(self.stack, 1)
        self.commands = PlayCommands(self)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self._render)
        self._blend = QTimer(self)
        self._blend.setSingleShot(True)
        self._blend.setInterval(MIX_MS)
        self._blend.timeout.connect(self._mix)
        self.controls.dropped.connect(self.take_files)
        self.controls.browse.connect(self.commands.browse)
        self.controls.sound_chosen.connect(self._fetch)
        self.takes.opened.connect(self.open_take)
        self.takes.chosen.connect(session.actions.refresh)
        self.takes.table.menu = lambda: self.commands.menu(self.takes.table)
        self.player.model.changed.connect(session.actions.refresh)
        self.player.loaded.connect(self._hear_preferred)
        self.model.changed.connect(self._changed)
        self._show_material()

    # The page

    def actions_here(self) -> Sequence[Action]:
        """What can be done here."""
        return self.commands.actions()

    def built(self) -> None:
        """The main button."""
        self.head.add_action("play.keep", "primary")

    def enter(self, where: dict[str, Any]) -> None:
        """``model``: path of the checkpoint or .ts file to play; ``source``: of the sound; ``take``: name of a take to go on from."""
        if where.get("model"):
            self.model.set(model=Path(str(where["model"])))
        if where.get("source"):
            self.model.set(source=Path(str(where["source"])))
        if not self._here:
            self._reading_list.entered()
            (self.player.play if self.player.model.ready else self.controls.pick).setFocus(
                Qt.FocusReason.OtherFocusReason
            )
        self._here = True
        name = where.get("take")
        take = next((t for t in self.material.takes if t.name == name), None)
        if take is not None:
            self.open_take(take)
        elif self.model.outdated:
            self._settle.start()

    def leave(self) -> None:
        """Stop playing and rendering."""
        self._here = False
        self.player.release()
        self._settle.stop()
        self._blend.stop()
        self._cancel()

    def project_changed(self) -> None:
        """Another project: other models."""
        self._cancel()
        self.jobs.clear()
        self.player.clear()
        self._shown, self._source = (), None
        self.model.clear()
        self.material = Material()
        self._show_material()
        self.reload()

    def services_ready(self) -> None:
        """Look what there is."""
        self.reload()

    def data_changed(self, topics: frozenset[str]) -> None:
        """Something to play with has changed on disk."""
        if topics & {"runs", "exports", "takes", "datasets"}:
            self._reading_list.changed()

    # What is there

    def reload(self) -> None:
        """Read models, sounds and takes again."""
        self._reading_list.start()

    def _read(self, found: Material) -> None:
        self.material = found
        self._show_material()

    def _show_material(self) -> None:
        found = self.material
        self.stack.setCurrentIndex(FULL if found.models else EMPTY)
        if not found.models:
            self._say_empty()
        self.controls.offer(found.models, found.sounds)
        self.takes.show_takes(found.takes)
        if found.models and (self.model.model is None or not self.model.model.exists()):
            self.model.set(model=found.models[0].path)
        self.session.actions.refresh()

    # Sound in

    def take_files(self, paths: list[Path]) -> None:
        """A dropped or chosen file: a take brings its settings back, everything else is a sound."""
        files = [p for p in paths if p.is_file()]
        project = self.session.project
        if not files or project is None:
            return
        path = files[0]

        def done(recipe: play.Recipe | None) -> None:
            if recipe is not None:
                self._restore(recipe, path.stem)
            else:
                self.model.set(source=path)

        self.session.call(lambda: play.read_recipe(path), done)

    def _fetch(self, choice: SoundChoice) -> None:
        services = self.session.services
        if services is not None:
            self.session.call(lambda: fetch(services, choice), lambda path: self.model.set(source=path))

    def open_take(self, take: Take) -> None:
        """Go on from a take: its settings where they are known, otherwise its sound."""
        if take.recipe is not None:
            self._restore(take.recipe, take.name)
        else:
            self.model.set(source=take.original or take.result)

    def _restore(self, recipe: play.Recipe, name: str) -> None:
        project = self.session.project
        if project is None:
            return
        missing = self.model.restore(recipe, project.path)
        if missing:
            what = {
                "model": tr("its model is not there any more"),
                "source": tr("its sound is not there any more"),
                "model source": tr("its model and its sound are not there any more"),
            }[" ".join(missing)]
            self.session.tell(tr("Settings of “{name}” taken over; {what}.", name=name, what=what))
        else:
            self.session.tell(tr("Settings of “{name}” taken over.", name=name))

    # Through the model

    def _changed(self) -> None:
        m = self.model
        self.keep_hint.setText(self._status())
        if m.problem is not None:
            self.problem.show_message("danger", *m.problem)
        else:
            self.problem.hide()
        if m.stale:
            self._cancel()
        if m.outdated and not m.busy and m.problem is None:
            self._show_original()
            self._settle.start()
        elif m.rendered is not None and not m.busy:
            self._blend.start()
        self.right.setCurrentIndex(FULL if m.complete else EMPTY)
        self.session.actions.refresh()

    def _status(self) -> str:
        m = self.model
        if m.busy or (m.outdated and self._settle.isActive()):
            return tr("The model plays…")
        if m.rendered is None:
            return ""
        if m.rendered.seconds:
            return tr("Rendered in {seconds} s.", seconds=f"{m.rendered.seconds:.1f}")
        return tr("Rendered before.")

    def _cancel(self) -> None:
        if self._rendering is not None:
            self._rendering.cancel()
            self._rendering = None
        if self._stop is not None:
            self._stop.set()
            self._stop = None
        self.model.busy = False

    def _render(self) -> None:
        services, project, m = self.session.services, self.session.project, self.model
        model, source = m.model, m.source
        if services is None or project is None or model is None or source is None or not m.outdated:
            return
        if m.problem is not None:
            return
        self._cancel()
        stop = self._stop = threading.Event()
        how: dict[str, Any] = {"randomness": m.randomness, "seed": m.seed}
        m.begin()

        def work() -> tuple[Rendered, JobView | None]:
            ready = play.prepare(services, source)
            if play.seconds_of(ready) > play.AT_ONCE_SECONDS:
                return play.render_job(services, project, model, source, **how)
            return play.render_now(services, project, model, source, **how, cancel=stop), None

        def done(found: tuple[Rendered, JobView | None]) -> None:
            self._rendering = None
            made, job = found
            if job is None:
                m.finish(made)
            else:
                self._pending[job.id] = made
                self.jobs.follow(job)

        def failed(error: Exception) -> None:
            self._rendering = None
            if not isinstance(error, (UserError, OSError)):
                raise error
            m.fail(
                error.message if isinstance(error, UserError) else str(error),
                error.hint if isinstance(error, UserError) else "",
            )

        self._rendering = self.session.call(work, done, failed)

    def _job_ended(self, view: JobView) -> None:
        made = self._pending.pop(view.id, None)
        if made is None:
            return
        error = error_of(view)
        if view.state == "succeeded":
            self.model.finish(made)
        elif error is not None:
            self.model.fail(error.message, error.hint)
        else:
            self.model.fail(tr("The rendering was cancelled."), tr("Change something, and it begins again."))

    def _mix(self) -> None:
        services, m = self.session.services, self.model
        made = m.rendered
        wanted = (made.path, made.source, m.mix, m.gain) if made is not None else ()
        if services is None or made is None or wanted == self._shown:
            return
        mix, gain = m.mix, m.gain
        if self._mixing is not None:
            self._mixing.cancel()

        def done(sound: Sound) -> None:
            self._mixing = None
            same = self._source == made.source
            if not (self._shown and self._shown[1] == made.source):
                self._prefer = "result"
            self._shown, self._source = wanted, made.source
            self.player.set_tracks(
                [
                    Track("original", tr("Original"), "original", made.source),
                    Track("result", made.run, "result", sound),
                ],
                keep=same,
            )

        def failed(error: Exception) -> None:
            self._mixing = None
            self.session.fail(error)

        self._mixing = self.session.call(lambda: mixed(services, made, mix, gain), done, failed)

    def _show_original(self) -> None:
        """The sound that was chosen is seen and heard at once; the model's answer joins it."""
        source = self.model.source
        if source is None or source == self._source:
            return
        self._shown, self._source = (), source
        self.player.set_tracks([Track("original", tr("Original"), "original", source)])

    def _hear_preferred(self) -> None:
        if self._prefer in self.player.model.keys:
            self.player.model.hear(self._prefer)
            self._prefer = ""

    # Parts

    def _sizes(self) -> None:
        self._split.setSizes([self.controls.sizeHint().width(), 4000])

    def _right(self) -> QWidget:
        themes = self.session.themes
        theme = themes.theme
        side = QSplitter(Qt.Orientation.Vertical)
        side.setChildrenCollapsible(False)
        side.setHandleWidth(theme.space("l"))
        top = QWidget()
        box = QVBoxLayout(top)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(theme.space("m"))
        self.problem = Banner(themes)
        self.problem.hide()
        again = Button(themes, tr("Try again"), "rotate-ccw")
        again.clicked.connect(self.model.retry)
        self.problem.buttons.addWidget(again)
        box.addWidget(self.problem)
        self.jobs = JobStrip(self.session)
        self.jobs.ended.connect(self._job_ended)
        box.addWidget(self.jobs)
        self.right = QStackedWidget()
        self.right.addWidget(
            EmptyState(
                themes,
                "audio-lines",
                tr("What should the model play?"),
                tr(
                    "Drop a sound on the left, or take one that is at hand. You hear it through the model right away, "
                    "beside the original."
                ),
            )
        )
        card = Card(themes)
        self.player = SoundPlayer(themes, self.session.bridge, primary=False)
        card.box.addWidget(self.player, 1)
        self.keep_hint = label("", "caption")
        card.box.addWidget(self.keep_hint)
        self.right.addWidget(card)
        box.addWidget(self.right, 1)
        side.addWidget(top)
        self.takes = TakesPanel(
            self.session,
            tr("Keep what you like: a take remembers the model, the sound and every setting."),
            with_model=True,
        )
        side.addWidget(self.takes)
        side.setStretchFactor(0, 3)
        side.setStretchFactor(1, 2)
        return side

    def _empty(self) -> QWidget:
        themes = self.session.themes
        self.empty = EmptyState(themes, "audio-lines", "", "")
        row = QHBoxLayout()
        row.setSpacing(themes.theme.space("s"))
        self.quick = Button(themes, tr("Quick start"), "sparkles", "primary")
        self.quick.clicked.connect(lambda: self.session.go("quickstart"))
        self.home = Button(themes, tr("Go to the start page"), "house", "primary")
        self.home.clicked.connect(lambda: self.session.go("home"))
        row.addStretch(1)
        row.addWidget(self.quick)
        row.addWidget(self.home)
        row.addStretch(1)
        self.empty.box.insertLayout(self.empty.box.count() - 1, row)
        return self.empty

    def _say_empty(self) -> None:
        project = self.session.project is not None
        self.quick.setVisible(project)
        self.home.setVisible(not project)
        if project:
            self.empty.say(
                tr("No model to play yet"),
                tr(
                    "Train a model first. The quick start makes a small one of demo sounds in a few minutes; then drop any sound here."
                ),
            )
        else:
            self.empty.say(
                tr("No project is open"), tr("Models belong to a project: open one, or make a new one.")
            )
