"""How long a recording says that it is, where the decoder believes what is there: so that a file that was cut off is noticed."""

from __future__ import annotations

import mmap
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

from rave_gui.audio.headers import chunks
from rave_gui.audio.problems import AudioInfo

_STREAMED = 0x7FFF_0000
"""Programs that write a wav into a pipe put a size from here on into its header: it is not known."""
_TAGGED = (b"Xing", b"Info", b"VBRI")
_SURE = frozenset({"ogg", "mov"})
"""Containers whose length comes from the positions of what they hold, not from a guess."""


def promised_seconds(path: str, info: AudioInfo) -> tuple[float | None, float]:
    """The length that the file itself states, or None when nothing certain is said; and how far that may be off, in seconds."""
    seconds = info.duration
    if info.container == "wav":
        stated = _wav_seconds(path)
        return (max(seconds or 0.0, stated) if stated else seconds), 0.05
    if info.exact:
        return seconds, 0.05
    if info.container in _SURE or (info.container == "mp3" and _is_tagged(path)):
        return seconds, 0.1
    return None, 0.0


@dataclass(frozen=True)
class OggPages:
    """How the pages of an Ogg file follow each other."""

    state: Literal["whole", "holes", "cut"]
    """``holes``: some are missing; ``cut``: the last one is."""
    streams: int
    """Streams that begin in the file, at once or one after the other."""
    end: int = field(default=-1, compare=False)
    """The position that the last page states, in the unit of its stream; below zero where it states none."""


def ogg_pages(path: str) -> OggPages:
    """Read the heads of an Ogg file's pages: they are numbered, the first and the last of a stream are marked (RFC 3533).

    Raises :class:`OSError`, and :class:`ValueError` for an empty file.
    """
    following: dict[bytes, int] = {}
    open_streams: set[bytes] = set()
    holes = False
    streams, end = 0, -1
    with Path(path).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = 0
        while (found := data.find(b"OggS", at)) >= 0 and found + 27 <= len(data):
            holes = holes or found != at
            flags, serial, number = (
                data[found + 5],
                data[found + 14 : found + 18],
                data[found + 18 : found + 22],
            )
            segments = data[found + 26]
            at = found + 27 + segments + sum(data[found + 27 : found + 27 + segments])
            if at > len(data):
                return OggPages("cut", streams, end)
            end = int.from_bytes(data[found + 6 : found + 14], "little", signed=True)
            streams += bool(flags & 2)
            sequence = int.from_bytes(number, "little")
            if not flags & 2 and sequence != following.get(serial, sequence):
                holes = True
            following[serial] = sequence + 1
            open_streams.add(serial)
            if flags & 4:
                open_streams.discard(serial)
    return OggPages("cut" if open_streams else "holes" if holes else "whole", streams, end)


_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def has_spoilt_pages(path: str) -> bool:
    """Whether the checksum of a page says that its content was changed. Reads the whole file. Raises :class:`OSError`.

    Ogg's sum is the usual one of 32 bits with every bit order turned round and nothing inverted, which zlib computes of mirrored bytes.
    """
    with Path(path).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = 0
        while (found := data.find(b"OggS", at)) >= 0 and found + 27 <= len(data):
            segments = data[found + 26]
            at = found + 27 + segments + sum(data[found + 27 : found + 27 + segments])
            page = bytearray(data[found:at])
            stated = int.from_bytes(page[22:26], "little")
            page[22:26] = bytes(4)
            mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFF_FFFF) ^ 0xFFFF_FFFF
            if int(f"{mirrored:032b}"[::-1], 2) != stated:
                return True
    return False


def _wav_seconds(path: str) -> float | None:
    """Length by the size in the header of the sound, whether or not there is as much."""
    with Path(path).open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        head = file.read(4096)
        if head[:4] != b"RIFF":
            return None
        rate = 0
        try:
            for name, length, body, _ in chunks(head, file, "<", size):
                if name == b"fmt ":
                    rate = struct.unpack_from("<I", body, 8)[0]  # bytes a second
                elif name == b"data" and rate and length < _STREAMED:
                    return float(length / rate)
        except (struct.error, OverflowError):
            return None
    return None


def _is_tagged(path: str) -> bool:
    """Whether an mp3's first frame holds the number of frames (tags of Xing, LAME or Fraunhofer)."""
    with Path(path).open("rb") as file:
        return any(tag in _first_frame(file) for tag in _TAGGED)


def _first_frame(file: BinaryIO) -> bytes:
    """The first bytes behind an ID3v2 tag."""
    head = file.read(10)
    skip = 0
    if len(head) == 10 and head[:3] == b"ID3":
        skip = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
    file.seek(skip)
    return file.read(2048)
