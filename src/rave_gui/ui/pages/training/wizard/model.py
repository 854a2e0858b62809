"""Third step: the architecture, and what is put on top of it."""

from __future__ import annotations

from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QVBoxLayout, QWidget

from rave_gui.configs.catalogue import CARDS, figures, memory_class
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.training.wizard.forecast import Forecast
from rave_gui.ui.pages.training.wizard.parts import CardGrid, column
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Button, label
from rave_gui.ui.widgets.choice_card import ChoiceCard, Fact
from rave_gui.viewmodels.newrun import NewRunModel
from rave_protocol import stacks

USUAL = ("v2", "v2_small", "v1", "v3", "discrete", "raspberry", "onnx")
RARE = ("hybrid", "discrete_v3", "v2_nopqmf", "v2_nopqmf_small", "v2_with_augs")
ADD_ONS = (
    "causal", "noise", "wasserstein", "spherical", "adain", "snake", "descript_discriminator", "spectral_discriminator",
    "normalize_ambient",
)  # fmt: skip
MEMORY = {"small": "success", "medium": "", "large": "warning", "huge": "danger"}


class ModelStep(QWidget):
    """Cards for architectures and add-ons; beside them what the choice comes to."""

    def __init__(self, session: Session, model: NewRunModel, forecast: Forecast) -> None:
        super().__init__()
        self._session, self._model, self._forecast = session, model, forecast
        themes = session.themes
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(themes.theme.space("l"))
        area, box = column(themes)
        row.addWidget(area, 5)
        self._aside = QVBoxLayout()
        row.addLayout(self._aside, 2)
        self._group = QButtonGroup(self)
        self.bases: dict[str, ChoiceCard] = {}
        self.add_ons: dict[str, ChoiceCard] = {}
        box.addWidget(label(tr("Architecture"), "lead"))
        self._base_grid = CardGrid(themes, 230)
        box.addWidget(self._base_grid)
        self.more = Button(themes, tr("Experimental architectures"), "flask-conical", "quiet")
        self.more.setCheckable(True)
        self.more.toggled.connect(lambda _on: self._show_bases())
        line = QHBoxLayout()
        line.addWidget(self.more)
        line.addStretch(1)
        box.addLayout(line)
        box.addWidget(label(tr("Add-ons"), "lead"))
        box.addWidget(
            label(
                tr("Each changes one thing about the model. None is needed for a good result."),
                "muted",
                wrap=True,
            )
        )
        self._add_grid = CardGrid(themes, 230)
        cards = []
        for name in ADD_ONS:
            card = self._card(name, single=False)
            card.clicked.connect(lambda on, name=name: model.set_add_on(name, bool(on)))
            self.add_ons[name] = card
            cards.append(card)
        self._add_grid.set_cards(cards)
        box.addWidget(self._add_grid)
        box.addStretch(1)
        self._show_bases()
        model.changed.connect(self._changed)

    def first_focus(self) -> QWidget:
        """The chosen architecture."""
        return self.bases.get(self._model.base) or self.bases[USUAL[0]]

    def take_forecast(self) -> None:
        """The one forecast moves along."""
        self._aside.addWidget(self._forecast)

    def _show_bases(self) -> None:
        names = [*USUAL, *(RARE if self.more.isChecked() or self._model.base in RARE else ())]
        for card in self.bases.values():
            self._group.removeButton(card)
        self.bases = {}
        for name in names:
            card = self._card(name, single=True)
            self._group.addButton(card)
            card.clicked.connect(lambda _on=False, name=name: self._model.choose_base(name))
            self.bases[name] = card
        self._base_grid.set_cards(list(self.bases.values()))
        self._changed("values")

    def _card(self, name: str, *, single: bool) -> ChoiceCard:
        words = CARDS[name]
        text = tr(words.text)
        if words.caution:
            text += "\n" + tr(words.caution)
        return ChoiceCard(
            self._session.themes, tr(words.title), text, self._facts(name, single), single=single
        )

    def _facts(self, name: str, base: bool) -> list[Fact]:
        known = figures().get(name)
        if known is None:
            return []
        found: list[Fact] = []
        if base:
            gib = known["phase_2_gib"]
            found.append((tr("{n} GiB", n=f"{gib:.1f}"), MEMORY[memory_class(gib)]))
            found.append((tr("{n} ms delay", n=f"{known['delay_ms']:,}"), ""))
        elif name == "causal":
            found.append((tr("{n} ms delay", n=f"{known['delay_ms']:,}"), "success"))
        elif name in ("descript_discriminator", "spectral_discriminator"):
            more = known["phase_2_gib"] - figures()["v2"]["phase_2_gib"]
            if more > 0.5:
                found.append((tr("+{n} GiB", n=f"{more:.1f}"), "warning"))
        return found

    def _changed(self, what: str) -> None:
        if what not in ("start", "values"):
            return
        model = self._model
        if model.base in RARE and model.base not in self.bases:
            self._show_bases()
            return
        card = self.bases.get(model.base)
        if card is not None:
            card.setChecked(True)
        chosen = set(model.add_ons)
        v2 = not model.base or model.base in stacks.V2_FAMILY
        for name, add_on in self.add_ons.items():
            add_on.setChecked(name in chosen)
            usable = v2 or name not in stacks.NEEDS_V2
            add_on.setEnabled(usable or name in chosen)
            add_on.setToolTip("" if usable else tr("Only for v2 and its relatives"))
