"""The application with its warm worker: asked by the client, forking trainings for the runner, dying in the middle."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import psutil
import pytest
from tests.e2e.test_job_kills import Studio
from tests.helpers.jobs import until

from rave_gui.errors import UserError
from rave_gui.runtime.manager import EngineManager
from rave_gui.runtime.worker_client import WarmWorker
from rave_protocol import events
from rave_protocol.files import read_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.conftest import Home

if sys.platform == "win32":
    pytest.skip("Jobs are forked from the worker where there is a fork.", allow_module_level=True)

pytestmark = [pytest.mark.engine, pytest.mark.slow]


@pytest.fixture
def studio(home: Home, drum_hits: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    monkeypatch.setenv("RAVE_GUI_HOME", home.environment["RAVE_GUI_HOME"])
    monkeypatch.delenv("RAVE_GUI_ENGINE", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return Studio(home, drum_hits)


@pytest.fixture
def worker(home: Home, studio: Studio) -> Iterator[WarmWorker]:
    client = WarmWorker(EngineManager(home.paths), home.paths)
    client.start()
    yield client
    client.stop()


def test_a_training_is_forked_survives_the_worker_and_ends_like_any_other(
    studio: Studio, worker: WarmWorker, home: Home
) -> None:
    facts = worker.request("validate", {"configs": ["v2_small"], "overrides": ["CAPACITY = 4"]})
    assert facts["ratio"] == 512
    with pytest.raises(UserError) as caught:
        worker.request("validate", {"configs": ["v2_small"], "overrides": ["NO_SUCH = 1"]})
    assert caught.value.code == "unknown-override"

    job = studio.train()
    started = studio.first(job, lambda event: isinstance(event, events.Started))
    assert isinstance(started, events.Started)
    parent = int(read_json(home.paths.warm_worker)["pid"])
    assert psutil.Process(started.pid).ppid() == parent, "the job was started cold"
    studio.first(job, lambda event: isinstance(event, events.Metric))
    os.kill(parent, signal.SIGKILL)
    view = studio.jobs.wait(job.id, timeout=200)
    assert view.state == "succeeded", view.error
    assert view.result is not None
    assert view.result["step"] == 24
    assert until_gone(started.pid)


def test_a_forked_training_that_is_killed_is_interrupted(studio: Studio, worker: WarmWorker) -> None:
    job = studio.train()
    studio.first(job, lambda event: isinstance(event, events.Metric))
    pid = studio.jobs.get(job.id).pids["engine"]
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    view = studio.jobs.wait(job.id, timeout=60)
    assert view.state == "interrupted"
    assert worker.is_running(), "the worker must not go down with its job"


def until_gone(pid: int) -> bool:
    """Wait for the end of a process that nobody of ours has to collect."""

    def over() -> bool:
        try:
            return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    until(over, "the working process leaves")
    return True
