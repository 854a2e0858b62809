"""The command palette: everything that can be done, and everything that has a name, found by typing."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from rave_gui.errors import UserError
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.actions import native_keys
from rave_gui.ui.theme import fonts, icons
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import IconLabel, label
from rave_gui.viewmodels.palette import Entry, rank

if TYPE_CHECKING:
    from rave_gui.ui.shell.session import Session

Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()
WIDTH, ROWS = 620, 10


class Entries(QAbstractListModel):
    """Adapter of a ranked list."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows: list[Entry] = []

    def show(self, rows: list[Entry]) -> None:
        """Show these."""
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: Index = ROOT) -> int:  # noqa: N802 - Qt's name
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        entry = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            parts = (entry.text, entry.group, native_keys(entry.keys), "" if entry.enabled else tr("not now"))
            return ", ".join(part for part in parts if part)
        return entry if role == Qt.ItemDataRole.UserRole else None


class EntryDelegate(QStyledItemDelegate):
    """Icon, words, what it is, and its keys."""

    def __init__(self, themes: ThemeManager, parent: QWidget) -> None:
        super().__init__(parent)
        self._themes = themes

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802 - Qt's name
        """One line with room around it."""
        theme = self._themes.theme
        return QSize(100, theme.text("body") + theme.space("l") + theme.space("xs"))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one entry."""
        entry: Entry = index.data(Qt.ItemDataRole.UserRole)
        theme = self._themes.theme
        c = theme.colors
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        box = option.rect.adjusted(theme.space("xs"), 1, -theme.space("xs"), -1)
        if chosen:
            painter.setPen(QColor(c.accent) if theme.name == "high-contrast" else Qt.PenStyle.NoPen)
            painter.setBrush(QColor(c.soft))
            painter.drawRoundedRect(box, 6, 6)
        box = box.adjusted(theme.space("s"), 0, -theme.space("s"), 0)
        size = theme.px(16)
        shade = c.on_soft if chosen else c.muted
        if entry.icon:
            picture = icons.pixmap(entry.icon, shade, size, option.widget.devicePixelRatioF())
            painter.drawPixmap(box.left(), box.center().y() - size // 2 + 1, picture)
        box.setLeft(box.left() + size + theme.space("m"))
        small = fonts.text_font(theme, "caption")
        painter.setFont(small)
        painter.setPen(QColor(shade))
        right = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
        keys = native_keys(entry.keys)
        if keys:
            width = QFontMetrics(small).horizontalAdvance(keys)
            painter.drawText(box, right, keys)
            box.setRight(box.right() - width - theme.space("m"))
        group = "" if entry.enabled else tr("not now")
        group = group or entry.group
        if group:
            width = QFontMetrics(small).horizontalAdvance(group)
            painter.drawText(QRect(box), right, group)
            box.setRight(box.right() - width - theme.space("m"))
        font = fonts.text_font(theme, "body", QFont.Weight.Medium if chosen else QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(QColor(c.disabled if not entry.enabled else c.on_soft if chosen else c.text))
        text = QFontMetrics(font).elidedText(entry.text, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), text)
        painter.restore()


class Palette(QDialog):
    """Type, choose with the arrows, Enter; Escape or a click elsewhere closes it."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.window, Qt.WindowType.Dialog | Qt.WindowType.FramelessWindowHint)
        self._session = session
        theme = session.themes.theme
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setStyleSheet("QDialog { background: transparent; }")
        self.setAccessibleName(tr("Search everything"))
        self.setWindowTitle(tr("Search everything"))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        frame = QFrame()
        frame.setObjectName("palette")
        outer.addWidget(frame)
        box = QVBoxLayout(frame)
        box.setContentsMargins(theme.space("s"), theme.space("s"), theme.space("s"), theme.space("s"))
        box.setSpacing(theme.space("xs"))
        line = QHBoxLayout()
        line.setContentsMargins(theme.space("m"), 0, theme.space("s"), 0)
        line.setSpacing(theme.space("m"))
        line.addWidget(IconLabel(session.themes, "search", "muted", 18))
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("What would you like to do, or to find?"))
        self.search.setAccessibleName(tr("Search everything"))
        line.addWidget(self.search, 1)
        box.addLayout(line)
        rule = QFrame()
        rule.setObjectName("rule")
        box.addWidget(rule)
        self.list = QListView()
        self.list.setAccessibleName(tr("What was found"))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setMouseTracking(True)
        self.model = Entries(self)
        self.list.setModel(self.model)
        delegate = EntryDelegate(session.themes, self.list)
        self.list.setItemDelegate(delegate)
        self.list.clicked.connect(lambda index: self._run(index.data(Qt.ItemDataRole.UserRole)))
        self.list.entered.connect(self.list.setCurrentIndex)
        box.addWidget(self.list, 1)
        self.nothing = label(tr("Nothing has such a name."), "muted")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.hide()
        box.addWidget(self.nothing, 1)
        hint = label(tr("↑ ↓ to choose   ·   Enter to do it   ·   Esc to close"), "caption")
        hint.setContentsMargins(theme.space("m"), theme.space("xs"), 0, 0)
        box.addWidget(hint)
        self._row = theme.text("body") + theme.space("l") + theme.space("xs")
        self.entries = [*_actions(session), *_projects(session), *_settings(session)]
        self.search.textChanged.connect(lambda _text: self._find())
        self.search.installEventFilter(self)
        self._find()
        self._look_for_things()

    def show_it(self) -> None:
        """Open over the upper part of the window."""
        window = self._session.window
        assert window is not None
        theme = self._session.themes.theme
        width = min(theme.px(WIDTH), window.width() - 2 * theme.space("xl"))
        height = min(self._row * ROWS + theme.px(110), window.height() - 2 * theme.space("xxl"))
        corner = window.mapToGlobal(window.rect().topLeft())
        self.setGeometry(
            corner.x() + (window.width() - width) // 2, corner.y() + window.height() // 9, width, height
        )
        self.show()
        self.search.setFocus()

    def eventFilter(self, watched: Any, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Arrows and Enter work the list while the words are typed."""
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            moves = {
                Qt.Key.Key_Down: 1,
                Qt.Key.Key_Up: -1,
                Qt.Key.Key_PageDown: ROWS - 1,
                Qt.Key.Key_PageUp: 1 - ROWS,
            }
            key = Qt.Key(event.key())
            if key in moves:
                self._move(moves[key])
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._run(self.list.currentIndex().data(Qt.ItemDataRole.UserRole))
                return True
            if key == Qt.Key.Key_Tab:
                return True
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isVisible() and not self.isActiveWindow():
            self.reject()

    def _move(self, by: int) -> None:
        count = len(self.model.rows)
        if count:
            now = self.list.currentIndex().row()
            row = (now + by) % count if abs(by) == 1 else min(max(now + by, 0), count - 1)
            self.list.setCurrentIndex(self.model.index(row))

    def _find(self) -> None:
        found = rank(self.entries, self.search.text(), self._session.memory.used)
        self.model.show(found)
        self.list.setVisible(bool(found))
        self.nothing.setVisible(not found)
        if found:
            self.list.setCurrentIndex(self.model.index(0))

    def _run(self, entry: Entry | None) -> None:
        if entry is None or not entry.enabled:
            return
        self.accept()
        entry.run()
        self._session.memory.use_action(entry.key)

    def _look_for_things(self) -> None:
        """Datasets, runs and exports of the project, read in a thread."""
        project = self._session.project
        if project is None:
            return

        def read() -> list[tuple[str, str]]:
            kinds: tuple[Any, ...] = ("dataset", "run", "export")
            return [(kind, record.name) for kind in kinds for record in project.items(kind)]

        def show(found: list[tuple[str, str]]) -> None:
            if not self.isVisible():
                return
            self.entries += [_thing(self._session, kind, name) for kind, name in found]
            if self.search.text():
                self._find()

        self._things = self._session.call(read, show, self._not_read)

    def _not_read(self, error: Exception) -> None:
        if not isinstance(error, (UserError, OSError)):
            raise error

    def done(self, result: int) -> None:
        """Close; what is still being read is of no use any more."""
        task = getattr(self, "_things", None)
        if task is not None:
            task.cancel()
        super().done(result)


def _actions(session: Session) -> list[Entry]:
    registry = session.actions
    return [
        Entry(
            action.key,
            action.label,
            functools.partial(registry.trigger, action.key),
            action.group,
            action.icon,
            action.shortcut,
            action.enabled(),
            action.tip,
        )
        for action in registry.all()
        if not action.hidden
    ]


def _projects(session: Session) -> list[Entry]:
    here = str(session.project.path) if session.project is not None else ""
    return [
        Entry(
            f"project:{path}",
            Path(path).name,
            functools.partial(session.use_project, Path(path)),
            tr("Project"),
            "folder",
            more=path,
        )
        for path in session.memory.recent
        if path != here
    ]


def _settings(session: Session) -> list[Entry]:
    def show(key: str) -> None:
        from rave_gui.ui.dialogs.settings import SettingsDialog

        dialog = SettingsDialog(session)
        dialog.show_it()
        dialog.show_setting(key)

    return [
        Entry(
            f"setting:{setting.key}",
            tr(setting.label),
            functools.partial(show, setting.key),
            tr("Setting"),
            "sliders-horizontal",
            more=tr(setting.help),
        )
        for setting in session.settings.schema.values()
    ]


def _thing(session: Session, kind: str, name: str) -> Entry:
    page, icon, word = {
        "dataset": ("datasets", "database", tr("Dataset")),
        "run": ("training", "activity", tr("Run")),
        "export": ("export", "package", tr("Export")),
    }[kind]
    return Entry(f"{kind}:{name}", name, functools.partial(session.go, page, **{kind: name}), word, icon)
