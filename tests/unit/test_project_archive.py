"""A project in one file: the way there and back, interruptions, and archives that were made to do harm."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.helpers.disk import resize, small_disk
from tests.helpers.projects import Context, ended_job, fill, hashes, left_in, pack, unpack

from rave_gui.errors import UserError
from rave_gui.projects import Project
from rave_gui.projects.archive import checking, exporting
from rave_protocol.specs import ProjectExportParams, TrainParams
from rave_protocol.work import Cancelled

CHANGED = ("project.db", "jobs/")
"""What an import rewrites: rows are copied into a new database, and paths in records follow."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One project for all tests that only read it."""
    return fill(Project.open(tmp_path_factory.mktemp("made") / "Größe & Co", create=True))


@pytest.fixture(scope="module")
def good(made: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its archive."""
    return pack(made, tmp_path_factory.mktemp("good") / "good.ravegui")


# There and back ------------------------------------------------------------------------------------------------------


def test_everything_arrives_and_belongs_to_its_new_place(made: Project, good: Path, tmp_path: Path) -> None:
    target = tmp_path / "someone else" / "日本 Projekt"
    result = unpack(good, target)
    assert result["notes"] == []
    assert left_in(target.parent) == [target.name]
    there = Project.open(target)
    assert hashes(target, without=CHANGED) == hashes(made.path, without=CHANGED)
    for kind in ("dataset", "run", "export", "take"):
        assert [r.name for r in there.items(kind)] == [r.name for r in made.items(kind)]  # type: ignore[arg-type]
    run = there.items("run")[0]
    assert (run.path, run.parent, run.job) == (
        target / "runs" / "drums tiny",
        "drums",
        "20260101-000000-000-aaaa",
    )
    assert there.store.tags("run") == {"drums tiny": ["best"]}
    assert there.name == made.name
    assert there.store.meta("id") != made.store.meta("id")
    job = target / "jobs" / "20260101-000000-000-aaaa"
    for record in ("spec.json", "state.json", "events.jsonl"):
        text = (job / record).read_text()
        assert str(made.path) not in text
        assert str(target / "runs" / "drums tiny") in text
    assert "not json" in (job / "events.jsonl").read_text()
    # The youngest of upstream's checkpoints is the newest, so times travel too.
    best = "runs/drums tiny/version_0/checkpoints/best.ckpt"
    assert (target / best).stat().st_mtime_ns == (made.path / best).stat().st_mtime_ns


def test_an_archive_is_a_zip_that_others_can_read(good: Path, made: Project) -> None:
    with zipfile.ZipFile(good) as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read("manifest.json"))
        kinds = {info.filename: info.compress_type for info in archive.infolist()}
    assert kinds["datasets/drums/data.mdb"] == zipfile.ZIP_STORED
    assert kinds["runs/drums tiny/config.gin"] == zipfile.ZIP_DEFLATED
    assert manifest["project"]["root"] == str(made.path)
    assert not [name for name in kinds if name.endswith((".lock", ".tmp")) or "-wal" in name]
    info = checking.inspect(good)
    assert (info.name, info.entries) == (made.name, len(kinds) - 1)


def test_what_is_not_wanted_stays_behind_and_is_said(made: Project, tmp_path: Path) -> None:
    params = ProjectExportParams(
        str(made.path), str(tmp_path / "a.ravegui"), "newest", takes=False, jobs=False
    )
    result = exporting.run(params, Context())
    assert [text.split()[:2] for text in result["left_out"]] == [
        ["2", "older"],
        ["1", "take."],
        ["The", "record"],
    ]
    unpack(tmp_path / "a.ravegui", tmp_path / "b")
    there = Project.open(tmp_path / "b")
    names = {path.name for path in there.path.rglob("*.ckpt")}
    assert names == {"best.ckpt", "step_00000030.ckpt"}
    assert there.items("take") == []
    assert not there.jobs.exists()


def test_what_lies_outside_is_left_or_copied(tmp_path: Path) -> None:
    outside = tmp_path / "outside" / "loops"
    outside.mkdir(parents=True)
    (outside / "data.mdb").write_bytes(b"x" * 1000)
    (outside / "metadata.yaml").write_text("channels: 1\n")
    project = Project.open(tmp_path / "p", create=True)
    project.datasets.mkdir()
    (project.datasets / "link").symlink_to(outside, target_is_directory=True)
    project.store.register("dataset", "far", outside, info={"adopted": True})
    project.items("dataset")
    result = exporting.run(ProjectExportParams(str(project.path), str(tmp_path / "a.ravegui")), Context())
    assert len(result["left_out"]) == 2
    unpack(tmp_path / "a.ravegui", tmp_path / "without")
    assert Project.open(tmp_path / "without").items("dataset") == []
    pack(project, tmp_path / "b.ravegui", include_adopted=True)
    unpack(tmp_path / "b.ravegui", tmp_path / "with")
    there = Project.open(tmp_path / "with")
    assert {r.name: r.path for r in there.items("dataset")} == {
        name: there.datasets / name for name in ("far", "link")
    }
    assert not (there.datasets / "link").is_symlink()
    assert hashes(there.datasets / "far") == hashes(outside)


def test_names_that_others_cannot_store_are_said_before_anything_is_written(tmp_path: Path) -> None:
    project = Project.open(tmp_path / "p", create=True)
    (project.runs / "a:b").mkdir(parents=True)
    (project.runs / "a:b" / "config.gin").write_text("")
    with pytest.raises(UserError, match="not every computer") as caught:
        pack(project, tmp_path / "out" / "a.ravegui")
    assert caught.value.code == "bad-names"
    assert left_in(tmp_path / "out") == []


def test_a_job_that_runs_does_not_travel(tmp_path: Path) -> None:
    project = Project.open(tmp_path / "p", create=True)
    ended_job(project, "running", TrainParams("d", "r", "r"), "running")
    ended_job(project, "ended", TrainParams("d", "r", "r"), "failed")
    pack(project, tmp_path / "a.ravegui")
    unpack(tmp_path / "a.ravegui", tmp_path / "b")
    assert left_in(tmp_path / "b" / "jobs") == ["ended"]


# Interruptions -------------------------------------------------------------------------------------------------------


def test_a_cancel_leaves_nothing(made: Project, good: Path, tmp_path: Path) -> None:
    for share in (0.0, 0.5, 0.8):
        size = checking.inspect(good).bytes
        with pytest.raises(Cancelled):
            pack(made, tmp_path / "a.ravegui", Context(size * share))
        with pytest.raises(Cancelled):
            unpack(good, tmp_path / "b", Context(size * share))
        assert left_in(tmp_path) == []


KILL = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.helpers.projects import Context
from rave_gui.projects.archive import exporting, importing
from rave_protocol.specs import ProjectExportParams, ProjectImportParams
what, source, output, lines = sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5])
seen = 0
def inside(frame, event, argument):
    global seen
    if event == "line":
        seen += 1
        if seen == lines:
            os.kill(os.getpid(), signal.SIGKILL)
    return inside
def enter(frame, event, argument):
    return inside if "archive" in frame.f_code.co_filename else None
sys.settrace(enter)
if what == "export":
    exporting.run(ProjectExportParams(source, output), Context())
else:
    importing.run(ProjectImportParams(source, output), Context())
sys.settrace(None)
print(seen)
"""
ROOT = Path(__file__).resolve().parents[2]


def killed(what: str, source: Path, output: Path, lines: int) -> int:
    """Do it in a process that kills itself (-9) after so many lines of the archive's code; lines run in all where it ended."""
    command = [sys.executable, "-c", KILL, str(ROOT), what, str(source), str(output), str(lines)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if lines == 0:
        assert done.returncode == 0, done.stderr
        return int(done.stdout)
    assert done.returncode == -9, done.stderr
    return lines


def moments(total: int, count: int) -> Iterator[int]:
    """Moments spread over the whole work, the very last ones included."""
    yield from (max(1, total * (2 * i + 1) // (2 * count)) for i in range(count))
    yield total - 4


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_an_export_killed_at_any_moment_goes_on(made: Project, tmp_path: Path) -> None:
    total = killed("export", made.path, tmp_path / "whole.ravegui", 0)
    (tmp_path / "whole.ravegui").unlink()
    for number, moment in enumerate(moments(total, 5)):
        folder = tmp_path / str(number)
        folder.mkdir()
        output = folder / "a.ravegui"
        killed("export", made.path, output, moment)
        if output.exists():  # killed after it had its name
            checking.check(output)
            continue
        job = Context()
        pack(made, output, job)
        with zipfile.ZipFile(output) as archive:
            assert archive.testzip() is None
        unpack(output, folder / "b")
        assert hashes(folder / "b", without=CHANGED) == hashes(made.path, without=CHANGED)
        assert left_in(folder) == ["a.ravegui", "b"]


def test_an_export_goes_on_from_the_last_whole_entry(made: Project, good: Path, tmp_path: Path) -> None:
    size = checking.inspect(good).bytes

    class Broken(Context):
        def check_cancel(self) -> None:
            if self.seen and self.seen[-1][0] > size * 0.6:
                raise RuntimeError("the power fails")

    output = tmp_path / "a.ravegui"
    with pytest.raises(RuntimeError):
        pack(made, output, Broken())
    assert not output.exists()
    job = Context()
    pack(made, output, job)
    assert job.seen[0][0] > 0.3 * size
    checking.check(output)
    # The same, but a file that was already stored has changed: everything from it on is written again.
    output.unlink()
    with pytest.raises(RuntimeError):
        pack(made, output, Broken())
    first = made.path / "datasets" / "drums" / "data.mdb"
    os.utime(first, ns=(first.stat().st_atime_ns, first.stat().st_mtime_ns + 10**9))
    job = Context()
    pack(made, output, job)
    assert job.seen[0][0] == 0
    with zipfile.ZipFile(output) as archive:
        assert archive.testzip() is None


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_an_import_killed_at_any_moment_goes_on(made: Project, good: Path, tmp_path: Path) -> None:
    total = killed("import", good, tmp_path / "whole", 0)
    shutil.rmtree(tmp_path / "whole")
    for number, moment in enumerate(moments(total, 5)):
        folder = tmp_path / str(number)
        folder.mkdir()
        output = folder / "b"
        killed("import", good, output, moment)
        if not output.exists():
            assert all(name.startswith(".b.importing") for name in left_in(folder))
            unpack(good, output)
            assert left_in(folder) == ["b"]
        there = Project.open(output)
        assert hashes(output, without=CHANGED) == hashes(made.path, without=CHANGED)
        assert [r.name for r in there.items("run")] == ["drums tiny"]


def test_an_import_does_not_unpack_verified_entries_again(good: Path, tmp_path: Path) -> None:
    size = checking.inspect(good).bytes

    class Broken(Context):
        def check_cancel(self) -> None:
            if self.seen and self.seen[-1][0] > size * 0.6:
                raise RuntimeError("the power fails")

    with pytest.raises(RuntimeError):
        unpack(good, tmp_path / "b", Broken())
    job = Context()
    unpack(good, tmp_path / "b", job)
    assert job.seen[0][0] > 0.3 * size
    assert left_in(tmp_path) == ["b"]


def test_a_full_disk_is_said_before_and_kept_for_a_retry(made: Project, good: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, "size=64m"):
        resize(disk, free=1 << 20)
        for attempt in (lambda: pack(made, disk / "a.ravegui"), lambda: unpack(good, disk / "b")):
            with pytest.raises(UserError, match="not enough space") as caught:
                attempt()
            assert caught.value.code == "disk-full"
        assert not (disk / "b").exists()
        assert not (disk / "a.ravegui").exists()


def test_a_disk_that_fills_up_meanwhile(
    made: Project, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "MARGIN", -(1 << 40))
    disk = tmp_path / "disk"
    with small_disk(disk, "size=64m"):
        resize(disk, free=200_000)
        for attempt in (lambda: pack(made, disk / "a.ravegui"), lambda: unpack(good, disk / "b")):
            with pytest.raises(UserError) as caught:
                attempt()
            assert caught.value.code == "disk-full"
        assert not (disk / "b").exists()
        assert not (disk / "a.ravegui").exists()
        resize(disk, free=60 << 20)
        pack(made, disk / "a.ravegui")
        unpack(disk / "a.ravegui", disk / "b")
        assert left_in(disk) == ["a.ravegui", "b"]


def test_a_disk_that_may_only_be_read(made: Project, good: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, "size=64m"):
        shutil.copytree(made.path, disk / "p")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        for attempt in (lambda: pack(made, disk / "a.ravegui"), lambda: unpack(good, disk / "b")):
            with pytest.raises(UserError) as caught:
                attempt()
            assert caught.value.code == "not-writable"
        pack(Project.open(disk / "p"), tmp_path / "a.ravegui")
        unpack(tmp_path / "a.ravegui", tmp_path / "b")
        assert hashes(tmp_path / "b", without=CHANGED) == hashes(made.path, without=CHANGED)


def test_what_exists_is_never_overwritten(made: Project, good: Path, tmp_path: Path) -> None:
    (tmp_path / "a.ravegui").write_bytes(b"mine")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "mine").write_bytes(b"mine")
    for attempt in (lambda: pack(made, tmp_path / "a.ravegui"), lambda: unpack(good, tmp_path / "b")):
        with pytest.raises(UserError) as caught:
            attempt()
        assert caught.value.code == "output-exists"
    assert left_in(tmp_path) == ["a.ravegui", "b"]
    (tmp_path / "b" / "mine").unlink()
    unpack(good, tmp_path / "b")


def test_a_folder_that_is_too_deep_is_said_before_anything_is_written(good: Path, tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["ä" * 100] * 5, "p")
    with pytest.raises(UserError) as caught:
        unpack(good, deep)
    assert caught.value.code == "name-too-long"
    assert left_in(tmp_path) == []
