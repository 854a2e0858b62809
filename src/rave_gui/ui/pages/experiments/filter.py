"""The filter line: a small language with completion, its errors in words, and what was used before."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QObject, QPoint, QStringListModel, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QCompleter, QHBoxLayout, QLineEdit, QMenu, QVBoxLayout, QWidget

from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import IconButton, clearable, label, repolish
from rave_gui.viewmodels.experiments import ExperimentsModel, completions, remember

WAIT_MS = 150
"""After the last key; a filter of ten thousand runs is not worked off for every letter."""
MEMORY = "experiments-filters"
LEAVING = (
    Qt.FocusReason.MouseFocusReason,
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.OtherFocusReason,
)
"""The user went on; the list of completions takes the focus for other reasons."""


class FilterLine(QWidget):
    """A line, what is wrong with it below, and a menu of earlier ones. ``wanted``: the text to filter by."""

    wanted = Signal(str)

    def __init__(self, session: Session, model: ExperimentsModel) -> None:
        super().__init__()
        self._session, self._model = session, model
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(session.themes.theme.space("xs"))
        row = QHBoxLayout()
        row.setSpacing(session.themes.theme.space("xs"))
        self.line = QLineEdit()
        self.line.setPlaceholderText(tr("Filter, for example: validation.best < 9 and tag:drums"))
        self.line.setAccessibleName(tr("Filter"))
        self.line.setAccessibleDescription(
            tr("Words, comparisons of any field, tag:NAME, starred, archived, running, failed, and, or, not")
        )
        clearable(self.line)
        self.history = IconButton(session.themes, "history", tr("Filters used before"))
        self.history.clicked.connect(self._earlier)
        row.addWidget(self.line, 1)
        row.addWidget(self.history)
        box.addLayout(row)
        self.problem = label("", "caption", wrap=True)
        self.problem.setProperty("tone", "danger")
        self.problem.hide()
        box.addWidget(self.problem)
        self._words = QStringListModel(self)
        self._completer = QCompleter(self._words, self)
        self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._completer.setWidget(self.line)
        self._completer.activated.connect(self._complete)
        self._start = 0
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(WAIT_MS)
        self._wait.timeout.connect(self.apply)
        self.line.textEdited.connect(self._edited)
        self.line.textChanged.connect(self._cleared)
        self.line.returnPressed.connect(self._enter)
        self.line.installEventFilter(self)

    @property
    def text(self) -> str:
        """What stands in it."""
        return self.line.text()

    def set_text(self, text: str) -> None:
        """Another filter, at once."""
        self.line.setText(text)
        self.apply()

    def apply(self) -> None:
        """Filter by what stands there."""
        self._wait.stop()
        self.wanted.emit(self.line.text())

    def show_problem(self) -> None:
        """Say what is wrong with the model's query, or nothing."""
        error = self._model.problem or self._model.note
        self.problem.setText(" ".join((error.message, error.hint)) if error is not None else "")
        self.problem.setVisible(error is not None)
        if self.line.property("bad") != (error is not None):
            self.line.setProperty("bad", error is not None)
            repolish(self.line)

    def earlier(self) -> list[str]:
        """Filters used before, newest first."""
        return list(self._session.memory.lists.get(MEMORY, []))

    def keep(self) -> None:
        """Remember a filter that was used."""
        if self._model.problem is None and self._model.query.strip():
            self._session.memory.lists[MEMORY] = remember(self.earlier(), self._model.query)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Down, or Ctrl+Space, offers what may come next."""
        if watched is self.line and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            if event.key() == Qt.Key.Key_Down or (event.key() == Qt.Key.Key_Space and control):
                self._offer(asked=True)
                return True
        if (
            watched is self.line
            and isinstance(event, QFocusEvent)
            and event.type() == QEvent.Type.FocusOut
            and event.reason() in LEAVING
        ):
            self.keep()
        return super().eventFilter(watched, event)

    def _edited(self, _text: str) -> None:
        self._wait.start()
        self._offer(asked=False)

    def _cleared(self, text: str) -> None:
        if not text:
            self.apply()

    def _enter(self) -> None:
        popup = self._completer.popup()
        if popup is not None and popup.isVisible() and popup.currentIndex().isValid():
            return  # Enter takes the word from the list
        self.apply()
        self.keep()

    def _offer(self, *, asked: bool) -> None:
        self._start, found = completions(
            self.line.text(), self.line.cursorPosition(), self._model.fields, self._model.words, asked=asked
        )
        popup = self._completer.popup()
        if not found:
            if popup is not None:
                popup.hide()
            return
        self._words.setStringList(found)
        area = self.line.rect()
        area.setWidth(min(area.width(), self._session.themes.theme.px(360)))
        self._completer.complete(area)

    def _complete(self, word: str) -> None:
        text, end = self.line.text(), self.line.cursorPosition()
        self.line.setText(text[: self._start] + word + text[end:])
        self.line.setCursorPosition(self._start + len(word))
        self._wait.start()

    def _earlier(self) -> None:
        self.menu().exec(self.history.mapToGlobal(QPoint(0, self.history.height())))

    def menu(self) -> QMenu:
        """Earlier filters, and examples as long as there are few."""
        menu = QMenu(self)
        used = self.earlier()
        for text in used:
            menu.addAction(text, partial(self.set_text, text))
        examples = [
            e for e in ("starred", "running", "failed", "archived", "validation.best < 10") if e not in used
        ]
        if used:
            menu.addSeparator()
        for text in examples:
            menu.addAction(text, partial(self.set_text, text))
        return menu
