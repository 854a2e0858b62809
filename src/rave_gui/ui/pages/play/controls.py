"""The left side of the Play page: model, sound, and the dials."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QMenu,
    QScrollArea,
    QSpinBox,
    QStyle,
    QVBoxLayout,
    QWidget,
)

from rave_gui.ui.i18n import tr
from rave_gui.ui.widgets.basic import Button, Card, ElidedLabel, IconButton, Inset, label
from rave_gui.ui.widgets.drop import DropZone
from rave_gui.ui.widgets.slider import Dial
from rave_gui.viewmodels.play import MOST_SEED, ModelChoice, PlayModel, SoundChoice

if TYPE_CHECKING:
    from rave_gui.ui.shell.session import Session

LOUDEST = 12.0
QUIETEST = -24.0


class Controls(QWidget):
    """Changes the :class:`PlayModel`. ``dropped`` carries files, ``sound_chosen`` a :class:`SoundChoice`."""

    dropped = Signal(list)
    sound_chosen = Signal(object)
    browse = Signal()

    def __init__(self, session: Session, model: PlayModel) -> None:
        super().__init__()
        self._session, self._model = session, model
        self._choices: tuple[ModelChoice, ...] = ()
        self._sounds: tuple[SoundChoice, ...] = ()
        themes = session.themes
        theme = themes.theme
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        card = Card(themes)
        inside = QWidget()
        margin = QVBoxLayout(inside)
        margin.setContentsMargins(0, 0, 2, 0)
        margin.addWidget(card)
        self._inside = inside
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        outer.addWidget(area)
        box = card.box
        caption = label(tr("Model"), "strong")
        self.pick = QComboBox()
        self.pick.setAccessibleName(tr("Model"))
        self.pick.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.pick.setMinimumContentsLength(10)
        caption.setBuddy(self.pick)
        self.pick.activated.connect(lambda _i: model.set(model=self.pick.currentData()))
        box.addWidget(caption)
        box.addWidget(self.pick)
        box.addSpacing(theme.space("xs"))
        box.addWidget(label(tr("Sound"), "strong"))
        self.drop = DropZone(themes, tr("Drop a sound file here"))
        self.drop.dropped.connect(self.dropped)
        self.source = ElidedLabel(tr("Drop a sound file here"), "muted", Qt.TextElideMode.ElideMiddle)
        self.source.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.drop.box.addWidget(self.source)
        row = QHBoxLayout()
        row.setSpacing(theme.space("s"))
        self.choose = Button(themes, tr("Choose…"), "folder-open")
        self.choose.setToolTip(tr("Choose a sound file (Ctrl+O)"))
        self.choose.clicked.connect(self.browse)
        self.offers = Button(
            themes, tr("At hand"), "list-music", tip=tr("Sounds of this project, and demo sounds")
        )
        self.offers.clicked.connect(self.show_offers)
        row.addWidget(self.choose, 1)
        row.addWidget(self.offers, 1)
        self.drop.box.addLayout(row)
        box.addWidget(self.drop)
        box.addSpacing(theme.space("xs"))
        self.randomness = Dial(
            themes,
            tr("Randomness"),
            (0.0, 1.0, 100),
            lambda v: f"{v:.0%}",
            tr("0 % repeats exactly; 100 % draws the latents anew as RAVE itself does"),
        )
        self.randomness.settled.connect(lambda v: model.set(randomness=round(v, 4)))
        box.addWidget(self.randomness)
        box.addLayout(self._seed_row(themes))
        self.mix = Dial(
            themes,
            tr("Mix"),
            (0.0, 1.0, 100),
            _mix_words,
            tr("How much of the original is heard with the model"),
        )
        self.mix.moved.connect(lambda v: model.set(mix=round(v, 4)))
        box.addWidget(self.mix)
        self.gain = Dial(
            themes,
            tr("Level"),
            (QUIETEST, LOUDEST, 72),
            _gain_words,
            tr("Loudness of the result, also in the take"),
        )
        self.gain.moved.connect(lambda v: model.set(gain=_factor(v)))
        box.addWidget(self.gain)
        box.addStretch(1)
        model.changed.connect(self.refresh)
        self.refresh()

    def _seed_row(self, themes: object) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(self._session.themes.theme.space("s"))
        caption = label(tr("Seed"), "muted")
        self.seed = QSpinBox()
        Inset(self._session.themes, self.seed)
        self.seed.setRange(0, MOST_SEED)
        self.seed.setAccessibleName(tr("Seed"))
        self.seed.setKeyboardTracking(False)
        self.seed.lineEdit().setTextMargins(self._session.themes.theme.space("s"), 0, 0, 0)
        self.seed.setToolTip(tr("The same seed gives the same sound again"))
        caption.setBuddy(self.seed)
        self.seed.valueChanged.connect(lambda v: self._model.set(seed=v))
        self.dice = IconButton(self._session.themes, "shuffle", tr("Another seed (R)"))
        self.dice.clicked.connect(self._model.shuffle)
        row.addWidget(caption)
        row.addWidget(self.seed, 1)
        row.addWidget(self.dice)
        del themes
        return row

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As wide as its contents, which never scroll sideways."""
        bar = self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent)
        return QSize(self._inside.minimumSizeHint().width() + bar + 4, 200)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(max(self._session.themes.theme.px(300), self.minimumSizeHint().width()), 400)

    def offer(self, models: Sequence[ModelChoice], sounds: Sequence[SoundChoice]) -> None:
        """What can be chosen."""
        self._sounds = tuple(sounds)
        if tuple(models) == self._choices:
            return
        self._choices = tuple(models)
        self.pick.blockSignals(True)
        self.pick.clear()
        for choice in models:
            self.pick.addItem(model_words(choice), choice.path)
            self.pick.setItemData(self.pick.count() - 1, str(choice.path), Qt.ItemDataRole.ToolTipRole)
        self.pick.blockSignals(False)
        self.refresh()

    def show_offers(self) -> None:
        """The menu of sounds at hand."""
        menu = QMenu(self)
        kind = ""
        for choice in self._sounds:
            if kind and choice.kind != kind:
                menu.addSeparator()
            kind = choice.kind
            menu.addAction(sound_words(choice)).triggered.connect(partial(self.sound_chosen.emit, choice))
        menu.exec(self.offers.mapToGlobal(self.offers.rect().bottomLeft()))

    def refresh(self) -> None:
        """Show the model's state."""
        m = self._model
        self._add_foreign(m.model)
        index = next((i for i in range(self.pick.count()) if self.pick.itemData(i) == m.model), -1)
        if index != self.pick.currentIndex():
            self.pick.setCurrentIndex(index)
        text = m.source.name if m.source is not None else tr("Drop a sound file here")
        if text != self.source.text():
            self.source.setText(text)
            self.source.setToolTip(str(m.source) if m.source is not None else "")
        if not self.randomness.slider.isSliderDown():
            self.randomness.set(m.randomness)
        self.mix.set(m.mix)
        self.gain.set(_decibels(m.gain))
        self.seed.blockSignals(True)
        self.seed.setValue(m.seed)
        self.seed.blockSignals(False)
        for part in (self.seed, self.dice):
            part.setEnabled(m.randomness > 0)

    def _add_foreign(self, path: Path | None) -> None:
        """A checkpoint that is neither the newest nor the best of its run is listed while it is chosen."""
        if path is None or any(self.pick.itemData(i) == path for i in range(self.pick.count())):
            return
        self.pick.addItem(
            f"{path.parent.name if path.suffix == '.ts' else path.parents[2].name}  ·  {path.stem}", path
        )


