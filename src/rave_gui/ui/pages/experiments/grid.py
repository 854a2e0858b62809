"""The table itself: ten thousand runs, any columns, only what is seen is painted."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHeaderView, QTableView

from rave_gui.training.experiments.table import Experiment
from rave_gui.ui.pages.experiments.fields import make_column
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.long_table import LongModel, LongTable
from rave_gui.viewmodels.experiments import ExperimentsModel, Group, Row

LEAST = 0.8
"""Share of its width that a column keeps before the table scrolls sideways."""


def share_out(table: QTableView, widths: Sequence[int]) -> None:
    """Give the columns their widths, wider or a little narrower all alike; what does not fit is scrolled to."""
    header = table.horizontalHeader()
    room = table.viewport().width()
    grown = max(LEAST, room / max(1, sum(widths)))
    left = room
    for i, width in enumerate(widths):
        header.setSectionResizeMode(i, QHeaderView.ResizeMode.Interactive)
        wide = int(width * grown)
        if grown > LEAST and i == len(widths) - 1:
            wide = left
        left -= wide
        table.setColumnWidth(i, wide)


class ExperimentsTable(LongTable):
    """Shows the model's rows; the selection stays on the same runs whatever is sorted, filtered or read anew."""

    def __init__(self, themes: ThemeManager, name: str, model: ExperimentsModel) -> None:
        self.model_ = model
        self.shown: list[Row] = []
        """Rows as Qt knows them; the model's own may be others for a moment."""
        self._chosen: list[str] = []
        self._runs: list[Experiment] | None = None
        self._at = ""
        self._filling = False
        rows = LongModel(
            [make_column(model, column) for column in model.columns],
            lambda: len(self.shown),
            lambda number: self.shown[number],
        )
        super().__init__(themes, name, rows)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setHorizontalScrollMode(self.ScrollMode.ScrollPerPixel)
        self.chosen.connect(self._note)
        self.refresh()
        self.show_sort(model.sort, model.descending)

    # What is shown

    def refresh(self) -> None:
        """Other rows."""
        self._filling = True
        place = self.verticalScrollBar().value()
        self.shown = self.model_.rows
        self.rows.again()
        wanted, at = set(self._chosen), self._at
        numbers = (
            [i for i, row in enumerate(self.shown) if isinstance(row, Experiment) and row.name in wanted]
            if wanted
            else []
        )
        current = next((i for i, row in enumerate(self.shown) if row.name == at), None) if at else None
        if numbers or current is not None:
            self.choose(numbers, current if current is not None else numbers[0])
        self.verticalScrollBar().setValue(place)
        self._filling = False
        self.chosen.emit()

    def set_columns(self, columns: Sequence[str]) -> None:
        """Other columns."""
        self.rows.columns = tuple(make_column(self.model_, column) for column in columns)
        self._off = set()
        self.refresh()
        self._sizes()
        self.show_sort(self.model_.sort, self.model_.descending)

    def runs(self) -> list[Experiment]:
        """The selected runs, in the order shown; of a selected heading all of its runs."""
        if self._runs is None:
            found: dict[str, Experiment] = {}
            for number in self.selected():
                row = self.shown[number]
                for run in row.runs if isinstance(row, Group) else (row,):
                    found[run.name] = run
            self._runs = list(found.values())
        return self._runs

    def at(self) -> Row | None:
        """The row the keyboard is at."""
        number = self.current()
        return self.shown[number] if 0 <= number < len(self.shown) else None

    # Behind it

    def _forget(self) -> None:
        super()._forget()
        self._runs = None

    def _note(self) -> None:
        """Remember what is selected, so that it can be selected again."""
        if self._filling:
            return
        self._chosen = [
            row.name for row in (self.shown[i] for i in self.selected()) if isinstance(row, Experiment)
        ]
        row = self.at()
        self._at = row.name if row is not None else ""

    def _fit(self) -> None:
        """Columns are the user's own choice: none gives way to a narrow window."""
        for i in range(len(self.rows.columns)):
            self.setColumnHidden(i, False)
        share_out(self, [self._themes.theme.px(column.width) for column in self.rows.columns])

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(self._themes.theme.px(480), self._themes.theme.px(320))
