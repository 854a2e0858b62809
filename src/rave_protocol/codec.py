"""Dataclasses to JSON and back, checked against their annotations.

Why not pickle: messages cross a trust border (a project folder may come from somebody else). Why not a library: the engine
side may hold only what an adopted environment already has, so the protocol is standard library only.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import re
import types
import typing
from pathlib import PurePath
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")

_SURROGATE = re.compile("[\ud800-\udfff]")


class ProtocolError(ValueError):
    """A message that does not say what its type promises."""


def encode(value: Any) -> Any:
    """Turn dataclasses, tuples and paths into plain JSON values; NaN and infinities become ``None``."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: encode(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(k): encode(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(v) for v in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, PurePath):
        return str(value)
    return value


def dumps(value: Any, indent: int | None = None) -> str:
    """Strict JSON, on one line unless ``indent``; UTF-8 kept as it is. File names that are no text survive as escapes."""
    separators = (",", ":") if indent is None else None
    plain = encode(value)
    text = json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=separators, indent=indent)
    if _SURROGATE.search(
        text
    ):  # a POSIX file name with bytes that are not UTF-8: a file could not hold it as it is
        return json.dumps(plain, allow_nan=False, separators=separators, indent=indent)
    return text


def loads(text: str) -> dict[str, Any]:
    """Parse one JSON object. Raises :class:`ProtocolError` for anything else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:  # brackets in brackets without end are a way to do harm
        raise ProtocolError(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ProtocolError("not a JSON object")
    return value


def decode(cls: type[T], data: Any) -> T:
    """Build the dataclass ``cls`` from a JSON object; unknown keys are refused, missing ones take their default.

    Raises :class:`ProtocolError` naming the field that is wrong.
    """
    return typing.cast("T", _decode(cls, data, cls.__name__))


def _decode(annotation: Any, data: Any, where: str) -> Any:
    if annotation is Any:
        return data
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return _decode_union(annotation, data, where)
    if origin is typing.Literal:
        if data not in get_args(annotation):
            raise ProtocolError(f"{where}: {data!r} is not one of {list(get_args(annotation))}")
        return data
    if origin in (list, tuple):
        return _decode_sequence(annotation, origin, data, where)
    if origin is dict:
        if not isinstance(data, dict):
            raise ProtocolError(f"{where}: expected an object")
        _, item = get_args(annotation)
        return {str(k): _decode(item, v, f"{where}.{k}") for k, v in data.items()}
    if dataclasses.is_dataclass(annotation):
        return _decode_dataclass(annotation, data, where)
    return _decode_plain(annotation, data, where)


def _decode_union(annotation: Any, data: Any, where: str) -> Any:
    errors = []
    options = get_args(annotation)
    if data is None and type(None) in options:
        return None
    for option in options:
        try:
            return _decode(option, data, where)
        except ProtocolError as error:
            errors.append(str(error))
    raise ProtocolError("; ".join(errors))


def _decode_sequence(annotation: Any, origin: Any, data: Any, where: str) -> Any:
    if not isinstance(data, list):
        raise ProtocolError(f"{where}: expected a list")
    args = get_args(annotation)
    if origin is tuple and not (len(args) == 2 and args[1] is Ellipsis):
        if len(args) != len(data):
            raise ProtocolError(f"{where}: expected {len(args)} values")
        return tuple(_decode(a, v, f"{where}[{i}]") for i, (a, v) in enumerate(zip(args, data, strict=True)))
    return origin(_decode(args[0], v, f"{where}[{i}]") for i, v in enumerate(data))


def _decode_dataclass(annotation: Any, data: Any, where: str) -> Any:
    if not isinstance(data, dict):
        raise ProtocolError(f"{where}: expected an object")
    hints = _hints(annotation)
    names = {f.name for f in dataclasses.fields(annotation)}
    unknown = sorted(set(data) - names)
    if unknown:
        raise ProtocolError(f"{where}: unknown field {unknown[0]!r}")
    values = {name: _decode(hints[name], data[name], f"{where}.{name}") for name in names if name in data}
    try:
        return annotation(**values)
    except TypeError as error:
        raise ProtocolError(f"{where}: {error}") from None


@functools.cache
def _hints(annotation: Any) -> dict[str, Any]:
    """Types of a dataclass's fields; finding them out takes longer than reading a job's description."""
    return get_type_hints(annotation)


def _decode_plain(annotation: Any, data: Any, where: str) -> Any:
    if annotation is type(None):
        if data is not None:
            raise ProtocolError(f"{where}: expected null")
        return None
    if annotation is float and isinstance(data, (int, float)) and not isinstance(data, bool):
        return float(data)
    if annotation is float and data is None:  # NaN and infinities travel as null
        return math.nan
    if annotation is int and isinstance(data, bool):
        raise ProtocolError(f"{where}: expected int")
    if not isinstance(data, annotation):
        raise ProtocolError(f"{where}: expected {annotation.__name__}")
    return data
