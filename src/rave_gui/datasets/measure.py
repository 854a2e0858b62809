"""Listening to one recording: its true length, peak, loudness, and how much of it is silence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rave_gui.audio.decode import Decoder, probe
from rave_gui.audio.loudness import Meter
from rave_gui.audio.problems import AudioProblem
from rave_gui.datasets.scan import Cancel

SILENT = 10 ** (-60 / 20)
"""What is softer counts as silence here, as it does by default when silence is cut."""


@dataclass(frozen=True)
class Measurement:
    """What was heard. Levels are None for silence; with a ``code`` the file could be heard in part or not at all."""

    path: str
    seconds: float
    peak_db: float | None
    """dBFS."""
    rms_db: float | None
    loudness: float | None
    """LUFS, integrated (EBU R 128)."""
    clipped: int
    """Samples at full scale."""
    silence: float
    """Share of the recording, 0 to 1, below -60 dBFS in all channels."""
    complete: bool = True
    """False: cancelled before its end."""
    code: str = ""
    reason: str = ""


def measure(path: str, cancel: Cancel | None = None) -> Measurement:
    """Decode a recording at its own rate and measure it; never raises for what is in the file."""
    info = probe(Path(path))
    if isinstance(info, AudioProblem):
        return Measurement(path, 0.0, None, None, None, 0, 0.0, code=info.code, reason=info.reason)
    decoder = Decoder(path, info.sample_rate, 0)
    meter: Meter | None = None
    silent = 0
    complete = True
    for block in decoder.blocks():
        meter = meter or Meter(info.sample_rate, block.shape[0])
        meter.push(block)
        silent += int(np.count_nonzero(np.max(np.abs(block), axis=0) < SILENT))
        if cancel is not None and cancel.is_set():
            complete = False
            break
    if meter is None:
        problem = decoder.problem or AudioProblem(path, "empty", "")
        return Measurement(path, 0.0, None, None, None, 0, 0.0, code=problem.code, reason=problem.reason)
    meter.finish()
    return Measurement(
        path,
        meter.samples / info.sample_rate,
        meter.peak_db,
        meter.rms_db,
        meter.loudness,
        meter.clipped,
        silent / meter.samples,
        complete,
        decoder.problem.code if decoder.problem else "",
        decoder.problem.reason if decoder.problem else "",
    )
