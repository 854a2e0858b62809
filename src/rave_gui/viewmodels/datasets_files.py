"""The files a scan has found, by the hundred thousand: sorted, searched, excluded."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal

from psygnal import Signal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rave_gui.datasets.scan import ScanRow

    Numbers = Sequence[int] | NDArray[np.int64]

Show = Literal["all", "usable", "problems", "excluded"]
Sort = Literal[
    "", "name", "folder", "length", "rate", "channels", "format", "size", "peak", "loudness", "problem"
]


@dataclass(frozen=True)
class Level:
    """What was measured of one file; None where it is silent or could not be decoded."""

    peak_db: float | None
    loudness: float | None


@dataclass(frozen=True)
class Order:
    """How the files are to be shown."""

    query: str = ""
    show: Show = "all"
    sort: Sort = ""
    descending: bool = False

    @property
    def plain(self) -> bool:
        """Whether all files are shown in the order in which they were found."""
        return not self.query and self.show == "all" and not self.sort


class FilesModel:
    """Every file found, and which of them are shown in which order (numbers of rows).

    What a row counts for stands beside it in plain arrays, so that a hundred thousand are left out at one go.
    ``changed`` carries what did: ``rows`` (some were added, ``shown`` too where the order is plain), ``order``, ``marks``.
    Sorting and searching a long list takes a while: :meth:`arranged` may run in a thread, :meth:`take` puts its result in place.
    """

    changed = Signal(str)

    def __init__(self) -> None:
        self.rows: list[ScanRow] = []
        self.shown: list[int] = []
        self.order = Order()
        self.levels: dict[str, Level] = {}
        self.usable = self.bad = 0
        self.kept = 0
        """Files that can be used and were not left out."""
        self.seconds = 0.0
        """Length of those."""
        self.out = 0
        """Files that were found and left out."""
        self._shown: tuple[list[int], NDArray[np.int64]] | None = None
        """:attr:`shown` as an array, once that was needed."""
        self._places: dict[str, int] = {}
        self._out = bytearray()
        """Of every row: whether the user left it out."""
        self._good = bytearray()
        """Of every row: whether it can be used."""
        self._lengths = array("d")
        """Of every row: seconds; 0 where they are not known."""
        self._away: set[str] = set()
        """Paths that were left out and are not among the rows (now)."""
        self.formats: Counter[str] = Counter()

    def clear(self, *, wholly: bool = False) -> None:
        """Forget every file; what was left out stays left out, unless ``wholly``."""
        self._away = set() if wholly else self._away | set(self.left_out)
        self.rows, self.shown = [], []
        self._out, self._good, self._lengths = bytearray(), bytearray(), array("d")
        self.usable = self.bad = self.kept = self.out = 0
        self.seconds = 0.0
        self._places.clear()
        self.formats.clear()
        self.changed.emit("order")

    def add(self, rows: Sequence[ScanRow]) -> None:
        """Take files as they are found."""
        first = len(self.rows)
        self.rows.extend(rows)
        for place, row in enumerate(rows, first):
            self._places[row.path] = place
            out = row.path in self._away
            self._out.append(out)
            self._good.append(row.usable)
            self._lengths.append(row.seconds or 0.0)
            if row.usable:
                self.usable += 1
                self.formats[format_of(row)] += 1
            else:
                self.bad += 1
            if out:
                self.out += 1
                self._away.discard(row.path)
            elif row.usable:
                self.kept += 1
                self.seconds += row.seconds or 0.0
        if self.order.plain:
            self.shown.extend(range(first, len(self.rows)))
        self.changed.emit("rows")

    def arranged(self, order: Order, stopped: Callable[[], bool] = lambda: False) -> list[int]:
        """Numbers of the rows that ``order`` shows, in its order. Changes nothing; for a thread."""
        rows, out = self.rows[:], bytes(self._out)
        words = order.query.casefold().split()
        numbers: Iterable[int] = range(len(rows))
        if order.show == "usable":
            numbers = [i for i in numbers if rows[i].usable and not out[i]]
        elif order.show == "problems":
            numbers = [i for i in numbers if not rows[i].usable]
        elif order.show == "excluded":
            numbers = [i for i in numbers if out[i]]
        if words:
            found = []
            for i in numbers:
                if not i % 1000 and stopped():
                    return []
                text = f"{rows[i].path} {rows[i].codec} {rows[i].reason}".casefold()
                if all(word in text for word in words):
                    found.append(i)
            numbers = found
        if not order.sort:
            return list(numbers)
        value = self._value(order.sort)
        known: list[tuple[Any, int]] = []
        unknown: list[int] = []
        for i in numbers:
            what = value(rows[i])
            if what is None:
                unknown.append(i)
            else:
                known.append((what, i))
        known.sort(reverse=order.descending)
        return [i for _, i in known] + unknown

    def take(self, order: Order, shown: list[int]) -> None:
        """Show what :meth:`arranged` found."""
        self.order, self.shown = order, shown
        self.changed.emit("order")

    def is_out(self, path: str) -> bool:
        """Whether the user left a file out."""
        place = self._places.get(path)
        return bool(self._out[place]) if place is not None else path in self._away

    def numbers(self, places: Sequence[int]) -> Numbers:
        """Numbers of the rows that are shown at these places."""
        import numpy as np

        if self.order.plain:
            return places
        if self._shown is None or self._shown[0] is not self.shown:
            self._shown = self.shown, np.asarray(self.shown, np.int64)
        found: NDArray[np.int64] = self._shown[1][_index(places)]
        return found

    def all_out(self, numbers: Numbers) -> bool:
        """Whether each of some rows is left out; False for none."""
        return len(numbers) > 0 and bool(self._marks()[_index(numbers)].all())

    def exclude(self, paths: Iterable[str], on: bool = True) -> int:
        """Leave files out, or take them in again; how many that changed. One that was not found is left out once it is."""
        numbers: list[int] = []
        changed = 0
        for path in paths:
            place = self._places.get(path)
            if place is not None:
                numbers.append(place)
            elif (path in self._away) != on:
                (self._away.add if on else self._away.discard)(path)
                changed += 1
        return changed + self.exclude_rows(numbers, on)

    def exclude_rows(self, numbers: Numbers, on: bool = True) -> int:
        """As :meth:`exclude`, for rows by their numbers."""
        import numpy as np

        if not len(numbers):
            return 0
        marks = self._marks()
        before = int(marks.sum())
        marks[_index(numbers)] = on
        self.out = int(marks.sum())
        if self.out != before:
            taken = np.frombuffer(self._good, np.bool_) & ~marks
            self.kept = int(taken.sum())
            self.seconds = float(np.frombuffer(self._lengths, np.float64)[taken].sum())
            self.changed.emit("marks")
        return abs(self.out - before)

    def of_format(self, kind: str) -> list[int]:
        """Numbers of the rows of one kind of file. Takes a while with many; for a thread."""
        return [number for number, row in enumerate(self.rows[:]) if format_of(row) == kind]

    def _marks(self) -> NDArray[np.bool_]:
        """What was left out, to be read and written; not to be kept, because rows cannot be added meanwhile."""
        import numpy as np

        return np.frombuffer(self._out, np.bool_)

    def measured(self, found: Iterable[tuple[str, Level]]) -> None:
        """Levels of files, as they were asked for."""
        self.levels.update(found)
        self.changed.emit("marks")

    @property
    def left_out(self) -> list[str]:
        """Paths left out that were found, in the order of the scan."""
        return [row.path for row in compress(self.rows, self._out)] if self.out else []

    def _value(self, sort: Sort) -> Callable[[ScanRow], Any]:
        levels = self.levels
        values: dict[str, Callable[[ScanRow], Any]] = {
            "name": lambda row: PurePath(row.path).name.casefold(),
            "folder": lambda row: row.path.casefold(),
            "length": lambda row: row.seconds,
            "rate": lambda row: row.sample_rate or None,
            "channels": lambda row: row.channels or None,
            "format": lambda row: format_of(row) or None,
            "size": lambda row: row.size,
            "peak": lambda row: levels[row.path].peak_db if row.path in levels else None,
            "loudness": lambda row: levels[row.path].loudness if row.path in levels else None,
            "problem": lambda row: row.reason or None,
        }
        return values[sort]


def _index(numbers: Numbers) -> slice | NDArray[np.int64]:
    """Numbers as they index an array the fastest."""
    import numpy as np

    if isinstance(numbers, range) and numbers.step == 1:
        return slice(numbers.start, numbers.stop)
    return np.asarray(numbers, np.int64)


def format_of(row: ScanRow) -> str:
    """Kind of file in a word: wav, flac, mp3."""
    names = {"matroska": "mka", "mov": "m4a", "": ""}
    kind = names.get(row.container, row.container)
    codec = {"vorbis": "ogg", "opus": "opus", "mp3": "mp3", "aac": "aac", "alac": "alac"}.get(row.codec)
    return codec or kind
