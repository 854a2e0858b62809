"""What would fit into the memory, computed by the engine when it is asked, each suggestion with a button that takes it over."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from rave_gui.errors import UserError
from rave_gui.ui.bridge import Task
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.training.wizard.parts import clear
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Button, label
from rave_gui.viewmodels.newrun import NewRunModel
from rave_gui.viewmodels.newrun_advice import Suggestion


class AdviceView(QWidget):
    """A button that asks, and the answers. Shown once the memory there is and the memory needed are known."""

    def __init__(self, session: Session, model: NewRunModel) -> None:
        super().__init__()
        self._session, self._model = session, model
        self._task: Task | None = None
        space = session.themes.theme.space
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(space("xs"))
        row = QHBoxLayout()
        self.ask = Button(
            session.themes,
            tr("What would fit?"),
            "wand-sparkles",
            "quiet",
            tip=tr("The engine works out the largest batch, example and capacity for this memory"),
        )
        self.ask.clicked.connect(self._ask)
        row.addWidget(self.ask)
        row.addStretch(1)
        box.addLayout(row)
        self.state = label("", "caption", wrap=True)
        box.addWidget(self.state)
        self.rows = QVBoxLayout()
        self.rows.setSpacing(space("xs"))
        box.addLayout(self.rows)
        self.buttons: list[Button] = []
        self._shown: object = None
        model.changed.connect(self._changed)
        self._show()

    def cancel(self) -> None:
        """Nobody waits for the answer any more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
            self._model.set_advice(None)

    def _ask(self) -> None:
        services, project, model = self._session.services, self._session.project, self._model
        question, machine = model.question, model.machine
        if services is None or project is None or question is None or machine is None:
            return
        limit = model.device_memory

        def work() -> Any:
            from rave_gui.configs import actions

            return actions.recommend(services, actions.Stack.of(question), limit, project.path)

        def done(found: Any) -> None:
            from rave_gui.viewmodels.newrun_advice import advice_of

            self._task = None
            if model.question == question:
                model.set_advice(advice_of(found, model.values))

        def failed(error: Exception) -> None:
            self._task = None
            model.set_advice(None)
            if not isinstance(error, UserError):
                raise error
            self.state.setText(error.message)
            self.state.show()

        model.set_advising()
        self._task = self._session.call(work, done, failed)

    def _row(self, item: Suggestion) -> QWidget:
        made = QWidget()
        row = QHBoxLayout(made)
        row.setContentsMargins(0, 0, 0, 0)
        texts = QVBoxLayout()
        texts.setSpacing(0)
        texts.addWidget(label(item.text, "body", wrap=True))
        texts.addWidget(label(tr("{share} of the memory", share=f"{item.share:.0%}"), "caption"))
        row.addLayout(texts, 1)
        button = Button(self._session.themes, tr("Use"), variant="quiet")
        button.setAccessibleName(tr("Use: {change}", change=item.text))
        values = dict(item.values)
        button.clicked.connect(lambda: self._model.set_values(values))
        row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        self.buttons.append(button)
        return made

    def _changed(self, what: str) -> None:
        if what in ("values", "start") and self._task is not None:
            self.cancel()
        if what in ("values", "start", "facts", "advice"):
            self._show()

    def _show(self) -> None:
        model = self._model
        known = model.memory is not None and model.device_memory > 0
        self.setVisible(known)
        self.ask.setVisible(model.advice is None)
        self.ask.setEnabled(not model.advising)
        shown = (model.advice, model.advising)
        if shown == self._shown:
            return
        self._shown = shown
        clear(self.rows)
        self.buttons.clear()
        if model.advising:
            self.state.setText(tr("Works out what fits; this takes up to a minute…"))
        elif model.advice is None:
            self.state.setText("")
        elif not model.advice.suggestions:
            self.state.setText(
                tr("These are the largest values that fit.")
                if model.advice.fits
                else tr("No batch, length or capacity alone makes it fit. Choose a smaller model.")
            )
        else:
            self.state.setText(tr("The most that fits, each by itself:"))
            for item in model.advice.suggestions:
                self.rows.addWidget(self._row(item))
        self.state.setVisible(bool(self.state.text()))
