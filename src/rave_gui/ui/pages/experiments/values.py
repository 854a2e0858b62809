"""A table with one column a run: parameters, or figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLineEdit,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from rave_gui.training.experiments.compare import Comparison
from rave_gui.ui import words
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.experiments import fields
from rave_gui.ui.pages.experiments.grid import share_out
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import clearable
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.ui.widgets.table import Column, Table
from rave_gui.viewmodels.experiments_compare import Cells, figure_rows, parameter_rows


class WideTable(Table):
    """None of its columns gives way to a narrow window: it scrolls sideways instead, since every run counts."""

    def _show_columns(self) -> None:
        share_out(self, [self._themes.theme.px(column.width) for column in self.rows.columns])


def row_title(key: str) -> str:
    """What a row is about."""
    known = {
        "speed.steps": tr("Steps"),
        "speed.seconds": tr("Time of work"),
        "speed.steps_per_second": tr("Steps a second"),
        "speed.peak_memory": tr("Memory at most"),
    }
    return known.get(key) or fields.title(key)


def cell_text(key: str, value: Any) -> str:
    """A value of a row."""
    if value is None:
        return "–"
    if key == "speed.seconds":
        return words.duration(float(value))
    if key == "speed.peak_memory":
        return words.size(float(value))
    return fields.text(key, value) or "–"


class ValuesView(QWidget):
    """``what`` is parameters or figures."""

    def __init__(self, session: Session, what: str) -> None:
        super().__init__()
        self._session, self._what = session, what
        self._comparison: Comparison | None = None
        self._runs: list[str] = []
        self.table: WideTable | None = None
        space = session.themes.theme.space
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(space("m"))
        bar = QHBoxLayout()
        bar.setSpacing(space("m"))
        self.search = QLineEdit()
        self.search.setPlaceholderText(
            tr("Find a parameter") if what == "parameters" else tr("Find a figure")
        )
        self.search.setAccessibleName(self.search.placeholderText())
        clearable(self.search)
        self.search.textChanged.connect(self._fill)
        bar.addWidget(self.search, 1)
        self.only = QCheckBox(tr("Only what differs"))
        self.only.setChecked(True)
        self.only.toggled.connect(self._fill)
        bar.addWidget(self.only)
        if what != "parameters":
            self.only.hide()
        box.addLayout(bar)
        self.stack = QStackedWidget()
        self.none = EmptyState(session.themes, "git-compare", "", "")
        self.stack.addWidget(self.none)
        box.addWidget(self.stack, 1)

    def show_comparison(self, comparison: Comparison) -> None:
        """Other runs, or the same ones read again."""
        self._comparison = comparison
        names = [run.name for run in comparison.runs]
        if names != self._runs or self.table is None:
            self._runs = names
            self._make(names)
        self._fill()

    def take_focus(self) -> None:
        """The table."""
        (self.table if self.table is not None else self.search).setFocus(Qt.FocusReason.OtherFocusReason)

    def _make(self, names: Sequence[str]) -> None:
        if self.table is not None:
            self.stack.removeWidget(self.table)
            self.table.deleteLater()
        right = self._what != "parameters"
        columns: list[Column[Cells]] = [
            Column(
                "name",
                tr("Parameter") if not right else tr("Figure"),
                lambda row: row_title(row.key),
                260,
                strong=True,
                tip=lambda row: row.key,
            )
        ]
        columns += [_column(i, name, right) for i, name in enumerate(names)]
        self.table = WideTable(
            self._session.themes,
            tr("Parameters of the runs") if not right else tr("Figures of the runs"),
            columns,
            key=lambda row: row.key,
        )
        self.stack.addWidget(self.table)

    def _fill(self, *_: object) -> None:
        if self._comparison is None or self.table is None:
            return
        search = self.search.text()
        if self._what == "parameters":
            rows = parameter_rows(
                self._comparison.parameters, only_different=self.only.isChecked(), search=search
            )
            if search:
                self.none.say(tr("No parameter matches"), tr("Search for something else."))
            else:
                self.none.say(
                    tr("They were made the same way"),
                    tr(
                        "Nothing that is known of these runs' parameters differs. Chance (the seed) may still have."
                    ),
                )
        else:
            rows = figure_rows(self._comparison, search)
            self.none.say(
                tr("Nothing was measured yet"), tr("Figures come with the first steps of a training.")
            )
        self.table.set_rows(rows)
        self.stack.setCurrentWidget(self.table if rows else self.none)


def _column(place: int, name: str, right: bool) -> Column[Cells]:
    def tone(row: Cells) -> str:
        if place in row.best:
            return "success"
        return "accent" if place in row.other else ""

    def tip(row: Cells) -> str:
        if place in row.best:
            return tr("{value}: the best of these runs", value=cell_text(row.key, row.values[place]))
        return cell_text(row.key, row.values[place])

    return Column(
        f"run{place}",
        name,
        lambda row: cell_text(row.key, row.values[place]),
        150,
        right=right,
        tone=tone,
        tip=tip,
    )
