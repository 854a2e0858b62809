"""Looking through folders before anything is decided: every sound file with what its header says, as fast as it is found."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rave_gui.audio import headers as own_headers
from rave_gui.audio.problems import AudioInfo
from rave_gui.datasets.decoders import usable_cores
from rave_gui.datasets.headers import Answer, HeaderPool, read_all
from rave_gui.datasets.search import Found, Unreachable, iter_search, printable
from rave_gui.i18n import tr


class Cancel(Protocol):
    """Something that says whether to stop: ``threading.Event`` or the like."""

    def is_set(self) -> bool:
        """Whether to stop."""


@dataclass(frozen=True, slots=True)
class ScanRow:
    """One file found. With a ``code`` it cannot be used, or not as a whole; ``reason`` says why in a sentence."""

    path: str
    size: int
    """Bytes."""
    mtime_ns: int
    seconds: float | None
    """None: the header does not tell."""
    sample_rate: int
    channels: int
    codec: str
    container: str
    exact: bool = False
    """Whether ``seconds`` is exact rather than estimated."""
    code: str = ""
    reason: str = ""
    root: str = ""
    """The chosen file or folder it was found under."""

    @property
    def usable(self) -> bool:
        """Whether a dataset can be made with it, as far as its header tells."""
        return not self.code


@dataclass
class Scan:
    """Everything found, in the order in which it was read (a dataset's order is by name; see :meth:`ordered`)."""

    sources: list[str]
    rows: list[ScanRow] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
    """Files passed over, by ending."""
    cancelled: bool = False
    elapsed: float = 0.0
    order: dict[str, int] = field(default_factory=dict)
    """Place of every path in the order of a dataset."""

    @property
    def seconds(self) -> float:
        """Length of all usable files together, as far as headers tell."""
        return sum(row.seconds or 0.0 for row in self.rows if row.usable)

    @property
    def problems(self) -> list[ScanRow]:
        """Rows that cannot be used."""
        return [row for row in self.rows if not row.usable]

    def ordered(self) -> list[ScanRow]:
        """The rows in the order in which a dataset takes them."""
        return sorted(self.rows, key=lambda row: self.order.get(row.path, -1))


def scan(
    sources: Sequence[str],
    *,
    on_file: Callable[[ScanRow], None] | None = None,
    cancel: Cancel | None = None,
    extensions: Collection[str] = (),
    exclude: Collection[str] = (),
    keep: bool = True,
) -> Scan:
    """Read the header of every sound file below ``sources``; ``on_file`` gets each row at once, in this thread.

    Plain wav, flac and aiff are read here, everything else by processes apart. ``cancel`` ends it within a tenth of a second, with
    what there is until then. ``keep`` False: rows go to ``on_file`` only. Raises :class:`UserError` (``not-found``, ``no-audio``).
    """
    started = time.monotonic()
    result = Scan([str(source) for source in sources])
    stop = cancel.is_set if cancel is not None else lambda: False

    def out(row: ScanRow) -> None:
        if keep:
            result.rows.append(row)
        if on_file is not None:
            on_file(row)

    found: dict[str, Found] = {}
    with HeaderPool(usable_cores()) as pool:
        unknown = _unknown(result, found, out, stop=stop, extensions=extensions, exclude=exclude, keep=keep)
        for path, answer in read_all(unknown, pool, stop):
            out(_row(found.pop(path), answer))
    result.cancelled = stop()
    result.elapsed = time.monotonic() - started
    return result


def headers_of(files: Sequence[Found], check: Callable[[], None] = lambda: None) -> list[ScanRow]:
    """The rows of files that were found already, in their order. ``check`` is called for each and may raise."""
    rows: dict[str, ScanRow] = {}
    unknown: dict[str, Found] = {}
    for file in files:
        check()
        try:
            info = own_headers.read(file.path, file.size)
        except OSError:
            info = None
        if info is None:
            unknown[file.path] = file
        else:
            rows[file.path] = _row(file, info)
    if unknown:
        with HeaderPool(usable_cores()) as pool:
            for path, answer in read_all(iter(unknown), pool, lambda: False):
                check()
                rows[path] = _row(unknown[path], answer)
    return [rows[file.path] for file in files if file.path in rows]


class _StoppedError(Exception):
    """The search was cancelled."""


def _unknown(
    result: Scan,
    found: dict[str, Found],
    out: Callable[[ScanRow], None],
    *,
    stop: Callable[[], bool],
    extensions: Collection[str],
    exclude: Collection[str],
    keep: bool,
) -> Iterator[str]:
    """Paths whose header a decoder has to read; the others go out at once."""

    def check() -> None:
        if stop():
            raise _StoppedError

    number = 0
    try:
        for item in iter_search(
            result.sources, check, result.ignored, extensions=extensions, exclude=exclude
        ):
            if isinstance(item, Unreachable):
                out(ScanRow(item.path, 0, 0, None, 0, 0, "", "", code=item.code, reason=item.reason))
                continue
            if keep:
                result.order[printable(item.path)] = number
            number += 1
            try:
                info = own_headers.read(item.path, item.size)
            except OSError:
                info = None  # the decoder says it in words
            if info is None:
                found[item.path] = item
                yield item.path
            else:
                out(_row(item, info))
    except _StoppedError:
        return


def _row(file: Found, answer: Answer) -> ScanRow:
    path = printable(file.path)
    if not isinstance(answer, AudioInfo):
        return ScanRow(
            path,
            file.size,
            file.mtime_ns,
            None,
            0,
            0,
            "",
            "",
            code=answer.code,
            reason=answer.reason,
            root=file.root,
        )
    code = reason = ""
    if answer.duration is not None and answer.exact and answer.duration <= 0:
        code, reason = "empty", tr("The file holds no sound: its length is zero.")
    return ScanRow(
        path,
        file.size,
        file.mtime_ns,
        answer.duration,
        answer.sample_rate,
        answer.channels,
        answer.codec,
        answer.container,
        answer.exact,
        code,
        reason,
        file.root,
    )
