"""A small search line over a text: Ctrl+F shows it, Enter goes on to the next place, Escape puts it away."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QTextCursor, QTextDocument
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPlainTextEdit

from rave_gui.ui.i18n import tr
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import IconButton, label

WIDTH = 180
MARGIN = 8


class FindLine(QFrame):
    """In the upper right corner of ``text``, above it; hidden until :meth:`open` is called."""

    def __init__(self, themes: ThemeManager, text: QPlainTextEdit) -> None:
        super().__init__(text)
        self.hide()
        self.setObjectName("card")
        self._themes, self._text = themes, text
        row = QHBoxLayout(self)
        space = themes.theme.space("s")
        row.setContentsMargins(space, space, space, space)
        row.setSpacing(space)
        self.line = QLineEdit()
        self.line.setPlaceholderText(tr("Search the text"))
        self.line.setAccessibleName(tr("Search the text"))
        self.line.setMinimumWidth(themes.theme.px(WIDTH))
        self.line.textChanged.connect(self._typed)
        self.count = label("", "caption")
        self.count.setMinimumWidth(themes.theme.px(48))
        self.close_button = IconButton(themes, "x", tr("Put the search away (Esc)"))
        self.close_button.clicked.connect(self.leave)
        for part in (self.line, self.count, self.close_button):
            row.addWidget(part)

    def open(self) -> None:
        """Show it, with what is chosen in the text as the word to look for."""
        chosen = self._text.textCursor().selectedText()
        if chosen and "\u2029" not in chosen:
            self.line.setText(chosen)
        self.show()
        self.raise_()
        self.place()
        self.line.selectAll()
        self.line.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._say()

    def leave(self) -> None:
        """Back to the text, where the last place stays chosen."""
        self.hide()
        self._text.setFocus(Qt.FocusReason.OtherFocusReason)

    def place(self) -> None:
        """Stay in the corner."""
        if self.isHidden():
            return
        self.adjustSize()
        area = self._text.viewport().geometry()
        margin = self._themes.theme.px(MARGIN)
        self.move(max(area.left(), area.right() - self.width() - margin), area.top() + margin)

    def go(self, *, back: bool = False) -> None:
        """To the next place (or the one before), from the end on to the beginning."""
        wanted = self.line.text()
        if not wanted:
            return
        flags = QTextDocument.FindFlag.FindBackward if back else QTextDocument.FindFlag(0)
        if not self._text.find(wanted, flags):
            self._text.moveCursor(QTextCursor.MoveOperation.End if back else QTextCursor.MoveOperation.Start)
            self._text.find(wanted, flags)
        self._text.centerCursor()  # not below this line
        self._say()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Enter, Shift+Enter and Escape."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F3):
            self.go(back=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        elif event.key() == Qt.Key.Key_Escape:
            self.leave()
        else:
            super().keyPressEvent(event)
            event.accept()  # nothing of it is meant for the text below

    def _typed(self) -> None:
        cursor = self._text.textCursor()
        cursor.setPosition(cursor.selectionStart())  # a longer word may begin where the shorter one did
        self._text.setTextCursor(cursor)
        self.go()
        self._say()

    def _say(self) -> None:
        """Which of how many places."""
        wanted = self.line.text().casefold()
        if not wanted:
            self.count.setText("")
            return
        text = self._text.toPlainText().casefold()
        cursor = self._text.textCursor()
        total = text.count(wanted)
        here = text.count(wanted, 0, cursor.selectionEnd()) if cursor.hasSelection() else 0
        self.count.setText(tr("{n} of {total}", n=here, total=total) if total else tr("Not found"))
        self.place()
