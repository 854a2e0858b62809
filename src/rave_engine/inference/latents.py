"""From an encoder's output to what the decoder takes, with randomness as a dial.

At 0 the posterior mean (nothing is drawn and padding is zero), at 1 what upstream draws, between them scaled.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


def kind_of(encoder: Any) -> str:
    """``variational``, ``discrete``, ``wasserstein`` or ``spherical``. Raises ValueError for another class."""
    from rave import blocks

    kinds = {
        blocks.VariationalEncoder: "variational",
        blocks.DiscreteEncoder: "discrete",
        blocks.WasserteinEncoder: "wasserstein",
        blocks.SphericalEncoder: "spherical",
    }
    for cls, kind in kinds.items():
        if isinstance(encoder, cls):
            return kind
    raise ValueError(f"encoder of class {type(encoder).__name__} is not known")


def with_noise(z: torch.Tensor, channels: int, randomness: float) -> torch.Tensor:
    """Append ``channels`` noise dimensions (upstream's noise augmentation), zero at randomness 0."""
    if channels <= 0:
        return z
    extra = torch.zeros(z.shape[0], channels, z.shape[-1], dtype=z.dtype, device=z.device)
    if randomness > 0:
        extra = torch.randn_like(extra) * randomness
    return torch.cat([z, extra], 1)


def sample(encoder: Any, raw: torch.Tensor, randomness: float) -> torch.Tensor:
    """Latents (batch, full latent size, time) for the decoder from the encoder's raw output (batch, …, time)."""
    kind = kind_of(encoder)
    if kind == "variational":
        mean, scale = raw.chunk(2, 1)
        if randomness <= 0:
            return mean
        std = nn.functional.softplus(scale) + 1e-4
        return mean + randomness * std * torch.randn_like(mean)
    if kind == "discrete":
        z = encoder.rvq.decode(encoder.rvq.encode(raw)) if int(encoder.enabled) else raw
        return with_noise(z, encoder.noise_augmentation, randomness)
    if kind == "wasserstein":
        return with_noise(raw, encoder.noise_augmentation, randomness)
    spherical: torch.Tensor = encoder.reparametrize(raw)[0]
    return spherical
