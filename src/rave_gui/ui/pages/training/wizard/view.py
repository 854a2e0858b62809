"""The wizard's frame: steps above, the present one in the middle, back and next below."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from rave_gui.errors import UserError
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.datasets.wizard.steps import StepBar
from rave_gui.ui.pages.training.wizard.dataset import DatasetStep
from rave_gui.ui.pages.training.wizard.forecast import Forecast
from rave_gui.ui.pages.training.wizard.model import ModelStep
from rave_gui.ui.pages.training.wizard.review import ReviewStep
from rave_gui.ui.pages.training.wizard.settings import SettingsStep
from rave_gui.ui.pages.training.wizard.start import StartStep
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Banner, Button, ElidedLabel, label, set_tone
from rave_gui.viewmodels.newrun import STEPS, NewRunModel
from rave_gui.viewmodels.runs import RunItem


class RunWizard(QWidget):
    """``back``: the user leaves; what was given is kept. ``started`` carries the name of a run that was begun."""

    back = Signal()
    started = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.model = model = NewRunModel()
        self._busy = False
        self._first = ""
        themes = session.themes
        space = themes.theme.space
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(space("m"))
        head = QHBoxLayout()
        head.setSpacing(space("l"))
        head.addWidget(label(tr("New run"), "title"))
        self.bar = StepBar(themes, [tr("Start"), tr("Sounds"), tr("Model"), tr("Settings"), tr("Review")])
        self.bar.wanted.connect(self._go)
        head.addWidget(self.bar, 1)
        box.addLayout(head)
        self.banner = Banner(themes)
        self.banner.hide()
        box.addWidget(self.banner)
        self.forecast = Forecast(session, model)
        self.start = StartStep(session, model)
        self.start.added.connect(self._load)
        self.dataset = DatasetStep(session, model)
        self.model_step = ModelStep(session, model, self.forecast)
        self.settings = SettingsStep(session, model, self.forecast)
        self.review = ReviewStep(session, model, self.forecast)
        self.stack = QStackedWidget()
        for step in (self.start, self.dataset, self.model_step, self.settings, self.review):
            self.stack.addWidget(step)
        box.addWidget(self.stack, 1)
        foot = QHBoxLayout()
        foot.setSpacing(space("s"))
        self.cancel = Button(
            themes, tr("Cancel"), variant="quiet", tip=tr("Back to the runs; what you gave is kept (Esc)")
        )
        self.cancel.clicked.connect(self.back)
        self.why = ElidedLabel("", "muted")
        self.why.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.previous = Button(themes, tr("Back"), "arrow-left", tip=tr("The step before (Alt+Left)"))
        self.previous.clicked.connect(self._previous)
        self.next = Button(themes, tr("Next"), "arrow-right", "primary", tip=tr("The next step (Ctrl+Enter)"))
        self.next.clicked.connect(self._next)
        foot.addWidget(self.cancel)
        foot.addWidget(self.why, 1)
        foot.addWidget(self.previous)
        foot.addWidget(self.next)
        box.addLayout(foot)
        for keys, act in (
            ("Ctrl+Return", self._next),
            ("Ctrl+Enter", self._next),
            ("Alt+Left", self._previous),
        ):
            shortcut = QShortcut(QKeySequence(keys), self, act)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        model.changed.connect(self._changed)
        self._show()

    def begin(self, dataset: str = "", like: RunItem | None = None, template: str = "") -> None:
        """Go on where the user was; ``dataset``: learn from this one, ``like``, ``template``: begin with those settings."""
        self.banner.hide()
        self._first = f"run:{like.name}" if like is not None else f"template:{template}" if template else ""
        if dataset:
            self.model.dataset = dataset
        self._load()
        self._show()

    def leave(self) -> None:
        """Another view is shown."""
        self.forecast.cancel()
        self.review.leave()

    def _load(self) -> None:
        services, project = self._session.services, self._session.project
        if services is None or project is None:
            return

        def work() -> Any:
            from rave_gui.viewmodels import newrun_facts as facts

            taken = frozenset(record.name.casefold() for record in project.items("run"))
            return (
                facts.datasets(services, project),
                facts.earlier_starts(services, project),
                facts.machine(services, project),
                taken,
            )

        self._session.call(work, self._loaded)

    def _loaded(self, found: Any) -> None:
        datasets, starts, machine, taken = found
        model = self.model
        model.taken = taken
        model.starts = list(starts)
        self.start.show_earlier(starts)
        if self._first:
            self.start.choose(self._first)
            wanted = next((s.dataset for s in starts if s.key == self._first), "")
            model.dataset = wanted or model.dataset
            self._first = ""
        model.set_datasets(datasets)
        model.set_machine(machine)
        self._show()

    # Moving

    def _go(self, number: int) -> None:
        if self.model.go(STEPS[number]):
            self._focus()

    def _previous(self) -> None:
        if self.model.back():
            self._focus()

    def _next(self) -> None:
        if self._busy:
            return
        if self.model.step == STEPS[-1]:
            self._begin_run()
        elif self.model.next():
            self._focus()
        else:
            self._show()

    def choose(self, key: str) -> bool:
        """Begin with a preset, template or run by its key (``preset:tiny``, or ``tiny`` alone); False when there is none."""
        return self.start.choose(key if ":" in key or key == "own" else f"preset:{key}")

    def take_focus(self) -> None:
        """Put the focus where the present step begins."""
        self._focus()

    def _focus(self) -> None:
        step: Any = self.stack.currentWidget()
        step.first_focus().setFocus(Qt.FocusReason.OtherFocusReason)

    def _changed(self, what: str) -> None:
        if what == "step":
            step = self.model.step
            if step == "model":
                self.model_step.take_forecast()
            elif step == "settings":
                self.settings.take_forecast()
            elif step == "review":
                self.review.take_forecast()
                self.review.show_all()
        self._show()

    def _show(self) -> None:
        model = self.model
        place = STEPS.index(model.step)
        self.stack.setCurrentIndex(place)
        self.bar.show_step(place, [model.may_go(step) for step in STEPS])
        self.previous.setVisible(place > 0)
        last = place == len(STEPS) - 1
        self.next.set_face(*((tr("Start training"), "play") if last else (tr("Next"), "arrow-right")))
        why = model.blocked(model.step)
        set_tone(self.why, "danger" if why and model.step in ("model", "settings") else "")
        self.why.setText(why)
        self.next.setEnabled(not why and not self._busy)

    # Starting

    def _begin_run(self) -> None:
        services, project, model = self._session.services, self._session.project, self.model
        if services is None or project is None or model.blocked("review"):
            return
        item = model.dataset_item
        assert item is not None
        name, start, moment = model.name, model.start, model.start_at
        preset = (
            start.key.removeprefix("preset:")
            if start is not None and start.key.startswith("preset:")
            else None
        )
        self._busy = True
        self.banner.hide()
        self._show()

        def work() -> str:
            from rave_gui.training import actions

            job = actions.start(
                services, project, item.name, model.fields(), name=name or None, start_at=moment
            )
            run = str(job.params["name"])
            if preset is not None:
                project.store.set_info("run", run, {"preset": preset})
            return run

        def done(run: str) -> None:
            self._busy = False
            self.forecast.cancel()
            model.step = model.reached = STEPS[0]
            model.name = ""
            self.review.when.clear()
            model.changed.emit("step")
            self.started.emit(run)

        def failed(error: Exception) -> None:
            self._busy = False
            self._show()
            if isinstance(error, UserError):
                self.banner.show_message("danger", error.message, error.hint)
            else:
                self._session.fail(error)

        self._session.call(work, done, failed)
