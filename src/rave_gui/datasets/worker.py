"""The decoding process of a dataset build: takes files, gives back finished chunks.

One file at a time. Small results travel over the pipe, large ones through a spool file beside the dataset, so that memory
stays bounded whatever the length of a recording. A crash or a hang here costs one file, never the build.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import IO

import numpy as np

from rave_gui.audio.decode import Decoder, Floats, to_int16
from rave_gui.audio.loudness import Meter, gain
from rave_gui.audio.problems import AudioProblem
from rave_gui.audio.trim import MARGIN_SECONDS, Trimmer
from rave_gui.datasets.messages import (
    Beat,
    Freed,
    Outcome,
    Piece,
    Settings,
    Short,
    Task,
    digest,
    file_digest,
    has_silence,
    spool_path,
)
from rave_gui.datasets.segments import Segments, add, cut, join, repeat
from rave_gui.datasets.slots import Giver, Slots
from rave_gui.i18n import tr

INLINE_LIMIT = 2 << 20
"""Bytes of samples up to which a file's result travels over the pipe."""
KEEP_LIMIT = 16 << 20
"""Bytes of samples up to which a file that is measured first is kept instead of being decoded twice."""
BEAT_SECONDS = 1.0
"""A busy worker is heard of at least this often while the decoder delivers."""


def serve(connection: Connection, settings: Settings, slots: Slots | None = None) -> None:
    """Work until the other end closes. The process's whole life. Large results go through ``slots`` while there is room."""
    import signal

    # Ctrl+C in a terminal reaches every process of the group; who started us decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    late = 0  # places given back between two files

    def freed() -> int:
        nonlocal late
        count, late = late, 0
        while connection.poll():  # amid a file nothing else is sent
            count += connection.recv().count
        return count

    giver = Giver(slots, freed) if slots is not None else None
    try:
        while True:
            task: Task | Freed | None = connection.recv()
            if task is None:
                return
            if isinstance(task, Freed):
                late += task.count
            else:
                connection.send(_Reader(task, settings, connection, giver).run())
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


class _Track:
    """One stream of chunks of a file: all channels together, or one channel by itself."""

    def __init__(self, settings: Settings, channel: int) -> None:
        self.channel = channel
        self.buffer = np.zeros((1 if channel >= 0 else settings.channels, settings.chunk), np.int16)
        self.filled = 0
        self.samples = 0
        """Samples taken in all."""
        self.segments: Segments = []
        """What the buffer was filled with so far."""
        self.before: Segments = []
        """What it was filled with the time before."""


