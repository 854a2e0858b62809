"""Parts that the steps share: a grid of cards, a scrolling column, a finding with its way out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QVBoxLayout,
    QWidget,
)

from rave_gui.training.schema import Finding
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Button, IconLabel, label
from rave_gui.ui.widgets.choice_card import ChoiceCard

LOOKS = {
    "error": ("circle-alert", "danger"),
    "warning": ("triangle-alert", "warning"),
    "info": ("info", "muted"),
}


class ElidedButton(Button):
    """A button whose words end with an ellipsis where there is no room for them; the hint has them all."""

    def __init__(
        self, themes: ThemeManager, text: str, icon: str, variant: str = "", *, tip: str = ""
    ) -> None:
        super().__init__(themes, text, icon, variant, tip=tip or text)
        self._least = themes.theme.px(96)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """A word or two."""
        hint = super().minimumSizeHint()
        return QSize(min(hint.width(), self._least), hint.height())

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        option: Any = QStyleOptionButton()
        self.initStyleOption(option)
        metrics = self.fontMetrics()
        around = self.sizeHint().width() - metrics.horizontalAdvance(self.text())
        option.text = metrics.elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width() - around)
        painter = QStylePainter(self)
        painter.drawControl(QStyle.ControlElement.CE_PushButton, option)
        painter.end()


class CardGrid(QWidget):
    """Cards in as many columns as fit."""

    def __init__(self, themes: ThemeManager, width: int = 250) -> None:
        """``width``: least width of a card in pixels at 100 %."""
        super().__init__()
        self._themes, self._width, self._columns = themes, width, 0
        self.cards: list[ChoiceCard] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(themes.theme.space("s"))
        themes.changed.connect(self._arrange)

    def set_cards(self, cards: Sequence[ChoiceCard]) -> None:
        """Show these (the ones before are thrown away)."""
        for card in self.cards:
            self._grid.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = list(cards)
        self._columns = 0
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        columns = max(1, self.width() // self._themes.theme.px(self._width))
        if columns == self._columns and self._grid.count() == len(self.cards):
            return
        for column in range(self._columns):
            self._grid.setColumnStretch(column, 0)
        self._columns = columns
        for index, card in enumerate(self.cards):
            self._grid.addWidget(card, index // columns, index % columns)
        for column in range(columns):
            self._grid.setColumnStretch(column, 1)


def column(themes: ThemeManager) -> tuple[QScrollArea, QVBoxLayout]:
    """A column that scrolls; put things into the layout."""
    inside = QWidget()
    box = QVBoxLayout(inside)
    box.setContentsMargins(0, 0, themes.theme.space("s"), 0)
    box.setSpacing(themes.theme.space("m"))
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(inside)
    return area, box


class FindingRow(QWidget):
    """One finding: icon, sentence, what to do, and a button where the program can do it."""

    def __init__(
        self, themes: ThemeManager, finding: Finding, fix: Callable[[dict[str, object]], None]
    ) -> None:
        super().__init__()
        space = themes.theme.space
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(space("s"))
        icon, color = LOOKS[finding.severity]
        row.addWidget(IconLabel(themes, icon, color, 16), 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(label(finding.message, "body", wrap=True))
        if finding.hint:
            words.addWidget(label(finding.hint, "caption", wrap=True))
        if finding.fix and finding.fix_label:
            button = ElidedButton(themes, finding.fix_label, "wand-sparkles", "quiet")
            values = dict(finding.fix)
            button.clicked.connect(lambda: fix(values))
            line = QHBoxLayout()
            line.addWidget(button)
            line.addStretch(1)
            words.addLayout(line)
        row.addLayout(words, 1)
        self.setAccessibleName(finding.message)
        self.setAccessibleDescription(finding.hint)


def fill_rows(grid: QGridLayout, rows: Sequence[tuple[str, str]]) -> None:
    """Names and values, one pair a row, in place of what was there."""
    while (item := grid.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
    for i, (name, text) in enumerate(rows):
        grid.addWidget(label(name, "muted"), i, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(label(text, "body", wrap=True), i, 1)


def clear(box: QVBoxLayout) -> None:
    """Take everything out of a layout."""
    while (item := box.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
