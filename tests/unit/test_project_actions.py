"""What a user does with projects: make, open, rename, delete, bring back, adopt; and with the things in one."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.helpers.jobs import Home, open_home
from tests.helpers.projects import Context, ended_job, fill, torchscript

from rave_gui.bootstrap import Services, build
from rave_gui.errors import UserError
from rave_gui.jobs.registry import Registry
from rave_gui.jobs.trust import trusted_configs
from rave_gui.projects import Project
from rave_gui.projects.archive import exporting, importing
from rave_gui.projects.relocate import moved
from rave_gui.workspace import actions
from rave_protocol.files import read_json, write_json
from rave_protocol.specs import DatasetParams, ProjectExportParams, ProjectImportParams, TrainParams


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    with open_home(tmp_path, monkeypatch) as home:
        monkeypatch.setattr("rave_gui.jobs.dispatcher.Starter.ensure", lambda _self: None)
        yield home


@pytest.fixture
def services(home: Home) -> Services:
    return build(home.paths)


def code(action: object, *args: object, **options: object) -> str:
    with pytest.raises(UserError) as caught:
        action(*args, **options)  # type: ignore[operator]
    assert caught.value.message
    assert caught.value.hint
    return caught.value.code


def small(services: Services, path: Path, name: str | None = None) -> Project:
    """A project with one dataset, one run and one export that are only folders."""
    actions.create(services, path, name=name)
    project = Project.open(path)
    for folder, files in (
        (project.datasets / "d", ("data.mdb", "metadata.yaml")),
        (project.runs / "r", ("config.gin",)),
        (project.exports / "e", ("e.ts",)),
    ):
        folder.mkdir(parents=True)
        for file in files:
            (folder / file).write_bytes(b"x" * 5000)
    project.items("run")
    project.store.register("run", "r", project.runs / "r", parent="d")
    project.store.register("export", "e", project.exports / "e", parent="r")
    return project


LONG = "Ein sehr langer Name mit Umlauten äöü und 日本語 " * 2


@pytest.mark.parametrize("name", ["a b", "Größe 日本", LONG.strip()[:60]])
def test_a_project_is_made_listed_and_renamed(name: str, services: Services, tmp_path: Path) -> None:
    info = actions.create(services, tmp_path / name, description="About drums.")
    assert (info.name, info.description, info.path) == (name, "About drums.", tmp_path / name)
    assert code(actions.create, services, tmp_path / name) == "project-exists"
    other = actions.create(services, tmp_path / "other", name="Other: the “second” one?")
    assert [p.path for p in actions.recent(services)] == [other.path, info.path]
    assert actions.open_project(services, info.path).name == name
    # A second window or a command has the same list.
    assert [p.path for p in actions.recent(build(services.paths))] == [info.path, other.path]
    renamed = actions.rename(services, info.path, "New / name")
    assert (renamed.name, renamed.path) == ("New / name", info.path)
    assert Project.open(info.path).name == "New / name"
    assert code(actions.rename, services, info.path, " \n ") == "bad-name"
    assert code(actions.rename, services, info.path, "x" * 101) == "bad-name"
    assert actions.show(services, info.path)["name"] == "New / name"


def test_a_project_that_is_not_there_stays_listed_until_it_is_forgotten(
    services: Services, tmp_path: Path
) -> None:
    actions.create(services, tmp_path / "p")
    (tmp_path / "p").rename(tmp_path / "moved")
    assert [(p.path, p.missing) for p in actions.recent(services)] == [(tmp_path / "p", True)]
    # Opened in its new place it is the same project.
    actions.open_project(services, tmp_path / "moved")
    assert [(p.path, p.missing) for p in actions.recent(services)] == [(tmp_path / "moved", False)]
    actions.forget(services, tmp_path / "moved")
    assert actions.recent(services) == []
    assert (tmp_path / "moved" / "project.db").is_file()


def test_a_damaged_list_is_set_aside(services: Services, tmp_path: Path) -> None:
    actions.create(services, tmp_path / "p")
    (services.paths.config / "projects.json").write_text("{torn")
    assert actions.recent(services) == []
    assert list(services.paths.config.glob("projects.json.broken-*"))
    actions.open_project(services, tmp_path / "p")
    assert len(actions.recent(services)) == 1


def test_a_folder_is_renamed_with_everything_that_names_it(
    home: Home, services: Services, tmp_path: Path
) -> None:
    project = small(services, tmp_path / "old name")
    old, new = project.path, tmp_path / "new name"
    params = TrainParams(str(project.datasets / "d"), str(project.runs / "r"), "r", trusted=["/x/mine.gin"])
    job = home.jobs.submit("train", params, project=old, title="T")
    project.store.register("run", "r", project.runs / "r", job=job.id)
    assert code(actions.rename, services, old, "new name", move_folder=True) == "project-busy"
    write_json(job.folder / "state.json", {"state": "succeeded", "result": {"run": params.run}})
    write_json(old / "quickstart.json", {"version": 1, "project": str(old), "ways": []})
    (project.datasets / "link").symlink_to(project.datasets / "d", target_is_directory=True)
    (tmp_path / "taken").mkdir()
    assert code(actions.rename, services, old, "taken", move_folder=True) == "name-taken"
    info = actions.rename(services, old, "new name", move_folder=True)
    assert (info.path, info.name) == (new, "new name")
    assert not old.exists()
    there = Project.open(new)
    assert {r.name: r.path for r in there.items("dataset")} == {
        "d": new / "datasets" / "d",
        "link": new / "datasets" / "link",
    }
    assert (new / "datasets" / "link").resolve() == new / "datasets" / "d"
    assert read_json(new / "quickstart.json")["project"] == str(new)
    spec = read_json(new / "jobs" / job.id / "spec.json")
    assert spec["params"]["run"] == str(new / "runs" / "r")
    assert spec["params"]["trusted"] == ["/x/mine.gin"]
    row = Registry(services.paths.registry).get(job.id)
    assert row is not None
    assert row.folder == new / "jobs" / job.id
    assert [view.id for view in services.jobs.list(new)] == [job.id]
    # What this user trusted stays trusted.
    (new / "runs" / "r" / "config.gin").write_text("import math")
    assert trusted_configs(services.paths, there.jobs, new / "runs" / "r", there.store.get("run", "r"))
    assert [p.path for p in actions.recent(services)] == [new]


def test_a_project_moved_by_hand_finds_its_things(services: Services, tmp_path: Path) -> None:
    project = small(services, tmp_path / "old")
    ended_job(project, "j", TrainParams("d", str(project.runs / "r"), "r"))
    (tmp_path / "old").rename(tmp_path / "new")
    actions.open_project(services, tmp_path / "new")
    spec = read_json(tmp_path / "new" / "jobs" / "j" / "spec.json")
    assert spec["params"]["run"] == str(tmp_path / "new" / "runs" / "r")


def test_paths_follow_between_systems() -> None:
    assert moved({"a": ["/x/p/runs/r", "/x/p2", 3, "/x/p"]}, "/x/p", "/y") == {
        "a": ["/y/runs/r", "/x/p2", 3, "/y"]
    }
    assert moved("C:\\Users\\a\\p\\runs\\r", "C:\\Users\\a\\p", "/y") == "/y/runs/r"
    assert moved("/x/p/runs/r", "/x/p", "D:\\p") == "D:\\p\\runs\\r"


# Settings ------------------------------------------------------------------------------------------------------------


def test_settings_belong_to_the_project(services: Services, tmp_path: Path) -> None:
    path = actions.create(services, tmp_path / "p").path
    assert actions.project_settings(path)["sample_rate"] == 44100.0
    actions.set_project_setting(path, "sample_rate", 48000)
    actions.set_project_setting(path, "licence", "CC BY 4.0 – ich")
    assert actions.project_settings(path)["sample_rate"] == 48000.0
    assert actions.show(services, path)["licence"] == "CC BY 4.0 – ich"
    assert code(actions.set_project_setting, path, "sample_rate", 5.0) == "bad-setting"
    assert code(actions.set_project_setting, path, "channels", 1.5) == "bad-setting"
    assert code(actions.set_project_setting, path, "channels", "two") == "bad-setting"
    assert code(actions.set_project_setting, path, "nonsense", "x") == "no-such-setting"
    assert {setting.key for setting in actions.PROJECT_SETTINGS} == set(actions.project_settings(path))


# Deleting a project --------------------------------------------------------------------------------------------------


def test_a_deletion_says_exactly_what_goes_and_can_be_undone(
    home: Home, services: Services, tmp_path: Path
) -> None:
    project = small(services, tmp_path / "p", "My drums")
    outside = tmp_path / "outside"
    (outside / "runs").mkdir(parents=True)
    (outside / "data.mdb").write_bytes(b"x")
    (outside / "metadata.yaml").write_text("")
    (project.datasets / "far").symlink_to(outside, target_is_directory=True)
    plan = actions.deletion_plan(services, project.path)
    assert [(i.kind, i.name) for i in plan.items] == [
        ("dataset", "d"),
        ("run", "r"),
        ("export", "e"),
        ("files", "Other files"),
    ]
    assert [(i.kind, i.name, i.path) for i in plan.kept] == [("dataset", "far", outside)]
    assert plan.bytes == sum(item.bytes for item in plan.items) > 15000
    assert plan.blocked_by == []
    assert code(actions.delete, services, project.path, "my drums") == "wrong-name"
    job = home.fake("quick", project=project.path)
    assert actions.deletion_plan(services, project.path).blocked_by == ["Fake quick"]
    assert code(actions.delete, services, project.path, "My drums") == "project-busy"
    services.jobs.cancel(job.id, project.path)
    entry = actions.delete(services, project.path, "My drums")
    assert not project.path.exists()
    assert actions.recent(services) == []
    assert [e.path for e in actions.trash(services)] == [entry.path]
    (tmp_path / "p").mkdir()  # its place was taken meanwhile
    info = actions.restore(services, entry)
    assert (info.path, info.name) == (tmp_path / "p-2", "My drums")
    assert [r.name for r in Project.open(info.path).items("run")] == ["r"]
    assert actions.trash(services) == []
    assert code(actions.restore, services, entry) == "trash-missing"


def test_an_emptied_trash_spares_what_was_adopted(services: Services, tmp_path: Path) -> None:
    project = small(services, tmp_path / "p")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_bytes(b"x")
    (project.datasets / "far").symlink_to(outside, target_is_directory=True)
    entry = actions.delete(services, project.path, "p")
    assert code(actions.empty_trash, services, entry, "q") == "wrong-name"
    assert actions.empty_trash(services, entry, "p") > 0
    assert not entry.path.exists()
    assert (outside / "precious").is_file()
    assert list(entry.path.parent.iterdir()) == []


# Things in a project -------------------------------------------------------------------------------------------------


def test_a_thing_goes_to_the_trash_and_comes_back(services: Services, tmp_path: Path) -> None:
    project = small(services, tmp_path / "p")
    project.store.tag("run", "r", ["a", "b"])
    project.store.set_info("run", "r", {"note": "good"})
    assert [(u.kind, u.name) for u in actions.used_by(services, project, "dataset", "d")] == [("run", "r")]
    assert [(u.kind, u.name) for u in actions.used_by(services, project, "run", "r")] == [("export", "e")]
    item = actions.trash_item(services, project, "run", "r")
    assert item.bytes > 0
    assert project.items("run") == []
    assert [i.id for i in actions.list_trash(project)] == [item.id]
    # Meanwhile another takes the name.
    (project.runs / "R").mkdir()
    (project.runs / "R" / "config.gin").write_text("")
    assert actions.restore_item(services, project, item) == "r-2"
    record = project.store.get("run", "r-2")
    assert record is not None
    assert (record.path, record.parent, record.info) == (project.runs / "r-2", "d", {"note": "good"})
    assert project.store.tags("run") == {"r-2": ["a", "b"]}
    assert actions.list_trash(project) == []
    assert code(actions.restore_item, services, project, item) == "trash-missing"
    again = actions.trash_item(services, project, "run", "r-2")
    assert actions.purge_item(project, again) > 0
    assert not list(project.trash.rglob("config.gin"))
    assert code(actions.trash_item, services, project, "run", "r-2") == "run-missing"


def test_a_forged_entry_of_the_trash_reaches_nothing_else(services: Services, tmp_path: Path) -> None:
    project = small(services, tmp_path / "p")
    item = actions.trash_item(services, project, "run", "r")
    for forged in ("..", ".", "../runs", ""):
        assert code(actions.purge_item, project, dataclasses.replace(item, id=forged)) == "trash-missing"
        assert (
            code(actions.restore_item, services, project, dataclasses.replace(item, id=forged))
            == "trash-missing"
        )
    assert [i.id for i in actions.list_trash(project)] == [item.id]


def test_a_take_keeps_its_suffix(services: Services, tmp_path: Path) -> None:
    project = small(services, tmp_path / "p")
    project.takes.mkdir()
    (project.takes / "one.wav").write_bytes(b"1")
    item = actions.trash_item(services, project, "take", "one")
    (project.takes / "one.wav").write_bytes(b"2")
    assert actions.restore_item(services, project, item) == "one-2"
    assert (project.takes / "one-2.wav").read_bytes() == b"1"
    assert {r.name for r in project.items("take")} == {"one", "one-2"}


def test_what_is_outside_is_only_let_go(services: Services, tmp_path: Path) -> None:
    project = small(services, tmp_path / "p")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "data.mdb").write_bytes(b"x")
    (outside / "metadata.yaml").write_text("")
    (project.datasets / "link").symlink_to(outside, target_is_directory=True)
    project.store.register("dataset", "far", outside, info={"adopted": True})
    for name in ("link", "far"):
        item = actions.trash_item(services, project, "dataset", name)
        assert name not in {r.name for r in project.items("dataset")}
        assert actions.restore_item(services, project, item) == name
        item = actions.trash_item(services, project, "dataset", name)
        actions.purge_item(project, item)
    assert (outside / "data.mdb").is_file()


def test_what_a_job_uses_stays(home: Home, services: Services, tmp_path: Path) -> None:
    project = small(services, tmp_path / "p")
    params = TrainParams(str(project.datasets / "d"), str(project.runs / "r"), "r")
    # The job may be another project's: what counts is what it reads and writes.
    home.jobs.submit("train", params, project=tmp_path / "another", title="Train r")
    for kind, name in (("dataset", "d"), ("run", "r")):
        with pytest.raises(UserError, match="Train r") as caught:
            actions.trash_item(services, project, kind, name)  # type: ignore[arg-type]
        assert caught.value.code == "item-busy"
    actions.trash_item(services, project, "export", "e")


# Adopting ------------------------------------------------------------------------------------------------------------


def collection(root: Path) -> Path:
    """A folder as people have who used RAVE's command line: everything mixed."""
    for name in ("set one", "old/set one", "half"):
        (root / name).mkdir(parents=True)
        (root / name / "data.mdb").write_bytes(bytes(16) + bytes.fromhex("dec0efbe") + bytes(5000))
        if name != "half":
            (root / name / "metadata.yaml").write_text("channels: 1\n")
    (root / "broken").mkdir()
    (root / "broken" / "data.mdb").write_bytes(b"cut off")
    (root / "broken" / "metadata.yaml").write_text("channels: 1\n")
    run = root / "runs" / "piano_v2"
    (run / "version_0" / "checkpoints").mkdir(parents=True)
    (run / "config.gin").write_text("SAMPLING_RATE = 44100\n")
    (run / "version_0" / "checkpoints" / "best.ckpt").write_bytes(b"x")
    torchscript(run / "piano_v2_streaming.ts")
    (root / "lightning" / "version_0").mkdir(parents=True)
    (root / "models").mkdir()
    torchscript(root / "models" / "a.ts")
    torchscript(root / "models" / "b.ts")
    (root / "models" / "app.ts").write_text("export const x = 1;")
    (root / ".cache" / "x").mkdir(parents=True)
    return root


