"""Secrets and trials of messages in the settings: kept in the keyring, never shown, and what came of a trial is said."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import keyring
import keyring.backends.fail
import pytest
from pytestqt.qtbot import QtBot
from tests.unit.test_notify import Memory, memory

from rave_gui.ui.app import App
from rave_gui.ui.dialogs.settings import SettingsDialog
from rave_gui.ui.dialogs.settings_notify import SecretRow, TrialRow

from .conftest import Opener

__all__ = ["memory"]


class Hook(http.server.BaseHTTPRequestHandler):
    """A webhook that keeps the addresses it was asked under."""

    asked: list[str] = []  # noqa: RUF012 - one list for all requests
    answer = 200

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        Hook.asked.append(self.path)
        self.send_response(Hook.answer)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    Hook.asked, Hook.answer = [], 200
    yield f"http://127.0.0.1:{server.server_port}/secret-path"
    server.shutdown()
    server.server_close()


def opened(open_app: Opener, qtbot: QtBot) -> tuple[App, SettingsDialog]:
    app = open_app()
    qtbot.waitUntil(lambda: app.session.services is not None)
    dialog = SettingsDialog(app.session)
    dialog.show_it()
    dialog.show_setting("notify_webhook")
    for row in dialog.beside:
        dialog.area.ensureWidgetVisible(row)
        dialog.repaint()
    return app, dialog


def row(dialog: SettingsDialog, name: str) -> SecretRow:
    return next(r for r in dialog.beside if isinstance(r, SecretRow) and r._name == name)


def test_a_secret_is_set_replaced_and_removed_but_never_shown(
    open_app: Opener, qtbot: QtBot, memory: Memory
) -> None:
    _app, dialog = opened(open_app, qtbot)
    secret = row(dialog, "smtp-password")
    secret.look()
    qtbot.waitUntil(lambda: secret.state.text() == "Not set")
    assert secret.remove.isHidden()
    for word, value in (("Set…", "first pass"), ("Replace…", "second pass")):
        assert secret.give.text() == word
        secret.give.click()
        assert secret.line.text() == ""
        assert secret.line.echoMode() == secret.line.EchoMode.Password
        secret.line.setText(value)
        secret.save.click()
        qtbot.waitUntil(lambda value=value: value in memory.kept.values())  # type: ignore[misc]
        qtbot.waitUntil(lambda: secret.state.text().startswith("Set") and secret.entry.isHidden())
        assert secret.line.text() == ""
    secret.remove.click()
    qtbot.waitUntil(lambda: secret.state.text() == "Not set")
    assert memory.kept == {}
    dialog.close()


def test_a_secret_address_is_used_tried_and_forgotten(
    open_app: Opener, qtbot: QtBot, memory: Memory, hook: str
) -> None:
    app, dialog = opened(open_app, qtbot)
    address = row(dialog, "webhook-address")
    trial = next(r for r in dialog.beside if isinstance(r, TrialRow))
    trial.button.click()
    qtbot.waitUntil(lambda: trial.outcome.text().startswith("No webhook is set."))

    address.give.click()
    address.line.setText("nowhere")
    address.save.click()
    qtbot.waitUntil(lambda: "no web address" in address.problem.text())
    assert memory.kept == {}
    address.line.setText(hook)
    address.save.click()
    qtbot.waitUntil(lambda: app.settings.text("notify_webhook") == "keyring")
    assert hook not in app.settings.path.read_text(encoding="utf-8")
    trial.button.click()
    qtbot.waitUntil(lambda: trial.outcome.text().startswith("It was taken."))
    assert Hook.asked == ["/secret-path"]
    Hook.answer = 403
    trial.button.click()
    qtbot.waitUntil(lambda: "answered 403" in trial.outcome.text())
    address.remove.click()
    qtbot.waitUntil(lambda: app.settings.text("notify_webhook") == "")
    assert memory.kept == {}
    dialog.close()


def test_without_a_keyring_it_is_said_what_to_do(open_app: Opener, qtbot: QtBot, memory: Memory) -> None:
    _app, dialog = opened(open_app, qtbot)
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    secret = row(dialog, "webhook-token")
    secret.give.click()
    secret.line.setText("token")
    secret.save.click()
    qtbot.waitUntil(lambda: "keyring" in secret.problem.text())
    assert secret.isEnabled()
    assert secret.line.text() == "token"  # nothing that was typed is lost
    dialog.close()
