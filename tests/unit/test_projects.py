"""Project folders: made, opened, refused, moved, read back from their folders alone."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from rave_gui.errors import UserError
from rave_gui.filesystem import is_network_folder, type_from_mount_command, type_from_mountinfo
from rave_gui.projects import Project, Store, migrations, store
from rave_gui.projects.migrations import SCHEMA
from rave_gui.projects.names import check_name, free_name, safe_name
from rave_gui.projects.project import DATABASE
from rave_gui.projects.runs import newest_checkpoint, read_run, run_of
from rave_gui.projects.store import stored_schema

FIXTURES = Path(__file__).parent / "fixtures"
UNWRITABLE = Path("/sys/rave-gui-test")
"""A place where not even root may make a folder."""


def make_dataset(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "data.mdb").write_bytes(b"")
    (folder / "metadata.yaml").write_text("channels: 1\n")
    return folder


def make_run(folder: Path, *names: str) -> Path:
    (folder / "version_0" / "checkpoints").mkdir(parents=True)
    (folder / "config.gin").write_text("")
    for name in names:
        (folder / "version_0" / "checkpoints" / name).write_bytes(b"")
    return folder


def refusal(path: Path, create: bool = True) -> str:
    with pytest.raises(UserError) as caught:
        Project.open(path, create=create)
    assert caught.value.message.endswith(".")
    assert caught.value.hint
    return caught.value.code


def test_a_missing_folder_becomes_a_project_and_opens_again(tmp_path: Path) -> None:
    folder = tmp_path / "Müsik Projekt" / "a b"
    made = Project.open(folder, create=True)
    assert made.path == folder
    assert (folder / "project.db").is_file()
    assert [entry.name for entry in folder.iterdir() if not entry.name.startswith("project.db")] == []
    again = Project.open(folder)
    assert again.store.meta("id") == made.store.meta("id")


def test_an_empty_folder_becomes_a_project_only_when_asked(tmp_path: Path) -> None:
    (tmp_path / ".DS_Store").write_bytes(b"noise")
    assert refusal(tmp_path, create=False) == "project-missing"
    assert Project.open(tmp_path, create=True).items("run") == []


def test_what_is_no_project_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "song.wav"
    file.write_bytes(b"RIFF")
    assert refusal(file) == "not-a-folder"
    assert refusal(tmp_path) == "not-a-project"
    assert refusal(tmp_path / "nowhere", create=False) == "project-missing"
    assert refusal(file / "below") == "folder-unusable"
    assert [entry.name for entry in tmp_path.iterdir()] == ["song.wav"]


@pytest.mark.skipif(os.name == "nt" or not Path("/sys/kernel").is_dir(), reason="needs Linux's /sys")
def test_a_place_that_cannot_be_written_is_refused() -> None:
    assert refusal(UNWRITABLE) == "not-writable"


def test_a_project_that_lost_its_database_is_read_from_its_folders(tmp_path: Path) -> None:
    project = Project.open(tmp_path, create=True)
    make_dataset(project.datasets / "drums")
    make_run(project.runs / "drums-tiny")
    for leftover in tmp_path.glob("project.db*"):
        leftover.unlink()
    again = Project.open(tmp_path)
    assert [record.name for record in again.items("dataset")] == ["drums"]
    assert [record.path for record in again.items("run")] == [again.runs / "drums-tiny"]


def write_job(project: Project, name: str, kind: str, state: str, created: float, **params: str) -> None:
    job = project.jobs / name
    job.mkdir(parents=True)
    (job / "spec.json").write_text(
        json.dumps({"id": name, "kind": kind, "created": created, "params": params})
    )
    (job / "state.json").write_text(json.dumps({"state": state}))


def test_what_a_lost_database_knew_of_jobs_is_read_from_them(tmp_path: Path) -> None:
    """A training that runs or waits must not look like one from elsewhere, which could be started a second time."""
    project = Project.open(tmp_path / "p", create=True)
    make_dataset(project.datasets / "drums")
    make_run(project.runs / "a")
    make_run(project.runs / "old")
    elsewhere = "D:\\old place\\p"
    write_job(project, "1", "dataset", "succeeded", 10.0, output=f"{elsewhere}\\datasets\\drums")
    write_job(
        project, "2", "train", "interrupted", 20.0, run=str(project.runs / "a"), dataset="/x/datasets/drums"
    )
    write_job(
        project, "3", "train", "running", 30.0, run=str(project.runs / "a"), dataset="/x/datasets/drums"
    )
    write_job(
        project, "4", "train", "queued", 40.0, run=str(project.runs / "later"), dataset="/x/datasets/drums"
    )
    write_job(
        project, "5", "train", "failed", 50.0, run=str(project.runs / "gone"), dataset="/x/datasets/drums"
    )
    write_job(project, "6", "train", "queued", 60.0, run="/somewhere/else")
    for leftover in project.path.glob("project.db*"):
        leftover.unlink()
    again = Project.open(project.path)
    (drums,) = again.items("dataset")
    assert (drums.job, drums.created) == ("1", 10.0)
    assert {(run.name, run.job, run.parent, run.created) for run in again.items("run") if run.job} == {
        ("a", "3", "drums", 20.0),
        ("later", "4", "drums", 40.0),
    }
    assert {run.name for run in again.items("run")} == {"a", "later", "old"}


def test_a_damaged_database_that_is_set_aside_gives_what_it_holds(tmp_path: Path) -> None:
    project = Project.open(tmp_path / "p", create=True)
    make_dataset(project.datasets / "drums")
    make_run(project.runs / "a")
    project.rescan()
    project.store.tag("run", "a", ["loud"])
    project.store.set_info("run", "a", {"note": "the good one"})
    project.store.set_meta("name", "My studio")
    with closing(sqlite3.connect(project.path / DATABASE)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size, (page,) = (
            db.execute("PRAGMA page_size").fetchone()[0],
            db.execute(
                "SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_autoindex_items_1'"
            ).fetchone(),
        )
    data = bytearray((project.path / DATABASE).read_bytes())
    data[(page - 1) * size : page * size] = bytes(size)
    (project.path / "project.db.damaged").write_bytes(data)
    (project.path / DATABASE).unlink()
    shutil.rmtree(project.datasets / "drums")
    again = Project.open(project.path)
    (run,) = again.items("run")
    assert (run.name, run.info, again.store.tags("run")) == ("a", {"note": "the good one"}, {"a": ["loud"]})
    assert again.name == "My studio"
    assert again.items("dataset") == []


def test_the_log_of_a_database_that_is_gone_is_not_played_into_the_new_one(tmp_path: Path) -> None:
    project = Project.open(tmp_path / "p", create=True)
    with closing(sqlite3.connect(project.path / DATABASE)) as db:
        db.execute("INSERT INTO meta VALUES ('name', 'old')")
        db.commit()
        (project.path / DATABASE).unlink()
        again = Project.open(project.path)
        assert again.name == "p"
    assert (project.path / "project.db.damaged-wal").exists()


def test_folders_are_the_truth(tmp_path: Path) -> None:
    project = Project.open(tmp_path, create=True)
    make_dataset(project.datasets / "drums")
    make_dataset(project.datasets / ".drums.building")
    (project.datasets / "notes").mkdir()
    (project.exports / "e").mkdir(parents=True)
    (project.exports / "e" / "e_streaming.ts").write_bytes(b"")
    assert [record.name for record in project.items("dataset")] == ["drums"]
    assert [record.name for record in project.items("export")] == ["e"]
    shutil.rmtree(project.datasets / "drums")
    assert project.items("dataset") == []


def test_a_run_whose_job_has_not_written_yet_stays_registered(tmp_path: Path) -> None:
    project = Project.open(tmp_path, create=True)
    (project.jobs / "job-1").mkdir(parents=True)
    project.store.register("run", "later", project.runs / "later", job="job-1")
    project.store.register("run", "never", project.runs / "never", job="job-2")
    assert [record.name for record in project.items("run")] == ["later"]
    assert project.free(project.runs, "run", "later") == "later-2"
    with pytest.raises(UserError, match="already a run named"):
        project.new_path(project.runs, "later", "x", "run")
    # A job that failed before it made anything keeps no name for itself: the same command may be given again.
    (project.jobs / "job-1" / "state.json").write_text('{"state": "interrupted"}')
    assert project.free(project.runs, "run", "later") == "later-2"
    (project.jobs / "job-1" / "state.json").write_text('{"state": "failed"}')
    assert project.free(project.runs, "run", "later") == "later"
    with pytest.raises(UserError) as caught:
        project.find_run("gone")
    assert caught.value.hint == "The project has no runs yet."


def test_a_moved_project_keeps_its_things(tmp_path: Path) -> None:
    project = Project.open(tmp_path / "old", create=True)
    make_dataset(project.datasets / "drums")
    project.store.register("dataset", "drums", project.datasets / "drums", job="job-1", info={"seconds": 3.5})
    (tmp_path / "old").rename(tmp_path / "new")
    moved = Project.open(tmp_path / "new")
    record = moved.items("dataset")[0]
    assert (record.path, record.job, record.info) == (
        tmp_path / "new" / "datasets" / "drums",
        "job-1",
        {"seconds": 3.5},
    )


def test_things_are_found_by_name_or_path_and_missing_ones_name_the_known(tmp_path: Path) -> None:
    project = Project.open(tmp_path / "p", create=True)
    outside = make_dataset(tmp_path / "elsewhere" / "mine")
    make_dataset(project.datasets / "drums")
    assert project.find_dataset("drums") == project.datasets / "drums"
    assert project.find_dataset(str(outside)) == outside
    with pytest.raises(UserError, match="no dataset named 'piano'") as caught:
        project.find_dataset("piano")
    assert "drums" in caught.value.hint
    assert caught.value.code == "dataset-missing"


def test_the_database_of_schema_1_opens(tmp_path: Path) -> None:
    shutil.copy(FIXTURES / "project-schema-1.db", tmp_path / "project.db")
    opened = Store(tmp_path / "project.db")
    assert opened.meta("id") == "0123456789abcdef0123456789abcdef"
    drums = opened.get("dataset", "drums")
    assert drums is not None
    assert drums.path == tmp_path / "datasets" / "drums"
    assert (drums.job, drums.info) == ("20260101-000000-000-aaaa", {"seconds": 12.5})
    run = opened.get("run", "drums-tiny")
    assert run is not None
    assert run.parent == "drums"
    elsewhere = opened.get("dataset", "elsewhere")
    assert elsewhere is not None
    assert elsewhere.path == Path("/mnt/sounds/elsewhere")


def test_a_migration_backs_up_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(FIXTURES / "project-schema-1.db", tmp_path / "project.db")
    steps = (*migrations.MIGRATIONS, "ALTER TABLE items ADD COLUMN note TEXT")
    monkeypatch.setattr(store, "MIGRATIONS", steps)
    monkeypatch.setattr(store, "SCHEMA", len(steps))
    Store(tmp_path / "project.db")
    backups = list(tmp_path.glob("project.db.backup-1-*"))
    assert len(backups) == 1
    with closing(sqlite3.connect(backups[0])) as old:
        assert old.execute("PRAGMA user_version").fetchone() == (1,)
        assert old.execute("SELECT count(*) FROM items").fetchone() == (4,)
    assert store.stored_schema(tmp_path / "project.db") == len(steps)


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(FIXTURES / "project-schema-1.db", tmp_path / "project.db")
    steps = (*migrations.MIGRATIONS, "ALTER TABLE items ADD COLUMN note TEXT; SELECT * FROM nowhere")
    with monkeypatch.context() as patch:
        patch.setattr(store, "MIGRATIONS", steps)
        patch.setattr(store, "SCHEMA", len(steps))
        with pytest.raises(UserError):
            Store(tmp_path / "project.db")
    assert len(Store(tmp_path / "project.db").items("dataset")) == 2


def test_a_newer_database_is_refused_untouched(tmp_path: Path) -> None:
    Project.open(tmp_path, create=True)
    with closing(sqlite3.connect(tmp_path / "project.db")) as connection:
        connection.execute("PRAGMA user_version=99")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = (tmp_path / "project.db").read_bytes()
    assert refusal(tmp_path) == "project-newer"
    with pytest.raises(UserError, match="newer version"):
        Store(tmp_path / "project.db")
    assert (tmp_path / "project.db").read_bytes() == before


def test_a_damaged_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "project.db").write_bytes(b"not a database, for sure" * 10)
    assert refusal(tmp_path) == "project-damaged"


def test_many_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "project.db"
    Store(path)

    def write(number: int) -> None:
        own = Store(path)
        for index in range(10):
            own.register("take", f"{number}-{index}", tmp_path / "takes" / f"{number}-{index}.wav")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Store(path).items("take")) == 40


def test_the_journal_fits_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def mode(path: Path) -> str:
        with closing(sqlite3.connect(path)) as connection:
            return str(connection.execute("PRAGMA journal_mode").fetchone()[0])

    Store(tmp_path / "project.db")
    assert mode(tmp_path / "project.db") == "wal"
    monkeypatch.setattr(store, "is_network_folder", lambda _path: True)
    Store(tmp_path / "project.db")
    assert mode(tmp_path / "project.db") == "delete"


def test_network_folders_are_recognised(tmp_path: Path) -> None:
    mountinfo = (
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        "40 22 0:40 / /mnt/the\\040studio rw shared:9 - nfs4 server:/studio rw\n"
        "41 40 8:2 / /mnt/the\\040studio/local rw - xfs /dev/sdb rw\n"
        "torn line\n"
    )
    assert type_from_mountinfo(mountinfo, "/mnt/the studio/project") == "nfs4"
    assert type_from_mountinfo(mountinfo, "/mnt/the studio/local/x") == "xfs"
    assert type_from_mountinfo(mountinfo, "/mnt/the studios") == "ext4"
    mac = "/dev/disk1s1 on / (apfs, local, journaled)\n//me@nas/share on /Volumes/share (smbfs, nodev)\n"
    assert type_from_mount_command(mac, "/Volumes/share/p") == "smbfs"
    assert type_from_mount_command(mac, "/Users") == "apfs"
    assert not is_network_folder(tmp_path)


@pytest.mark.parametrize(
    "name", ["", " a", "a ", "a/b", "a\\b", "con", "CON.txt", ".hidden", "a.", "x" * 101, "a:b"]
)
def test_names_that_some_system_refuses_are_refused(name: str) -> None:
    with pytest.raises(UserError) as caught:
        check_name(name)
    assert caught.value.code == "bad-name"


@pytest.mark.parametrize("name", ["drums", "Trommeln für Änne", "take 2", "a.b", "日本"])
def test_ordinary_names_are_taken(name: str) -> None:
    assert check_name(name) == name
    assert safe_name(name, "x") == name


def test_safe_names_are_valid() -> None:
    assert safe_name("a/b:c", "x") == "a b c"
    assert safe_name("...", "fallback") == "fallback"
    assert safe_name("aux", "fallback") == "fallback"
    assert check_name(safe_name("x" * 300, "y"))


def test_free_names_are_numbered_without_regard_to_case(tmp_path: Path) -> None:
    assert free_name(tmp_path / "none", "Run") == "Run"
    (tmp_path / "run").mkdir()
    assert free_name(tmp_path, "Run") == "Run-2"
    assert free_name(tmp_path, "Run", also=["RUN-2"]) == "Run-3"
    (tmp_path / "take.wav").write_bytes(b"")
    assert free_name(tmp_path, "take", ".wav") == "take-2.wav"


def test_a_run_folder_is_read(tmp_path: Path) -> None:
    run = make_run(
        tmp_path / "run", "step_00000010.ckpt", "step_00000120.ckpt", "best.ckpt", ".step_00000130.ckpt.tmp"
    )
    info = read_run(run)
    assert info.step == 120
    assert info.checkpoint == run / "version_0" / "checkpoints" / "step_00000120.ckpt"
    assert {path.name for path in info.checkpoints} == {
        "step_00000010.ckpt",
        "step_00000120.ckpt",
        "best.ckpt",
    }
    assert info.versions == 1
    assert run_of(info.checkpoint) == run
    assert run_of(run) == run
    assert read_run(tmp_path / "none").to_json()["step"] is None


def test_upstream_runs_give_their_youngest_checkpoint(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", "epoch_40.ckpt", "best.ckpt")
    folder = run / "version_0" / "checkpoints"
    os.utime(folder / "best.ckpt", (1, 1))
    assert newest_checkpoint(run) == folder / "epoch_40.ckpt"
    assert read_run(run).step is None


OTHER_PROCESS = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=0)
try:
    print(connection.execute("PRAGMA journal_mode=DELETE").fetchone()[0])  # needs the file for itself
except sqlite3.OperationalError as error:
    print(error)
"""


@pytest.mark.skipif(
    sys.platform == "win32", reason="there, locks belong to the handle and not to the process"
)
def test_opening_a_project_leaves_the_locks_of_other_connections_alone(tmp_path: Path) -> None:
    """Closing a file drops all POSIX locks that the process has on it: the database was corrupted by that."""
    project = Project.open(tmp_path / "p", create=True)
    database = project.path / DATABASE
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        assert connection.execute("SELECT count(*) FROM meta").fetchone()[0]
        Project.open(project.path)
        assert stored_schema(database) == SCHEMA
        said = subprocess.run(
            [sys.executable, "-c", OTHER_PROCESS, str(database)], capture_output=True, text=True, check=True
        )
    assert "locked" in said.stdout
