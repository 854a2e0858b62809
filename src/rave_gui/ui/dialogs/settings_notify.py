"""What the settings need for messages beside the settings themselves: secrets, which are never shown again, and a trial of each way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeyEvent, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from rave_gui.errors import UserError
from rave_gui.ui.i18n import tr
from rave_gui.ui.widgets.basic import Button, label, repolish
from rave_gui.viewmodels.palette import plain

if TYPE_CHECKING:
    from rave_gui.training.notify import Kept, SecretName, Way
    from rave_gui.ui.dialogs.base import Dialog
    from rave_gui.ui.shell.session import Session


class SecretRow(QWidget):
    """One secret: whether it is set, and how to give another one or remove it. What it is can only be written, never read."""

    def __init__(self, dialog: Dialog, name: SecretName, title: str, help_text: str) -> None:
        super().__init__()
        self._dialog, self._name, self._title, self._help = dialog, name, title, help_text
        self._session: Session = dialog.session
        themes = self._session.themes
        space = themes.theme.space
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, themes.theme.control_height + space("s"), 0)  # where the fields end
        box.setSpacing(space("xs"))
        caption = label(title, "strong")
        box.addWidget(caption)
        row = QHBoxLayout()
        row.setSpacing(space("s"))
        self.state = label(tr("Looking…"), "muted")
        row.addWidget(self.state, 1)
        self.give = Button(themes, tr("Set…"))
        self.remove = Button(themes, tr("Remove"), "trash-2")
        row.addWidget(self.give)
        row.addWidget(self.remove)
        box.addLayout(row)
        self.entry = QWidget()
        line = QHBoxLayout(self.entry)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(space("s"))
        self.line = _Line(self._leave)
        self.line.setEchoMode(QLineEdit.EchoMode.Password)
        self.line.setAccessibleName(title)
        self.line.setAccessibleDescription(help_text)
        caption.setBuddy(self.line)
        self.save = Button(themes, tr("Keep"), "check")
        back = Button(themes, tr("Cancel"))
        line.addWidget(self.line, 1)
        line.addWidget(self.save)
        line.addWidget(back)
        box.addWidget(self.entry)
        self.entry.hide()
        box.addWidget(label(help_text, "caption", wrap=True))
        self.problem = label("", "caption", wrap=True)
        self.problem.setProperty("tone", "danger")
        box.addWidget(self.problem)
        self.problem.hide()
        self.remove.hide()
        self.give.clicked.connect(self._enter)
        self.remove.clicked.connect(self._remove)
        self.save.clicked.connect(self._save)
        self.line.returnPressed.connect(self._save)
        self.line.textChanged.connect(lambda text: self.save.setEnabled(bool(text)))
        self.save.setEnabled(False)
        back.clicked.connect(self._leave)
        self._looked = False

    def words(self) -> str:
        """What the search looks at."""
        return plain(f"{self._title} {self._help} {tr('Notifications')}")

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Only who comes to see it is asked to unlock a keyring."""
        super().paintEvent(event)
        if not self._looked:
            self._looked = True
            QTimer.singleShot(0, self, self.look)

    def look(self) -> None:
        """Ask whether it is set (in a thread: a keyring may ask the user to unlock it first)."""
        if not self.isVisible():  # the dialog was closed at once
            return
        name = self._name

        def ask() -> Kept:
            from rave_gui.training import notify

            return notify.where_kept(name)

        self._dialog.call(ask, self._show, self._refused)

    def _show(self, kept: Kept) -> None:
        self.state.setText(
            {
                "keyring": tr("Set (kept in the system's keyring)"),
                "environment": tr("Given by the environment"),
                "": tr("Not set"),
            }[kept]
        )
        self.give.setText(tr("Replace…") if kept else tr("Set…"))
        self.give.setAccessibleName(
            tr("Replace: {name}", name=self._title) if kept else tr("Set: {name}", name=self._title)
        )
        self.remove.setAccessibleName(tr("Remove: {name}", name=self._title))
        self.give.setVisible(kept != "environment")
        self.remove.setVisible(kept == "keyring")

    def _enter(self) -> None:
        self._say("")
        self.entry.show()
        self.give.setEnabled(False)
        self.line.setFocus(Qt.FocusReason.OtherFocusReason)

    def _leave(self) -> None:
        self.line.clear()
        self.give.setEnabled(True)
        if not self.entry.isHidden():
            self.give.setFocus(Qt.FocusReason.OtherFocusReason)
        self.entry.hide()

    def _save(self) -> None:
        value = self.line.text()
        if not value:
            return
        name = self._name

        def work() -> dict[str, str]:
            from rave_gui.training import notify

            return notify.keep_secret(name, value)

        self._do(work)

    def _remove(self) -> None:
        name, settings = self._name, self._session.settings

        def work() -> dict[str, str]:
            from rave_gui.training import notify

            return notify.remove_secret(name, settings)[1]

        self._do(work)

    def _do(self, work: Callable[[], dict[str, str]]) -> None:
        self._say("")
        self.setEnabled(False)

        def done(along: dict[str, str]) -> None:
            self.setEnabled(True)
            self._leave()
            for key, text in along.items():
                self._session.settings.set(key, text)
            self.look()

        self._dialog.call(work, done, self._refused)

    def _refused(self, error: Exception) -> None:
        if not isinstance(error, UserError):
            raise error
        self.setEnabled(True)
        if error.code == "no-keyring":
            self.state.setText(tr("Not set"))
        self._say(f"{error.message} {error.hint}".strip())

    def _say(self, text: str) -> None:
        self.problem.setText(text)
        self.problem.setVisible(bool(text))


