"""In the pseudo language every text of ours is in brackets: what is not cannot be translated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QTableView,
    QWidget,
)
from pytestqt.qtbot import QtBot
from tests.helpers.models import make_project
from tests.ui.conftest import Opener

from rave_gui.i18n import PSEUDO, use_language
from rave_gui.ui.app import App
from rave_gui.ui.shell.page import PAGES

WORDS = re.compile(r"[^\W\d_]{3,}")
OURS = re.compile(
    r"""
    ^[\w.,+\-–− ]*(?:kHz|Hz|dB|dBFS|LUFS|MB|GB|KB|kB|bytes|min|steps/s|it/s)$  # a figure with its unit
    | (?:^|[\s(“])(?:/|~|\.\.?/|[A-Z]:\\)\S*                                   # a path
    | \.(?:wav|flac|ts|ckpt|gin|ogg|mp3|py)\b                                # a file
    | (?:Ctrl|Alt|Shift|Esc|Enter|Del|Space|Home|End|Return|Backspace|Tab|Left|Right|Up|Down)\b  # keys
    """,
    re.VERBOSE,
)

NAMES = frozenset({"RAVE GUI", "RAVE", "SuperCollider", "TorchScript", "English", "Français"})
"""The same in every language."""


@pytest.fixture
def pseudo() -> Iterator[None]:
    """The process speaks the pseudo language meanwhile."""
    use_language(PSEUDO)
    yield
    use_language("en")


def texts(root: QWidget) -> Iterator[tuple[str, str]]:
    """Every text that a widget below ``root`` shows or says to a screen reader, with the widget's class."""
    for widget in [root, *root.findChildren(QWidget)]:
        kind = f"{type(widget).__module__.rpartition('.')[2]}.{type(widget).__name__}"
        found = [widget.toolTip(), widget.accessibleName(), widget.accessibleDescription()]
        if isinstance(widget, (QLabel, QAbstractButton)):
            found.append(widget.text())
        if isinstance(widget, QLineEdit):
            found.append(widget.placeholderText())
        if isinstance(widget, QComboBox):
            found += [widget.itemText(i) for i in range(widget.count())]
        if isinstance(widget, QMenu):
            found += [action.text() for action in widget.actions()]
        if isinstance(widget, QTableView) and widget.model() is not None:
            model = widget.model()
            found += [
                str(model.headerData(i, Qt.Orientation.Horizontal) or "") for i in range(model.columnCount())
            ]
        if isinstance(widget, QAbstractItemView):
            found.append(widget.statusTip())
        yield from ((kind, text) for text in found if text)


def untranslated(root: QWidget, names: frozenset[str]) -> set[str]:
    """Texts that no catalogue can change, apart from names that people gave and what is the same in every language."""
    return {
        f"{kind}: {text}"
        for kind, text in texts(root)
        if WORDS.search(text) and "⟦" not in text and not OURS.search(text) and text.strip() not in names
    }


def names_of(app: App) -> frozenset[str]:
    """What people named, and proper names."""
    project = app.session.project
    assert project is not None
    named = {record.name for kind in ("dataset", "run", "export", "take") for record in project.items(kind)}  # type: ignore[arg-type]
    titles = {view.title for view in app.session.jobs.rows}
    lanes = {text for name in named for text in (f"B  {name}", f"B: {name}")}
    return frozenset({project.path.name, *NAMES, *named, *titles, *lanes})


@pytest.mark.usefixtures("pseudo")
def test_every_text_of_every_page_can_be_translated(open_app: Opener, qtbot: QtBot, tmp_path: Path) -> None:
    project = make_project(tmp_path / "Studio")
    app = open_app(project=str(project.path), page="home")
    qtbot.waitUntil(lambda: app.session.project is not None)
    qtbot.waitUntil(lambda: app.session.jobs.loaded and bool(app.session.jobs.rows))
    names = names_of(app)
    wrong = set()
    for spec in PAGES:
        app.show_page(spec.key)
        assert app.page(spec.key).isVisible()
        qtbot.wait(150)
        wrong |= {f"{spec.key}: {text}" for text in untranslated(app.window, names)}
    assert not wrong, "\n".join(sorted(wrong))


@pytest.mark.usefixtures("pseudo")
@pytest.mark.parametrize(
    "key", ["window.palette", "window.settings", "help.keys", "project.new", "project.settings"]
)
def test_every_text_of_dialogs_can_be_translated(
    open_app: Opener, qtbot: QtBot, tmp_path: Path, key: str
) -> None:
    project = make_project(tmp_path / "Studio")
    app = open_app(project=str(project.path), page="home")
    qtbot.waitUntil(lambda: app.session.project is not None)
    app.session.actions.trigger(key)

    def dialogs() -> list[QDialog]:
        return [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]

    qtbot.waitUntil(lambda: bool(dialogs()))
    qtbot.wait(100)
    dialog = dialogs()[-1]
    wrong = untranslated(dialog, names_of(app))
    dialog.close()
    assert not wrong, "\n".join(sorted(wrong))
