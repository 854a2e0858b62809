"""Every event file of a run as one set of curves: RAVE's own, ours, those of runs started elsewhere, also while they grow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from rave_gui.training.eventfiles import AudioRef, Batch, EventFile, TextNote, is_event_file, order_key

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
T = TypeVar("T", bound=np.generic)


class Column(Generic[T]):
    """A column that grows at its end without being copied each time."""

    def __init__(self, dtype: type[T]) -> None:
        self._data: npt.NDArray[T] = np.empty(64, dtype)
        self._size = 0

    @property
    def values(self) -> npt.NDArray[T]:
        """What it holds; a view that must not be kept while it grows."""
        return self._data[: self._size]

    def extend(self, more: npt.NDArray[T]) -> None:
        """Append."""
        wanted = self._size + len(more)
        if wanted > len(self._data):
            grown = np.empty(max(wanted, 2 * len(self._data)), self._data.dtype)
            grown[: self._size] = self.values
            self._data = grown
        self._data[self._size : wanted] = more
        self._size = wanted


@dataclass(frozen=True)
class Curve:
    """One tag of a run: three columns of one length, steps rising."""

    steps: Ints
    values: Floats
    walls: Floats
    """Seconds since the epoch."""


class _File:
    """One file with what was read from it."""

    def __init__(self, path: Path) -> None:
        self.reader = EventFile(path)
        self.clear()

    def clear(self) -> None:
        self.scalars: dict[str, tuple[Column[np.int64], Column[np.float64], Column[np.float64]]] = {}
        self.texts: list[TextNote] = []
        self.audio: list[AudioRef] = []

    def take(self, batch: Batch) -> None:
        if batch.restarted:
            self.clear()
        for tag, columns in batch.scalars.items():
            kept = self.scalars.setdefault(tag, (Column(np.int64), Column(np.float64), Column(np.float64)))
            kept[0].extend(columns[0])
            kept[1].extend(columns[1])
            kept[2].extend(columns[2])
        self.texts += batch.texts
        self.audio += batch.audio


class EventFolder:
    """All event files below a folder. Where two files hold the same steps of a tag (a run that went on from an earlier checkpoint),
    the younger one counts from its first step on. Not thread-safe: read it in one thread, hand copies on.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events = 0
        self.damaged = 0
        self._files: dict[Path, _File] = {}
        self._merged: dict[str, Curve] = {}

    def poll(self, cancelled: Callable[[], bool] = lambda: False) -> set[str]:
        """Read what is new; the tags (of scalars, texts and sounds) that changed. A folder that is not there has nothing new."""
        changed: set[str] = set()
        for path in _event_files(self.folder):
            file = self._files.get(path)
            if file is None:
                file = self._files[path] = _File(path)
            try:
                for batch in file.reader.read_all():
                    if batch.restarted:
                        changed |= set(file.scalars)
                    file.take(batch)
                    self.events += batch.events
                    self.damaged += batch.damaged
                    changed |= {*batch.scalars, *(t.tag for t in batch.texts), *(a.tag for a in batch.audio)}
                    if cancelled():
                        break
            except OSError:
                continue  # a file that vanished or cannot be read now: what was read stays, the next look tries again
        for tag in changed:
            self._merged.pop(tag, None)
        return changed

    @property
    def tags(self) -> list[str]:
        """Tags of scalars, sorted."""
        return sorted({tag for file in self._files.values() for tag in file.scalars})

    def curve(self, tag: str) -> Curve:
        """A tag's points, steps rising; an unknown tag has none. The arrays belong to the caller."""
        if tag not in self._merged:
            self._merged[tag] = self._merge(tag)
        return self._merged[tag]

    @property
    def texts(self) -> list[TextNote]:
        """Texts that were logged, file by file."""
        return [text for file in self._ordered() for text in file.texts]

    @property
    def audio(self) -> list[AudioRef]:
        """Sounds that were logged, file by file."""
        return [sound for file in self._ordered() for sound in file.audio]

    def _ordered(self) -> list[_File]:
        return [self._files[path] for path in sorted(self._files, key=order_key)]

    def _merge(self, tag: str) -> Curve:
        steps = np.empty(0, np.int64)
        values, walls = np.empty(0), np.empty(0)
        for file in self._ordered():
            if tag not in file.scalars:
                continue
            at, what, when = file.scalars[tag]
            more = _rising(at.values, what.values, when.values)
            if len(steps) and len(more[0]):
                keep = int(np.searchsorted(steps, more[0][0]))
                steps, values, walls = steps[:keep], values[:keep], walls[:keep]
            steps = np.concatenate([steps, more[0]])
            values = np.concatenate([values, more[1]])
            walls = np.concatenate([walls, more[2]])
        return Curve(steps, values, walls)


def _rising(steps: Ints, values: Floats, walls: Floats) -> tuple[Ints, Floats, Floats]:
    """Points of one file with steps rising: a step that was written again counts once, with its last value."""
    if len(steps) < 2 or bool(np.all(np.diff(steps) > 0)):
        return steps.copy(), values.copy(), walls.copy()
    order = np.argsort(steps, kind="stable")
    ordered = steps[order]
    last = np.append(ordered[1:] != ordered[:-1], True)
    order = order[last]
    return steps[order], values[order], walls[order]


def _event_files(folder: Path) -> Iterator[Path]:
    """Event files of a run folder, oldest first; versions and one folder below them, where Lightning's loggers put theirs."""
    try:
        found = [path for path in folder.rglob("*tfevents*") if is_event_file(path) and path.is_file()]
    except OSError:
        return
    yield from sorted(found, key=order_key)