class _Reader:
    def __init__(
        self, task: Task, settings: Settings, connection: Connection, giver: Giver | None = None
    ) -> None:
        self.task = task
        self.settings = settings
        self.connection = connection
        self._giver = giver
        self.outcome = Outcome(task.index)
        self._tracks: list[_Track] = []
        self._skip = task.skip
        self._kept = 0
        """Samples that trimming left."""
        self._inline = bytearray()
        self._pieces: list[Piece] = []
        self._large = False
        """Too much to be sent whole: chunks are handed over one by one."""
        self._spool: IO[bytes] | None = None
        self._decoder = self._new_decoder()
        self._due = time.monotonic() + BEAT_SECONDS

    def _new_decoder(self) -> Decoder:
        channels = 0 if self.settings.separate else self.settings.channels
        return Decoder(self.task.path, self.settings.sample_rate, channels, self.settings.mono)

    def run(self) -> Outcome:
        """Decode the file. The operating system's refusal to write the spool is reported as a problem ``disk``."""
        outcome = self.outcome
        with contextlib.suppress(OSError):  # the decoder says in words what is wrong with the file
            outcome.digest = file_digest(self.task.path, self._beat)
        try:
            for block in self._levelled():
                for start, piece in self._trimmed(block):
                    self._take(start, piece)
                self._beat()
            for start, piece in self._rest():
                self._take(start, piece)
            self._finish()
        except OSError as error:
            return Outcome(
                self.task.index, problem=AudioProblem(self.task.path, "disk", str(error.errno or 0))
            )
        finally:
            if self._spool is not None:
                self._spool.close()
        decoder = self._decoder
        outcome.samples = decoder.samples
        outcome.trimmed = decoder.samples - self._kept
        outcome.lost += outcome.trimmed
        outcome.problem = decoder.problem or self._unused()
        if decoder.info is not None:
            outcome.source_rate, outcome.source_channels = decoder.info.sample_rate, decoder.info.channels
            outcome.duration, outcome.codec = decoder.info.duration, decoder.info.codec
        return outcome

    def _levelled(self) -> Iterator[Floats]:
        """The file's blocks, as loud as asked for: measured first, then decoded once more unless it is short enough to keep."""
        if self.settings.normalise == "none":
            yield from self._decoder.blocks()
            return
        meter: Meter | None = None
        kept: list[Floats] = []
        size = 0
        for block in self._decoder.blocks():
            if meter is None:
                meter = Meter(
                    self.settings.sample_rate, block.shape[0], loudness=self.settings.normalise == "loudness"
                )
            meter.push(block)
            size += block.nbytes
            if size <= KEEP_LIMIT:
                kept.append(block)
            else:
                kept.clear()
            self._beat()
        if meter is None:
            return
        meter.finish()
        wanted = self.settings.normalise, self.settings.peak_target, self.settings.loudness_target
        self.outcome.gain = gain(meter, *wanted)
        self._begin(self._decoder.channels)
        self._gain = np.float32(self.outcome.gain)
        if size > KEEP_LIMIT:
            self._decoder = self._new_decoder()
            yield from self._decoder.blocks()
        else:
            yield from kept

    _gain: np.float32 | None = None
    _trimmer: Trimmer | None = None
    _at = 0

    def _begin(self, channels: int) -> None:
        """The first block is there: as many tracks as it needs."""
        if self._tracks:
            return
        numbers = range(channels) if self.settings.separate else (-1,)
        self._tracks = [_Track(self.settings, number) for number in numbers]
        if self.settings.trim is not None:
            threshold, pause = self.settings.trim
            self._trimmer = Trimmer(threshold, pause, round(MARGIN_SECONDS * self.settings.sample_rate))

    def _trimmed(self, block: Floats) -> Iterator[tuple[int, Floats]]:
        """What stays of a block, with its place in the file."""
        self._begin(block.shape[0])
        if self._trimmer is not None:
            yield from self._trimmer.push(block)
        else:
            yield self._at, block
        self._at += block.shape[1]

    def _rest(self) -> Iterator[tuple[int, Floats]]:
        if self._trimmer is not None:
            yield from self._trimmer.finish()

    def _unused(self) -> AudioProblem | None:
        """What is to be said of a sound file that gives no chunk."""
        samples, rate = self._kept, self.settings.sample_rate
        if not self._decoder.samples or self.outcome.shorts:
            return None
        if not samples:
            return AudioProblem(
                self.task.path, "silent", tr("The file holds nothing but silence and was left out.")
            )
        if samples >= self.settings.chunk or self.settings.short_files != "skip":
            return None
        return AudioProblem(
            self.task.path,
            "too-short",
            tr(
                "The file lasts {seconds} s and was skipped: a chunk needs {chunk} s.",
                seconds=f"{samples / rate:.2f}",
                chunk=f"{self.settings.chunk / rate:.2f}",
            ),
        )

    def _take(self, start: int, block: Floats) -> None:
        if self._gain is not None:
            block = block * self._gain
        pcm = to_int16(block)
        self._kept += pcm.shape[1]
        at, length = 0, pcm.shape[1]
        while at < length:  # all tracks are filled equally far
            n = min(length - at, self.settings.chunk - self._tracks[0].filled)
            for track in self._tracks:
                rows = pcm[track.channel : track.channel + 1] if track.channel >= 0 else pcm
                track.buffer[:, track.filled : track.filled + n] = rows[:, at : at + n]
                track.filled += n
                track.samples += n
                add(track.segments, start + at, n)
            at += n
            if self._tracks[0].filled == self.settings.chunk:
                for track in self._tracks:
                    self._complete(track, track.segments)

    def _complete(self, track: _Track, segments: Segments) -> None:
        track.before, track.segments, track.filled = track.segments, [], 0
        if self._skip > 0:
            self._skip -= 1
            return
        pcm = track.buffer.data.cast("B")
        piece = Piece(digest(pcm), segments, track.channel, has_silence(track.buffer))
        if self._large:
            self._hand_over(piece, pcm)
            return
        self._pieces.append(piece)
        self._inline += pcm
        if len(self._inline) >= INLINE_LIMIT:
            self._large = True
            size = len(pcm)
            with memoryview(self._inline) as whole:
                for i, waiting in enumerate(self._pieces):
                    self._hand_over(waiting, whole[i * size : (i + 1) * size])
            self._inline, self._pieces = bytearray(), []

    def _hand_over(self, piece: Piece, pcm: memoryview) -> None:
        """Leave a chunk where the building process finds it; it is told with the next beat."""
        if self._giver is not None:
            piece.slot = self._giver.put(pcm)
        if piece.slot < 0:
            if self._spool is None:
                self._spool = spool_path(self.settings.spool, self.task.index).open("wb", buffering=0)
            while pcm:  # an unbuffered write may be partial
                pcm = pcm[self._spool.write(pcm) or 0 :]
        self.outcome.spooled.append(piece)

    def _beat(self) -> None:
        now = time.monotonic()
        enough = self._giver is not None and len(self.outcome.spooled) >= self._giver.batch
        if now < self._due and not enough:
            return
        self._due = now + BEAT_SECONDS
        decoder = self._decoder
        duration = decoder.info.duration if decoder.info else None
        done = decoder.samples if self._tracks or self.settings.normalise == "none" else 0
        self.connection.send(Beat(self.task.index, duration, done, self.outcome.spooled))
        self.outcome.spooled = []

    def _finish(self) -> None:
        settings, outcome = self.settings, self.outcome
        for track in self._tracks:
            rest = track.filled
            if not rest:
                continue
            short = track.samples < settings.chunk
            if short and settings.short_files == "join":
                outcome.shorts.append(Short(track.buffer[:, :rest].tobytes(), track.segments, track.channel))
            elif (settings.short_files if short else settings.tails) == "pad":
                # Behind the tail the buffer still holds the end of the chunk before.
                for row in track.buffer:
                    row[:] = np.resize(row[:rest], row.size) if short else np.roll(row, -rest)
                missing = settings.chunk - rest
                segments = (
                    repeat(track.segments, settings.chunk)
                    if short
                    else join(cut(track.before, rest, missing), track.segments)
                )
                self._complete(track, segments)
            else:
                outcome.lost += rest / len(self._tracks)
        outcome.inline = bytes(self._inline)
        outcome.pieces = self._pieces
