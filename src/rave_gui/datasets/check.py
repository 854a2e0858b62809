"""Is a dataset whole? Every record is read and compared with what RAVE expects, with metadata.yaml and with the sidecar.

Nothing that is wrong with a file can stop the check: pages are read with every number in them doubted (:mod:`rave_gui.datasets.mdb`).
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rave_gui.datasets import record
from rave_gui.datasets.index import key_number
from rave_gui.datasets.mdb import DamagedError, Entry, MdbFile
from rave_gui.datasets.origins import Origins
from rave_gui.datasets.record import BadRecordError
from rave_gui.datasets.sidecar import FILE_NAME
from rave_gui.errors import UserError
from rave_gui.i18n import tr, trn
from rave_protocol.codec import decode, encode

MAX_LISTED = 1000
"""Problems listed one by one; the counts are of all."""
_FLOAT_TYPES: dict[int, npt.DTypeLike] = {0: np.float16, 1: np.float32, 2: np.float64}
ERRORS = frozenset(
    {
        "not-a-database", "truncated", "damaged-page", "count", "bad-key", "bad-record", "bad-length", "not-16-bit", "not-finite",
        "changed", "no-metadata", "bad-metadata", "empty", "bad-sidecar", "missing-recording",
    }
)  # fmt: skip
"""Codes that make a dataset unsound; the others (``silent``, ``duplicate``, ``key-gap``, ``sample-rate``, ``length-differs``) are worth knowing and RAVE can live with them."""


@dataclass(frozen=True)
class Problem:
    """Something wrong. ``index`` is the chunk's place in key order, None when it concerns the whole."""

    code: str
    message: str
    index: int | None = None
    key: str = ""

    @property
    def serious(self) -> bool:
        """Whether it makes the dataset unsound."""
        return self.code in ERRORS


@dataclass(frozen=True)
class Report:
    """What a check found."""

    path: str
    sound: bool
    repairable: bool
    """Whether a repaired copy would hold something."""
    chunks: int
    """Records the database says it holds."""
    records: int
    """Records that are whole."""
    seconds: float
    size: int
    """Bytes of the database."""
    samples: int
    """Samples of a chunk (the usual length)."""
    duplicates: int
    """Chunks that are equal to an earlier one."""
    counts: dict[str, int]
    problems: list[Problem]
    elapsed: float
    summary: str
    """One sentence."""

    def to_json(self) -> dict[str, Any]:
        """For ``--json`` and for a job's result."""
        data: dict[str, Any] = encode(self)
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Report:
        """The other way. Raises :class:`ProtocolError`."""
        found: Report = decode(cls, data)
        return found


@dataclass(frozen=True)
class Parsed:
    """One record as far as it can be understood."""

    samples: int = 0
    """Per channel; 0 for a lazy record."""
    sample_rate: int = 0
    pcm: bytes = b""
    """int16, channel after channel (floats are converted)."""
    problem: str = ""
    """Code, empty for a record that is whole."""
    message: str = ""
    recording: str = ""
    """Path that a lazy record names."""
    relative: str = ""
    """The same as seen from the dataset's folder: what was moved together is found by it."""
    shape: tuple[int, ...] = ()


