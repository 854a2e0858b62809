"""The decoding process of a dataset build: takes files, gives back finished chunks.

One file at a time. Small results travel over the pipe, large ones through a spool file beside the dataset, so that memory
stays bounded whatever the length of a recording. A crash or a hang here costs one file, never the build.
"""

from __future__ import annotations

import time
from multiprocessing.connection import Connection
from typing import IO

import numpy as np
import numpy.typing as npt

from rave_gui.audio.decode import Decoder, to_int16
from rave_gui.audio.problems import AudioProblem
from rave_gui.datasets.messages import Beat, Outcome, Settings, Task, digest, spool_path

INLINE_LIMIT = 2 << 20
"""Bytes of samples up to which a file's result travels over the pipe."""
BEAT_SECONDS = 1.0
"""A busy worker is heard of at least this often while the decoder delivers."""


def serve(connection: Connection, settings: Settings) -> None:
    """Work until the other end closes. The process's whole life."""
    import signal

    # Ctrl+C in a terminal reaches every process of the group; who started us decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        while True:
            task: Task | None = connection.recv()
            if task is None:
                return
            connection.send(_Reader(task, settings, connection).run())
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def has_silence(chunk: npt.NDArray[np.int16]) -> bool:
    """Whether a chunk [channels, 2 * num_signal] holds num_signal samples of nothing but zeros in a row.

    Such a stretch covers the middle, so a chunk that sounds there is done with at once.
    """
    half = chunk.shape[1] // 2
    if chunk[:, half - 1].any() and chunk[:, half].any():
        return False
    loud = np.flatnonzero(chunk.any(axis=0))
    edges = np.concatenate([[-1], loud, [chunk.shape[1]]])
    return bool((np.diff(edges) > half).any())


class _Reader:
    def __init__(self, task: Task, settings: Settings, connection: Connection) -> None:
        self.task = task
        self.settings = settings
        self.connection = connection
        self.outcome = Outcome(task.index)
        self._chunk = np.zeros((settings.channels, settings.chunk), np.int16)
        self._filled = 0
        self._inline = bytearray()
        self._hashes: list[bytes] = []
        self._spool: IO[bytes] | None = None

    def run(self) -> Outcome:
        """Decode the file. The operating system's refusal to write the spool is reported as a problem ``disk``."""
        decoder = Decoder(
            self.task.path, self.settings.sample_rate, self.settings.channels, self.settings.mono
        )
        due = time.monotonic() + BEAT_SECONDS
        try:
            for block in decoder.blocks():
                self._take(to_int16(block))
                if time.monotonic() >= due:
                    self._beat(decoder)
                    due = time.monotonic() + BEAT_SECONDS
            self._finish(decoder.samples)
        except OSError as error:
            return Outcome(
                self.task.index, problem=AudioProblem(self.task.path, "disk", str(error.errno or 0))
            )
        finally:
            if self._spool is not None:
                self._spool.close()
        outcome = self.outcome
        outcome.samples = decoder.samples
        outcome.problem = decoder.problem or self._too_short(decoder.samples)
        if decoder.info is not None:
            outcome.source_rate, outcome.source_channels = decoder.info.sample_rate, decoder.info.channels
            outcome.duration, outcome.codec = decoder.info.duration, decoder.info.codec
        return outcome

    def _too_short(self, samples: int) -> AudioProblem | None:
        if not samples or samples >= self.settings.chunk or self.settings.short_files != "skip":
            return None
        rate = self.settings.sample_rate
        return AudioProblem(
            self.task.path,
            "too-short",
            f"The file lasts {samples / rate:.2f} s and was skipped: a chunk needs {self.settings.chunk / rate:.2f} s.",
        )

    def _take(self, block: npt.NDArray[np.int16]) -> None:
        at, length = 0, block.shape[1]
        while at < length:
            n = min(length - at, self.settings.chunk - self._filled)
            self._chunk[:, self._filled : self._filled + n] = block[:, at : at + n]
            self._filled += n
            at += n
            if self._filled == self.settings.chunk:
                self._complete()

    def _complete(self) -> None:
        self.outcome.silent += has_silence(self._chunk)
        pcm = self._chunk.data.cast("B")
        self._hashes.append(digest(pcm))
        self._inline += pcm
        self._filled = 0
        if len(self._inline) >= INLINE_LIMIT:
            self._to_spool()

    def _to_spool(self) -> None:
        if self._spool is None:
            self._spool = spool_path(self.settings.spool, self.task.index).open("wb", buffering=0)
        view = memoryview(self._inline)
        while view:  # an unbuffered write may be partial
            view = view[self._spool.write(view) or 0 :]
        view.release()
        self._inline = bytearray()
        self.outcome.spooled += self._hashes
        self._hashes = []

    def _beat(self, decoder: Decoder) -> None:
        duration = decoder.info.duration if decoder.info else None
        self.connection.send(Beat(self.task.index, duration, decoder.samples, self.outcome.spooled))
        self.outcome.spooled = []

    def _finish(self, samples: int) -> None:
        rest = self._filled
        whole_is_short = samples < self.settings.chunk
        if rest and whole_is_short and self.settings.short_files == "join":
            self.outcome.short = self._chunk[:, :rest].tobytes()
        elif rest and (self.settings.short_files if whole_is_short else self.settings.tails) == "pad":
            # Behind the tail the buffer still holds the end of the chunk before.
            for channel in self._chunk:
                channel[:] = (
                    np.resize(channel[:rest], channel.size) if whole_is_short else np.roll(channel, -rest)
                )
            self.outcome.tail = rest
            self._filled = self.settings.chunk
            self._complete()
        else:
            self.outcome.lost = rest
        self.outcome.inline = bytes(self._inline)
        self.outcome.hashes = self._hashes
