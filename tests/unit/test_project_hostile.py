"""Archives that were made to do harm, or were damaged on the way: refused before anything is written."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import stat
import struct
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.projects import Context, fill, forge, left_in, pack, unpack

from rave_gui.errors import UserError
from rave_gui.jobs import JobService
from rave_gui.paths import AppPaths
from rave_gui.projects import Project
from rave_gui.projects.archive import checking
from rave_gui.projects.archive.layout import collision, name_problem
from rave_protocol.files import read_json


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of a small project."""
    project = fill(Project.open(tmp_path_factory.mktemp("made") / "Größe & Co", create=True))
    return pack(project, tmp_path_factory.mktemp("good") / "good.ravegui")


# Archives that were made to do harm ----------------------------------------------------------------------------------


def refused(archive: Path, folder: Path, **limits: int) -> UserError:
    """The refusal; nothing was written."""
    before = left_in(folder)
    with pytest.raises(UserError) as caught:
        unpack(archive, folder / "target", Context(), **limits)
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


def test_random_damage_is_always_told_in_words(good: Path, tmp_path: Path) -> None:
    """A changed byte anywhere, most of all in the directory and the manifest at the end: a refusal, or an archive that is still whole."""
    data, chance, refusals = good.read_bytes(), random.Random(3), []
    bad = tmp_path / "bad.ravegui"
    for _ in range(600):
        changed = bytearray(data)
        for _ in range(chance.choice((1, 3, 30))):
            near_the_end = chance.random() < 0.8
            at = chance.randrange(len(data) - min(len(data), 4000) if near_the_end else 0, len(data))
            changed[at] = chance.randrange(256)
        bad.write_bytes(changed)
        try:
            checking.check(bad)
        except UserError as error:
            refusals.append(error.code)
    assert len(refusals) > 300
    assert all(code.startswith(("archive-", "not-an-archive")) for code in refusals)


def test_a_directory_beyond_every_file_is_refused(good: Path, tmp_path: Path) -> None:
    data = good.read_bytes()
    end = data.rindex(b"PK\x05\x06")
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, 2**64 - 1, 1)
    bad = tmp_path / "bad.ravegui"
    bad.write_bytes(data[:end] + locator + data[end:])
    assert refused(bad, tmp_path).code == "not-an-archive"


def test_looking_for_names_given_twice_takes_no_squares() -> None:
    """Seconds once, for forty thousand entries; names are compared with each other no more than a set does it."""

    class Name(str):
        compared = 0
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            Name.compared += 1
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    infos = []
    for number in (*range(2000), 1999):
        info = zipfile.ZipInfo(f"runs/{number}")
        info.filename = Name(info.filename)
        infos.append(info)
    with pytest.raises(UserError) as caught:
        checking._check_members(infos, 1 << 20, checking.Limits())
    assert caught.value.details.startswith("twice")
    assert Name.compared < 20_000


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
    extra: list[tuple[str, bytes, Any]] = [
        ("jobs/next/spec.json", b"{}", None),
        ("jobs/next/state.json", state, None),
        ("jobs/next/commands.jsonl", b"{}", None),
        ("jobs/odd/spec.json", b"{}", None),
    ]
    unpack(forge(good, tmp_path / "a.ravegui", extra), tmp_path / "b")
    for name in ("next", "odd"):
        assert read_json(tmp_path / "b" / "jobs" / name / "state.json")["state"] == "interrupted"
    assert not (tmp_path / "b" / "jobs" / "next" / "commands.jsonl").exists()


def test_records_without_end_do_no_harm(good: Path, tmp_path: Path) -> None:
    deep = b"[" * 200_000
    extra: list[tuple[str, bytes, Any]] = [
        (f"jobs/deep/{name}", deep, None) for name in ("spec.json", "state.json", "events.jsonl")
    ]
    extra += [("quickstart.json", deep, None), ("exports/drums tiny/other.json", deep, None)]
    unpack(forge(good, tmp_path / "a.ravegui", extra), tmp_path / "b")
    assert read_json(tmp_path / "b" / "jobs" / "deep" / "state.json")["state"] == "interrupted"
    jobs = JobService(AppPaths(tmp_path / "data", tmp_path / "config", tmp_path / "cache"))
    assert [view.state for view in jobs.list(tmp_path / "b")] == ["succeeded", "interrupted"]


def test_texts_of_others_cannot_steer_a_terminal(good: Path, tmp_path: Path) -> None:
    def talk(manifest: dict[str, Any]) -> None:
        manifest["project"]["name"] = "nice\x1b]0;evil\x07\nname"
        manifest["left_out"] = ["\x1b[2J" * 1000] * 5000

    bad = forge(good, tmp_path / "a.ravegui", [], manifest=talk)
    result = unpack(bad, tmp_path / "b")
    for text in (result["name"], checking.inspect(bad).name, *result["left_out"]):
        assert text.isprintable()
    assert len(result["left_out"]) == checking.MAX_SENTENCES


def test_words_for_names() -> None:
    for name in ("runs/a b/ä.ckpt", "日本/x", "a" * 255, ".hidden/x", "con1", "runs/com10"):
        assert name_problem(name) is None, name
    assert name_problem(os.fsdecode(b"runs/\xff")) == "character"
    assert collision(["a/b", "a/c", "A"]) == ("A", "a")
    assert collision(["straße", "strasse"]) == ("straße", "strasse")
    assert collision(["a/b", "a/c", "b"]) is None