def parse(value: bytes, channels: int) -> Parsed:
    """Look at one stored value. Never raises."""
    try:
        example = record.message(value)
    except BadRecordError as error:
        return Parsed(problem="bad-record", message=str(error))
    if record.WAVEFORM not in example.buffers:
        if "path" in example.metadata:
            nearby = example.metadata["relative"] if "relative" in example.metadata else ""  # noqa: SIM401 - a map of protobuf
            return Parsed(recording=example.metadata["path"], relative=nearby)
        return Parsed(problem="bad-record", message=tr("the record holds no sound"))
    buffer = example.buffers[record.WAVEFORM]
    rate, data, shape = int(buffer.sampling_rate), bytes(buffer.data), tuple(buffer.shape)
    code = message = ""
    if buffer.precision in _FLOAT_TYPES:
        kind = np.dtype(_FLOAT_TYPES[buffer.precision])
        if not data or len(data) % (kind.itemsize * channels):
            return Parsed(problem="bad-record", message=tr("the record's length does not fit its channels"))
        floats = np.frombuffer(data, kind).astype(np.float64)
        code, message = "not-16-bit", tr("the samples are floating point, and RAVE reads 16-bit samples only")
        if not np.isfinite(floats).all():
            code, message = "not-finite", tr("some samples are not numbers (NaN or infinite)")
            floats = np.nan_to_num(floats, nan=0.0, posinf=1.0, neginf=-1.0)
        data = np.round(np.clip(floats, -1, 1) * 32767).astype(np.int16).tobytes()
    elif buffer.precision != record.INT16:
        return Parsed(problem="bad-record", message=tr("the samples are not 16-bit"))
    if not data or len(data) % (2 * channels):
        return Parsed(
            problem="bad-record",
            message=tr(
                "{size} bytes do not divide into {channels} channels of 16-bit samples",
                size=len(data),
                channels=channels,
            ),
        )
    return Parsed(len(data) // (2 * channels), rate, data, code, message, shape=shape)


@dataclass(frozen=True)
class Described:
    """metadata.yaml as far as it is there."""

    values: dict[str, Any]
    channels: int
    sample_rate: int
    lazy: bool
    problems: list[Problem] = field(default_factory=list)


def describe(dataset: Path) -> Described:
    """Read metadata.yaml. Never raises; what is wrong is among the problems, and usual values stand in."""
    import yaml

    try:
        values = yaml.safe_load((dataset / "metadata.yaml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        missing = Problem(
            "no-metadata", tr("metadata.yaml is missing: RAVE cannot open the dataset without it.")
        )
        return Described({}, 1, 44100, False, [missing])
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        return Described({}, 1, 44100, False, [_bad_metadata(str(error))])
    if not isinstance(values, dict):
        return Described({}, 1, 44100, False, [_bad_metadata(tr("it holds no entries"))])
    problems = []
    numbers = {"channels": 1, "sr": 44100}
    for name, usual in numbers.items():
        value = values.get(name, usual)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 1:
            problems.append(_bad_metadata(tr("{name} is {value}", name=name, value=value)))
        else:
            numbers[name] = int(value)
    if "lazy" not in values:
        problems.append(_bad_metadata(tr("it does not say whether the dataset is lazy, and RAVE asks")))
    return Described(values, numbers["channels"], numbers["sr"], bool(values.get("lazy", False)), problems)


def _bad_metadata(reason: str) -> Problem:
    return Problem("bad-metadata", tr("metadata.yaml cannot be used: {reason}.", reason=reason))


class _Findings:
    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.problems: list[Problem] = []

    def add(self, problem: Problem) -> None:
        self.counts[problem.code] += 1
        if len(self.problems) < MAX_LISTED:
            self.problems.append(problem)

    def whole(self, code: str, message: str) -> None:
        self.add(Problem(code, message))


def check(
    dataset: Path,
    *,
    on_progress: Callable[[float, float, str], None] = lambda *_: None,
    check_cancel: Callable[[], None] = lambda: None,
) -> Report:
    """Read everything and say what is wrong. Writes nothing.

    Raises :class:`UserError` (``not-found``, ``not-a-dataset``) only where there is no database at all.
    """
    begun = time.monotonic()
    data = dataset / "data.mdb"
    if not data.is_file():
        raise UserError(
            tr("There is no dataset at {path}: it holds no data.mdb.", path=dataset),
            tr("Check the path."),
            code="not-a-dataset" if dataset.exists() else "not-found",
        )
    found = _Findings()
    described = describe(dataset)
    for problem in described.problems:
        found.add(problem)
    size = data.stat().st_size
    try:
        file = MdbFile(data)
    except DamagedError as error:
        found.whole("not-a-database", tr("data.mdb is no database any more: {reason}.", reason=error))
        return _report(dataset, found, described, _Tally(0), chunks=0, size=size, begun=begun)
    with file, Origins(dataset) as origins:
        tally = _records(file, origins, described, found, on_progress=on_progress, check_cancel=check_cancel)
        _structure(dataset, file, origins, found, tally, lazy=described.lazy)
        _lengths(found, tally)
        _duplicates(found, tally)
        _facts(described, found, tally)
        return _report(dataset, found, described, tally, chunks=file.entries, size=size, begun=begun)


class _Tally:
    """What is remembered of every record, in arrays: a million of them take 20 MB."""

    def __init__(self, count: int) -> None:
        self.samples = np.zeros(count, np.int32)
        self.hashes = np.zeros(count, np.uint64)
        self.whole = np.zeros(count, bool)
        self.keys = np.full(count, -1, np.int64)
        self.rates: Counter[int] = Counter()
        self.seen = 0
        self.damage: list[str] = []

    def usual(self) -> int:
        """The length that most chunks have."""
        lengths = self.samples[: self.seen][self.samples[: self.seen] > 0]
        if not lengths.size:
            return 0
        values, counts = np.unique(lengths, return_counts=True)
        return int(values[counts.argmax()])


def _records(
    file: MdbFile,
    origins: Origins,
    described: Described,
    found: _Findings,
    *,
    on_progress: Callable[[float, float, str], None],
    check_cancel: Callable[[], None],
) -> _Tally:
    # A damaged head may promise any number of records; the file cannot hold more than its pages could.
    limit = min(file.entries, file.file_size // 16)
    tally = _Tally(limit)
    batch: list[Entry] = []

    def look() -> None:
        check_cancel()
        hashes = origins.hashes([key_number(entry.key) for entry in batch])
        for entry in batch:
            _record(file, entry, described=described, hashes=hashes, found=found, tally=tally)
        batch.clear()
        on_progress(min(tally.seen, limit), max(1, limit), "chunks")

    for entry in file.walk(tally.damage.append):
        if tally.seen + len(batch) >= limit:
            tally.damage.append(tr("there are more records than the database counts"))
            break
        batch.append(entry)
        if len(batch) >= 64:
            look()
    look()
    return tally


def _record(
    file: MdbFile,
    entry: Entry,
    *,
    described: Described,
    hashes: dict[int, bytes],
    found: _Findings,
    tally: _Tally,
) -> None:
    index = tally.seen
    tally.seen += 1
    name = entry.key.decode("ascii", "backslashreplace")
    number = key_number(entry.key)
    tally.keys[index] = number

    def bad(code: str, message: str) -> None:
        text = tr("Chunk {index}: {reason}.", index=index, reason=message)
        found.add(Problem(code, text, index, name))

    try:
        value = file.value(entry)
    except DamagedError as error:
        bad("bad-record", str(error))
        return
    parsed = parse(value, described.channels)
    if parsed.problem:
        bad(parsed.problem, parsed.message)
        return
    if number < 0:
        bad("bad-key", tr("its key is not a number ({key})", key=name))
    if parsed.recording:
        nearby = bool(parsed.relative) and (file.path.parent / parsed.relative).is_file()
        tally.whole[index] = nearby or Path(parsed.recording).is_file()
        if not tally.whole[index]:
            bad("missing-recording", tr("the recording {path} is not there", path=parsed.recording))
        return
    tally.samples[index] = parsed.samples
    tally.rates[parsed.sample_rate] += 1
    digest = hashlib.sha1(parsed.pcm, usedforsecurity=False).digest()
    tally.hashes[index] = np.frombuffer(digest[:8], np.uint64)[0]
    known = hashes.get(number)
    if known is not None and bytes(known) != digest:
        bad("changed", tr("it is not what was stored when the dataset was built"))
        return
    tally.whole[index] = True
    if not any(parsed.pcm):
        bad("silent", tr("it is silent from end to end"))


def _structure(
    dataset: Path, file: MdbFile, origins: Origins, found: _Findings, tally: _Tally, *, lazy: bool
) -> None:
    for message in tally.damage:
        found.whole("damaged-page", tr("The database is damaged: {reason}.", reason=message))
    if file.missing_bytes and (tally.damage or found.counts["bad-record"] or tally.seen < file.entries):
        found.whole(
            "truncated",
            tr(
                "The file is cut off: {missing} MB are missing at its end.",
                missing=f"{file.missing_bytes / 1e6:,.1f}",
            ),
        )
    if tally.seen != file.entries:
        found.whole(
            "count",
            tr(
                "The database counts {said} chunks, {found} can be reached.",
                said=file.entries,
                found=tally.seen,
            ),
        )
    if not file.entries:
        found.whole("empty", tr("The dataset holds no chunks."))
    keys = tally.keys[: tally.seen]
    gaps = int(keys.max(initial=-1)) + 1 - int((keys >= 0).sum()) if tally.seen else 0
    if gaps > 0:
        found.whole(
            "key-gap",
            trn(
                "{n} chunk number is missing; RAVE does not mind.",
                "{n} chunk numbers are missing; RAVE does not mind.",
                gaps,
            ),
        )
    recorded = (
        tally.seen if lazy else len(origins.all_hashes()[0])
    )  # a lazy one has a record for each recording
    if (dataset / FILE_NAME).is_file() and not origins.known:
        found.whole(
            "bad-sidecar", tr("{name} is damaged: where chunks came from is not known.", name=FILE_NAME)
        )
    elif origins.known and recorded != tally.seen:
        found.whole(
            "count",
            tr("{recorded} chunks were stored, {found} are there.", recorded=recorded, found=tally.seen),
        )


def _lengths(found: _Findings, tally: _Tally) -> None:
    usual = tally.usual()
    samples = tally.samples[: tally.seen]
    for index in np.flatnonzero((samples != usual) & (samples > 0)):
        tally.whole[index] = False
        text = tr(
            "Chunk {index} has {samples} samples, others {usual}.",
            index=int(index),
            samples=int(samples[index]),
            usual=usual,
        )
        found.add(Problem("bad-length", text, int(index), f"{int(tally.keys[index]):08d}"))


def _duplicates(found: _Findings, tally: _Tally) -> None:
    whole = np.flatnonzero(tally.samples[: tally.seen] > 0)
    hashes = tally.hashes[whole]
    order = np.argsort(hashes, kind="stable")
    same = np.flatnonzero(hashes[order][1:] == hashes[order][:-1]) + 1
    for place in same:
        index, first = int(whole[order[place]]), int(whole[order[place - 1]])
        text = tr("Chunk {index} is equal to chunk {other}.", index=index, other=first)
        found.add(Problem("duplicate", text, index, f"{int(tally.keys[index]):08d}"))


def _facts(described: Described, found: _Findings, tally: _Tally) -> None:
    usual = tally.usual()
    if described.lazy or not usual or described.problems:
        return
    others = {rate: count for rate, count in tally.rates.items() if rate not in (0, described.sample_rate)}
    for rate, count in sorted(others.items()):
        found.whole(
            "sample-rate",
            trn(
                "{n} chunk says {rate} Hz, metadata.yaml says {said} Hz.",
                "{n} chunks say {rate} Hz, metadata.yaml says {said} Hz.",
                count,
                rate=rate,
                said=described.sample_rate,
            ),
        )
    said = described.values.get("num_signal")
    if isinstance(said, int) and 2 * said != usual:
        found.whole(
            "bad-metadata",
            tr(
                "metadata.yaml says num_signal is {said}, the chunks hold 2 × {found} samples.",
                said=said,
                found=usual // 2,
            ),
        )
    seconds = described.values.get("n_seconds")
    actual = float(tally.samples.sum(dtype=np.int64)) / described.sample_rate
    # Upstream counts seconds of examples, half the length of the stored chunks.
    if isinstance(seconds, (int, float)) and not any(
        abs(float(seconds) - expected) <= max(1.0, 0.02 * expected) for expected in (actual, actual / 2)
    ):
        found.whole(
            "length-differs",
            tr(
                "metadata.yaml says {said} s, the chunks last {found} s.",
                said=f"{float(seconds):.0f}",
                found=f"{actual:.0f}",
            ),
        )


def _report(
    dataset: Path,
    found: _Findings,
    described: Described,
    tally: _Tally,
    *,
    chunks: int,
    size: int,
    begun: float,
) -> Report:
    whole = int(tally.whole.sum())
    errors = sum(count for code, count in found.counts.items() if code in ERRORS)
    if errors:
        summary = trn(
            "{n} fault was found; {whole} of {chunks} chunks are whole.",
            "{n} faults were found; {whole} of {chunks} chunks are whole.",
            errors,
            whole=f"{whole:,}",
            chunks=f"{chunks:,}",
        )
    elif found.counts:
        summary = trn(
            "The one chunk is whole; some things are worth knowing.",
            "All {n} chunks are whole; some things are worth knowing.",
            chunks,
        )
    else:
        summary = trn("The one chunk is whole.", "All {n} chunks are whole.", chunks)
    return Report(
        path=str(dataset),
        sound=not errors,
        repairable=bool(whole or tally.seen or (chunks and size > 1 << 14)),
        chunks=chunks,
        records=whole,
        seconds=float(tally.samples[: tally.seen].sum(dtype=np.int64)) / described.sample_rate,
        size=size,
        samples=tally.usual(),
        duplicates=found.counts["duplicate"],
        counts=dict(sorted(found.counts.items())),
        problems=found.problems,
        elapsed=time.monotonic() - begun,
        summary=summary,
    )
