"""The inspector's view of a dataset: pages of chunks in any order, each with its levels, its place and its sound.

A million chunks cost no scan: chunks are numbered by their keys, what a page needs is read when it is asked for, and orders
come from the index that a background job makes (:mod:`rave_gui.datasets.index`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rave_gui.datasets import beside, index
from rave_gui.datasets.levels import to_db
from rave_gui.datasets.origins import Origins, Source
from rave_gui.datasets.read import Dataset, DatasetInfo, Origin
from rave_gui.datasets.record import BadRecordError, Chunk
from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.paths import AppPaths

SORTS = ("loudness", "peak", "silence", "source", "length")
LAZY_PREVIEW = 60.0
"""Seconds decoded of a recording that a lazy dataset only names."""
_VIEWS = 6
"""Orders kept at hand."""
Indices = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class ChunkRow:
    """One line of the inspector's table. Levels are None where they were not measured."""

    index: int
    key: str
    seconds: float
    peak_db: float | None
    rms_db: float | None
    silence: float | None
    """Share of the chunk below -60 dBFS, 0 to 1."""
    source: str
    """Path of the recording that the chunk begins with; empty when it is not recorded."""
    offset: float | None
    """Seconds into that recording."""
    parts: int
    """Recordings the chunk is made of (short files are joined); 0 when it is not recorded."""
    hash: str
    """SHA-1 of the samples, in hexadecimal; empty where they were not read."""
    bad: bool
    """Marked by the user."""
    problem: str = ""


