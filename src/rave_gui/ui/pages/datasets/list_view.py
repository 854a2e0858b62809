"""The list of datasets: what there is, how much sound it holds, what is being made."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from rave_gui.errors import UserError
from rave_gui.ui import words
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.shell.actions import ActionButton
from rave_gui.ui.shell.session import Session
from rave_gui.ui.theme import fonts, icons
from rave_gui.ui.theme.tokens import RADIUS
from rave_gui.ui.widgets.basic import IconButton, clearable, label
from rave_gui.ui.widgets.cells import ROW
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.ui.widgets.long_table import watch_width
from rave_gui.ui.widgets.table import Column, Table
from rave_gui.viewmodels import datasets as model
from rave_gui.viewmodels.datasets import Entry, Library

Index = QModelIndex | QPersistentModelIndex
STRIP_POINTS = 160


class SearchField(QLineEdit):
    """A search line with a glass in it; Down moves into the list, Escape empties it."""

    down = Signal()

    def __init__(self, session: Session, text: str) -> None:
        super().__init__()
        self._session = session
        self.setPlaceholderText(text)
        self.setAccessibleName(text)
        self._glass = self.addAction(self._picture(), QLineEdit.ActionPosition.LeadingPosition)
        for button in self.findChildren(QToolButton):
            button.setAccessibleName(tr("Search"))
        clearable(self)
        session.themes.changed.connect(lambda: self._glass.setIcon(self._picture()))

    def _picture(self) -> Any:
        theme = self._session.themes.theme
        return icons.icon("search", theme.colors.muted, theme.px(16))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() == Qt.Key.Key_Down:
            self.down.emit()
            return
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
            return
        super().keyPressEvent(event)


class Strips:
    """Waveform strips of datasets, read one after the other in a thread when they are first painted."""

    def __init__(self, session: Session, table: QWidget) -> None:
        self._session, self._table = session, table
        self._found: dict[tuple[str, int, int], Any] = {}
        self._wanted: deque[Entry] = deque()
        self._reading = False

    def get(self, entry: Entry) -> Any | None:
        """Lows and highs [points, 2], or None while they are not there (or cannot be)."""
        key = (str(entry.path), entry.chunks, entry.size)
        if key in self._found:
            return self._found[key]
        if entry.lazy:
            return None  # it holds no sound: a flat line would look like silence
        if entry.usable_now and entry not in self._wanted:
            self._wanted.append(entry)
            self._next()
        return None

    def _next(self) -> None:
        services = self._session.services
        if self._reading or not self._wanted or services is None:
            return
        entry = self._wanted.popleft()
        key = (str(entry.path), entry.chunks, entry.size)
        self._reading = True

        def work() -> Any:
            from rave_gui.datasets.thumbnail import thumbnail

            return thumbnail(entry.path, STRIP_POINTS, paths=services.paths)

        def done(found: Any) -> None:
            self._found[key] = found
            self._reading = False
            self._table.update()
            self._next()

        def failed(error: Exception) -> None:
            self._found[key] = None
            self._reading = False
            if not isinstance(error, (UserError, OSError)):
                raise error
            self._next()

        self._session.bridge.call(work, done, failed)


class StripDelegate(QStyledItemDelegate):
    """Paints a dataset's waveform strip."""

    def __init__(self, session: Session, strips: Strips, parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self._strips = session, strips

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one strip."""
        theme = self._session.themes.theme
        painter.save()
        option.widget.style().drawPrimitive(
            QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, option.widget
        )
        entry: Entry = index.data(ROW)
        if entry.lazy and entry.usable_now:
            painter.setFont(fonts.text_font(theme, "caption"))
            painter.setPen(QColor(theme.colors.muted))
            box = option.rect.adjusted(theme.space("m"), 0, -theme.space("m"), 0)
            words_here = painter.fontMetrics().elidedText(
                tr("stays in its files"), Qt.TextElideMode.ElideRight, box.width()
            )
            painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter), words_here)
        found = self._strips.get(entry)
        if found is not None and len(found):
            pad = theme.space("m")
            box = option.rect.adjusted(pad, theme.px(9), -pad, -theme.px(9))
            color = QColor(theme.colors.accent)
            painter.setPen(QPen(color, 1))
            middle, half = box.center().y() + 0.5, box.height() / 2
            count = len(found)
            for x in range(box.width()):
                low, high = found[x * count // box.width()]
                top = min(middle - float(high) * half, middle - 0.5)
                bottom = max(middle - float(low) * half, middle + 0.5)
                painter.drawLine(box.left() + x, round(top), box.left() + x, round(bottom))
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802 - Qt's name
        """Room for a strip."""
        return QSize(self._session.themes.theme.px(160), self._session.themes.theme.control_height)


def _day(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds).astimezone()
    now = datetime.now().astimezone()
    if moment.date() == now.date():
        return tr("Today {time}", time=moment.strftime("%H:%M"))
    return moment.strftime("%Y-%m-%d")


def _note(entry: Entry) -> str:
    if entry.share is not None:
        return tr("Paused") if entry.job_state == "paused" else ""
    if entry.usable_now and entry.job_state in ("failed", "interrupted"):
        if entry.job_state == "interrupted":
            return tr("Adding recordings was interrupted; resume it to go on")
        return tr("Adding recordings failed")
    if entry.job_state == "interrupted":
        return tr("Interrupted: what was done is kept, resume it to go on")
    if entry.state in ("building", "failed", "broken", "missing"):
        return entry.error or {
            "building": words.job_state(entry.job_state or "queued"),
            "failed": tr("The job failed."),
            "missing": tr("The folder is not there now: a disk that is not connected, or it was moved."),
            "broken": tr("It cannot be opened."),
        }.get(entry.state, "")
    parts = [entry.category, *entry.tags] if entry.category else list(entry.tags)
    if entry.adopted:
        parts.append(tr("lies elsewhere"))
    if entry.lazy:
        parts.append(tr("sound stays in its files"))
    return " · ".join(parts) or entry.note


def _lost(entry: Entry) -> str:
    if entry.lost is None or not entry.chunks:
        return ""
    if entry.problems:
        return trn("{n} problem", "{n} problems", entry.problems)
    if entry.lost < 0.05:
        return tr("nothing lost")
    return tr("{time} lost", time=model.length_text(entry.lost))


def _tone(entry: Entry) -> str:
    if entry.job_state == "interrupted":
        return "warning"
    return {"failed": "danger", "broken": "danger", "missing": "warning"}.get(entry.state, "")


def columns() -> list[Column[Entry]]:
    """Columns of the list."""
    return [
        Column(
            "name",
            tr("Name"),
            lambda e: e.name,
            strong=True,
            note=_note,
            share=lambda e: e.share,
            tone=_tone,
            tip=lambda e: e.error or str(e.path),
        ),
        Column("sound", tr("Sound"), lambda _e: "", 168, sort=lambda e: e.usable),
        Column(
            "usable",
            tr("Length"),
            lambda e: model.length_text(e.usable) if e.chunks else "",
            116,
            sort=lambda e: e.usable if e.chunks else None,
            right=True,
            note=_lost,
        ),
        Column(
            "chunks",
            tr("Chunks"),
            lambda e: f"{e.chunks:,}" if e.chunks else "",
            86,
            sort=lambda e: e.chunks or None,
            right=True,
            note=lambda e: trn("recording", "recordings", e.chunks) if e.lazy and e.chunks else "",
        ),
        Column(
            "rate",
            tr("Rate"),
            lambda e: model.rate_text(e.sample_rate),
            96,
            sort=lambda e: e.sample_rate or None,
            right=True,
            note=lambda e: model.channels_text(e.channels) if e.channels else "",
        ),
        Column(
            "size",
            tr("Size"),
            lambda e: words.size(e.size) if e.size else "",
            92,
            sort=lambda e: e.size or None,
            right=True,
        ),
        Column("created", tr("Made"), lambda e: _day(e.created), 116, sort=lambda e: e.created, right=True),
        Column("lost", tr("Lost"), _lost, 110, sort=lambda e: e.lost, right=True, hidden=True),
        Column(
            "category",
            tr("Category"),
            lambda e: e.category,
            130,
            sort=lambda e: e.category.casefold() or None,
            hidden=True,
        ),
        Column("tags", tr("Tags"), lambda e: ", ".join(e.tags), 140, hidden=True),
        Column("path", tr("Folder"), lambda e: str(e.path), 240, hidden=True),
    ]


class ListView(QWidget):
    """Search, filter by tag, the table, and what an empty project shows. ``dropped``: paths to make a dataset of."""

    dropped = Signal(list)
    chosen = Signal()
    opened = Signal(object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._library = Library()
        space = session.themes.theme.space
        self.setAcceptDrops(True)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(space("m"))
        self.tools = QWidget()
        bar = QHBoxLayout(self.tools)
        bar.setContentsMargins(0, 0, 0, 0)
        bar.setSpacing(space("s"))
        self.search = SearchField(session, tr("Search datasets"))
        self.search.setMaximumWidth(session.themes.theme.px(320))
        self.search.textChanged.connect(self._filter)
        self.search.down.connect(self.focus_table)
        self.category, self.tag = QComboBox(), QComboBox()
        self.category.setAccessibleName(tr("Show datasets of this category"))
        self.tag.setAccessibleName(tr("Show datasets with this tag"))
        bar.addWidget(self.search, 1)
        for choice in (self.category, self.tag):
            choice.activated.connect(lambda _i: self._filter())
            bar.addWidget(choice)
        self.count = label("", "muted")
        bar.addWidget(self.count)
        bar.addStretch(1)
        self.buttons = bar
        box.addWidget(self.tools)
        self.stack = QStackedWidget()
        box.addWidget(self.stack, 1)
        self.table = Table(session.themes, tr("Datasets"), columns(), key=lambda e: e.name)
        strips = Strips(session, self.table.viewport())
        self.table.setItemDelegateForColumn(1, StripDelegate(session, strips, self.table))
        self.table.chosen.connect(self.chosen)
        self.table.opened.connect(self.opened)
        self.table.sort_by("created", descending=True)
        watch_width(
            self.table,
            self.table.rows.columns,
            ("created", "size", "chunks", "sound", "rate", "usable"),
            session.themes,
        )
        self.empty = EmptyState(
            session.themes,
            "database",
            tr("Start with the sound you want to play with"),
            tr(
                "A dataset is what a model learns from: recordings cut into pieces of equal length. Drop a folder of recordings here, "
                "or make a dataset and choose them. Your files are only read, never changed."
            ),
        )
        self.none = EmptyState(
            session.themes, "search", tr("No dataset matches"), tr("Try another word, or another tag.")
        )
        self.closed = EmptyState(
            session.themes,
            "folder-open",
            tr("No project is open"),
            tr("Datasets belong to a project. Create one or open one first; Home shows both."),
        )
        self.wait = label(tr("Loading…"), "muted")
        self.wait.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        for page in (self.wait, self.table, self.empty, self.none, self.closed):
            self.stack.addWidget(page)
        self.table.installEventFilter(self)
        self.tools.hide()
        self.veil = Veil(session, self)
        self.veil.hide()

    def add_buttons(self) -> None:
        """Buttons of the registered actions."""
        themes, actions = self._session.themes, self._session.actions
        for key, words_on_it in (
            ("resume", tr("Resume")),
            ("retry", tr("Try again")),
            ("pause", tr("Pause")),
            ("cancel", tr("Cancel")),
        ):
            button = ActionButton(themes, actions, f"datasets.{key}", text=words_on_it)
            self.buttons.addWidget(button)
            button.hide_when_idle()
        for key in ("datasets.open", "datasets.train"):
            self.buttons.addWidget(ActionButton(themes, actions, key))
        self.more = IconButton(themes, "ellipsis", tr("More actions"), variant="")
        self.more.clicked.connect(self._more)
        self.buttons.addWidget(self.more)
        for page, keys in (
            (self.empty, ("datasets.new", "datasets.adopt")),
            (self.closed, ()),
        ):
            row = QHBoxLayout()
            row.addStretch(1)
            for key in keys:
                row.addWidget(ActionButton(themes, actions, key, "primary" if key == "datasets.new" else ""))
            row.addStretch(1)
            page.box.insertLayout(page.box.count() - 1, row)

    def _more(self) -> None:
        menu = self.table.menu()
        if menu is not None:
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def show_library(self, library: Library, project: bool) -> None:
        """Show these rows; keeps the selection."""
        self._library = library
        self._offer(self.category, tr("All categories"), library.categories)
        self._offer(self.tag, tr("All tags"), library.tags)
        self.table.set_rows(library.entries)
        self.tools.setVisible(project and bool(library.entries))
        if not project:
            self.stack.setCurrentWidget(self.closed)
        elif not library.loaded:
            self.stack.setCurrentWidget(self.wait)
        elif not library.entries:
            self.stack.setCurrentWidget(self.empty)
        else:
            self._filter()

    @staticmethod
    def _offer(choice: QComboBox, every: str, words_in_use: list[str]) -> None:
        """Fill a filter; what was chosen stays chosen while it is there."""
        if [choice.itemData(i) for i in range(choice.count())] != ["", *words_in_use]:
            kept = choice.currentData()
            choice.clear()
            for word in ("", *words_in_use):
                choice.addItem(word or every, word)
            choice.setCurrentIndex(max(0, choice.findData(kept)))
        choice.setVisible(bool(words_in_use))

    def sort_menu(self, menu: QMenu) -> None:
        """Orders of the list, for those who do not press the heads of columns."""
        part = menu.addMenu(tr("Sort by"))
        rows = self.table.rows
        for column in rows.columns:
            action = part.addAction(column.title)
            action.setCheckable(True)
            action.setChecked(column.key == rows.sort_column)
            action.triggered.connect(lambda _on=False, key=column.key: self._sort(key))

    def _sort(self, key: str) -> None:
        rows = self.table.rows
        self.table.sort_by(key, descending=rows.sort_column == key and not rows.descending)

    def selected(self) -> Entry | None:
        """The chosen dataset."""
        found: Entry | None = self.table.one()
        return found

    def select(self, name: str) -> None:
        """Choose a dataset by its name."""
        self.table.select(name)

    def focus_table(self) -> None:
        """Focus on the list; its first row when none is chosen."""
        if not self.table.selected() and self.table.rows.rows:
            self.table.selectRow(0)
        self.table.setFocus()

    def _filter(self, *_: object) -> None:
        if not self._library.entries:
            return
        tag, category = self.tag.currentData() or "", self.category.currentData() or ""

        def wanted(entry: Entry) -> bool:
            return (not tag or tag in entry.tags) and (not category or entry.category == category)

        self.table.rows.set_filter(self.search.text(), wanted if tag or category else None)
        shown, every = len(self.table.rows.rows), len(self._library.entries)
        self.count.setText(trn("{n} of {all}", "{n} of {all}", shown, all=every) if shown != every else "")
        self.stack.setCurrentWidget(self.table if shown else self.none)

    # Dropping files

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        project = self._session.project is not None
        if project and any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()
            self._drag(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802 - Qt's name
        self._drag(False)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        self._drag(False)
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.dropped.emit(paths)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """A letter typed in the list searches."""
        if watched is self.table and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            text = event.text()
            plain = event.modifiers() in (
                Qt.KeyboardModifier.NoModifier,
                Qt.KeyboardModifier.ShiftModifier,
            )
            if plain and text.isprintable() and text.strip():
                self.search.setFocus()
                self.search.setText(text)
                return True
        return super().eventFilter(watched, event)

    def _drag(self, on: bool) -> None:
        self.veil.setVisible(on)


class Veil(QWidget):
    """Over the list while files are dragged over it: where they would go."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.resize(parent.size())
        self.raise_()

    def showEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        parent = self.parentWidget()
        if parent is not None:
            self.resize(parent.size())
        self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        theme = self._session.themes.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QColor(theme.colors.soft)
        ground.setAlpha(235)
        painter.setBrush(ground)
        painter.setPen(QPen(QColor(theme.colors.accent), 2, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(self.rect().adjusted(2, 2, -2, -2), RADIUS["large"], RADIUS["large"])
        painter.setPen(QColor(theme.colors.on_soft))
        font = painter.font()
        font.setPixelSize(theme.text("lead"))
        font.setBold(True)
        painter.setFont(font)
        painter.drawText(
            self.rect(), int(Qt.AlignmentFlag.AlignCenter), tr("Drop them to make a new dataset")
        )
        painter.end()
