"""Tables of a hundred thousand or a million rows: nothing is kept a row, and what is not there yet is shown as such."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QContextMenuEvent, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QStyle,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from rave_gui.ui.i18n import tr
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.cells import ROW, CellDelegate
from rave_gui.ui.widgets.table import Column

Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()
STRETCH = 220
"""Pixels at 100 % for a column that takes what is left."""


class LongModel(QAbstractTableModel):
    """``row(number)`` gives a row's object, or None while it is not known; ``count()`` how many there are."""

    def __init__(
        self, columns: Sequence[Column[Any]], count: Callable[[], int], row: Callable[[int], Any]
    ) -> None:
        super().__init__()
        self.columns = tuple(columns)
        self._count, self._row = count, row
        self._rows = 0
        self.sorted_by = ("", False)
        """What the header says the rows are sorted by: the column's key, and whether descending."""

    def grown(self) -> None:
        """Rows were added at the end."""
        now = self._count()
        if now > self._rows:
            self.beginInsertRows(ROOT, self._rows, now - 1)
            self._rows = now
            self.endInsertRows()

    def again(self) -> None:
        """Other rows, or another order."""
        self.beginResetModel()
        self._rows = self._count()
        self.endResetModel()

    def touched(self, first: int = 0, last: int | None = None) -> None:
        """Contents of rows changed."""
        if self._rows:
            end = min(self._rows - 1, self._rows - 1 if last is None else last)
            self.dataChanged.emit(self.index(first, 0), self.index(end, len(self.columns) - 1))

    def rowCount(self, parent: Index = ROOT) -> int:  # noqa: N802 - Qt's name
        return 0 if parent.isValid() else self._rows

    def columnCount(self, parent: Index = ROOT) -> int:  # noqa: N802 - Qt's name
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:  # noqa: N802 - Qt's name
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            key, descending = self.sorted_by
            return f"{column.title} {'↓' if descending else '↑'}" if key == column.key else column.title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role not in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.AccessibleTextRole,
            Qt.ItemDataRole.ToolTipRole,
            ROW,
        ):
            return None
        row, column = self._row(index.row()), self.columns[index.column()]
        if role == ROW:
            return row
        if row is None:
            return tr("Loading…") if role == Qt.ItemDataRole.AccessibleTextRole else None
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(row)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{column.title}: {column.text(row)}"
        return column.tip(row) if column.tip is not None else None


class _Delegate(CellDelegate):
    """A row that is not there yet is a pale bar."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one cell."""
        if index.data(ROW) is not None:
            super().paint(painter, option, index)
            return
        theme = self._themes.theme
        option.widget.style().drawPrimitive(
            QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, option.widget
        )
        pad = theme.space("m")
        width = max(8, min(option.rect.width() - 2 * pad, theme.px(56)))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.colors.hover))
        bar = QRectF(option.rect.left() + pad, option.rect.center().y() - theme.px(4), width, theme.px(8))
        painter.drawRoundedRect(bar, 4, 4)
        painter.restore()


