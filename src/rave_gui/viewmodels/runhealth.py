"""How a watched run is going, in words: takes a picture of the model in the window's thread, judges it in another."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.training import health
from rave_gui.training.health import Facts, Health
from rave_gui.viewmodels.hardware import Sample
from rave_gui.viewmodels.run import RunModel, Sound

if TYPE_CHECKING:
    from rave_gui.viewmodels.series import Floats, Series


@dataclass(frozen=True)
class Picture:
    """One curve as it was when the picture was taken (views: later values do not show)."""

    steps: Floats
    values: Floats


@dataclass(frozen=True)
class Question:
    """Everything the judgement needs, taken in the window's thread without copying."""

    curves: Mapping[str, Picture]
    facts: Facts
    sound: Sound | None = None


def ask(model: RunModel, sample: Sample | None) -> Question:
    """Take a picture of a run and the computer."""
    job = model.job
    since = None
    if job.state == "running" and model.told_at is not None:
        since = max(0.0, time.time() - model.told_at)
    size = max((c.size for c in model.files.checkpoints), default=0)
    card = sample.card if sample is not None else None
    facts = Facts(
        state=model.state or "resting",
        step=model.step,
        max_steps=model.total,
        phase_two_at=model.switch,
        seconds_since_step=since,
        seconds_per_step=1 / job.rate if job.rate else None,
        disk_free=sample.disk_free if sample is not None else None,
        checkpoint_bytes=size or None,
        temperature=card.temperature if card is not None else None,
        memory_share=card.used / card.total if card is not None and card.total else None,
        ram_share=sample.memory_used / sample.memory_total
        if sample is not None and sample.memory_total
        else None,
    )
    own = [s for s in model.files.sounds if not s.clip and s.original and s.reconstruction]
    curves = {tag: _picture(series) for tag, series in job.metrics.items()}
    return Question(curves, facts, own[-1] if own else None)


def judge(question: Question, levels: dict[Path, float]) -> Health:
    """What to say (in a thread). ``levels`` keeps the loudness of sounds that were measured before, in dB."""
    facts, sound = question.facts, question.sound
    if sound is not None and sound.original is not None and sound.reconstruction is not None:
        before, after = (level(path, levels) for path in (sound.original, sound.reconstruction))
        facts = replace(facts, original_db=before, reconstruction_db=after)
    curves: Any = question.curves
    return health.assess(curves, facts)


def level(path: Path, known: dict[Path, float]) -> float | None:
    """RMS of a sound file in dB (full scale 0), None when it cannot be read."""
    if path not in known:
        import numpy as np
        import soundfile

        try:
            audio, _rate = soundfile.read(str(path), dtype="float32", always_2d=True)
        except (soundfile.LibsndfileError, OSError):
            return None
        power = float(np.mean(np.square(audio))) if audio.size else 0.0
        known[path] = 10 * math.log10(power) if power > 0 else -200.0
    return known[path]


def _picture(series: Series) -> Picture:
    return Picture(series.steps, series.values)
