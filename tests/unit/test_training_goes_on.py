"""What goes on with a training: the newest aim, the newest whole checkpoint, its place in the queue, settings as they were asked for."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from tests.helpers.datasets import built, tone
from tests.helpers.engine import StandIn, end
from tests.helpers.training import RecordedRun, make_project, write_checkpoint

from rave_gui.bootstrap import Services, build
from rave_gui.cli.main import main
from rave_gui.configs import actions as configs
from rave_gui.configs import trusting
from rave_gui.errors import UserError
from rave_gui.jobs import recovery
from rave_gui.jobs.folder import JobFolder
from rave_gui.jobs.retry import retry_params
from rave_gui.projects import Project
from rave_gui.training import actions
from rave_protocol.aim import read_aim, write_aim
from rave_protocol.specs import TrainParams


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setenv("RAVE_GUI_HOME", str(tmp_path / "home"))
    StandIn(monkeypatch)
    return build()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "project")


def sounds(project: Project) -> Path:
    """A dataset of the project: three chunks of 131,072 samples, one channel."""
    made = built(project.path / "made", {"a.wav": tone(3 * 131072, 220, 0.5)}, num_signal=65536)
    project.datasets.mkdir(exist_ok=True)
    made.rename(project.datasets / "demo")
    return project.datasets / "demo"


def checkpoints(run: RecordedRun) -> list[Path]:
    """Those of a recorded run: the best (after 160 steps), an older, the newest."""
    folder = run.path / "version_0" / "checkpoints"
    return [folder / name for name in ("best.ckpt", "step_00000133.ckpt", "step_00000266.ckpt")]


# --- the aim


def test_a_run_that_was_made_longer_and_stopped_goes_on_to_the_new_number(
    services: Services, project: Project
) -> None:
    run = RecordedRun(project, "longer")
    write_aim(run.job.path, 500)
    assert actions.job_of(services, project, "longer").params["max_steps"] == 500  # type: ignore[union-attr]
    assert actions.settings(services, project, "longer")["max_steps"] == 500
    assert actions.resume(services, project, "longer").params["max_steps"] == 500


def test_a_retry_and_a_recovery_aim_at_what_was_acknowledged_last(
    services: Services, project: Project
) -> None:
    run = RecordedRun(project, "longer", told=10)
    assert read_aim(run.job.path) is None
    assert retry_params(run.params, run.job.path).max_steps == 400  # type: ignore[union-attr]
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


# --- frozen when it is put into the queue


def test_a_job_keeps_configurations_and_clips_as_they_were(
    services: Services, project: Project, tmp_path: Path
) -> None:
    sounds(project)
    mine, other = tmp_path / "mine.gin", tmp_path / "other" / "mine.gin"
    other.parent.mkdir()
    mine.write_text("CAPACITY = 8\n", encoding="utf-8")
    other.write_text("LATENT_SIZE = 4\n", encoding="utf-8")
    clip = tmp_path / "voice.wav"
    soundfile.write(clip, np.zeros(1000, np.float32), 44100)
    trusting.trust(services.paths, mine)
    fields = {"configs": ["v2_small", str(mine), str(other)], "clips": [str(clip)], "device": "cpu"}
    job = actions.start(services, project, "demo", fields, name="frozen")
    mine.write_text("CAPACITY = 12\n", encoding="utf-8")
    clip.unlink()
    stock, first, second = job.params["configs"]
    assert stock == "v2_small"
    assert Path(first).read_text(encoding="utf-8") == "CAPACITY = 8\n"
    assert Path(second).read_text(encoding="utf-8") == "LATENT_SIZE = 4\n"
    assert Path(first).is_relative_to(job.folder)
    assert Path(first).stem == Path(second).stem == "mine", "lists show this name"
    assert job.params["trusted"] == [first], "what was trusted is that content"
    assert soundfile.info(job.params["clips"][0]).frames == 1000
    end(JobFolder(job.folder), "failed")
    again = services.jobs.retry(job.id, project.path)
    assert Path(again.params["configs"][1]).is_relative_to(again.folder), "the old job may be removed"
    assert Path(again.params["configs"][1]).read_text(encoding="utf-8") == "CAPACITY = 8\n"
    assert again.params["trusted"] == [again.params["configs"][1]]
    like = actions.settings(services, project, "frozen")
    job = actions.start(services, project, "demo", like, name="like it")
    assert job.params["trusted"] == [job.params["configs"][1]], "an unchanged copy of what was trusted"
    mine.unlink()
    with pytest.raises(UserError) as caught:
        actions.start(services, project, "demo", fields, name="gone")
    assert caught.value.code == "config-missing"
    with pytest.raises(UserError) as caught:
        actions.start(services, project, "demo", {**fields, "configs": ["v2"]}, name="gone")
    assert caught.value.code == "clip-missing"
    assert not project.store.get("run", "gone")


def test_a_run_to_begin_with_counts_as_its_newest_checkpoint_then(
    services: Services, project: Project
) -> None:
    sounds(project)
    newest = checkpoints(RecordedRun(project, "teacher"))[-1]
    for given in ("teacher", str(project.runs / "teacher"), str(newest)):
        job = actions.start(services, project, "demo", {"init_from": given, "device": "cpu"})
        assert job.params["init_from"] == str(newest)
    RecordedRun(project, "empty", number=3)
    for path in (project.runs / "empty").rglob("*.ckpt"):
        path.unlink()
    with pytest.raises(UserError) as caught:
        actions.start(services, project, "demo", {"init_from": "empty", "device": "cpu"})
    assert caught.value.code == "checkpoint-missing"


def test_a_trial_is_frozen_too(services: Services, tmp_path: Path) -> None:
    mine = tmp_path / "mine.gin"
    mine.write_text("CAPACITY = 8\n", encoding="utf-8")
    trusting.trust(services.paths, mine)
    job = actions.trial(services, {"configs": ["v2", str(mine)], "device": "cpu"})
    mine.unlink()
    copy = job.params["train"]["configs"][1]
    assert Path(copy).read_text(encoding="utf-8") == "CAPACITY = 8\n"
    assert job.params["trusted"] == [copy]


# --- the newest checkpoint that is whole, and which one is meant


def damage(path: Path) -> Path:
    """Overwrite a piece in the middle, as a faulty disk does; the archive's directory at the end stays."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 200] = b"\xff" * 200
    path.write_bytes(data)
    return path


