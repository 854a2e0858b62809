"""Two things side by side where there is room, one above the other where there is not."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QSizePolicy, QWidget

from rave_gui.ui.theme.manager import ThemeManager


class Sides(QWidget):
    """``left`` takes what ``right`` leaves; ``least`` is the width in pixels (at 100 %) that it has to get, 0: its own size."""

    def __init__(self, themes: ThemeManager, left: QWidget, right: QWidget, least: int = 0) -> None:
        super().__init__()
        self._themes, self._left, self._right, self._least = themes, left, right, least
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(themes.theme.space("s"))
        self._box.addWidget(left, 1)
        self._box.addWidget(right, 0)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    @property
    def stacked(self) -> bool:
        """Whether they stand one above the other."""
        return self._box.direction() == QBoxLayout.Direction.TopToBottom

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """The wider of the two has to fit."""
        hint = super().minimumSizeHint()
        hint.setWidth(max(self._left.minimumSizeHint().width(), self._right.minimumSizeHint().width()))
        return hint

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        least = self._themes.theme.px(self._least) if self._least else self._left.sizeHint().width()
        stacked = least + self._box.spacing() + self._right.sizeHint().width() > self.width()
        if stacked != self.stacked:
            kind = QBoxLayout.Direction
            self._box.setDirection(kind.TopToBottom if stacked else kind.LeftToRight)
            side = Qt.AlignmentFlag.AlignLeft if stacked else Qt.AlignmentFlag(0)
            self._box.setAlignment(self._right, side)


def beside(themes: ThemeManager, *things: QWidget, rest: bool = False) -> QWidget:
    """Things beside each other; ``rest``: what they leave free stays free."""
    found = QWidget()
    box = QHBoxLayout(found)
    box.setContentsMargins(0, 0, 0, 0)
    box.setSpacing(themes.theme.space("s"))
    for thing in things:
        box.addWidget(thing)
    if rest:
        box.addStretch()
    return found
