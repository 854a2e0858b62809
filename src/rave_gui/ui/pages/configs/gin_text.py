"""A gin file as text: line numbers, syntax colours, marks where something is wrong, completion while it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QRect, QSize, QStringListModel, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextCursor,
)
from PySide6.QtWidgets import QCompleter, QPlainTextEdit, QTextEdit, QWidget

from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.configs.find_line import FindLine
from rave_gui.ui.pages.configs.highlight import GinHighlighter
from rave_gui.ui.theme import fonts
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.viewmodels.compose import suggest


class _Gutter(QWidget):
    """Line numbers; a line with a finding has its colour."""

    def __init__(self, text: GinText) -> None:
        super().__init__(text)
        self._text = text

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(self._text.gutter_width(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        self._text.paint_gutter(event)


class GinText(QPlainTextEdit):
    """``edited``: the user changed it."""

    edited = Signal()

    def __init__(self, themes: ThemeManager, name: str, *, writable: bool = False) -> None:
        super().__init__()
        self._themes = themes
        self._marks: dict[int, str] = {}
        self._tips: dict[int, str] = {}
        self._loading = False
        self.vocabulary: Mapping[str, Any] = {}
        self.names: Sequence[str] = ()
        self.setAccessibleName(name)
        self.setReadOnly(not writable)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTabChangesFocus(True)
        if not writable:
            flags = Qt.TextInteractionFlag
            self.setTextInteractionFlags(flags.TextSelectableByMouse | flags.TextSelectableByKeyboard)
        self._gutter = _Gutter(self)
        self._colours = GinHighlighter(themes, self.document())
        self.blockCountChanged.connect(self._make_room)
        self.updateRequest.connect(self._scrolled)
        self.textChanged.connect(self._changed)
        self._words = QStringListModel(self)
        self._completer = QCompleter(self._words, self)
        self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._completer.setWidget(self)
        self._completer.activated.connect(self._complete)
        self._start = 0
        self.search: FindLine | None = None
        """The search line, once it was asked for (Ctrl+F)."""
        themes.changed.connect(self._retheme)
        self._retheme()

    # Contents

    def set_text(self, text: str) -> None:
        """Show another text; does not count as edited."""
        self._loading = True
        self.setPlainText(text)
        self._loading = False
        self.set_marks({})

    def set_marks(self, marks: Mapping[int, tuple[str, str]]) -> None:
        """By line (from 1): severity and message."""
        self._marks = {line: severity for line, (severity, _text) in marks.items()}
        self._tips = {line: text for line, (_severity, text) in marks.items()}
        theme = self._themes.theme
        found = []
        for line, severity in self._marks.items():
            block = self.document().findBlockByNumber(line - 1)
            if not block.isValid():
                continue
            selection = QTextEdit.ExtraSelection()
            soft = theme.colors.danger_soft if severity == "error" else theme.colors.warning_soft
            selection.format.setBackground(QColor(soft))  # type: ignore[attr-defined]
            selection.format.setProperty(0x06000, True)  # type: ignore[attr-defined]  # FullWidthSelection
            selection.format.setToolTip(self._tips[line])  # type: ignore[attr-defined]
            selection.cursor = QTextCursor(block)  # type: ignore[attr-defined]
            found.append(selection)
        self.setExtraSelections(found)
        self._gutter.update()

    def go_to(self, line: int) -> None:
        """Bring a line into view, with the cursor in it."""
        block = self.document().findBlockByNumber(max(0, line - 1))
        if block.isValid():
            cursor = QTextCursor(block)
            self.setTextCursor(cursor)
            self.centerCursor()

    def _changed(self) -> None:
        if not self._loading:
            self.edited.emit()

    # Line numbers

    def gutter_width(self) -> int:
        """Room for the largest number."""
        digits = max(2, len(str(self.blockCount())))
        return QFontMetrics(self._font()).horizontalAdvance("9" * digits) + 2 * self._themes.theme.space("s")

    def paint_gutter(self, event: QPaintEvent) -> None:
        """Numbers of the lines that are seen."""
        theme = self._themes.theme
        painter = QPainter(self._gutter)
        painter.setFont(self._font())
        block = self.firstVisibleBlock()
        top = self.blockBoundingGeometry(block).translated(self.contentOffset()).top()
        pad = theme.space("s")
        while block.isValid() and top <= event.rect().bottom():
            height = self.blockBoundingRect(block).height()
            if block.isVisible() and top + height >= event.rect().top():
                number = block.blockNumber() + 1
                severity = self._marks.get(number)
                color = {"error": theme.colors.danger, "warning": theme.colors.warning}.get(
                    severity or "", theme.colors.muted
                )
                painter.setPen(QColor(color))
                text = f"● {number}" if severity else str(number)
                area = QRect(0, round(top), self._gutter.width() - pad, round(height))
                painter.drawText(area, int(Qt.AlignmentFlag.AlignRight), text)
            top += height
            block = block.next()
        painter.end()

    def _make_room(self, *_: object) -> None:
        extra = QFontMetrics(self._font()).horizontalAdvance("● ")
        self.setViewportMargins(self.gutter_width() + extra, 0, 0, 0)
        self._place()

    def _place(self) -> None:
        area = self.contentsRect()
        extra = QFontMetrics(self._font()).horizontalAdvance("● ")
        self._gutter.setGeometry(area.left(), area.top(), self.gutter_width() + extra, area.height())

    def _scrolled(self, area: QRect, by: int) -> None:
        if by:
            self._gutter.scroll(0, by)
        else:
            self._gutter.update(0, area.y(), self._gutter.width(), area.height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._place()
        if self.search is not None:
            self.search.place()

    # Search

    def find_text(self) -> None:
        """Show the search line."""
        if self.search is None:
            self.search = FindLine(self._themes, self)
        self.search.open()

    def event(self, event: QEvent) -> bool:
        """Ctrl+F and F3 are this text's own while it has the focus."""
        if event.type() == QEvent.Type.ShortcutOverride and self._finds(event):
            event.accept()
            return True
        return super().event(event)

    @staticmethod
    def _finds(event: QEvent) -> bool:
        return isinstance(event, QKeyEvent) and (
            event.matches(QKeySequence.StandardKey.Find) or event.matches(QKeySequence.StandardKey.FindNext)
        )

    def _font(self) -> Any:
        return fonts.mono_font(self._themes.theme, "body")

    def _retheme(self) -> None:
        font = self._font()
        families = ", ".join(f'"{family}"' for family in font.families())
        self.setStyleSheet(f"font-family: {families}; font-size: {font.pixelSize()}px;")
        self._make_room()

    # Completion

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        popup = self._completer.popup()
        if popup is not None and popup.isVisible() and event.key() in (
            Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab, Qt.Key.Key_Escape,
        ):  # fmt: skip
            event.ignore()  # the list takes it
            return
        if self._finds(event):
            if event.matches(QKeySequence.StandardKey.Find) or self.search is None:
                self.find_text()
            else:
                self.search.go()
            return
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        asked = control and event.key() == Qt.Key.Key_Space
        if not asked:
            super().keyPressEvent(event)
        if not self.isReadOnly() and (asked or (event.text().isprintable() and event.text() and not control)):
            self._offer(asked=asked)
        elif popup is not None and not event.text():
            return
        elif popup is not None:
            popup.hide()

    def _offer(self, *, asked: bool) -> None:
        cursor = self.textCursor()
        before = cursor.block().text()[: cursor.positionInBlock()]
        self._start, found = suggest(before, self.vocabulary, self.names, asked=asked)
        popup = self._completer.popup()
        if not found or (not asked and len(before) - self._start < 2):
            if popup is not None:
                popup.hide()
            return
        self._words.setStringList(found)
        area = self.cursorRect()
        area.setWidth(self._themes.theme.px(360))
        area.translate(self.viewportMargins().left(), 0)
        self._completer.complete(area)
        popup = self._completer.popup()
        if popup is not None:
            popup.setAccessibleName(tr("What it may become"))
            popup.setCurrentIndex(self._words.index(0, 0))

    def _complete(self, word: str) -> None:
        cursor = self.textCursor()
        cursor.setPosition(cursor.block().position() + self._start, QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(word)
        self.setTextCursor(cursor)
