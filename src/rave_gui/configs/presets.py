"""Training presets: a name that stands for a configuration stack, its overrides and the sizes that go with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rave_gui.errors import UserError
from rave_gui.i18n import N_, tr


@dataclass(frozen=True)
class Preset:
    """One preset; label and description are in the source language. ``phase_1`` is the share of the steps that phase 1 (representation learning) gets; phase 2 is adversarial."""

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
    augmentations: tuple[str, ...] = ()

    def train_fields(self, steps: int | None = None) -> dict[str, Any]:
        """Fields of ``TrainParams`` for a training of ``steps`` batches (the preset's own number when None)."""
        total = self.steps if steps is None else steps
        if total < 1:
            raise UserError(
                tr("A training of {total} steps is not possible.", total=total),
                tr("Give at least one step."),
                code="bad-steps",
            )
        return {
            "configs": list(self.configs),
            "overrides": [*self.overrides, *self._phase_override(total)],
            "augmentations": list(self.augmentations),
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
            "label": tr(self.label),
            "description": tr(self.description),
            "configs": list(self.configs),
            "steps": self.steps,
            "batch": self.batch,
            "n_signal": self.n_signal,
        }


PRESETS: tuple[Preset, ...] = (
    Preset(
        "tiny",
        N_("Tiny (no graphics card needed)"),
        N_("A small model for computers without a graphics card: a first audible result within minutes."),
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
    Preset(
        "cpu",
        N_("Overnight on the processor"),
        N_("The tiny model with more time and both phases, for a night or two without a graphics card."),
        ("v2_small",),
        ("CAPACITY = 16", "LATENT_SIZE = 16", "RAVE.valid_signal_crop = False"),
        n_signal=32768,
        batch=2,
        steps=200_000,
        phase_1=0.75,
        val_every=5000,
        save_every=2000,
    ),
    Preset(
        "small_gpu",
        N_("Small graphics card"),
        N_("v2 small with shorter examples: made for graphics cards with 4 to 6 GB."),
        ("v2_small",),
        n_signal=65536,
    ),
    Preset(
        "percussion",
        N_("Percussion"),
        N_("Fine time steps and a noise branch, for drums and everything that is struck or plucked."),
        ("v2_small",),
        n_signal=65536,
        augmentations=("gain",),
    ),
    Preset(
        "voice",
        N_("Voice"),
        N_(
            "The standard model with a noise branch for breath and consonants, on compressed examples as well."
        ),
        ("v2", "noise"),
        augmentations=("compress",),
    ),
    Preset(
        "texture",
        N_("Texture"),
        N_("Long examples and a noise branch, for ambiences, drones and field recordings."),
        ("v2", "noise"),
        n_signal=262144,
        batch=4,
    ),
    Preset(
        "low_latency",
        N_("Low delay"),
        N_("Looks only at the past: for playing with an instrument or a voice live."),
        ("v2_small", "causal"),
    ),
    Preset(
        "full_quality",
        N_("Largest"),
        N_("RAVE v3 as published: its second phase wants a graphics card with 24 GB."),
        ("v3",),
    ),
    Preset(
        "v2",
        N_("RAVE v2"),
        N_("The standard model: best quality for its size, wants a graphics card."),
        ("v2",),
    ),
    Preset(
        "v2_small", N_("RAVE v2 small"), N_("A smaller and faster v2 with a short latency."), ("v2_small",)
    ),
    Preset(
        "v1", N_("RAVE v1"), N_("The first model: light, quick to train, a little less faithful."), ("v1",)
    ),
    Preset(
        "raspberry",
        N_("Raspberry"),
        N_("Light enough to play on small computers such as a Raspberry Pi."),
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
        tr("There is no preset named {name}.", name=repr(name)),
        tr("The presets are: {known}.", known=known),
        code="preset-unknown",
    )
