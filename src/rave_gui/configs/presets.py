"""Training presets: a name that stands for a configuration stack, its overrides and the sizes that go with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rave_gui.errors import UserError


@dataclass(frozen=True)
class Preset:
    """One preset. ``phase_1`` is the share of the steps that phase 1 (representation learning) gets; phase 2 is adversarial."""

    name: str
    label: str
    description: str
    configs: tuple[str, ...]
    overrides: tuple[str, ...] = ()
    n_signal: int = 131072
    batch: int = 8
    steps: int = 3_000_000
    phase_1: float | None = None
    """None keeps the configuration's own length while it fits into the steps."""
    stock_phase_1: int = 1_000_000
    val_every: int = 10_000
    save_every: int = 10_000
    log_every: int = 50
    holdout: int = 8
    threads: int = 0

    def train_fields(self, steps: int | None = None) -> dict[str, Any]:
        """Fields of ``TrainParams`` for a training of ``steps`` batches (the preset's own number when None)."""
        total = self.steps if steps is None else steps
        if total < 1:
            raise UserError(
                f"A training of {total} steps is not possible.", "Give at least one step.", code="bad-steps"
            )
        return {
            "configs": list(self.configs),
            "overrides": [*self.overrides, *self._phase_override(total)],
            "n_signal": self.n_signal,
            "batch": self.batch,
            "max_steps": total,
            # A short training still wants a few validations, checkpoints and a curve with points on it.
            "val_every": max(1, min(self.val_every, total // 5)),
            "save_every": max(1, min(self.save_every, total // 3)),
            "log_every": max(1, min(self.log_every, total // 20)),
            "holdout": self.holdout,
            "threads": self.threads,
        }

    def dataset_fields(self) -> dict[str, Any]:
        """Fields of ``DatasetParams`` that suit the training (a stored chunk holds two training examples)."""
        return {"num_signal": self.n_signal}

    def _phase_override(self, total: int) -> list[str]:
        if self.phase_1 is not None:
            return [f"PHASE_1_DURATION = {max(1, round(total * self.phase_1))}"]
        if total <= self.stock_phase_1:
            # Shorter than the stock phase 1: without this the adversarial phase would never come.
            return [f"PHASE_1_DURATION = {max(1, total // 2)}"]
        return []

    def to_json(self) -> dict[str, Any]:
        """What lists of presets show."""
        return {
            "name": self.name,
            "label": self.label,
            "description": self.description,
            "configs": list(self.configs),
            "steps": self.steps,
            "batch": self.batch,
            "n_signal": self.n_signal,
        }


PRESETS: tuple[Preset, ...] = (
    Preset(
        "tiny",
        "Tiny (no graphics card needed)",
        "A small model for computers without a graphics card: a first audible result within minutes.",
        ("v2_small",),
        ("CAPACITY = 16", "LATENT_SIZE = 16", "RAVE.valid_signal_crop = False"),
        n_signal=32768,
        batch=1,
        steps=3000,
        # All of it phase 1: in so short a training the adversarial phase only harms. Measured on the demo sounds: the distance on
        # held-out sound was 10.6 at the end of phase 1 (step 2,700) and 16.2 after 300 steps of phase 2.
        phase_1=1.0,
        val_every=500,
        save_every=1000,
        log_every=20,
        # So small a model gains nothing from a second thread (7.1 and 8.0 steps a second with one, 6.9 and 6.8 with two, in turn on
        # a busy two-core machine), and threads that wait for each other crawl as soon as anything else runs.
        threads=1,
    ),
    Preset("v2", "RAVE v2", "The standard model: best quality for its size, wants a graphics card.", ("v2",)),
    Preset("v2_small", "RAVE v2 small", "A smaller and faster v2 with a short latency.", ("v2_small",)),
    Preset("v1", "RAVE v1", "The first model: light, quick to train, a little less faithful.", ("v1",)),
    Preset(
        "raspberry",
        "Raspberry",
        "Light enough to play on small computers such as a Raspberry Pi.",
        ("raspberry",),
    ),
)
DEFAULT_PRESET = "tiny"


def get_preset(name: str) -> Preset:
    """The preset of that name. Raises :class:`UserError` ``preset-unknown`` with the known ones."""
    for preset in PRESETS:
        if preset.name == name:
            return preset
    known = ", ".join(preset.name for preset in PRESETS)
    raise UserError(
        f"There is no preset named {name!r}.", f"The presets are: {known}.", code="preset-unknown"
    )
