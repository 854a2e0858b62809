"""A disk that fills up under a dataset and under a training: said clearly, nothing lost, and it goes on when there is room."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.e2e.conftest import Home
from tests.helpers.disk import resize, small_disk

pytestmark = pytest.mark.engine

ROOM = 64 << 20


def noise(folder: Path, files: int, seconds: float) -> Path:
    rng = np.random.default_rng(0)
    folder.mkdir()
    for number in range(files):
        soundfile.write(folder / f"{number}.wav", rng.standard_normal(int(44100 * seconds)) * 0.1, 44100)
    return folder


def test_a_dataset(home: Home) -> None:
    sounds = noise(home.root / "sounds", 6, 10.0)
    disk = home.root / "disk"
    with small_disk(disk, "size=4m"):
        args = ("dataset", "create", sounds, "--project", disk / "p", "--name", "d", "--json")
        error = home(*args).refused("disk-full")
        assert str(disk) in error["message"]
        assert "Free some space" in error["hint"]
        assert not (disk / "p" / "datasets" / "d").exists()
        assert home("dataset", "list", "-p", disk / "p", "--json").check("dataset-list")["items"] == []
        jobs = home("jobs", "list", "-p", disk / "p", "--json").check("jobs-list")["items"]
        assert [(job["state"], job["error"]["code"]) for job in jobs] == [("failed", "disk-full")]

        resize(disk, free=ROOM)
        made = home(*args).check("dataset-create")  # the same command, and the same name
        assert made["path"] == str(disk / "p" / "datasets" / "d")
        assert made["seconds_usable"] == pytest.approx(60.0, abs=0.01)
        assert made["problems"] == []
        home.close()


def test_a_training(home: Home) -> None:
    sounds = noise(home.root / "sounds", 1, 8.0)
    disk = home.root / "disk"
    with small_disk(disk, f"size={ROOM}"):
        project = ("--project", disk / "p")
        home("dataset", "create", sounds, *project, "--preset", "tiny", "--name", "d", "--json").check(
            "dataset-create"
        )
        args = ("--preset", "tiny", "--steps", "4", "--override", "CAPACITY = 4", "--name", "R", "--json")
        first = home("train", "start", *project, "-d", "d", *args).check("train-start")
        kept = Path(first["checkpoint"]).read_bytes()

        resize(disk, free=1 << 20)  # room for the records of a job, and none for a checkpoint
        error = home("train", "resume", "R", *project, "--steps", "8", "--json").refused("disk-full")
        assert "Free some space" in error["hint"]
        assert Path(first["checkpoint"]).read_bytes() == kept
        whole = [zipfile.ZipFile(path).testzip() for path in (disk / "p" / "runs").rglob("*.ckpt")]
        assert whole
        assert not any(whole)
        failed = home("jobs", "list", *project, "--json").check("jobs-list")["items"][-1]
        assert (failed["state"], failed["error"]["code"]) == ("failed", "disk-full")

        resize(disk, free=ROOM)
        again = home("jobs", "retry", failed["id"], *project, "--json").check("jobs-retry")
        home("jobs", "log", again["id"], "--follow", *project, "--json")
        view = home("jobs", "show", again["id"], *project, "--json").check("jobs-show")
        assert view["state"] == "succeeded", view["error"]
        assert view["result"]["step"] == 8
        assert Path(first["checkpoint"]).read_bytes() == kept
        home.close()
