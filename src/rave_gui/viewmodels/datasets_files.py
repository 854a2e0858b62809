"""The files a scan has found, by the hundred thousand: sorted, searched, excluded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal

from psygnal import Signal

if TYPE_CHECKING:
    from rave_gui.datasets.scan import ScanRow

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

    ``changed`` carries what did: ``rows`` (some were added, ``shown`` too where the order is plain), ``order``, ``marks``.
    Sorting and searching a long list takes a while: :meth:`arranged` may run in a thread, :meth:`take` puts its result in place.
    """

    changed = Signal(str)

    def __init__(self) -> None:
        self.rows: list[ScanRow] = []
        self.shown: list[int] = []
        self.order = Order()
        self.excluded: set[str] = set()
        """Paths the user left out."""
        self.levels: dict[str, Level] = {}
        self.usable = self.bad = 0
        self.kept = 0
        """Files that can be used and were not left out."""
        self.seconds = 0.0
        """Length of those."""
        self.out = 0
        """Files that were found and left out."""
        self._places: dict[str, int] = {}
        self.formats: Counter[str] = Counter()

    def clear(self) -> None:
        """Forget every file; what was left out stays left out."""
        self.rows, self.shown = [], []
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
            if row.usable:
                self.usable += 1
                self.formats[format_of(row)] += 1
            else:
                self.bad += 1
            self._count(row, row.path in self.excluded, 1)
        if self.order.plain:
            self.shown.extend(range(first, len(self.rows)))
        self.changed.emit("rows")

    def arranged(self, order: Order, stopped: Callable[[], bool] = lambda: False) -> list[int]:
        """Numbers of the rows that ``order`` shows, in its order. Changes nothing; for a thread."""
        rows = self.rows[:]
        words = order.query.casefold().split()
        numbers: Iterable[int] = range(len(rows))
        if order.show == "usable":
            numbers = [i for i in numbers if rows[i].usable and rows[i].path not in self.excluded]
        elif order.show == "problems":
            numbers = [i for i in numbers if not rows[i].usable]
        elif order.show == "excluded":
            numbers = [i for i in numbers if rows[i].path in self.excluded]
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

    def exclude(self, paths: Iterable[str], on: bool = True) -> int:
        """Leave files out, or take them in again; how many that changed."""
        wanted = set(paths)
        changed = wanted - self.excluded if on else wanted & self.excluded
        if changed:
            found = [self.rows[place] for path in changed if (place := self._places.get(path)) is not None]
            for row in found:
                self._count(row, not on, -1)
                self._count(row, on, 1)
            self.excluded = self.excluded | changed if on else self.excluded - changed
            if not self.kept:
                self.seconds = 0.0  # and not what rounding left of it
            self.changed.emit("marks")
        return len(changed)

    def _count(self, row: ScanRow, out: bool, by: int) -> None:
        if out:
            self.out += by
        elif row.usable:
            self.kept += by
            self.seconds += by * (row.seconds or 0.0)

    def measured(self, found: Iterable[tuple[str, Level]]) -> None:
        """Levels of files, as they were asked for."""
        self.levels.update(found)
        self.changed.emit("marks")

    @property
    def left_out(self) -> list[str]:
        """Paths left out that were found, in the order of the scan."""
        return [row.path for row in self.rows if row.path in self.excluded] if self.excluded else []

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


def format_of(row: ScanRow) -> str:
    """Kind of file in a word: wav, flac, mp3."""
    names = {"matroska": "mka", "mov": "m4a", "": ""}
    kind = names.get(row.container, row.container)
    codec = {"vorbis": "ogg", "opus": "opus", "mp3": "mp3", "aac": "aac", "alac": "alac"}.get(row.codec)
    return codec or kind
