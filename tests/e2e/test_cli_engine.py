"""Every command that works with the real engine, its output against its committed schema."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import soundfile
from tests.e2e.conftest import PATIENCE, SCHEMAS, Home

from rave_gui.jobs.reader import EventReader
from rave_gui.runtime.manager import EngineManager
from rave_protocol import jobfolder
from rave_protocol.events import Failed
from rave_protocol.files import read_json, write_json

pytestmark = pytest.mark.engine


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.05)


def lines(text: str, schema: str) -> list[dict[str, Any]]:
    validator = jsonschema.Draft202012Validator(
        json.loads((SCHEMAS / f"{schema}.json").read_text(encoding="utf-8"))
    )
    found = [json.loads(line) for line in text.splitlines()]
    for value in found:
        validator.validate(value)
    return found


def step_of(home: Home, job: str, project: Path) -> float:
    view = home("jobs", "show", job, "--project", project, "--json").check("jobs-show")
    assert view["state"] not in ("failed", "interrupted", "cancelled"), view["error"]
    progress = view["progress"]
    return float(progress["done"]) if progress else 0.0


def test_the_whole_way_by_single_commands(home: Home, music: Path) -> None:
    project = home.root / "Projekt Ü"
    made = home(
        "dataset", "create", music, "--project", project, "--preset", "tiny", "--name", "music", "--json"
    ).check("dataset-create")
    assert made["path"] == str(project / "datasets" / "music")
    assert (
        home("dataset", "list", "--project", project, "--json").check("dataset-list")["items"][0]["name"]
        == "music"
    )
    shown = home("dataset", "show", "music", "--project", project, "--json").check("dataset-show")
    assert len(shown["files"]) == 2

    args = ("train", "start", "--project", project, "--dataset", "music", "--preset", "tiny", "--steps", "24")
    started = home(*args, "--name", "R", "--detach", "--json").check("train-start")
    assert started["run"] == str(project / "runs" / "R")
    job = started["job"]
    view = home("jobs", "show", job, "--project", project, "--json").check("jobs-show")
    assert (view["id"], view["kind"], set(view["pids"])) == (job, "train", {"runner", "engine"})
    assert home(*args, "--name", "R", "--json").refused("name-taken")

    watched = lines(home("train", "watch", "R", "--project", project, "--json").out, "train-watch")
    assert watched[-1]["job"]["state"] == "succeeded", watched[-1]["job"]["error"]
    assert {"progress", "metric", "finished"} <= {event.get("type") for event in watched[:-1]}
    log = lines(home("jobs", "log", job, "-f", "--project", project, "--json").out, "jobs-log-follow")
    assert log[-1]["job"]["id"] == job
    printed = home("jobs", "log", job, "--project", project, "--json").check("jobs-log")["items"]
    assert printed == log[:-1]

    run = home("train", "show", "R", "--project", project, "--json").check("train-show")
    assert (run["step"], run["dataset"], run["state"]) == (24, "music", "succeeded")
    files = home("model", "checkpoints", "R", "--project", project, "--json").check("model-checkpoints")[
        "items"
    ]
    assert run["checkpoint"] in {item["path"] for item in files}

    home("train", "resume", "R", "--project", project, "--json").refused("bad-steps")
    resumed = home("train", "resume", "R", "--project", project, "--steps", "30", "--json").check(
        "train-resume"
    )
    assert resumed["step"] == 30
    assert Path(run["checkpoint"]).is_file()

    piece = next(music.iterdir())
    take = home("model", "render", "R", piece, "--project", project, "--json").check("model-render")
    assert Path(take["path"]).parent == project / "takes"
    assert soundfile.info(take["path"]).duration == pytest.approx(
        soundfile.info(str(piece)).duration, abs=0.1
    )
    again = home("model", "render", "R", piece, "--project", project, "--json").check("model-render")
    assert again["path"] != take["path"]
    # (A float wav file's header holds the time of writing, so the samples are compared.)
    assert np.array_equal(soundfile.read(again["path"])[0], soundfile.read(take["path"])[0])
    home("model", "render", "R", piece, "--output", piece, "--project", project, "--json").refused(
        "output-exists"
    )
    home("model", "evaluate", "R", "--dataset", "music", "--project", project, "--json").check(
        "model-evaluate"
    )

    export = home("export", "run", "R", "--project", project, "--json").check("export-run")
    assert export["streaming_error_db"] <= -100
    verified = home("export", "verify", "R", "--project", project, "--json").check("export-verify")
    assert verified["finite"]
    assert verified["repeatable"]
    assert not verified["silent"]
    assert (
        home("export", "list", "--project", project, "--json").check("export-list")["items"][0]["run"] == "R"
    )
    home("export", "run", "R", "--name", "R", "--project", project, "--json").refused("name-taken")


@pytest.fixture
def training(home: Home, music: Path) -> tuple[Path, str]:
    """A project in which a long training runs, and the training's job."""
    project = home.root / "p"
    home("dataset", "create", music, "--project", project, "--preset", "tiny", "--name", "d", "--json").check(
        "dataset-create"
    )
    args = ("train", "start", "--project", project, "--dataset", "d", "--steps", "100000", "--name", "R")
    job = str(home(*args, "--detach", "--json").check("train-start")["job"])
    until(lambda: step_of(home, job, project) >= 1, "the training takes steps")
    return project, job


