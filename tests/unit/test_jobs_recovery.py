"""Trainings that go on by themselves: when, how often, with which batch, and never twice."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.jobs import until

from rave_gui.jobs import JobService, JobView, reconcile, recovery
from rave_gui.jobs.dispatcher import LOCK, Dispatcher
from rave_gui.jobs.folder import JobFolder
from rave_gui.jobs.postmortem import Death
from rave_gui.jobs.state import JobState, State
from rave_gui.paths import AppPaths, default_paths
from rave_protocol.locks import OsLock
from rave_protocol.specs import DatasetParams, TrainParams


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppPaths]:
    """A user whose dispatcher is this test: it holds the lock, so that no other one is started."""
    monkeypatch.setenv("RAVE_GUI_HOME", str(tmp_path / "home"))
    found = default_paths()
    found.locks.mkdir(parents=True)
    lock = OsLock(found.locks / LOCK)
    assert lock.acquire(1.0)
    yield found
    lock.release()


def submit(paths: AppPaths, root: Path, **fields: Any) -> JobView:
    base: dict[str, Any] = {
        "dataset": str(root / "set"),
        "run": str(root / "runs" / "a"),
        "name": "a",
        "device": "cpu",
    }
    params = TrainParams(**{**base, "batch": 8, "tries": 2, **fields})
    return JobService(paths).submit("train", params, project=root / "project", title="Train a")


def end(
    view: JobView, state: State = "interrupted", code: str = "interrupted", user: bool = False
) -> JobFolder:
    folder = JobFolder(view.folder)
    now = folder.read_state()
    now.error = {"code": code, "message": "m", "hint": "h", "details": "", "user": user}
    now.move("starting")
    if state != "interrupted":
        now.move("running")
    now.move(state)
    folder.write_state(now)
    return folder


def all_jobs(paths: AppPaths, root: Path) -> list[JobView]:
    return JobService(paths).list(root / "project")


@pytest.mark.parametrize(
    ("state", "code", "user", "again"),
    [
        ("interrupted", "interrupted", False, True),
        ("failed", "bug", False, True),
        ("failed", "out-of-memory", True, True),
        ("failed", "diverged", True, False),
        ("failed", "disk-full", True, False),
        ("cancelled", "", False, False),
        ("succeeded", "", False, False),
    ],
)
def test_only_what_may_end_better_the_next_time_is_tried_again(
    paths: AppPaths, tmp_path: Path, state: State, code: str, user: bool, again: bool
) -> None:
    folder = end(submit(paths, tmp_path), state, code, user)
    assert (recovery.due(folder, folder.read_state()) is not None) is again


@pytest.mark.parametrize("before", ["paused", "stopping"])
def test_one_that_was_paused_or_asked_to_stop_rests(paths: AppPaths, tmp_path: Path, before: State) -> None:
    """Somebody wanted the computer for something else."""
    folder = JobFolder(submit(paths, tmp_path).folder)
    state = folder.read_state()
    state.move("starting")
    state.move("running")
    state.move(before)
    reconcile.interrupt(state, folder, Death())
    folder.write_state(state)
    assert folder.read_state().state == "interrupted"
    assert recovery.due(folder, folder.read_state()) is None
    assert JobService(paths).get(folder.id, tmp_path / "project").rests


def test_nothing_is_tried_again_that_was_not_allowed_to(paths: AppPaths, tmp_path: Path) -> None:
    folder = end(submit(paths, tmp_path, tries=0))
    assert recovery.due(folder, folder.read_state()) is None
    params = DatasetParams([str(tmp_path)], str(tmp_path / "set"))
    other = end(JobService(paths).submit("dataset", params, project=None, title="Set"))
    assert recovery.due(other, other.read_state()) is None


@pytest.mark.parametrize(("allowed", "batch"), [(True, 4), (False, 8)])
def test_the_batch_is_halved_only_where_that_was_allowed(
    paths: AppPaths, tmp_path: Path, allowed: bool, batch: int
) -> None:
    folder = end(submit(paths, tmp_path, halve_batch=allowed), "failed", "out-of-memory", True)
    again = recovery.due(folder, folder.read_state())
    assert again is not None
    assert again.params.batch == batch
    crashed = end(submit(paths, tmp_path, halve_batch=allowed), "failed", "bug")
    other = recovery.due(crashed, crashed.read_state())
    assert other is not None
    assert other.params.batch == 8


def checkpoint(run: Path, step: int) -> Path:
    whole = run / "version_0" / "checkpoints" / f"step_{step:08d}.ckpt"
    whole.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(whole, "w") as file:
        file.writestr("archive/data.pkl", b"")
    return whole


def test_tries_count_only_those_in_a_row_that_got_nowhere(paths: AppPaths, tmp_path: Path) -> None:
    """A run of weeks may break off more often than it has tries, as long as it saves something in between."""
    run = tmp_path / "runs" / "a"
    first = submit(paths, tmp_path, tries=1)
    dispatcher = Dispatcher(paths)
    for number in range(4):
        checkpoint(run, 40 * (number + 1))
        end(JobService(paths).latest(first.id, tmp_path / "project"))
        dispatcher.step()
        assert len(all_jobs(paths, tmp_path)) == number + 2
    end(JobService(paths).latest(first.id, tmp_path / "project"))
    dispatcher.step()
    assert len(all_jobs(paths, tmp_path)) == 5, "this one saved nothing"


def test_a_job_that_ended_is_followed_by_the_next_until_the_tries_are_used_up(
    paths: AppPaths, tmp_path: Path
) -> None:
    first = submit(paths, tmp_path)
    whole = checkpoint(tmp_path / "runs" / "a", 40)
    dispatcher = Dispatcher(paths)
    pauses = []
    for number in range(3):
        latest = JobService(paths).latest(first.id, tmp_path / "project")
        end(latest)
        dispatcher.step()
        jobs = all_jobs(paths, tmp_path)
        assert len(jobs) == min(number + 2, 3)
        new = jobs[-1]
        if number < 2:
            assert (new.state, new.retry_of) == ("queued", latest.id)
            assert new.params["resume"] == str(whole)
            assert new.not_before is not None
            pauses.append(new.not_before - new.created)
    assert JobService(paths).queue() == ()
    assert [job.retried_by for job in jobs] == [jobs[1].id, jobs[2].id, ""]
    assert pauses == [pytest.approx(recovery.PAUSE, abs=1.0), pytest.approx(2 * recovery.PAUSE, abs=1.0)]


def test_a_dispatcher_that_dies_half_way_leaves_one_successor(
    paths: AppPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = submit(paths, tmp_path)
    end(first)

    class Dead(Exception):
        pass

    def die(*_: object) -> None:
        raise Dead

    with monkeypatch.context() as patched:
        patched.setattr(recovery, "note_retry", die)
        with pytest.raises(Dead):
            Dispatcher(paths).step()
    assert len(all_jobs(paths, tmp_path)) == 2
    Dispatcher(paths).step()
    assert len(all_jobs(paths, tmp_path)) == 2


def test_with_nobody_at_work_the_next_look_starts_somebody(
    paths: AppPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a reboot: the job is found interrupted, and only a dispatcher tries it again."""
    first = submit(paths, tmp_path)
    end(first)
    service = JobService(paths)
    started: list[int] = []
    monkeypatch.setattr(service._starter, "ensure", lambda: started.append(1))
    assert service.list(tmp_path / "project")[0].state == "interrupted"
    assert started
    Dispatcher(paths).step()
    new = service.successor(first.id, tmp_path / "project")
    assert new is not None, "what another process wrote is seen although the job had ended before"
    assert new.retry_of == first.id
    service.cancel(new.id)
    started.clear()
    service.list(tmp_path / "project")
    assert not started, "nothing waits"
    assert service.successor(new.id, tmp_path / "project") is None
    assert service.latest(first.id, tmp_path / "project").id == new.id


