"""The whole way on the real engine: sounds in, a verified model out, as one JSON object."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import soundfile
from tests.e2e.conftest import Home

from rave_gui.projects import Project

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


def test_ogg_music_becomes_a_model_and_the_same_command_again_repeats_nothing(
    home: Home, music: Path
) -> None:
    project = home.root / "project"
    found = whole(home, music, "--project", project)
    assert found["project"] == str(project)
    assert found["dataset"]["problems"] == []
    assert 23 < found["dataset"]["seconds_usable"] < 25
    before = sorted(path.name for path in (project / "jobs").iterdir())
    again = whole(home, music, "--project", project)
    assert again == found
    assert sorted(path.name for path in (project / "jobs").iterdir()) == before
    listed = home("train", "list", "--project", project, "--json").check("train-list")["items"]
    assert [(item["step"], item["state"]) for item in listed] == [(int(STEPS), "succeeded")]
    exports = home("export", "list", "--project", project, "--json").check("export-list")["items"]
    assert [item["model"] for item in exports] == [found["export"]["path"]]
    jobs = home("jobs", "list", "--project", project, "--json").check("jobs-list")["items"]
    assert [job["kind"] for job in jobs] == ["dataset", "train", "evaluate", "export", "verify"]


def test_short_drum_hits_in_a_folder_with_blanks_and_umlauts(home: Home, drum_hits: Path) -> None:
    found = whole(home, drum_hits, "--project", home.root / "Projekt für Änne")
    assert found["dataset"]["problems"] == []
    assert found["dataset"]["seconds_lost"] == 0
    assert Path(found["dataset"]["path"]).name == drum_hits.name


def test_a_killed_command_leaves_its_training_alone_and_the_next_one_goes_on(home: Home, music: Path) -> None:
    project = home.root / "project"
    args = ("quickstart", music, "--project", project, "--preset", "tiny", "--steps", STEPS, "--json")
    process = home.start(*args)
    state = project / "quickstart.json"
    deadline = time.monotonic() + 120
    stages: dict[str, Any] = {}
    while "training" not in stages:
        assert time.monotonic() < deadline, "the training was never submitted"
        assert process.poll() is None, process.communicate()
        if state.is_file():
            stages = json.loads(state.read_text(encoding="utf-8"))["ways"][0]["stages"]
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    found = home(*args).check("quickstart")
    assert found["jobs"]["training"] == stages["training"]["job"]
    assert found["run"]["step"] == int(STEPS)
    assert len(list((project / "jobs").iterdir())) == 5


def test_other_sounds_in_the_same_project_get_names_of_their_own(
    home: Home, music: Path, drum_hits: Path
) -> None:
    project = Project.open(home.root / "project", create=True)
    (project.datasets / music.name).mkdir(parents=True)
    (project.datasets / music.name / "mine.txt").write_text("keep me")
    found = whole(home, music, "--project", project.path)
    assert Path(found["dataset"]["path"]).name == f"{music.name}-2"
    assert (project.datasets / music.name / "mine.txt").read_text() == "keep me"


def test_ctrl_c_saves_and_the_same_command_trains_on_to_the_full_number(home: Home, music: Path) -> None:
    project = home.root / "project"
    args = ("quickstart", music, "--project", project, "--preset", "tiny", "--steps", "60", "--json")
    process = home.start(*args)
    deadline = time.monotonic() + 120
    while not list(project.glob("runs/*/version_0/checkpoints")) and not _training_runs(project):
        assert time.monotonic() < deadline, "the training never began"
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 3, err.decode()
    assert json.loads(out)["error"]["code"] == "stopped"
    assert "Ctrl+C again" in err.decode()
    found = home(*args).check("quickstart")
    assert found["run"]["step"] == 60


def _training_runs(project: Path) -> bool:
    for path in project.glob("jobs/*/events.jsonl"):
        text = path.read_text(encoding="utf-8", errors="replace")
        if '"unit":"steps"' in text and '"done":0' not in text.splitlines()[-1]:
            return True
    return False


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


def test_one_file_shorter_than_a_chunk_still_gives_a_model(home: Home) -> None:
    import numpy as np

    rng = np.random.default_rng(0)
    soundfile.write(home.root / "hit.wav", rng.standard_normal(11025) * 0.1, 44100)
    found = whole(home, home.root / "hit.wav", "--project", home.root / "p")
    assert found["dataset"]["chunks"] == 1
