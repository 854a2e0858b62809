"""The storing half of a build: takes what the decoders deliver in any order and writes it in the files' order."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import IO

import numpy as np

from rave_gui.datasets.messages import Beat, Outcome, Settings, digest, spool_path
from rave_gui.datasets.record import RecordTemplate
from rave_gui.datasets.search import Found, printable
from rave_gui.datasets.sidecar import FileRow, Part, Sidecar
from rave_gui.datasets.store import ChunkStore

COMMIT_SECONDS = 3.0
"""What a killed build loses at most, besides the file it was storing."""
INLINE_LIMIT = 128 << 20
"""Bytes of finished small files kept in memory while an earlier file is still being decoded; more goes to the spool."""


@dataclass
class _Waiting:
    spooled: list[bytes] = field(default_factory=list)
    """Hashes of chunks in the spool file that were not stored yet."""
    outcome: Outcome | None = None


class Intake:
    """Owns the chunk store and the sidecar of a build under way.

    The sidecar's journal (``done``, ``boundary``, ``joining``) says up to which file everything is stored, how many chunks that
    made, and which short files wait to be joined; opening it again drops whatever was written beyond.
    """

    def __init__(self, settings: Settings, files: list[Found], sidecar: Sidecar, store: ChunkStore) -> None:
        self.settings = settings
        self.files = files
        self.sidecar = sidecar
        self.store = store
        self.done_files = int(sidecar.get("done", "0"))
        self.chunks = int(sidecar.get("boundary", "0"))
        store.truncate(self.chunks)
        sidecar.truncate(self.chunks, self.done_files)
        self._boundary = self.chunks
        self._waiting: dict[int, _Waiting] = {}
        self._inline = 0
        self.waiting = 0
        """Bytes decoded ahead of the file that is being stored."""
        self._template = RecordTemplate(settings.channels, settings.chunk, settings.sample_rate)
        self._spool: IO[bytes] | None = None
        self._head_chunks = 0
        self._join = np.zeros((settings.channels, settings.chunk), np.int16)
        self._joined = 0
        self._join_parts: list[Part] = []
        self._join_skip: dict[int, int] = {int(k): v for k, v in json.loads(sidecar.get("joining", "[]"))}
        self._last_joined = int(sidecar.get("last_joined", "-1"))
        if self._last_joined >= 0:
            self._join[:] = store.audio(self._last_joined, settings.channels)
        self.silent = int(sidecar.get("silent", "0"))
        """Chunks with long digital silence."""
        self._committed = time.monotonic()

    def todo(self) -> list[int]:
        """Files to decode, in the order in which :meth:`advance` wants them."""
        return [*sorted(self._join_skip), *range(self.done_files, len(self.files))]

    def receive(self, event: Beat | Outcome) -> None:
        """Take note of what a decoder said."""
        entry = self._waiting.setdefault(event.index, _Waiting())
        entry.spooled += event.spooled
        self.waiting += len(event.spooled) * len(self._template.pcm)
        if isinstance(event, Outcome):
            entry.outcome = event
            self.waiting += len(event.inline)
            if event.inline and self._inline + len(event.inline) > INLINE_LIMIT:
                self._park(entry, event)
            self._inline += len(event.inline) + len(event.short)

    def _park(self, entry: _Waiting, outcome: Outcome) -> None:
        with spool_path(self.settings.spool, outcome.index).open("ab") as file:
            file.write(outcome.inline)
        entry.spooled += outcome.hashes
        outcome.inline, outcome.hashes = b"", []

    def advance(self, index: int) -> Outcome | None:
        """Store what has arrived of the file whose turn it is; its outcome when that file is complete."""
        entry = self._waiting.get(index)
        if entry is None:
            return None
        if entry.outcome is not None and entry.outcome.problem and entry.outcome.problem.code == "disk":
            raise OSError(int(entry.outcome.problem.reason), "the decoder could not write its spool file")
        self._store_spooled(index, entry)
        outcome = entry.outcome
        if outcome is None:
            return None
        self._store_inline(outcome)
        if outcome.short:
            self._store_short(outcome)
        self._inline -= len(outcome.inline) + len(outcome.short)
        self._close_file(outcome)
        del self._waiting[index]
        return outcome

    def _store_spooled(self, index: int, entry: _Waiting) -> None:
        size = len(self._template.pcm)
        while entry.spooled:
            if self._spool is None:
                self._spool = spool_path(self.settings.spool, index).open("rb", buffering=0)
            got = 0
            while got < size:
                n = self._spool.readinto(self._template.pcm[got:])  # type: ignore[attr-defined]
                if not n:
                    raise OSError(5, "the spool file is shorter than announced")
                got += n
            self._store_own(index, entry.spooled.pop(0), self._tail(entry))
            self.waiting -= size

    def _tail(self, entry: _Waiting) -> int:
        """New samples of the chunk at hand when it was filled up (only the very last of a file is), else 0."""
        outcome = entry.outcome
        last = outcome is not None and not entry.spooled and not outcome.hashes
        return outcome.tail if outcome is not None and last else 0

    def _store_inline(self, outcome: Outcome) -> None:
        size = len(self._template.pcm)
        data = memoryview(outcome.inline)
        for i, content in enumerate(outcome.hashes):
            self._template.pcm[:] = data[i * size : (i + 1) * size]
            last = i == len(outcome.hashes) - 1
            self._store_own(outcome.index, content, outcome.tail if last else 0)
        self.waiting -= len(outcome.inline)

    def _store_own(self, index: int, digest: bytes, tail: int) -> None:
        """Store the chunk in the template, all of it from one file; with a tail it ends where the file ends."""
        chunk, start = self.settings.chunk, self._head_chunks * self.settings.chunk
        if not tail:
            parts = [Part(self.chunks, 0, index, start, chunk)]
        elif start:
            parts = [Part(self.chunks, 0, index, start + tail - chunk, chunk)]
        else:
            parts = [Part(self.chunks, at, index, 0, min(tail, chunk - at)) for at in range(0, chunk, tail)]
        self._head_chunks += 1
        self._put(digest, parts)

    def _store_short(self, outcome: Outcome) -> None:
        audio = np.frombuffer(outcome.short, np.int16).reshape(self.settings.channels, -1)
        at = self._join_skip.pop(outcome.index, 0)
        while at < audio.shape[1]:
            n = min(audio.shape[1] - at, self.settings.chunk - self._joined)
            self._join[:, self._joined : self._joined + n] = audio[:, at : at + n]
            self._join_parts.append(Part(self.chunks, self._joined, outcome.index, at, n))
            self._joined += n
            at += n
            if self._joined == self.settings.chunk:
                self._put_joined()

    def _put_joined(self) -> None:
        self._template.pcm[:] = self._join.data.cast("B")
        # Chunks of long files may have been stored since the first part was noted: the number is known only now.
        parts = [Part(self.chunks, p.position, p.file, p.start, p.length) for p in self._join_parts]
        self._joined, self._join_parts, self._last_joined = 0, [], self.chunks
        self._put(digest(self._template.pcm), parts)

    def finish_joined(self) -> None:
        """After the last file: the joined chunk that is not full is filled up with joined sound, or dropped when tails are."""
        rest, chunk = self._joined, self.settings.chunk
        if not rest or self.settings.tails != "pad":
            return
        if self._last_joined >= 0:
            # Behind what is new the buffer still holds the end of the joined chunk before.
            self._join[:] = np.roll(self._join, -rest, axis=1)
            kept = [
                Part(0, max(0, part.position - rest), part.file, part.start + max(0, rest - part.position),
                     part.length - max(0, rest - part.position))
                for part in self.sidecar.parts(self._last_joined)
                if part.position + part.length > rest
            ]  # fmt: skip
            new = [Part(0, p.position + chunk - rest, p.file, p.start, p.length) for p in self._join_parts]
            if (
                kept
                and new
                and (kept[-1].file, kept[-1].start + kept[-1].length) == (new[0].file, new[0].start)
            ):
                last = kept.pop()
                new[0] = Part(0, last.position, last.file, last.start, last.length + new[0].length)
            self._join_parts = kept + new
        else:
            for channel in self._join:
                channel[:] = np.resize(channel[:rest], chunk)
            self._join_parts = [
                Part(0, at + p.position, p.file, p.start, min(p.length, chunk - at - p.position))
                for at in range(0, chunk, rest)
                for p in self._join_parts
                if at + p.position < chunk
            ]
        self._put_joined()

    def _put(self, digest: bytes, parts: list[Part]) -> None:
        full = self.store.put(self.chunks, self._template.buffer)
        self.sidecar.add_chunk(self.chunks, digest, parts)
        self.chunks += 1
        if full:
            self.store.commit()
        if time.monotonic() - self._committed > COMMIT_SECONDS:
            self.commit()

    def _close_file(self, outcome: Outcome) -> None:
        index, problem = outcome.index, outcome.problem
        if self._spool is not None:
            self._spool.close()
            self._spool = None
        spool_path(self.settings.spool, index).unlink(missing_ok=True)
        file = self.files[index]
        self.sidecar.add_file(
            FileRow(
                index,
                printable(file.path),
                printable(file.root),
                file.size,
                file.mtime_ns,
                outcome.samples / self.settings.sample_rate,
                0.0,
                outcome.source_rate,
                outcome.source_channels,
                outcome.codec,
                problem.code if problem else "",
                problem.reason if problem else "",
            )
        )
        self._head_chunks = 0
        self.done_files = max(self.done_files, index + 1)
        self._boundary = self.chunks
        joining = [[p.file, p.start] for p in self._join_parts] + [[k, v] for k, v in self._join_skip.items()]
        self.sidecar.set("done", str(self.done_files))
        self.sidecar.set("boundary", str(self._boundary))
        self.sidecar.set("joining", json.dumps(joining))
        self.sidecar.set("last_joined", str(self._last_joined))
        self.silent += outcome.silent
        self.sidecar.set("silent", str(self.silent))

    def commit(self) -> None:
        """Chunks first, then the journal that vouches for them."""
        self.store.commit()
        self.sidecar.commit()
        self._committed = time.monotonic()

    def close(self) -> tuple[float, float]:
        """Everything to disk; seconds of sound in chunks, and seconds decoded that are in none."""
        usable, lost = self.sidecar.account(self.settings.sample_rate)
        self.store.finish()
        self.sidecar.commit(durable=True)
        self.sidecar.close()
        return usable, lost

    def abort(self) -> None:
        """Keep what is complete, close. Safe to call after :meth:`close`."""
        if self._spool is not None:
            self._spool.close()
        self.store.abort()
        self.sidecar.close()