def test_a_collection_is_adopted_in_place(services: Services, tmp_path: Path) -> None:
    project = small(services, tmp_path / "p")
    root = collection(tmp_path / "my sounds ä")
    before = sorted((str(p), p.stat().st_mtime_ns) for p in root.rglob("*"))
    report = actions.adopt(services, project, root)
    assert sorted((str(p), p.stat().st_mtime_ns) for p in root.rglob("*")) == before
    assert {(a.kind, a.name, a.path.relative_to(root).as_posix()) for a in report.adopted} == {
        ("dataset", "set one", "old/set one"),
        ("dataset", "set one-2", "set one"),
        ("run", "piano_v2", "runs/piano_v2"),
        ("export", "piano_v2_streaming", "runs/piano_v2/piano_v2_streaming.ts"),
        ("export", "a", "models/a.ts"),
        ("export", "b", "models/b.ts"),
    }
    run = next(a for a in report.adopted if a.kind == "run")
    assert any("channels" in note for note in run.notes)
    assert any("--derivative" in note for note in run.notes)
    skipped = {s.path.name: s.reason for s in report.skipped}
    assert set(skipped) == {"half", "broken", "lightning", "app.ts"}
    assert "metadata.yaml" in skipped["half"]
    assert project.find_run("piano_v2") == root / "runs" / "piano_v2"
    # Again: nothing new, and it is said.
    again = actions.adopt(services, project, root)
    assert again.adopted == []
    assert len(again.skipped) == 10
    # Its disk goes away: still listed.
    root.rename(tmp_path / "unplugged")
    assert "piano_v2" in {r.name for r in project.items("run")}
    (tmp_path / "unplugged").rename(root)
    assert code(actions.adopt, services, project, tmp_path / "none") == "not-a-folder"
    assert code(actions.adopt, services, project, root, cancel=lambda: True) == "cancelled"
    inside = actions.adopt(services, project, project.path.parent)
    assert all(not a.path.is_relative_to(project.path) for a in inside.adopted)