class LongTable(QTableView):
    """A view of a :class:`LongModel`.

    ``sorted_by``: a header was pressed, with the column's key and whether descending; the owner brings the rows into order.
    ``chosen``: the selection changed. ``opened``: Enter or a double click, with the row's number. ``space``: the space bar.
    """

    sorted_by = Signal(str, bool)
    chosen = Signal()
    opened = Signal(int)
    space = Signal()

    def __init__(
        self,
        themes: ThemeManager,
        name: str,
        model: LongModel,
        *,
        many: bool = True,
        drop: Sequence[str] = (),
        unsortable: Sequence[str] = (),
    ) -> None:
        """``drop``: keys of columns that are hidden one after the other where there is no room; ``many``: several rows can be chosen."""
        super().__init__()
        self._themes, self.rows, self._drop = themes, model, tuple(drop)
        self._unsortable = frozenset(unsortable)
        self._sort, self._descending = "", False
        self._empty = ""
        self._off: set[str] = {column.key for column in model.columns if column.hidden}
        self._numbers: list[int] | None = None
        self.menu: Callable[[], QMenu | None] = lambda: None
        self.setModel(model)
        model.modelReset.connect(self._forget)
        self.setAccessibleName(name)
        self.setItemDelegate(_Delegate(themes, self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        mode = QAbstractItemView.SelectionMode
        self.setSelectionMode(mode.ExtendedSelection if many else mode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        # With the view's own selection, painting the head asks of every row whether it is chosen.
        header.setSelectionModel(QItemSelectionModel(model, header))
        header.setSectionsClickable(True)
        header.sectionClicked.connect(self._pressed)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._column_menu)
        self.selectionModel().selectionChanged.connect(self._selection_changed)
        self.doubleClicked.connect(lambda index: self.opened.emit(index.row()))
        themes.changed.connect(self._sizes)
        self._sizes()

    def say_empty(self, text: str) -> None:
        """What stands in the middle while there are no rows."""
        if text != self._empty:
            self._empty = text
            self.setAccessibleDescription(text)
            self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        super().paintEvent(event)
        if self._empty and not self.rows.rowCount():
            painter = QPainter(self.viewport())
            painter.setPen(QColor(self._themes.theme.colors.muted))
            painter.setFont(self.font())
            flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
            painter.drawText(self.viewport().rect().adjusted(24, 24, -24, -24), flags, self._empty)
            painter.end()

    def any_selected(self) -> bool:
        """Whether a row is chosen."""
        return self.selectionModel().hasSelection()

    def selected(self, most: int | None = None) -> Sequence[int]:
        """Numbers of the chosen rows, ascending; at most the first ``most`` of them."""
        if self._numbers is None:  # a question that every action asks after every change
            parts: Any = self.selectionModel().selection()  # a list of Qt's, though its stub does not say so
            ranges = sorted({(part.top(), part.bottom() + 1) for part in parts})
            if len(ranges) == 1 and most is not None:
                start, end = ranges[0]
                return list(range(start, min(end, start + most)))
            self._numbers = sorted({number for start, end in ranges for number in range(start, end)})
        return self._numbers[:most]

    def current(self) -> int:
        """Number of the row the keyboard is at, -1 when there is none."""
        return self.currentIndex().row()

    def choose(self, numbers: Sequence[int], current: int | None = None) -> None:
        """Select rows and bring the first (or ``current``) into view."""
        model, selection = self.selectionModel(), QItemSelection()
        last = len(self.rows.columns) - 1
        start = end = None
        for number in [*sorted(numbers), None]:
            if start is not None and number is not None and end is not None and number == end + 1:
                end = number
                continue
            if start is not None and end is not None:
                selection.select(self.rows.index(start, 0), self.rows.index(end, last))
            start = end = number
        place = current if current is not None else (min(numbers) if numbers else -1)
        flags = QItemSelectionModel.SelectionFlag
        if place >= 0:
            index = self.rows.index(place, self._first_column())
            model.setCurrentIndex(index, flags.NoUpdate)
            self.scrollTo(index)
        model.select(selection, flags.ClearAndSelect)

    def show_sort(self, key: str, descending: bool) -> None:
        """Show in the header what the rows are sorted by; an empty key shows nothing."""
        self._sort, self._descending = key, descending
        self.rows.sorted_by = (key, descending)
        self.rows.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self.rows.columns) - 1)

    def sort_key(self) -> tuple[str, bool]:
        """What the header shows: the column's key, and whether descending."""
        return self._sort, self._descending

    def sort_menu(self, menu: QMenu) -> None:
        """Orders of the rows, for those who do not press the heads of columns."""
        part = menu.addMenu(tr("Sort by"))
        for section, column in enumerate(self.rows.columns):
            if column.key in self._unsortable:
                continue
            action = part.addAction(column.title)
            action.setCheckable(True)
            action.setChecked(column.key == self._sort)
            action.triggered.connect(lambda _on=False, section=section: self._pressed(section))

    def _forget(self) -> None:
        """What is selected is found out anew when somebody asks."""
        self._numbers = None

    def _selection_changed(self) -> None:
        self._forget()
        self.chosen.emit()

    def _first_column(self) -> int:
        return next((i for i in range(len(self.rows.columns)) if not self.isColumnHidden(i)), 0)

    def _pressed(self, section: int) -> None:
        key = self.rows.columns[section].key
        if key in self._unsortable:
            return
        self.sorted_by.emit(key, not self._descending if key == self._sort else False)

    def _column_menu(self, where: Any) -> None:
        menu = QMenu(self)
        for i, column in enumerate(self.rows.columns):
            if not i:
                continue
            action = menu.addAction(column.title)
            action.setCheckable(True)
            action.setChecked(not self.isColumnHidden(i))
            action.toggled.connect(lambda on, key=column.key: self._switch(key, on))
        menu.exec(self.horizontalHeader().mapToGlobal(where))

    def _switch(self, key: str, on: bool) -> None:
        self._off = self._off - {key} if on else self._off | {key}
        self._fit()

    def _sizes(self) -> None:
        theme = self._themes.theme
        tall = any(c.note is not None for c in self.rows.columns)
        self.verticalHeader().setDefaultSectionSize(theme.px(52 if tall else 34))
        header = self.horizontalHeader()
        header.setMinimumSectionSize(theme.px(40))
        for i, column in enumerate(self.rows.columns):
            if column.width:
                header.setSectionResizeMode(i, QHeaderView.ResizeMode.Interactive)
                self.setColumnWidth(i, theme.px(column.width))
            else:
                header.setSectionResizeMode(i, QHeaderView.ResizeMode.Stretch)
        self._fit()

    def _fit(self) -> None:
        fit_columns(self, self.rows.columns, self._drop, self._off, self._themes)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.opened.emit(self.currentIndex().row())
            return
        if event.key() == Qt.Key.Key_Space and not event.modifiers():
            self.space.emit()
            return
        super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802 - Qt's name
        menu = self.menu()
        if menu is not None:
            menu.exec(event.globalPos())


