"""The whole way on the real engine: sounds in, a verified model out, as one JSON object."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from tests.e2e.conftest import PATIENCE, Home

from rave_gui.projects import Project
from rave_protocol.files import read_json

pytestmark = pytest.mark.engine
STEPS = "30"


def whole(home: Home, *args: str | Path) -> dict[str, Any]:
    found = home("quickstart", *args, "--preset", "tiny", "--steps", STEPS, "--json").check("quickstart")
    assert Path(found["run"]["checkpoint"]).is_file()
    assert found["run"]["step"] == int(STEPS)
    sound, rate = soundfile.read(found["reconstruction"]["path"])
    assert rate == 44100
    assert abs(sound).max() > 0
    assert Path(found["export"]["path"]).suffix == ".ts"
    assert Path(found["export"]["path"]).is_file()
    assert found["export"]["streaming_error_db"] <= -100
    assert found["export"]["sample_rate"] == 44100
    assert found["seconds"]["total"] == pytest.approx(
        sum(v for k, v in found["seconds"].items() if k != "total"), abs=0.01
    )
    return found


def begin(
    home: Home, args: tuple[str | Path, ...], project: Path, until: Callable[[], bool]
) -> subprocess.Popen[bytes]:
    """Start a quick start and come back once ``until()`` holds."""
    process = home.start(*args)
    deadline = time.monotonic() + PATIENCE
    while not until():
        assert time.monotonic() < deadline, "the training never came that far"
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    return process


def training(project: Path) -> dict[str, Any]:
    """What ``quickstart.json`` says about the training; empty before it is submitted."""
    try:
        ways = read_json(project / "quickstart.json")["ways"]
    except FileNotFoundError:
        return {}
    found: dict[str, Any] = ways[-1]["stages"].get("training", {}) if ways else {}
    return found


def test_music_with_ctrl_c_and_a_kill_on_the_way(home: Home, music: Path) -> None:
    project = home.root / "project"
    args = ("quickstart", music, "--project", project, "--preset", "tiny", "--steps", STEPS, "--json")

    # Ctrl+C in the training: it saves and ends, and that is said.
    process = begin(home, args, project, lambda: bool(list(project.glob("runs/*/version_0/events*"))))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3, err.decode()
    assert json.loads(out)["error"]["code"] == "stopped"
    assert "Ctrl+C again" in err.decode()
    first = training(project)["job"]

    # The same command trains on; killed outright, its training does not notice.
    process = begin(home, args, project, lambda: training(project)["job"] != first)
    process.kill()
    process.communicate()
    second = training(project)["job"]

    # The same command once more waits for that very training and goes the rest of the way.
    found = whole(home, music, "--project", project)
    assert found["project"] == str(project)
    assert found["jobs"]["training"] == second
    assert found["dataset"]["problems"] == []
    assert 23 < found["dataset"]["seconds_usable"] < 25
    jobs = home("jobs", "list", "--project", project, "--json").check("jobs-list")["items"]
    assert [job["kind"] for job in jobs] == ["dataset", "train", "train", "evaluate", "export", "verify"]

    # And once more: everything is there, nothing is repeated.
    assert whole(home, music, "--project", project) == found
    assert home("jobs", "list", "--project", project, "--json").json["items"] == jobs
    listed = home("train", "list", "--project", project, "--json").check("train-list")["items"]
    assert [(item["step"], item["state"]) for item in listed] == [(int(STEPS), "succeeded")]
    exports = home("export", "list", "--project", project, "--json").check("export-list")["items"]
    assert [item["model"] for item in exports] == [found["export"]["path"]]


def test_short_drum_hits_with_blanks_and_umlauts_beside_things_of_the_same_name(
    home: Home, drum_hits: Path
) -> None:
    project = Project.open(home.root / "Projekt für Änne", create=True)
    mine = project.datasets / drum_hits.name / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("keep me")
    found = whole(home, drum_hits, "--project", project.path)
    assert found["dataset"]["problems"] == []
    assert found["dataset"]["seconds_lost"] == 0
    assert Path(found["dataset"]["path"]).name == f"{drum_hits.name}-2"
    assert mine.read_text() == "keep me"


class TestRefusals:
    """What a user can fix is said before anything is made."""

    def test_a_folder_without_sound(self, home: Home) -> None:
        (home.root / "empty").mkdir()
        (home.root / "empty" / "notes.txt").write_text("no sound here")
        error = home("quickstart", home.root / "empty", "--project", home.root / "p", "--json").refused(
            "no-audio"
        )
        assert error["hint"]

    def test_a_file_that_is_no_sound(self, home: Home) -> None:
        (home.root / "broken.wav").write_bytes(b"RIFF, or so it says" * 50)
        error = home("quickstart", home.root / "broken.wav", "--project", home.root / "p", "--json").refused(
            "no-audio"
        )
        assert "broken.wav" in error["message"] + error["details"] + error["hint"]

    def test_sounds_that_are_not_there(self, home: Home) -> None:
        home("quickstart", home.root / "nowhere", "--project", home.root / "p", "--json").refused("not-found")
        assert not (home.root / "p").exists()

    @pytest.mark.skipif(os.name == "nt" or not Path("/sys/kernel").is_dir(), reason="needs Linux's /sys")
    def test_a_project_in_a_read_only_place(self, home: Home, music: Path) -> None:
        home("quickstart", music, "--project", "/sys/rave-gui-test", "--json").refused("not-writable")

    def test_a_project_that_is_somebodys_folder(self, home: Home, music: Path) -> None:
        home("quickstart", music, "--project", music, "--json").refused("not-a-project")
        assert sorted(path.suffix for path in music.iterdir()) == [".ogg", ".ogg"]

    def test_no_engine(self, bare_home: Home, music: Path) -> None:
        error = bare_home("quickstart", music, "--project", bare_home.root / "p", "--json").refused(
            "engine-missing"
        )
        assert "engine install" in error["hint"]
        assert not (bare_home.root / "p").exists()


def test_one_file_shorter_than_a_chunk_is_enough_to_train(home: Home) -> None:
    rng = np.random.default_rng(0)
    soundfile.write(home.root / "hit.wav", rng.standard_normal(11025) * 0.1, 44100)
    project = home.root / "p"
    made = home("dataset", "create", home.root / "hit.wav", "-p", project, "--preset", "tiny", "--json")
    assert made.check("dataset-create")["chunks"] == 1
    trained = home("train", "start", "-p", project, "-d", "hit", "--steps", "4", "--json").check(
        "train-start"
    )
    assert trained["step"] == 4