def test_a_job_that_waits_for_its_time_is_not_started_before(paths: AppPaths, tmp_path: Path) -> None:
    params = TrainParams(dataset=str(tmp_path), run=str(tmp_path / "r"), name="r", device="cpu")
    job = JobService(paths).submit("train", params, project=None, title="Later", not_before=2.0**40)
    dispatcher = Dispatcher(paths)
    assert dispatcher.step() is True, "there is something to wait for"
    assert JobService(paths).get(job.id).state == "queued"
    assert JobService(paths).get(job.id).not_before == 2.0**40
    assert JobService(paths).cancel(job.id).state == "cancelled"
    until(lambda: not dispatcher.step(), "nothing waits any more")


def test_what_the_state_file_says_is_kept() -> None:
    state = JobState(retried_by="20250101-000000-000-abcd", not_before=5.0)
    assert JobState.from_json(state.to_json()) == state
    assert JobState.from_json({"retried_by": 3}).retried_by == ""


def test_a_training_that_goes_on_by_itself_keeps_its_place(
    paths: AppPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(Dispatcher, "_start", lambda _self, row, _folder: started.append(row.id))
    first = submit(paths, tmp_path)
    behind = submit(paths, tmp_path, run=str(tmp_path / "runs" / "b"))
    folder = end(first)
    dispatcher = Dispatcher(paths)
    for _ in range(3):
        dispatcher.step()
    service = JobService(paths)
    again = service.latest(first.id, tmp_path / "project")
    assert again.retry_of == first.id
    assert service.queue() == (again.id, behind.id)
    assert not started, "nobody takes its slot while it waits for its moment"
    folder = JobFolder(again.folder)
    state = folder.read_state()
    assert state.holds
    state.not_before = 1.0
    folder.write_state(state)
    dispatcher.step()
    assert started == [again.id]
    service.cancel(again.id)
    started.clear()
    later = JobService(paths).submit(
        "train",
        TrainParams(str(tmp_path), str(tmp_path / "c"), "c", device="cpu"),
        project=tmp_path / "project",
        title="c",
        not_before=2.0**40,
    )
    service.reorder(later.id, behind.id, tmp_path / "project")
    dispatcher.step()
    assert started == [behind.id], "one that the user set a time for holds nobody up"
