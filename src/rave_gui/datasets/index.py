"""The index of a dataset: levels, place and hash of every chunk, so that a million chunks can be sorted and paged at once.

A background job reads every chunk once. What it has is kept as it goes: a killed job goes on where it stopped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rave_gui.datasets.beside import beside, fingerprint, working
from rave_gui.datasets.levels import FLOOR_DB, measure
from rave_gui.datasets.origins import Origins
from rave_gui.datasets.read import Dataset
from rave_gui.datasets.record import BadRecordError
from rave_gui.paths import AppPaths
from rave_protocol.codec import ProtocolError
from rave_protocol.files import read_json, replace_file, write_json

Progress = Callable[[float, float, str], None]
Cancel = Callable[[], None]

FILE = "index.npy"
ABOUT = "index.json"
FORMAT = 1
ROW = np.dtype(
    [
        ("key", "i8"),  # the LMDB key as a number; -1 when it is none
        ("samples", "i4"),
        ("peak", "f4"),  # dB
        ("rms", "f4"),  # dB
        ("silence", "f4"),  # 0 to 1
        ("clipped", "i4"),
        ("source", "i4"),  # file id in the sidecar; -1 unknown
        ("start", "i8"),  # first sample in that file
        ("parts", "i4"),
        ("bad", "i4"),  # 1: the record cannot be read
        ("hash", "V20"),
    ]
)
_BATCH = 256


def _nothing(*_: object) -> None:
    """Stands for a callback that nobody gave."""


def load(dataset: Path, *, paths: AppPaths, opened: Dataset | None = None) -> npt.NDArray[Any] | None:
    """The finished index as a memory-mapped array of :data:`ROW`, or None when there is none that fits the dataset as it is."""
    folder = beside(dataset, paths)
    try:
        about = read_json(folder / ABOUT)
    except (OSError, ProtocolError):
        return None
    with Dataset(dataset) if opened is None else _Kept(opened) as one:
        if about.get("format") != FORMAT or about.get("fingerprint") != fingerprint(one):
            return None
        chunks = one.chunks
    try:
        rows = np.memmap(folder / FILE, ROW, "r") if chunks else np.zeros(0, ROW)
    except (OSError, ValueError):
        return None
    return rows if rows.shape == (chunks,) else None


class _Kept:
    """A dataset that somebody else closes."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def __enter__(self) -> Dataset:
        return self.dataset

    def __exit__(self, *_: object) -> None:
        return None


def build(
    dataset: Path,
    *,
    paths: AppPaths,
    on_progress: Progress = _nothing,
    check_cancel: Cancel = _nothing,
) -> int:
    """Make the index unless a fresh one is there; the number of chunks in it.

    Raises :class:`UserError` for what is no dataset, :class:`OSError` when it cannot be written.
    """
    if (known := load(dataset, paths=paths)) is not None:
        return int(known.shape[0])
    folder = beside(dataset, paths)
    with working(folder, "index"), Dataset(dataset) as one, Origins(one.path) as origins:
        mark = fingerprint(one)
        # Unfinished indices of another state of the dataset are of no use to anybody.
        aside = folder / f".index-{mark[:16]}.part"
        for other in folder.glob(".index-*.part"):
            if other != aside:
                other.unlink(missing_ok=True)
        with aside.open("ab") as file:
            done = file.tell() // ROW.itemsize
            file.truncate(done * ROW.itemsize)
            while done < one.chunks:
                check_cancel()
                rows = rows_of(one, origins, range(done, min(done + _BATCH, one.chunks)))
                file.write(rows.tobytes())
                done += len(rows)
                on_progress(done, one.chunks, "chunks")
        # Closed by now: Windows renames no open file.
        _write_orders(folder, np.memmap(aside, ROW, "r") if done else np.zeros(0, ROW), origins)
        replace_file(aside, folder / FILE)
        write_json(folder / ABOUT, {"format": FORMAT, "fingerprint": mark, "chunks": one.chunks})
        return one.chunks


def load_orders(dataset: Path, *, paths: AppPaths) -> dict[str, npt.NDArray[Any]]:
    """Places of the chunks from lowest to highest, memory-mapped, by the name of the order."""
    found: dict[str, npt.NDArray[Any]] = {}
    for file in beside(dataset, paths).glob("order-*.npy"):
        try:
            found[file.stem.partition("-")[2]] = np.load(file, mmap_mode="r")
        except (OSError, ValueError):
            continue
    return found


def _write_orders(folder: Path, rows: npt.NDArray[Any], origins: Origins) -> None:
    rank = {
        source.id: place for place, source in enumerate(sorted(origins.sources(), key=lambda one: one.path))
    }
    ranks = np.array([rank.get(int(one), -1) for one in rows["source"]], np.int64)
    orders = {
        "loudness": np.argsort(rows["rms"], kind="stable"),
        "peak": np.argsort(rows["peak"], kind="stable"),
        "silence": np.argsort(rows["silence"], kind="stable"),
        "length": np.argsort(rows["samples"], kind="stable"),
        "source": np.lexsort((rows["start"], ranks)),
    }
    for name, order in orders.items():
        aside = folder / f".order-{name}.part"
        with aside.open("wb") as file:
            np.save(file, order.astype(np.int32))
        replace_file(aside, folder / f"order-{name}.npy")


def key_number(key: bytes) -> int:
    """The number an LMDB key of RAVE's stands for, -1 when it is none."""
    return int(key) if key.isdigit() and len(key) <= 18 else -1


def rows_of(dataset: Dataset, origins: Origins, indices: range | list[int]) -> npt.NDArray[Any]:
    """Measure some chunks: an array of :data:`ROW`."""
    rows = np.zeros(len(indices), ROW)
    keys = [key_number(dataset.key(index)) for index in indices]
    places, hashes = origins.places(keys), origins.hashes(keys)
    for row, index, key in zip(rows, indices, keys, strict=True):
        row["key"] = key
        place = places.get(key)
        row["source"], row["start"], row["parts"] = (
            (place.file, place.start, place.parts) if place else (-1, 0, 0)
        )
        try:
            chunk = dataset.chunk(index)
        except BadRecordError:
            row["bad"], row["peak"], row["rms"], row["silence"] = 1, FLOOR_DB, FLOOR_DB, 1.0
            continue
        if chunk.audio is None:
            row["peak"] = row["rms"] = row["silence"] = np.nan
            continue
        levels = measure(chunk.audio)
        row["samples"] = chunk.audio.shape[1]
        row["peak"], row["rms"], row["silence"], row["clipped"] = levels[:4]
        known = hashes.get(key)
        pcm = np.ascontiguousarray(chunk.audio).data.cast("B")
        row["hash"] = np.void(bytes(known) if known else hashlib.sha1(pcm, usedforsecurity=False).digest())
    return rows
