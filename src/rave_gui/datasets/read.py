"""Opening RAVE datasets read-only, ours and upstream's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rave_gui.datasets.mdb import DamagedError, MdbFile, Meta
from rave_gui.datasets.record import BadRecordError, Chunk, decode, key
from rave_gui.datasets.sidecar import FILE_NAME, FileRow, Sidecar
from rave_gui.errors import UserError
from rave_gui.i18n import tr


@dataclass(frozen=True)
class DatasetInfo:
    """What a dataset says of itself. ``num_signal`` is 0 and ``seconds`` 0.0 where a lazy dataset does not tell; its
    ``chunks`` are its recordings."""

    path: str
    chunks: int
    channels: int
    sample_rate: int
    num_signal: int
    seconds: float
    """Length of all chunks."""
    lazy: bool
    size: int
    """Bytes on disk."""
    sidecar: bool
    """Whether every chunk's origin is recorded (datasets made by this application)."""
    examples: int = 0
    """What RAVE draws from: the chunks; about as many stretches of a lazy dataset's recordings (0: their length is not known)."""
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Origin:
    """Where a stretch of a chunk came from; all counts in samples at the dataset's rate."""

    position: int
    length: int
    path: str
    start: int


@dataclass(frozen=True)
class Finding:
    """Something wrong with a dataset. ``chunk`` is None when it concerns the whole."""

    code: str
    reason: str
    chunk: int | None = None


