"""TensorBoard's event files, read a piece at a time: every checksum verified, every byte read once.

A file is a row of records (TFRecord): length (uint64), its masked CRC32C, data, the data's masked CRC32C, all little-endian
(tensorflow/core/lib/io/record_writer.h). The data is a protobuf ``Event`` (tensorflow/core/util/event.proto). Scalars of one tag have
the same bytes but for time, step and value, so records are taken apart by the thousand: the first one of a kind says where things
are, the others are compared with it and read as columns. Whatever does not fit is read by itself.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import google_crc32c
import numpy as np
import numpy.typing as npt

from rave_gui.training import eventproto
from rave_gui.training.eventproto import Event, Value

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]

PIECE = 32 << 20
"""Bytes read at once."""
LONGEST = 1 << 30
"""A length beyond this is damage, whatever its checksum says."""
SHORT = 1024
"""Records up to this many bytes may be read as columns; longer ones hold sound, text or pictures."""
HEAD = 64
"""First bytes by which a file is known again: the first record holds the time at which it was begun."""
_CRC_DELTA = 0xA282EAD8
_HEADER = struct.Struct("<QI")


@dataclass(frozen=True)
class AudioRef:
    """A sound in an event file; :meth:`read` fetches it when it is wanted."""

    tag: str
    step: int
    wall_time: float
    sample_rate: float
    path: Path
    offset: int
    length: int

    def read(self) -> bytes:
        """The encoded sound (RAVE writes wav). Raises OSError."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return file.read(self.length)


@dataclass(frozen=True)
class TextNote:
    """A text that was logged."""

    tag: str
    step: int
    wall_time: float
    text: str


@dataclass
class Batch:
    """What was new in a file. ``scalars``: by tag, columns in the order of the file: steps, values, wall times (seconds)."""

    scalars: dict[str, tuple[Ints, Floats, Floats]] = field(default_factory=dict)
    texts: list[TextNote] = field(default_factory=list)
    audio: list[AudioRef] = field(default_factory=list)
    events: int = 0
    """Records read and found whole."""
    damaged: int = 0
    """Records whose data did not match its checksum, could not be parsed, or lay in a stretch that had to be skipped."""
    restarted: bool = False
    """The file was another one than before (rewritten or cut): what came from it earlier is void."""


def masked_crc(data: bytes) -> int:
    """The checksum of a TFRecord field."""
    crc = int(google_crc32c.value(data))
    return (((crc >> 15) | (crc << 17)) + _CRC_DELTA) & 0xFFFFFFFF


