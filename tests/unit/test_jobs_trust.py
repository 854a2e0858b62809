"""Which runs may run code: only what this user trusted for a training that this user submitted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.helpers.jobs import Home, open_home

from rave_gui.jobs.folder import create
from rave_gui.jobs.state import JobState
from rave_gui.jobs.trust import trusted_configs
from rave_protocol.specs import ExportParams, JobSpec, RenderParams, TrainParams


@dataclass(frozen=True)
class Made:
    """A project's record of a run."""

    path: Path
    job: str | None


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    with open_home(tmp_path, monkeypatch) as home:
        monkeypatch.setattr(home.jobs._starter, "ensure", lambda: None)
        yield home


def run_of(project: Path) -> Path:
    run = project / "runs" / "r"
    (run / "version_1").mkdir(parents=True)
    for folder in (run, run / "version_1"):
        (folder / "config.gin").write_text("import math\n")
    return run


@pytest.mark.parametrize("files", [[], ["/x/mine.gin"]])
def test_a_run_is_trusted_when_its_training_was(home: Home, files: list[str]) -> None:
    project = home.root / "project"
    run = run_of(project)
    job = home.jobs.submit(
        "train", TrainParams("set", str(run), "r", trusted=files), project=project, title="T"
    )
    found = trusted_configs(home.paths, project / "jobs", run, Made(run, job.id))
    expected = [run / "config.gin", run / "version_1" / "config.gin"]
    assert found == ([str(path) for path in expected] if files else [])
    assert trusted_configs(home.paths, project / "jobs", home.root / "copy", Made(run, job.id)) == []
    assert trusted_configs(home.paths, project / "jobs", run, None) == []


def test_a_received_run_is_not_trusted_whatever_its_job_says(home: Home) -> None:
    project = home.root / "received"
    run = run_of(project)
    params = TrainParams("set", str(run), "r", trusted=["/x/evil.gin"])
    create(
        project / "jobs", JobSpec("theirs", "train", "T", params, 1.0, str(project)), JobState("succeeded")
    )
    assert trusted_configs(home.paths, project / "jobs", run, Made(run, "theirs")) == []


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("render", RenderParams("/r", "/a.wav", "/o.wav", trusted=["/r/config.gin"])),
        ("export", ExportParams("/r", "/out", "n", trusted=["/r/config.gin"])),
    ],
)
def test_a_received_job_trusts_nothing_when_it_is_retried(
    home: Home, kind: str, params: RenderParams | ExportParams
) -> None:
    project = home.root / "received"
    create(project / "jobs", JobSpec("theirs", kind, "T", params, 1.0, str(project)), JobState("interrupted"))
    assert home.jobs.retry("theirs", project).params["trusted"] == []
