"""What the computer and the newest preview say of a training, for whoever looks without a window."""

from __future__ import annotations

import math
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psutil

_QUERY = "temperature.gpu,memory.used,memory.total"


@dataclass(frozen=True)
class Cards:
    """The hottest and the fullest of the graphics cards. None: not told."""

    temperature: float | None = None
    """Degrees Celsius."""
    memory_share: float | None = None
    """0 to 1."""


def cards() -> Cards:
    """Ask NVIDIA's tool (tens of milliseconds); without it nothing is known."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return Cards()
    try:
        told = subprocess.run(
            [tool, f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return Cards()
    return parse(told.stdout)


def ram_share() -> float:
    """Of the computer's memory in use, 0 to 1."""
    return float(psutil.virtual_memory().percent) / 100


def parse(text: str) -> Cards:
    """The tool's answer, a card a line; what is no number is left out."""
    heats, shares = [], []
    for line in text.splitlines():
        parts = [_number(part) for part in line.split(",")]
        if len(parts) != 3:
            continue
        heat, used, total = parts
        if heat is not None:
            heats.append(heat)
        if used is not None and total:
            shares.append(used / total)
    return Cards(max(heats, default=None), max(shares, default=None))


class Levels:
    """Loudness of the newest preview pair of a run; a file is measured once."""

    def __init__(self) -> None:
        self._known: dict[Path, float | None] = {}

    def of(self, run: Path) -> tuple[float | None, float | None]:
        """RMS in dB (full scale 0) of the newest original and of its reconstruction; None where there is none."""
        pairs = []
        for made in run.glob("version_*/previews/step_*_reconstruction.wav"):
            original = made.with_name(made.name.replace("_reconstruction", "_original"))
            try:
                pairs.append((made.stat().st_mtime_ns, made, original))
            except OSError:
                continue
        if not pairs:
            return None, None
        _, made, original = max(pairs)
        self._known = {path: self._known[path] for path in (made, original) if path in self._known}
        for path in (made, original):
            if path not in self._known:
                self._known[path] = level(path)
        return self._known[original], self._known[made]


def level(path: Path) -> float | None:
    """RMS of a sound file in dB, None when it cannot be read."""
    import numpy as np
    import soundfile

    try:
        audio, _ = soundfile.read(str(path), dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError):
        return None
    power = float(np.mean(np.square(audio))) if audio.size else 0.0
    return 10 * math.log10(power) if power > 0 else -200.0


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
