"""A log that follows its end until the reader scrolls up."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QKeySequence, QTextCharFormat, QTextCursor, QTextDocument
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from rave_gui.ui.theme import fonts
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Button, clearable
from rave_gui.viewmodels.job import LOG_LINES, LogLine


class LogView(QWidget):
    """Lines with a follow switch, a search field (Ctrl+F) and a copy button."""

    def __init__(self, themes: ThemeManager, words: dict[str, str]) -> None:
        super().__init__()
        self._themes = themes
        self._shown: tuple[int, int] = (0, 0)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(themes.theme.space("s"))
        bar = QHBoxLayout()
        bar.setSpacing(themes.theme.space("s"))
        self.search = QLineEdit()
        self.search.setPlaceholderText(words["search"])
        self.search.setAccessibleName(words["search"])
        clearable(self.search)
        self.search.returnPressed.connect(self._find)
        self.follow = QCheckBox(words["follow"])
        self.follow.setChecked(True)
        self.follow.toggled.connect(self._toggled)
        self.copy = Button(themes, words["copy"], "copy", "quiet")
        self.copy.clicked.connect(self._copy)
        bar.addWidget(self.search, 1)
        bar.addWidget(self.follow)
        bar.addWidget(self.copy)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setMaximumBlockCount(LOG_LINES)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setUndoRedoEnabled(False)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName(words["name"])
        self.text.setPlaceholderText(words["empty"])
        self.text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.text.verticalScrollBar().actionTriggered.connect(self._scrolled)
        box.addLayout(bar)
        box.addWidget(self.text, 1)
        themes.changed.connect(self._retheme)
        self._retheme()

    def show_bar(self, on: bool) -> None:
        """Search, follow and copy can be left out where there is no room for them."""
        for part in (self.search, self.follow, self.copy):
            part.setVisible(on)

    def show_lines(self, lines: Sequence[LogLine], dropped: int) -> None:
        """Show ``lines``, of which ``dropped`` earlier ones are gone; only new ones are added when they continue."""
        before_dropped, before_total = self._shown
        total = dropped + len(lines)
        if total < before_total or dropped < before_dropped:
            self.text.clear()
            before_total = dropped
        new = lines[max(0, before_total - dropped) :]
        self._shown = (dropped, total)
        if not new:
            return
        bar = self.text.verticalScrollBar()
        kept = bar.value()
        cursor = QTextCursor(self.text.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.beginEditBlock()
        for line in new:
            if not self.text.document().isEmpty():
                cursor.insertBlock()
            cursor.insertText(line.text, self._format(line.level))
        cursor.endEditBlock()
        bar.setValue(bar.maximum() if self.follow.isChecked() else kept)

    def clear(self) -> None:
        """Forget everything shown."""
        self.text.clear()
        self._shown = (0, 0)

    def _format(self, level: str) -> QTextCharFormat:
        made = QTextCharFormat()
        c = self._themes.theme.colors
        made.setForeground(QColor({"warning": c.warning, "error": c.danger}.get(level, c.text)))
        return made

    def _retheme(self) -> None:
        font = fonts.mono_font(self._themes.theme)
        # The style sheet sets a family for everything; a sheet of its own wins over it.
        families = ", ".join(f'"{f}"' for f in font.families())
        self.text.setStyleSheet(f"font-family: {families}; font-size: {font.pixelSize()}px;")

    def _toggled(self, on: bool) -> None:
        if on:
            bar = self.text.verticalScrollBar()
            bar.setValue(bar.maximum())

    def _scrolled(self) -> None:
        bar = self.text.verticalScrollBar()
        at_end = bar.sliderPosition() >= bar.maximum()
        if self.follow.isChecked() != at_end:
            self.follow.setChecked(at_end)

    def _copy(self) -> None:
        if not self.text.textCursor().hasSelection():
            self.text.selectAll()
        self.text.copy()

    def _find(self) -> None:
        wanted = self.search.text()
        if not wanted:
            return
        self.follow.setChecked(False)
        if not self.text.find(wanted, QTextDocument.FindFlag.FindBackward):
            self.text.moveCursor(QTextCursor.MoveOperation.End)
            self.text.find(wanted, QTextDocument.FindFlag.FindBackward)


FIND = QKeySequence.StandardKey.Find
