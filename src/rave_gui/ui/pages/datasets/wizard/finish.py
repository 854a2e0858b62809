"""Last step: a name, and what will happen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from rave_gui.datasets.parameters import PARAMETERS, Parameter
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.pages.datasets.wizard.forecast import ForecastCard
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Card, label
from rave_gui.ui.widgets.fields import TextField
from rave_gui.viewmodels import datasets as text
from rave_gui.viewmodels.datasets_wizard import WizardModel


def value_words(parameter: Parameter, value: Any) -> str:
    """A parameter's value as a person says it."""
    if parameter.kind == "bool":
        return tr("yes") if value else tr("no")
    choice = next((c for c in parameter.choices if c.value == value), None)
    if choice is not None:
        return tr(choice.label)
    if isinstance(value, int):
        shown = f"{value:,}"
    elif isinstance(value, list):
        return ", ".join(value)
    else:
        shown = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{shown} {tr(parameter.unit)}" if parameter.unit else shown


class NameStep(QWidget):
    """Name, folder, and a summary."""

    def __init__(self, session: Session, model: WizardModel) -> None:
        super().__init__()
        self._session, self._model = session, model
        themes = session.themes
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(themes.theme.space("l"))
        left = QWidget()
        box = QVBoxLayout(left)
        box.setContentsMargins(0, 0, themes.theme.space("s"), 0)
        box.setSpacing(themes.theme.space("m"))
        card = Card(themes)
        self.name = TextField(themes, tr("Name"), placeholder=tr("Such as: Cello, close microphone"))
        self.name.changed.connect(lambda: model.set_name(self.name.value()))
        card.box.addWidget(self.name)
        box.addWidget(card)
        what = Card(themes)
        what.box.addWidget(label(tr("What will be made"), "lead"))
        self.grid = QGridLayout()
        self.grid.setHorizontalSpacing(themes.theme.space("l"))
        self.grid.setVerticalSpacing(themes.theme.space("s"))
        self.grid.setColumnStretch(1, 1)
        what.box.addLayout(self.grid)
        what.box.addWidget(
            label(
                tr(
                    "It is made in the background: you can go on working, or close the window. A recording that cannot be read is "
                    "left out and listed with the reason; the others go on."
                ),
                "caption",
                wrap=True,
            )
        )
        box.addWidget(what)
        box.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(left)
        row.addWidget(area, 5)
        self._aside = QVBoxLayout()
        row.addLayout(self._aside, 3)
        model.changed.connect(self._changed)

    def first_focus(self) -> QWidget:
        """What gets the focus when the step is shown."""
        return self.name.editor

    def take_forecast(self, card: ForecastCard) -> None:
        """Show the forecast beside the name (there is one card, which moves along)."""
        self._aside.addWidget(card)

    def show_all(self) -> None:
        """Fill in what the steps before have given."""
        model = self._model
        if self.name.value() != model.name:
            self.name.set_value(model.name)
        self._say()
        while self.grid.count():
            item = self.grid.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        rows = [
            (
                tr("Recordings"),
                trn("{n} file", "{n} files", model.files.kept) + f", {text.length_text(model.files.seconds)}",
            )
        ]
        for parameter in PARAMETERS:
            value = model.values[parameter.key]
            shown = parameter.group == "form" or value != parameter.default
            if shown and model.applies(parameter.key) and parameter.key != "exclude":
                rows.append((tr(parameter.label), value_words(parameter, value)))
        for i, (name, value_text) in enumerate(rows):
            self.grid.addWidget(label(name, "muted"), i, 0, Qt.AlignmentFlag.AlignTop)
            self.grid.addWidget(label(value_text, "body", wrap=True), i, 1)

    def _changed(self, topic: str) -> None:
        if topic == "name":
            self._say()

    def _say(self) -> None:
        project = self._session.project
        problem = self._model.problem("name")
        self.name.show_problem(problem if self._model.name or self._model.named else "")
        if project is not None and not problem:
            self.name.set_help(tr("Folder: {path}", path=Path(project.datasets) / self._model.name))
        else:
            self.name.set_help("")
