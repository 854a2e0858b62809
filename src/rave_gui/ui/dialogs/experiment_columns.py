"""Which columns the table of experiments shows, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout

from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.experiments.fields import KINDS, curve_title, kind, kind_title, title
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Button, IconButton, clearable, label
from rave_gui.ui.widgets.fields import NumberField
from rave_gui.viewmodels.experiments import COLUMNS, Choice, at_step

ROLE = Qt.ItemDataRole.UserRole


class ColumnsDialog(Dialog):
    """On the left all fields with a search, on the right those that are shown; below, a figure at a certain step."""

    def __init__(
        self, session: Session, fields: Sequence[str], shown: Sequence[str], done: Callable[[list[str]], None]
    ) -> None:
        super().__init__(
            session,
            tr("Columns"),
            tr("Choose what the table shows of each run."),
            action=tr("Show these"),
            width=860,
        )
        self._done = done
        own = [column for column in shown if column not in fields]
        ordered = sorted([*fields, *own], key=lambda f: KINDS.index(kind(f)))
        self.choice = Choice(ordered, list(shown))
        themes = session.themes
        space = themes.theme.space
        row = QHBoxLayout()
        row.setSpacing(space("l"))
        left, right = QVBoxLayout(), QVBoxLayout()
        for side in (left, right):
            side.setSpacing(space("s"))
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Find a parameter or figure"))
        self.search.setAccessibleName(tr("Find a parameter or figure"))
        clearable(self.search)
        self.search.textChanged.connect(self._fill)
        self.all = QListWidget()
        self.all.setAccessibleName(tr("All fields"))
        self.all.itemChanged.connect(self._ticked)
        self.all.itemActivated.connect(self._flip)
        left.addWidget(label(tr("All fields"), "strong"))
        left.addWidget(self.search)
        left.addWidget(self.all, 1)
        self.shown = QListWidget()
        self.shown.setAccessibleName(tr("Shown, from left to right"))
        for part in (self.all, self.shown):
            part.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            part.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.shown.currentRowChanged.connect(lambda _row: self._buttons())
        right.addWidget(label(tr("Shown, from left to right"), "strong"))
        right.addWidget(self.shown, 1)
        moves = QHBoxLayout()
        self.up = IconButton(themes, "arrow-up", tr("Further left"))
        self.down = IconButton(themes, "arrow-down", tr("Further right"))
        self.out = IconButton(themes, "x", tr("Do not show"))
        self.up.clicked.connect(lambda: self._move(-1))
        self.down.clicked.connect(lambda: self._move(1))
        self.out.clicked.connect(self._remove)
        for button in (self.up, self.down, self.out):
            moves.addWidget(button)
        moves.addStretch(1)
        self.usual = Button(themes, tr("As at first"), "rotate-ccw", "quiet")
        self.usual.clicked.connect(self._reset)
        moves.addWidget(self.usual)
        right.addLayout(moves)
        row.addLayout(left, 1)
        row.addLayout(right, 1)
        self.box.addLayout(row)
        self.all.setMinimumHeight(themes.theme.px(280))
        self._step_row(fields)
        self._fill()
        self._refill()
        self.search.setFocus()

    def _step_row(self, fields: Sequence[str]) -> None:
        themes = self.session.themes
        tags = [f.removesuffix(".last") for f in fields if f.endswith(".last")]
        row = QHBoxLayout()
        row.setSpacing(themes.theme.space("s"))
        self.tag = QComboBox()
        self.tag.setAccessibleName(tr("Figure"))
        self.tag.setMinimumContentsLength(12)
        self.tag.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for tag in tags:
            self.tag.addItem(curve_title(tag), tag)
        self.step = NumberField(themes, tr("Step"), minimum=0, maximum=10**9)
        self.step.caption.hide()
        self.step.set_value(10_000)
        self.add = Button(themes, tr("Add column"), "plus")
        self.add.clicked.connect(self._add)
        caption = label(tr("Value at step"), "strong")
        caption.setBuddy(self.tag)
        row.addWidget(caption)
        row.addWidget(self.tag, 2)
        row.addWidget(self.step, 1)
        row.addWidget(self.add)
        self.box.addLayout(row)
        for part in (caption, self.tag, self.step, self.add):
            part.setEnabled(bool(tags))

    def submit(self) -> None:
        """Show them."""
        self._done(list(self.choice.wanted))
        self.accept()

    def _fill(self, *_: object) -> None:
        self.all.blockSignals(True)
        self.all.clear()
        last = ""
        for name in self.choice.found(self.search.text(), title):
            if kind(name) != last:
                last = kind(name)
                heading = QListWidgetItem(kind_title(last))
                heading.setFlags(Qt.ItemFlag.NoItemFlags)
                font = heading.font()
                font.setBold(True)
                heading.setFont(font)
                self.all.addItem(heading)
            item = QListWidgetItem(title(name))
            item.setData(ROLE, name)
            item.setToolTip(name)
            item.setFlags(
                Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable
                if name != "name"
                else Qt.ItemFlag.NoItemFlags
            )
            on = name in self.choice.wanted
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
            self.all.addItem(item)
        self.all.blockSignals(False)

    def _refill(self, at: int = -1) -> None:
        self.shown.clear()
        for name in self.choice.wanted:
            item = QListWidgetItem(title(name))
            item.setData(ROLE, name)
            item.setToolTip(name)
            self.shown.addItem(item)
        if at >= 0:
            self.shown.setCurrentRow(at)
        self._buttons()

    def _buttons(self) -> None:
        at, last = self.shown.currentRow(), len(self.choice.wanted) - 1
        self.up.setEnabled(at > 1)
        self.down.setEnabled(0 < at < last)
        self.out.setEnabled(at > 0)

    def _ticked(self, item: QListWidgetItem) -> None:
        self.choice.switch(item.data(ROLE), item.checkState() == Qt.CheckState.Checked)
        self._refill()

    def _flip(self, item: QListWidgetItem) -> None:
        if item.data(ROLE):
            on = item.checkState() == Qt.CheckState.Checked
            item.setCheckState(Qt.CheckState.Unchecked if on else Qt.CheckState.Checked)

    def _move(self, by: int) -> None:
        name = self.choice.wanted[self.shown.currentRow()]
        self.choice.move(name, by)
        self._refill(self.choice.wanted.index(name))

    def _remove(self) -> None:
        at = self.shown.currentRow()
        self.choice.switch(self.choice.wanted[at], on=False)
        self._fill()
        self._refill(min(at, len(self.choice.wanted) - 1))

    def _reset(self) -> None:
        self.choice.wanted = [c for c in COLUMNS if c in self.choice.fields]
        self._fill()
        self._refill()

    def _add(self) -> None:
        name = f"{self.tag.currentData()}@{int(self.step.value())}"
        assert at_step(name) is not None
        if name not in self.choice.fields:
            self.choice.fields = [*self.choice.fields, name]
        self.choice.switch(name, on=True)
        self._fill()
        self._refill(self.choice.wanted.index(name))
