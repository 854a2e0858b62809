"""The list of runs: state, place, speed, what they learn from; searched, filtered, live."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QStackedWidget, QVBoxLayout, QWidget

from rave_gui.ui import words
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Segments, clearable, label
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.ui.widgets.plot import short_number
from rave_gui.ui.widgets.table import Column, Table
from rave_gui.viewmodels.runs import RunItem, RunsModel, accepts

ICONS = {
    "queued": "clock",
    "starting": "loader-circle",
    "running": "activity",
    "paused": "circle-pause",
    "stopping": "save",
    "succeeded": "circle-check",
    "failed": "circle-alert",
    "cancelled": "ban",
    "interrupted": "unlink",
}


def moment(seconds: float | None) -> str:
    """A time of the past, short."""
    if not seconds:
        return ""
    then, now = datetime.fromtimestamp(seconds).astimezone(), datetime.now().astimezone()
    if then.date() == now.date():
        return tr("Today {time}", time=then.strftime("%H:%M"))
    if (now.date() - then.date()).days == 1:
        return tr("Yesterday {time}", time=then.strftime("%H:%M"))
    return then.strftime("%Y-%m-%d")


def state_words(row: RunItem) -> str:
    """State in a word or two."""
    if row.missing and row.state not in ("failed", "cancelled"):
        return tr("Not there")
    if not row.state:
        return tr("From elsewhere") if row.adopted else tr("Resting")
    if row.state == "succeeded" and row.step is not None and row.total and row.step < row.total:
        return tr("Stopped")
    return words.job_state(row.state)


def place_words(row: RunItem) -> str:
    """Step of how many."""
    if row.step is None:
        return ""
    if row.total and row.step != row.total:
        return tr("{step} of {total}", step=f"{row.step:,}", total=f"{row.total:,}")
    return f"{row.step:,}"


def phase_words(row: RunItem) -> str:
    """Phase and time left."""
    if row.not_before is not None and row.not_before > time.time():
        return tr("not before {time}", time=words.soon(row.not_before))
    if row.state == "running" and row.eta is not None:
        return tr("{time} left", time=words.duration(row.eta))
    return {"phase 1": tr("Phase 1"), "phase 2": tr("Phase 2")}.get(row.phase, "")


def columns() -> list[Column[RunItem]]:
    """Columns of the list; some wait to be asked for (a right click on the head)."""
    return [
        Column(
            "name",
            tr("Run"),
            lambda r: r.name,
            strong=True,
            icon=lambda r: "star" if r.starred else "",
            note=lambda r: " · ".join(part for part in (r.model, *r.shown_tags) if part),
            tip=lambda r: r.note or str(r.path),
        ),
        Column(
            "state",
            tr("State"),
            state_words,
            150,
            tone=lambda r: (
                "danger"
                if r.missing and r.state not in ("failed", "cancelled")
                else words.state_tone(r.state) or "muted"
            ),
            icon=lambda r: ICONS.get(r.state, "folder-x" if r.missing else "box"),
            note=lambda r: phase_words(r) or (r.problem if r.state in ("failed", "interrupted") else ""),
            tip=lambda r: r.problem,
        ),
        Column(
            "step",
            tr("Steps"),
            place_words,
            170,
            sort=lambda r: r.step,
            right=True,
            share=lambda r: r.share if r.active else None,
        ),
        Column(
            "best",
            tr("Distance"),
            lambda r: short_number(r.best) if r.best is not None else "",
            90,
            sort=lambda r: r.best,
            right=True,
            tip=lambda r: tr("Smallest distance to held-out sound: the lower, the closer"),
        ),
        Column(
            "rate",
            tr("Speed"),
            lambda r: tr("{n}/s", n=f"{r.rate:.1f}") if r.rate else "",
            80,
            sort=lambda r: r.rate,
            right=True,
        ),
        Column("dataset", tr("Dataset"), lambda r: r.dataset, 130),
        Column(
            "started",
            tr("Started"),
            lambda r: moment(r.started or (None if r.job else r.created)),
            150,
            sort=lambda r: r.started or r.created,
        ),
        Column("size", tr("On disk"), lambda r: words.size(r.size) if r.size else "", 90, sort=lambda r: r.size, right=True, hidden=True),
        Column("path", tr("Folder"), lambda r: str(r.path), 240, hidden=True),
    ]  # fmt: skip


class RunsView(QWidget):
    """Search, filter and table over a :class:`RunsModel`. ``opened`` carries a run's name."""

    opened = Signal(str)
    chosen = Signal()

    def __init__(self, session: Session, model: RunsModel) -> None:
        super().__init__()
        self._session, self.model = session, model
        self.new: QWidget | None = None
        space = session.themes.theme.space
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(space("m"))
        self.bar = QWidget()
        bar = QHBoxLayout(self.bar)
        bar.setContentsMargins(0, 0, 0, 0)
        bar.setSpacing(space("m"))
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search runs"))
        self.search.setAccessibleName(tr("Search runs"))
        clearable(self.search)
        self.search.textChanged.connect(self._filter)
        self.filter = Segments(
            [
                ("all", tr("All")),
                ("active", tr("Running or waiting")),
                ("ended", tr("Ended")),
                ("starred", tr("Starred")),
            ],
            tr("Which runs are shown"),
        )
        self.filter.set("all")
        self.filter.chosen.connect(self._choose)
        self._key = "all"
        self.count = label("", "caption")
        bar.addWidget(self.search, 1)
        bar.addWidget(self.filter)
        bar.addWidget(self.count)
        box.addWidget(self.bar)
        self.table = Table(session.themes, tr("Runs"), columns(), key=lambda r: r.name, many=True)
        self.table.sort_by("started", descending=True)
        self.table.opened.connect(lambda row: self.opened.emit(row.name))
        self.table.chosen.connect(self.chosen)
        self.empty = EmptyState(
            session.themes,
            "activity",
            tr("No training yet"),
            tr(
                "A training makes a model out of one of your datasets. It can run for minutes or for days, with the window open or "
                "closed, and you can stop it and go on whenever you like."
            ),
        )
        self.loading = label(tr("Loading…"), "muted")
        self.nothing = EmptyState(
            session.themes, "search", tr("No run matches"), tr("Search for something else, or show all runs.")
        )
        self.stack = QStackedWidget()
        for widget in (self.loading, self.empty, self.nothing, self.table):
            self.stack.addWidget(widget)
        self.loading.setAlignment(Qt.AlignmentFlag.AlignCenter)
        box.addWidget(self.stack, 1)
        model.changed.connect(self.refresh)
        self.refresh()

    def set_menu(self, make: Callable[[], QMenu | None]) -> None:
        """What a right click offers."""
        self.table.menu = make

    def refresh(self) -> None:
        """Show the model's rows."""
        model = self.model
        self.table.set_rows(model.rows)
        counts = model.counts()
        for key, text in (
            ("all", tr("All")),
            ("active", tr("Running or waiting")),
            ("starred", tr("Starred")),
        ):
            button = self.filter.button(key)
            button.setText(f"{text}  {counts[key]}" if counts[key] else text)
        shown = len(self.table.rows.rows)
        total = len(model.rows)
        self.count.setText(trn("{n} run", "{n} runs", shown))
        self.count.setVisible(shown != total)
        self.bar.setVisible(bool(model.rows))
        if not model.loaded:
            page: QWidget = self.loading if self._session.project is not None else self.empty
        elif not model.rows:
            page = self.empty
        else:
            page = self.table if shown else self.nothing
        self.stack.setCurrentWidget(page)

    def take_focus(self) -> None:
        """The table when there is something in it, otherwise what comes next."""
        if self.stack.currentWidget() is self.table:
            self.table.setFocus(Qt.FocusReason.OtherFocusReason)
        elif self.new is not None:
            self.new.setFocus(Qt.FocusReason.OtherFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Narrow windows leave out what is least missed."""
        super().resizeEvent(event)
        room = self.width() / self._session.themes.theme.px(100) * 100
        for key, least in (("rate", 780), ("dataset", 880), ("started", 640)):
            index = next(i for i, c in enumerate(self.table.rows.columns) if c.key == key)
            self.table.setColumnHidden(index, room < least)

    def _choose(self, key: str) -> None:
        self._key = key
        self._filter()

    def _filter(self, *_: object) -> None:
        key = self._key
        parts = self.search.text().casefold().split()
        self.table.rows.set_filter(
            "", lambda row: accepts(key, row) and all(part in row.haystack for part in parts)
        )
        self.refresh()
