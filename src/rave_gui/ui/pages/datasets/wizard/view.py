"""The wizard's frame: steps above, the present one in the middle, back and next below."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.datasets.wizard.finish import NameStep
from rave_gui.ui.pages.datasets.wizard.parameters import ParametersStep
from rave_gui.ui.pages.datasets.wizard.review import ReviewStep
from rave_gui.ui.pages.datasets.wizard.sources import SourcesStep
from rave_gui.ui.pages.datasets.wizard.steps import StepBar
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Banner, Button, ElidedLabel, label, set_tone
from rave_gui.viewmodels.datasets_wizard import STEPS, WizardModel


class WizardView(QWidget):
    """``left``: the user goes back to the list, everything given is kept. ``made``: name and job of a dataset begun."""

    left = Signal()
    made = Signal(str, object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.model = model = WizardModel()
        self.busy = False
        """Whether a dataset is being begun just now."""
        themes = session.themes
        space = themes.theme.space
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(space("m"))
        head = QHBoxLayout()
        head.setSpacing(space("l"))
        head.addWidget(label(tr("New dataset"), "title"))
        self.bar = StepBar(themes, [tr("Recordings"), tr("Review"), tr("Parameters"), tr("Name")])
        self.bar.wanted.connect(self._go)
        head.addWidget(self.bar, 1)
        box.addLayout(head)
        self.banner = Banner(themes)
        self.banner.hide()
        box.addWidget(self.banner)
        self.stack = QStackedWidget()
        self.sources = SourcesStep(session, model)
        self.review = ReviewStep(session, model)
        self.parameters = ParametersStep(session, model)
        self.name = NameStep(session, model)
        for step in (self.sources, self.review, self.parameters, self.name):
            self.stack.addWidget(step)
        self.review.scanned.connect(self._scanned)
        box.addWidget(self.stack, 1)
        foot = QHBoxLayout()
        foot.setSpacing(space("s"))
        self.cancel = Button(
            themes, tr("Cancel"), variant="quiet", tip=tr("Back to the datasets; what you gave is kept (Esc)")
        )
        self.cancel.clicked.connect(self.left)
        self.why = ElidedLabel("", "muted")
        self.why.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.back = Button(themes, tr("Back"), "arrow-left", tip=tr("The step before (Alt+Left)"))
        self.back.clicked.connect(self._back)
        self.next = Button(themes, tr("Next"), "arrow-right", "primary", tip=tr("The next step (Ctrl+Enter)"))
        self.next.clicked.connect(self._next)
        foot.addWidget(self.cancel)
        foot.addWidget(self.why, 1)
        foot.addWidget(self.back)
        foot.addWidget(self.next)
        box.addLayout(foot)
        for keys, act in (("Ctrl+Return", self._next), ("Ctrl+Enter", self._next), ("Alt+Left", self._back)):
            shortcut = QShortcut(QKeySequence(keys), self, act)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        model.changed.connect(self._changed)
        self._show()

    def begin(self, sources: Sequence[Path], taken: Sequence[str]) -> None:
        """Go on where the user was, with these recordings added; ``taken`` are names of datasets there are."""
        self.model.taken = frozenset(name.casefold() for name in taken)
        self.banner.hide()
        if sources:
            self.model.add_sources(sources)
            self.model.go("sources")
        self._show()
        self._focus()

    def reset(self) -> None:
        """Forget everything that was given."""
        self.review.cancel()
        self.parameters.forecast.cancel()
        model = self.model
        model.remove_sources(model.sources)
        model.files.clear()
        model.files.excluded = set()
        model.scanned = None
        from rave_gui.datasets.parameters import defaults

        model.set_values(defaults())
        model.set_forecast(None)
        model.name, model.named = "", False
        model.step = model.reached = "sources"
        model.changed.emit("step")

    def release(self) -> None:
        """Another view is shown: no sound any more."""
        self.review.player.release()

    def close_down(self) -> None:
        """The window closes, or another project was opened."""
        self.review.cancel()
        self.parameters.forecast.cancel()

    # Moving

    def _go(self, number: int) -> None:
        if self.model.go(STEPS[number]):
            self._focus()

    def _back(self) -> None:
        if self.model.back():
            self._focus()

    def _next(self) -> None:
        if self.busy:
            return
        if self.model.step == "name":
            self._make()
        elif self.model.next():
            self._focus()
        else:
            self._show()

    def _focus(self) -> None:
        step: Any = self.stack.currentWidget()
        step.first_focus().setFocus(Qt.FocusReason.OtherFocusReason)

    def _changed(self, topic: str) -> None:
        if topic == "step":
            self._entered()
        self._show()

    def _entered(self) -> None:
        step = self.model.step
        self.review.player.release()
        if step == "review":
            self.review.scan()
        elif step == "parameters":
            self.parameters.take_forecast()
            self.parameters.forecast.ask()
        elif step == "name":
            self.name.take_forecast(self.parameters.forecast)
            self.parameters.forecast.ask()
            self.name.show_all()

    def _scanned(self, found: Any) -> None:
        self.parameters.forecast.scan = found

    def _show(self) -> None:
        model = self.model
        place = STEPS.index(model.step)
        self.stack.setCurrentIndex(place)
        self.bar.show_step(place, [model.may_go(step) for step in STEPS])
        self.back.setVisible(place > 0)
        last = place == len(STEPS) - 1
        self.next.set_face(*((tr("Make dataset"), "check") if last else (tr("Next"), "arrow-right")))
        why = model.problem(model.step)
        blocked = bool(model.blocked) or self.busy
        # Until something was chosen nothing is wrong yet.
        set_tone(
            self.why,
            "danger"
            if why and model.step in ("parameters", "name") and model.reached == model.step and model.name
            else "",
        )
        self.why.setText(why)
        self.next.setEnabled(not blocked)
        self.cancel.setEnabled(not self.busy)

    # Making

    def _make(self) -> None:
        services, project, model = self._session.services, self._session.project, self.model
        if services is None or project is None or model.blocked:
            return
        name = model.name
        output = project.datasets / name
        params = model.params(output)
        self.busy = True
        self.banner.hide()
        self._show()

        def work() -> Any:
            from rave_gui.datasets import actions

            view = actions.create(services, params, project=project.path)
            project.store.register("dataset", name, output, job=view.id)
            return view

        def done(view: Any) -> None:
            self.busy = False
            self.reset()
            self.made.emit(name, view)

        def failed(error: Exception) -> None:
            from rave_gui.errors import UserError

            self.busy = False
            self._show()
            if isinstance(error, UserError):
                self.banner.show_message("danger", error.message, error.hint)
            else:
                self._session.fail(error)

        self._session.call(work, done, failed)
