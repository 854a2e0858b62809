"""Fourth step: every parameter of the training, made from their declaration."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from rave_gui.training.parameters import GROUPS, PARAMETERS
from rave_gui.training.schema import Parameter
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.training.wizard.fields import make_field
from rave_gui.ui.pages.training.wizard.forecast import Forecast
from rave_gui.ui.pages.training.wizard.parts import column
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Card, Segments, clearable, label
from rave_gui.ui.widgets.fields import Field
from rave_gui.viewmodels.newrun import NewRunModel

ELSEWHERE = frozenset({"name", "configs", "description"})
"""Given in other steps."""
WIDE = frozenset({"bindings", "paths", "path"})
"""Kinds whose field takes the whole width."""
ORDER = ("length", "data", "saving", "learning", "model", "machine", "speed", "safety", "run")
"""Groups as a musician wants them."""
TWO_COLUMNS = 480
"""Pixels at 100 % from which on two fields stand beside each other."""
LEVELS = {"basic": 0, "advanced": 1, "expert": 2}


class SettingsStep(QWidget):
    """The form, a search over it, three depths; beside it what the values come to."""

    def __init__(self, session: Session, model: NewRunModel, forecast: Forecast) -> None:
        super().__init__()
        self._session, self._model, self._forecast = session, model, forecast
        themes = session.themes
        space = themes.theme.space
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(space("l"))
        left = QVBoxLayout()
        left.setSpacing(space("m"))
        bar = QHBoxLayout()
        bar.setSpacing(space("m"))
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Find a setting"))
        self.search.setAccessibleName(tr("Find a setting"))
        clearable(self.search)
        self.search.textChanged.connect(lambda _text: self._sift())
        self.level = Segments(
            [("basic", tr("Basic")), ("advanced", tr("Advanced")), ("expert", tr("All"))],
            tr("How many settings are shown"),
        )
        self.level.set("basic")
        self._level = 0
        self._columns = 2
        self.level.chosen.connect(self._choose_level)
        bar.addWidget(self.search, 1)
        bar.addWidget(self.level)
        left.addLayout(bar)
        self.area, self._box = column(themes)
        left.addWidget(self.area, 1)
        self.area.viewport().installEventFilter(self)
        row.addLayout(left, 5)
        self._aside = QVBoxLayout()
        row.addLayout(self._aside, 2)
        self.fields: dict[str, Field] = {}
        self._parameters: dict[str, Parameter] = {p.key: p for p in PARAMETERS if p.key not in ELSEWHERE}
        self._cards: list[tuple[Card, list[str]]] = []
        groups = {group.key: group for group in GROUPS}
        for key in [*ORDER, *(k for k in groups if k not in ORDER)]:
            self._add_group(key, tr(groups[key].label), tr(groups[key].help))
        self.nothing = label(tr("No setting matches."), "muted")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._box.addWidget(self.nothing)
        self._box.addStretch(1)
        model.changed.connect(self._changed)
        self._fill()

    def first_focus(self) -> QWidget:
        """The first field."""
        return self.fields["max_steps"].editor

    def take_forecast(self) -> None:
        """The one forecast moves along."""
        self._aside.addWidget(self._forecast)

    def _add_group(self, key: str, title: str, help_text: str) -> None:
        themes = self._session.themes
        card = Card(themes)
        head = QVBoxLayout()
        head.setSpacing(2)
        head.addWidget(label(title, "lead"))
        head.addWidget(label(help_text, "muted", wrap=True))
        card.box.addLayout(head)
        grid = QGridLayout()
        grid.setHorizontalSpacing(themes.theme.space("xl"))
        grid.setVerticalSpacing(themes.theme.space("l"))
        card.box.addLayout(grid)
        keys = []
        for parameter in self._parameters.values():
            if parameter.group != key:
                continue
            field = make_field(themes, parameter, self._session.pick_files)
            field.changed.connect(lambda key=parameter.key: self._edited(key))
            self.fields[parameter.key] = field
            keys.append(parameter.key)
        self._box.addWidget(card)
        card.setProperty("grid", grid)
        self._cards.append((card, keys))

    def _edited(self, key: str) -> None:
        self._model.set_value(key, self.fields[key].value())
        self._say()

    def _changed(self, what: str) -> None:
        if what in ("values", "start"):
            self._fill()
        elif what == "facts":
            self._say()

    def _fill(self) -> None:
        for key, field in self.fields.items():
            value = self._model.values[key]
            if field.value() != value:
                field.set_value(value)
        self._say()
        self._sift()

    def _say(self) -> None:
        """Problems at their field; what changed from the start is marked."""
        model = self._model
        for key, field in self.fields.items():
            error = next((f.message for f in model.errors if key in f.keys), "")
            field.show_problem(model.problems.get(key, "") or error)
            name = tr(self._parameters[key].label)
            changed = _differs(model.values[key], model.before[key])
            field.caption.setText(tr("{name} (changed)", name=name) if changed else name)

    def _choose_level(self, key: str) -> None:
        self._level = LEVELS[key]
        self._sift()

    def _sift(self) -> None:
        """Show the fields of the chosen depth, those that were changed, and what a search finds."""
        words = self.search.text().casefold().split()
        model = self._model
        any_shown = False
        for card, keys in self._cards:
            shown = []
            for key in keys:
                parameter = self._parameters[key]
                if words:
                    text = f"{key} {tr(parameter.label)} {tr(parameter.help)} {parameter.binding}".casefold()
                    seen = all(word in text for word in words)
                else:
                    seen = LEVELS[parameter.level] <= self._level or _differs(
                        model.values[key], model.before[key]
                    )
                    seen = seen or bool(model.problems.get(key))
                if seen:
                    shown.append(key)
            self._lay_out(card, keys, shown)
            card.setVisible(bool(shown))
            any_shown = any_shown or bool(shown)
        self.nothing.setVisible(not any_shown)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """One column where two do not fit."""
        if event.type() == QEvent.Type.Resize:
            room = self.area.viewport().width()
            columns = 2 if room >= self._session.themes.theme.px(TWO_COLUMNS) else 1
            if columns != self._columns:
                self._columns = columns
                self._sift()
        return super().eventFilter(watched, event)

    def _lay_out(self, card: Card, keys: list[str], shown: list[str]) -> None:
        columns = self._columns
        if card.property("shown") == [columns, *shown]:
            return
        card.setProperty("shown", [columns, *shown])
        grid: Any = card.property("grid")
        for number in range(2):
            grid.setColumnStretch(number, 1 if number < columns else 0)
        for key in keys:
            grid.removeWidget(self.fields[key])
        place = 0
        for key in shown:
            span = columns if self._parameters[key].kind in WIDE else 1
            if span > 1 and place % columns:
                place += 1
            grid.addWidget(
                self.fields[key], place // columns, place % columns, 1, span, Qt.AlignmentFlag.AlignTop
            )
            place += span
        for key in keys:
            self.fields[key].setVisible(key in shown)


def _differs(a: Any, b: Any) -> bool:
    return (list(a) if isinstance(a, tuple) else a) != (list(b) if isinstance(b, tuple) else b)