def model_words(choice: ModelChoice) -> str:
    """A model in the list."""
    if choice.kind == "export":
        return tr("{name}  ·  export", name=choice.name)
    if choice.kind == "best":
        return tr("{name}  ·  best", name=choice.name)
    if choice.step is not None:
        return tr("{name}  ·  step {step}", name=choice.name, step=f"{choice.step:,}")
    return choice.name


def sound_words(choice: SoundChoice) -> str:
    """A sound in the menu."""
    if choice.kind == "dataset":
        return tr("A piece of the dataset “{name}”", name=choice.name)
    if choice.kind == "demo":
        return {"drums": tr("Demo: drums"), "plucks": tr("Demo: plucked strings")}.get(
            choice.key, choice.name
        )
    return choice.name


def _mix_words(value: float) -> str:
    if value >= 1.0:
        return tr("model only")
    if value <= 0.0:
        return tr("original only")
    return tr("{share} model", share=f"{value:.0%}")


def _gain_words(value: float) -> str:
    return f"{value:+.1f} dB" if value else "0 dB"


def _factor(decibels: float) -> float:
    return 1.0 if abs(decibels) < 0.01 else float(round(10 ** (decibels / 20), 6))


def _decibels(factor: float) -> float:
    import math

    return 20 * math.log10(factor) if factor > 0 else QUIETEST
