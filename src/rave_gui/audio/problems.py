"""What is known about a sound file, and what is wrong with it: plain values, free of any decoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Mono = Literal["mix", "left", "right"]
"""How several channels become one: their mean, the first, or the second."""


@dataclass(frozen=True)
class AudioInfo:
    """What a file's header says. ``duration`` in seconds is None where the header does not say."""

    path: str
    duration: float | None
    sample_rate: int
    channels: int
    codec: str
    container: str
    exact: bool = False
    """Whether the duration is exact rather than estimated."""


@dataclass(frozen=True)
class AudioProblem:
    """Why a file cannot be used, or what is wrong with one that can.

    Codes: ``empty``, ``unreadable``, ``no-sound``, ``not-found``, ``not-allowed``, ``damaged``, ``truncated``, ``not-a-number``.
    """

    path: str
    code: str
    reason: str
    fatal: bool = True
    """False: some or all of the audio could be used nevertheless."""
