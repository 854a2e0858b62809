"""Lists of any length: columns declared once, sorted, searched, selected by key; only what is seen is painted."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QCursor,
    QDrag,
    QDropEvent,
    QKeyEvent,
    QPainter,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QTableView,
)

from rave_gui.ui.i18n import tr
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.cells import ROW, CellDelegate

T = TypeVar("T")
Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()
LEAST = 180
"""Width in pixels at 100 % that a column without a width of its own must have."""


@dataclass(frozen=True)
class Column(Generic[T]):
    """One column. Functions get a row's object."""

    key: str
    title: str
    text: Callable[[T], str]
    width: int = 0
    """Pixels at 100 %; 0 takes what is left."""
    sort: Callable[[T], Any] | None = None
    """What the column is sorted by; None: its text, without case."""
    right: bool = False
    """Figures stand on the right."""
    tone: Callable[[T], str] | None = None
    """Colour role of the text (success, warning, danger, accent, muted or empty)."""
    icon: Callable[[T], str] | None = None
    share: Callable[[T], float | None] | None = None
    """A bar under the text, 0 to 1; None draws none."""
    strong: bool = False
    tip: Callable[[T], str] | None = None
    note: Callable[[T], str] | None = None
    """A second, quieter line under the text (rows grow when a column has one)."""
    hidden: bool = False
    """Not shown until the user asks for it."""
    keep: bool = False
    """Stays however narrow the table is; of the others the last ones give way first. The first column always stays."""


class RowsModel(QAbstractTableModel, Generic[T]):
    """Rows behind a :class:`Table`: filtered and sorted here, since Qt's proxy takes seconds for long lists."""

    def __init__(self, columns: Sequence[Column[T]], key: Callable[[T], Hashable]) -> None:
        super().__init__()
        self.columns = tuple(columns)
        self.key = key
        self.all: list[T] = []
        self.rows: list[T] = []
        self.sort_column, self.descending = "", False
        self.may_move: Callable[[T], bool] = lambda _row: False
        """Whether a row can be dragged to another place (see ``Table.moved``)."""
        self._query = ""
        self._accept: Callable[[T], bool] | None = None

    def set_rows(self, rows: Sequence[T]) -> None:
        """Take a fresh list; where the same things stay in the same order, only their contents are told as changed."""
        self.all = list(rows)
        self._arrange()

    def set_filter(self, query: str, accept: Callable[[T], bool] | None = None) -> None:
        """Show only rows that have every word of ``query`` in some column, and that ``accept`` takes."""
        self._query, self._accept = query.casefold().strip(), accept
        self._arrange()

    def set_sort(self, column: str, descending: bool = False) -> None:
        """Sort by a column; an empty key keeps the order of the rows as they came."""
        self.sort_column, self.descending = column, descending
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self.columns) - 1)
        self._arrange()

    def index_of(self, key: Hashable) -> int:
        """Row number of a thing as shown now, -1 when it is not."""
        return next((i for i, row in enumerate(self.rows) if self.key(row) == key), -1)

    def _arrange(self) -> None:
        rows = [row for row in self.all if self._shown(row)]
        column = next((c for c in self.columns if c.key == self.sort_column), None)
        if column is not None:
            by = column.sort or (lambda row: column.text(row).casefold())
            # Rows without a value come last, whichever way the others are sorted.
            known = [row for row in rows if by(row) is not None]
            rows = sorted(known, key=by, reverse=self.descending) + [row for row in rows if by(row) is None]
        same = len(rows) == len(self.rows) and all(
            a is b or self.key(a) == self.key(b) for a, b in zip(rows, self.rows, strict=True)
        )
        if same:
            changed = [
                i for i, (a, b) in enumerate(zip(rows, self.rows, strict=True)) if a is not b and a != b
            ]
            self.rows = rows
            if changed:
                self.dataChanged.emit(
                    self.index(changed[0], 0), self.index(changed[-1], len(self.columns) - 1)
                )
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def _shown(self, row: T) -> bool:
        if self._accept is not None and not self._accept(row):
            return False
        if not self._query:
            return True
        text = "\n".join(c.text(row) for c in self.columns).casefold()
        return all(word in text for word in self._query.split())

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Rows that may move can be dragged; the gaps between rows take them."""
        found = super().flags(index)
        if not index.isValid():
            return found | Qt.ItemFlag.ItemIsDropEnabled
        return found | Qt.ItemFlag.ItemIsDragEnabled if self.may_move(self.rows[index.row()]) else found

    def supportedDropActions(self) -> Qt.DropAction:  # noqa: N802 - Qt's name
        """Rows are moved; a view that only moves within itself refuses Qt's default, a copy."""
        return Qt.DropAction.MoveAction

    def rowCount(self, parent: Index = ROOT) -> int:  # noqa: N802 - Qt's name
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = ROOT) -> int:  # noqa: N802 - Qt's name
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:  # noqa: N802 - Qt's name
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            if column.key != self.sort_column or not column.title:
                return column.title
            return f"{column.title} {'↓' if self.descending else '↑'}"  # Qt's arrow lies over text that stands on the right
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self.rows[index.row()], self.columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(row)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{column.title}: {column.text(row)}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.tip(row) if column.tip is not None else None
        if role == ROW:
            return row
        return None


