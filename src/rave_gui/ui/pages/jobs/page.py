"""The list of jobs with what can be done about each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QHideEvent, QKeySequence, QPainter, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QSplitter,
    QStackedWidget,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from rave_gui.errors import UserError
from rave_gui.ui import words
from rave_gui.ui.bridge import Stop, Task
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.page import Page
from rave_gui.ui.shell.session import Session
from rave_gui.ui.theme import fonts
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Button, label
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.ui.widgets.log_view import LogView
from rave_gui.viewmodels.jobs import JobsModel, Row, can, fraction
from rave_gui.viewmodels.logtail import LogTail
from rave_protocol import jobfolder

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services

POLL_SECONDS = 1.0
Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()
COLUMNS = 5
STATE_COLUMN = 2


class JobsTable(QAbstractTableModel):
    """Adapter of a :class:`JobsModel`: title, kind, state, started, duration."""

    def __init__(self, model: JobsModel) -> None:
        super().__init__()
        self.model = model
        model.changed.connect(self._changed)

    def rowCount(self, parent: Index = ROOT) -> int:  # noqa: N802 - Qt's name
        return 0 if parent.isValid() else len(self.model.rows)

    def columnCount(self, parent: Index = ROOT) -> int:  # noqa: N802 - Qt's name
        return 0 if parent.isValid() else COLUMNS

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:  # noqa: N802 - Qt's name
        if orientation != Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        return (tr("Job"), tr("Kind"), tr("State"), tr("Started"), tr("Took"))[section]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.model.rows[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._text(row, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.reason or (row.error or {}).get("message") or row.title
        if role == Qt.ItemDataRole.UserRole:
            return row
        return None

    def _text(self, row: Row, column: int) -> str:
        if column == 0:
            return row.title
        if column == 1:
            return words.job_kind(row.kind)
        if column == STATE_COLUMN:
            share = fraction(row) if row.state in ("running", "paused") else None
            state = words.job_state(row.state)
            return f"{state}  {share:.0%}" if share is not None else state
        if column == 3:
            return _moment(row.started or row.created)
        started = row.started
        return words.duration((row.ended or time.time()) - started) if started else ""

    def _changed(self, moved: bool) -> None:
        if moved:
            self.beginResetModel()
            self.endResetModel()
        elif self.model.rows:
            last = self.index(len(self.model.rows) - 1, COLUMNS - 1)
            self.dataChanged.emit(self.index(0, 0), last)


def _moment(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds).astimezone()
    if moment.date() == datetime.now().astimezone().date():
        return tr("Today {time}", time=moment.strftime("%H:%M"))
    return moment.strftime("%Y-%m-%d %H:%M")


class StateDelegate(QStyledItemDelegate):
    """Paints a job's state in its colour."""

    def __init__(self, themes: ThemeManager, parent: QWidget) -> None:
        super().__init__(parent)
        self._themes = themes

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one cell."""
        row = index.data(Qt.ItemDataRole.UserRole)
        theme = self._themes.theme
        tone = words.state_tone(row.state) or "muted"
        painter.save()
        back = option.widget.style()
        back.drawPrimitive(back.PrimitiveElement.PE_PanelItemViewItem, option, painter, option.widget)
        painter.setPen(QColor(getattr(theme.colors, tone)))
        painter.setFont(fonts.text_font(theme, "body", QFont.Weight.Medium))
        pad = theme.space("m")
        painter.drawText(
            option.rect.adjusted(pad, 0, 0, 0),
            int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft),
            index.data(),
        )
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802 - Qt's name
        """Room for one line."""
        return QSize(self._themes.theme.px(120), self._themes.theme.control_height)


def all_jobs(services: Services, projects: Sequence[str]) -> list[Row]:
    """Jobs that the user's registry knows and those in the folders of ``projects``, each once."""
    found: dict[str, Row] = {view.id: view for view in services.jobs.list()}
    for project in projects:
        if (Path(project) / "jobs").is_dir():
            found |= {view.id: view for view in services.jobs.list(Path(project))}
    return list(found.values())


