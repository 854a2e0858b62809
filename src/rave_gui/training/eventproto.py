"""The protobuf messages inside event files, as far as anything of ours needs them (tensorflow: event.proto, summary.proto, tensor.proto).

Written by hand, since the generated classes live in TensorBoard, which the application does not install, and take ten times as long.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_DT_FLOAT, _DT_DOUBLE, _DT_INT32, _DT_STRING, _DT_INT64 = 1, 2, 3, 7, 9
_DTYPES = {_DT_FLOAT: "<f4", _DT_DOUBLE: "<f8", _DT_INT32: "<i4", _DT_INT64: "<i8"}
_DEPTH_LIMIT = 1 << 63


@dataclass(frozen=True)
class Value:
    """One value of a summary: a number, a text, or where a sound lies in the record (start, end)."""

    tag: str
    number: float | None = None
    text: str | None = None
    audio: tuple[int, int] | None = None
    sample_rate: float = 0.0


@dataclass
class Event:
    """One event; ``wall_time`` in seconds since the epoch."""

    wall_time: float = 0.0
    step: int = 0
    values: list[Value] = field(default_factory=list)


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A varint and where it ends. Raises ValueError."""
    number, shift = 0, 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("a varint goes on beyond its record")
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7


def fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Fields of a message: number, wire type, start and end of the contents. Raises ValueError for damage."""
    while at < end:
        key, at = varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            _, stop = varint(data, at)
        elif wire == _FIXED64:
            stop = at + 8
        elif wire == _FIXED32:
            stop = at + 4
        elif wire == _BYTES:
            length, at = varint(data, at)
            stop = at + length
        else:
            raise ValueError(f"wire type {wire}")
        if stop > end or number == 0:
            raise ValueError("a field goes on beyond its message")
        yield number, wire, at, stop
        at = stop


def parse_event(data: bytes) -> Event:
    """One ``Event``: wall_time = 1, step = 2, summary = 5. Raises ValueError for what is none."""
    event = Event()
    for number, wire, start, stop in fields(data, 0, len(data)):
        if number == 1 and wire == _FIXED64:
            event.wall_time = struct.unpack_from("<d", data, start)[0]
        elif number == 2 and wire == _VARINT:
            step = varint(data, start)[0]
            event.step = step - (1 << 64) if step >= _DEPTH_LIMIT else step
        elif number == 5 and wire == _BYTES:
            for inner, kind, begin, end in fields(data, start, stop):
                if inner == 1 and kind == _BYTES:
                    value = _value(data, begin, end)
                    if value is not None:
                        event.values.append(value)
    return event


def _value(data: bytes, at: int, end: int) -> Value | None:
    """``Summary.Value``: tag = 1, simple_value = 2, audio = 6, tensor = 8, metadata = 9."""
    tag, number, tensor, audio = "", None, None, None
    for inner, wire, start, stop in fields(data, at, end):
        if inner == 1 and wire == _BYTES:
            tag = data[start:stop].decode("utf-8", "replace")
        elif inner == 2 and wire == _FIXED32:
            number = float(struct.unpack_from("<f", data, start)[0])
        elif inner == 6 and wire == _BYTES:
            audio = _audio(data, start, stop)
        elif inner == 8 and wire == _BYTES:
            tensor = (start, stop)
    if number is not None:
        return Value(tag, number)
    if audio is not None:
        return Value(tag, audio=(audio[0], audio[1]), sample_rate=audio[2])
    if tensor is not None:
        found = _tensor(data, *tensor)
        if isinstance(found, str):
            return Value(tag.removesuffix("/text_summary"), text=found)
        if found is not None:
            return Value(tag, found)
    return None


def _audio(data: bytes, at: int, end: int) -> tuple[int, int, float] | None:
    """``Summary.Audio``: sample_rate = 1, encoded_audio_string = 4."""
    rate, place = 0.0, None
    for inner, wire, start, stop in fields(data, at, end):
        if inner == 1 and wire == _FIXED32:
            rate = float(struct.unpack_from("<f", data, start)[0])
        elif inner == 4 and wire == _BYTES:
            place = (start, stop)
    return None if place is None else (*place, rate)


def _tensor(data: bytes, at: int, end: int) -> float | str | None:
    """``TensorProto`` of one number or of text: dtype = 1, tensor_content = 4, float_val = 5, double_val = 6, int_val = 7,
    string_val = 8, int64_val = 10.
    """
    kind, content, numbers, texts = 0, b"", [], []
    for inner, wire, start, stop in fields(data, at, end):
        if inner == 1 and wire == _VARINT:
            kind = varint(data, start)[0]
        elif inner == 4:
            content = data[start:stop]
        elif inner == 5:
            numbers += np.frombuffer(data[start:stop], "<f4").tolist()
        elif inner == 6:
            numbers += np.frombuffer(data[start:stop], "<f8").tolist()
        elif inner in (7, 10):
            place = start
            while place < stop:
                number, place = varint(data, place)
                numbers.append(number)
        elif inner == 8:
            texts.append(data[start:stop].decode("utf-8", "replace"))
    if kind == _DT_STRING:
        return "\n".join(texts)
    if content and kind in _DTYPES:
        numbers = np.frombuffer(
            content[: len(content) // int(_DTYPES[kind][2]) * int(_DTYPES[kind][2])], _DTYPES[kind]
        ).tolist()
    return float(numbers[0]) if len(numbers) == 1 else None


@dataclass(frozen=True)
class ScalarLayout:
    """Where time, step and value of a scalar's record are; all its other bytes are the same in every record of its kind."""

    tag: str
    wall: int
    """Offset of the wall time (float64)."""
    step: int
    """Offset of the step's varint, which has ``step_bytes`` bytes (0: no step, which means 0)."""
    step_bytes: int
    value: int
    """Offset of the value (float32)."""
    constant: npt.NDArray[np.intp]
    sample: npt.NDArray[np.uint8]

    def matches(self, rows: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        """Which rows (records [n, length]) have this layout and tag."""
        same = np.all(rows[:, self.constant] == self.sample, axis=1)
        for i in range(self.step_bytes):
            more = rows[:, self.step + i] >= 0x80
            same &= more if i < self.step_bytes - 1 else ~more
        return np.asarray(same, bool)

    def columns(self, rows: npt.NDArray[np.uint8]) -> tuple[Ints, Floats, Floats]:
        """Steps, values and wall times of rows that match."""
        walls = np.ascontiguousarray(rows[:, self.wall : self.wall + 8]).view("<f8")[:, 0]
        values = (
            np.ascontiguousarray(rows[:, self.value : self.value + 4]).view("<f4")[:, 0].astype(np.float64)
        )
        steps = np.zeros(len(rows), np.int64)
        for i in range(self.step_bytes):
            steps |= (rows[:, self.step + i].astype(np.int64) & 0x7F) << (7 * i)
        return steps, values, walls


def scalar_layout(data: bytes) -> ScalarLayout | None:
    """The layout of a record that holds exactly one scalar; None for any other, also for a damaged one."""
    wall = step = value = -1
    step_bytes = 0
    tag = ""
    try:
        for number, wire, start, stop in fields(data, 0, len(data)):
            if number == 1 and wire == _FIXED64:
                wall = start
            elif number == 2 and wire == _VARINT:
                step, step_bytes = start, stop - start
            elif number == 5 and wire == _BYTES and value < 0:
                found = _only_scalar(data, start, stop)
                if found is None:
                    return None
                tag, value = found
            else:
                return None
    except ValueError:
        return None
    if wall < 0 or value < 0 or step_bytes > 8 or not tag:
        return None
    varies = {*range(wall, wall + 8), *range(step, step + step_bytes), *range(value, value + 4)}
    constant = np.array([i for i in range(len(data)) if i not in varies], np.intp)
    return ScalarLayout(tag, wall, step, step_bytes, value, constant, np.frombuffer(data, np.uint8)[constant])


def _only_scalar(data: bytes, at: int, end: int) -> tuple[str, int] | None:
    """Tag and the value's place in a summary that holds one ``simple_value`` and nothing else that counts."""
    inside = list(fields(data, at, end))
    if len(inside) != 1 or inside[0][:2] != (1, _BYTES):
        return None
    tag, value = "", -1
    for number, wire, start, stop in fields(data, inside[0][2], inside[0][3]):
        if number == 1 and wire == _BYTES:
            tag = data[start:stop].decode("utf-8", "replace")
        elif number == 2 and wire == _FIXED32:
            value = start
        elif number != 9:  # metadata says nothing we need
            return None
    return (tag, value) if value >= 0 else None
