"""Copies of datasets: clones, cleaned copies, chunks as files, archives. Nothing is overwritten, nothing half is left."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lmdb
import numpy as np
import pytest
import soundfile
from tests.helpers.datasets import CHUNK, RATE, app_paths, built, foreign, noise
from tests.helpers.disk import small_disk

from rave_gui.datasets import archive, clone
from rave_gui.datasets.browse import mark, marks
from rave_gui.datasets.check import check
from rave_gui.datasets.clean import clean_copy
from rave_gui.datasets.extract import extract
from rave_gui.datasets.read import Dataset
from rave_gui.errors import UserError
from rave_protocol.codec import dumps
from rave_protocol.work import Cancelled


def tree(path: Path) -> dict[str, str]:
    return {
        str(file.relative_to(path)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(path.rglob("*"))
        if file.is_file() and not file.name.endswith(".lock")
    }


def sound(chunks: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(chunks * CHUNK) * 0.1


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("made"), {"a.wav": sound(4), "b ü.wav": sound(3, 1)})


@pytest.fixture
def dataset(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "dataset"))


class CancelAfter:
    def __init__(self, calls: int) -> None:
        self.left = calls

    def __call__(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Cancelled


def test_a_clone_is_equal_and_independent(dataset: Path, tmp_path: Path) -> None:
    paths = app_paths(tmp_path)
    mark(dataset, [2], paths=paths)
    before = tree(dataset)
    said: list[tuple[float, float, str]] = []
    result = clone.clone(dataset, tmp_path / "clone", paths=paths, on_progress=lambda *a: said.append(a))
    copy = Path(result["path"])
    assert result["chunks"] == 7
    assert result["method"] in ("copy", "reflink")
    assert said[-1][0] == said[-1][1] == result["bytes"]
    assert tree(copy) == {name: value for name, value in before.items() if name != "lock.mdb"}
    assert marks(copy, paths=paths) == {2}
    with lmdb.open(str(copy), map_size=1 << 26) as environment, environment.begin(write=True) as transaction:
        transaction.delete(b"00000000")
    assert tree(dataset) == before, "changing the clone changes nothing in the original"
    assert check(dataset).sound


def test_a_sparse_dataset_of_upstreams_is_cloned_without_its_holes(tmp_path: Path) -> None:
    path = foreign(tmp_path / "up", {b"%08d" % i: noise(i) for i in range(4)})
    with (path / "data.mdb").open("r+b") as file:
        file.truncate(1 << 32)
    result = clone.clone(path, tmp_path / "clone", paths=app_paths(tmp_path))
    assert result["bytes"] < 1 << 20
    if result["method"] == "copy":
        assert (tmp_path / "clone" / "data.mdb").stat().st_size == result["bytes"]
    assert check(tmp_path / "clone").sound


@pytest.mark.parametrize("what", ["clone", "clean", "restore"])
def test_a_cancelled_copy_leaves_nothing(
    dataset: Path, tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = app_paths(tmp_path)
    mark(dataset, [2], paths=paths)
    file = tmp_path / "x.ravedataset"
    archive.save(dataset, file, paths=paths)
    target = tmp_path / "place" / "new"
    monkeypatch.setattr(clone, "_BLOCK", 4096)
    monkeypatch.setattr(archive, "_BLOCK", 4096)
    monkeypatch.setattr(clone, "reflink", lambda *_: False)
    make = {
        "clone": lambda: clone.clone(dataset, target, paths=paths, check_cancel=CancelAfter(3)),
        "clean": lambda: clean_copy(dataset, target, paths=paths, check_cancel=CancelAfter(3)),
        "restore": lambda: archive.restore(file, target, check_cancel=CancelAfter(3)),
    }
    with pytest.raises(Cancelled):
        make[what]()
    assert list(target.parent.iterdir()) == []


def test_what_is_there_is_never_overwritten(dataset: Path, tmp_path: Path) -> None:
    paths = app_paths(tmp_path)
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine.txt").write_text("mine")
    mark(dataset, [1], paths=paths)
    file = tmp_path / "x.ravedataset"
    archive.save(dataset, file, paths=paths)
    attempts: list[Callable[[], object]] = [
        lambda: clone.clone(dataset, taken, paths=paths),
        lambda: clean_copy(dataset, taken, paths=paths),
        lambda: archive.restore(file, taken),
        lambda: archive.save(dataset, file, paths=paths),
    ]
    for make in attempts:
        with pytest.raises(UserError) as caught:
            make()
        assert caught.value.code == "output-exists"
    assert [entry.name for entry in taken.iterdir()] == ["mine.txt"]


def test_a_full_disk_is_said_before_anything_is_written(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 1000

    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage)
    monkeypatch.setattr(clone, "reflink", lambda *_: False)
    with pytest.raises(UserError) as caught:
        clone.clone(dataset, tmp_path / "new", paths=app_paths(tmp_path))
    assert caught.value.code == "disk-full"
    assert not (tmp_path / "new").exists()


def test_a_cleaned_copy_leaves_out_what_is_marked(dataset: Path, tmp_path: Path) -> None:
    paths = app_paths(tmp_path)
    with pytest.raises(UserError) as caught:
        clean_copy(dataset, tmp_path / "new", paths=paths)
    assert caught.value.code == "nothing-marked"
    mark(dataset, [0, 3, 5], paths=paths)
    result = clean_copy(dataset, tmp_path / "new", paths=paths)
    assert (result["chunks"], result["dropped"], result["damaged"]) == (4, 3, 0)
    with Dataset(dataset) as old, Dataset(tmp_path / "new") as new:
        assert new.chunks == 4
        for place, was in enumerate((1, 2, 4, 6)):
            assert np.array_equal(new.audio(place), old.audio(was))
            assert new.origins(place) == old.origins(was)
        assert new.metadata["n_seconds"] == pytest.approx(old.metadata["n_seconds"] * 4 / 7)
        assert {Path(row.path).name: round(row.lost * RATE) for row in new.files()} == {
            "a.wav": 2 * CHUNK,
            "b ü.wav": CHUNK,
        }
    assert check(tmp_path / "new").sound
    assert marks(tmp_path / "new", paths=paths) == frozenset()
    mark(dataset, range(7), paths=paths)
    with pytest.raises(UserError) as caught:
        clean_copy(dataset, tmp_path / "none", paths=paths)
    assert caught.value.code == "nothing-left"


@pytest.mark.parametrize(("kind", "bits"), [("wav", 16), ("wav", 24), ("flac", 16), ("flac", 24)])
def test_chunks_as_files_are_what_is_stored(dataset: Path, tmp_path: Path, kind: Any, bits: int) -> None:
    folder = tmp_path / "files"
    result = extract(dataset, folder, [5, 0], audio_format=kind, bits=bits)
    assert (result["files"], result["skipped"]) == (2, [])
    names = sorted(entry.name for entry in folder.iterdir())
    assert names == [f"00000000 a 0.000s.{kind}", f"00000005 b ü {CHUNK / RATE:.3f}s.{kind}"]
    assert soundfile.info(folder / names[0]).subtype == f"PCM_{bits}"
    data, rate = soundfile.read(folder / names[1], dtype="int16")
    with Dataset(dataset) as one:
        audio = one.chunk(5).audio
    assert rate == RATE
    assert audio is not None
    assert np.array_equal(data, audio[0])


def test_extracting_again_overwrites_nothing(dataset: Path, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    extract(dataset, folder, [1])
    first = next(folder.iterdir())
    first.write_bytes(b"mine")
    result = extract(dataset, folder)
    assert (result["files"], result["skipped_total"]) == (6, 1)
    assert result["skipped"][0]["index"] == 1
    assert first.read_bytes() == b"mine"
    for indices, bits in (([7], 16), ([-1], 16), ([0], 8)):
        with pytest.raises(UserError) as caught:
            extract(dataset, folder, indices, bits=bits)
        assert caught.value.code == "bad-parameter"


def test_a_full_disk_is_named_and_nothing_half_is_left(dataset: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, "size=64k"):
        with pytest.raises(UserError) as caught:
            extract(dataset, disk / "files", bits=24)
        assert caught.value.code == "disk-full"
        assert "same folder" in caught.value.hint
        for file in (disk / "files").iterdir():
            assert soundfile.info(file).duration > 0
        full = disk / "full"
        shutil.rmtree(disk / "files")
        full.write_bytes(b"x" * shutil.disk_usage(disk).free)
        works: tuple[Callable[[], object], ...] = (
            lambda: extract(dataset, disk / "files"),
            lambda: clone.clone(dataset, disk / "copy", paths=app_paths(tmp_path)),
            lambda: archive.save(dataset, disk / "a.ravedataset", paths=app_paths(tmp_path)),
        )
        for work in works:
            with pytest.raises(UserError) as caught:
                work()
            assert caught.value.code == "disk-full"
            assert "where it stopped" not in caught.value.hint
        assert list(disk.iterdir()) == [full]


def test_an_archive_brings_everything_back(dataset: Path, tmp_path: Path) -> None:
    paths = app_paths(tmp_path)
    mark(dataset, [4], paths=paths)
    said: list[tuple[float, float, str]] = []
    result = archive.save(
        dataset, tmp_path / "a.ravedataset", paths=paths, on_progress=lambda *a: said.append(a)
    )
    assert said[-1][0] == said[-1][1] > 0
    assert result["chunks"] == 7
    assert archive.inspect(Path(result["path"]))["sample_rate"] == RATE
    back = archive.restore(Path(result["path"]), tmp_path / "back")
    assert back["chunks"] == 7
    assert tree(tmp_path / "back").keys() == {
        "data.mdb",
        "metadata.yaml",
        "sources.sqlite",
        ".rave-gui/marks.json",
    }
    assert (tmp_path / "back" / "data.mdb").read_bytes() == (dataset / "data.mdb").read_bytes()
    assert check(tmp_path / "back").sound
    assert marks(tmp_path / "back", paths=paths) == {4}
    with Dataset(dataset) as old, Dataset(tmp_path / "back") as new:
        assert [new.origins(i) for i in range(7)] == [old.origins(i) for i in range(7)]


def rewritten(source: Path, target: Path, change: Any) -> Path:
    """An archive like ``source`` whose entries ``change`` has altered (name -> bytes)."""
    with zipfile.ZipFile(source) as old:
        entries = {info.filename: old.read(info) for info in old.infolist()}
    compression = change(entries) or zipfile.ZIP_STORED
    with zipfile.ZipFile(target, "w", compression) as new:
        for name, data in entries.items():
            new.writestr(name, data)
    return target


@pytest.mark.parametrize(
    "trick",
    ["escape", "absolute", "extra", "damaged", "no manifest", "bad manifest", "newer", "missing", "packed"],
)
def test_an_archive_that_is_not_what_it_says_is_refused(dataset: Path, tmp_path: Path, trick: str) -> None:
    good = tmp_path / "good.ravedataset"
    archive.save(dataset, good, paths=app_paths(tmp_path))

    def change(entries: dict[str, bytes]) -> int | None:
        if trick == "escape":
            entries["../evil.txt"] = b"x"
        elif trick == "absolute":
            entries["/tmp/evil.txt"] = b"x"
        elif trick == "extra":
            entries["config.gin"] = b"x"
        elif trick == "damaged":
            data = bytearray(entries["data.mdb"])
            data[9000] ^= 1
            entries["data.mdb"] = bytes(data)
        elif trick == "no manifest":
            del entries["manifest.json"]
        elif trick == "bad manifest":
            entries["manifest.json"] = b"{"
        elif trick == "newer":
            entries["manifest.json"] = dumps({"format": 2, "kind": "dataset", "entries": []}).encode()
        elif trick == "missing":
            del entries["metadata.yaml"]
        else:
            return zipfile.ZIP_DEFLATED
        return None

    bad = rewritten(good, tmp_path / "bad.ravedataset", change)
    with pytest.raises(UserError) as caught:
        archive.restore(bad, tmp_path / "out" / "back")
    assert caught.value.code == "archive-damaged"
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


def test_a_cut_archive_is_refused(dataset: Path, tmp_path: Path) -> None:
    good = tmp_path / "good.ravedataset"
    archive.save(dataset, good, paths=app_paths(tmp_path))
    data = good.read_bytes()
    for length in (0, 10, len(data) // 2, len(data) - 5):
        good.write_bytes(data[:length])
        with pytest.raises(UserError) as caught:
            archive.inspect(good)
        assert caught.value.code == "archive-damaged"
    with pytest.raises(UserError) as caught:
        archive.inspect(tmp_path / "none")
    assert caught.value.code == "not-found"


def test_notes_and_the_split_by_recordings_travel(tmp_path: Path) -> None:
    from rave_gui.datasets import notes, validation
    from rave_gui.datasets.append import made_with
    from rave_gui.datasets.repair import repair

    path = built(tmp_path, {f"{i}.wav": sound(4, i) for i in range(6)}, validation="files")
    notes.write(path, "*", licence="CC0", consent="mine")
    split = validation.read(path)
    assert split is not None
    paths = app_paths(tmp_path)
    archive.save(path, tmp_path / "a.ravedataset", paths=paths)
    archive.restore(tmp_path / "a.ravedataset", tmp_path / "back")
    clone.clone(path, tmp_path / "clone", paths=paths)
    repair(path, tmp_path / "repaired")
    for copy in ("back", "clone", "repaired"):
        assert notes.read(tmp_path / copy) == notes.read(path)
        assert validation.read(tmp_path / copy) == split
    kept = split["validation"]
    mark(path, [kept[0], 0 if kept[0] else 23], paths=paths)
    clean_copy(path, tmp_path / "clean", paths=paths)
    mine = validation.read(tmp_path / "clean")
    assert mine is not None
    assert (mine["count"], len(mine["validation"])) == (22, len(kept) - 1)
    with Dataset(tmp_path / "clean") as new:
        assert {new.origins(place)[0].path for place in mine["validation"]} == set(split["files"])
    assert made_with(tmp_path / "clean").num_signal * 2 == CHUNK, "recordings can be added to a cleaned copy"


def test_a_list_of_contents_that_cannot_be_unpacked_is_told_in_words(dataset: Path, tmp_path: Path) -> None:
    """Damage makes zipfile raise what is none of its own errors."""
    good, bad = tmp_path / "good.ravedataset", tmp_path / "bad.ravedataset"
    archive.save(dataset, good, paths=app_paths(tmp_path))
    with zipfile.ZipFile(good) as source:
        at = source.getinfo("manifest.json").header_offset
    data = bytearray(good.read_bytes())
    entry = data.rindex(b"PK\x01\x02")
    data[at + 8] = data[entry + 10] = zipfile.ZIP_DEFLATED
    bad.write_bytes(data)
    works: tuple[Callable[[], object], ...] = (
        lambda: archive.inspect(bad),
        lambda: archive.restore(bad, tmp_path / "back"),
    )
    for work in works:
        with pytest.raises(UserError) as caught:
            work()
        assert caught.value.code == "archive-damaged"
    assert not (tmp_path / "back").exists()


def test_copies_of_a_lazy_dataset_find_their_recordings_from_where_they_are(tmp_path: Path) -> None:
    """Paths are kept as seen from the dataset's folder, and a copy lies deeper."""
    from rave_gui.datasets import archive
    from rave_gui.datasets.lazy import refresh

    home = tmp_path / "studio"
    made = built(
        home / "made",
        {"a.wav": noise(1, 30000)[0]},
        num_signal=4096,
        lazy=True,
        tails="pad",
        short_files="join",
    )
    paths = app_paths(tmp_path / "app")
    copy, packed = home / "deep" / "er" / "copy", home / "set.zip"
    clone.clone(made, copy, paths=paths)
    archive.save(made, packed, paths=paths)
    restored = home / "deep" / "restored"
    archive.restore(packed, restored)
    moved = tmp_path / "elsewhere"
    home.rename(moved)
    for name in ("deep/er/copy", "deep/restored"):
        found = refresh(moved / name)
        assert (found.found, found.rewritten, found.missing) == (1, 1, []), name