def test_trash_hidden_folders_and_other_projects_are_not_adopted(services: Services, tmp_path: Path) -> None:
    project = small(services, tmp_path / "p")
    root = tmp_path / "disk"
    other = small(services, root / "other")
    for place in (other.trash / "datasets" / "old-1", root / ".rave-gui-trash" / "x", root / "$RECYCLE.BIN"):
        collection(place)
    report = actions.adopt(services, project, root)
    assert report.adopted == []
    assert [skipped.path for skipped in report.skipped] == [other.path]
    # Its own folder was named: what it uses, not what it threw away.
    collection(other.datasets / "mine")
    report = actions.adopt(services, project, other.path)
    assert len(report.adopted) == 6
    assert all(item.path.is_relative_to(other.datasets) for item in report.adopted)


def test_very_much_is_adopted_only_when_it_was_said(services: Services, tmp_path: Path) -> None:
    project = small(services, tmp_path / "p")
    root = collection(tmp_path / "mine")
    with pytest.raises(UserError, match=r"^6 things") as caught:
        actions.adopt(services, project, root, most=5)
    assert caught.value.code == "too-many"
    assert len(project.items("dataset")) == 1
    assert len(actions.adopt(services, project, root, most=6).adopted) == 6


# Trust ---------------------------------------------------------------------------------------------------------------


