"""Which trainings run side by side: one on each device, one alone where nobody knows the device, and the queue keeps its order."""

from __future__ import annotations

import io
import json
from pathlib import Path

import jsonschema
import pytest

from rave_gui.cli import follow
from rave_gui.cli.console import Console
from rave_gui.cli.main import main
from rave_gui.jobs import JobService
from rave_gui.jobs.dispatcher import LOCK, Dispatcher
from rave_gui.jobs.folder import JobFolder
from rave_gui.jobs.registry import Row
from rave_gui.jobs.watch import Watch
from rave_gui.paths import default_paths
from rave_protocol.files import write_json
from rave_protocol.locks import OsLock
from rave_protocol.specs import TrainParams, TrialParams


class Slots:
    """A dispatcher that starts nothing: it says what it would start."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.paths = default_paths()
        self.paths.locks.mkdir(parents=True)
        self.lock = OsLock(self.paths.locks / LOCK)
        assert self.lock.acquire(1.0)
        self.jobs = JobService(self.paths)
        self.names: dict[str, str] = {}
        self.started: list[str] = []

        def start(_: Dispatcher, row: Row, folder: JobFolder) -> None:
            self.started.append(self.names[folder.id])

        monkeypatch.setattr(Dispatcher, "_start", start)

    def submit(self, name: str, device: str, *, trial: bool = False) -> str:
        train = TrainParams(dataset="/set", run=f"/runs/{name}", name=name, device=device)
        if trial:
            job = self.jobs.submit("trial", TrialParams(train), project=None, title=name)
        else:
            job = self.jobs.submit("train", train, project=None, title=name)
        self.names[job.id] = name
        return job.id

    def look(self) -> list[str]:
        """What one look starts, with nothing running."""
        self.started.clear()
        Dispatcher(self.paths).step()
        return list(self.started)


@pytest.fixture
def slots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Slots:
    monkeypatch.setenv("RAVE_GUI_HOME", str(tmp_path / "home"))
    return Slots(monkeypatch)


def test_each_card_takes_one_training_at_a_time(slots: Slots) -> None:
    slots.submit("a", "cuda:0")
    second = slots.submit("b", "cuda")
    slots.submit("c", "cuda:1")
    slots.submit("d", "cpu")
    assert slots.look() == ["a", "c", "d"], "cuda is the first card"
    slots.jobs.reorder(second, before=next(iter(slots.names)))
    assert slots.look() == ["b", "c", "d"]


def test_a_training_whose_device_nobody_knows_runs_alone(slots: Slots) -> None:
    slots.submit("a", "auto")
    slots.submit("b", "cuda:1")
    assert slots.look() == ["a"]


def test_a_trial_takes_the_card_it_tries(slots: Slots) -> None:
    slots.submit("a", "cuda:0", trial=True)
    slots.submit("b", "cuda:0")
    slots.submit("c", "cuda:1")
    assert slots.look() == ["a", "c"]


def test_a_foreground_command_says_once_what_its_job_waits_behind(
    slots: Slots, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, other = slots.submit("a", "cuda:0"), slots.submit("b", "cuda:1")
    second = slots.submit("c", "cuda:0", trial=True)
    assert slots.jobs.waits_behind(second) == ()  # nobody is at work yet
    for job in (first, other):
        folder = slots.jobs.get(job).folder
        elsewhere = {"state": "paused", "host": "elsewhere", "machine": "another"}  # corrected by nobody here
        write_json(folder / "state.json", elsewhere)
    assert [view.title for view in slots.jobs.waits_behind(second)] == ["a"]
    monkeypatch.setattr(follow, "QUEUE_SECONDS", 0.0)
    said = io.StringIO()
    console = Console(json=False, err=said)
    watch = Watch(slots.jobs, second)
    look = follow.Behind(console).tick(watch, follow.ProgressLine(console, "c"))
    assert [look(), look()] == [False, False]
    assert said.getvalue().count("Waiting behind “a” (paused)") == 1
    assert f"jobs resume {first}" in said.getvalue()


def test_the_queue_is_put_in_order_from_the_command_line(
    slots: Slots, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = [slots.submit(name, "cuda:0") for name in "abcd"]
    schema = json.loads((Path(__file__).parents[2] / "docs/schemas/jobs-move.json").read_text("utf-8"))

    def order(*args: str) -> str:
        assert main(["jobs", "move", *args, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        jsonschema.validate(told, schema)
        assert told["queue"][told["position"] - 1] == told["job"]
        return "".join(slots.names[job] for job in told["queue"])

    assert order(jobs[3], "--first") == "dabc"
    assert order(jobs[3], "--down") == "adbc"
    assert order(jobs[2], "--up") == "adcb"
    assert order(jobs[0], "--position", "3") == "dcab"
    assert order(jobs[3], "--last") == "cabd"
    assert order(jobs[3], "--down") == "cabd"
    assert order(jobs[2], "--up") == "cabd"
    assert main(["jobs", "move", jobs[0], "--up", "--first", "--position", "2"]) == 2
    slots.jobs.cancel(jobs[0])
    assert main(["jobs", "move", jobs[0], "--first"]) == 3
