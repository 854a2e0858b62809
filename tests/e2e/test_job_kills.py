"""Real trainings whose processes are killed without warning: nothing hangs, nothing is lost, everything can go on."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.helpers.jobs import gone, kill, until

from rave_gui.jobs import JobService, JobView
from rave_gui.jobs.dispatcher import LOCK
from rave_protocol import events, jobfolder
from rave_protocol.locks import holder, is_held
from rave_protocol.specs import DatasetParams, TrainParams

if TYPE_CHECKING:
    from tests.e2e.conftest import Home

pytestmark = [pytest.mark.engine, pytest.mark.slow]

STEPS = 24


class Studio:
    """A user with the engine and a dataset, and the smallest training there is."""

    def __init__(self, home: Home, sounds: Path) -> None:
        self.home = home
        self.project = home.root / "project"
        self.jobs = JobService(home.paths)
        self.dataset = self.project / "datasets" / "hits"
        params = DatasetParams([str(sounds)], str(self.dataset), num_signal=32768)
        job = self.jobs.submit("dataset", params, project=self.project, title="Hits")
        view = self.jobs.wait(job.id, timeout=120)
        assert view.state == "succeeded", view.error

    def train(self, tries: int = 0) -> JobView:
        params = TrainParams(
            dataset=str(self.dataset),
            run=str(self.project / "runs" / "kill"),
            name="kill",
            configs=["v2_small"],
            overrides=[
                "CAPACITY = 4",
                "LATENT_SIZE = 4",
                "RAVE.valid_signal_crop = False",
                "PHASE_1_DURATION = 12",
            ],
            n_signal=32768,
            batch=1,
            max_steps=STEPS,
            val_every=12,
            save_every=4,
            log_every=1,
            holdout=1,
            device="cpu",
            tries=tries,
        )
        return self.jobs.submit("train", params, project=self.project, title="Kill")

    def first(self, view: JobView, wanted: Callable[[events.Event], bool]) -> events.Event:
        """Wait for an event of a job that must not have ended before."""
        for stamped in self.jobs.follow(view.id):
            if wanted(stamped.event):
                return stamped.event
        pytest.fail(f"the job ended first: {self.jobs.get(view.id)}")

    def pid(self, path: Path) -> int | None:
        found = holder(path) if is_held(path) else None
        return found.pid if found else None

    def dispatcher(self) -> int | None:
        return self.pid(self.home.paths.locks / LOCK)


@pytest.fixture
def studio(home: Home, drum_hits: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    monkeypatch.setenv("RAVE_GUI_HOME", home.environment["RAVE_GUI_HOME"])
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return Studio(home, drum_hits)


def is_checkpoint(event: events.Event) -> bool:
    return isinstance(event, events.Artifact) and event.kind == "checkpoint"


def test_a_killed_engine_is_interrupted_and_retry_finishes_from_the_checkpoint(studio: Studio) -> None:
    job = studio.train()
    studio.first(job, is_checkpoint)
    engine = studio.pid(job.folder / jobfolder.WORK_LOCK)
    assert engine == studio.jobs.get(job.id).pids["engine"]
    kill(engine)
    view = studio.jobs.wait(job.id, timeout=10)
    assert view.state == "interrupted"
    assert "SIGKILL" in view.reason
    left = sorted((studio.project / "runs" / "kill").rglob("step_*.ckpt"))
    assert left
    assert all(zipfile.ZipFile(path).testzip() is None for path in left)
    stamps = {path: path.stat().st_mtime_ns for path in left}

    again = studio.jobs.retry(job.id)
    assert again.params["resume"] == str(left[-1])
    first = studio.first(again, lambda event: isinstance(event, events.Metric))
    assert isinstance(first, events.Metric)
    assert first.step >= int(left[-1].stem.split("_")[1])  # the steps are numbered from 0
    view = studio.jobs.wait(again.id, timeout=240)
    assert view.state == "succeeded", view.error
    assert view.result is not None
    assert view.result["step"] == STEPS
    assert Path(view.result["checkpoint"]).is_file()
    assert {path: path.stat().st_mtime_ns for path in left} == stamps


def test_a_training_goes_on_by_itself_after_everything_was_killed(studio: Studio) -> None:
    job = studio.train(tries=1)
    studio.first(job, is_checkpoint)
    for pid in (
        studio.dispatcher(),
        studio.pid(job.folder / jobfolder.RUNNER_LOCK),
        studio.pid(job.folder / jobfolder.WORK_LOCK),
    ):
        kill(pid)
    assert studio.jobs.wait(job.id, timeout=30).state == "interrupted"
    again = studio.jobs.successor(job.id, timeout=60)
    assert again is not None
    assert again.retry_of == job.id
    assert again.params["resume"].endswith(".ckpt")
    view = studio.jobs.wait(again.id, timeout=240)
    assert view.state == "succeeded", view.error
    assert view.result is not None
    assert view.result["step"] == STEPS
    assert studio.jobs.latest(job.id).id == again.id


def test_killing_everything_but_the_engine_changes_nothing(studio: Studio) -> None:
    starter = studio.home.start(
        *("train", "start", "--project", studio.project, "--dataset", studio.dataset, "--preset", "tiny"),
        *("--steps", "30", "--name", "alone", "--override", "CAPACITY = 4", "--json"),
    )
    try:
        until(
            lambda: any(v.kind == "train" for v in studio.jobs.list(studio.project)), "the job is there", 120
        )
        job = next(v for v in studio.jobs.list(studio.project) if v.kind == "train")
        studio.first(job, lambda event: isinstance(event, events.Progress) and event.done >= 1)
    finally:
        starter.kill()
        starter.communicate()
    engine = studio.pid(job.folder / jobfolder.WORK_LOCK)
    dispatcher, runner = studio.dispatcher(), studio.pid(job.folder / jobfolder.RUNNER_LOCK)
    kill(dispatcher)
    kill(runner)
    assert studio.jobs.get(job.id).state == "running"
    until(
        lambda: (
            studio.jobs.get(job.id).final
            or studio.pid(job.folder / jobfolder.RUNNER_LOCK) not in (None, runner)
        ),
        "a new runner",
    )
    view = studio.jobs.wait(job.id, timeout=240)
    assert view.state == "succeeded", view.error
    assert view.pids["engine"] == engine
    assert view.result is not None
    assert view.result["step"] == 30
    assert runner is not None
    assert gone(runner)
