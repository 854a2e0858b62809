"""The start page: the one next step, what runs, what ended lately."""

from __future__ import annotations

from typing import Any

import pytest
from tests.helpers.rows import Job

from rave_gui.viewmodels import home
from rave_gui.viewmodels.home import Facts


def step(facts: Facts = Facts(), **changes: Any) -> str:  # noqa: B008 - frozen
    known: dict[str, Any] = {"project": True, "engine_known": True, "engine_ready": True, "jobs": []}
    return home.next_step(facts, **known | changes).action


@pytest.mark.parametrize(
    ("facts", "changes", "action"),
    [
        (Facts(), {}, "page:quickstart"),
        (Facts(), {"project": False}, "project.new"),
        (Facts(), {"engine_ready": False}, "engine.install"),
        (Facts(), {"engine_ready": False, "engine_known": False}, "page:quickstart"),
        (Facts(takes=1), {}, "datasets.new"),
        (Facts(datasets=1), {}, "training.new"),
        (Facts(datasets=1, runs=3), {}, "training.new"),
        (Facts(datasets=1, runs=3, trained=1, newest_run="voice"), {}, "page:models"),
        (Facts(datasets=1, runs=3, trained=1, exports=1, newest_run="voice"), {}, "page:play"),
        (Facts(), {"engine_ready": False, "jobs": [Job("train", "running")]}, "page:training"),
        (Facts(), {"jobs": [Job("train", "succeeded")]}, "page:quickstart"),
    ],
)
def test_the_next_step_is_what_is_missing(facts: Facts, changes: dict[str, Any], action: str) -> None:
    assert step(facts, **changes) == action


def test_what_a_page_looks_up_by_itself_is_no_news_unless_it_failed() -> None:
    jobs = [
        Job("train", "succeeded", "a", ended=1.0),
        Job("dataset-stats", "succeeded", "b", ended=2.0),
        Job("dataset-stats", "failed", "c", ended=3.0),
        Job("export", "cancelled", "d", ended=4.0),
        Job("train", "running", "e"),
    ]
    assert [job.id for job in home.ended(jobs)] == ["d", "c", "a"]
    assert len(home.ended([Job("train", "succeeded", str(i)) for i in range(20)])) == home.RECENT_JOBS


def test_jobs_at_work_come_before_those_that_wait() -> None:
    jobs = [
        Job("train", "queued", "late", created=2.0),
        Job("train", "queued", "early", created=1.0),
        Job("train", "paused", "paused", created=0.0),
        Job("export", "running", "working", created=3.0),
        Job("export", "succeeded", "done"),
    ]
    assert [job.id for job in home.running(jobs)] == ["working", "paused", "early", "late"]
