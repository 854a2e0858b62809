"""The editor for the user's own configurations: checked by the engine while it is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from rave_gui.errors import UserError
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.configs.findings import FindingsView
from rave_gui.ui.pages.configs.gin_text import GinText
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Button, Chip, IconButton, label
from rave_gui.viewmodels.compose import Finding, check_stack, finding
from rave_gui.viewmodels.configs import ConfigItem

WAIT_MS = 700
"""After the last key, before the engine is asked."""


class EditorView(QWidget):
    """One own file. ``left``: the library is wanted; ``saved`` carries the path."""

    left = Signal()
    saved = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.item: ConfigItem | None = None
        self._before = ""
        self._asked = 0
        self.findings: list[Finding] = []
        themes = session.themes
        space = themes.theme.space
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(space("m"))
        bar = QHBoxLayout()
        bar.setSpacing(space("s"))
        self.back = IconButton(themes, "arrow-left", tr("Back to the library (Esc)"))
        self.back.clicked.connect(self.leave)
        self.title = label("", "lead")
        self.unsaved = Chip()
        bar.addWidget(self.back)
        bar.addWidget(self.title)
        bar.addWidget(self.unsaved)
        bar.addStretch(1)
        caption = label(tr("Checked on top of"), "caption")
        self.base = QComboBox()
        self.base.setAccessibleName(tr("Checked on top of"))
        self.base.setToolTip(
            tr("An own configuration usually changes a model: here is which one it is tried with.")
        )
        self.base.activated.connect(lambda _i: self.check())
        caption.setBuddy(self.base)
        bar.addWidget(caption)
        bar.addWidget(self.base)
        self.save_button = Button(
            themes, tr("Save"), "save", "primary", tip=tr("Save the configuration"), shortcut="Ctrl+S"
        )
        self.save_button.clicked.connect(self.save)
        bar.addWidget(self.save_button)
        box.addLayout(bar)
        self.text = GinText(themes, tr("Text of my configuration"), writable=True)
        self.text.edited.connect(self._edited)
        box.addWidget(self.text, 1)
        self.found = FindingsView(themes)
        self.found.chosen.connect(self._go)
        box.addWidget(self.found)
        self.hint = label(
            tr("Ctrl+Space offers what may be written. Earlier versions are kept in the folder’s .history."),
            "caption",
            wrap=True,
        )
        box.addWidget(self.hint)
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(WAIT_MS)
        self._wait.timeout.connect(self.check)

    # What is edited

    def edit(self, item: ConfigItem, bases: Sequence[ConfigItem]) -> None:
        """Show a file for writing."""
        self.item = item
        self.title.setText(item.name)
        self.base.clear()
        self.base.addItem(tr("Nothing: it is a model by itself"), "")
        for base in bases:
            if base.path != item.path:
                self.base.addItem(base.title or base.name, base.name)
        wanted = "" if item.base else "v2"
        self.base.setCurrentIndex(max(0, self.base.findData(wanted)))
        self.text.names = [base.name for base in bases]
        self._before = ""
        self.text.set_text("")
        self.findings = []
        path = item.path

        def done(text: str) -> None:
            if self.item is not None and self.item.path == path:
                self._before = text
                self.text.set_text(text)
                self._say()
                self.check()
                if self.isVisible():
                    self.text.setFocus(Qt.FocusReason.OtherFocusReason)

        self._session.call(lambda: Path(path).read_text(encoding="utf-8", errors="replace"), done)
        if not self.text.vocabulary and self._session.services is not None:
            from rave_gui.configs import actions

            services = self._session.services
            self._session.call(lambda: actions.vocabulary(services), self._learn, _quiet)
        self._say()

    @property
    def dirty(self) -> bool:
        """Whether there is something to be saved."""
        return self.item is not None and self.text.toPlainText() != self._before

    def take_focus(self) -> None:
        """The text."""
        self.text.setFocus(Qt.FocusReason.OtherFocusReason)

    def stop(self) -> None:
        """Nothing is waited for any more."""
        self._wait.stop()
        self._asked += 1

    def save(self) -> None:
        """Write the file; the earlier text goes to the history."""
        services, item = self._session.services, self.item
        if services is None or item is None or not self.dirty:
            return
        from rave_gui.configs import actions

        text = self.text.toPlainText()
        project = self._session.project.path if item.origin == "project" and self._session.project else None

        def done(path: Path) -> None:
            self._before = text
            self._say()
            self._session.tell(tr("Saved {name}.", name=item.name))
            self.saved.emit(str(path))

        self._session.call(
            lambda: actions.save_own(services, item.name, text, replace=True, project=project), done
        )

    def leave(self) -> bool:
        """Back to the library; unsaved text is asked about. False when the user stays."""
        if self.dirty and not self._session.ask(
            tr("Leave without saving?"),
            tr("What you changed in “{name}” since the last save is lost.", name=self.title.text()),
            tr("Leave without saving"),
            True,
        ):
            return False
        self.stop()
        self.item = None
        self.left.emit()
        return True

    # Checking

    def check(self) -> None:
        """Ask the engine what is wrong with the text as it stands."""
        services, item = self._session.services, self.item
        self._wait.stop()
        if services is None or item is None:
            return
        from rave_gui.configs import actions

        stack, texts = check_stack(item.path, self.text.toPlainText(), str(self.base.currentData() or ""))
        project = self._session.project.path if self._session.project is not None else None
        self._asked += 1
        number = self._asked
        self.found.say(tr("Being checked…"))

        def done(answer: dict[str, Any]) -> None:
            if number == self._asked:
                self._show([finding(data) for data in answer.get("findings", ())])

        def failed(error: Exception) -> None:
            if number != self._asked:
                return
            if not isinstance(error, UserError):
                raise error
            self._show([Finding("error", error.code or "", error.message, error.hint)])

        self._session.call(
            lambda: actions.validate(services, stack, texts=texts, project=project), done, failed
        )

    def _show(self, findings: list[Finding]) -> None:
        self.findings = findings
        path = self.item.path if self.item is not None else ""
        marks: dict[int, tuple[str, str]] = {}
        for found in findings:
            if found.line and found.file == path and marks.get(found.line, ("", ""))[0] != "error":
                marks[found.line] = (found.severity, found.message)
        self.text.set_marks(marks)
        if findings:
            self.found.show_findings(findings)
        else:
            self.found.say(tr("Nothing is wrong with it."), "success")

    def _go(self, found: Finding) -> None:
        if found.line and self.item is not None and found.file == self.item.path:
            self.text.go_to(found.line)
            self.text.setFocus(Qt.FocusReason.OtherFocusReason)

    def _edited(self) -> None:
        self._say()
        self._wait.start()

    def _say(self) -> None:
        self.unsaved.set(tr("Not saved") if self.dirty else "", "warning")
        self.save_button.setEnabled(self.dirty)

    def _learn(self, found: dict[str, Any]) -> None:
        self.text.vocabulary = found


def _quiet(error: Exception) -> None:
    """Without an engine there is no completion; the check says so already."""
    if not isinstance(error, UserError):
        raise error