def test_pause_resume_stop_retry_and_ctrl_c(home: Home, training: tuple[Path, str]) -> None:
    project, job = training

    def state() -> str:
        return str(home("jobs", "show", job, "--project", project, "--json").check("jobs-show")["state"])

    home("train", "resume", "R", "--project", project, "--json").refused("run-busy")
    home("jobs", "pause", job, "--project", project, "--json").check("jobs-show")
    until(lambda: state() == "paused", "paused")
    home("jobs", "resume", job, "--project", project, "--json").check("jobs-show")
    until(lambda: state() == "running", "running")
    stopped = home("train", "stop", "R", "--project", project, "--json").check("train-stop")
    assert stopped["stopped"] is True
    assert Path(stopped["checkpoint"]).is_file()
    new = home("jobs", "retry", job, "--project", project, "--json").check("jobs-retry")
    assert new["retry_of"] == job
    until(
        lambda: step_of(home, new["job"], project) > stopped["step"], "the retry goes on from the checkpoint"
    )
    home("jobs", "cancel", new["job"], "--project", project, "--json").check("jobs-show")
    until(
        lambda: (
            home("jobs", "show", new["job"], "-p", project, "--json").check("jobs-show")["state"]
            == "cancelled"
        ),
        "cancelled",
    )

    process = home.start(
        "train", "start", "-p", project, "-d", "d", "--steps", "100000", "--name", "S", "--json"
    )
    until(lambda: bool(list(project.glob("runs/S/version_0/events*"))), "the training begins")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err.decode()
    found = json.loads(out)
    assert found["stopped"] is True
    assert Path(found["checkpoint"]).is_file()
    assert "--detach" in err.decode()


def test_a_job_of_another_protocol_version_is_refused_on_both_sides(home: Home, music: Path) -> None:
    project = home.root / "p"
    made = home("dataset", "create", music, "--project", project, "--preset", "tiny", "--json").check(
        "dataset-create"
    )
    strange = project / "jobs" / "20200101-000000-000-0000"
    strange.mkdir()
    spec = read_json(project / "jobs" / made["job"] / jobfolder.SPEC)
    write_json(strange / jobfolder.SPEC, {**spec, "id": strange.name, "kind": "train", "protocol": 99})

    shown = home("jobs", "show", strange.name, "--project", project, "--json").check("jobs-show")
    assert (shown["state"], shown["error"]["code"]) == ("failed", "protocol")
    assert len(home("jobs", "list", "--project", project, "--json").check("jobs-list")["items"]) == 2
    home("jobs", "retry", strange.name, "--project", project, "--json").refused("protocol")

    # The engine itself, handed such a job, says so in the job's events.
    handed = home.root / strange.name
    handed.mkdir()
    shutil.copy(strange / jobfolder.SPEC, handed)
    engine = EngineManager(home.paths)
    done = subprocess.run(
        engine.boot_command("job", str(handed)),
        env=engine.environment(),
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    last = EventReader(handed).read()[-1].event
    assert isinstance(last, Failed)
    assert (last.code, last.user) == ("protocol", True)
    assert "99" in last.message
    assert "version" in last.hint


def test_engine_commands(home: Home, engine_record: Path) -> None:
    status = home("engine", "status", "--json").check("engine-status")
    assert status["ready"] is True
    assert status["source"] == "adopted"
    home("engine", "adopt", home.root / "nothing here", "--json").check("error", 3)
    assert home("engine", "status", "--json").json == status
    assert home("engine", "remove", "--json").check("engine-status")["ready"] is False
    assert Path(status["interpreter"]).exists()
    assert home("engine", "status", "--json").check("engine-status")["ready"] is False


def test_doctor(home: Home, bare_home: Home) -> None:
    found = home("doctor", "--quick", "--json")
    checks = found.check("doctor", found.code)
    assert found.code == (0 if checks["ok"] else 3)
    assert next(item for item in checks["items"] if item["name"] == "engine")["state"] == "ok"
