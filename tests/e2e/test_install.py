"""The engine's installation as a user has it: from a wheel in a fresh environment, into an empty home, stopped and tried again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import uv

from rave_gui.errors import UserError
from rave_gui.paths import AppPaths
from rave_gui.runtime.manager import VARIABLE, EngineManager
from rave_gui.runtime.processes import Cancelled
from rave_protocol import events

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPTS = "Scripts" if sys.platform == "win32" else "bin"

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The application's wheel, built from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [uv.find_uv_bin(), "build", "--wheel", "--quiet", "--out-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_has_all_that_the_engine_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    source = {
        path.relative_to(ROOT / "src").as_posix()
        for package in ("rave_gui", "rave_engine", "rave_protocol")
        for path in (ROOT / "src" / package).rglob("*")
        if path.is_file() and not {"__pycache__", ".mypy_cache"} & set(path.parts)
    }
    assert source <= names
    assert "rave_gui/runtime/requirements/engine.txt" in names


def test_an_installed_wheel_finds_and_starts_the_engine(wheel: Path, tmp_path: Path) -> None:
    """Works from site-packages: nothing of the checkout is on the path."""
    home = tmp_path / "an app ü"
    command = [uv.find_uv_bin(), "venv", "--quiet", "--python", sys.executable, str(home)]
    subprocess.run(command, check=True)
    python = home / SCRIPTS / ("python.exe" if sys.platform == "win32" else "python")
    # The wheel itself without its dependencies (Qt alone is 300 MB): they are lent by this environment.
    command = [
        uv.find_uv_bin(),
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--python",
        str(python),
        str(wheel),
    ]
    subprocess.run(command, check=True)
    lent = next(path for path in sys.path if path.endswith("site-packages"))
    site = next(home.rglob("site-packages"))
    (site / "lent.pth").write_text(f"{lent}\n", encoding="utf-8")

    environment = {**os.environ, "RAVE_GUI_HOME": str(tmp_path / "data"), "PYTHONPATH": ""}
    environment.pop(VARIABLE, None)

    def rave_gui(*args: str) -> tuple[int, dict[str, Any]]:
        program = home / SCRIPTS / ("rave-gui.exe" if sys.platform == "win32" else "rave-gui")
        done = subprocess.run(
            [str(program), *args, "--json"],
            capture_output=True,
            text=True,
            env=environment,
            cwd=tmp_path,
            check=False,
        )
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    code, status = rave_gui("engine", "status")
    assert code == 0
    assert status["ready"] is False
    code, adopted = rave_gui(
        "engine", "adopt", str(EngineManager(AppPaths(tmp_path, tmp_path, tmp_path)).python())
    )
    assert code == 0, adopted
    assert (adopted["ready"], adopted["source"], adopted["rave"]) == (True, "adopted", "2.3.1")


def test_adopting_writes_nothing_into_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = AppPaths(tmp_path / "data", tmp_path / "config", tmp_path / "cache")
    python = EngineManager(paths).python()
    folder = python.parent.parent

    def listing() -> dict[str, tuple[int, int]]:
        return {
            str(path): (path.stat().st_size, path.stat().st_mtime_ns)
            for path in folder.rglob("*")
            if path.is_file() and not path.is_symlink()
        }

    before = listing()
    monkeypatch.delenv(VARIABLE)
    manager = EngineManager(paths)
    status = manager.adopt(folder)
    assert status.ready
    assert listing() == before
    assert manager.boot_command("check")[0] == str(python)
    removed = manager.remove()
    assert not removed.ready
    assert listing() == before, "removing forgets an adopted environment and leaves it as it is"


def test_a_cancelled_installation_is_gone_and_the_next_one_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real packages, from uv's cache where it has them: cancelled while torch arrives, then carried through."""
    monkeypatch.delenv(VARIABLE, raising=False)
    paths = AppPaths(tmp_path / "data", tmp_path / "config", tmp_path / "cache")
    manager = EngineManager(paths)
    seen: list[events.Progress] = []

    def watch(event: events.Event) -> None:
        if isinstance(event, events.Progress):
            seen.append(event)

    with pytest.raises(Cancelled):
        manager.install("cpu", watch, lambda: any(event.phase == "torch" for event in seen))
    assert not list((paths.engines / "envs").iterdir())
    assert not manager.status().ready

    seen.clear()
    status = manager.install("cpu", watch)
    assert status.ready
    assert status.torch == "2.13.0+cpu" or sys.platform != "linux"
    done = [event.done for event in seen]
    assert done == sorted(done), "progress never goes back"
    assert len({event.done for event in seen}) > 3, (
        "and it moves"
    )  # from the cache it takes seconds: few looks
    assert seen[-1].done == seen[-1].total > 1e9
    assert manager.check().rave == "2.3.1"

    folder = Path(status.path or "")
    torch = next(folder.rglob("torch/__init__.py"))
    torch.unlink()  # it is linked with uv's cache, which must not be changed
    torch.write_text("raise ImportError('broken')\n", encoding="utf-8")
    with pytest.raises(UserError) as caught:
        manager.check()
    assert caught.value.code == "engine-broken"
    assert "broken" in caught.value.message
    assert not manager.remove().ready
    assert not folder.exists()