class JobsPage(Page):
    """Polls the job service once a second while it is seen. ``told``: a short message; ``opened``: a project to show."""

    told = Signal(str)
    opened = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        themes, model = session.themes, session.jobs
        self._themes, self._bridge, self.model = themes, session.bridge, model
        self._services: Services | None = None
        self._poll: Task | None = None
        self._tail: Task | None = None
        self._selected = ""
        box = QVBoxLayout(self)
        pad = themes.theme.space("xl")
        box.setContentsMargins(pad, pad, pad, pad)
        box.setSpacing(themes.theme.space("l"))
        box.addLayout(self._head())
        self.stack = QStackedWidget()
        self.stack.addWidget(self._empty())
        self.stack.addWidget(self._full())
        box.addWidget(self.stack, 1)
        model.changed.connect(self._changed)
        self._changed(True)

    def services_ready(self) -> None:
        """Start looking when the page is seen."""
        self._services = self.session.services
        if self.isVisible():
            self._start()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self._start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        for task in (self._poll, self._tail):
            if task is not None:
                task.cancel()
        self._poll = self._tail = None
        self._selected = ""

    def _head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setSpacing(self._themes.theme.space("s"))
        head.addWidget(label(tr("Jobs"), "title"), 1)
        self.buttons: dict[str, Button] = {}
        for key, text, icon, variant, keys in (
            ("pause", tr("Pause"), "pause", "", ""),
            ("retry", tr("Retry"), "rotate-ccw", "", "Ctrl+R"),
            ("cancel", tr("Cancel"), "x", "danger", "Ctrl+Backspace"),
            ("remove", tr("Remove"), "trash-2", "", ""),
        ):
            button = Button(self._themes, text, icon, variant, shortcut=keys)
            button.clicked.connect(lambda _c=False, key=key: self._act(key))
            self.buttons[key] = button
            head.addWidget(button)
        self.buttons["remove"].setToolTip(tr("Moves the job's folder to the trash (Delete)"))
        return head

    def _empty(self) -> QWidget:
        return EmptyState(
            self._themes,
            "list-checks",
            tr("No jobs yet"),
            tr("Everything that takes long is a job and is listed here: datasets, trainings, exports."),
        )

    def _full(self) -> QWidget:
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        self.table = QTableView()
        self.table.setModel(JobsTable(self.model))
        self.table.setAccessibleName(tr("Jobs"))
        self.table.setItemDelegateForColumn(STATE_COLUMN, StateDelegate(self._themes, self.table))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setTabKeyNavigation(False)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._choose())
        remove = QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), self.table)
        remove.setContext(Qt.ShortcutContext.WidgetShortcut)
        remove.activated.connect(lambda: self._act("remove"))
        split.addWidget(self.table)
        self.log = LogView(
            self._themes,
            {
                "search": tr("Search the log (Enter: the one before)"),
                "follow": tr("Follow"),
                "copy": tr("Copy"),
                "name": tr("Log of the chosen job"),
                "empty": tr("Choose a job to read its log."),
            },
        )
        split.addWidget(self.log)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        self._themes.changed.connect(self._sizes)
        self._sizes()
        return split

    def _sizes(self) -> None:
        theme = self._themes.theme
        self.table.verticalHeader().setDefaultSectionSize(theme.px(36))
        for column, width in ((1, 130), (2, 140), (3, 150), (4, 110)):
            self.table.setColumnWidth(column, theme.px(width))

    def _start(self) -> None:
        services = self._services
        if services is None or self._poll is not None:
            return

        def read(stop: Stop, emit: Any) -> None:
            while not stop.requested:
                project = self.session.project
                emit(all_jobs(services, [str(project.path)] if project else []))
                stop.wait(POLL_SECONDS)

        def failed(error: Exception) -> None:
            self._poll = None
            self._refused(error)

        self._poll = self._bridge.stream(read, lambda batch: self.model.set_rows(batch[-1]), None, failed)

    def _changed(self, moved: bool) -> None:
        self.stack.setCurrentIndex(1 if self.model.rows else 0)
        if moved and self._selected:
            for index, row in enumerate(self.model.rows):
                if row.id == self._selected:
                    self.table.selectRow(index)
        self._buttons()

    def _row(self) -> Row | None:
        rows = self.table.selectionModel().selectedRows()
        return self.model.rows[rows[0].row()] if rows else None

    def _choose(self) -> None:
        row = self._row()
        self._buttons()
        if row is None or row.id == self._selected:
            return
        self._selected = row.id
        if self._tail is not None:
            self._tail.cancel()
        self.log.clear()
        self.log.text.setPlaceholderText(tr("This job has printed nothing."))
        lines: list[Any] = []
        path = row.folder / jobfolder.LOG

        def read(stop: Stop, emit: Any) -> None:
            tail = LogTail(path)
            while not stop.requested:
                for line in tail.read():
                    emit(line)
                stop.wait(0.3)

        def show(batch: list[Any]) -> None:
            lines.extend(batch)
            self.log.show_lines(lines, 0)

        self._tail = self._bridge.stream(read, show)

    def _buttons(self) -> None:
        row = self._row()
        paused = can(row, "resume")
        self.buttons["pause"].set_face(*((tr("Resume"), "play") if paused else (tr("Pause"), "pause")))
        for key, button in self.buttons.items():
            button.setEnabled(can(row, key) or (key == "pause" and paused))

    def _act(self, key: str) -> None:
        row, services = self._row(), self._services
        if row is None or services is None:
            return
        action = "resume" if key == "pause" and can(row, "resume") else key
        if not can(row, action):
            return
        jobs = services.jobs
        calls: dict[str, Any] = {
            "pause": jobs.pause,
            "resume": jobs.resume,
            "cancel": jobs.cancel,
            "retry": jobs.retry,
            "remove": jobs.remove,
        }
        done = {
            "pause": tr("The job pauses at the next safe moment."),
            "resume": tr("The job goes on."),
            "cancel": tr("The job is being cancelled."),
            "retry": tr("The job was put into the queue again."),
            "remove": tr("The job's folder is in the trash."),
        }[action]
        call, job, project = calls[action], row.id, row.project
        self._bridge.call(lambda: call(job, project), lambda _r: self.told.emit(done), self._refused)

    def _refused(self, error: Exception) -> None:
        if not isinstance(error, (UserError, OSError)):
            raise error
        self.told.emit(error.message if isinstance(error, UserError) else str(error))
