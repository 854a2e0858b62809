"""Actions of the whole window: those that the code names are there, and no two of them want the same keys at once."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

from pytestqt.qtbot import QtBot
from tests.ui.conftest import Opener

import rave_gui.ui
from rave_gui.ui.app import App
from rave_gui.ui.shell.page import PAGES

UI = Path(rave_gui.ui.__file__).parent


def whole(open_app: Opener) -> App:
    """A window in which every page was made."""
    app = open_app()
    for spec in PAGES:
        app.page(spec.key)
    return app


def named() -> set[str]:
    """Keys of actions that the window's code asks for by name."""
    found = set()
    for path in UI.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("trigger", "add_action", "qt", "is_enabled")
                and node.args
                and isinstance(node.args[0], ast.Constant)
                and isinstance(node.args[0].value, str)
                and "." in node.args[0].value
            ):
                found.add(node.args[0].value)
    return found


def test_every_action_that_the_code_names_is_there(open_app: Opener) -> None:
    app = whole(open_app)
    asked = named()
    assert {"project.new", "project.import", "engine.install"} <= asked
    assert asked <= {action.key for action in app.session.actions.all()}


def test_no_two_actions_want_the_same_keys(open_app: Opener) -> None:
    app = whole(open_app)
    taken: dict[tuple[str, str], list[str]] = defaultdict(list)
    for action in app.session.actions.all():
        for keys in (action.shortcut, *action.more):
            if keys:
                taken[action.page, keys].append(action.key)
    everywhere = {keys for page, keys in taken if not page}
    twice = {place: keys for place, keys in taken.items() if len(keys) > 1}
    hidden = {place: keys for place, keys in taken.items() if place[0] and place[1] in everywhere}
    assert not twice
    assert not hidden, "keys that mean something everywhere do nothing where a page uses them, too"


def test_every_action_says_what_it_is(open_app: Opener, qtbot: QtBot) -> None:
    app = whole(open_app)
    for action in app.session.actions.all():
        assert action.text.strip(), action.key
        assert action.group.strip(), action.key
        assert app.session.actions.qt(action.key).text(), action.key
    titles = [a.text() for a in app.window.sidebar.look.menu().actions() if not a.isSeparator()]
    assert len(titles) == len(set(titles)) > 4
