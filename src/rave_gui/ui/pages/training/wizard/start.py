"""First step: what to begin with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QVBoxLayout, QWidget

from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.training.wizard.parts import CardGrid, column
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Button, label
from rave_gui.ui.widgets.choice_card import ChoiceCard, Fact
from rave_gui.viewmodels.newrun import NewRunModel, Start, preset_starts

SHOWN = 12
"""Earlier runs offered as a start."""


class StartStep(QWidget):
    """Presets, templates, earlier runs. ``added``: a template came in."""

    added = Signal()

    def __init__(self, session: Session, model: NewRunModel) -> None:
        super().__init__()
        self._session, self._model = session, model
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        area, self._column = column(session.themes)
        box.addWidget(area)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._cards: dict[str, ChoiceCard] = {}
        self._starts: dict[str, Start] = {}
        self.presets = self._section(
            tr("Begin with"),
            tr("Settings for a purpose. Everything can be changed in the next steps."),
        )
        self.own = self._section(
            tr("Your templates"),
            tr("Settings you kept on the last step of a run, or that somebody gave you."),
        )
        self.add = Button(
            session.themes,
            tr("Add a template file…"),
            "file-plus",
            "quiet",
            tip=tr("One that somebody shared with you"),
        )
        self.add.clicked.connect(self._add)
        line = QHBoxLayout()
        line.addWidget(self.add)
        line.addStretch(1)
        own_box = self.own[0].layout()
        assert isinstance(own_box, QVBoxLayout)
        own_box.addLayout(line)
        self.runs = self._section(
            tr("Like an earlier run"), tr("The same settings and sounds, to be changed where you like.")
        )
        self._column.addStretch(1)
        self.show_presets()
        self.show_earlier(())
        model.changed.connect(self._changed)

    def first_focus(self) -> QWidget:
        """The chosen card, or the first."""
        start = self._model.start
        return (
            self._cards[start.key]
            if start is not None and start.key in self._cards
            else self.presets[1].cards[0]
        )

    def show_presets(self) -> None:
        """Fill in what comes with the program."""
        self._fill(self.presets, preset_starts())

    def show_earlier(self, starts: Sequence[Start]) -> None:
        """Fill in templates and runs."""
        for start in list(self._starts.values()):
            if start.key.startswith(("run:", "template:")):
                self._starts.pop(start.key)
                self._cards.pop(start.key)
        self._fill(self.own, [s for s in starts if s.key.startswith("template:")])
        self._fill(self.runs, [s for s in starts if s.key.startswith("run:")][:SHOWN])

    def choose(self, key: str) -> bool:
        """Choose by key; False when there is no such start."""
        start = self._starts.get(key)
        if start is None:
            return False
        self._model.choose_start(start)
        return True

    def _section(self, title: str, text: str) -> tuple[QWidget, CardGrid]:
        part = QWidget()
        box = QVBoxLayout(part)
        box.setContentsMargins(0, 0, 0, self._session.themes.theme.space("s"))
        box.setSpacing(self._session.themes.theme.space("s"))
        head = QVBoxLayout()
        head.setSpacing(2)
        head.addWidget(label(title, "lead"))
        if text:
            head.addWidget(label(text, "muted", wrap=True))
        box.addLayout(head)
        grid = CardGrid(self._session.themes)
        box.addWidget(grid)
        self._column.addWidget(part)
        return part, grid

    def _fill(self, section: tuple[QWidget, CardGrid], starts: Sequence[Start]) -> None:
        part, grid = section
        cards = []
        for start in starts:
            card = ChoiceCard(self._session.themes, start.title, start.text, _facts(start))
            self._group.addButton(card)
            card.clicked.connect(lambda _on=False, key=start.key: self.choose(key))
            card.setChecked(self._model.start is not None and self._model.start.key == start.key)
            self._cards[start.key], self._starts[start.key] = card, start
            cards.append(card)
        grid.set_cards(cards)
        part.setVisible(bool(cards) or section is self.own)

    def _add(self) -> None:
        services = self._session.services
        found = self._session.pick_files(tr("Add a template"), tr("Templates (*.ravetemplate)"))
        if services is None or not found:
            return

        def work() -> list[Path]:
            from rave_gui.configs import actions

            return [actions.import_template(services, path) for path in found]

        self._session.call(work, lambda _paths: self.added.emit())

    def _changed(self, what: str) -> None:
        if what == "start" and self._model.start is not None:
            card = self._cards.get(self._model.start.key)
            if card is not None:
                card.setChecked(True)


def _facts(start: Start) -> list[Fact]:
    fields = start.fields
    if start.key == "own":
        return []
    found: list[Fact] = []
    if not start.key.startswith("run:"):
        found.append((" + ".join(str(c) for c in fields.get("configs", ())), ""))
    steps = fields.get("max_steps")
    if isinstance(steps, int):
        found.append((tr("{n} steps", n=_short(steps)), ""))
    if isinstance(fields.get("batch"), int):
        found.append((tr("batch {n}", n=fields["batch"]), ""))
    return found


def _short(steps: int) -> str:
    for unit, size in (("M", 1_000_000), ("k", 1000)):
        if steps >= size:
            return f"{steps / size:g}{unit}"
    return str(steps)
