"""The runs that lie side by side, each with its colour and the figures that decide between them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from rave_gui.training.experiments.table import Experiment
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.experiments import fields
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Card, ElidedLabel, IconButton
from rave_gui.ui.widgets.flowlayout import FlowLayout

WIDE = 256
"""Pixels of a card at 100 %."""
MOST_CARDS = 5
"""With more runs, or where they do not fit into one line, the cards hold names only: what is compared needs the room."""
DECIDES = "validation.best"


class Swatch(QWidget):
    """The colour of a run's curves."""

    def __init__(self, themes: ThemeManager, index: int) -> None:
        super().__init__()
        self._themes, self._index = themes, index
        self.setFixedSize(themes.theme.px(14), themes.theme.px(14))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        colors = self._themes.theme.colors.series
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colors[self._index % len(colors)]))
        half = self._themes.theme.px(4)
        middle = self.height() // 2
        wide = self.width() if self._index < len(colors) else self.width() // 3
        painter.drawRoundedRect(0, middle - half // 2, wide, half, 2, 2)
        if self._index >= len(colors):
            painter.drawRoundedRect(self.width() - wide, middle - half // 2, wide, half, 2, 2)
        painter.end()


class RunCards(QWidget):
    """``away``: the user wants to compare without a run (its name); only offered while more than two are there."""

    away = Signal(str)

    def __init__(self, themes: ThemeManager) -> None:
        super().__init__()
        self._themes = themes
        self._flow = FlowLayout(self, themes.theme.space("s"))
        self._runs: list[Experiment] = []
        self._roomy = True
        self.setAccessibleName(tr("Compared runs"))

    def show_runs(self, runs: Sequence[Experiment]) -> None:
        """Other runs, in the order of their colours."""
        self._runs = list(runs)
        self._roomy = self._fits()
        while (item := self._flow.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        best = lowest(runs)
        for index, run in enumerate(runs):
            card = self._card(index, run, few=self._roomy, best=index in best)
            if len(runs) > 2:
                self._add_away(card, run.name)
            self._flow.addWidget(card)
            card.show()
        self._flow.invalidate()
        self.updateGeometry()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        if self._fits() != self._roomy:
            self.show_runs(self._runs)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        if self._fits() != self._roomy:
            self.show_runs(self._runs)

    def _fits(self) -> bool:
        """Whether whole cards find room in one line."""
        theme, count = self._themes.theme, len(self._runs)
        wide = count * (theme.px(WIDE) + theme.space("s"))
        return count <= MOST_CARDS and (wide <= self.width() or not self.isVisible())

    def _card(self, index: int, run: Experiment, *, few: bool, best: bool) -> Card:
        theme = self._themes.theme
        made = Card(self._themes)
        made.box.setContentsMargins(theme.space("m"), theme.space("s"), theme.space("s"), theme.space("s"))
        made.box.setSpacing(0)
        made.setFixedWidth(theme.px(WIDE if few else WIDE * 2 // 3))
        row = QHBoxLayout()
        row.setSpacing(theme.space("s"))
        row.addWidget(Swatch(self._themes, index))
        row.addWidget(ElidedLabel(run.name, "strong"), 1)
        made.box.addLayout(row)
        said = summary(run, best=best)
        if few:
            line = ElidedLabel(said, "caption")
            line.setProperty("tone", "success" if best else "")
            below = QHBoxLayout()
            below.addSpacing(theme.px(14) + theme.space("s"))  # below the name
            below.addWidget(line)
            made.box.addLayout(below)
        else:
            made.setToolTip(said)
        made.setAccessibleName(f"{run.name}: {said}")
        return made

    def _add_away(self, card: Card, name: str) -> None:
        away = IconButton(self._themes, "x", tr("Compare without “{name}”", name=name))
        away.clicked.connect(self._without(name))
        row = card.box.itemAt(0)
        layout = row.layout() if row is not None else None
        assert isinstance(layout, QHBoxLayout)
        layout.addWidget(away)

    def _without(self, name: str) -> Callable[[], None]:
        return lambda: self.away.emit(name)


def lowest(runs: Sequence[Experiment]) -> frozenset[int]:
    """Places of the runs that came closest to sound they had not heard; none where fewer than two were measured, or all are alike."""
    found = {
        i: float(value)
        for i, run in enumerate(runs)
        if isinstance(value := run.fields.get(DECIDES), (int, float)) and math.isfinite(value)
    }
    if len(set(found.values())) < 2:
        return frozenset()
    least = min(found.values())
    return frozenset(i for i, value in found.items() if value == least)


def summary(run: Experiment, *, best: bool) -> str:
    """Distance and steps of a run in a few words."""
    value, step = run.fields.get(DECIDES), run.fields.get("step")
    if isinstance(value, (int, float)) and math.isfinite(value):
        figure = fields.figure(float(value))
        said = tr("Lowest distance: {value}", value=figure) if best else tr("Distance {value}", value=figure)
    else:
        said = tr("Not measured yet")
    steps = tr("{n} steps", n=f"{int(step):,}") if isinstance(step, (int, float)) and step else ""
    return "  ·  ".join(part for part in (said, steps) if part)
