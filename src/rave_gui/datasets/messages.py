"""What a dataset build and its decoding processes say to each other."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rave_gui.audio.problems import AudioProblem, Mono


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


@dataclass(frozen=True)
class Task:
    """One file; ``index`` is its place in the dataset's order."""

    index: int
    path: str


@dataclass
class Beat:
    """So far: header values, whole chunks lying in the spool file with their hashes, samples decoded."""

    index: int
    duration: float | None
    samples: int
    spooled: list[bytes] = field(default_factory=list)


@dataclass
class Outcome:
    """A finished file. Audio is int16, chunk after chunk, each laid out channel after channel."""

    index: int
    samples: int = 0
    """Samples per channel decoded, at the target rate."""
    source_rate: int = 0
    source_channels: int = 0
    duration: float | None = None
    codec: str = ""
    spooled: list[bytes] = field(default_factory=list)
    """Hashes of chunks written to the spool file since the last beat."""
    inline: bytes = b""
    """Chunks that follow those of the spool file (when there are none there: all of them)."""
    hashes: list[bytes] = field(default_factory=list)
    """One for each chunk of ``inline``."""
    tail: int = 0
    """Samples that are new in the last chunk, when it was filled up; 0: there is no such chunk. A tail is filled up with the sound
    before it, a short file with itself: silence would be poison for training (its spectral distance divides by the level)."""
    silent: int = 0
    """Chunks with a stretch of digital silence as long as a training example."""
    short: bytes = b""
    """A whole file shorter than a chunk, to be joined with others: int16 [channels, samples]."""
    lost: int = 0
    """Samples decoded that are in no chunk."""
    problem: AudioProblem | None = None


def spool_path(folder: str, index: int) -> Path:
    """The spool file of one source file."""
    return Path(folder) / f"{index:08d}.pcm"


def digest(pcm: bytes | memoryview) -> bytes:
    """Content hash of a chunk's samples (20 bytes; recognises equal sound, guards nothing)."""
    return hashlib.sha1(pcm, usedforsecurity=False).digest()
