"""Our reader of LMDB files against LMDB itself, and against files cut off and bit-flipped at random."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from pathlib import Path

import lmdb
import pytest

from rave_gui.datasets.mdb import DamagedError, MdbFile


def written(path: Path, records: dict[bytes, bytes], seed: int = 0) -> dict[bytes, bytes]:
    """A database written in many transactions, with deletions and overwritten values; what it holds in the end."""
    draw = random.Random(seed)
    names = list(records)
    draw.shuffle(names)
    kept = dict(records)
    with lmdb.open(str(path), map_size=1 << 28, sync=False) as environment:
        for start in range(0, len(names), 100):
            with environment.begin(write=True) as transaction:
                for name in names[start : start + 100]:
                    transaction.put(name, records[name])
                for name in draw.sample(names[: start + 1], min(3, start + 1)):
                    if draw.random() < 0.5:
                        transaction.delete(name)
                        kept.pop(name, None)
                    else:
                        kept[name] = draw.randbytes(draw.choice([10, 9000]))
                        transaction.put(name, kept[name])
    return kept


def records(count: int, seed: int = 1) -> dict[bytes, bytes]:
    draw = random.Random(seed)
    return {b"%08d" % i: draw.randbytes(draw.choice([0, 5, 500, 2100, 4096, 20000])) for i in range(count)}


@pytest.mark.parametrize("count", [1, 7, 300, 2500])
def test_reads_what_lmdb_wrote(tmp_path: Path, count: int) -> None:
    kept = written(tmp_path, records(count))
    with MdbFile(tmp_path / "data.mdb") as first, MdbFile(tmp_path / "data.mdb") as file:
        assert first.entries == file.entries == len(kept)
        names = sorted(kept)
        assert [entry.key for entry in file.walk()] == names
        for index in range(0, len(names), max(1, len(names) // 200)):
            entry = file.at(index)
            assert entry.key == names[index]
            assert file.value(entry) == kept[names[index]]
            assert file.find(names[index]) == entry
            assert file.is_sound_overflow(entry)
        assert file.find(b"0000000x") is None
        assert file.find(b"") is None
        assert file.find(b"99999999") is None
        first_one, last_one = file.edge(last=False), file.edge(last=True)
        assert first_one is not None
        assert last_one is not None
        assert (first_one.key, last_one.key) == (names[0], names[-1])
        with pytest.raises(IndexError):
            file.at(len(names))
        found = {entry.key: file.value(entry) for entry in file.salvage() if entry.key in kept}
        assert found.keys() == kept.keys()


def test_an_empty_database_has_no_records(tmp_path: Path) -> None:
    lmdb.open(str(tmp_path)).close()
    with MdbFile(tmp_path / "data.mdb") as file:
        assert (file.entries, file.edge(True), file.find(b"0"), list(file.walk())) == (0, None, None, [])


def read_all(path: Path) -> int:
    """Everything a reader can ask; how many values could be read."""
    good = 0
    try:
        file = MdbFile(path)
    except DamagedError:
        return 0
    with file:
        asked: list[Callable[[], object]] = [
            lambda: file.edge(True),
            lambda: file.edge(False),
            lambda: file.find(b"00000100"),
        ]
        for ask in asked:
            with contextlib.suppress(DamagedError):
                ask()
        for entry in [*file.walk(), *file.salvage()]:
            try:
                good += bool(file.value(entry)) or True
            except DamagedError:
                continue
    return good


def test_no_damage_ends_in_anything_but_a_refusal(tmp_path: Path) -> None:
    written(tmp_path, records(400))
    data = (tmp_path / "data.mdb").read_bytes()
    draw = random.Random(5)
    damaged = tmp_path / "damaged.mdb"
    for attempt in range(60):
        block = bytearray(data)
        if attempt % 2:
            block = block[: draw.randrange(len(block))]
        else:
            for _ in range(40):  # mostly in heads of pages, where it hurts
                at = draw.randrange(len(block) // 4096) * 4096 + draw.randrange(64)
                block[at] ^= 1 << draw.randrange(8)
        damaged.write_bytes(block)
        read_all(damaged)


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9])
def test_what_is_left_of_a_cut_file_is_found(tmp_path: Path, keep: float) -> None:
    kept = written(tmp_path, {b"%08d" % i: b"%08d" % i * 1500 for i in range(200)})
    data = (tmp_path / "data.mdb").read_bytes()
    cut = tmp_path / "cut.mdb"
    cut.write_bytes(data[: int(len(data) * keep)])
    with MdbFile(cut) as file:
        assert file.missing_bytes
        whole = 0
        for entry in {*file.walk(), *file.salvage()}:
            try:
                whole += file.value(entry) == kept.get(entry.key)
            except DamagedError:
                continue
    assert whole > 0
