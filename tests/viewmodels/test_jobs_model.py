"""What can be asked of a job in the list."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rave_gui.viewmodels.jobs import can
from rave_protocol.specs import KINDS


@dataclass
class Job:
    kind: str
    state: str
    id: str = "1"
    title: str = ""
    reason: str = ""
    project: Path | None = None
    folder: Path = Path()
    created: float = 0.0
    started: float | None = None
    ended: float | None = None
    progress: dict[str, Any] | None = None
    error: dict[str, str] | None = None
    result: dict[str, Any] | None = None
    params: dict[str, Any] = field(default_factory=dict)


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
