"""Event files: records as PyTorch's writer lays them out, grown, cut, damaged, rewritten."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rave_gui.training.eventfiles import EventFile, masked_crc
from rave_gui.training.eventfolder import EventFolder


def _varint(number: int) -> bytes:
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def event(step: int, value: bytes, wall: float = 1.5) -> bytes:
    """An Event with one Summary.Value, as SummaryWriter serialises it (a step of 0 is left out)."""
    at = b"\x10" + _varint(step) if step else b""
    return b"\x09" + struct.pack("<d", wall) + at + _field(5, _field(1, value))


def scalar(tag: str, step: int, number: float, wall: float = 1.5) -> bytes:
    return event(step, _field(1, tag.encode()) + b"\x15" + struct.pack("<f", number), wall)


def record(data: bytes) -> bytes:
    head = struct.pack("<Q", len(data))
    return head + struct.pack("<I", masked_crc(head)) + data + struct.pack("<I", masked_crc(data))


def written(path: Path, *events: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(b"".join(record(e) for e in events))
    return path


def points(count: int, first: int = 0, tag: str = "loss") -> list[bytes]:
    return [scalar(tag, 50 * (first + i), float(first + i)) for i in range(count)]


NAME = "events.out.tfevents.1700000000.host.1.0"


def test_every_scalar_is_read_in_order_and_values_are_those_written(tmp_path: Path) -> None:
    mixed = [
        e for i in range(300) for e in (scalar("a", i, i / 7, i), scalar("a longer tag", i * 1000, -i, i))
    ]
    file = EventFile(written(tmp_path / NAME, *mixed))
    (batch, _rest) = list(file.read_all())
    steps, values, walls = batch.scalars["a"]
    assert steps.tolist() == list(range(300))
    assert np.array_equal(values.astype(np.float32), np.arange(300, dtype=np.float32) / np.float32(7))
    assert walls.tolist() == [float(i) for i in range(300)]
    assert batch.scalars["a longer tag"][0].tolist() == [i * 1000 for i in range(300)]
    assert (batch.events, batch.damaged) == (600, 0)


def test_only_what_is_new_is_read_and_an_unfinished_record_waits(tmp_path: Path) -> None:
    path = written(tmp_path / NAME, *points(10))
    file = EventFile(path)
    assert len(file.read_new().scalars["loss"][0]) == 10
    assert not file.read_new().scalars
    tail = record(scalar("loss", 500, 10.0))
    with path.open("ab") as output:
        output.write(tail[:20])
    batch = file.read_new()
    assert (batch.scalars, batch.damaged) == ({}, 0)
    with path.open("ab") as output:
        output.write(tail[20:])
    assert file.read_new().scalars["loss"][0].tolist() == [500]


def test_a_record_longer_than_a_piece_is_read_whole(tmp_path: Path) -> None:
    sound = b"RIFF" + bytes(5000)
    audio = _field(1, b"audio_val") + _field(6, b"\x0d" + struct.pack("<f", 44100.0) + _field(4, sound))
    path = written(tmp_path / NAME, *points(3), event(7, audio), *points(3, 3))
    file = EventFile(path)
    found = [file.read_new(limit=200) for _ in range(20)]
    (ref,) = [a for batch in found for a in batch.audio]
    assert (ref.tag, ref.step, ref.sample_rate, ref.read()) == ("audio_val", 7, 44100.0, sound)
    assert sum(len(b.scalars["loss"][0]) for b in found if b.scalars) == 6


def test_texts_and_tensor_scalars(tmp_path: Path) -> None:
    text = _field(1, b"config/text_summary") + _field(8, b"\x08\x07" + _field(8, b"CAPACITY = 8"))
    tensor = _field(1, b"new style") + _field(8, b"\x08\x01" + _field(5, struct.pack("<f", 2.5)))
    batch = EventFile(written(tmp_path / NAME, event(0, text), event(3, tensor))).read_new()
    assert [(t.tag, t.step, t.text) for t in batch.texts] == [("config", 0, "CAPACITY = 8")]
    assert [c.tolist() for c in batch.scalars["new style"][:2]] == [[3], [2.5]]


def test_a_damaged_record_is_counted_and_the_others_are_read(tmp_path: Path) -> None:
    rows = [record(e) for e in points(20)]
    data = bytearray(b"".join(rows))
    data[len(rows[0]) * 5 + 20] ^= 0xFF  # inside the contents of one
    data[sum(map(len, rows[:12])) + 2] ^= (
        0x40  # in the length of another: the next header has to be looked for
    )
    path = tmp_path / NAME
    path.write_bytes(bytes(data))
    batch = EventFile(path).read_new()
    assert len(batch.scalars["loss"][0]) == 18
    assert batch.damaged == 2


def test_a_rewritten_file_is_read_anew(tmp_path: Path) -> None:
    folder = EventFolder(tmp_path)
    path = written(tmp_path / NAME, *points(100))
    folder.poll()
    path.unlink()
    written(path, *points(5))
    assert folder.poll() == {"loss"}
    assert folder.curve("loss").steps.tolist() == [0, 50, 100, 150, 200]


def test_a_run_that_went_on_counts_from_its_first_step(tmp_path: Path) -> None:
    written(tmp_path / "version_0" / NAME, *points(10))
    written(
        tmp_path / "version_1" / NAME.replace("1700000000", "1700000999"),
        *(scalar("loss", 50 * i, 100.0 + i) for i in range(6, 9)),
    )
    folder = EventFolder(tmp_path)
    folder.poll()
    curve = folder.curve("loss")
    assert curve.steps.tolist() == [0, 50, 100, 150, 200, 250, 300, 350, 400]
    assert curve.values.tolist() == [0, 1, 2, 3, 4, 5, 106, 107, 108]


def test_a_step_written_twice_counts_once_with_its_last_value(tmp_path: Path) -> None:
    written(
        tmp_path / NAME,
        scalar("v", 1, 1),
        scalar("v", 2, 2),
        scalar("v", 2, 5),
        scalar("v", 1, 7),
        scalar("v", 3, 3),
    )
    folder = EventFolder(tmp_path)
    folder.poll()
    assert (folder.curve("v").steps.tolist(), folder.curve("v").values.tolist()) == ([1, 2, 3], [7, 5, 3])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_never_stops_the_reader_nor_makes_points_up(tmp_path: Path, data: st.DataObject) -> None:
    """Cut, flipped and stuffed anywhere: no exception, and every point that is read was written."""
    raw = bytearray(b"".join(record(e) for e in points(30)))
    for _ in range(data.draw(st.integers(0, 4))):
        kind, at = (
            data.draw(st.sampled_from(["flip", "cut", "insert"])),
            data.draw(st.integers(0, len(raw) - 1)),
        )
        if kind == "flip":
            raw[at] ^= data.draw(st.integers(1, 255))
        elif kind == "cut":
            del raw[at : at + data.draw(st.integers(1, 60))]
        else:
            raw[at:at] = data.draw(st.binary(min_size=1, max_size=40))
        if not raw:
            break
    path = tmp_path / NAME
    path.write_bytes(bytes(raw))
    file = EventFile(path)
    seen = [batch.scalars["loss"] for batch in file.read_all() if "loss" in batch.scalars]
    for steps, values, _walls in seen:
        assert np.array_equal(steps, 50 * values.astype(np.int64))
    assert file.offset <= len(raw)


def test_garbage_has_no_events(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(np.random.default_rng(0).bytes(200_000))
    batch = EventFile(path).read_new()
    assert (batch.scalars, batch.events) == ({}, 0)
    assert batch.damaged > 0


def test_a_missing_folder_has_nothing(tmp_path: Path) -> None:
    assert EventFolder(tmp_path / "nowhere").poll() == set()
    with pytest.raises(FileNotFoundError):
        EventFile(tmp_path / "none").read_new()


def test_a_file_written_anew_under_the_old_number_is_known_by_its_head(tmp_path: Path) -> None:
    path = written(tmp_path / NAME, *points(3))
    file = EventFile(path)
    assert len(file.read_new().scalars["loss"][0]) == 3
    assert not file.read_new().restarted
    with path.open("r+b") as output:  # the same file for the system, longer than before
        output.write(b"".join(record(e) for e in points(9, first=100)))
    batch = file.read_new()
    assert batch.restarted
    assert batch.scalars["loss"][0].tolist() == [50 * (100 + i) for i in range(9)]
    assert not file.read_new().restarted
