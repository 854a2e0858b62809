"""A repaired copy of a damaged dataset: what is whole is kept, what can be put right is, and everything that went is named."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rave_gui.datasets import check, record
from rave_gui.datasets.copying import (
    Cancel,
    Progress,
    aside,
    carry,
    write_metadata,
    write_records,
    write_sidecar,
)
from rave_gui.datasets.index import key_number
from rave_gui.datasets.mdb import DamagedError, Entry, MdbFile
from rave_gui.datasets.origins import Origins
from rave_gui.datasets.sidecar import Sidecar
from rave_gui.errors import UserError
from rave_gui.i18n import tr, trn

MAX_LISTED = 1000


class _Repair:
    def __init__(self, dataset: Path, file: MdbFile, origins: Origins, described: check.Described) -> None:
        self.dataset = dataset
        self.file = file
        self.origins = origins
        self.described = described
        self.channels = described.channels
        self.rebuilt: list[str] = []
        self.dropped: list[dict[str, str]] = []
        self.dropped_total = 0
        self.recovered = 0
        self.converted = 0
        self.kept = 0
        self.identified: set[int] = set()
        self.unknown: dict[int, bytes] = {}
        """Chunks of the copy that the sidecar does not know, with the hash of their samples."""
        self._by_hash: dict[bytes, int] | None = None

    def drop(self, name: str, code: str, reason: str) -> None:
        self.dropped_total += 1
        if len(self.dropped) < MAX_LISTED:
            self.dropped.append({"key": name, "code": code, "reason": reason})

    def entries(self, check_cancel: Cancel) -> dict[int, Entry]:
        """The records to take, by number. Those the tree leads to come first; where it is damaged, the file is searched as well."""
        damage: list[str] = []
        found: dict[int, Entry] = {}
        spare = -1
        count = 0
        for entry in self.file.walk(damage.append):
            number = key_number(entry.key)
            count += 1
            if number < 0 or number in found:
                # Such a record is kept behind all others under a new number.
                spare -= 1
                number = spare
            found[number] = entry
        if damage or count != self.file.entries or self.file.missing_bytes or self.file.older:
            for entry in self.file.salvage(check_cancel):
                number = key_number(entry.key)
                if number >= 0 and number not in found and self._is_whole(entry, number):
                    found[number] = entry
                    self.recovered += 1
        return dict(sorted(found.items(), key=lambda item: (item[0] < 0, abs(item[0]))))

    def _is_whole(self, entry: Entry, number: int) -> bool:
        try:
            if not self.file.is_sound_overflow(entry):
                return False
            parsed = check.parse(self.file.value(entry), self.channels)
        except DamagedError:
            return False
        known = self.origins.hashes([number]).get(number)
        if known is not None:
            return _sha1(parsed.pcm) == bytes(known)
        return not parsed.problem

    def learn(self, entries: dict[int, Entry]) -> int:
        """Channels where metadata.yaml does not tell, and the usual length of a chunk (samples); 0 in a lazy dataset."""
        lengths: Counter[int] = Counter()
        shapes: Counter[int] = Counter()
        for entry in list(entries.values())[:: max(1, len(entries) // 500)]:
            try:
                parsed = check.parse(self.file.value(entry), self.channels)
            except DamagedError:
                continue
            if parsed.samples:
                lengths[parsed.samples] += 1
                if len(parsed.shape) == 2 and parsed.shape[0] > 0:
                    shapes[parsed.shape[0]] += 1
        if self.described.problems and shapes and "channels" not in self.described.values:
            channels = shapes.most_common(1)[0][0]
            if channels != self.channels:
                self.channels = channels
                return self.learn(entries)
        return lengths.most_common(1)[0][0] if lengths else 0

    def identify(self, number: int, pcm: bytes, taken: dict[int, Entry]) -> int:
        """The number under which the sidecar knows a record: its own, or where the key is damaged that of its content, else -1."""
        if not self.origins.known or self.origins.hashes([number]):
            return number
        if self._by_hash is None:
            keys, hashes = self.origins.all_hashes()
            self._by_hash = {
                bytes(value): int(key) for key, value in zip(keys, hashes.view("V20"), strict=True)
            }
        found = self._by_hash.get(_sha1(pcm), -1)
        return -1 if found in taken or found in self.identified else found

    def value(
        self, number: int, entry: Entry, usual: int, taken: dict[int, Entry]
    ) -> tuple[int, bytes] | None:
        """The record to store and the number the sidecar knows it by (-1: none), or None when it is left out."""
        name = entry.key.decode("ascii", "backslashreplace")
        try:
            value = self.file.value(entry)
        except DamagedError as error:
            self.drop(name, "bad-record", str(error))
            return None
        parsed = check.parse(value, self.channels)
        if parsed.problem in ("bad-record", "not-finite"):
            self.drop(name, parsed.problem, parsed.message)
            return None
        if parsed.recording:
            return number, value
        if parsed.samples != usual:
            reason = tr("it has {samples} samples, others {usual}", samples=parsed.samples, usual=usual)
            self.drop(name, "bad-length", reason)
            return None
        number = self.identify(number, parsed.pcm, taken)
        self.identified.add(number)
        known = self.origins.hashes([number]).get(number) if number >= 0 else None
        if known is not None and _sha1(parsed.pcm) != bytes(known):
            self.drop(name, "changed", tr("it is not what was stored when the dataset was built"))
            return None
        if parsed.problem == "not-16-bit":
            self.converted += 1
            value = record.encode(parsed.pcm, self.channels, parsed.sample_rate or self.described.sample_rate)
        if number < 0:
            self.unknown[self.kept] = _sha1(parsed.pcm)
        self.kept += 1
        return number, value

    def metadata(self, chunks: int, usual: int, rate: int) -> dict[str, Any]:
        """metadata.yaml for the copy."""
        if self.described.problems:
            self.rebuilt.append("metadata.yaml")
        seconds = chunks * usual / rate
        values = {"lazy": self.described.lazy, **self.described.values, "channels": self.channels, "sr": rate}
        if usual:
            values |= {"n_seconds": seconds, "num_signal": usual // 2}
        return values


def _sha1(pcm: bytes) -> bytes:
    return hashlib.sha1(pcm, usedforsecurity=False).digest()


def repair(
    dataset: Path,
    output: Path,
    *,
    on_progress: Progress = lambda *_: None,
    check_cancel: Cancel = lambda: None,
) -> dict[str, Any]:
    """Write a sound copy of ``dataset``; the original is never touched.

    Returns ``path``, ``chunks``, ``dropped`` (list of key, code, reason; at most 1000), ``dropped_total``, ``recovered`` (records that
    the damaged tree no longer led to), ``converted`` (from floating point), ``rebuilt`` (files that were made anew), ``summary``.

    Raises :class:`UserError` (``not-a-dataset``, ``nothing-left``, and as :func:`copying.aside` does).
    """
    data = dataset / "data.mdb"
    try:
        file = MdbFile(data)
    except (OSError, DamagedError) as error:
        raise UserError(
            tr("Nothing can be saved from {path}: {reason}.", path=dataset, reason=error),
            tr("Restore it from a backup, or build the dataset again from the recordings."),
            code="not-a-dataset",
        ) from None
    with file, Origins(dataset) as origins:
        described = check.describe(dataset)
        work = _Repair(dataset, file, origins, described)
        rate = _from_sidecar(dataset, work) or described.sample_rate
        entries = work.entries(check_cancel)
        usual = work.learn(entries)

        def records() -> Iterator[tuple[int, bytes]]:
            for done, (number, entry) in enumerate(entries.items(), 1):
                check_cancel()
                kept = work.value(number, entry, usual, entries)
                on_progress(done, len(entries), "chunks")
                if kept is not None:
                    yield kept

        with aside(output, min(data.stat().st_size, file.file_size)) as folder:
            numbers = write_records(folder, records())
            if not numbers:
                raise UserError(
                    tr("Not one whole chunk was found in {path}.", path=dataset),
                    tr("Restore it from a backup, or build the dataset again from the recordings."),
                    code="nothing-left",
                )
            if not write_sidecar(dataset, folder, numbers, rate, work.unknown) and origins.known:
                work.rebuilt.append("sources.sqlite")
            carry(dataset, folder, numbers)
            write_metadata(folder, work.metadata(len(numbers), usual, rate))
        promised = max(0, file.entries - len(entries)) if file.entries < 1 << 40 else 0
        return {
            "path": str(output),
            "chunks": len(numbers),
            "dropped": work.dropped,
            "dropped_total": work.dropped_total,
            "lost": promised,
            "recovered": work.recovered,
            "converted": work.converted,
            "rebuilt": work.rebuilt,
            "summary": _summary(len(numbers), work, promised),
        }


def _from_sidecar(dataset: Path, work: _Repair) -> int:
    """Sample rate from the sidecar where metadata.yaml is of no use (0: not known); the channels go to ``work``."""
    if not work.described.problems or not work.origins.known:
        return 0
    with_sidecar = Sidecar(dataset / "sources.sqlite", read_only=True)
    try:
        params = json.loads(with_sidecar.get("params", "{}"))
    except ValueError:
        return 0
    finally:
        with_sidecar.close()
    if not isinstance(params, dict):
        return 0
    channels, rate = params.get("channels"), params.get("sample_rate")
    if isinstance(channels, int) and channels > 0:
        work.channels = channels
    return rate if isinstance(rate, int) else 0


def _summary(chunks: int, work: _Repair, promised: int) -> str:
    gone = work.dropped_total + promised
    kept = trn("{n} chunk was kept", "{n} chunks were kept", chunks)
    parts = [kept]
    if work.recovered:
        parts.append(trn("{n} of them found again", "{n} of them found again", work.recovered))
    if gone:
        parts.append(trn("{n} could not be saved", "{n} could not be saved", gone))
    if work.rebuilt:
        parts.append(tr("made anew: {files}", files=", ".join(work.rebuilt)))
    return tr("{parts}.", parts="; ".join(parts))
