"""A window and another process on one project: each change is seen, on the page that is shown and on those that come later."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from tests.helpers.models import make_run
from tests.ui.conftest import Opener

from rave_gui.paths import AppPaths
from rave_gui.projects import Project
from rave_gui.ui.app import App


def command(home: AppPaths, *words: str) -> None:
    """The command line, in a process of its own, with the same user's folders."""
    code = (
        "import sys; from pathlib import Path; from rave_gui import paths; from rave_gui.paths import AppPaths\n"
        f"home = AppPaths(Path({str(home.data)!r}), Path({str(home.config)!r}), Path({str(home.cache)!r}))\n"
        "paths.default_paths = lambda: home\n"
        "from rave_gui.cli.main import main\n"
        "main()\n"
    )
    subprocess.run(
        [sys.executable, "-c", code, *words],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2] / "src")},
        timeout=120,
    )


@pytest.fixture
def app(open_app: Opener, qtbot: QtBot, tmp_path: Path) -> App:
    """A window on a project with one run, on the page of models."""
    project = Project.open(tmp_path / "Studio", create=True)
    make_run(project.path, "first")
    app = open_app(project=str(project.path), page="models")
    qtbot.waitUntil(lambda: app.session.project is not None and app.live.ready)
    return app


def test_a_new_name_is_seen(app: App, qtbot: QtBot, home: AppPaths) -> None:
    assert app.session.project is not None
    command(home, "project", "rename", str(app.session.project.path), "Night sounds")
    qtbot.waitUntil(lambda: app.window.windowTitle().startswith("Night sounds"))


def test_what_another_process_makes_is_seen_on_every_page(
    app: App, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert app.session.project is not None
    told: list[frozenset[str]] = []
    app.session.data_changed.connect(told.append)
    home_page = app.page("home")  # made, but not shown: it is told when it is
    calls: list[frozenset[str]] = []
    monkeypatch.setattr(home_page, "data_changed", calls.append)
    script = f"from pathlib import Path; from tests.helpers.models import make_run; make_run(Path({str(app.session.project.path)!r}), 'second')"
    root = Path(__file__).resolve().parents[2]
    subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'src'}"},
        timeout=120,
    )
    qtbot.waitUntil(lambda: any("runs" in topics for topics in told))
    assert not calls
    app.show_page("home")
    assert any("runs" in topics for topics in calls)


def test_a_project_whose_folder_goes_is_named_and_read_again_when_it_is_back(app: App, qtbot: QtBot) -> None:
    session = app.session
    assert session.project is not None
    path = session.project.path
    failures: list[object] = []
    told: list[str] = []
    changed: list[frozenset[str]] = []
    session.failed.connect(failures.append)
    session.told.connect(lambda text, _step: told.append(text))
    path.rename(path.with_name("elsewhere"))
    app.show_page("home")
    home = app.page("home")
    home.data_changed(frozenset({"runs"}))
    qtbot.waitUntil(lambda: session.away and app.away.frame is not None and app.away.frame.isVisible())
    assert str(path) in app.away.banner.title.text()
    told.clear()
    session.call(lambda: list(path.joinpath("runs").iterdir()))
    qtbot.waitUntil(lambda: any(str(path) in text for text in told))
    assert not home.next.isVisible()
    assert not failures
    session.data_changed.connect(changed.append)
    path.with_name("elsewhere").rename(path)
    qtbot.waitUntil(lambda: any({"runs", "datasets"} <= topics for topics in changed))
    qtbot.waitUntil(lambda: home.facts.trained == 1 and home.next.isVisible())
    assert app.away.frame is not None
    assert not app.away.frame.isVisible()
    assert not failures
