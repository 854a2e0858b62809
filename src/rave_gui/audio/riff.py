"""Chunks of WAV files: notes of our own beside the sound, which every other program skips.

Format: RIFF (IBM and Microsoft, 1991) and RF64 (EBU Tech 3306): four letters, a little-endian 32-bit size, the data, a padding
byte where the size is odd.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_OUTER = (b"RIFF", b"RF64")
_UNKNOWN = 0xFFFFFFFF
"""Size written in RF64 files where the real one is in the ds64 chunk."""
LARGEST_NOTE = 1 << 20


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Name, place of the data and size of every chunk; ends quietly where the file is cut off."""
    file.seek(0, 2)
    end = file.tell()
    file.seek(0)
    head = file.read(12)
    if len(head) < 12 or head[:4] not in _OUTER or head[8:] != b"WAVE":
        return
    place, data_size = 12, 0
    while place + 8 <= end:
        file.seek(place)
        name, size = struct.unpack("<4sI", file.read(8))
        if name == b"ds64" and size >= 16:
            data_size = struct.unpack("<8xQ", file.read(16))[0]
        if name == b"data" and size == _UNKNOWN:
            size = data_size
        yield name, place + 8, size
        place += 8 + size + size % 2


def read_chunk(path: Path, name: bytes) -> bytes | None:
    """The data of the first chunk called ``name`` (four letters), or None: no such chunk, no WAV file, or one too large to be a note.

    Raises :class:`OSError`.
    """
    with path.open("rb") as file:
        for found, place, size in _chunks(file):
            if found == name and size <= LARGEST_NOTE:
                file.seek(place)
                data = file.read(size)
                return data if len(data) == size else None
    return None


def append_chunk(path: Path, name: bytes, data: bytes) -> None:
    """Add a chunk at the end of a WAV file that nobody reads yet. Raises ValueError when it is none, and :class:`OSError`."""
    if len(name) != 4 or len(data) > LARGEST_NOTE:
        raise ValueError("a chunk has a name of four letters and a note at most a megabyte")
    with path.open("r+b") as file:
        head = file.read(12)
        if len(head) < 12 or head[:4] not in _OUTER or head[8:] != b"WAVE":
            raise ValueError(f"{path} is no WAV file")
        file.seek(0, 2)
        if file.tell() % 2:
            file.write(b"\0")
        file.write(struct.pack("<4sI", name, len(data)) + data + b"\0" * (len(data) % 2))
        size = file.tell() - 8
        if head[:4] == b"RIFF":
            if size >= _UNKNOWN:
                raise ValueError(f"{path} is too large for another chunk")
            file.seek(4)
            file.write(struct.pack("<I", size))
        else:  # RF64: the size stands in the ds64 chunk, which comes first
            file.seek(20)
            file.write(struct.pack("<Q", size))
