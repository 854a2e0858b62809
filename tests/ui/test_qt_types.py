"""Threads import modules that use Qt while the window paints: no type of Qt may be made in both at once."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pytestqt.qtbot import QtBot
from tests.ui.conftest import Opener

from rave_gui.ui.bridge import qt_types
from rave_gui.ui.shell import page as shell

RACE = """
import random, sys, threading, faulthandler
from PySide6 import QtCore, QtGui, QtWidgets
if sys.argv[1] == "ready":
    from rave_gui.ui.bridge.qt_types import ask_for_all
    for _name in ask_for_all():
        pass
faulthandler.enable()
sys.setswitchinterval(1e-5)
names = [(module, name) for module in (QtCore, QtGui, QtWidgets) for name in dir(module)]
begun = threading.Event()
def ask(order):
    begun.set()
    for module, name in order:
        getattr(module, name)
thread = threading.Thread(target=ask, args=(names,))
thread.start()
begun.wait()
ask(random.Random(int(sys.argv[2])).sample(names, len(names)))
thread.join()
"""


@pytest.mark.parametrize("seed", range(2))
def test_two_threads_may_use_qt_once_its_types_are_there(seed: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RACE, "ready", str(seed)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_pages_are_imported_after_the_types_of_qt(
    open_app: Opener, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    ask, bring = qt_types.ask_for_all, shell.import_pages

    def asked() -> object:
        yield from ask()
        order.append("types")

    def imported(*args: object) -> None:
        order.append("pages")
        bring(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(qt_types, "ask_for_all", asked)
    monkeypatch.setattr("rave_gui.ui.app.import_pages", imported)
    app = open_app(page="home")
    qtbot.waitUntil(lambda: "jobs" in app.pages)
    assert order == ["types", "pages"]
