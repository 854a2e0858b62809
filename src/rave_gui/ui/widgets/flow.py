"""Things of equal kind side by side, as many in a row as there is room for."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from rave_gui.ui.theme.manager import ThemeManager


class FlowGrid(QWidget):
    """Columns of equal width, at least ``width`` pixels (at 100 %) each and at most ``most``. Hidden things take no place."""

    def __init__(self, themes: ThemeManager, width: int, most: int = 8, gap: str = "l") -> None:
        super().__init__()
        self._themes, self._width, self._most = themes, width, most
        self._things: list[QWidget] = []
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(themes.theme.space(gap))
        self._grid.setVerticalSpacing(themes.theme.space("m"))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        themes.changed.connect(self.arrange)

    def set_things(self, things: Sequence[QWidget]) -> None:
        """Show these, in this order; what was shown before and is not among them is gone for good."""
        for old in self._things:
            if old not in things:
                old.hide()
                old.deleteLater()
        self._things = list(things)
        for thing in self._things:
            thing.setParent(self)
        self.arrange()

    def arrange(self) -> None:
        """Put everything in its place again (after something was shown or hidden)."""
        gap = self._grid.horizontalSpacing()
        least = self._themes.theme.px(self._width)
        columns = max(1, min(self._most, (self.width() + gap) // (least + gap)))
        while self._grid.count():
            self._grid.takeAt(0)
        shown = [thing for thing in self._things if not thing.isHidden()]
        for i, thing in enumerate(shown):
            self._grid.addWidget(thing, i // columns, i % columns, Qt.AlignmentFlag.AlignTop)
        for column in range(max(columns, self._columns)):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
            self._grid.setColumnMinimumWidth(column, 0)
        self._columns = columns

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        gap = self._grid.horizontalSpacing()
        columns = max(1, min(self._most, (self.width() + gap) // (self._themes.theme.px(self._width) + gap)))
        if columns != self._columns:
            self.arrange()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """One column has to fit."""
        hint = super().minimumSizeHint()
        hint.setWidth(self._themes.theme.px(self._width))
        return hint
