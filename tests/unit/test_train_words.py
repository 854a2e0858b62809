"""What the command line says of trainings: how they stand, and what they wait for."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.helpers.projects import ended_job

from rave_gui.bootstrap import build
from rave_gui.cli.main import main
from rave_gui.cli.parameters import in_options
from rave_gui.cli.training_words import Judge
from rave_gui.projects import Project
from rave_gui.training.checks import check
from rave_gui.training.parameters import defaults
from rave_gui.viewmodels.standing import Standing
from rave_protocol import events
from rave_protocol.events import Stamped
from rave_protocol.files import write_json
from rave_protocol.specs import TrainParams

ROOT = Path(__file__).parents[2]
JOB = "20260101-000000-000-aaaa"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A training that another computer works at: nobody here corrects its state."""
    monkeypatch.setenv("RAVE_GUI_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RAVE_GUI_ENGINE", raising=False)
    made = Project.open(tmp_path / "project", create=True)
    run = made.runs / "drums"
    run.mkdir(parents=True)
    (run / "config.gin").write_text("PHASE_1_DURATION = 500\n", encoding="utf-8")
    folder = ended_job(made, JOB, TrainParams("", str(run), "drums", max_steps=1000))
    made.store.register("run", "drums", run, job=JOB, parent="kitchen")
    told: list[events.Event] = [
        events.Started(1),
        events.Progress(10, 1000, "steps", rate=5.0, phase="phase 1"),
        events.Metric(90, {"fullband_spectral_distance": float("nan"), "epoch": 4.0}),
        events.Progress(100, 1000, "steps", rate=5.0, eta=180.0, phase="phase 1"),
    ]
    lines = [json.dumps(events.to_json(event, time.time() - 1)) for event in told]
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    state(made, "running", progress=events.to_json(told[-1], time.time()))
    return made


def state(project: Project, name: str, **more: Any) -> None:
    """Let the job say so."""
    data = {"state": name, "host": "elsewhere", "machine": "another", "started": 1.0, **more}
    write_json(project.jobs / JOB / "state.json", data)


def test_a_run_tells_how_it_is_going(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "show", "drums", "-p", str(project.path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    jsonschema.validate(found, json.loads((ROOT / "docs/schemas/train-show.json").read_text("utf-8")))
    assert found["eta"] == {"phase": 80.0, "run": 180.0}
    assert (found["total"], found["epoch"], found["phase"], found["rate"]) == (1000, 5, "phase 1", 5.0)
    assert [item["code"] for item in found["health"]["alerts"]] == ["not-a-number"]
    assert main(["train", "show", "drums", "-p", str(project.path)]) == 0
    said = capsys.readouterr().out
    for text in (
        "kitchen",
        "100 of 1,000",
        "epoch 5",
        "phase 1",
        "5.00 steps a second",
        "1:20",
        "3:00",
        "no number",
    ):
        assert text in said


def test_a_followed_training_tells_what_is_new_once(project: Project) -> None:
    standing = Standing(build(), project, ("drums", project.runs / "drums"))
    judge = Judge(standing)
    first = judge.news(100.0)
    assert first is not None
    assert [line.split(":")[0] for line in first[1]] == [
        "How is it going? The loss is no number any more",
        "danger",
    ]
    assert judge.news(105.0) is None
    standing.take(Stamped(time.time(), events.Progress(500, 1000, "steps", rate=5.0, phase="phase 1")))
    second = judge.news(111.0)
    assert second is not None
    assert (second[0]["eta"]["run"], second[1]) == (100.0, [])


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--augment", "loud"), "--augment is one of: "),
        (("--ema", "2"), "--ema must "),
        (("--rand-pitch", "2", "1"), "--rand-pitch: the smaller"),
    ],
)
def test_options_are_called_as_they_are_typed(
    args: tuple[str, ...], said: str, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "estimate", "-p", str(project.path), "--json", *args]) == 3
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["message"].startswith(said)
    assert args[0] in error["hint"]


def test_findings_name_options() -> None:
    finding = next(f for f in check({**defaults(), "exact": True, "amp": "bf16"}) if f.code == "fast-rests")
    told = in_options(finding)
    assert told.message.startswith("--amp: without effect")
    assert "--exact" in told.hint


def test_what_cannot_be_meant_is_said(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    start = ("train", "start", "-p", str(project.path), "-d", "kitchen")
    for args, code in (
        (("train", "trial", "-d", "kitchen"), "project-missing"),
        ((*start, "--at", "2020-01-01 06:00"), "bad-time"),
        (("notify", "set", "--webhook", "notaurl"), "bad-notification"),
    ):
        assert main([*args, "--json"]) == 3
        assert json.loads(capsys.readouterr().out)["error"]["code"] == code
    assert main(["train", "estimate", "--memory", "-3", "--json"]) == 2
