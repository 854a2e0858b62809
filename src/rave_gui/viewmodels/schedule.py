"""What a training's schedule will do, drawn before it happens: learning rates, the weight of the regularization, the second phase.

Formulas as in RAVE 2.3.1: the generator's learning rate falls in a line to a tenth over phase 1 (``RAVE.configure_optimizers``),
the regularization's weight goes from its first to its last value along a logarithm (``BetaWarmupCallback``).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

POINTS = 120
_NUMBER = r"([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)"
_NAMES = {
    "phase_1": re.compile(rf"^\s*(?:[\w./]*RAVE\.phase_1_duration|PHASE_1_DURATION)\s*=\s*{_NUMBER}", re.M),
    "beta_first": re.compile(rf"^\s*[\w./]*BetaWarmupCallback\.initial_value\s*=\s*{_NUMBER}", re.M),
    "beta_last": re.compile(rf"^\s*[\w./]*BetaWarmupCallback\.target_value\s*=\s*{_NUMBER}", re.M),
    "beta_steps": re.compile(rf"^\s*[\w./]*BetaWarmupCallback\.warmup_len\s*=\s*{_NUMBER}", re.M),
}


@dataclass(frozen=True)
class Schedule:
    """What a configuration plans. Steps; None where it does not say."""

    phase_1: float | None = None
    """Length of phase 1: the step at which phase 2 begins."""
    beta_first: float | None = None
    beta_last: float | None = None
    beta_steps: float | None = None
    lr_generator: float = 1e-3
    lr_discriminator: float = 1e-4

    def planned(self, total: float) -> dict[str, list[tuple[float, float]]]:
        """Curves by tag over the steps from 0 to ``total``, as a few points each."""
        if total <= 0:
            return {}
        found = {
            "learning_rate_discriminator": [(0.0, self.lr_discriminator), (total, self.lr_discriminator)]
        }
        if self.phase_1:
            low = self.lr_generator / 10
            end = min(self.phase_1, total)
            share = end / self.phase_1
            line = [(0.0, self.lr_generator), (end, self.lr_generator * (1 - share) + low * share)]
            found["learning_rate"] = [*line, (total, low)] if total > self.phase_1 else line
        beta = self._beta(total)
        if beta:
            found["beta_factor"] = beta
        return found

    def _beta(self, total: float) -> list[tuple[float, float]]:
        first, last, steps = self.beta_first, self.beta_last, self.beta_steps
        if first is None or last is None or not steps or first <= 0 or last <= 0:
            return []
        if first == last:
            return [(0.0, first), (total, last)]
        end = min(steps, total)
        low, high = math.log(first), math.log(last)
        line = []
        for index in range(POINTS + 1):
            step = end * index / POINTS
            line.append((step, math.exp(low + (high - low) * step / steps)))
        return [*line, (total, last)] if total > steps else line


def read_schedule(
    config: str, lr_generator: float | None = None, lr_discriminator: float | None = None
) -> Schedule:
    """The schedule of a run from the text of its ``config.gin``, in which every value is resolved."""
    values: dict[str, float] = {}
    for key, pattern in _NAMES.items():
        found = pattern.findall(config)
        if found:
            values[key] = float(found[-1])
    return Schedule(
        values.get("phase_1"),
        values.get("beta_first"),
        values.get("beta_last"),
        values.get("beta_steps"),
        lr_generator or 1e-3,
        lr_discriminator or 1e-4,
    )


def find_config(run: Path) -> Path | None:
    """The configuration in force: the newest version's own, otherwise the run's."""

    def number(folder: Path) -> int:
        text = folder.name.removeprefix("version_")
        return int(text) if text.isdigit() else -1

    try:
        versions = sorted((p for p in run.glob("version_*") if p.is_dir()), key=number)
    except OSError:
        return None
    for folder in [*versions[-1:], run]:
        if (folder / "config.gin").is_file():
            return folder / "config.gin"
    return None