def test_an_archive_of_ones_own_brings_no_trust_along(home: Home, services: Services, tmp_path: Path) -> None:
    """Its jobs have ids that this user's registry knows; whoever changed the archive must not profit from that."""
    project = small(services, tmp_path / "p")
    params = TrainParams(str(project.datasets / "d"), str(project.runs / "r"), "r", trusted=["/x/mine.gin"])
    job = home.jobs.submit("train", params, project=project.path, title="T")
    write_json(job.folder / "state.json", {"state": "failed", "error": {"code": "x"}})
    project.store.register("run", "r", project.runs / "r", job=job.id)
    record = project.store.get("run", "r")
    assert trusted_configs(services.paths, project.jobs, project.runs / "r", record)
    exporting.run(ProjectExportParams(str(project.path), str(tmp_path / "a.ravegui")), Context())
    importing.run(ProjectImportParams(str(tmp_path / "a.ravegui"), str(tmp_path / "q")), Context())
    there = Project.open(tmp_path / "q")
    received = there.store.get("run", "r")
    assert received is not None
    assert received.job == job.id
    assert trusted_configs(services.paths, there.jobs, there.runs / "r", received) == []
    assert services.jobs.retry(job.id, there.path).params["trusted"] == []


def test_what_can_be_refused_is_refused_before_a_job_is_made(
    home: Home, services: Services, tmp_path: Path
) -> None:
    project = small(services, tmp_path / "p")
    (tmp_path / "a.ravegui").write_bytes(b"")
    assert code(actions.export_archive, services, project.path, tmp_path / "a") == "output-exists"
    assert code(actions.export_archive, services, project.path, project.path / "b") == "bad-output"
    assert (
        code(actions.export_archive, services, project.path, tmp_path / "b", checkpoints="some")
        == "bad-settings"
    )
    assert code(actions.import_archive, services, tmp_path / "a.ravegui", tmp_path / "x") == "not-an-archive"
    assert code(actions.inspect_archive, tmp_path / "none") == "archive-missing"
    assert code(actions.import_archive, services, tmp_path / "a.ravegui", tmp_path / "p") == "output-exists"
    assert services.jobs.list() == []
    params = DatasetParams(["quick"], str(project.datasets / "new"))
    home.jobs.submit("dataset", params, project=project.path, title="Dataset new")
    assert code(actions.export_archive, services, project.path, tmp_path / "b") == "project-busy"


def test_the_whole_of_a_real_project_is_shown(services: Services, tmp_path: Path) -> None:
    project = fill(Project.open(tmp_path / "p", create=True))
    found = actions.show(services, project.path)
    assert found["counts"] == {"datasets": 1, "runs": 1, "exports": 1, "takes": 1, "jobs": 1}
    assert found["bytes"] > 500_000
    assert found["free"] > 0
    assert json.loads(json.dumps(found)) == found
