"""The project's datasets as the list shows them: what is on disk, with the progress of what is being made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rave_gui.i18n import tr, trn
from rave_gui.viewmodels.jobs import ACTIVE, Row, fraction

if TYPE_CHECKING:
    from rave_gui.workspace.listing import DatasetRow

State = Literal["ready", "building", "failed", "missing", "broken"]
BUILDS = ("dataset", "dataset-append")
"""Kinds of job that make a dataset, or make more of it."""


@dataclass(frozen=True)
class Entry:
    """One row of the list."""

    name: str
    path: Path
    state: State = "ready"
    chunks: int = 0
    usable: float = 0.0
    """Seconds of all chunks."""
    lost: float | None = None
    """Seconds that are in no chunk; None where nothing was recorded."""
    channels: int = 0
    sample_rate: int = 0
    num_signal: int = 0
    lazy: bool = False
    size: int = 0
    """Bytes on disk."""
    created: float = 0.0
    tags: tuple[str, ...] = ()
    category: str = ""
    note: str = ""
    adopted: bool = False
    job: str = ""
    """The job that makes it or adds to it, while it is at work or when it came to no good end."""
    job_state: str = ""
    share: float | None = None
    """How far that job is, 0 to 1."""
    error: str = ""
    problems: int = 0
    """Recordings that could not be used, or not whole."""

    @property
    def usable_now(self) -> bool:
        """Whether it can be opened, trained on, copied."""
        return self.state == "ready" and self.chunks > 0


@dataclass
class Library:
    """The rows, and the words for all of them together."""

    entries: list[Entry] = field(default_factory=list)
    loaded: bool = False

    def get(self, name: str) -> Entry | None:
        """A row by its name."""
        return next((entry for entry in self.entries if entry.name == name), None)

    @property
    def tags(self) -> list[str]:
        """Every tag in use, in alphabetical order."""
        return sorted({tag for entry in self.entries for tag in entry.tags}, key=str.casefold)

    @property
    def categories(self) -> list[str]:
        """Every category in use, in alphabetical order."""
        return sorted({entry.category for entry in self.entries if entry.category}, key=str.casefold)

    def summary(self) -> tuple[int, float, int]:
        """Datasets that can be used, seconds and bytes of them together."""
        ready = [entry for entry in self.entries if entry.usable_now]
        return len(ready), sum(entry.usable for entry in ready), sum(entry.size for entry in ready)


def merge(rows: Iterable[DatasetRow], jobs: Sequence[Row]) -> list[Entry]:
    """Rows of the project with the newest state of their jobs. A dataset whose job was cancelled before it made anything is left out."""
    newest: dict[str, Row] = {}
    for job in jobs:  # newest first
        if job.kind in BUILDS:
            newest.setdefault(job_target(job), job)
    by_id = {job.id: job for job in jobs}
    found = []
    for row in rows:
        entry = _entry(row, newest.get(str(row.path)) or by_id.get(row.job or ""))
        if entry is not None:
            found.append(entry)
    return found


def renamed_to(entry: Entry, before: Sequence[Entry], now: Sequence[Entry]) -> Entry | None:
    """The entry that a dataset gone from the list has become: a new name, with the time at which it was made (a copy has its own)."""
    known = {one.name for one in before}
    found = [
        one for one in now if one.name not in known and (one.created, one.lazy) == (entry.created, entry.lazy)
    ]
    return found[0] if len(found) == 1 else None


def job_target(job: Row) -> str:
    """Path of the dataset a job works at."""
    params: dict[str, Any] = getattr(job, "params", {})
    return str(params.get("output") or params.get("dataset") or "")


def _entry(row: DatasetRow, job: Row | None) -> Entry | None:
    job_state = job.state if job is not None else row.state or ""
    building = job_state in ACTIVE
    made = bool(row.chunks)
    state: State = "ready"
    error = ""
    if building and not made:
        state = "building"
    elif made:
        state = "ready"
    elif row.missing and job_state == "cancelled":
        return None
    elif job_state in ("failed", "interrupted"):
        state = "failed"
        error = row.error or str(((job.error if job else None) or {}).get("message", ""))
    elif row.missing:
        state = "missing"
    else:
        state = "broken"
        error = row.error
    share = fraction(job) if job is not None and building else None
    stuck = job is not None and job.kind in BUILDS and job_state in ("failed", "interrupted")
    shown = building or state == "failed" or stuck
    if stuck and made and job is not None:
        error = str((job.error or {}).get("message", "")) or job.reason
    return Entry(
        row.name,
        row.path,
        state,
        row.chunks,
        row.seconds_usable,
        row.seconds_lost,
        row.channels,
        row.sample_rate,
        row.num_signal,
        row.lazy,
        row.bytes,
        row.created,
        tuple(row.tags),
        str(row.info.get("category") or ""),
        row.note,
        row.adopted,
        (job.id if job is not None else row.job or "") if shown else "",
        job_state if shown else "",
        share,
        error,
        row.problems,
    )


def channels_text(count: int) -> str:
    """Mono, stereo or a count."""
    if count == 1:
        return tr("Mono")
    return tr("Stereo") if count == 2 else trn("{n} channel", "{n} channels", count)


def rate_text(rate: float) -> str:
    """A sample rate: 44.1 kHz."""
    return tr("{rate} kHz", rate=f"{rate / 1000:.6g}") if rate else ""


def length_text(seconds: float) -> str:
    """A length of sound: 1:02:03 h, 4:05 min, 8.3 s."""
    if seconds < 60:
        return tr("{s} s", s=f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}")
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return tr("{time} h", time=f"{hours}:{minutes:02d}:{rest:02d}")
    return tr("{time} min", time=f"{minutes}:{rest:02d}")


def level_text(db: float | None) -> str:
    """A level in dB; digital silence is minus infinity."""
    if db is None:
        return ""
    return tr("{db} dB", db=f"{db:.1f}") if db > -144 else tr("silence")


def example_text(num_signal: int, rate: int) -> str:
    """Length of a training example in samples and in time."""
    if not num_signal:
        return ""
    return tr(
        "{samples} samples ({time})",
        samples=f"{num_signal:,}",
        time=length_text(num_signal / rate) if rate else "–",
    )
