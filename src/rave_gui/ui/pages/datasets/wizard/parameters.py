"""Third step: what is done to the sound, and beside it what will come of it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from rave_gui.datasets.parameters import GROUPS, PARAMETERS, Parameter
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.datasets.wizard.forecast import ForecastCard
from rave_gui.ui.shell.session import Session
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Button, Card, label
from rave_gui.ui.widgets.fields import CheckField, ChoiceField, Field, NumberField, TextField
from rave_gui.ui.widgets.flow import FlowGrid
from rave_gui.viewmodels.datasets_wizard import WizardModel

GIGABYTE = 1_000_000_000
ELSEWHERE = frozenset({"exclude", "extensions"})
"""Given in other steps."""


class UsualField(Field):
    """A whole number out of the usual ones, or any other that is typed."""

    def __init__(self, themes: ThemeManager, parameter: Parameter) -> None:
        combo = QComboBox()
        combo.setEditable(True)
        combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        combo.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        unit = tr(parameter.unit) if parameter.unit else ""
        for value in parameter.usual:
            combo.addItem(f"{value:,}" + (f" {unit}" if unit else ""), value)
        super().__init__(themes, tr(parameter.label), combo, tr(parameter.help))
        self._combo, self._unit = combo, unit
        line = combo.lineEdit()
        if line is not None:
            line.setAccessibleName(tr(parameter.label))
            line.editingFinished.connect(self.changed)
        combo.activated.connect(lambda _i: self.changed.emit())

    def value(self) -> Any:
        """The number; the text where it is none (the check says so)."""
        text = self._combo.currentText().removesuffix(self._unit)
        digits = text.replace(",", "").replace(" ", "").replace("\u202f", "").strip()
        return int(digits) if digits.isascii() and digits.isdigit() else text.strip()

    def set_value(self, value: Any) -> None:
        """Show a number."""
        index = self._combo.findData(value)
        if index >= 0:
            self._combo.setCurrentIndex(index)
        else:
            shown = f"{value:,}" if isinstance(value, int) else str(value)
            self._combo.setEditText(shown + (f" {self._unit}" if self._unit else ""))


def make_field(themes: ThemeManager, parameter: Parameter) -> Field:
    """The field for a declared parameter."""
    name, help_text = tr(parameter.label), tr(parameter.help)
    if parameter.kind == "bool":
        return CheckField(themes, name, help_text)
    if parameter.kind == "choice":
        return ChoiceField(themes, name, [(c.value, tr(c.label)) for c in parameter.choices], help_text)
    if parameter.kind in ("names", "paths"):
        return TextField(themes, name, help_text)
    if parameter.kind == "bytes":
        return NumberField(
            themes, name, help_text, minimum=0, maximum=1_000_000, whole=False, step=1, unit=tr("GB")
        )
    if parameter.kind == "int" and len(parameter.usual) > 1:
        return UsualField(themes, parameter)
    return NumberField(
        themes,
        name,
        help_text,
        minimum=parameter.minimum,
        maximum=parameter.maximum,
        whole=parameter.kind == "int",
        step=1 if parameter.kind == "int" else 0.5,
        unit=tr(parameter.unit) if parameter.unit else "",
    )


class ParametersStep(QWidget):
    """The form made of the declared parameters; the forecast follows every change."""

    def __init__(self, session: Session, model: WizardModel) -> None:
        super().__init__()
        self._session, self._model = session, model
        themes = session.themes
        space = themes.theme.space
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(space("l"))
        form = QWidget()
        self._form = QVBoxLayout(form)
        self._form.setContentsMargins(0, 0, space("s"), 0)
        self._form.setSpacing(space("m"))
        self.fields: dict[str, Field] = {}
        self._cards: list[tuple[Card, FlowGrid, list[str]]] = []
        self._by_key = {parameter.key: parameter for parameter in PARAMETERS}
        self._more = False
        for group in GROUPS:
            self._add_group(group.key, tr(group.label), tr(group.help))
        self.more = Button(themes, "", "sliders-horizontal", "quiet")
        self.more.clicked.connect(self._toggle_more)
        self.defaults = Button(themes, tr("Usual values"), "rotate-ccw", "quiet")
        self.defaults.clicked.connect(self._to_defaults)
        foot = QHBoxLayout()
        foot.addWidget(self.more)
        foot.addWidget(self.defaults)
        foot.addStretch(1)
        self._form.addLayout(foot)
        self._form.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(form)
        self.area = area
        row.addWidget(area, 5)
        self.forecast = ForecastCard(session, model)
        self._row = row
        self.take_forecast()
        model.changed.connect(self._changed)
        self._show_all()

    def first_focus(self) -> QWidget:
        """What gets the focus when the step is shown."""
        return self.fields["num_signal"].editor

    def take_forecast(self) -> None:
        """Have the forecast beside the form (there is one card, which moves along to the last step)."""
        self._row.addWidget(self.forecast, 3)

    def _add_group(self, key: str, title: str, help_text: str) -> None:
        themes = self._session.themes
        card = Card(themes)
        card.box.addWidget(label(title, "lead"))
        card.box.addWidget(label(help_text, "muted", wrap=True))
        keys = []
        for parameter in PARAMETERS:
            if parameter.group != key or parameter.key in ELSEWHERE:
                continue
            field = make_field(themes, parameter)
            field.changed.connect(lambda key=parameter.key: self._edited(key))
            self.fields[parameter.key] = field
            keys.append(parameter.key)
        flow = FlowGrid(themes, 250, most=2)
        flow.set_things([self.fields[key] for key in keys])
        card.box.addWidget(flow)
        self._form.addWidget(card)
        self._cards.append((card, flow, keys))

    def _edited(self, key: str) -> None:
        value = self.fields[key].value()
        if self._by_key[key].kind == "bytes":
            value = round(value * GIGABYTE)
        self._model.set_value(key, value)

    def _changed(self, topic: str) -> None:
        if topic == "values":
            self._show_all()

    def _show_all(self) -> None:
        model = self._model
        for key, field in self.fields.items():
            parameter = self._by_key[key]
            value = model.values[key]
            shown = value / GIGABYTE if parameter.kind == "bytes" else value
            if field.value() != shown:
                field.set_value(shown)
            choice = next((c for c in parameter.choices if c.value == value), None)
            if parameter.choices:
                parts = [tr(parameter.help), tr(choice.help) if choice and choice.help else ""]
                field.set_help("\n".join(part for part in parts if part))
            field.show_problem(model.problems.get(key, ""))
            unusual = value != parameter.default
            seen = model.applies(key) and (self._more or parameter.level == "basic" or unusual)
            if field.isHidden() == seen:
                field.setVisible(seen)
        for card, flow, keys in self._cards:
            card.setVisible(any(not self.fields[key].isHidden() for key in keys))
            flow.arrange()
        self.more.set_face(
            tr("Fewer parameters") if self._more else tr("More parameters"), "sliders-horizontal"
        )

    def _toggle_more(self) -> None:
        self._more = not self._more
        self._show_all()

    def _to_defaults(self) -> None:
        from rave_gui.datasets.parameters import defaults

        self._model.set_values({k: v for k, v in defaults().items() if k not in ELSEWHERE})
