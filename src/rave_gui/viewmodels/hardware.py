"""What the computer does while it trains: processor, memory, graphics card, disk, over the last minutes."""

from __future__ import annotations

import shutil
import subprocess
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil

EVERY = 2.0
"""Seconds between two looks."""
KEPT = 300
"""Looks remembered: ten minutes."""
_QUERY = "utilization.gpu,memory.used,memory.total,temperature.gpu"


class Stopper(Protocol):
    """Says when nobody looks any more."""

    @property
    def requested(self) -> bool: ...
    def wait(self, seconds: float) -> bool: ...


@dataclass(frozen=True)
class Card:
    """One graphics card: share at work (0 to 1), bytes used and there, degrees Celsius (None: not told)."""

    work: float
    used: int
    total: int
    temperature: float | None = None


@dataclass(frozen=True)
class Sample:
    """One look. Shares from 0 to 1, bytes."""

    cpu: float
    memory_used: int
    memory_total: int
    disk_free: int | None = None
    card: Card | None = None


class HardwareModel:
    """The last looks, oldest first."""

    def __init__(self) -> None:
        self.samples: deque[Sample] = deque(maxlen=KEPT)

    @property
    def last(self) -> Sample | None:
        """The newest."""
        return self.samples[-1] if self.samples else None

    def add(self, found: list[Sample]) -> None:
        """New looks."""
        self.samples.extend(found)


def watch(folder: Path, stop: Stopper, emit: Callable[[Sample], None]) -> None:
    """Look every two seconds until ``stop``; ``folder`` says whose disk is meant. Runs in a thread."""
    tool = shutil.which("nvidia-smi")
    psutil.cpu_percent()  # the first answer is about nothing
    stop.wait(0.2)
    while not stop.requested:
        memory = psutil.virtual_memory()
        try:
            free: int | None = shutil.disk_usage(folder).free
        except OSError:
            free = None
        card = _card(tool) if tool is not None else None
        emit(Sample(psutil.cpu_percent() / 100, memory.total - memory.available, memory.total, free, card))
        stop.wait(EVERY)


def _card(tool: str) -> Card | None:
    try:
        told = subprocess.run(
            [tool, f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_card(told.stdout)


def parse_card(text: str) -> Card | None:
    """The first line of ``nvidia-smi``'s answer; None when it tells nothing."""
    line = text.strip().splitlines()[:1]
    parts = [part.strip() for part in line[0].split(",")] if line else []
    try:
        work, used, total = (float(part) for part in parts[:3])
    except ValueError:
        return None
    try:
        heat: float | None = float(parts[3])
    except (ValueError, IndexError):
        heat = None
    return Card(work / 100, int(used) << 20, int(total) << 20, heat)