class _Line(QLineEdit):
    """Escape leaves the field, not the dialog; Return does not press the dialog's button."""

    def __init__(self, leave: Callable[[], None]) -> None:
        super().__init__()
        self._leave = leave

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() == Qt.Key.Key_Escape:
            self._leave()
            event.accept()
            return
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()


class TrialRow(QWidget):
    """Sends a message now, one way, and says what came of it."""

    def __init__(self, dialog: Dialog, way: Way) -> None:
        super().__init__()
        self._dialog, self._way = dialog, way
        themes = dialog.session.themes
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(themes.theme.space("m"))
        webhook = way == "webhook"
        self.button = Button(themes, tr("Send a test"), "send")
        self.button.setAccessibleName(
            tr("Send a test to the webhook") if webhook else tr("Send a test by e-mail")
        )
        self.button.clicked.connect(self._send)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignTop)
        self.outcome = label("", "caption", wrap=True)
        row.addWidget(self.outcome, 1)

    def words(self) -> str:
        """What the search looks at."""
        return plain(f"{self.button.text()} {self.button.accessibleName()} {tr('Notifications')}")

    def _send(self) -> None:
        settings, way = self._dialog.session.settings, self._way

        def work() -> None:
            from rave_gui.training import notify

            notify.test(settings, way)

        self.button.setEnabled(False)
        self._say(tr("Sending…"), "")
        self._dialog.call(work, self._sent, self._refused)

    def _sent(self, _none: None) -> None:
        self.button.setEnabled(True)
        self._say(tr("It was taken. Look whether it has arrived."), "success")

    def _refused(self, error: Exception) -> None:
        if not isinstance(error, UserError):
            raise error
        self.button.setEnabled(True)
        self._say(f"{error.message} {error.hint}".strip(), "danger")

    def _say(self, text: str, tone: str) -> None:
        self.outcome.setText(text)
        self.outcome.setProperty("tone", tone)
        repolish(self.outcome)


def beside(dialog: Dialog, key: str) -> list[SecretRow | TrialRow]:
    """What stands below a setting of the notifications."""
    if key == "notify_webhook":
        return [
            SecretRow(
                dialog, "webhook-address", tr("Webhook's address as a secret"),
                tr("Kept in the system's keyring instead of the settings; it is not shown again."),
            ),
            SecretRow(
                dialog, "webhook-token", tr("Webhook's token"),
                tr("For services that want one; it is sent along (Authorization: Bearer …), and only where the connection is encrypted."),
            ),
            TrialRow(dialog, "webhook"),
        ]  # fmt: skip
    if key == "notify_smtp_user":
        help_text = tr("Kept in the system's keyring. Many providers want one of its own for programs.")
        return [SecretRow(dialog, "smtp-password", tr("Mail server's password"), help_text)]
    if key == "notify_from":
        return [TrialRow(dialog, "email")]
    return []
