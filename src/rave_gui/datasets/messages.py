"""What a dataset build and its decoding processes say to each other."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from rave_gui.audio.problems import AudioProblem, Mono
from rave_gui.datasets.segments import Segments
from rave_protocol.specs import DatasetParams


@dataclass(frozen=True)
class Settings:
    """How every file is read. A chunk is ``chunk`` samples per channel (2 * num_signal)."""

    chunk: int
    channels: int
    sample_rate: int
    mono: Mono
    short_files: Literal["join", "pad", "skip"]
    tails: Literal["pad", "drop"]
    spool: str
    """Folder for large results."""
    separate: bool = False
    """Every channel of a file gives (mono) chunks of its own."""
    trim: tuple[float, int] | None = None
    """Level (a factor, 1 is full scale) and number of samples from which on a silence is cut; None: none is."""
    normalise: Literal["none", "peak", "loudness"] = "none"
    peak_target: float = 0.0
    loudness_target: float = 0.0

    @classmethod
    def of(cls, params: DatasetParams, spool: str) -> Settings:
        """What the parameters of a dataset mean for its decoders."""
        trim = None
        if params.trim_silence:
            pause = max(1, round(params.trim_seconds * params.sample_rate))
            trim = (10 ** (params.trim_threshold / 20), pause)
        return cls(
            chunk=2 * params.num_signal,
            channels=params.channels,
            sample_rate=params.sample_rate,
            mono="mix" if params.mono == "separate" else params.mono,
            short_files=params.short_files,
            tails=params.tails,
            spool=spool,
            separate=params.mono == "separate",
            trim=trim,
            normalise=params.normalise,
            peak_target=params.peak_target,
            loudness_target=params.loudness_target,
        )


@dataclass(frozen=True)
class Task:
    """One file; ``index`` is its place in the dataset's order."""

    index: int
    path: str
    skip: int = 0
    """Chunks of it that are stored already: they are decoded once more and not handed over."""


@dataclass
class Piece:
    """One chunk: content hash, which stretches of the file it is made of, and of which channel (-1: all that there are)."""

    digest: bytes
    segments: Segments
    channel: int = -1
    silent: bool = False
    """It holds a stretch of digital silence as long as a training example."""
    slot: int = -1
    """Where it lies in the memory shared with the decoder (see :mod:`rave_gui.datasets.slots`); -1: in the spool file."""


@dataclass
class Short:
    """A whole file, or one channel of it, that is shorter than a chunk: int16 [channels, samples]."""

    pcm: bytes
    segments: Segments
    channel: int = -1


@dataclass
class Beat:
    """So far: header values, whole chunks handed over (in shared memory or the spool file), samples decoded."""

    index: int
    duration: float | None
    samples: int
    spooled: list[Piece] = field(default_factory=list)


@dataclass(frozen=True)
class Freed:
    """To the decoder: so many places of the shared memory are free again."""

    count: int


@dataclass
class Outcome:
    """A finished file. Audio is int16, chunk after chunk, each laid out channel after channel.

    A tail is filled up with the sound before it, a short file with itself: silence would be poison for training (its spectral
    distance divides by the level).
    """

    index: int
    samples: int = 0
    """Samples per channel decoded, at the target rate."""
    source_rate: int = 0
    source_channels: int = 0
    duration: float | None = None
    codec: str = ""
    spooled: list[Piece] = field(default_factory=list)
    """Chunks handed over since the last beat."""
    inline: bytes = b""
    """Chunks that follow those handed over before (when there are none: all of them)."""
    pieces: list[Piece] = field(default_factory=list)
    """One for each chunk of ``inline``."""
    shorts: list[Short] = field(default_factory=list)
    """To be joined with others."""
    lost: float = 0.0
    """Samples decoded that are in no chunk (a mean over the channels that stand by themselves)."""
    trimmed: int = 0
    """Of these, samples cut as silence."""
    gain: float = 1.0
    digest: bytes = b""
    """Content hash of the file's bytes."""
    problem: AudioProblem | None = None


def spool_path(folder: str, index: int) -> Path:
    """The spool file of one source file."""
    return Path(folder) / f"{index:08d}.pcm"


def slots_path(folder: str, number: int) -> Path:
    """The file of the memory shared with one decoding process."""
    return Path(folder) / f"slots-{number}.pcm"


def digest(pcm: bytes | memoryview) -> bytes:
    """Content hash of a chunk's samples (20 bytes; recognises equal sound, guards nothing)."""
    return hashlib.sha1(pcm, usedforsecurity=False).digest()


def file_digest(path: str, now_and_then: Callable[[], None] = lambda: None) -> bytes:
    """Content hash of a file's bytes; ``now_and_then`` is called every quarter of a megabyte. Raises :class:`OSError`."""
    state = hashlib.sha1(usedforsecurity=False)
    buffer = bytearray(1 << 18)
    view = memoryview(buffer)
    with Path(path).open("rb", buffering=0) as file:
        while n := file.readinto(buffer):
            state.update(view[:n])
            now_and_then()
    return state.digest()


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
