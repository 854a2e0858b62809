"""Tables of datasets, runs, exports and takes: right at once, right after every change, and read from disk once only."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.jobs import Home, open_home
from tests.helpers.projects import fill

from rave_gui.bootstrap import Services, build
from rave_gui.projects import Project, scan
from rave_gui.workspace import facts, listing
from rave_protocol.files import write_json
from rave_protocol.specs import TrainParams


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    with open_home(tmp_path, monkeypatch) as home:
        monkeypatch.setattr("rave_gui.jobs.dispatcher.Starter.ensure", lambda _self: None)
        yield home


@pytest.fixture
def services(home: Home) -> Services:
    return build(home.paths)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(Project.open(tmp_path_factory.mktemp("made") / "p", create=True)).path


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Project:
    """A copy whose files are old enough that their times can be believed."""
    shutil.copytree(made, tmp_path / "p")
    age(tmp_path / "p")
    return Project.open(tmp_path / "p")


def age(folder: Path, seconds: float = 100.0) -> None:
    then = time.time() - seconds
    for path in [folder, *folder.rglob("*")]:
        os.utime(path, (then, then))


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of things that were read from disk."""
    found: list[str] = []
    real = facts._read

    def noted(path: Path, read: facts.Read) -> dict[str, Any]:
        found.append(path.name)
        return real(path, read)

    monkeypatch.setattr(facts, "_read", noted)
    return found


def test_rows_say_what_is_there(services: Services, project: Project) -> None:
    (dataset,) = listing.datasets(services, project)
    assert dataset.name == "drums"
    assert dataset.chunks > 4
    assert dataset.seconds_usable == pytest.approx(2.0, abs=0.6)
    assert dataset.seconds_lost is not None
    assert (dataset.channels, dataset.sample_rate, dataset.num_signal) == (1, 44100, 8192)
    assert (dataset.error, dataset.missing, dataset.adopted) == ("", False, False)
    (run,) = listing.runs(services, project)
    assert (run.step, run.n_checkpoints, run.versions, run.dataset) == (30, 4, 1, "drums")
    assert run.checkpoint == run.path / "version_0" / "checkpoints" / "step_00000030.ckpt"
    assert (run.state, run.configs, run.tags, run.max_steps) == ("succeeded", ["v2"], ["best"], 6_000_000)
    assert run.bytes > 160_000
    (export,) = listing.exports(services, project)
    assert export.file is not None
    assert export.file.name == "drums tiny_streaming.ts"
    assert (export.run, export.step, export.latent_size, export.verified) == ("drums tiny", 30, 4, True)
    (take,) = listing.takes(services, project)
    assert take.name == "take one"
    assert take.to_json()["path"] == str(take.path)


def test_nothing_is_read_twice_until_it_changes(
    services: Services, project: Project, reads: list[str]
) -> None:
    listing.runs(services, project)
    listing.datasets(services, project)
    assert sorted(reads) == ["drums", "drums tiny"]
    reads.clear()
    other = Project.open(project.path)
    assert listing.runs(services, other) == listing.runs(services, project)
    listing.datasets(services, other)
    assert reads == []
    checkpoints = project.runs / "drums tiny" / "version_0" / "checkpoints"
    (checkpoints / "step_00000040.ckpt").write_bytes(b"x")
    (run,) = listing.runs(services, project)
    assert (run.step, run.n_checkpoints) == (40, 5)
    assert reads == ["drums tiny"]
    # A folder changed just now may change again without another time: it is not believed yet.
    (checkpoints / "step_00000050.ckpt").write_bytes(b"x")
    assert listing.runs(services, project)[0].step == 50
    project.store.tag("run", "drums tiny", ["new"])
    assert listing.runs(services, project)[0].tags == ["new"]


def test_folders_that_did_not_change_are_not_looked_through(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.items("run")
    asked: list[str] = []

    def noted(accept: Callable[[Path], bool]) -> Callable[[Path], bool]:
        def asks(entry: Path) -> bool:
            asked.append(entry.name)
            return accept(entry)

        return asks

    monkeypatch.setattr(scan, "PLACES", tuple((k, p, noted(a)) for k, p, a in scan.PLACES))
    assert [r.name for r in project.items("run")] == ["drums tiny"]
    assert asked == []
    (project.runs / "new").mkdir()  # not a run yet
    age(project.runs)
    assert [r.name for r in project.items("run")] == ["drums tiny"]
    assert "new" in asked
    # It becomes one without its parent's time changing.
    (project.runs / "new" / "config.gin").write_text("")
    age(project.runs)
    assert [r.name for r in project.items("run")] == ["drums tiny", "new"]
    shutil.rmtree(project.runs / "drums tiny")
    assert [r.name for r in project.items("run")] == ["new"]


def test_a_dataset_that_is_being_replaced_keeps_what_is_known_of_it(project: Project) -> None:
    project.store.tag("dataset", "drums", ["dry"])
    drums = project.datasets / "drums"
    drums.rename(project.datasets / ".drums.before")
    assert [r.name for r in project.items("dataset")] == ["drums"]
    (project.datasets / ".drums.before").rename(drums)
    assert project.store.tags("dataset") == {"drums": ["dry"]}
    shutil.rmtree(drums)
    assert project.items("dataset") == []


def test_a_run_under_way_shows_its_job(home: Home, services: Services, project: Project) -> None:
    params = TrainParams("d", str(project.runs / "later"), "later", configs=["v2", "causal"], max_steps=500)
    job = home.jobs.submit("train", params, project=project.path, title="T")
    project.store.register("run", "later", project.runs / "later", job=job.id, parent="drums")
    run = next(row for row in listing.runs(services, project) if row.name == "later")
    assert (run.state, run.missing, run.step, run.max_steps) == ("queued", False, None, 500)
    assert run.configs == ["v2", "causal"]
    services.jobs.cancel(job.id, project.path)
    run = next(row for row in listing.runs(services, project) if row.name == "later")
    assert (run.state, run.missing) == ("cancelled", True)
    state = {"state": "failed", "error": {"code": "x", "message": "It broke."}, "reason": "It broke."}
    write_json(job.folder / "state.json", state)
    run = next(row for row in listing.runs(build(services.paths), project) if row.name == "later")
    assert (run.state, run.error) == ("failed", "It broke.")


def test_what_cannot_be_read_says_why(services: Services, project: Project) -> None:
    (project.datasets / "drums" / "metadata.yaml").write_text("- no\n- mapping\n")
    (dataset,) = listing.datasets(services, project)
    assert dataset.error
    assert dataset.bytes > 0
    outside = project.path.with_name("gone")
    project.store.register("dataset", "far", outside, info={"adopted": True})
    far = next(row for row in listing.datasets(services, project) if row.name == "far")
    assert (far.missing, far.adopted) == (True, True)