class Browser:
    """An opened dataset for looking at; a context manager. Its methods may be called from any thread, one at a time."""

    def __init__(self, dataset: str | Path, paths: AppPaths) -> None:
        """Open. Raises :class:`UserError` as :class:`Dataset` does."""
        self._paths = paths
        self._lock = threading.RLock()
        self._open(Path(dataset))
        self._index: npt.NDArray[Any] | None = None
        self._orders: dict[str, Indices] = {}
        self._views: dict[tuple[str | None, str | None, bool], Indices] = {}
        self._marks: frozenset[bytes] = frozenset()
        self._look()

    def _open(self, path: Path) -> None:
        self._dataset = Dataset(path)
        self.path = self._dataset.path
        self.chunks = self._dataset.chunks
        self.sample_rate = self._dataset.sample_rate
        self.channels = self._dataset.channels
        self.lazy = self._dataset.lazy
        self._origins = Origins(self.path)
        for name in ("_sources", "_paths_by_id", "_key_numbers"):
            self.__dict__.pop(name, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the files."""
        with self._lock:
            self._index, self._orders, self._views = None, {}, {}
            self._dataset.close()
            self._origins.close()

    def refresh(self) -> None:
        """Look at the dataset again: after a job that made an index, marks set elsewhere, sound appended.

        Raises :class:`UserError` when it is no dataset any more; the browser is closed then.
        """
        with self._lock:
            self.close()
            self._open(self.path)
            self._look()

    def _look(self) -> None:
        with self._lock:
            self._views = {}
            self._index = index.load(self.path, paths=self._paths, opened=self._dataset)
            self._orders = index.load_orders(self.path, paths=self._paths) if self._index is not None else {}
            self._marks = beside.marks(self.path, paths=self._paths)

    @property
    def indexed(self) -> bool:
        """Whether chunks can be sorted by level."""
        return self._index is not None

    @property
    def info(self) -> DatasetInfo:
        """Facts of the dataset."""
        return self._dataset.info

    @cached_property
    def _sources(self) -> list[Source]:
        return self._origins.sources()

    @cached_property
    def _paths_by_id(self) -> dict[int, str]:
        return self._origins.names()

    def sources(self) -> list[Source]:
        """The recordings the chunks came from, in the order of the build; empty for datasets made by upstream."""
        with self._lock:
            return self._sources

    @cached_property
    def _key_numbers(self) -> Indices | None:
        """Keys as numbers by place; None when the place is the key."""
        keys = self._dataset.keys()
        return None if keys is None else np.array([index.key_number(key) for key in keys], np.int64)

    def _places_of(self, keys: Indices) -> Indices:
        """Places of chunks whose keys are given as numbers; those that are not there are left out."""
        numbers = self._key_numbers
        if numbers is None:
            return keys[(keys >= 0) & (keys < self.chunks)]
        order = np.argsort(numbers, kind="stable")
        at = np.searchsorted(numbers[order], keys)
        inside = at < len(numbers)
        at, keys = at[inside], keys[inside]
        return np.sort(order[at[numbers[order][at] == keys]])

    def _view(self, sort: str | None, where: str | None, marked: bool) -> Indices | None:
        """Places in the asked order, rising; None: as they lie."""
        if sort is not None and sort not in SORTS:
            raise ValueError(f"unknown order {sort!r}")
        if sort is None and where is None and not marked:
            return None
        name = (sort, where, marked)
        if (known := self._views.get(name)) is not None:
            return known
        chosen: Indices | None = None
        if where is not None:
            file = self._origins.file_id(where)
            chosen = self._places_of(
                self._origins.chunks_of(file) if file is not None else np.zeros(0, np.int64)
            )
        if marked:
            bad = np.array(sorted(index.key_number(key) for key in self._marks), np.int64)
            places = self._places_of(bad)
            chosen = places if chosen is None else np.intersect1d(chosen, places)
        if sort is None:
            found = chosen if chosen is not None else np.arange(self.chunks, dtype=np.int64)
        else:
            found = self._sorted(sort, chosen)
        while len(self._views) >= _VIEWS:
            self._views.pop(next(iter(self._views)))
        self._views[name] = found
        return found

    def _sorted(self, sort: str, chosen: Indices | None) -> Indices:
        order = self._orders.get(sort)
        if order is None:
            raise UserError(
                tr("The chunks have not been measured yet, so they cannot be sorted."),
                tr("Build the index of this dataset; it is made once, in the background."),
                code="index-missing",
            )
        if chosen is None:
            return order
        member = np.zeros(self.chunks, bool)
        member[chosen] = True
        return order[member[order]]

    def count(self, where: str | None = None, *, marked: bool = False) -> int:
        """Chunks in all, of one recording, or marked bad."""
        with self._lock:
            view = self._view(None, where, marked)
            return self.chunks if view is None else len(view)

    def page(
        self,
        start: int,
        n: int,
        sort: str | None = None,
        where: str | None = None,
        *,
        descending: bool = False,
        measure: bool = True,
        marked: bool = False,
    ) -> list[ChunkRow]:
        """At most ``n`` rows from place ``start`` of the order on.

        ``sort`` is one of :data:`SORTS` (lowest first) or None for the order of the keys, ``where`` the path of a recording,
        ``marked`` restricts to chunks marked bad. Without an index the chunks of the page are read and measured now, unless
        ``measure`` is False. Raises :class:`UserError` (``index-missing``) for an order that needs the index.
        """
        with self._lock:
            view = self._view(sort, where, marked)
            total = self.chunks if view is None else len(view)
            start, stop = max(0, start), max(0, min(start + n, total))
            places: Sequence[int]
            if view is None:
                places = (
                    range(start, stop) if not descending else range(total - 1 - start, total - 1 - stop, -1)
                )
            elif descending:
                places = [int(one) for one in view[total - stop : total - start][::-1]]
            else:
                places = [int(one) for one in view[start:stop]]
            return self._rows(places, measure)

    def row(self, place: int, *, measure: bool = True) -> ChunkRow:
        """One chunk. Raises :class:`IndexError`."""
        with self._lock:
            if not 0 <= place < self.chunks:
                raise IndexError(place)
            return self._rows([place], measure)[0]

    def row_of(
        self,
        place: int,
        sort: str | None = None,
        where: str | None = None,
        *,
        descending: bool = False,
        marked: bool = False,
    ) -> int | None:
        """Where chunk ``place`` stands in an order, None when it is not in it."""
        with self._lock:
            view = self._view(sort, where, marked)
            total = self.chunks if view is None else len(view)
            if view is None:
                at = place if 0 <= place < total else None
            else:
                found = np.flatnonzero(view == place)
                at = int(found[0]) if found.size else None
            return total - 1 - at if at is not None and descending else at

    def _rows(self, places: Sequence[int], measure: bool) -> list[ChunkRow]:
        names = [self._dataset.key(place) for place in places]
        if self._index is not None:
            rows: npt.NDArray[Any] = self._index[np.asarray(places, np.int64)]
        elif measure:
            rows = index.rows_of(self._dataset, self._origins, list(places))
        else:
            return self._unmeasured(places, names)
        return [self._row(place, name, row) for place, name, row in zip(places, names, rows, strict=True)]

    def _row(self, place: int, name: bytes, row: Any) -> ChunkRow:
        seconds, source = (
            int(row["samples"]) / self.sample_rate,
            self._paths_by_id.get(int(row["source"]), ""),
        )
        bad, hashed = bool(row["bad"]), bytes(row["hash"])
        if self.lazy and not bad:
            seconds, source = self._lazy_facts(place)
        unknown = bad or bool(np.isnan(row["peak"]))
        return ChunkRow(
            place,
            name.decode("utf-8", "backslashreplace"),
            seconds,
            None if unknown else float(row["peak"]),
            None if unknown else float(row["rms"]),
            None if unknown else float(row["silence"]),
            source,
            int(row["start"]) / self.sample_rate if row["parts"] else None,
            int(row["parts"]),
            hashed.hex() if any(hashed) else "",
            name in self._marks,
            tr("This chunk is damaged and cannot be read.") if bad else "",
        )

    def _unmeasured(self, places: Sequence[int], names: list[bytes]) -> list[ChunkRow]:
        keys = [index.key_number(name) for name in names]
        origins, hashes = self._origins.places(keys), self._origins.hashes(keys)
        usual = 2 * self._dataset.info.num_signal / self.sample_rate
        rows = []
        for place, name, key in zip(places, names, keys, strict=True):
            origin = origins.get(key)
            rows.append(
                ChunkRow(
                    place,
                    name.decode("utf-8", "backslashreplace"),
                    usual,
                    None,
                    None,
                    None,
                    self._paths_by_id.get(origin.file, "") if origin else "",
                    origin.start / self.sample_rate if origin else None,
                    origin.parts if origin else 0,
                    bytes(hashes.get(key, b"")).hex(),
                    name in self._marks,
                )
            )
        return rows

    def _chunk(self, place: int) -> Chunk:
        try:
            return self._dataset.chunk(place)
        except BadRecordError as error:
            raise UserError(
                tr("Chunk {index} is damaged and cannot be read.", index=place),
                tr("Validate the dataset: a repaired copy leaves damaged chunks out."),
                str(error),
                code="damaged-chunk",
            ) from None

    def _lazy_facts(self, place: int) -> tuple[float, str]:
        metadata = self._chunk(place).metadata
        try:
            seconds = float(metadata.get("length", 0.0))
        except ValueError:
            seconds = 0.0
        return seconds, metadata.get("path", "")

    def audio(self, place: int) -> npt.NDArray[np.float32]:
        """Samples of a chunk, float32 [channels, samples]. Of a lazy dataset's recording the first minute is decoded.

        Raises :class:`IndexError` or :class:`UserError` (``damaged-chunk``, or why the recording cannot be decoded).
        """
        with self._lock:
            chunk = self._chunk(place)
            if chunk.audio is not None:
                return chunk.audio.astype(np.float32) / np.float32(2**15 - 1)
        return _preview(Path(chunk.metadata.get("path", "")), self.sample_rate, self.channels)

    def metadata(self, place: int) -> dict[str, object]:
        """What is known of a chunk beyond its row: format, length, offset, clipping, the record's own entries."""
        with self._lock:
            chunk = self._chunk(place)
            found: dict[str, object] = {
                "key": self._dataset.key(place).decode("utf-8", "backslashreplace"),
                "channels": self.channels,
                "sample_rate": chunk.sample_rate or self.sample_rate,
                **chunk.metadata,
            }
            if chunk.audio is not None:
                row = index.rows_of(self._dataset, self._origins, [place])[0]
                found |= {"samples": chunk.audio.shape[1], "bits": 16, "clipped": int(row["clipped"])}
                found |= {"crest_db": float(row["peak"] - row["rms"])}
                offsets = chunk.audio.astype(np.float64).mean(axis=1) / 32767
                found["offset_db"] = [to_db(abs(float(one))) for one in offsets]
            return found

    def origins(self, place: int) -> list[Origin]:
        """The pieces a chunk is made of; empty when they are not recorded."""
        with self._lock:
            parts = self._origins.parts(index.key_number(self._dataset.key(place)))
            names = self._paths_by_id
            return [Origin(at, length, names.get(file, ""), start) for at, length, file, start in parts]

    def mark(self, places: Iterable[int], bad: bool = True) -> int:
        """Mark chunks bad, or good again; how many are marked now. Kept beside the dataset, LMDB stays as it is."""
        with self._lock:
            names = {self._dataset.key(place) for place in places}
            known = beside.marks(self.path, paths=self._paths)
            self._marks = known | names if bad else known - names
            self._views = {name: view for name, view in self._views.items() if not name[2]}
            beside.set_marks(self.path, self._marks, paths=self._paths)
            return len(self._marks)

    def marked(self) -> list[int]:
        """Places of the chunks marked bad, rising."""
        with self._lock:
            view = self._view(None, None, True)
            return [int(one) for one in view] if view is not None else []


def mark(dataset: Path, indices: Iterable[int], bad: bool = True, *, paths: AppPaths) -> int:
    """Mark chunks of a dataset bad, or good again; how many are marked now."""
    with Browser(dataset, paths) as browser:
        return browser.mark(indices, bad)


def marks(dataset: Path, *, paths: AppPaths) -> frozenset[int]:
    """Places of the chunks marked bad."""
    with Browser(dataset, paths) as browser:
        return frozenset(browser.marked())


def _preview(path: Path, sample_rate: int, channels: int) -> npt.NDArray[np.float32]:
    from rave_gui.audio.decode import Decoder

    decoder = Decoder(str(path), sample_rate, channels)
    blocks, have = [np.zeros((channels, 0), np.float32)], 0
    for block in decoder.blocks():
        blocks.append(np.asarray(block, np.float32))
        have += block.shape[1]
        if have >= LAZY_PREVIEW * sample_rate:
            break
    if not have and decoder.problem is not None:
        raise UserError(
            tr("{path} cannot be read: {reason}", path=path, reason=decoder.problem.reason),
            tr("A lazy dataset needs its recordings where they were when it was made."),
            code=decoder.problem.code,
        )
    return np.concatenate(blocks, axis=1)