def fit_columns(
    table: QTableView,
    columns: Sequence[Column[Any]],
    drop: Sequence[str],
    off: set[str],
    themes: ThemeManager,
) -> None:
    """Hide columns in the order of ``drop`` until the rest fits the view; columns in ``off`` are hidden in any case.

    A column without a width needs :data:`STRETCH` pixels at least.
    """
    theme = themes.theme
    room = table.viewport().width()
    widths = {c.key: theme.px(c.width or STRETCH) for c in columns if c.key not in off}
    gone = set(off)
    for key in drop:
        if sum(width for name, width in widths.items() if name not in gone) <= room:
            break
        gone.add(key)
    for i, column in enumerate(columns):
        if table.isColumnHidden(i) != (column.key in gone):
            table.setColumnHidden(i, column.key in gone)


def watch_width(
    table: QTableView, columns: Sequence[Column[Any]], drop: Sequence[str], themes: ThemeManager
) -> QWidget:
    """Keep :func:`fit_columns` in force for a table of another class; returns the object that does (its owner is the table)."""
    return _Watch(table, columns, drop, themes)


class _Watch(QWidget):
    def __init__(
        self, table: QTableView, columns: Sequence[Column[Any]], drop: Sequence[str], themes: ThemeManager
    ) -> None:
        super().__init__(table)
        self.hide()
        self._table, self._columns, self._drop, self._themes = table, columns, drop, themes
        self._off = {c.key for c in columns if c.hidden}
        table.viewport().installEventFilter(self)
        themes.changed.connect(self._fit)

    def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802 - Qt's name
        if event.type() == event.Type.Resize:
            self._fit()
        return bool(super().eventFilter(watched, event))

    def _fit(self) -> None:
        fit_columns(self._table, self._columns, self._drop, self._off, self._themes)


def size_hint_rows(themes: ThemeManager, rows: int) -> QSize:
    """Room for a header and so many rows."""
    return QSize(themes.theme.px(320), themes.theme.px(34) * (rows + 1))
