"""What a dataset would become, worked out from headers before a second is spent on making it."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rave_gui.datasets import remarks as words
from rave_gui.datasets.duplicates import copies_of, groups
from rave_gui.datasets.layout import Length, forecast, resampled
from rave_gui.datasets.lazy import examples, refuse_unfit
from rave_gui.datasets.listen import Heard, Stopped, listen_to
from rave_gui.datasets.messages import Settings
from rave_gui.datasets.remarks import Remark
from rave_gui.datasets.scan import Cancel, Scan, ScanRow, scan
from rave_gui.datasets.search import Found, printable
from rave_gui.i18n import tr
from rave_gui.projects.names import safe_name
from rave_protocol.codec import encode
from rave_protocol.specs import DatasetParams

HASH_LIMIT = 2 << 30
"""Without being asked to leave copies out, files are compared only where no more than this (bytes) has to be read."""
_PAGE = 4096


@dataclass(frozen=True)
class Loss:
    """Seconds of one file that will be in no chunk, and why. Codes: ``tail``, ``short``, ``silence``, ``duplicate``, ``unreadable``."""

    path: str
    seconds: float
    code: str
    reason: str


@dataclass(frozen=True)
class Preflight:
    """The forecast of a dataset."""

    files: int
    """Files that will be read."""
    problems: list[dict[str, str]]
    """Files that cannot be used: path, code, reason."""
    seconds: float
    """Length of all files that can be read."""
    seconds_usable: float
    """Of these, what will lie in chunks."""
    losses: list[Loss]
    chunks: int
    """Chunks that will be written; for a lazy dataset, examples that RAVE will see."""
    exact: bool
    """Whether these figures are what will come out, to the chunk. False where a header only estimates its length, or
    where silence is to be cut and nobody has listened yet."""
    disk_needed: int
    """Bytes."""
    disk_free: int
    duplicates: list[list[str]]
    """Groups of files with equal content, the one that counts first. Looked for when the parameters ask for it."""
    remarks: list[Remark]
    name: str = ""
    """A free name to offer for the dataset."""
    cancelled: bool = False

    @property
    def seconds_lost(self) -> float:
        """Seconds that will be in no chunk."""
        return sum(loss.seconds for loss in self.losses)

    @property
    def possible(self) -> bool:
        """Whether no remark is an error."""
        return all(remark.severity != "error" for remark in self.remarks)

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        data: dict[str, Any] = encode(self)
        return {**data, "seconds_lost": self.seconds_lost, "possible": self.possible}


def preflight(
    params: DatasetParams,
    *,
    scanned: Scan | None = None,
    cancel: Cancel | None = None,
    on_progress: Callable[[float, float], None] | None = None,
    listen: bool = False,
) -> Preflight:
    """Forecast the dataset that ``params`` describe.

    ``scanned``: an earlier scan of the same sources, instead of looking through them again. ``listen``: also decode every file, where
    that is needed to know how much silence will be cut and how long files without a length are; ``on_progress(done, total)`` in
    seconds of sound. Raises :class:`UserError` for sources that do not exist.
    """
    if params.lazy:
        refuse_unfit(params)
    return _Preflight(params, cancel, on_progress, listen).run(scanned)


def bytes_needed(params: DatasetParams, rows: list[ScanRow]) -> tuple[int, bool]:
    """Bytes that a dataset of these files takes, and whether that is exact; more is never needed where only silence is to be cut."""
    work = _Preflight(params, None, None, False)
    usable = [row for row in rows if row.usable]
    chunks = (work._lazy if params.lazy else work._chunks)(usable)[0]
    exact = all(row.exact for row in usable) and not params.trim_silence
    return work._disk(chunks, len(usable)), exact


class _Preflight:
    def __init__(
        self,
        params: DatasetParams,
        cancel: Cancel | None,
        on_progress: Callable[[float, float], None] | None,
        listen: bool,
    ) -> None:
        self.params = params
        self.settings = Settings.of(params, "")
        self.cancel = cancel
        self.on_progress = on_progress
        self.listen = listen
        self.heard: dict[str, Heard] = {}

    def stopped(self) -> bool:
        return self.cancel is not None and self.cancel.is_set()

    def run(self, scanned: Scan | None) -> Preflight:
        params = self.params
        rows = self._rows(scanned)
        problems = [
            {"path": row.path, "code": row.code, "reason": row.reason} for row in rows if not row.usable
        ]
        good = [row for row in rows if row.usable]
        try:
            copies = self._copies(good)
            left_out = copies if params.duplicates == "skip" else {}
            taken = [row for row in good if row.path not in left_out]
            if self.listen and self._deaf(taken):
                self.heard = listen_to(taken, self.settings, self.stopped, self.on_progress)
            cancelled = self.stopped()
        except Stopped:
            copies, left_out, taken, cancelled = {}, {}, good, True
        losses = [
            Loss(
                row.path,
                row.seconds or 0.0,
                "duplicate",
                tr("The same content as {path}.", path=left_out[row.path]),
            )
            for row in good
            if row.path in left_out
        ]
        chunks, more = self._lazy(taken) if params.lazy else self._chunks(taken)
        losses += more
        seconds = sum(self._seconds(row) for row in good)
        usable = max(0.0, seconds - sum(loss.seconds for loss in losses))
        needed = self._disk(chunks, len(taken))
        free = _free(Path(params.output))
        found = Preflight(
            files=len(taken),
            problems=problems,
            seconds=seconds,
            seconds_usable=usable,
            losses=losses,
            chunks=chunks,
            exact=not cancelled and all(self._exact(row) for row in taken) and not self._deaf(taken),
            disk_needed=needed,
            disk_free=free,
            duplicates=groups(copies),
            remarks=[],
            name=_name(params),
            cancelled=cancelled,
        )
        remarks = words.remarks(params, found, taken)
        return dataclasses.replace(found, remarks=remarks)

    def _rows(self, scanned: Scan | None) -> list[ScanRow]:
        params = self.params
        if scanned is None:
            scanned = scan(
                params.sources, cancel=self.cancel, extensions=params.extensions, exclude=params.exclude
            )
            return scanned.ordered()
        endings = {ending.lower().lstrip(".") for ending in params.extensions}
        excluded = {os.path.abspath(path) for path in params.exclude}  # noqa: PTH100 - links keep their names
        rows = scanned.ordered()
        # Of a hundred thousand files that were left out one by one, only what may be a folder is compared with each file.
        folders = tuple(path + os.sep for path in excluded.difference(row.path for row in rows))
        named = {printable(str(Path(source).expanduser().absolute())) for source in params.sources}
        return [
            row
            for row in rows
            if row.path not in excluded
            and not row.path.startswith(folders)
            and (not endings or row.path in named or Path(row.path).suffix.lower().lstrip(".") in endings)
        ]

    def _copies(self, rows: list[ScanRow]) -> dict[str, str]:
        sizes: dict[int, int] = {}
        for row in rows:
            sizes[row.size] = sizes.get(row.size, 0) + 1
        to_read = sum(size * count for size, count in sizes.items() if count > 1)
        if self.params.duplicates == "keep" and to_read > HASH_LIMIT:
            return {}

        def check() -> None:
            if self.stopped():
                raise Stopped

        return copies_of([Found(row.path, row.size, row.mtime_ns) for row in rows], check)

    def _deaf(self, rows: list[ScanRow]) -> bool:
        """Whether the forecast needs what only listening tells."""
        if self.params.lazy:
            return False
        unknown = self.params.trim_silence or any(not row.exact for row in rows)
        return unknown and not all(row.path in self.heard for row in rows)

    def _exact(self, row: ScanRow) -> bool:
        return row.exact or row.path in self.heard

    def _seconds(self, row: ScanRow) -> float:
        heard = self.heard.get(row.path)
        return heard.samples / self.params.sample_rate if heard else row.seconds or 0.0

    def _chunks(self, rows: list[ScanRow]) -> tuple[int, list[Loss]]:
        lengths = []
        for row in rows:
            heard = self.heard.get(row.path)
            if heard is not None:
                lengths.append(Length(row.path, heard.samples, heard.kept, row.channels))
                continue
            samples = resampled(
                round((row.seconds or 0.0) * row.sample_rate), row.sample_rate, self.params.sample_rate
            )
            lengths.append(Length(row.path, samples, samples, row.channels))
        found = forecast(lengths, self.settings)
        reasons = words.reasons(self.params)
        losses = [
            Loss(path, samples / self.params.sample_rate, code, reasons[code])
            for path, by_reason in found.lost.items()
            for code, samples in by_reason.items()
        ]
        return found.chunks, losses

    def _lazy(self, rows: list[ScanRow]) -> tuple[int, list[Loss]]:
        count, losses = 0, []
        for row in rows:
            own = examples(row.seconds or 0.0, self.params.sample_rate, self.params.num_signal)
            count += own
            if not own:
                losses.append(
                    Loss(row.path, row.seconds or 0.0, "short", words.reasons(self.params)["short"])
                )
        return count, losses

    def _disk(self, chunks: int, files: int) -> int:
        """Bytes: chunks in whole pages of the database with its index, and the sidecar."""
        if self.params.lazy:
            return 65536 + 600 * files
        record = 2 * self.settings.channels * self.settings.chunk + 64
        pages = -(-(record + 16) // _PAGE)
        return chunks * (pages * _PAGE + 200) + 400 * files + 65536


def _free(path: Path) -> int:
    """Free bytes on the disk that will hold ``path``; 0 where that cannot be told."""
    folder = path.expanduser().absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0


def _name(params: DatasetParams) -> str:
    first = Path(params.sources[0]) if params.sources else Path("sounds")
    return safe_name(first.stem if first.is_file() else first.name, "sounds")
