"""Metrics out of what a training prints: the console logs of RAVE and PyTorch Lightning, of runs that were started elsewhere.

A console log is the poorest of the sources (event files hold every value, a progress bar only what it happened to show), but it is
often the only thing that reaches this computer. Nothing in a log is trusted: a line may be torn, endless, no text at all or written
to mislead; it then gives nothing, and what is kept never grows with the log.
"""

from __future__ import annotations

import math
import os
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

LONGEST_LINE = 4096
"""Characters of a line that are looked at."""
MOST_TAGS = 256
"""Different metrics that are kept; further ones are left out."""
PIECE = 1 << 20
"""Bytes read at a time."""
POLL_SECONDS = 0.5

_BAR = re.compile(
    r"(?:Epoch\s+(?P<epoch>\d{1,9})\s*:\s*)?(?P<share>\d{1,3})%\|[^|]{0,300}\|\s*(?P<done>\d{1,12})/(?P<of>\d{1,12})\s*"
    r"\[(?P<took>[\d:]{1,20})<(?P<left>[\d:?]{1,20})(?:,\s*(?P<rate>[\d.]{1,20})\s*(?P<unit>it/s|s/it))?"
)
"""tqdm's bar, as Lightning prints it: ``Epoch 3:  45%|████▌     | 450/1000 [01:23<01:41,  5.42it/s, v_num=0, loss=1.2]``."""
_GLOBAL_STEP = re.compile(
    r"(?:Epoch\s+(?P<epoch>\d{1,9}),\s*)?global step\s+(?P<step>\d{1,12})", re.IGNORECASE
)
"""Lightning's word when a checkpoint is written: ``Epoch 5, global step 5000: 'validation' reached 12.3 (best 12.3), …``."""
_REACHED = re.compile(r"'(?P<tag>[\w./-]{1,80})' reached (?P<value>[-+\w.]{1,30})")
_PAIR = re.compile(
    r"(?<![\w./-])(?P<tag>[A-Za-z_][\w./-]{0,79})\s{0,4}(?P<sign>[=:])\s{0,4}(?P<value>[-+]?(?:nan|inf|[\d.][\w.+-]{0,29}))",
    re.IGNORECASE,
)
_ROW = re.compile(
    r"^(?:\s{0,80}[│|┃]\s{0,80}|\s{2,80})(?P<tag>[A-Za-z_][\w./-]{0,79})(?:\s{0,80}[│|┃]\s{0,80}|\s{2,80})(?P<value>[-+\d][-+\w.]{0,29}|nan|inf)\s{0,80}[│|┃]?\s*$"
)
"""A row of Lightning's table after a validation."""
_SPOKEN = re.compile(
    r"loss|distance|validation|regularization|adversarial|feature_matching|fidelity|beta|learning_rate|^lr|pred_|^step$|^epoch$"
)
"""Names that may stand before a colon: other words with a colon and a number are times, ports and the like."""
_SILENT = frozenset({"v_num"})
_TROUBLE: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("out-of-memory", re.compile(r"out of memory|CUDA error: out of memory", re.IGNORECASE)),
    ("not-a-number", re.compile(r"\bloss\w*\s{0,4}[=:]\s{0,4}nan\b", re.IGNORECASE)),
    ("error", re.compile(r"^(?:Traceback \(most recent call last\)|\w{0,40}Error\b)")),
    ("ended", re.compile(r"`?Trainer\.fit`? stopped")),
)


@dataclass(frozen=True)
class Reading:
    """What one line told."""

    metrics: dict[str, float]
    trouble: str = ""
    """out-of-memory, not-a-number, error, ended, or empty."""


class TrainingLogParser:
    """Follows one log file. :meth:`parse_line` may also be used alone, for lines that come from elsewhere.

    Safe to ask from any thread. ``lines`` counts the lines seen, ``understood`` those that told something.
    """

    def __init__(self, log_path: str | os.PathLike[str]) -> None:
        self.log_path = Path(log_path)
        self.metrics: dict[str, float] = {}
        self.lines = 0
        self.understood = 0
        self.trouble = ""
        """The last thing that went wrong, or ``ended``; see :class:`Reading`."""
        self._per_epoch: float | None = None
        self._tail = _Tail(self.log_path)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start_monitoring(
        self, on_metrics: Callable[[dict[str, float]], None] | None = None, every: float = POLL_SECONDS
    ) -> None:
        """Follow the file in a thread until :meth:`stop_monitoring`; a file that is not there yet is waited for.

        ``on_metrics`` is called in that thread with all metrics as they are then, at most once every ``every`` seconds. Called again
        while it runs, nothing changes.
        """
        if self._thread is not None and self._thread.is_alive():
            return
        self._stop.clear()
        self._thread = threading.Thread(
            target=self._follow, args=(on_metrics, every), name="training-log", daemon=True
        )
        self._thread.start()

    def stop_monitoring(self, timeout: float = 5.0) -> None:
        """End the thread; the metrics stay."""
        self._stop.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)
        self._thread = None

    def poll(self) -> bool:
        """Read what is new in the file, now; whether that told anything."""
        told = False
        with self._lock:
            for line in self._tail.lines():
                told |= self._take(line)
        return told

    def parse_line(self, line: str | bytes) -> dict[str, float]:
        """The metrics in one line (empty for a line that tells none); they are remembered as the latest. Never raises for any line."""
        text = line.decode("utf-8", "replace") if isinstance(line, (bytes, bytearray)) else str(line)
        found: dict[str, float] = {}
        with self._lock:
            for part in text.replace("\r", "\n").split("\n"):
                found |= self._remember(part)
        return found

    def get_latest_metrics(self) -> dict[str, float]:
        """The newest value of every metric (a copy). Besides RAVE's own: step, epoch, total, steps_per_second, eta_seconds."""
        with self._lock:
            return dict(self.metrics)

    def _take(self, line: str) -> bool:
        return bool(self._remember(line)) or bool(self.trouble)

    def _remember(self, line: str) -> dict[str, float]:
        self.lines += 1
        reading = read_line(line)
        if reading.trouble:
            self.trouble = reading.trouble
        if not reading.metrics:
            return {}
        self.understood += 1
        found = self._with_step(reading.metrics)
        kept = {
            tag: value for tag, value in found.items() if tag in self.metrics or len(self.metrics) < MOST_TAGS
        }
        self.metrics.update(kept)
        return kept

    def _with_step(self, found: dict[str, float]) -> dict[str, float]:
        """A bar counts the batches of its epoch, with some versions of Lightning those of the validation too: once a line has told the
        step at the end of an epoch, it is known how many of them are steps.
        """
        epoch, step, batch, total = (found.get(key) for key in ("epoch", "step", "batch", "total"))
        if step is not None:
            if epoch is not None and batch == total:  # also where neither was told
                self._per_epoch = step / (epoch + 1)
        elif epoch is not None and batch is not None and total is not None:
            of = self._per_epoch or total
            return {**found, "step": float(int(epoch * of + min(batch, of)))}
        return found

    def _follow(self, on_metrics: Callable[[dict[str, float]], None] | None, every: float) -> None:
        while True:
            told = self.poll()
            if told and on_metrics is not None:
                on_metrics(self.get_latest_metrics())
            if self._stop.wait(every):
                return


