"""One stored chunk: the protobuf message ``AudioExample`` that RAVE's datasets hold (PyPI ``udls``, audio_example.proto).

The message is described here by hand, because the package that defines it depends on torch. Upstream writes 16-bit samples,
channel after channel, under the buffer name ``waveform``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

KEY_DIGITS = 8
WAVEFORM = "waveform"
INT16 = 3
_PRECISIONS = ("FLOAT16", "FLOAT32", "FLOAT64", "INT16", "INT32", "INT64", "RAW")


class BadRecordError(ValueError):
    """A stored value that is not an audio chunk of RAVE's."""


@cache
def _message_class() -> Any:
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto()
    file.name, file.package, file.syntax = "rave_gui/audio_example.proto", "audio_example", "proto3"
    example = file.message_type.add(name="AudioExample")
    field = descriptor_pb2.FieldDescriptorProto
    many, one = field.LABEL_REPEATED, field.LABEL_OPTIONAL
    scope = ".audio_example.AudioExample"

    def map_entry(parent: Any, name: str, value: dict[str, Any]) -> None:
        entry = parent.nested_type.add(name=name)
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, label=one, type=field.TYPE_STRING)
        entry.field.add(name="value", number=2, label=one, **value)

    text = {"type": field.TYPE_STRING}
    message = field.TYPE_MESSAGE
    example.field.add(name="buffers", number=1, label=many, type=message, type_name=f"{scope}.BuffersEntry")
    example.field.add(name="metadata", number=2, label=many, type=message, type_name=f"{scope}.MetadataEntry")
    audio = example.nested_type.add(name="AudioBuffer")
    audio.field.add(name="shape", number=1, label=many, type=field.TYPE_INT32)
    audio.field.add(name="sampling_rate", number=2, label=one, type=field.TYPE_INT32)
    audio.field.add(name="data", number=3, label=one, type=field.TYPE_BYTES)
    audio.field.add(
        name="precision", number=4, label=one, type=field.TYPE_ENUM, type_name=f"{scope}.Precision"
    )
    entry = f"{scope}.AudioBuffer.MetadataEntry"
    audio.field.add(name="metadata", number=5, label=many, type=message, type_name=entry)
    audio.field.add(name="format", number=6, label=one, type=field.TYPE_STRING)
    map_entry(audio, "MetadataEntry", text)
    map_entry(example, "BuffersEntry", {"type": message, "type_name": f"{scope}.AudioBuffer"})
    map_entry(example, "MetadataEntry", text)
    precision = example.enum_type.add(name="Precision")
    for number, name in enumerate(_PRECISIONS):
        precision.value.add(name=name, number=number)
    # A pool of our own: another library that brings the same message must not collide with this one.
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("audio_example.AudioExample"))


def key(index: int) -> bytes:
    """The LMDB key of chunk ``index``: eight decimal digits."""
    return b"%08d" % index


def encode(pcm: bytes, channels: int, sample_rate: int) -> bytes:
    """The stored value of int16 samples laid out channel after channel.

    The shape says [channels, samples]. (Upstream writes the number of *bytes* per channel there and never reads it.)
    """
    example = _message_class()()
    buffer = example.buffers[WAVEFORM]
    buffer.shape.extend([channels, len(pcm) // (2 * channels)])
    buffer.sampling_rate = sample_rate
    buffer.data = pcm
    buffer.precision = INT16
    value: bytes = example.SerializeToString()
    return value


def encode_place(path: str, relative: str, seconds: float, channels: int) -> bytes:
    """The stored value of a lazy dataset: where a recording lies. RAVE reads all but ``relative``."""
    example = _message_class()()
    example.metadata["path"] = path
    example.metadata["length"] = str(seconds)
    example.metadata["channels"] = str(channels)
    if relative:
        example.metadata["relative"] = relative
    value: bytes = example.SerializeToString()
    return value


class RecordTemplate:
    """Writes many chunks of one size without copying samples about: only the bytes between head and tail change."""

    def __init__(self, channels: int, samples: int, sample_rate: int) -> None:
        size = 2 * channels * samples
        mark = b"\xa5" * size
        whole = encode(mark, channels, sample_rate)
        start = whole.index(mark)
        self.buffer = bytearray(whole)
        """The whole record; store it after filling :attr:`pcm`."""
        self.pcm = memoryview(self.buffer)[start : start + size]


@dataclass(frozen=True)
class Chunk:
    """One decoded record. ``audio`` is int16 [channels, samples]; ``metadata`` is what lazy datasets store instead."""

    audio: npt.NDArray[np.int16] | None
    sample_rate: int
    metadata: dict[str, str]


def message(value: bytes) -> Any:
    """The protobuf message in a stored value, whatever it holds. Raises :class:`BadRecordError`."""
    from google.protobuf.message import DecodeError

    try:
        return _message_class().FromString(value)
    except DecodeError as error:
        raise BadRecordError(f"the record cannot be parsed ({error})") from None


def decode(value: bytes, channels: int) -> Chunk:
    """Read a stored value of ours or of upstream's. Raises :class:`BadRecordError`."""
    example = message(value)
    metadata = dict(example.metadata)
    if WAVEFORM not in example.buffers:
        if "path" in metadata:
            return Chunk(None, 0, metadata)
        raise BadRecordError("the record holds no sound")
    buffer = example.buffers[WAVEFORM]
    if buffer.precision != INT16:
        raise BadRecordError("the record's samples are not 16-bit")
    if not buffer.data or len(buffer.data) % (2 * channels):
        raise BadRecordError(
            f"{len(buffer.data)} bytes do not divide into {channels} channels of 16-bit samples"
        )
    audio = np.frombuffer(buffer.data, np.int16).reshape(channels, -1)
    return Chunk(audio, buffer.sampling_rate, metadata)
