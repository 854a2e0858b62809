"""The queue goes on after a restart: an entry for the login while trainings wait, and none of it otherwise."""

from __future__ import annotations

import plistlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.helpers.jobs import until

from rave_gui.jobs import JobService, login
from rave_gui.jobs.dispatcher import LOCK, Dispatcher
from rave_gui.jobs.folder import JobFolder
from rave_gui.jobs.login import LoginItem, desktop_entry
from rave_gui.paths import AppPaths, default_paths
from rave_gui.settings import Settings
from rave_protocol.locks import OsLock
from rave_protocol.specs import DatasetParams, TrainParams

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the entry of other systems is another one")


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppPaths:
    monkeypatch.setenv("RAVE_GUI_HOME", str(tmp_path / "home"))
    found = default_paths()
    found.locks.mkdir(parents=True)
    return found


def arguments(entry: Path) -> list[str]:
    """The command of an autostart file, as a desktop reads it: the value's escapes, then the quoting, then the field codes."""
    line = next(row for row in entry.read_text().splitlines() if row.startswith("Exec="))
    quoted = re.findall(r'"((?:[^"\\]|\\.)*)"', line.removeprefix("Exec=").replace("\\\\", "\\"))
    return [re.sub(r"\\(.)", r"\1", arg).replace("%%", "%") for arg in quoted]


def test_any_path_survives_the_quoting(tmp_path: Path) -> None:
    odd = ['/opt/my apps/100%/py"th$on`\\x', "-m", "é"]
    entry = tmp_path / "a.desktop"
    entry.write_text(desktop_entry(odd))
    assert arguments(entry) == odd


def test_the_entry_is_there_while_a_training_waits(paths: AppPaths, tmp_path: Path) -> None:
    place = tmp_path / "autostart"
    entry = place / "rave-gui-queue.desktop"
    lock = OsLock(paths.locks / LOCK)
    assert lock.acquire(1.0)
    try:
        dispatcher = Dispatcher(paths)
        dispatcher.login = LoginItem(paths, place, every=0.0)
        service = JobService(paths)
        other = service.submit("dataset", DatasetParams([str(tmp_path)], "set"), project=None, title="Set")
        service.cancel(other.id)
        dispatcher.step()
        assert not entry.exists()
        params = TrainParams(dataset=str(tmp_path), run=str(tmp_path / "r"), name="r", device="cpu")
        job = service.submit("train", params, project=None, title="Later", not_before=2.0**40)
        dispatcher.step()
        assert arguments(entry) == login.command()
        settings = Settings.load(paths.config / "settings.json")
        settings.set(login.SETTING, False)
        dispatcher.step()
        assert not entry.exists(), "the user does not want it"
        settings.set(login.SETTING, True)
        dispatcher.step()
        assert entry.exists()
        service.cancel(job.id)
        until(lambda: not dispatcher.step(), "nothing waits any more")
        assert not entry.exists()
    finally:
        lock.release()


def test_what_the_entry_starts_goes_on_with_an_interrupted_training(paths: AppPaths, tmp_path: Path) -> None:
    """As after a restart: nobody is at work, and only the entry's command is run."""
    lock = OsLock(paths.locks / LOCK)
    assert lock.acquire(1.0)
    service = JobService(paths)
    params = TrainParams(str(tmp_path), str(tmp_path / "r"), "r", device="cpu", tries=1)
    job = service.submit("train", params, project=None, title="r")
    folder = JobFolder(job.folder)
    state = folder.read_state()
    state.move("starting")
    state.move("running")
    state.error = {"code": "interrupted", "user": False}
    state.move("interrupted")
    folder.write_state(state)
    lock.release()
    entry = tmp_path / "rave-gui-queue.desktop"
    entry.write_text(desktop_entry(login.command()))
    process = subprocess.Popen(arguments(entry))
    try:
        until(lambda: folder.read_state().retried_by != "", "the training is tried again")
        again = JobService(paths).successor(job.id)
        assert again is not None
        JobService(paths).cancel(again.id)
        process.wait(60)
    finally:
        process.kill()


def test_an_installation_of_its_own_leaves_nothing_elsewhere(
    paths: AppPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    LoginItem(paths, every=0.0).see(True)
    assert not (tmp_path / "config").exists()
    monkeypatch.delenv("RAVE_GUI_HOME")
    LoginItem(paths, every=0.0).see(True)
    assert (tmp_path / "config" / "autostart" / "rave-gui-queue.desktop").exists()


def test_a_launch_agent_is_written_on_macos(
    paths: AppPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    item = LoginItem(paths, tmp_path, every=0.0)
    item.see(True)
    path = tmp_path / "org.rave-gui-queue.plist"
    assert plistlib.loads(path.read_bytes())["ProgramArguments"] == login.command()
    item.see(False)
    assert not path.exists()