class Dataset:
    """An opened dataset; a context manager. Chunks are numbered from 0 in key order."""

    def __init__(self, path: str | Path) -> None:
        """Open. Raises :class:`UserError` (``not-a-dataset``, ``not-found``, ``unfinished-dataset``)."""
        self.path = Path(path).expanduser().absolute()
        if not self.path.is_dir():
            raise UserError(
                tr("There is no dataset at {path}.", path=self.path), tr("Check the path."), code="not-found"
            )
        data = self.path / "data.mdb"
        if not data.is_file():
            raise UserError(
                tr("{path} is not a RAVE dataset: it holds no data.mdb.", path=self.path),
                tr("Choose the folder that rave preprocess or this application made."),
                code="not-a-dataset",
            )
        self.metadata = _metadata(self.path)
        self.lazy = bool(self.metadata["lazy"])
        try:
            self.channels = int(self.metadata.get("channels") or 1)
            self.sample_rate = int(self.metadata.get("sr") or 44100)
        except (TypeError, ValueError):
            raise UserError(
                tr("metadata.yaml in {path} is damaged: channels or sr is not a number.", path=self.path),
                tr("Restore the file, or build the dataset again."),
                code="not-a-dataset",
            ) from None
        try:
            self._file = MdbFile(data)
        except (DamagedError, OSError) as error:
            raise UserError(
                tr("The database of {path} cannot be opened: {reason}.", path=self.path, reason=error),
                tr("It is damaged or cut off; build the dataset again."),
                code="not-a-dataset",
            ) from None
        self.chunks = self._file.entries
        keys = self._keys
        if keys is not None:
            self.chunks = len(keys)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the files."""
        self._file.close()
        if self._sidecar is not None:
            self._sidecar.close()
            del self.__dict__["_sidecar"]

    def __len__(self) -> int:
        return self.chunks

    @cached_property
    def _sidecar(self) -> Sidecar | None:
        path = self.path / FILE_NAME
        try:
            return Sidecar(path, read_only=True) if path.is_file() else None
        except sqlite3.DatabaseError:  # damaged: a check says so
            return None

    @cached_property
    def _keys(self) -> list[bytes] | None:
        """All keys when they are not simply 00000000 to the last; None when they are (no scan of a large dataset)."""
        if not self.chunks:
            return None
        try:
            last = self._file.edge(last=True)
        except DamagedError:
            last = None
        if last is not None and last.key == key(self.chunks - 1):
            return None
        return [entry.key for entry in self._file.walk()]

    def keys(self) -> list[bytes] | None:
        """All keys in order; None when they are simply the numbers from 0 on."""
        return self._keys

    def key(self, index: int) -> bytes:
        """LMDB key of chunk ``index``. Raises :class:`IndexError`."""
        if not 0 <= index < self.chunks:
            raise IndexError(index)
        return self._keys[index] if self._keys is not None else key(index)

    def chunk(self, index: int) -> Chunk:
        """One parsed record. Raises :class:`IndexError` or :class:`BadRecordError`."""
        name = self.key(index)
        return decode(self._value(name), self.channels)

    @property
    def meta(self) -> Meta:
        """The head of the database file: number of its last transaction, its last page."""
        return self._file.meta

    def raw(self, index: int) -> bytes | None:
        """The stored bytes of a record, or None where they cannot be read. Raises :class:`IndexError`."""
        try:
            return self._value(self.key(index))
        except BadRecordError:
            return None

    def _value(self, name: bytes) -> bytes:
        try:
            entry = self._file.find(name)
            if entry is not None:
                return self._file.value(entry)
        except DamagedError as error:
            raise BadRecordError(str(error)) from None
        raise BadRecordError(f"there is no record {name.decode('ascii', 'replace')}")

    def audio(self, index: int) -> npt.NDArray[np.float32]:
        """Samples of a chunk, float32 [channels, samples] scaled as RAVE does (x / 32767)."""
        audio = self.chunk(index).audio
        if audio is None:
            raise BadRecordError("a lazy dataset stores paths, not sound")
        return audio.astype(np.float32) / np.float32(2**15 - 1)

    def __iter__(self) -> Iterator[Chunk]:
        """All records in order."""
        for index in range(self.chunks):
            yield self.chunk(index)

    def origins(self, index: int) -> list[Origin]:
        """Which recording a chunk's samples came from (several when short files were joined); empty when not recorded."""
        if self._sidecar is None:
            return []
        return [
            Origin(part.position, part.length, self._path_of(part.file), part.start)
            for part in self._sidecar.parts(int(self.key(index)))
        ]

    def _path_of(self, index: int) -> str:
        row = self._sidecar.file(index) if self._sidecar is not None else None
        return row.path if row else ""

    def files(self, *, problems_only: bool = False) -> list[FileRow]:
        """The recordings this dataset was made of, as the sidecar remembers them; empty without one that can be read."""
        try:
            return self._sidecar.files(problems_only=problems_only) if self._sidecar is not None else []
        except sqlite3.DatabaseError:
            return []

    @cached_property
    def info(self) -> DatasetInfo:
        """Facts for a list or a page; reads the first record only."""
        samples = 0
        if self.chunks and not self.lazy:
            try:
                first = self.chunk(0).audio
                samples = first.shape[1] if first is not None else 0
            except BadRecordError:
                samples = 0
        seconds = (
            self.chunks * samples / self.sample_rate
            if samples
            else float(self.metadata.get("n_seconds") or 0.0)
        )
        num_signal = samples // 2 or _whole_number(self.metadata.get("num_signal"))
        examples = self.chunks
        if self.lazy:
            examples = self._examples(seconds, num_signal)
        size = sum(_disk_bytes(entry) for entry in self.path.iterdir() if entry.is_file())
        return DatasetInfo(
            str(self.path),
            self.chunks,
            self.channels,
            self.sample_rate,
            num_signal,
            seconds,
            self.lazy,
            size,
            self._sidecar is not None,
            examples,
            self.metadata,
        )

    def _examples(self, seconds: float, num_signal: int) -> int:
        """What RAVE draws of a lazy dataset: of each recording by itself where they are known, else about as many."""
        if not num_signal:
            return 0
        lengths = [row.seconds for row in self.files() if not row.code] or [seconds]
        return sum(int(length * self.sample_rate) // num_signal for length in lengths)

    def check(self) -> Iterator[Finding | None]:
        """Look at every chunk; one item a chunk: None when it is sound, else what is wrong (also once for the whole at the end).

        Codes: ``bad-record``, ``bad-length``, ``bad-key``, ``changed`` (differs from the recorded hash), ``count``, ``empty``.
        """
        from rave_gui.datasets.messages import digest

        length: int | None = None
        for index in range(self.chunks):
            try:
                number = int(self.key(index))
                audio = self.chunk(index).audio
            except ValueError as error:
                yield Finding("bad-record", tr("Chunk {index}: {error}.", index=index, error=error), index)
                continue
            if audio is None:
                yield (
                    None
                    if self.lazy
                    else Finding("bad-record", tr("Chunk {index} holds no sound.", index=index), index)
                )
                continue
            length = length or audio.shape[1]
            expected = self._sidecar.chunk_hash(number) if self._sidecar is not None else None
            if audio.shape[1] != length:
                yield Finding(
                    "bad-length",
                    tr(
                        "Chunk {index} has {shape} samples, others {length}.",
                        index=index,
                        shape=audio.shape[1],
                        length=length,
                    ),
                    index,
                )
            elif expected is not None and digest(np.ascontiguousarray(audio).data.cast("B")) != expected:
                yield Finding(
                    "changed",
                    tr("Chunk {index} is not what was stored when the dataset was built.", index=index),
                    index,
                )
            else:
                yield None
        if not self.chunks:
            yield Finding("empty", tr("The dataset holds no chunks."))
        recorded = self.chunks
        if self._sidecar is not None and not self.lazy:
            recorded = self._sidecar.chunk_count()
        if recorded != self.chunks:
            yield Finding(
                "count",
                tr(
                    "{recorded} chunks were stored, {chunks} are there.",
                    recorded=recorded,
                    chunks=self.chunks,
                ),
            )


def _whole_number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _disk_bytes(path: Path) -> int:
    """Bytes a file takes on disk (upstream's database may be sparse)."""
    status = path.stat()
    blocks = getattr(status, "st_blocks", None)
    return status.st_size if blocks is None else int(blocks) * 512


def is_dataset(path: Path) -> bool:
    """Whether a folder looks like a finished RAVE dataset."""
    return (path / "data.mdb").is_file() and (path / "metadata.yaml").is_file()


def _metadata(path: Path) -> dict[str, Any]:
    import yaml

    file = path / "metadata.yaml"
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(
            tr("The dataset at {path} is unfinished: it has no metadata.yaml.", path=path),
            tr("It was probably interrupted while it was made; build it again."),
            code="unfinished-dataset",
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(
            tr("{file} cannot be read.", file=file),
            tr("Restore the file, or build the dataset again."),
            str(error),
            "not-a-dataset",
        ) from None
    if not isinstance(data, dict):
        raise UserError(
            tr("{file} does not describe a dataset.", file=file),
            tr("Build the dataset again."),
            code="not-a-dataset",
        )
    return {"lazy": False, **data}