class Table(QTableView):
    """A table over :class:`RowsModel`.

    ``chosen``: the selection changed; ``opened``: Enter or a double click, with the row; ``emptied``: whether no row is shown.
    """

    chosen = Signal()
    opened = Signal(object)
    moved = Signal(object, object)
    """A row was dragged in front of another one (None: to the end)."""

    def __init__(
        self,
        themes: ThemeManager,
        name: str,
        columns: Sequence[Column[Any]],
        key: Callable[[Any], Hashable],
        *,
        many: bool = False,
    ) -> None:
        """``name`` is the accessible name; ``many`` allows more than one selected row."""
        super().__init__()
        self._themes = themes
        self.rows: RowsModel[Any] = RowsModel(columns, key)
        self._kept: list[Hashable] = []
        self._current: Hashable | None = None
        self.menu: Callable[[], QMenu | None] = lambda: None
        """Makes the context menu of the selection."""
        self.setModel(self.rows)
        self.setAccessibleName(name)
        self.setItemDelegate(CellDelegate(themes, self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        mode = QAbstractItemView.SelectionMode
        self.setSelectionMode(mode.ExtendedSelection if many else mode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        # With the view's own selection, painting the head asks of every row whether it is chosen.
        header.setSelectionModel(QItemSelectionModel(self.rows, header))
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(False)
        header.sectionClicked.connect(self._sort_by)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._column_menu)
        self.rows.modelAboutToBeReset.connect(self._keep)
        self.rows.modelReset.connect(self._restore)
        self.selectionModel().selectionChanged.connect(lambda *_: self.chosen.emit())
        self.doubleClicked.connect(lambda index: self.opened.emit(index.data(ROW)))
        self.dense = False
        """Rows of one line, without notes: where there is little height."""
        self._off = {column.key for column in self.rows.columns if column.hidden}
        """Keys of columns the user does not want."""
        self._show_columns()
        themes.changed.connect(self._sizes)
        self._sizes()

    # What the page asks

    def set_rows(self, rows: Sequence[Any]) -> None:
        """Show these; the selection stays on the same things."""
        self.rows.set_rows(rows)

    def selected(self) -> list[Any]:
        """Objects of the selected rows, in the order shown."""
        return [
            self.rows.rows[i] for i in sorted({index.row() for index in self.selectionModel().selectedRows()})
        ]

    def one(self) -> Any | None:
        """The selected object when exactly one is."""
        found = self.selected()
        return found[0] if len(found) == 1 else None

    def select(self, key: Hashable) -> bool:
        """Select a thing and bring it into view; False when it is not shown."""
        row = self.rows.index_of(key)
        if row < 0:
            self._kept, self._current = [key], key
            return False
        # Not selectRow(): with Ctrl held (a shortcut that brought us here) that one adds to what is selected.
        index, flags = self.rows.index(row, 0), QItemSelectionModel.SelectionFlag
        self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.scrollTo(self.rows.index(row, 0))
        return True

    def sort_by(self, column: str, descending: bool = False) -> None:
        """Sort and show it in the header."""
        self.rows.set_sort(column, descending)

    def want(self, key: str, on: bool) -> None:
        """Show a column, as far as there is room, or leave it out."""
        self._off = self._off - {key} if on else self._off | {key}
        self._show_columns()

    # Behind it

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._show_columns()

    def _show_columns(self) -> None:
        """Columns with a width of their own give way, the last ones first, when those without would get too little."""
        theme = self._themes.theme
        wanted = [(i, c) for i, c in enumerate(self.rows.columns) if c.key not in self._off]
        least = sum(theme.px(LEAST) for _i, c in wanted if not c.width)
        room = self.viewport().width() - least - sum(theme.px(c.width) for _i, c in wanted if c.width)
        shown = {i for i, _c in wanted}
        for i, column in reversed(wanted):
            if room >= 0:
                break
            if column.width and i > 0 and not column.keep:
                shown.discard(i)
                room += theme.px(column.width)
        for i in range(len(self.rows.columns)):
            self.setColumnHidden(i, i not in shown)

    def _sort_by(self, section: int) -> None:
        column = self.rows.columns[section].key
        again = self.rows.sort_column == column
        self.sort_by(column, descending=not self.rows.descending if again else False)

    def _column_menu(self, where: Any) -> None:
        menu = QMenu(self)
        for i, column in enumerate(self.rows.columns):
            if i == 0:
                continue
            action = menu.addAction(column.title or tr("Column {n}", n=i + 1))
            action.setCheckable(True)
            action.setChecked(column.key not in self._off)
            action.toggled.connect(lambda on, key=column.key: self.want(key, on))
        menu.exec(self.horizontalHeader().mapToGlobal(where))

    def let_move(self, may: Callable[[Any], bool]) -> None:
        """Rows that ``may`` says yes to can be dragged to another place; :attr:`moved` tells where."""
        self.rows.may_move = may
        self.setDragEnabled(True)
        self.setAcceptDrops(True)
        self.setDropIndicatorShown(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDragDropOverwriteMode(False)

    def startDrag(self, actions: Qt.DropAction) -> None:  # noqa: N802 - Qt's name
        """The row follows the pointer as a veil through which the place where it would fall is seen."""
        row = self.one()
        if row is None or not self.rows.may_move(row):
            return
        number = self.rows.index_of(self.rows.key(row))
        place = self.visualRect(self.rows.index(number, 0)) | self.visualRect(
            self.rows.index(number, len(self.rows.columns) - 1)
        )
        picture = self.viewport().grab(place)
        veil = QPixmap(picture.size())
        veil.setDevicePixelRatio(picture.devicePixelRatio())
        veil.fill(Qt.GlobalColor.transparent)
        painter = QPainter(veil)
        painter.setOpacity(0.55)
        painter.drawPixmap(0, 0, picture)
        painter.end()
        drag = QDrag(self)
        drag.setMimeData(self.rows.mimeData([self.rows.index(number, 0)]))
        drag.setPixmap(veil)
        drag.setHotSpot(self.viewport().mapFromGlobal(QCursor.pos()) - place.topLeft())
        drag.exec(actions, Qt.DropAction.MoveAction)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        row = self.one()
        place = self.indexAt(event.position().toPoint())
        event.setDropAction(
            Qt.DropAction.IgnoreAction
        )  # the owner moves it; the rows come back in their new order
        event.accept()
        if row is None or not self.rows.may_move(row):
            return
        target: Any = None
        if place.isValid():
            number = place.row()
            if self.dropIndicatorPosition() == QAbstractItemView.DropIndicatorPosition.BelowItem:
                number += 1
            target = self.rows.rows[number] if number < len(self.rows.rows) else None
        if target is not row:
            self.moved.emit(row, target)

    def set_dense(self, dense: bool) -> None:
        """Leave out the notes, so that more rows fit."""
        if dense != self.dense:
            self.dense = dense
            self._sizes()
            self.viewport().update()

    def height_of(self, rows: int, dense: bool) -> int:
        """Pixels that the head and so many rows need."""
        frame = 2 * (self.frameWidth() + 1)
        return self.horizontalHeader().sizeHint().height() + rows * self._row_height(dense) + frame

    def _row_height(self, dense: bool) -> int:
        tall = any(c.note is not None or c.share is not None for c in self.rows.columns)
        return self._themes.theme.px(36 if dense else 52 if tall else 38)

    def _keep(self) -> None:
        chosen = [self.rows.key(row) for row in self.selected()]
        if chosen:
            self._kept = chosen
        index = self.currentIndex()
        if index.isValid() and index.row() < len(self.rows.rows):
            self._current = self.rows.key(self.rows.rows[index.row()])

    def _restore(self) -> None:
        model = self.selectionModel()
        places = {self.rows.key(row): i for i, row in enumerate(self.rows.rows)}
        flags = QItemSelectionModel.SelectionFlag
        if self._current in places:
            self.setCurrentIndex(self.rows.index(places[self._current], 0))
            model.clearSelection()
        for key in self._kept:
            if key in places:
                model.select(self.rows.index(places[key], 0), flags.Select | flags.Rows)
        self.chosen.emit()

    def _sizes(self) -> None:
        theme = self._themes.theme
        self.verticalHeader().setDefaultSectionSize(self._row_height(self.dense))
        header = self.horizontalHeader()
        header.setMinimumSectionSize(theme.px(48))
        for i, column in enumerate(self.rows.columns):
            if column.width:
                header.setSectionResizeMode(i, QHeaderView.ResizeMode.Interactive)
                self.setColumnWidth(i, theme.px(column.width))
            else:
                header.setSectionResizeMode(i, QHeaderView.ResizeMode.Stretch)
        self._show_columns()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.opened.emit(self.currentIndex().data(ROW))
            return
        super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802 - Qt's name
        menu = self.menu()
        if menu is not None:
            menu.exec(event.globalPos())
