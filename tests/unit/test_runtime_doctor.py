"""The doctor's findings: each fault has one sentence and one thing to do."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from rave_gui.paths import AppPaths
from rave_gui.runtime import doctor
from rave_gui.runtime.machine import Nvidia
from rave_gui.runtime.manager import VARIABLE, EngineManager
from rave_gui.runtime.status import EngineFacts, Pointer, write_pointer


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppPaths:
    monkeypatch.delenv(VARIABLE, raising=False)
    return AppPaths(tmp_path / "data", tmp_path / "config", tmp_path / "cache")


def adopt_on_paper(paths: AppPaths, torch: str = "2.13.0+cpu", device: str = "cpu") -> None:
    """An adopted environment whose interpreter exists; nothing here starts it."""
    import sys

    facts = EngineFacts(
        "3.11.7", "2.3.1", torch, "2.11.0", device, ["cpu"] if device == "cpu" else ["cpu", f"{device}:0 X"]
    )
    write_pointer(paths.engines, Pointer("adopted", sys.prefix, sys.executable, facts=facts))


def test_every_finding_of_a_new_machine_is_complete(paths: AppPaths) -> None:
    seen: list[str] = []
    checks = doctor.run_checks(paths, on_check=lambda check: seen.append(check.name), deep=False)
    assert seen == [check.name for check in checks]
    assert {"python", "versions", "qt", "folders", "disk", "uv", "engine", "device", "audio"} == set(seen)
    for check in checks:
        assert check.message.rstrip().endswith((".", ")"))
        if check.state == "fail":
            assert check.hint
    found = {check.name: check for check in checks}
    assert found["engine"].state == "fail"
    assert "rave-gui engine install" in found["engine"].hint
    assert found["folders"].state == "ok"
    assert set(found["disk"].to_json()) == {"name", "state", "message", "hint", "details"}


def test_a_folder_that_cannot_be_written_is_named(paths: AppPaths) -> None:
    paths.config.write_text("a file where a folder should be", encoding="utf-8")
    check = doctor.check_folders(paths)
    assert check.state == "fail"
    assert str(paths.config) in check.message


@pytest.mark.parametrize(("free", "state"), [(80e9, "ok"), (3e9, "warn"), (0.5e9, "fail")])
def test_a_full_disk(paths: AppPaths, monkeypatch: pytest.MonkeyPatch, free: float, state: str) -> None:
    monkeypatch.setattr(doctor, "free_space", lambda _: int(free))
    assert doctor.check_disk(paths).state == state


def test_a_card_that_lies_idle(paths: AppPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    adopt_on_paper(paths)
    manager = EngineManager(paths)
    monkeypatch.setattr(doctor, "find_nvidia", lambda: None)
    assert doctor.check_device(manager).state == "ok"
    monkeypatch.setattr(doctor, "find_nvidia", lambda: Nvidia(["NVIDIA RTX 4070"], "590.1", ["8.9"]))
    idle = doctor.check_device(manager)
    assert (idle.state, "RTX 4070" in idle.message, "--torch cuda" in idle.hint) == ("warn", True, True)
    monkeypatch.setattr(doctor, "find_nvidia", lambda: Nvidia(["NVIDIA RTX 4070"], "470.1", ["8.9"]))
    assert "update" in doctor.check_device(manager).hint
    adopt_on_paper(paths, "2.13.0", "cuda")
    assert doctor.check_device(manager).state == "ok"


def test_audio_is_what_the_player_finds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Asked in a process of its own, which may answer, find nothing, crash or hang."""
    # Nothing of this machine's: no sound server, no ALSA device.
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/none")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    check = doctor.check_audio()
    assert check.state == "ok" or ("sound" in check.message and check.hint)
    assert "null" not in check.message.lower().split(":")[0]

    answers = {
        'print(json.dumps({"names": ["Köpfhörer", "HDMI"]}))': ("ok", "Audio output: Köpfhörer, HDMI."),
        'print("ALSA lib says", "things"); import no_such_library': ("warn", "The audio library"),
        "import os; os.abort()": ("warn", "The audio library"),
    }
    for code, (state, words) in answers.items():
        monkeypatch.setattr(doctor, "_AUDIO_PROBE", f"import json\n{code}")
        check = doctor.check_audio()
        assert (check.state, check.message.startswith(words)) == (state, True), check

    def hang(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("python", 20)

    monkeypatch.setattr(subprocess, "run", hang)
    check = doctor.check_audio()
    assert (check.state, check.message) == ("warn", "The audio system does not answer.")
    assert check.hint


def test_the_engine_is_really_started(paths: AppPaths) -> None:
    adopt_on_paper(paths)  # this Python has no RAVE in it
    check = doctor.check_engine(EngineManager(paths), deep=True)
    assert check.state == "fail"
    assert "training step" in check.message
    assert check.details
