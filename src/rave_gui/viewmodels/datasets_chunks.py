"""Chunks of a dataset by the million: pages are read when they are looked at, the newest wish first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from psygnal import Signal

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.viewmodels.player import Sound, make_sound

if TYPE_CHECKING:
    from rave_gui.datasets.browse import Browser, ChunkRow
    from rave_gui.paths import AppPaths

PAGE = 64
KEPT = 64
"""Pages kept: some four thousand rows, of which a screen shows thirty."""
Sort = Literal["", "loudness", "peak", "silence", "source", "length"]
BANDS, FLOOR_DB, RANGE_DB = 96, -100.0, 90.0


@dataclass(frozen=True)
class View:
    """Which chunks are shown, in which order."""

    sort: Sort = ""
    descending: bool = False
    where: str = ""
    """Path of the only recording whose chunks are shown; empty: all."""
    marked: bool = False
    """Only those marked bad."""


class ChunksModel:
    """Rows as they come. ``changed`` carries ``view`` (other rows, another order) or ``rows``.

    The dataset is opened and read by :meth:`fetch`, which the owner calls in a thread, one at a time.
    """

    changed = Signal(str)

    def __init__(self) -> None:
        self.view = View()
        self.count = self.total = 0
        """Rows in the view; chunks of the dataset."""
        self.sample_rate = 0
        self.indexed = False
        self.lazy = False
        self.sources: list[Any] = []
        """Recordings; the owner sets it to what :meth:`list_sources` found."""
        self.bad = 0
        self._pages: OrderedDict[int, list[ChunkRow]] = OrderedDict()
        self._bare: set[int] = set()
        """Pages whose levels are still to be measured."""
        self._wanted: list[int] = []
        self._browser: Browser | None = None
        self._lock = threading.Lock()
        self.generation = 0
        """Grows when pages that are on their way are of no use any more."""

    def row(self, number: int) -> ChunkRow | None:
        """A row, or None: then its page is wanted. So it is while the page has no levels yet."""
        page = number // PAGE
        rows = self._pages.get(page)
        if (rows is None or page in self._bare) and page not in self._wanted:
            self._wanted.append(page)
        if rows is None:
            return None
        self._pages.move_to_end(page)
        place = number % PAGE
        return rows[place] if place < len(rows) else None

    def next_page(self) -> int | None:
        """The page asked for last, which is the one seen now; older wishes beyond a few are forgotten."""
        missing = (page for page in self._wanted if page not in self._pages or page in self._bare)
        self._wanted = list(missing)[-4:]
        return self._wanted.pop() if self._wanted else None

    @property
    def wanting(self) -> bool:
        """Whether a page was asked for."""
        return bool(self._wanted)

    def complete(self, page: int) -> bool:
        """Whether a page is there, with its levels."""
        return page in self._pages and page not in self._bare

    def measures(self, page: int) -> bool:
        """Whether the levels of a page are to be read with it: where they are at hand, and once its rows are shown."""
        return self.indexed or self.lazy or page in self._bare

    def take_page(self, page: int, rows: list[ChunkRow], generation: int, *, measured: bool = True) -> bool:
        """Keep a page that was read; False when it is of no use any more. Without levels it is asked for once more."""
        if generation != self.generation:
            return False
        self._pages[page] = rows
        (self._bare.discard if measured else self._bare.add)(page)
        while len(self._pages) > KEPT:
            self._bare.discard(self._pages.popitem(last=False)[0])
        return True

    def forget_pages(self) -> None:
        """Everything has to be read again."""
        self._pages.clear()
        self._bare.clear()
        self._wanted.clear()
        self.generation += 1

    # In a thread

    def open(self, path: Path, paths: AppPaths) -> dict[str, Any]:
        """Open a dataset (closing the one before); facts for :meth:`opened`, with the first rows among them."""
        from rave_gui.datasets.browse import Browser

        with self._lock:
            # One that cannot be closed must not keep the next from being opened.
            before, self._browser = self._browser, None
            if before is not None:
                before.close()
            browser = self._browser = Browser(path, paths)
            return {**self._facts(browser), "first": self._page(browser, 0, View(), measure=browser.lazy)}

    def look_again(self) -> dict[str, Any]:
        """After a job made an index, or marks were set."""
        with self._lock:
            if self._browser is None:
                return {}
            self._browser.refresh()
            return self._facts(self._browser)

    def _facts(self, browser: Browser) -> dict[str, Any]:
        return {
            "total": browser.chunks,
            "sample_rate": browser.sample_rate,
            "indexed": browser.indexed,
            "lazy": browser.lazy,
            "count": self._count(browser, self.view),
            "bad": self._bad(browser),
        }

    def list_sources(self) -> list[Any]:
        """Every recording the chunks came from: with thousands it takes longer than the first page."""
        with self._lock:
            return self._browser.sources() if self._browser is not None else []

    @staticmethod
    def _bad(browser: Browser) -> int:
        return browser.count(marked=True)

    @staticmethod
    def _count(browser: Browser, view: View) -> int:
        return browser.count(view.where or None, marked=view.marked)

    def fetch(self, page: int, view: View, *, measure: bool = True) -> list[ChunkRow]:
        """Rows of a page, with their levels unless not ``measure``. Raises :class:`UserError` (``index-missing``)."""
        with self._lock:
            return self._page(self._browser, page, view, measure=measure) if self._browser is not None else []

    @staticmethod
    def _page(browser: Browser, page: int, view: View, *, measure: bool) -> list[ChunkRow]:
        return browser.page(
            page * PAGE,
            PAGE,
            sort=view.sort or None,
            where=view.where or None,
            descending=view.descending,
            measure=measure,
            marked=view.marked,
        )

    def count_of(self, view: View) -> int:
        """How many rows a view has."""
        with self._lock:
            return self._count(self._browser, view) if self._browser is not None else 0

    def place_of(self, index: int, view: View) -> int | None:
        """Row number of a chunk in a view; None when it is not in it."""
        with self._lock:
            if self._browser is None:
                return None
            return self._browser.row_of(
                index,
                sort=view.sort or None,
                where=view.where or None,
                descending=view.descending,
                marked=view.marked,
            )

    def chunk(self, index: int) -> ChunkRow | None:
        """The row of a chunk, wherever it stands; None when there is none."""
        with self._lock:
            if self._browser is None or not 0 <= index < self._browser.chunks:
                return None
            return self._browser.row(index)

    def details(self, index: int) -> tuple[dict[str, Any], list[Any]]:
        """Metadata and origins of a chunk."""
        with self._lock:
            if self._browser is None:
                return {}, []
            return self._browser.metadata(index), self._browser.origins(index)

    def sound(self, index: int) -> Sound:
        """The sound of a chunk. Raises :class:`UserError` for one that cannot be read."""
        with self._lock:
            if self._browser is None:
                raise UserError(tr("The dataset is closed."))
            return make_sound([self._browser.audio(index)], self._browser.sample_rate)

    def close(self) -> None:
        """Let the files go."""
        with self._lock:
            if self._browser is not None:
                self._browser.close()
                self._browser = None

    # In the window's thread

    def opened(self, facts: dict[str, Any]) -> None:
        """Take over what :meth:`open` or :meth:`look_again` found."""
        if not facts:
            return
        rows = facts.get("first")
        for key, value in facts.items():
            if key != "first":
                setattr(self, key, value)
        self.forget_pages()
        if rows and self.view == View():
            self.take_page(0, rows, self.generation, measured=self.indexed or self.lazy)
        self.changed.emit("view")

    def show(self, view: View, count: int) -> None:
        """Another view."""
        self.view, self.count = view, count
        self.forget_pages()
        self.changed.emit("view")

    def clear(self) -> None:
        """Nothing is shown."""
        self.count = self.total = self.bad = 0
        self.sources = []
        self.forget_pages()
        self.changed.emit("view")


def spectrogram(sound: Sound, stopped: Callable[[], bool] = lambda: False) -> tuple[Any, list[float]]:
    """Levels uint8 [:data:`BANDS`, frames] of a sound (channels mixed), and the middles of the bands in Hz.

    2048-point Hann windows, bands spaced evenly on a logarithmic scale from 40 Hz to half the rate; 0 stands for
    :data:`FLOOR_DB` and 255 for :data:`RANGE_DB` above it.
    """
    import numpy as np

    audio = sound.tracks[0].mean(axis=0)
    size = 2048
    if audio.size < size:
        audio = np.pad(audio, (0, size - audio.size))
    frames = min(600, max(1, (audio.size - size) // 256 + 1))
    starts = np.linspace(0, audio.size - size, frames).astype(np.int64)
    window = np.hanning(size).astype(np.float32)
    top = sound.sample_rate / 2
    edges = np.geomspace(40.0, top, BANDS + 1)
    middles = np.sqrt(edges[:-1] * edges[1:])
    bins = np.fft.rfftfreq(size, 1 / sound.sample_rate)
    # Narrow low bands hold no bin of their own: levels are read between the bins there.
    columns = []
    for first in range(0, frames, 64):
        if stopped():
            break
        part = np.stack([audio[s : s + size] for s in starts[first : first + 64]]) * window
        power = np.abs(np.fft.rfft(part, axis=1)) ** 2 / (window.sum() / 2) ** 2
        db = 10 * np.log10(power + 1e-12)
        columns.append(np.stack([np.interp(middles, bins, one) for one in db], axis=1))
    levels = np.concatenate(columns, axis=1) if columns else np.full((BANDS, 1), FLOOR_DB)
    scaled = np.clip((levels - FLOOR_DB) / RANGE_DB * 255, 0, 255).astype(np.uint8)
    return scaled, [float(f) for f in middles]


def chosen_indices(rows: Sequence[ChunkRow | None]) -> list[int]:
    """Numbers of chunks of rows that are there."""
    return [row.index for row in rows if row is not None]
