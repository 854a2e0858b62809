"""Second step: the sounds to learn from."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from rave_gui.ui import words
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Button, label
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.ui.widgets.table import Column, Table
from rave_gui.viewmodels.newrun import DatasetItem, NewRunModel


class DatasetStep(QWidget):
    """A list of the project's datasets; what is unusable says why."""

    def __init__(self, session: Session, model: NewRunModel) -> None:
        super().__init__()
        self._session, self._model = session, model
        themes = session.themes
        space = themes.theme.space
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(space("m"))
        head = QHBoxLayout()
        names = QVBoxLayout()
        names.setSpacing(2)
        names.addWidget(label(tr("Which sounds?"), "lead"))
        names.addWidget(
            label(
                tr(
                    "The model learns the sound of one dataset. An hour or more of one kind of sound works best."
                ),
                "muted",
                wrap=True,
            )
        )
        head.addLayout(names, 1)
        self.new = Button(
            themes,
            tr("New dataset…"),
            "plus",
            tip=tr("Make one from recordings; what you chose here is kept"),
        )
        self.new.clicked.connect(lambda: session.go("datasets", new=True))
        head.addWidget(self.new, 0, Qt.AlignmentFlag.AlignBottom)
        box.addLayout(head)
        self.table = Table(
            themes,
            tr("Datasets"),
            [
                Column(
                    "name",
                    tr("Dataset"),
                    lambda d: d.name,
                    icon=lambda d: "triangle-alert" if d.problem else "database",
                    tone=lambda d: "muted" if d.problem else "",
                    strong=True,
                    note=lambda d: d.problem,
                    tip=lambda d: str(d.path),
                ),
                Column("seconds", tr("Sound"), _length, 120, sort=lambda d: d.facts.seconds, right=True),
                Column("chunks", tr("Chunks"), lambda d: f"{d.facts.chunks:,}", 100, sort=lambda d: d.facts.chunks, right=True),
                Column("rate", tr("Rate"), lambda d: tr("{n} kHz", n=f"{d.facts.sample_rate / 1000:g}") if d.facts.sample_rate else "", 100, sort=lambda d: d.facts.sample_rate, right=True),
                Column("channels", tr("Channels"), _channels, 110, sort=lambda d: d.facts.channels),
            ],
            key=lambda d: d.name,
        )  # fmt: skip
        self.table.chosen.connect(self._chosen)
        self.table.opened.connect(lambda _row: model.next())
        self.empty = EmptyState(
            themes,
            "database",
            tr("No dataset yet"),
            tr("A dataset is made from your recordings. Make one first; this run waits here for you."),
        )
        make = Button(themes, tr("New dataset…"), "plus", "primary")
        make.clicked.connect(lambda: session.go("datasets", new=True))
        self.empty.box.insertWidget(self.empty.box.count() - 1, make, 0, Qt.AlignmentFlag.AlignHCenter)
        self.make = make
        self.stack = QStackedWidget()
        self.stack.addWidget(self.table)
        self.stack.addWidget(self.empty)
        box.addWidget(self.stack, 1)
        model.changed.connect(self._changed)

    def first_focus(self) -> QWidget:
        """The list, or the way to a dataset."""
        return self.table if self._model.datasets else self.make

    def _chosen(self) -> None:
        row: DatasetItem | None = self.table.one()
        if row is not None:
            self._model.choose_dataset(row.name)

    def _changed(self, what: str) -> None:
        if what not in ("dataset", "start"):
            return
        model = self._model
        self.table.set_rows(model.datasets)
        self.stack.setCurrentWidget(self.table if model.datasets else self.empty)
        self.new.setVisible(bool(model.datasets))
        chosen = self.table.one()
        if model.dataset and (chosen is None or chosen.name != model.dataset):
            self.table.select(model.dataset)


def _length(row: DatasetItem) -> str:
    return words.duration(row.facts.seconds) if row.facts.seconds else ""


def _channels(row: DatasetItem) -> str:
    count = row.facts.channels
    known = {1: tr("mono"), 2: tr("stereo")}
    return known.get(count) or (trn("{n} channel", "{n} channels", count) if count else "")