def test_what_is_damaged_is_passed_over_by_plan_resume_retry_and_recovery(
    services: Services, project: Project
) -> None:
    run = RecordedRun(project, "hurt")
    _, older, newest = checkpoints(run)
    half = write_checkpoint(newest.with_name("step_00000300.ckpt"), 300)
    half.write_bytes(half.read_bytes()[:-500])
    damage(newest)
    assert zipfile.is_zipfile(newest), "only reading it to its end shows it"
    plan = actions.plan_resume(services, project, "hurt")
    assert (plan.checkpoint, plan.step, plan.lost) == (older, 133, 300 - 133)
    assert [note.split()[0] for note in plan.notes] == ["step_00000300.ckpt", "step_00000266.ckpt"]
    assert retry_params(run.params, run.job.path).resume == str(older)  # type: ignore[union-attr]
    assert actions.resume(services, project, "hurt").params["resume"] == str(older)
    with pytest.raises(UserError) as caught:
        actions.plan_resume(services, project, "hurt", checkpoint="266")
    assert caught.value.code == "checkpoint-broken"


def test_nothing_whole_is_said_and_a_retry_begins_anew(services: Services, project: Project) -> None:
    run = RecordedRun(project, "hurt")
    for path in checkpoints(run):
        damage(path)
    with pytest.raises(UserError) as caught:
        actions.resume(services, project, "hurt")
    assert caught.value.code == "checkpoint-broken"
    assert retry_params(run.params, run.job.path).resume is None  # type: ignore[union-attr]


def test_an_older_checkpoint_that_was_chosen_is_kept_until_there_is_a_newer_one(
    services: Services, project: Project
) -> None:
    run = RecordedRun(project, "fork")
    _, older, newest = checkpoints(run)
    for path in (older, newest):
        os.utime(path, (1, 1))
    job = actions.resume(services, project, "fork", checkpoint="133", steps=500)
    assert job.params["resume"] == str(older)
    end(JobFolder(job.folder), "interrupted")
    again = services.jobs.retry(job.id, project.path)
    assert again.params["resume"] == str(older), "nothing was saved since"
    end(JobFolder(again.folder), "interrupted")
    saved = write_checkpoint(run.path / "version_1" / "checkpoints" / "step_00000140.ckpt", 140)
    assert services.jobs.retry(again.id, project.path).params["resume"] == str(saved)


def test_a_checkpoint_is_meant_by_step_name_file_best_or_newest(services: Services, project: Project) -> None:
    best, older, newest = checkpoints(RecordedRun(project, "many"))
    meant = {
        "133": older,
        "step_00000133": older,
        "step_00000133.ckpt": older,
        str(older): older,
        "version_0/checkpoints/step_00000133.ckpt": older,
        "best": best,
        "newest": newest,
    }
    for text, path in meant.items():
        assert actions.plan_resume(services, project, "many", checkpoint=text).checkpoint == path, text
    plan = actions.plan_resume(services, project, "many", checkpoint="best")
    assert (plan.step, plan.exact) == (160, True), "it holds everything"
    with pytest.raises(UserError) as caught:
        actions.plan_resume(services, project, "many", checkpoint="134")
    assert "step_00000133" in caught.value.hint
    assert caught.value.code == "checkpoint-missing"


