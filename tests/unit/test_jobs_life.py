"""Jobs from submission to end, through the real dispatcher, runner and worker processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.helpers.jobs import Home, gone, kill, open_home, until

from rave_gui.errors import UserError
from rave_protocol import events


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    with open_home(tmp_path, monkeypatch) as home:
        yield home


def test_a_job_succeeds_and_its_events_are_followed(home: Home) -> None:
    project = home.root / "Projekt Ä"
    project.mkdir()
    seen: list[events.Stamped] = []
    job = home.fake("quick", project=project)
    assert job.state == "queued"
    assert job.folder.parent == project / "jobs"
    view = home.jobs.wait(job.id, seen.append, timeout=60)
    assert view.state == "succeeded"
    assert view.result == {"path": str(home.root / "set")}
    assert view.progress is not None
    assert view.progress["done"] == 3
    assert [type(s.event).__name__ for s in seen] == ["Started", *["Progress"] * 4, "Finished"]
    assert view.started is not None
    assert view.ended is not None
    assert view.created <= view.started <= view.ended
    assert [v.id for v in home.jobs.list(project)] == [job.id]
    assert home.jobs.get(job.id[:12]).id == job.id


@pytest.mark.parametrize(
    ("behaviour", "code", "state"),
    [
        ("user", "no-audio", "failed"),
        ("bug", "bug", "failed"),
        ("full", "disk-full", "failed"),
        ("exit", "interrupted", "interrupted"),
    ],
)
def test_what_went_wrong_is_said(home: Home, behaviour: str, code: str, state: str) -> None:
    view = home.jobs.wait(home.fake(behaviour).id, timeout=60)
    assert view.state == state
    assert view.error is not None
    assert view.error["code"] == code
    assert view.error["message"]
    assert view.error["hint"]
    if behaviour == "exit":
        assert "exit code 7" in view.reason
        assert "last words" in view.error["details"]


def test_pause_resume_save_refusal_and_stop(home: Home) -> None:
    job = home.fake("told")
    home.reach(job.id, "running")
    home.jobs.pause(job.id)
    home.reach(job.id, "paused")
    home.jobs.resume(job.id)
    home.reach(job.id, "running")
    asked = home.jobs.save(job.id)
    home.see(job, lambda e: isinstance(e, events.Ack) and e.command == asked and e.ok)
    refused = home.jobs.send(job.id, "phase2")
    home.see(job, lambda e: isinstance(e, events.Ack) and e.command == refused and not e.ok)
    assert home.jobs.stop(job.id).state in ("running", "stopping", "succeeded")
    view = home.jobs.wait(job.id, timeout=60)
    assert view.state == "succeeded"
    assert view.result is not None
    assert view.result["stopped"] is True
    with pytest.raises(UserError, match="has ended") as caught:
        home.jobs.pause(job.id)
    assert caught.value.code == "job-ended"


def test_cancel_is_obeyed(home: Home) -> None:
    job = home.fake("told")
    home.reach(job.id, "running")
    home.jobs.cancel(job.id)
    assert home.jobs.wait(job.id, timeout=60).state == "cancelled"


def test_light_jobs_run_two_at_a_time_in_queue_order(home: Home) -> None:
    jobs = [home.fake("told", f"set{i}") for i in range(5)]
    for job in jobs[:2]:
        home.reach(job.id, "running")
    assert [home.jobs.get(j.id).state for j in jobs[2:]] == ["queued"] * 3
    home.jobs.reorder(jobs[4].id, before=jobs[2].id)
    assert home.jobs.queue() == tuple(jobs[i].id for i in (0, 1, 4, 2, 3))
    with pytest.raises(UserError, match="only jobs that wait"):
        home.jobs.reorder(jobs[0].id)
    with pytest.raises(UserError, match="not started yet"):
        home.jobs.pause(jobs[3].id)
    assert home.jobs.cancel(jobs[2].id).state == "cancelled"
    (home.root / "set0.go").touch()
    home.reach(jobs[0].id, "succeeded")
    home.reach(jobs[4].id, "running")
    assert home.jobs.get(jobs[3].id).state == "queued"
    for i in (1, 3, 4):
        (home.root / f"set{i}.go").touch()
    for i in (1, 3, 4):
        assert home.jobs.wait(jobs[i].id, timeout=60).state == "succeeded"


def test_a_killed_runner_is_replaced_and_the_work_goes_on(home: Home) -> None:
    job = home.fake("told")
    home.see(job, lambda e: isinstance(e, events.Progress))
    first, worker = home.runner(job), home.worker(job)
    assert first is not None
    kill(first)
    until(lambda: home.runner(job) not in (None, first), "a new runner")
    view = home.reach(job.id, "running")
    assert home.worker(job) == worker == view.pids["engine"]
    home.jobs.pause(job.id)  # state changes reach state.json through the new runner
    home.reach(job.id, "paused")
    (home.root / "set.go").touch()
    view = home.jobs.wait(job.id, timeout=60)
    assert view.state == "succeeded"


def test_a_killed_dispatcher_is_replaced_at_the_next_call(home: Home) -> None:
    job = home.fake("told")
    home.reach(job.id, "running")
    first, runner = home.dispatcher(), home.runner(job)
    kill(first)
    assert home.jobs.get(job.id).state == "running"
    until(
        lambda: home.jobs.get(job.id).state == "running" and home.dispatcher() not in (None, first),
        "a new dispatcher",
    )
    assert home.runner(job) == runner
    (home.root / "set.go").touch()
    assert home.jobs.wait(job.id, timeout=60).state == "succeeded"


def test_killed_work_is_interrupted_and_its_children_are_ended(home: Home) -> None:
    job = home.fake("children")
    line = home.see(job, lambda e: isinstance(e, events.Log))
    assert isinstance(line, events.Log)
    child = int(line.text.split()[1])
    runner = home.runner(job)
    until(lambda: home.jobs.get(job.id).pids["engine"] == home.worker(job) is not None, "the pid is known")
    kill(home.worker(job))
    view = home.jobs.wait(job.id, timeout=60)
    assert view.state == "interrupted"
    assert "SIGKILL" in view.reason
    assert runner is not None
    until(lambda: gone(runner), "the runner leaves")
    until(lambda: gone(child), "the child is ended")
    again = home.jobs.retry(job.id)
    assert again.retry_of == job.id
    assert again.id > job.id
    (home.root / "set.go").touch()
    assert home.jobs.wait(again.id, timeout=60).state == "succeeded"


def test_everything_killed_at_once_is_interrupted_on_the_next_look(home: Home) -> None:
    job = home.fake("told")
    home.see(job, lambda e: isinstance(e, events.Progress))
    for pid in (home.dispatcher(), home.runner(job), home.worker(job)):
        kill(pid)
    view = home.jobs.get(job.id)
    assert view.state == "interrupted"
    assert view.error is not None
    assert "killed" in view.reason


def test_ended_jobs_go_to_the_trash_and_running_ones_stay(home: Home) -> None:
    job = home.fake("told")
    home.reach(job.id, "running")
    with pytest.raises(UserError, match="has not ended"):
        home.jobs.remove(job.id)
    with pytest.raises(UserError, match="nothing to retry"):
        home.jobs.retry(job.id)
    home.jobs.cancel(job.id)
    home.jobs.wait(job.id, timeout=60)
    runner = home.runner(job)
    if runner is not None:
        until(lambda: gone(runner), "the runner leaves")
    until(lambda: home.runner(job) is None, "the runner leaves")
    target = home.jobs.remove(job.id)
    assert target.parent == home.paths.data / "trash" / "jobs"
    assert (target / "events.jsonl").is_file()
    with pytest.raises(UserError) as caught:
        home.jobs.get(job.id)
    assert caught.value.code == "no-such-job"
    assert home.jobs.list() == []
