"""Facts of common sound files read from their headers by ourselves: twenty times as fast as opening a decoder.

Knows plain wav (PCM and float), flac and aiff. Whatever is unusual about a file gives None, and a decoder has to look.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from rave_gui.audio.problems import AudioInfo

_HEAD = 4096
_PCM = {8: "pcm_u8", 16: "pcm_s16le", 24: "pcm_s24le", 32: "pcm_s32le"}
_FLOAT = {32: "pcm_f32le", 64: "pcm_f64le"}
_AIFF_PCM = {8: "pcm_s8", 16: "pcm_s16be", 24: "pcm_s24be", 32: "pcm_s32be"}


def read(path: str, size: int) -> AudioInfo | None:
    """What the header of ``path`` (``size`` bytes) says; None when it is no plain wav, flac or aiff, or is cut off.

    Raises :class:`OSError` when it cannot be opened.
    """
    with Path(path).open("rb") as file:
        head = file.read(_HEAD)
        try:
            if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
                return _wav(path, size, head, file)
            if head[:4] == b"fLaC":
                return _flac(path, head)
            if head[:4] == b"FORM" and head[8:12] == b"AIFF":
                return _aiff(path, size, head, file)
        except (struct.error, OverflowError):
            return None
    return None


def chunks(head: bytes, file: BinaryIO, order: str, size: int) -> list[tuple[bytes, int, bytes, int]]:
    """(name, length, first 64 bytes, position) of the chunks of a RIFF or IFF file, up to the one with the sound."""
    found: list[tuple[bytes, int, bytes, int]] = []
    at = 12
    while at + 8 <= size and len(found) < 64:
        if at + 72 <= len(head):
            block = head[at : at + 72]
        else:
            file.seek(at)
            block = file.read(72)
        name, length = struct.unpack_from(f"{order}4sI", block)
        found.append((name, length, block[8:], at + 8))
        if name in (b"data", b"SSND") and any(chunk[0] in (b"fmt ", b"COMM") for chunk in found):
            break
        at += 8 + length + (length & 1)
    return found


def _wav(path: str, size: int, head: bytes, file: BinaryIO) -> AudioInfo | None:
    rate = channels = bits = align = kind = 0
    for name, length, body, at in chunks(head, file, "<", size):
        if name == b"fmt ":
            kind, channels, rate, _, align, bits = struct.unpack_from("<HHIIHH", body)
            if kind == 0xFFFE and length >= 40:
                kind = struct.unpack_from("<H", body, 24)[0]
        elif name == b"data":
            codec = (_PCM if kind == 1 else _FLOAT if kind == 3 else {}).get(bits)
            if not codec or not rate or not channels or align != channels * bits // 8:
                return None
            if length in (0, 0xFFFFFFFF) or at + length > size:
                return None
            return AudioInfo(path, length // align / rate, rate, channels, codec, "wav", True)
    return None


def _flac(path: str, head: bytes) -> AudioInfo | None:
    if len(head) < 42 or head[4] & 0x7F:
        return None
    packed = int.from_bytes(head[18:26], "big")
    rate, channels, samples = packed >> 44, ((packed >> 41) & 7) + 1, packed & ((1 << 36) - 1)
    if not rate or not samples:
        return None
    return AudioInfo(path, samples / rate, rate, channels, "flac", "flac", True)


def _aiff(path: str, size: int, head: bytes, file: BinaryIO) -> AudioInfo | None:
    channels = frames = bits = rate = 0
    for name, length, body, at in chunks(head, file, ">", size):
        if name == b"COMM":
            channels, frames, bits = struct.unpack_from(">hIh", body)
            exponent, mantissa = struct.unpack_from(">HQ", body, 8)
            value = mantissa * 2.0 ** ((exponent & 0x7FFF) - 16383 - 63)
            rate = int(value) if value == int(value) else 0
        elif name == b"SSND":
            codec = _AIFF_PCM.get(bits)
            offset = struct.unpack_from(">I", body)[0]
            if not codec or rate <= 0 or channels <= 0 or frames <= 0 or offset:
                return None
            there = min(length - 8, size - at - 8)
            if frames * channels * bits // 8 > there:
                return None
            return AudioInfo(path, frames / rate, rate, channels, codec, "aiff", True)
    return None
