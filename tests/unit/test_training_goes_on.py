"""What goes on with a training: the newest aim, the newest whole checkpoint, its place in the queue, settings as they were asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.helpers.engine import StandIn, end
from tests.helpers.training import RecordedRun, make_project

from rave_gui.bootstrap import Services, build
from rave_gui.jobs import recovery
from rave_gui.jobs.folder import JobFolder
from rave_gui.jobs.retry import retry_params
from rave_gui.projects import Project
from rave_gui.training import actions
from rave_protocol.aim import read_aim, write_aim
from rave_protocol.specs import TrainParams


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    monkeypatch.setenv("RAVE_GUI_HOME", str(tmp_path / "home"))
    StandIn(monkeypatch)
    return build()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "project")


def whole(path: Path, size: int = 3000) -> Path:
    """A checkpoint that is whole: a zip archive, as PyTorch writes them."""
    import zipfile

    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", b"x")
        file.writestr("archive/data/0", bytes(range(256)) * (size // 256))
    return path


def checkpoints(run: RecordedRun) -> list[Path]:
    """Whole ones in place of the recorded run's, oldest first."""
    folder = run.path / "version_0" / "checkpoints"
    return [whole(folder / name) for name in ("best.ckpt", "step_00000133.ckpt", "step_00000266.ckpt")]


# --- the aim


def test_a_run_that_was_made_longer_and_stopped_goes_on_to_the_new_number(
    services: Services, project: Project
) -> None:
    run = RecordedRun(project, "longer")
    checkpoints(run)
    write_aim(run.job.path, 500)
    assert actions.job_of(services, project, "longer").params["max_steps"] == 500  # type: ignore[union-attr]
    assert actions.settings(services, project, "longer")["max_steps"] == 500
    assert actions.resume(services, project, "longer").params["max_steps"] == 500


def test_a_retry_and_a_recovery_aim_at_what_was_acknowledged_last(
    services: Services, project: Project
) -> None:
    run = RecordedRun(project, "longer", told=10)
    assert read_aim(run.job.path) is None
    assert retry_params(run.params, run.job.path) == run.params
    write_aim(run.job.path, 3000)
    run.end("interrupted")
    retried = services.jobs.retry(run.job.id, project.path)
    assert retried.params["max_steps"] == 3000
    asked = TrainParams("set", str(project.runs / "r"), "r", device="cpu", tries=1, max_steps=40)
    job = services.jobs.submit("train", asked, project=project.path, title="r")
    write_aim(job.folder, 3000)
    end(JobFolder(job.folder), "interrupted")
    folder = JobFolder(job.folder)
    again = recovery.due(folder, folder.read_state())
    assert again is not None
    assert again.params.max_steps == 3000
