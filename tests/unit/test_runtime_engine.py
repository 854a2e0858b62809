"""The engine manager: states, refusals, what is left behind by what goes wrong. Real uv, real processes, no torch."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import psutil
import pytest

from rave_gui.errors import UserError
from rave_gui.paths import AppPaths
from rave_gui.runtime import environments as environments_module
from rave_gui.runtime import installer, probe
from rave_gui.runtime.environments import Environments
from rave_gui.runtime.growth import Growth, folder_bytes
from rave_gui.runtime.machine import Machine
from rave_gui.runtime.manager import VARIABLE, EngineManager
from rave_gui.runtime.probe import (
    Foreign,
    Interpreter,
    device_names,
    engine_environment,
    interpreter_in,
    refuse_unfit,
)
from rave_gui.runtime.processes import Cancelled, Line, run_process
from rave_gui.runtime.status import EngineFacts, Pointer, Ready, read_pointer, write_pointer
from rave_protocol import events
from rave_protocol.files import write_json

FACTS = EngineFacts("3.11.7", "2.3.1", "2.13.0+cpu", "2.11.0")


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppPaths:
    monkeypatch.delenv(VARIABLE, raising=False)
    return AppPaths(tmp_path / "data", tmp_path / "config", tmp_path / "cache")


def fake_environment(folder: Path) -> Path:
    """A folder with the shape of a virtual environment; its Python is this one."""
    scripts = folder / ("Scripts" if sys.platform == "win32" else "bin")
    scripts.mkdir(parents=True)
    python = scripts / ("python.exe" if sys.platform == "win32" else "python")
    python.symlink_to(sys.executable)
    return python


# Status --------------------------------------------------------------------------------------------------------------


def test_without_an_engine_everything_says_so(paths: AppPaths) -> None:
    manager = EngineManager(paths)
    assert not manager.status().ready
    with pytest.raises(UserError) as caught:
        manager.boot_command("check")
    assert caught.value.code == "engine-missing"
    assert "rave-gui engine install" in caught.value.hint
    assert not paths.data.exists(), "asking writes nothing"


def test_an_environment_without_its_last_file_is_not_ready(paths: AppPaths) -> None:
    folder = paths.engines / "envs" / "abc"
    python = fake_environment(folder)
    write_pointer(paths.engines, Pointer("managed", str(folder), str(python), "abc"))
    assert "not complete" in (EngineManager(paths).status().problem or "")
    write_json(folder / "ready.json", Ready(FACTS, "abc", "cpu"))
    status = EngineManager(paths).status()
    assert status.ready
    assert (status.rave, status.torch, status.device) == ("2.3.1", "2.13.0+cpu", "cpu")
    assert any("another version" in notice for notice in status.notices)
    assert EngineManager(paths).boot_command("job", "x")[0] == str(python)
    python.unlink()
    assert "gone" in (EngineManager(paths).status().problem or "")


def test_a_torn_pointer_is_no_engine(paths: AppPaths) -> None:
    paths.engines.mkdir(parents=True)
    (paths.engines / "current.json").write_text('{"source": "mana', encoding="utf-8")
    assert read_pointer(paths.engines) is None
    assert not EngineManager(paths).status().ready


def test_the_engine_sees_nothing_of_our_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "/somewhere")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    found = engine_environment()
    assert not {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"} & set(found)
    assert (found["PYTHONNOUSERSITE"], found["PYTHONUNBUFFERED"], found["PYTHONUTF8"]) == ("1", "1", "1")
    python = fake_environment(tmp_path / "theirs")
    uncompiled = engine_environment(Foreign(tmp_path / "cache", python))
    assert uncompiled["PYTHONPYCACHEPREFIX"].startswith(str(tmp_path / "cache"))
    assert uncompiled["PYTHONDONTWRITEBYTECODE"] == ""
    compiled = tmp_path / "theirs" / "lib" / "python3.11" / "site-packages" / "torch" / "__pycache__"
    compiled.mkdir(parents=True)
    (compiled / "__init__.cpython-311.pyc").write_bytes(b"")
    as_it_is = engine_environment(Foreign(tmp_path / "cache", python))
    assert as_it_is["PYTHONDONTWRITEBYTECODE"] == "1"
    assert "PYTHONPYCACHEPREFIX" not in as_it_is


# Adopting ------------------------------------------------------------------------------------------------------------


def test_adopting_says_what_is_wrong(paths: AppPaths, tmp_path: Path) -> None:
    manager = EngineManager(paths)
    empty = tmp_path / "empty"
    empty.mkdir()
    text = tmp_path / "text"
    text.write_text("not a program", encoding="utf-8")
    for path, code in ((tmp_path / "none", "not-found"), (empty, "no-python"), (text, "no-python")):
        with pytest.raises(UserError) as caught:
            manager.adopt(path)
        assert caught.value.code == code
        assert caught.value.hint
    with pytest.raises(UserError) as caught:  # this very environment: a Python 3.11 to 3.13 without RAVE
        manager.adopt(Path(sys.executable))
    assert caught.value.code == ("no-rave" if sys.version_info[:2] == (3, 11) else "wrong-python")
    assert not manager.status().ready


@pytest.mark.parametrize(
    ("python", "versions", "code"),
    [
        ("3.12.1", {"acids-rave": "2.3.1", "torch": "2", "torchaudio": "2"}, "wrong-python"),
        ("3.11.7", {"acids-rave": None}, "no-rave"),
        ("3.11.7", {"acids-rave": "2.2.2", "torch": "2", "torchaudio": "2"}, "wrong-rave"),
        ("3.11.7", {"acids-rave": "2.3.1", "torch": None, "torchaudio": "2"}, "no-torch"),
    ],
)
def test_unfit_environments(python: str, versions: dict[str, str | None], code: str) -> None:
    with pytest.raises(UserError) as caught:
        refuse_unfit(Interpreter(python, "/x/python", "/x", 64, "x86_64", "CPython", versions))
    assert caught.value.code == code


def test_interpreters_are_found_in_folders(tmp_path: Path) -> None:
    python = fake_environment(tmp_path / "conda env ü")
    assert interpreter_in(tmp_path / "conda env ü") == python
    assert interpreter_in(python) == python


def test_devices_are_named() -> None:
    cpu = {"id": "cpu", "name": "x86_64", "memory": None}
    assert device_names({"devices": [cpu], "cuda": "13.0"}) == ["cpu"], "a CUDA build without a card"
    assert device_names({"devices": [{"id": "cuda:0", "name": "NVIDIA H200"}, cpu]}) == [
        "cpu",
        "cuda:0 NVIDIA H200",
    ]
    assert device_names({}) == ["cpu"]


# Child processes -----------------------------------------------------------------------------------------------------


def test_a_cancelled_process_takes_its_children_along() -> None:
    program = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    said: list[str] = []
    with pytest.raises(Cancelled):
        run_process(
            [sys.executable, "-c", program],
            dict(os.environ),
            on_line=lambda line: said.append(line.text),
            cancel=lambda: bool(said),
        )
    grandchild = int(said[0])
    assert not psutil.pid_exists(grandchild) or psutil.Process(grandchild).status() == psutil.STATUS_ZOMBIE


def test_lines_of_both_streams_arrive_whole() -> None:
    lines: list[Line] = []
    code = run_process(
        [sys.executable, "-c", "import sys; print('ö' * 70000); print('no', file=sys.stderr); sys.exit(7)"],
        {**os.environ, "PYTHONUTF8": "1"},
        on_line=lines.append,
    )
    assert code == 7
    assert Line("ö" * 70000, "out") in lines
    assert Line("no", "err") in lines


def test_a_program_that_hangs_is_ended() -> None:
    with pytest.raises(TimeoutError):
        run_process([sys.executable, "-c", "import time; time.sleep(600)"], dict(os.environ), timeout=0.2)


# Progress ------------------------------------------------------------------------------------------------------------


def test_growth_counts_what_is_new_and_never_falls(tmp_path: Path) -> None:
    cache, environment = tmp_path / "cache", tmp_path / "env"
    (cache / "archive-v0" / "old").mkdir(parents=True)
    (cache / "archive-v0" / "old" / "file").write_bytes(b"x" * 500)
    growth = Growth(environment, cache, 1000)
    assert growth.bytes() == 0
    (cache / "archive-v0" / "new").mkdir()
    (cache / "archive-v0" / "new" / "file").write_bytes(b"x" * 300)
    assert growth.bytes() == 300
    environment.mkdir()
    (environment / "file").write_bytes(b"x" * 100)
    assert growth.bytes() == 300
    (environment / "more").write_bytes(b"x" * 5000)
    assert growth.bytes() == 1000, "never past the total"
    assert folder_bytes(environment) == 5100


# Installing ----------------------------------------------------------------------------------------------------------


def tiny_wheel(folder: Path, name: str, version: str) -> str:
    """Make an installable wheel of a few hundred bytes; its SHA-256."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", "")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(
            f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n"
        )
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paths: AppPaths) -> Path:
    """Lock files for three tiny packages in a folder of wheels, and no other place to get packages from."""
    wheels, locks = tmp_path / "wheels", tmp_path / "locks"
    locks.mkdir()
    for lock, name in (
        ("engine.txt", "tinyrave"),
        ("engine-source.txt", "tinysource"),
        ("torch-cpu.txt", "tinytorch"),
    ):
        digest = tiny_wheel(wheels, name, "1.0")
        (locks / lock).write_text(f"{name}==1.0 --hash=sha256:{digest}\n", encoding="utf-8")
    for name in ("torch-pypi.txt", "torch-windows-cuda.txt"):
        (locks / name).write_text("nothing==1.0\n", encoding="utf-8")
    monkeypatch.setattr(environments_module, "LOCKS", locks)
    monkeypatch.setattr(installer, "LOCKS", locks)
    monkeypatch.setattr(installer, "this_machine", lambda: Machine("linux", "x86_64", "glibc 2.36"))
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
    return locks


