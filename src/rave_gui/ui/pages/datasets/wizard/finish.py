"""Last step: a name, and what will happen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from rave_gui.datasets.parameters import PARAMETERS, Parameter
from rave_gui.errors import UserError
from rave_gui.ui.bridge import Task
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.pages.datasets.wizard.forecast import ForecastCard
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Card, Segments, label
from rave_gui.ui.widgets.fields import PathField, TextField
from rave_gui.ui.widgets.path_entry import PathCompleter
from rave_gui.viewmodels import datasets as text
from rave_gui.viewmodels.datasets_place import check_place
from rave_gui.viewmodels.datasets_wizard import WizardModel

HERE, ELSEWHERE = "project", "elsewhere"
SETTLE_MS = 250


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
        where = QVBoxLayout()
        where.setSpacing(themes.theme.space("xs"))
        where.addWidget(label(tr("Where"), "strong"))
        self.where = Segments(
            [(HERE, tr("In the project")), (ELSEWHERE, tr("In another folder"))],
            tr("Where the dataset is made"),
        )
        self.where.set(HERE)
        self.where.chosen.connect(self._placed)
        where.addWidget(self.where, 0, Qt.AlignmentFlag.AlignLeft)
        card.box.addLayout(where)
        self.folder = PathField(themes, tr("Folder"), self._browse)
        self.folder.changed.connect(self._placed)
        self.folder.hide()
        card.box.addWidget(self.folder)
        self.completer = PathCompleter(session, self._line, files=False)
        self.completer.taken.connect(self._placed)
        self.place = label("", "caption", wrap=True)
        card.box.addWidget(self.place)
        self._checking: Task | None = None
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self._check)
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

    @property
    def _line(self) -> QLineEdit:
        editor = self.folder.editor
        assert isinstance(editor, QLineEdit)
        return editor

    def _browse(self) -> Path | None:
        return self._session.pick_folder(tr("Choose where the dataset is made"), self.folder.value())

    def _placed(self, *_: object) -> None:
        self._model.set_place(self.where.button(ELSEWHERE).isChecked(), self.folder.value())

    def _changed(self, topic: str) -> None:
        if topic in ("name", "place"):
            if self._model.elsewhere and self._model.step == "name":
                self._settle.start()
            else:
                self._settle.stop()
        if topic in ("name", "place", "checked"):
            self._say()

    def _check(self) -> None:
        """Ask the disk whether it can be made there (it may be a slow one)."""
        project, model = self._session.project, self._model
        if self._checking is not None:
            self._checking.cancel()
            self._checking = None
        if project is None or not model.folder:
            return
        output, sources = model.output(project.datasets), list(model.sources)

        def work() -> str:
            try:
                check_place(output, sources, project.path)
            except UserError as error:
                return f"{error.message} {error.hint}"
            return ""

        def done(problem: str) -> None:
            self._checking = None
            if project is self._session.project and output == model.output(project.datasets):
                model.set_place_problem(problem)

        self._checking = self._session.call(work, done)

    def _say(self) -> None:
        project, model = self._session.project, self._model
        problem = model.name_problem()
        self.name.show_problem(problem if model.name or model.named else "")
        self.where.set(ELSEWHERE if model.elsewhere else HERE)
        if self.folder.value() != model.folder:
            self.folder.set_value(model.folder)
        self.folder.setVisible(model.elsewhere)
        self.folder.show_problem(model.place_problem)
        means = (
            tr(
                "The project lists and uses it, but does not hold it: it stays there when the project is moved, archived or "
                "deleted, and that disk has to be there when you train."
            )
            if model.elsewhere
            else tr("It belongs to the project: it is moved, archived and deleted with it.")
        )
        known = project is not None and not problem and (model.folder or not model.elsewhere)
        folder = (
            tr("Folder: {path}", path=model.output(project.datasets)) if project is not None and known else ""
        )
        self.place.setText("\n".join(part for part in (means, folder) if part))
