"""What each stock configuration is for, in words, with the figures that were measured of it (``facts.json``, by ``tools/config_facts.py``)."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rave_gui.i18n import N_

KINDS = {
    "architecture": (N_("Architecture"), N_("A model by itself: the first in a stack.")),
    "regularisation": (N_("Latents"), N_("Decides how the latent space is kept in order.")),
    "discriminator": (N_("Discriminator"), N_("The critic of phase 2 that the model learns to convince.")),
    "other": (N_("Add-on"), N_("Changes one property of the model it is put on.")),
    "augmentation": (N_("Variation"), N_("Changes the examples while training.")),
    "prior": (N_("Prior"), N_("A second model that learns to play the first.")),
}
"""Label and one sentence for each kind of configuration."""

MEMORY_CLASSES = (
    ("small", 4.0, N_("Small: fits graphics cards with 6 GB")),
    ("medium", 9.0, N_("Medium: wants a graphics card with 12 GB")),
    ("large", 14.0, N_("Large: wants a graphics card with 16 GB")),
    ("huge", float("inf"), N_("Very large: wants a graphics card with 24 GB or more, or a smaller batch")),
)
"""Key, most GiB of phase 2 at RAVE's own batch and length, words."""


@dataclass(frozen=True)
class Card:
    """Words for one stock configuration (source language; ``tr`` them where they are shown)."""

    title: str
    text: str
    """What it is for."""
    caution: str = ""
    """What one should know before choosing it."""


CARDS: dict[str, Card] = {
    "v1": Card(
        "v1", N_("The first RAVE: light, quick to train, a little less faithful. A good choice for small graphics cards."),
    ),
    "v2": Card("v2", N_("The standard: the best quality for its size. When in doubt, take this one.")),
    "v2_small": Card(
        N_("v2 small"), N_("A slimmer v2 with finer time steps: shorter delay and about half the memory; good for percussive sounds."),
    ),
    "v2_nopqmf": Card(
        N_("v2 without bands"), N_("v2 that writes the waveform directly instead of 16 frequency bands."),
        N_("Experimental in RAVE; its compression of the examples is built in."),
    ),
    "v2_nopqmf_small": Card(
        N_("v2 without bands, small"), N_("The same with a shorter first phase."), N_("Experimental in RAVE."),
    ),
    "v2_with_augs": Card(
        N_("v2 from mel, compressed"), N_("v2 that listens to a mel spectrogram and trains on randomly compressed examples."),
        N_("Experimental in RAVE; needs examples of 131072 samples."),
    ),
    "v3": Card(
        "v3", N_("v2 with style transfer (AdaIN), smoother activations and a stronger critic."),
        N_("Wants the most memory: more than twice that of v2 in phase 2."),
    ),
    "discrete": Card(
        N_("Discrete"), N_("Latents are tokens of learnt codebooks, like those of a speech model; made for priors and language models."),
        N_("Its latents cannot be moved by faders."),
    ),
    "discrete_v3": Card(
        N_("Discrete v3"), N_("Discrete with v3's activations and critic."), N_("Wants very much memory."),
    ),
    "hybrid": Card(
        N_("Hybrid"), N_("Listens to a mel spectrogram and remembers with a recurrent layer."),
        N_("Replaces v2's encoder: other add-ons go after it."),
    ),
    "onnx": Card("ONNX", N_("v1 without its noise branch, small enough for ONNX and embedded players.")),
    "raspberry": Card(
        "Raspberry", N_("The lightest: made for small computers such as a Raspberry Pi."), N_("Quality is limited; no noise branch."),
    ),
    "causal": Card(
        N_("Causal"), N_("Looks only at the past, so that the delay while playing is as short as it can be."),
        N_("The sound loses a little precision."),
    ),
    "noise": Card(
        N_("Noise"), N_("Adds a branch that makes noise: breath, brushes, cymbals."), N_("A little more memory."),
    ),
    "adain": Card(N_("AdaIN"), N_("Lets the model take on the style of another recording while playing.")),
    "snake": Card(N_("Snake"), N_("Activations that like periodic signals: tonal, sustained sounds.")),
    "wasserstein": Card(
        "Wasserstein", N_("Keeps 16 latents in order by a distance between distributions: reconstructs more, less smooth to move in."),
    ),
    "spherical": Card(
        N_("Spherical"), N_("Latents lie on a sphere of 16 dimensions: every direction is a sound, none is too loud."),
    ),
    "descript_discriminator": Card(
        N_("Descript critic"), N_("The critic of the Descript audio codec: sharper transients and highs."),
        N_("More memory in phase 2."),
    ),
    "spectral_discriminator": Card(
        N_("Spectral critic"), N_("A critic that looks at spectrograms, as EnCodec's."), N_("More memory in phase 2."),
    ),
    "normalize_ambient": Card(N_("Normalise ambience"), N_("Compresses the examples so that quiet backgrounds are learnt too.")),
    "mute": Card(N_("Silence"), N_("Mutes some examples, so that the model learns to be silent.")),
    "compress": Card(N_("Compression"), N_("Compresses the dynamics of examples by random amounts.")),
    "gain": Card(N_("Loudness"), N_("Makes examples louder or softer by random amounts.")),
}  # fmt: skip


@functools.cache
def figures() -> dict[str, dict[str, Any]]:
    """Measured figures by stock name: phase_1_gib, phase_2_gib, parameters, latent_size, ratio, minimum_n_signal, delay_ms.

    Memory at a batch of 8 examples of 131072 samples, add-ons on v2.
    """
    data = json.loads(Path(__file__).with_name("facts.json").read_text(encoding="utf-8"))
    found: dict[str, dict[str, Any]] = data["configurations"]
    return found


def memory_class(gib: float) -> str:
    """small, medium, large or huge for the GiB of phase 2."""
    return next(key for key, most, _ in MEMORY_CLASSES if gib <= most)