def engines(paths: AppPaths) -> list[str]:
    folder = paths.engines / "envs"
    return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []


def test_an_environment_that_fails_its_check_is_cleared_away(paths: AppPaths, site: Path) -> None:
    said: list[events.Event] = []
    with pytest.raises(UserError) as caught:
        EngineManager(paths).install("auto", said.append)
    assert caught.value.code == "engine-broken"  # three tiny packages are no RAVE
    assert engines(paths) == []
    assert not EngineManager(paths).status().ready
    phases = [event.phase for event in said if isinstance(event, events.Progress)]
    assert list(dict.fromkeys(phases)) == ["python", "sources", "environment", "packages", "torch", "check"]
    assert any("tinytorch==1.0" in event.text for event in said if isinstance(event, events.Log))


def test_a_finished_environment_becomes_the_one_in_use_and_old_ones_go(
    paths: AppPaths, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = EngineFacts("3.11.7", "2.3.1", "2.13.0+cpu", "2.11.0")
    monkeypatch.setattr(probe, "check_engine", lambda *_: facts)
    old = paths.engines / "envs" / "0123456789ab"
    fake_environment(old)
    said: list[events.Event] = []
    status = EngineManager(paths).install("cpu", said.append)
    assert status.ready
    assert status.build == "cpu"
    assert engines(paths) == [status.hash]
    ready = json.loads((Path(status.path or "") / "ready.json").read_text(encoding="utf-8"))
    assert ready["facts"]["torch"] == "2.13.0+cpu"
    last = [event for event in said if isinstance(event, events.Progress)][-1]
    assert last.done == last.total > 0
    again = EngineManager(paths).install("cpu")
    assert again.path == status.path
    assert not EngineManager(paths).remove().ready
    assert engines(paths) == []


def test_a_changed_package_is_refused_and_the_old_engine_stays(
    paths: AppPaths, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        probe, "check_engine", lambda *_: EngineFacts("3.11.7", "2.3.1", "2.13.0+cpu", "2.11.0")
    )
    before = EngineManager(paths).install("cpu")
    (site / "engine.txt").write_text(f"tinyrave==1.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    with pytest.raises(UserError) as caught:
        EngineManager(paths).install("cpu")
    assert caught.value.code == "hash-mismatch"
    assert EngineManager(paths).status().path == before.path
    assert engines(paths) == [before.hash]


def test_cancel_leaves_nothing_half_made(paths: AppPaths, site: Path) -> None:
    seen: list[str] = []

    def watch(event: events.Event) -> None:
        if isinstance(event, events.Progress):
            seen.append(event.phase)

    with pytest.raises(Cancelled):
        EngineManager(paths).install("cpu", watch, lambda: "packages" in seen)
    assert engines(paths) == []


def test_what_a_killed_installation_left_is_ended_and_replaced(
    paths: AppPaths, site: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The worker was killed, its uv goes on writing: the next installation ends it before it builds there anew."""
    monkeypatch.setattr(probe, "check_engine", lambda *_: FACTS)
    environments = Environments(paths.engines)
    folder = environments.folder(environments.key("cpu", environments_module.TORCH["cpu"]))
    fake_environment(folder)
    (folder / "half").write_text("", encoding="utf-8")
    stale = tmp_path / ("uv.exe" if sys.platform == "win32" else "uv")
    shutil.copy2(Path(sys.executable).resolve(), stale)
    program = "import sys; print(1, flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [str(stale), "-S", "-c", program, str(folder / "bin" / "python")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONHOME": sys.base_prefix},
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        assert EngineManager(paths).install("cpu").ready
        process.wait(10)  # raises when it still runs
        assert not (folder / "half").exists()
    finally:
        process.kill()
        process.communicate()


def test_no_space_is_said_before_anything_is_fetched(
    paths: AppPaths, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installer, "free_space", lambda _: 1_000_000_000)
    with pytest.raises(UserError) as caught:
        EngineManager(paths).install("cpu")
    assert caught.value.code == "disk-full"
    assert "1.6 GB" in caught.value.message
    assert not (Path(os.environ["UV_CACHE_DIR"])).exists()


def test_without_a_network_the_user_is_told(
    paths: AppPaths, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site / "torch-cpu.txt").write_text(f"absent==1.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    (site / "torch-pypi.txt").write_text(f"absent==1.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # the discard port: nobody listens
    monkeypatch.setenv("RAVE_GUI_TORCH_INDEX", "http://127.0.0.1:9/whl")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(UserError) as caught:
        EngineManager(paths).install("auto")
    assert caught.value.code == "offline"
    with pytest.raises(UserError) as caught:
        EngineManager(paths).install("cpu")
    assert caught.value.code == "no-cpu-source"
    assert engines(paths) == []


def test_two_installations_do_not_meet(paths: AppPaths) -> None:
    manager = EngineManager(paths)
    with manager._exclusive(), pytest.raises(UserError) as caught:
        EngineManager(paths).remove()
    assert caught.value.code == "engine-busy"


def test_environments_in_use_are_kept(paths: AppPaths, tmp_path: Path) -> None:
    environments = Environments(paths.engines)
    used, unused = paths.engines / "envs" / "used", paths.engines / "envs" / "unused"
    python = fake_environment(used)
    fake_environment(unused)
    process = psutil.Popen(
        [str(python), "-c", "import sys; print(1, flush=True); sys.stdin.read()"], stdin=-1, stdout=-1
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        assert environments.collect(keep=None) == [unused]
        assert used.exists()
    finally:
        process.kill()
        process.communicate()
    assert environments.collect(keep=None) == [used]
