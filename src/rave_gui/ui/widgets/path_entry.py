"""A line for paths: typed with completion, or pasted, several at once, too."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QModelIndex, QObject, QStringListModel, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QCompleter, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from rave_gui.ui.bridge import Task
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Button, label, repolish
from rave_gui.viewmodels import typed_paths

OFFER_MS = 120


class PathCompleter(QObject):
    """Offers how the path in a line may go on; the disk is read in a thread. ``taken``: the user took one."""

    taken = Signal()

    def __init__(self, session: Session, line: QLineEdit, *, files: bool) -> None:
        super().__init__(line)
        self._session, self._line, self._files = session, line, files
        self._task: Task | None = None
        self._words = QStringListModel(self)
        self._completer = QCompleter(self._words, self)
        self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._completer.setWidget(line)
        self._completer.activated.connect(self._take)
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(OFFER_MS)
        self._wait.timeout.connect(self.offer)
        line.textEdited.connect(lambda _text: self._wait.start())
        line.installEventFilter(self)
        self.popup.installEventFilter(self)

    @property
    def popup(self) -> QAbstractItemView:
        """The list of what is offered."""
        popup = self._completer.popup()
        assert popup is not None
        return popup

    @property
    def choosing(self) -> bool:
        """Whether Enter would take a word of the list."""
        return self.popup.isVisible() and self.popup.currentIndex().isValid()

    def offer(self) -> None:
        """Show the list, or take it away."""
        text = self._line.text()
        if self._task is not None:
            self._task.cancel()
        self._task = self._session.call(
            lambda: typed_paths.completions(text, files=self._files),
            lambda found: self._offered(text, found),
        )

    def hide(self) -> None:
        """No list any more."""
        self._wait.stop()
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self.popup.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Down, or Ctrl+Space, offers at once; Escape takes the list away and nothing else."""
        if (
            isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
            and event.type() in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress)
            and self.popup.isVisible()
        ):
            event.accept()
            if event.type() == QEvent.Type.KeyPress:
                self.hide()
            return True
        if watched is not self._line:
            return super().eventFilter(watched, event)
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            if event.key() == Qt.Key.Key_Down or (event.key() == Qt.Key.Key_Space and control):
                self.offer()
                return True
        if event.type() == QEvent.Type.Hide:
            self.hide()
        return super().eventFilter(watched, event)

    def _offered(self, text: str, found: list[str]) -> None:
        self._task = None
        if text != self._line.text() or not self._line.hasFocus() or found in ([], [text]):
            self.popup.hide()
            return
        self._words.setStringList(found)
        self._completer.complete(self._line.rect())
        # Qt makes the first word the current one without showing it as chosen: Enter would take it, whatever was typed.
        self.popup.setCurrentIndex(QModelIndex())

    def _take(self, text: str) -> None:
        self._line.setText(text)
        self.taken.emit()
        if typed_paths.is_folder(text):
            self._wait.start()


class PathEntry(QWidget):
    """``added`` carries the paths that were typed and are there; what is not there stays in the line, and is said."""

    added = Signal(list)

    def __init__(self, session: Session, name: str, placeholder: str) -> None:
        super().__init__()
        self._session = session
        themes = session.themes
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(themes.theme.space("xs"))
        row = QHBoxLayout()
        row.setSpacing(themes.theme.space("s"))
        caption = label(name, "strong")
        self.line = QLineEdit()
        self.line.setPlaceholderText(placeholder)
        self.line.setAccessibleName(name)
        self._help = tr(
            "Enter adds it. The arrow down offers the folders there. Several lines can be pasted."
        )
        self.line.setAccessibleDescription(self._help)
        self.line.setToolTip(self._help)
        # Files that are dropped are for the place around it.
        self.line.setAcceptDrops(False)
        caption.setBuddy(self.line)
        self.button = Button(themes, tr("Add"), "plus", tip=tr("Add what is typed there (Enter)"))
        self.button.clicked.connect(self.add)
        row.addWidget(caption)
        row.addWidget(self.line, 1)
        row.addWidget(self.button)
        box.addLayout(row)
        self.problem = label("", "caption", wrap=True)
        self.problem.setProperty("tone", "danger")
        self.problem.hide()
        box.addWidget(self.problem)
        self.completer = PathCompleter(session, self.line, files=True)
        self.line.textEdited.connect(self._edited)
        self.line.textChanged.connect(lambda text: self.button.setEnabled(bool(text.strip())))
        self.line.returnPressed.connect(self._enter)
        self.button.setEnabled(False)
        self.setFocusProxy(self.line)

    def add(self) -> None:
        """Take what is typed."""
        self.completer.hide()
        text = self.line.text()
        if text.strip():
            self._session.call(lambda: typed_paths.look(text), lambda found: self._looked(text, *found))

    def _edited(self, text: str) -> None:
        self._say("")
        if len(text.splitlines()) > 1:
            self.add()

    def _enter(self) -> None:
        if not self.completer.choosing:  # Enter takes the word from the list
            self.add()

    def _looked(self, text: str, there: list[Path], wrong: list[str]) -> None:
        if self.line.text() == text:
            self.line.setText("\n".join(wrong))
        if len(wrong) > 1:
            self._say(
                trn(
                    "{n} path does not exist: {paths}.",
                    "{n} paths do not exist: {paths}.",
                    len(wrong),
                    paths=", ".join(wrong),
                )
            )
        else:
            self._say(tr("{path} does not exist.", path=wrong[0]) if wrong else "")
        if there:
            self.added.emit(there)

    def _say(self, problem: str) -> None:
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self.line.setAccessibleDescription(problem or self._help)
        if self.line.property("bad") != bool(problem):
            self.line.setProperty("bad", bool(problem))
            repolish(self.line)
