"""The storing half of a build: takes what the decoders deliver in any order and writes it in the files' order."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import IO

import numpy as np

from rave_gui.datasets.messages import Beat, Outcome, Piece, Settings, Short, digest, has_silence, spool_path
from rave_gui.datasets.record import RecordTemplate
from rave_gui.datasets.search import Found, printable
from rave_gui.datasets.segments import cut
from rave_gui.datasets.sidecar import FileRow, Part, Sidecar
from rave_gui.datasets.slots import Taker
from rave_gui.datasets.store import ChunkStore

COMMIT_SECONDS = 3.0
"""What a killed build loses at most."""
INLINE_LIMIT = 128 << 20
"""Bytes of finished small files kept in memory while an earlier file is still being decoded; more goes to the spool."""


@dataclass
class _Waiting:
    spooled: list[Piece] = field(default_factory=list)
    """Chunks in shared memory or the spool file that were not stored yet."""
    outcome: Outcome | None = None


class Intake:
    """Owns the chunk store and the sidecar of a build under way.

    The sidecar's journal (``done``, ``boundary``, ``head``, ``joining``) says up to which file everything is stored, how many
    chunks that made, how many of them belong to the file after that, and which short files wait to be joined; opening it again
    drops whatever was written beyond.
    """

    taker_of: Callable[[int], Taker]
    """Where the shared memory of a file's decoder is found, while decoders are at work."""

    def __init__(self, settings: Settings, files: list[Found], sidecar: Sidecar, store: ChunkStore) -> None:
        self.settings = settings
        self.files = files
        self.sidecar = sidecar
        self.store = store
        self.done_files = int(sidecar.get("done", "0"))
        self.chunks = int(sidecar.get("boundary", "0"))
        store.truncate(self.chunks)
        sidecar.truncate(self.chunks, self.done_files)
        self._waiting: dict[int, _Waiting] = {}
        self._inline = 0
        self.waiting = 0
        """Bytes decoded ahead of the file that is being stored."""
        self._template = RecordTemplate(settings.channels, settings.chunk, settings.sample_rate)
        self._spool: IO[bytes] | None = None
        self._head_chunks = int(sidecar.get("head", "0"))
        self._join = np.zeros((settings.channels, settings.chunk), np.int16)
        self._joined = 0
        self._join_parts: list[Part] = []
        self._join_skip: dict[int, dict[int, int]] = {}
        """Files whose short sound waits in the joined chunk: for each channel that does, how much of it is stored already."""
        for index, channel, start in json.loads(sidecar.get("joining", "[]")):
            self._join_skip.setdefault(index, {})[channel] = start
        self._last_joined = int(sidecar.get("last_joined", "-1"))
        if (
            self._last_joined >= self.chunks
        ):  # copies of earlier versions kept the number it had in the original
            self._last_joined = -1
        if self._last_joined >= 0:
            self._join[:] = store.audio(self._last_joined, settings.channels)
        self.silent = int(sidecar.get("silent", "0"))
        """Chunks with long digital silence."""
        self._committed = time.monotonic()

    def todo(self) -> list[int]:
        """Files to decode, in the order in which :meth:`advance` wants them."""
        return [*sorted(self._join_skip), *range(self.done_files, len(self.files))]

    def skip(self, index: int) -> int:
        """Chunks of a file that are stored already."""
        return self._head_chunks if index == self.done_files else 0

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
            self._inline += _held(event)

    def _park(self, entry: _Waiting, outcome: Outcome) -> None:
        with spool_path(self.settings.spool, outcome.index).open("ab") as file:
            file.write(outcome.inline)
        entry.spooled += outcome.pieces
        outcome.inline, outcome.pieces = b"", []

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
        starts = self._join_skip.pop(index, None)
        for short in outcome.shorts:
            if starts is None or short.channel in starts:
                self._store_short(index, short, starts[short.channel] if starts else 0)
        self._inline -= _held(outcome)
        self._close_file(outcome)
        del self._waiting[index]
        self.settle()
        return outcome

    def _store_spooled(self, index: int, entry: _Waiting) -> None:
        size = len(self._template.pcm)
        pieces, entry.spooled = entry.spooled, []
        for piece in pieces:
            if piece.slot >= 0:
                self.taker_of(index).take(piece.slot, self._template.pcm)
            else:
                self._read_spool(index)
            self._store_own(index, piece)
            self.waiting -= size
            self.settle()

    def _read_spool(self, index: int) -> None:
        """The next chunk of the spool file into the template."""
        if self._spool is None:
            self._spool = spool_path(self.settings.spool, index).open("rb", buffering=0)
        got, size = 0, len(self._template.pcm)
        while got < size:
            n = self._spool.readinto(self._template.pcm[got:])  # type: ignore[attr-defined]
            if not n:
                raise OSError(5, "the spool file is shorter than announced")
            got += n

    def _store_inline(self, outcome: Outcome) -> None:
        size = len(self._template.pcm)
        data = memoryview(outcome.inline)
        for i, piece in enumerate(outcome.pieces):
            self._template.pcm[:] = data[i * size : (i + 1) * size]
            self._store_own(outcome.index, piece)
        self.waiting -= len(outcome.inline)

    def _store_own(self, index: int, piece: Piece) -> None:
        """Store the chunk in the template, all of it from one file."""
        parts, at = [], 0
        for start, length in piece.segments:
            parts.append(Part(self.chunks, at, index, start, length, piece.channel))
            at += length
        self._head_chunks += 1
        self.silent += piece.silent
        self._put(piece.digest, parts)

    def _store_short(self, index: int, short: Short, at: int) -> None:
        audio = np.frombuffer(short.pcm, np.int16).reshape(self.settings.channels, -1)
        while at < audio.shape[1]:
            n = min(audio.shape[1] - at, self.settings.chunk - self._joined)
            self._join[:, self._joined : self._joined + n] = audio[:, at : at + n]
            position = self._joined
            for start, length in cut(short.segments, at, n):
                self._join_parts.append(Part(at, position, index, start, length, short.channel))
                position += length
                at += length
            self._joined += n
            if self._joined == self.settings.chunk:
                self._put_joined()

    def _put_joined(self) -> None:
        self._template.pcm[:] = self._join.data.cast("B")
        # A part's number of chunk was not known before: until now the place in the file's short sound stood there.
        parts = [replace(part, chunk=self.chunks) for part in self._join_parts]
        self._joined, self._join_parts, self._last_joined = 0, [], self.chunks
        self.silent += has_silence(self._join)
        self._put(digest(self._template.pcm), parts)

    def finish_joined(self) -> None:
        """After the last file: the joined chunk that is not full is filled up with joined sound, or dropped when tails are."""
        rest, chunk = self._joined, self.settings.chunk
        if not rest:
            return
        if self.settings.tails != "pad":
            for part in self._join_parts:
                tracks = self._tracks_of(part)
                self.sidecar.lose(part.file, part.length / tracks / self.settings.sample_rate)
            self._joined, self._join_parts = 0, []
            return
        if self._last_joined >= 0:
            # Behind what is new the buffer still holds the end of the joined chunk before.
            self._join[:] = np.roll(self._join, -rest, axis=1)
            kept = [_behind(part, rest) for part in self.sidecar.parts(self._last_joined)]
            whole = [part for part in kept if part.length > 0]
            new = [replace(part, position=part.position + chunk - rest) for part in self._join_parts]
            self._join_parts = _merged(whole + new)
        else:
            for row in self._join:
                row[:] = np.resize(row[:rest], chunk)
            self._join_parts = [
                replace(
                    part, position=at + part.position, length=min(part.length, chunk - at - part.position)
                )
                for at in range(0, chunk, rest)
                for part in self._join_parts
                if at + part.position < chunk
            ]
        self._put_joined()

    def _tracks_of(self, part: Part) -> int:
        """By how many channels that stand by themselves the seconds of a part's file are shared."""
        row = self.sidecar.file(part.file) if part.channel >= 0 else None
        return max(1, row.channels) if row else 1

    def _put(self, digest: bytes, parts: list[Part]) -> None:
        full = self.store.put(self.chunks, self._template.buffer)
        self.sidecar.add_chunk(self.chunks, digest, parts)
        self.chunks += 1
        if full:
            self.store.commit()

    def settle(self) -> None:
        """Commit when it is time; to be called between files and between the pieces of a long one, never amid a short one."""
        if time.monotonic() - self._committed > COMMIT_SECONDS:
            self.commit()

    def _close_file(self, outcome: Outcome) -> None:
        index, problem = outcome.index, outcome.problem
        if self._spool is not None:
            self._spool.close()
            self._spool = None
        spool_path(self.settings.spool, index).unlink(missing_ok=True)
        file = self.files[index]
        rate = self.settings.sample_rate
        self.sidecar.add_file(
            FileRow(
                index,
                printable(file.path),
                printable(file.root),
                file.size,
                file.mtime_ns,
                outcome.samples / rate,
                outcome.lost / rate,
                outcome.source_rate,
                outcome.source_channels,
                outcome.codec,
                problem.code if problem else "",
                problem.reason if problem else "",
                outcome.digest,
                outcome.trimmed / rate,
                outcome.gain,
            )
        )
        self._head_chunks = 0
        self.done_files = max(self.done_files, index + 1)

    def _journal(self) -> None:
        first: dict[tuple[int, int], int] = {}
        for part in self._join_parts:
            first.setdefault(
                (part.file, part.channel), part.chunk
            )  # the place in the short sound, see _store_short
        for index, channels in self._join_skip.items():
            first |= {(index, channel): start for channel, start in channels.items()}
        joining = [[index, channel, start] for (index, channel), start in first.items()]
        self.sidecar.set("done", str(self.done_files))
        self.sidecar.set("boundary", str(self.chunks))
        self.sidecar.set("head", str(self._head_chunks))
        self.sidecar.set("joining", json.dumps(joining))
        self.sidecar.set("last_joined", str(self._last_joined))
        self.sidecar.set("silent", str(self.silent))

    def commit(self) -> None:
        """Chunks first, then the journal that vouches for them."""
        self._journal()
        self.store.commit()
        self.sidecar.commit()
        self._committed = time.monotonic()

    def close(self) -> tuple[float, float]:
        """Everything to disk; seconds of sound in chunks, and seconds decoded that are in none."""
        self._journal()
        usable, lost = self.sidecar.account()
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


def _held(outcome: Outcome) -> int:
    """Bytes of sound that an outcome keeps in memory."""
    return len(outcome.inline) + sum(len(short.pcm) for short in outcome.shorts)


def _behind(part: Part, rest: int) -> Part:
    """What is left of a part when the first ``rest`` samples of its chunk are gone (possibly nothing)."""
    gone = max(0, rest - part.position)
    return replace(
        part, position=max(0, part.position - rest), start=part.start + gone, length=part.length - gone
    )


def _merged(parts: list[Part]) -> list[Part]:
    """Neighbours that go on where the one before ends become one."""
    found: list[Part] = []
    for part in parts:
        last = found[-1] if found else None
        if last and (last.file, last.channel, last.start + last.length) == (
            part.file,
            part.channel,
            part.start,
        ):
            found[-1] = replace(last, length=last.length + part.length)
        else:
            found.append(part)
    return found
