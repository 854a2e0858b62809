"""A project in one file: the way there and back, interruptions, and archives that were made to do harm."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.disk import resize, small_disk
from tests.helpers.projects import Context, ended_job, fill, forge, hashes

from rave_gui.errors import UserError
from rave_gui.projects import Project
from rave_gui.projects.archive import checking, exporting, importing
from rave_gui.projects.archive.layout import collision, name_problem
from rave_protocol.files import read_json
from rave_protocol.specs import ProjectExportParams, ProjectImportParams, TrainParams
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


def pack(project: Project, output: Path, job: Context | None = None, **options: Any) -> Path:
    params = ProjectExportParams(str(project.path), str(output), **options)
    return Path(exporting.run(params, job or Context())["path"])


def unpack(archive: Path, output: Path, job: Context | None = None, **limits: int) -> dict[str, Any]:
    return importing.run(ProjectImportParams(str(archive), str(output), **limits), job or Context())


def left_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


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


# Archives that were made to do harm ----------------------------------------------------------------------------------


def refused(archive: Path, folder: Path, **limits: int) -> UserError:
    """The refusal; nothing was written."""
    before = left_in(folder)
    with pytest.raises(UserError) as caught:
        unpack(archive, folder / "target", **limits)
    assert left_in(folder) == before
    assert caught.value.hint
    return caught.value


def mode(bits: int) -> Any:
    def tweak(info: zipfile.ZipInfo) -> None:
        info.external_attr = (bits | 0o777) << 16

    return tweak


def dos_folder(info: zipfile.ZipInfo) -> None:
    info.external_attr = 0x10


def bzip(info: zipfile.ZipInfo) -> None:
    info.compress_type = zipfile.ZIP_BZIP2


@pytest.mark.parametrize(
    ("word", "name", "tweak"),
    [
        ("parent", "../escape", None),
        ("parent", "runs/../../escape", None),
        ("absolute", "/etc/escape", None),
        ("absolute", "C:/escape", None),
        ("absolute", "c:escape", None),
        ("backslash", "..\\escape", None),
        ("empty", "runs//x", None),
        ("empty", "./x", None),
        ("empty", "runs/folder/", None),
        ("character", "runs/a:stream", None),
        ("character", "runs/tab\tname", None),
        ("blank", "runs/dot.", None),
        ("blank", "runs/blank /x", None),
        ("reserved", "runs/CON", None),
        ("reserved", "runs/nul.txt", None),
        ("reserved", "runs/COM1.ckpt/x", None),
        ("long", "runs/" + "ä" * 130, None),
        ("long", "/".join(["runs", *["a" * 200] * 6]), None),
        ("deep", "/".join(["a"] * 60), None),
        ("link", "runs/link", mode(stat.S_IFLNK)),
        ("special", "runs/device", mode(stat.S_IFBLK)),
        ("special", "runs/pipe", mode(stat.S_IFIFO)),
        ("special", "runs/folder", dos_folder),
        ("compression", "runs/bz", bzip),
        ("collision", "RUNS/drums tiny/CONFIG.GIN", None),
        ("collision", "sounds/schnarre a\u0308.wav", None),
        ("collision", "runs/drums tiny/config.gin/inside", None),
        ("collision", "Datasets/other", None),
    ],
)
def test_names_and_kinds_that_do_harm_are_refused(
    word: str, name: str, tweak: Any, good: Path, tmp_path: Path
) -> None:
    bad = forge(good, tmp_path / "bad.ravegui", [(name, b"harm", tweak)])
    error = refused(bad, tmp_path)
    assert (error.code, error.details.split(":")[0]) == ("archive-unsafe", word)


def test_a_name_with_a_zero_byte_is_refused(good: Path, tmp_path: Path) -> None:
    bad = forge(good, tmp_path / "bad.ravegui", [("runs/XXXX.txt", b"harm", None)])
    data = bad.read_bytes().replace(b"runs/XXXX.txt", b"runs/X\0XX.txt")
    bad.write_bytes(data)
    error = refused(bad, tmp_path)
    assert error.code in ("archive-unsafe", "not-an-archive")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_given_twice_is_refused(good: Path, tmp_path: Path) -> None:
    bad = forge(good, tmp_path / "bad.ravegui", [("runs/x", b"good", None), ("runs/x", b"harm", None)])
    assert refused(bad, tmp_path).details.startswith("twice")


def patch_directory(archive: Path, name: bytes, change: Any) -> None:
    """Change the directory's entry of ``name`` in place; ``change`` gets it as a bytearray from its signature on."""
    data = bytearray(archive.read_bytes())
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(name))
    entry = bytearray(data[at : at + 46])
    change(entry)
    data[at : at + 46] = entry
    archive.write_bytes(data)


