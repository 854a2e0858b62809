"""Checking and repairing datasets: ours and upstream's, damaged in every way that can be thought of, and at random."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

import lmdb
import numpy as np
import pytest
import yaml
from tests.helpers.datasets import CHUNK, RATE, built, foreign, noise, tone

from rave_gui.datasets import record
from rave_gui.datasets.check import Report, check
from rave_gui.datasets.read import Dataset
from rave_gui.datasets.repair import repair
from rave_gui.datasets.sidecar import FILE_NAME
from rave_gui.errors import UserError


def tree(path: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(path)): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()
    }


def change(path: Path, key: bytes, value: bytes | None) -> None:
    with lmdb.open(str(path), map_size=1 << 26) as environment, environment.begin(write=True) as transaction:
        transaction.delete(key) if value is None else transaction.put(key, value)
    (path / "lock.mdb").unlink(missing_ok=True)


def floats(audio: np.ndarray) -> bytes:
    example = record._message_class()()
    buffer = example.buffers["waveform"]
    buffer.data, buffer.precision, buffer.sampling_rate = audio.astype(np.float32).tobytes(), 1, RATE
    value: bytes = example.SerializeToString()
    return value


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("ours")
    sound = np.random.default_rng(0).standard_normal(40 * CHUNK) * 0.1
    return built(root, {"a.wav": sound[: 25 * CHUNK], "b.wav": sound[25 * CHUNK :]})


@pytest.fixture
def damaged(ours: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ours, tmp_path / "damaged"))


def codes(report: Report) -> dict[str, int]:
    return report.counts


def test_a_sound_dataset_is_sound(ours: Path, tmp_path: Path) -> None:
    before = tree(ours)
    said: list[tuple[float, float, str]] = []
    report = check(ours, on_progress=lambda *args: said.append(args))
    assert (report.sound, report.chunks, report.records, report.counts) == (True, 40, 40, {})
    assert report.samples == CHUNK
    assert report.seconds == pytest.approx(40 * CHUNK / RATE)
    assert said[-1] == (40, 40, "chunks")
    assert Report.from_json(report.to_json()) == report
    up = foreign(tmp_path / "up", {b"%08d" % i: noise(i, channels=2) for i in range(5)}, channels=2)
    report = check(up)
    assert report.sound
    assert set(report.counts) <= {"length-differs"}
    assert tree(ours) == before


def test_every_fault_has_its_name(damaged: Path) -> None:
    change(damaged, b"00000003", b"\xff\xff\xff no record")
    change(damaged, b"00000005", record.encode(b"\1\0" * 100, 1, RATE))
    change(damaged, b"00000007", None)
    change(damaged, b"00000009", floats(np.full((1, CHUNK), np.nan)))
    change(damaged, b"00000010", floats(np.zeros((1, CHUNK))))
    change(damaged, b"00000012", record.encode(b"\1\0" * CHUNK, 1, RATE))
    change(damaged, b"name", record.encode(noise(99).tobytes(), 1, RATE))
    before = tree(damaged)
    report = check(damaged)
    assert not report.sound
    assert report.repairable
    found = {(problem.code, problem.key) for problem in report.problems}
    assert found >= {
        ("bad-record", "00000003"),
        ("changed", "00000005"),
        ("not-finite", "00000009"),
        ("not-16-bit", "00000010"),
        ("changed", "00000012"),
        ("bad-key", "name"),
    }
    assert report.counts["key-gap"] == 1
    assert all(problem.message for problem in report.problems)
    assert tree(damaged) == before, "a check writes nothing"


def test_lengths_silence_duplicates_and_metadata_of_a_foreign_one(tmp_path: Path) -> None:
    chunks: dict[bytes, bytes | np.ndarray] = {b"%08d" % i: noise(i) for i in range(6)}
    chunks[b"00000002"] = noise(1)
    chunks[b"00000003"] = np.zeros((1, CHUNK), np.int16)
    chunks[b"00000004"] = noise(4, CHUNK // 2)
    chunks[b"00000005"] = record.encode(noise(5).tobytes(), 1, 48000)
    path = foreign(tmp_path / "up", chunks, num_signal=999, n_seconds=5000.0)
    report = check(path)
    assert report.counts == {
        "bad-length": 1,
        "bad-metadata": 1,
        "duplicate": 1,
        "length-differs": 1,
        "sample-rate": 1,
        "silent": 1,
    }
    assert (report.records, report.duplicates) == (5, 1)
    for text in ("lazy: [", "- 1", "lazy: false\nsr: fast\n", "sr: 44100\n", ""):
        (path / "metadata.yaml").write_text(text)
        assert "bad-metadata" in check(path).counts, text
    (path / "metadata.yaml").unlink()
    assert "no-metadata" in check(path).counts
    (path / "data.mdb").unlink()
    with pytest.raises(UserError) as caught:
        check(path)
    assert caught.value.code == "not-a-dataset"


def test_lazy_datasets_name_missing_recordings(tmp_path: Path) -> None:
    example = record._message_class()()
    example.metadata["path"] = str(tmp_path / "gone.wav")
    path = foreign(tmp_path / "lazy", {b"00000000": example.SerializeToString()}, lazy=True)
    report = check(path)
    assert report.counts == {"missing-recording": 1}
    assert not report.sound
    assert (report.records, report.chunks) == (0, 1)
    assert "1 fault" in report.summary
    # Moved together with its recordings: the trainer finds them from the dataset's folder.
    example.metadata["relative"] = "../near.wav"
    path = foreign(tmp_path / "moved", {b"00000000": example.SerializeToString()}, lazy=True)
    assert not check(path).sound
    (tmp_path / "near.wav").write_bytes(b"x")
    assert check(path).counts == {}


def audio_of(path: Path) -> dict[bytes, bytes]:
    with Dataset(path) as dataset:
        return {
            dataset.key(i): np.ascontiguousarray(chunk.audio).tobytes()
            for i in range(len(dataset))
            if (chunk := dataset.chunk(i)).audio is not None
        }


def test_a_repaired_copy_holds_what_is_whole_and_says_what_went(damaged: Path, tmp_path: Path) -> None:
    original = audio_of(damaged)
    for key, value in {
        b"00000003": b"\xff\xff\xff no record",
        b"00000005": record.encode(b"\1\0" * 100, 1, RATE),
        b"00000007": None,
        b"00000012": record.encode(b"\1\0" * CHUNK, 1, RATE),
    }.items():
        change(damaged, key, value)
    (damaged / "metadata.yaml").write_text("lazy: [")
    before = tree(damaged)
    result = repair(damaged, tmp_path / "repaired")
    assert tree(damaged) == before
    assert result["chunks"] == 36
    assert {(one["key"], one["code"]) for one in result["dropped"]} == {
        ("00000003", "bad-record"),
        ("00000005", "bad-length"),
        ("00000012", "changed"),
    }
    assert result["rebuilt"] == ["metadata.yaml"]
    report = check(Path(result["path"]))
    assert report.sound, report.problems
    kept = [key for key in original if key not in (b"00000003", b"00000005", b"00000007", b"00000012")]
    assert list(audio_of(Path(result["path"])).values()) == [original[key] for key in kept]
    with Dataset(result["path"]) as dataset:
        assert [entry.name for entry in map(Path, (dataset.origins(i)[0].path for i in (0, 35)))] == [
            "a.wav",
            "b.wav",
        ]
        assert dataset.origins(3)[0].start == 4 * CHUNK
        assert dataset.metadata["num_signal"] * 2 == CHUNK
        assert sum(row.lost for row in dataset.files()) == pytest.approx(4 * CHUNK / RATE)
    with pytest.raises(UserError) as caught:
        repair(damaged, tmp_path / "repaired")
    assert caught.value.code == "output-exists"


def test_chunks_that_only_the_lost_head_knew_are_found(tmp_path: Path) -> None:
    """LMDB falls back to the state before its last transaction, which is whole in itself."""
    path = foreign(tmp_path / "up", {f"{i:08d}".encode(): noise(i) for i in range(6)})
    with lmdb.open(str(path), map_size=1 << 28) as environment:
        newest = environment.info()["last_txnid"] % 2  # transactions write the two heads in turn
        size = environment.stat()["psize"]
    with (path / "data.mdb").open("r+b") as file:
        file.seek(newest * size)
        file.write(bytes(size))
    before = tree(path)
    result = repair(path, tmp_path / "fixed")
    assert (result["chunks"], result["recovered"]) == (6, 1)
    assert tree(path) == before


def test_floating_point_is_converted_and_channels_are_learnt(tmp_path: Path) -> None:
    sound = tone(CHUNK, 440, 0.5)[None]
    path = foreign(tmp_path / "up", {b"00000000": floats(sound), b"x": floats(sound * 0.5)})
    result = repair(path, tmp_path / "fixed")
    assert (result["converted"], result["chunks"]) == (2, 2)
    with Dataset(result["path"]) as dataset:
        assert dataset.audio(0) == pytest.approx(sound, abs=1e-4)
        assert [dataset.key(i) for i in range(2)] == [b"00000000", b"00000001"]
    path = foreign(tmp_path / "two", {b"%08d" % i: noise(i, channels=2) for i in range(4)}, channels=2)
    for index in range(4):  # as this application writes the shape
        change(path, b"%08d" % index, record.encode(noise(index, channels=2).tobytes(), 2, RATE))
    (path / "metadata.yaml").unlink()
    result = repair(path, tmp_path / "learnt")
    with Dataset(result["path"]) as dataset:
        assert (dataset.channels, dataset.chunks) == (2, 4)
        assert np.array_equal(dataset.audio(1), noise(1, channels=2).astype(np.float32) / np.float32(32767))


@pytest.mark.parametrize("keep", [0.2, 0.55, 0.9, 0.99])
def test_a_cut_file_is_reported_and_what_is_left_is_saved(damaged: Path, tmp_path: Path, keep: float) -> None:
    original = set(audio_of(damaged).values())
    data = (damaged / "data.mdb").read_bytes()
    (damaged / "data.mdb").write_bytes(data[: int(len(data) * keep)])
    report = check(damaged)
    if report.records < 40:  # the last pages may be unused ones: nothing is lost with them
        assert not report.sound
        assert report.counts["truncated"] == 1
    assert (report.records == 40) is report.sound
    result = repair(damaged, tmp_path / "saved")
    saved = list(audio_of(Path(result["path"])).values())
    assert set(saved) <= original
    assert len(saved) >= 40 * keep - 4
    assert check(Path(result["path"])).sound


def test_random_damage_never_does_worse_than_a_report(ours: Path, tmp_path: Path) -> None:
    """A sample; every one must end in a report, and in a sound copy of true chunks or a refusal."""
    original = set(audio_of(ours).values())
    data = (ours / "data.mdb").read_bytes()
    draw = random.Random(11)
    path = Path(shutil.copytree(ours, tmp_path / "damaged"))
    for attempt in range(24):
        block = bytearray(data)
        if attempt % 3 == 0:
            block = block[: draw.randrange(len(block))]
        for _ in range(draw.choice([1, 30])):
            if attempt % 3 == 1 and block:
                block[draw.randrange(len(block))] ^= 1 << draw.randrange(8)
            elif attempt % 3 == 2 and block:  # heads of pages: the tree
                block[draw.randrange(len(block) // 4096) * 4096 + draw.randrange(48)] ^= 1 << draw.randrange(
                    8
                )
        (path / "data.mdb").write_bytes(block)
        if attempt % 4 == 0:
            (path / FILE_NAME).write_bytes((ours / FILE_NAME).read_bytes()[: draw.randrange(5000)])
        else:
            shutil.copy(ours / FILE_NAME, path / FILE_NAME)
        report = check(path)
        try:
            result: dict[str, Any] = repair(path, tmp_path / f"fixed {attempt}")
        except UserError as error:
            assert error.code in ("nothing-left", "not-a-dataset")  # noqa: PT017 - either end is right
            continue
        found = check(Path(result["path"]))
        assert found.sound, (attempt, found.problems[:3], report.counts)
        if attempt % 4:  # with the hashes at hand nothing foreign gets in
            assert set(audio_of(Path(result["path"])).values()) <= original, attempt


def test_upstreams_metadata_is_kept(tmp_path: Path) -> None:
    path = foreign(tmp_path / "up", {b"%08d" % i: noise(i) for i in range(3)}, extra="kept")
    result = repair(path, tmp_path / "copy")
    values = yaml.safe_load((Path(result["path"]) / "metadata.yaml").read_text())
    assert (values["extra"], values["lazy"], values["sr"]) == ("kept", False, RATE)
    assert result["rebuilt"] == []


def test_a_damaged_key_is_found_again_by_its_sound(damaged: Path, tmp_path: Path) -> None:
    original = audio_of(damaged)
    with Dataset(damaged) as dataset:
        origin = dataset.origins(7)
    change(damaged, b"0000000g", record.encode(original[b"00000007"], 1, RATE))
    change(damaged, b"00000007", None)
    change(damaged, b"guest", record.encode(noise(5).tobytes(), 1, RATE))
    result = repair(damaged, tmp_path / "fixed")
    assert (result["chunks"], result["dropped"]) == (41, [])
    report = check(tmp_path / "fixed")
    assert report.sound, report.problems
    with Dataset(tmp_path / "fixed") as dataset:
        place = next(i for i in range(41) if dataset.raw(i) == record.encode(original[b"00000007"], 1, RATE))
        assert dataset.origins(place) == origin