class EventFile:
    """One event file, read on from where the last look ended. Not thread-safe."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset = 0
        """Bytes that are dealt with."""
        self._identity: tuple[int, int] | None = None
        self._stamp = (0, 0)
        self._head = b""
        self._lengths: dict[bytes, int] = {}
        self._rest = False

    def read_new(self, limit: int = PIECE) -> Batch:
        """Read at most ``limit`` bytes of what is new (more when one record is longer); an unfinished record at the end waits.

        Raises FileNotFoundError and OSError.
        """
        batch = Batch()
        status = self.path.stat()
        identity = (status.st_dev, status.st_ino)
        stamp = (status.st_size, status.st_mtime_ns)
        if self._identity is not None and (identity != self._identity or status.st_size < self.offset):
            self._begin_anew(batch)
        elif stamp == self._stamp and status.st_size <= self.offset:
            return batch
        self._identity, self._stamp = identity, stamp
        with self.path.open("rb") as file:
            # A file that was removed and written anew may have the number, and more than the size, of the old one.
            head = file.read(HEAD)
            if head[: len(self._head)] != self._head:
                self._begin_anew(batch)
            if status.st_size <= self.offset:
                return batch
            self._head = head
            file.seek(self.offset)
            data = file.read(limit)
            starts, ends, crcs, used = self._frames(data, batch)
            while not used and len(data) < status.st_size - self.offset:
                more = file.read(max(limit, len(data)))
                if not more:
                    break
                data += more
                starts, ends, crcs, used = self._frames(data, batch)
        if starts:
            self._take(
                data, np.array(starts, np.int64), np.array(ends, np.int64), np.array(crcs, np.uint64), batch
            )
        self.offset += used
        return batch

    def _begin_anew(self, batch: Batch) -> None:
        self.offset, self._head, batch.restarted = 0, b"", True

    def read_all(self) -> Iterator[Batch]:
        """Everything that is new, piece by piece."""
        while True:
            before = self.offset
            batch = self.read_new()
            yield batch
            if self.offset == before:
                return

    def _frames(self, data: bytes, batch: Batch) -> tuple[list[int], list[int], list[int], int]:
        """Where records lie in ``data``: starts and ends of their contents, the contents' checksums, and how far it goes."""
        starts: list[int] = []
        ends: list[int] = []
        crcs: list[int] = []
        position, size, lengths, crc = 0, len(data), self._lengths, google_crc32c.value
        while position + 12 <= size:
            head = data[position : position + 12]
            length = lengths.get(head)
            if length is None:
                length = _length(head)
                if length is None:
                    batch.damaged += 1
                    position = _next_record(data, position + 1)
                    continue
                if len(lengths) < 100_000:
                    lengths[head] = length
            begin = position + 12
            end = begin + length
            if end + 4 > size:
                break
            starts.append(begin)
            ends.append(end)
            crcs.append(crc(data[begin:end]))
            position = end + 4
        return starts, ends, crcs, position

    def _take(
        self, data: bytes, starts: Ints, ends: Ints, crcs: npt.NDArray[np.uint64], batch: Batch
    ) -> None:
        raw = np.frombuffer(data, np.uint8)
        stored = raw[ends[:, None] + np.arange(4)].copy().view("<u4")[:, 0]
        masked = (((crcs >> 15) | (crcs << 17)) + _CRC_DELTA) & 0xFFFFFFFF
        good = masked == stored
        batch.damaged += int(np.count_nonzero(~good))
        batch.events += int(np.count_nonzero(good))
        columns = _Columns(batch)
        order = np.arange(len(starts))[good]
        lengths = (ends - starts)[good]
        starts = starts[good]
        for length in np.unique(lengths):
            chosen = lengths == length
            if length <= SHORT:
                self._group(raw, starts[chosen], order[chosen], int(length), columns)
            else:
                for at, number in zip(starts[chosen], order[chosen], strict=True):
                    self._single(data[at : at + length], int(at), int(number), columns)
        for tag, column in columns.merged().items():
            batch.scalars[tag] = column

    def _group(self, raw: Bytes, starts: Ints, order: Ints, length: int, columns: _Columns) -> None:
        """Records of one length: as columns where they are alike, one by one otherwise."""
        if not length:
            return
        rows = raw[starts[:, None] + np.arange(length)]
        while len(rows):
            layout = eventproto.scalar_layout(rows[0].tobytes())
            same = layout.matches(rows) if layout is not None else np.zeros(len(rows), bool)
            if layout is None or not same[0]:
                self._single(rows[0].tobytes(), int(starts[0]), int(order[0]), columns)
                same[0] = True
            else:
                steps, values, walls = layout.columns(rows[same])
                columns.add(layout.tag, order[same], steps, values, walls)
            rows, starts, order = rows[~same], starts[~same], order[~same]

    def _single(self, data: bytes, at: int, number: int, columns: _Columns) -> None:
        try:
            event = eventproto.parse_event(data)
        except ValueError:
            columns.batch.damaged += 1
            columns.batch.events -= 1
            return
        for value in event.values:
            if value.tag:  # what has no name is no curve of anybody's
                self._keep(event, value, at, number, columns)

    def _keep(self, event: Event, value: Value, at: int, number: int, columns: _Columns) -> None:
        if value.number is not None:
            columns.add(
                value.tag,
                np.array([number]),
                np.array([event.step]),
                np.array([value.number]),
                np.array([event.wall_time]),
            )
        elif value.text is not None:
            columns.batch.texts.append(TextNote(value.tag, event.step, event.wall_time, value.text))
        elif value.audio is not None:
            begin, end = value.audio
            where = self.offset + at + begin
            columns.batch.audio.append(
                AudioRef(
                    value.tag, event.step, event.wall_time, value.sample_rate, self.path, where, end - begin
                )
            )


class _Columns:
    """Pieces of scalars by tag, put into the order of the file at the end; all else goes straight into ``batch``."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self._pieces: dict[str, list[tuple[Ints, Ints, Floats, Floats]]] = {}

    def add(self, tag: str, order: Ints, steps: Ints, values: Floats, walls: Floats) -> None:
        self._pieces.setdefault(tag, []).append((order, steps, values, walls))

    def merged(self) -> dict[str, tuple[Ints, Floats, Floats]]:
        found = {}
        for tag, pieces in self._pieces.items():
            order, steps, values, walls = (np.concatenate(part) for part in zip(*pieces, strict=True))
            place = np.argsort(order, kind="stable")
            found[tag] = (
                steps[place].astype(np.int64),
                values[place].astype(np.float64),
                walls[place].astype(np.float64),
            )
        return found


def _length(head: bytes) -> int | None:
    """The length that twelve bytes of a header give, None when they are no header."""
    length, stored = _HEADER.unpack(head)
    if length > LONGEST or masked_crc(head[:8]) != stored:
        return None
    return int(length)


def _next_record(data: bytes, position: int) -> int:
    """Where the next header begins after damage; where none is left, close enough to the end that one may still be coming."""
    while True:
        # The upper half of every length we accept is zero.
        found = data.find(b"\0\0\0\0", position + 4)
        if found < 0:
            return max(position, len(data) - 11)
        for start in range(max(position, found - 4), found - 3):
            if start + 12 <= len(data) and _length(data[start : start + 12]) is not None:
                return start
        if found - 4 + 13 > len(data):
            return max(position, len(data) - 11)
        position = max(position + 1, found - 3)


def is_event_file(path: Path) -> bool:
    """Whether the name is that of an event file."""
    return ".tfevents." in path.name and not path.name.endswith((".lock", ".tmp"))


def order_key(path: Path) -> tuple[int, str]:
    """Sorts event files by the time in their name (``events.out.tfevents.1700000000.host…``), then by name."""
    parts = path.name.partition(".tfevents.")[2].split(".")
    return (int(parts[0]) if parts and parts[0].isdigit() else 0, os.fspath(path))
