"""What can be asked of a job in the list."""

from __future__ import annotations

import pytest
from tests.helpers.rows import Job

from rave_gui.viewmodels.jobs import can
from rave_protocol.specs import KINDS


def test_a_pause_is_offered_where_the_work_obeys_it() -> None:
    assert {kind for kind in KINDS if can(Job(kind, "running"), "pause")} == {
        "train",
        "dataset",
        "dataset-append",
    }
    assert can(Job("dataset", "paused"), "resume")


@pytest.mark.parametrize("state", ["queued", "starting", "paused", "stopping", "succeeded", "failed"])
def test_only_a_job_that_runs_can_pause(state: str) -> None:
    assert not can(Job("dataset", state), "pause")