def read_line(line: str) -> Reading:
    """What one line tells; a line that is not understood tells nothing."""
    text = line[:LONGEST_LINE]
    found: dict[str, float] = {}
    bar = _BAR.search(text)
    if bar:
        if bar["epoch"]:  # others count the batches of a validation, or files being copied
            found |= _progress(bar)
        text = text[: bar.start()] + text[bar.end() :]
    said = _GLOBAL_STEP.search(text)
    if said:
        found["step"] = float(said["step"])
        if said["epoch"]:
            found["epoch"] = float(said["epoch"])
    for match in _REACHED.finditer(text):
        _put(found, match["tag"], match["value"])
    row = _ROW.match(text)
    if row:
        _put(found, row["tag"], row["value"])
    else:
        for match in _PAIR.finditer(text):
            if match["sign"] == "=" or _SPOKEN.search(match["tag"]):
                _put(found, match["tag"], match["value"])
    trouble = next((code for code, pattern in _TROUBLE if pattern.search(text)), "")
    return Reading(found, trouble)


def _put(found: dict[str, float], tag: str, text: str) -> None:
    tag = tag.strip("./-")
    number = _number(text)
    if number is not None and tag and tag not in _SILENT and len(found) < MOST_TAGS:
        found[tag] = number


def _progress(bar: re.Match[str]) -> dict[str, float]:
    done, of = int(bar["done"]), int(bar["of"])
    found = {"batch": float(done), "total": float(of)}
    found["epoch"] = float(int(bar["epoch"]))
    rate = _number(bar["rate"] or "")
    if rate is not None and rate > 0:
        found["steps_per_second"] = rate if bar["unit"] == "it/s" else 1.0 / rate
    left = _seconds(bar["left"])
    if left is not None:
        found["eta_seconds"] = left
    return found


def _seconds(clock: str) -> float | None:
    """Seconds of ``01:41`` or ``2:01:41``; None for ``?``."""
    parts = clock.split(":")
    if not all(part.isdigit() for part in parts) or len(parts) > 3:
        return None
    total = 0.0
    for part in parts:
        total = 60 * total + int(part)
    return total


def _number(text: str) -> float | None:
    """A number as Python and Lightning print it (also nan and inf); None for anything else."""
    try:
        number = float(text.rstrip(".,;"))
    except ValueError:
        return None
    return number if not math.isinf(number) or "inf" in text.lower() else None


class _Tail:
    """Whole lines appended to a file since the last look; begins anew when the file was replaced or cut."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._rest = b""
        self._identity: tuple[int, int] | None = None

    def lines(self) -> Iterator[str]:
        """What is new, line by line (a carriage return ends a line, too); nothing for a file that is not there or cannot be read."""
        try:
            with self._path.open("rb") as file:
                status = os.fstat(file.fileno())
                identity = (status.st_dev, status.st_ino)
                if identity != self._identity or status.st_size < self._offset:
                    self._identity, self._offset, self._rest = identity, 0, b""
                file.seek(self._offset)
                while piece := file.read(PIECE):
                    self._offset += len(piece)
                    yield from self._cut(piece)
        except OSError:
            return

    def _cut(self, piece: bytes) -> Iterator[str]:
        *whole, rest = (self._rest + piece).replace(b"\r", b"\n").split(b"\n")
        # A line without an end is looked at once it is long enough to tell all it ever will.
        self._rest = rest if len(rest) <= LONGEST_LINE * 4 else b""
        for line in whole:
            if line:
                yield line[: LONGEST_LINE * 4].decode("utf-8", "replace")
        if rest and not self._rest:
            yield rest[: LONGEST_LINE * 4].decode("utf-8", "replace")
