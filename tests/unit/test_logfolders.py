"""What runs take on the disk: what may go, what never does, and back again."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import jsonschema
import pytest
from tests.helpers.projects import ended_job, fill, hashes

from rave_gui.bootstrap import Services, build
from rave_gui.cli.main import main
from rave_gui.errors import UserError
from rave_gui.jobs import JobService
from rave_gui.paths import AppPaths
from rave_gui.projects import Project
from rave_gui.training import logfolders
from rave_protocol.specs import TrainParams

ROOT = Path(__file__).resolve().parents[2]
RUN = "drums tiny"


@pytest.fixture
def services(tmp_path: Path) -> Services:
    home = tmp_path / "home"
    return build(AppPaths(home / "data", home / "config", home / "cache"))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(Project.open(tmp_path_factory.mktemp("template") / "project", create=True)).path


@pytest.fixture
def project(tmp_path: Path, template: Path) -> Project:
    shutil.copytree(template, tmp_path / "project")
    made = Project.open(tmp_path / "project")
    checkpoints = made.runs / RUN / "version_0" / "checkpoints"
    for step in (40, 50, 60, 70):
        (checkpoints / f"step_{step:08}.ckpt").write_bytes(b"c" * 1000)
    (checkpoints / "mine.ckpt").write_bytes(b"mine")
    (made.runs / RUN / "config.gin").write_text("PHASE_1_DURATION = 45\n", encoding="utf-8")
    return made


def steps(plan: logfolders.PrunePlan) -> list[int]:
    return [file.step for file in plan.files]


def test_sizes_add_up(project: Project) -> None:
    (row,) = logfolders.sizes(project)
    run = project.runs / RUN
    assert row.total == sum(path.stat().st_size for path in run.rglob("*") if path.is_file())
    assert (row.run, row.checkpoint_files, row.events) == (RUN, 9, 10_000)


def test_what_a_resume_a_listener_or_the_user_wants_stays(services: Services, project: Project) -> None:
    # Of 10…70: the newest three stay, 40 is the last of phase 1, best and mine have no number.
    assert steps(logfolders.prune_plan(services, project)) == [10, 20, 30]
    assert steps(logfolders.prune_plan(services, project, [RUN], keep=1)) == [10, 20, 30, 50, 60]
    assert steps(logfolders.prune_plan(services, project, keep=100)) == []
    params = replace(TrainParams("/d", str(project.runs / RUN), RUN), milestone_every=20)
    ended_job(project, "20260102-000000-000-aaaa", params)
    project.store.register("run", RUN, project.runs / RUN, job="20260102-000000-000-aaaa")
    assert steps(logfolders.prune_plan(services, project)) == [10, 30]
    with pytest.raises(UserError) as caught:
        logfolders.prune_plan(services, project, ["nobody"])
    assert caught.value.code == "run-missing"


def test_a_run_in_use_is_left_alone(services: Services, project: Project) -> None:
    plan = logfolders.prune_plan(services, project)
    other = replace(
        TrainParams("/d", str(project.runs / "new"), "new"),
        init_from=str(project.runs / RUN / "version_0" / "checkpoints" / "step_00000010.ckpt"),
    )
    ended_job(project, "20260103-000000-000-aaaa", other)
    views = [
        replace(v, state="queued") if v.params["name"] == "new" else v
        for v in services.jobs.list(project.path)
    ]
    waiting = replace(services, jobs=cast("JobService", SimpleNamespace(list=lambda _project: views)))
    later = logfolders.prune_plan(waiting, project)
    assert (later.files, list(later.left_alone)) == ([], [RUN])
    before = hashes(project.runs)
    assert logfolders.prune(waiting, project, plan) == 0
    assert hashes(project.runs) == before


def test_pruned_checkpoints_come_back_and_nothing_is_overwritten(
    services: Services, project: Project
) -> None:
    before = hashes(project.runs)
    plan = logfolders.prune_plan(services, project)
    assert logfolders.prune(services, project, plan) == plan.bytes == 120_000
    assert not any(file.path.exists() for file in plan.files)
    (item,) = logfolders.pruned(project)
    assert (item.run, item.files, item.bytes) == (RUN, 3, 120_000)
    new = plan.files[0].path
    new.write_bytes(b"another")
    assert logfolders.restore(project, item.id) == 2
    assert new.read_bytes() == b"another"
    assert logfolders.pruned(project)[0].files == 1
    new.unlink()
    assert logfolders.restore(project, item.id) == 1
    assert hashes(project.runs) == before
    assert logfolders.pruned(project) == []
    logfolders.prune(services, project, plan)
    (item,) = logfolders.pruned(project)
    assert logfolders.purge(project, item.id) > 120_000
    for wrong in (item.id, "..", "", "../drums"):
        with pytest.raises(UserError) as caught:
            logfolders.purge(project, wrong)
        assert caught.value.code == "trash-missing"


def test_a_note_of_somebody_else_names_no_place(services: Services, project: Project, tmp_path: Path) -> None:
    logfolders.prune(services, project, logfolders.prune_plan(services, project))
    (item,) = logfolders.pruned(project)
    note = project.trash / "pruned" / item.id / "prune.json"
    outside = tmp_path / "outside"
    outside.mkdir()
    known = json.loads(note.read_text(encoding="utf-8"))
    note.write_text(json.dumps({**known, "path": str(outside)}), encoding="utf-8")
    assert logfolders.restore(project, item.id) == 3
    assert list(outside.iterdir()) == []


def test_an_archive_has_everything_but_checkpoints(
    services: Services, project: Project, tmp_path: Path
) -> None:
    path = logfolders.archive(services, project, RUN, tmp_path / "logs" / "drums")
    assert path.name == "drums.zip"
    with zipfile.ZipFile(path) as packed:
        assert packed.testzip() is None
        names = packed.namelist()
    assert f"{RUN}/config.gin" in names
    assert f"{RUN}/version_0/events.out.tfevents.1.host.1.0" in names
    assert not any(name.endswith(".ckpt") for name in names)
    with pytest.raises(UserError) as caught:
        logfolders.archive(services, project, RUN, path)
    assert caught.value.code == "file-exists"
    assert [entry.name for entry in path.parent.iterdir()] == ["drums.zip"]


def test_commands(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAVE_GUI_HOME", str(tmp_path / "home"))

    def call(*args: str, code: int = 0) -> dict[str, Any]:
        assert main(["logs", *args, "--project", str(project.path), "--json"]) == code
        data: dict[str, Any] = json.loads(capsys.readouterr().out)
        if code == 0:
            schema = ROOT / "docs/schemas" / f"logs-{args[0]}.json"
            jsonschema.validate(data, json.loads(schema.read_text(encoding="utf-8")))
        return data

    assert call("sizes")["items"][0]["run"] == RUN
    assert call("prune")["moved"] is None
    assert call("prune", RUN, "--yes")["moved"] == 120_000
    item = call("pruned")["items"][0]["id"]
    assert call("restore", item)["files"] == 3
    call("prune", "--yes")
    item = call("pruned")["items"][0]["id"]
    assert call("purge", item, code=2)["error"]["code"] == "usage"
    assert call("purge", item, "--yes")["bytes"] > 0
    assert call("archive", RUN, "-o", str(tmp_path / "x.zip"))["bytes"] > 0
    for args in (["sizes"], ["prune"], ["pruned"]):
        assert main(["logs", *args, "--project", str(project.path)]) == 0
    assert "nothing to prune" in capsys.readouterr().out
