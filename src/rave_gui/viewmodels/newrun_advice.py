"""What the engine recommends and what a trial found, in a form that a new run can take over with one press."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rave_gui.i18n import tr


@dataclass(frozen=True)
class Suggestion:
    """One change that fits into the memory: words, values, and the share of the memory it would take."""

    text: str
    values: Mapping[str, Any]
    share: float = 0.0


@dataclass(frozen=True)
class Advice:
    """The engine's recommendations for a limit; ``fits``: the present values fit as they are."""

    fits: bool
    suggestions: tuple[Suggestion, ...] = ()


def advice_of(found: Mapping[str, Any], values: Mapping[str, Any]) -> Advice:
    """From ``configs.actions.recommend`` and the present values: only what would change something."""
    limit = max(1, int(found["limit"]))
    made = []
    for key in ("batch", "n_signal", "capacity"):
        item = found.get(key)
        if not item or item["value"] == values.get(key):
            continue
        n = f"{item['value']:,}"
        text = {
            "batch": tr("Batch of {n}", n=n),
            "n_signal": tr("Examples of {n} samples", n=n),
            "capacity": tr("Capacity of {n}", n=n),
        }[key]
        peak = max(int(item["phase_1"]), int(item["phase_2"]))
        made.append(Suggestion(text, {key: item["value"]}, peak / limit))
    return Advice(bool(found["fits"]), tuple(made))


@dataclass(frozen=True)
class Trial:
    """What a timed trial found (``training.actions.trial``). Seconds a step; bytes; ``question``: the values it was made with."""

    device: str
    phase_1: float
    phase_2: float
    peak_1: int
    peak_2: int
    checkpoint: int
    question: Mapping[str, Any] = field(default_factory=dict)

    def seconds(self, steps: tuple[int, int]) -> tuple[float, float]:
        """Time of each phase for so many steps, without validation and saving."""
        return steps[0] * self.phase_1, steps[1] * self.phase_2


def trial_of(result: Mapping[str, Any], question: Mapping[str, Any]) -> Trial:
    """From the result of a trial's job."""
    first, second = result["phase_1"], result["phase_2"]
    return Trial(
        str(result.get("device", "")),
        float(first["seconds_per_step"]),
        float(second["seconds_per_step"]),
        int(first.get("peak_bytes") or 0),
        int(second.get("peak_bytes") or 0),
        int(result.get("checkpoint_bytes") or 0),
        dict(question),
    )