def test_an_encrypted_entry_is_refused(good: Path, tmp_path: Path) -> None:
    bad = Path(shutil.copy(good, tmp_path / "bad.ravegui"))
    patch_directory(bad, b"runs/drums tiny/config.gin", lambda entry: entry.__setitem__(8, entry[8] | 1))
    assert refused(bad, tmp_path).details.startswith("encrypted")


def test_entries_that_share_bytes_are_refused(good: Path, tmp_path: Path) -> None:
    bad = Path(shutil.copy(good, tmp_path / "bad.ravegui"))
    patch_directory(
        bad, b"runs/drums tiny/config.gin", lambda e: e.__setitem__(slice(42, 46), struct.pack("<I", 0))
    )
    assert refused(bad, tmp_path).details.startswith("overlap")


def test_bombs_are_refused(good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deflate(info: zipfile.ZipInfo) -> None:
        info.compress_type = zipfile.ZIP_DEFLATED

    bad = forge(good, tmp_path / "bad.ravegui", [("runs/zeros", bytes(300 << 20), deflate)])
    # 300 MB of zeros shrink to 0.3 MB; the limit begins at 1 GB, which would take long to make here.
    monkeypatch.setattr(checking, "RATIO_FREE", 1 << 28)
    assert "bomb" in refused(bad, tmp_path).details
    claimed = Path(shutil.copy(good, tmp_path / "claimed.ravegui"))
    patch_directory(
        claimed,
        b"runs/drums tiny/config.gin",
        lambda e: e.__setitem__(slice(24, 28), struct.pack("<I", 1 << 31)),
    )
    assert "bomb" in refused(claimed, tmp_path).details


def test_limits_of_entries_and_bytes(good: Path, tmp_path: Path) -> None:
    assert refused(good, tmp_path, max_entries=5).code == "archive-too-large"
    assert refused(good, tmp_path, max_bytes=100_000).code == "archive-too-large"
    data = bytearray(good.read_bytes())
    at = data.rindex(b"PK\x05\x06")
    data[at + 12 : at + 16] = struct.pack("<I", 0xF0000000)
    lying = tmp_path / "lying.ravegui"
    lying.write_bytes(data)
    assert refused(lying, tmp_path).code == "archive-too-large"


def test_what_the_manifest_does_not_say(good: Path, tmp_path: Path) -> None:
    def without(manifest: dict[str, Any]) -> None:
        manifest["entries"] = manifest["entries"][:-1]

    def more(manifest: dict[str, Any]) -> None:
        manifest["entries"].append({"path": "runs/x", "size": 1, "sha256": "0" * 64})

    def larger(manifest: dict[str, Any]) -> None:
        manifest["entries"][0]["size"] += 1

    def newer(manifest: dict[str, Any]) -> None:
        manifest["format"] = 2

    def nonsense(manifest: dict[str, Any]) -> None:
        manifest["entries"] = 5

    for change, code in (
        (without, "archive-damaged"),
        (more, "archive-damaged"),
        (larger, "archive-damaged"),
        (newer, "archive-newer"),
        (nonsense, "not-an-archive"),
    ):
        bad = forge(good, tmp_path / f"{change.__name__}.ravegui", [], manifest=change)
        assert refused(bad, tmp_path).code == code, change
    assert (
        refused(forge(good, tmp_path / "nodb", [], drop=("project.db",)), tmp_path).code == "archive-damaged"
    )


def test_damage_anywhere_is_found(good: Path, tmp_path: Path) -> None:
    data = good.read_bytes()
    for number, at in enumerate(range(len(data) // 14, len(data), len(data) // 7)):
        bad = tmp_path / f"{number}.ravegui"
        bad.write_bytes(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :])
        assert refused(bad, tmp_path).code in ("archive-damaged", "not-an-archive")
    for length in (0, 10, len(data) // 2, len(data) - 1):
        bad = tmp_path / f"cut-{length}.ravegui"
        bad.write_bytes(data[:length])
        assert refused(bad, tmp_path).code == "not-an-archive"
    assert refused(tmp_path / "none", tmp_path).code == "archive-missing"
    assert refused(tmp_path, tmp_path).code == "archive-missing"


def test_a_wrong_hash_is_found(good: Path, tmp_path: Path) -> None:
    def wrong(manifest: dict[str, Any]) -> None:
        entry = next(e for e in manifest["entries"] if e["path"].endswith("config.gin"))
        entry["sha256"] = "0" * 64

    bad = forge(good, tmp_path / "bad.ravegui", [], manifest=wrong)
    assert refused(bad, tmp_path).code == "archive-damaged"


# Databases and jobs of others ----------------------------------------------------------------------------------------


def database(tmp_path: Path, script: str) -> bytes:
    path = tmp_path / "made.db"
    path.unlink(missing_ok=True)
    shutil.copy(Path(__file__).parent / "fixtures" / "project-schema-2.db", path)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(script)
    return path.read_bytes()


def test_rows_that_lead_outside_are_not_taken(good: Path, tmp_path: Path) -> None:
    script = """
    DELETE FROM items;
    INSERT INTO items VALUES ('run', 'up', 'runs/../../../etc', 1.0, NULL, NULL, '{}');
    INSERT INTO items VALUES ('run', 'root', '/', 1.0, NULL, NULL, '{}');
    INSERT INTO items VALUES ('run', 'elsewhere', 'datasets/drums', 1.0, NULL, NULL, '{}');
    INSERT INTO items VALUES ('run', '../name', 'runs/x', 1.0, NULL, NULL, '{}');
    INSERT INTO items VALUES ('run', 'deep', 'runs/a/b', 1.0, NULL, NULL, '{}');
    INSERT INTO items VALUES ('export', 'file', 'exports/drums tiny', 1.0, '../job', NULL, '{"file": "/etc/passwd", "note": "n"}');
    INSERT INTO items VALUES ('run', 'drums tiny', 'runs/drums tiny', 'soon', 'j', 'drums', 'no json');
    INSERT INTO meta VALUES ('root', '/');
    INSERT INTO meta VALUES ('setting.author', '"Ada"');
    INSERT INTO meta VALUES ('setting.sample_rate', '"a text"');
    """
    bad = forge(good, tmp_path / "bad.ravegui", [], replace={"project.db": database(tmp_path, script)})
    result = unpack(bad, tmp_path / "target")
    assert len(result["notes"]) == 1
    there = Project.open(tmp_path / "target")
    rows = {(r.kind, r.name): r for r in there.store.all_items()}
    assert all(r.path.is_relative_to(there.path) for r in rows.values())
    assert {name for kind, name in rows if kind == "run"} == {"drums tiny"}
    file = rows[("export", "file")]
    assert (file.info, file.job) == ({"note": "n"}, None)
    assert there.store.meta("root") == str(there.path)
    assert there.store.meta("setting.author") == '"Ada"'
    assert there.store.meta("setting.sample_rate") is None


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("DROP TABLE items; CREATE VIEW items AS SELECT 1", "archive-damaged"),
        ("DROP TABLE meta", "archive-damaged"),
        ("PRAGMA user_version = 99", "project-newer"),
    ],
)
def test_databases_that_are_not_ours(script: str, code: str, good: Path, tmp_path: Path) -> None:
    bad = forge(good, tmp_path / "bad.ravegui", [], replace={"project.db": database(tmp_path, script)})
    assert refused(bad, tmp_path).code == code


def test_a_database_that_is_none(good: Path, tmp_path: Path) -> None:
    for data in (b"", b"no database at all" * 100, b"SQLite format 3\0" + bytes(84) + os.urandom(5000)):
        bad = forge(good, tmp_path / f"{len(data)}.ravegui", [], replace={"project.db": data})
        assert refused(bad, tmp_path).code == "archive-damaged"


def test_jobs_of_others_are_over(good: Path, tmp_path: Path) -> None:
    state = json.dumps({"state": "queued"}).encode()
    extra = [
        ("jobs/next/spec.json", b"{}", None),
        ("jobs/next/state.json", state, None),
        ("jobs/next/commands.jsonl", b"{}", None),
        ("jobs/odd/spec.json", b"{}", None),
    ]
    unpack(forge(good, tmp_path / "a.ravegui", extra), tmp_path / "b")
    for name in ("next", "odd"):
        assert read_json(tmp_path / "b" / "jobs" / name / "state.json")["state"] == "interrupted"
    assert not (tmp_path / "b" / "jobs" / "next" / "commands.jsonl").exists()


def test_words_for_names() -> None:
    for name in ("runs/a b/ä.ckpt", "日本/x", "a" * 255, ".hidden/x", "con1", "runs/com10"):
        assert name_problem(name) is None, name
    assert name_problem(os.fsdecode(b"runs/\xff")) == "character"
    assert collision(["a/b", "a/c", "A"]) == ("A", "a")
    assert collision(["straße", "strasse"]) == ("straße", "strasse")
    assert collision(["a/b", "a/c", "b"]) is None