# --- refused before it is put into the queue


@pytest.fixture
def engine_says(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the engine would answer about a configuration."""
    facts = {
        "sample_rate": 44100,
        "latent_size": 16,
        "ratio": 2048,
        "channels": 1,
        "encoder": "VariationalEncoder",
    }
    facts |= {"parameters": 10**6, "phase_1_steps": 1000, "minimum_n_signal": 16384}
    said: dict[str, Any] = {"valid": True, "findings": [], "facts": facts, "phase_2": 10**6}
    monkeypatch.setattr(configs, "validate", lambda *_, **__: said)
    monkeypatch.setattr(configs, "estimate", lambda *_, **__: {"phase_1": 10**6, "phase_2": said["phase_2"]})
    return said


def started(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    main(["train", "start", *words, "--detach", "--json"])
    return dict(json.loads(capsys.readouterr().out))


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--device", "cuda:7"], "no-device"),
        (["--device", "banana"], "no-device"),
        (["--device", "cuda:0,1"], "no-device"),
        (["--channels", "2"], "channels"),
        (["--n-signal", "262144"], "n-signal-long"),
        (["--n-signal", "100001"], "n-signal-ratio"),
        (["--clip", "/nowhere/a.wav"], "clip-missing"),
        (["--config", "/nowhere/a.gin"], "config-missing"),
        (["--batch", "0"], "bad-settings"),
    ],
)
def test_settings_that_fail_here_are_refused(
    services: Services,
    project: Project,
    capsys: pytest.CaptureFixture[str],
    engine_says: dict[str, Any],
    options: list[str],
    code: str,
) -> None:
    del engine_says
    sounds(project)
    found = started(capsys, "-p", str(project.path), "-d", "demo", *options)
    assert found["error"]["code"] == code
    assert not services.jobs.list(project.path)


def test_what_the_engine_says_and_memory_are_refused_unless_forced(
    services: Services, project: Project, capsys: pytest.CaptureFixture[str], engine_says: dict[str, Any]
) -> None:
    sounds(project)
    words = ["-p", str(project.path), "-d", "demo", "--device", "cpu"]
    engine_says["phase_2"] = 1 << 60
    assert started(capsys, *words)["error"]["code"] == "memory-phase-2"
    engine_says["findings"] = [{"severity": "error", "code": "gin-unknown", "message": "No.", "hint": "Yes."}]
    refused = started(capsys, *words)["error"]
    assert (refused["code"], refused["message"]) == ("gin-unknown", "No.")
    assert "--force" in refused["hint"]
    assert not services.jobs.list(project.path)
    assert started(capsys, *words, "--force")["state"] == "queued"


def test_a_refused_start_leaves_no_project_behind(
    services: Services, tmp_path: Path, capsys: pytest.CaptureFixture[str], engine_says: dict[str, Any]
) -> None:
    del services, engine_says
    folder = tmp_path / "new" / "deep" / "project"
    assert started(capsys, "-p", str(folder), "-d", "demo")["error"]["code"] == "dataset-missing"
    assert not (tmp_path / "new").exists()
    empty = tmp_path / "empty"
    empty.mkdir()
    assert started(capsys, "-p", str(empty), "-d", "demo")["error"]["code"] == "dataset-missing"
    assert list(empty.iterdir()) == [], "it was there before"


@pytest.mark.parametrize("plan", [True, False])
def test_a_resume_checks_values_as_a_start_does(services: Services, project: Project, plan: bool) -> None:
    RecordedRun(project, "run")
    act: Any = actions.plan_resume if plan else actions.resume
    for changes in ({"batch": 0}, {"save_every": -1}, {"device": 3}):
        with pytest.raises(UserError) as caught:
            act(services, project, "run", changes=changes)
        assert caught.value.code == "bad-settings"


# --- a training that waits


def test_a_waiting_run_is_made_longer_in_its_place(
    services: Services, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    sounds(project)
    job = actions.start(services, project, "demo", {"device": "cpu", "max_steps": 40}, name="waits")
    where = ["waits", "-p", str(project.path)]
    assert main(["train", "extend", *where, "--steps", "90"]) == 0
    assert "will go to step 90 once it begins" in capsys.readouterr().out
    assert read_aim(job.folder) == 90
    view = services.jobs.get(job.id, project.path)
    assert (view.state, view.params["max_steps"]) == ("queued", 90)
    main(["train", "resume", *where, "--json"])
    refused = json.loads(capsys.readouterr().out)["error"]
    assert refused["code"] == "run-busy"
    assert "waits in the queue" in refused["message"]
    assert main(["train", "stop", *where, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"job": job.id, "state": "cancelled"}


def test_a_waiting_resume_is_not_made_shorter_than_it_is(services: Services, project: Project) -> None:
    RecordedRun(project, "run")
    job = actions.resume(services, project, "run", steps=500)
    with pytest.raises(UserError) as caught:
        actions.extend(services, project, "run", 200)
    assert caught.value.code == "bad-steps"
    assert actions.extend(services, project, "run", 600).id == job.id


def test_what_is_asked_of_a_live_training_says_what_comes_of_it(
    services: Services, project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RecordedRun(project, "live", told=20)
    where = ["live", "-p", str(project.path)]
    asked: list[tuple[str, dict[str, Any]]] = []

    def answered(_services: Any, _project: Any, _run: str, name: str, **args: Any) -> dict[str, Any]:
        asked.append((name, args))
        return {"done": True, "message": ""}

    monkeypatch.setattr(actions, "command", answered)
    assert main(["train", "extend", *where, "--steps", "900"]) == 0
    assert "goes on to step 900" in capsys.readouterr().out
    state = run.job.read_state()
    state.move("paused")
    run.job.write_state(state)
    assert main(["train", "resume", *where]) == 0
    assert "goes on." in capsys.readouterr().out
    assert asked == [("extend", {"max_steps": 900}), ("resume", {})]
    run.release()


# --- when one that waits begins


def test_a_run_that_waits_begins_when_it_is_told_to(services: Services, project: Project) -> None:
    sounds(project)
    job = actions.start(services, project, "demo", {"device": "cpu"}, name="later", start_at=2.0**40)
    assert actions.schedule(services, project, "later", 2.0**41).not_before == 2.0**41
    assert services.jobs.get(job.id, project.path).not_before == 2.0**41
    assert actions.schedule(services, project, "later", None).not_before is None
    end(JobFolder(job.folder), "failed")
    with pytest.raises(UserError) as caught:
        actions.schedule(services, project, "later", None)
    assert caught.value.code == "job-not-queued"


def test_resuming_a_run_that_is_about_to_go_on_by_itself_ends_its_pause(
    services: Services, project: Project
) -> None:
    sounds(project)
    first = actions.start(services, project, "demo", {"device": "cpu", "tries": 2}, name="broken")
    end(JobFolder(first.folder), "interrupted")
    second = services.jobs.submit(
        "train",
        TrainParams("demo", str(project.runs / "broken"), "broken", device="cpu", max_steps=40),
        project=project.path,
        title="broken",
        retry_of=first.id,
        not_before=2.0**40,
    )
    state = JobFolder(first.folder).read_state()
    state.retried_by = second.id
    JobFolder(first.folder).write_state(state)
    view = actions.resume(services, project, "broken", steps=900)
    assert (view.id, view.not_before) == (second.id, None)
    assert read_aim(second.folder) == 900
    assert len(services.jobs.list(project.path)) == 2, "nobody else trains it"


def test_when_a_run_begins_on_the_command_line(
    services: Services, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    sounds(project)
    actions.start(services, project, "demo", {"device": "cpu"}, name="later", start_at=2.0**40)
    where = ["--project", str(project.path), "--json"]
    assert main(["train", "schedule", "later", "--now", *where]) == 0
    assert json.loads(capsys.readouterr().out)["not_before"] is None
    assert main(["train", "schedule", "later", "--at", "2100-01-01 06:00", *where]) == 0
    assert json.loads(capsys.readouterr().out)["not_before"] > 4e9
    assert main(["train", "schedule", "later", *where]) == 2
    assert main(["train", "schedule", "later", "--at", "2001-01-01 06:00", *where]) == 3


# --- whether it is exact


def test_a_plan_compares_with_what_trained_that_checkpoint(services: Services, project: Project) -> None:
    """The last session may have been another one: with a larger batch, say."""
    run = RecordedRun(project, "two")
    settings = run.path / "version_0" / "settings.json"
    settings.write_text(json.dumps({"batch": 1, "seed": 0}), encoding="utf-8")
    assert actions.plan_resume(services, project, "two").exact
    settings.write_text(json.dumps({"batch": 4, "seed": 0}), encoding="utf-8")
    plan = actions.plan_resume(services, project, "two")
    assert not plan.exact
    assert [(change["key"], change["before"], change["after"]) for change in plan.changes] == [
        ("batch", 4, 1)
    ]


def test_another_runs_checkpoint_is_no_place_to_go_on_from(services: Services, project: Project) -> None:
    RecordedRun(project, "mine")
    other = RecordedRun(project, "other", number=1)
    for act in (actions.plan_resume, actions.resume):
        with pytest.raises(UserError) as caught:
            act(services, project, "mine", checkpoint=str(checkpoints(other)[2]))
        assert caught.value.code == "checkpoint-foreign"
