"""How far a reconstruction is from the original, and the three sounds it is compared with.

The distance is RAVE's own multi-scale spectral distance, ``rave.core.AudioDistanceV1`` on ``rave.core.MultiScaleSTFT`` with the
scales and the epsilon of the stock v1 and v2 configurations, whatever the run itself was trained with, so that numbers of
different runs can be compared. For each scale N in 2048, 1024, 512, 256, 128 (Hann window of N, hop N / 4, magnitudes X of the
original and Y of the other):

    mean((X - Y)^2) / mean(X^2)  +  mean(|log(X + 1e-7) - log(Y + 1e-7)|)

summed over the scales. Lower is better, 0 is identity. A silent original has no such distance (its denominator is zero).
"""

from __future__ import annotations

from typing import Any

import torch

SCALES = (2048, 1024, 512, 256, 128)
LOG_EPSILON = 1e-7
SILENT_PEAK = 1e-4
"""Chunks whose peak stays below this (-80 dBFS) are not measured: relative distances mean nothing there."""
ENVELOPE_WINDOW = 1024
"""Samples of one value of the noise baseline's envelope."""


def build_distance(sample_rate: int) -> Any:
    """The module: ``distance(original, other)`` for two (channels, samples), a float."""
    from rave import core

    module = core.AudioDistanceV1(
        lambda: core.MultiScaleSTFT(list(SCALES), sample_rate, magnitude=True), LOG_EPSILON
    )

    @torch.inference_mode()
    def distance(original: torch.Tensor, other: torch.Tensor) -> float:
        found = module(original[None], other[None])
        return float(found["spectral_distance"])

    return distance


def envelope_matched_noise(audio: torch.Tensor, seed: int = 0) -> torch.Tensor:
    """White noise with the loudness curve of ``audio`` (channels, samples): the same shape.

    Gaussian noise is multiplied by the original's root mean square, taken over windows of 1024 samples every 512 and
    interpolated linearly: it has the right level at every moment and none of the sound's colour.
    """
    generator = torch.Generator().manual_seed(seed)
    hop = ENVELOPE_WINDOW // 2
    power = torch.nn.functional.avg_pool1d(
        audio[None] ** 2, ENVELOPE_WINDOW, hop, padding=hop, ceil_mode=True, count_include_pad=False
    )
    envelope = torch.nn.functional.interpolate(
        power.clamp_min(0).sqrt(), scale_factor=hop, mode="linear", align_corners=False
    )[0]
    envelope = torch.nn.functional.pad(envelope[None], (0, hop), mode="replicate")[0]
    noise = torch.randn(audio.shape, generator=generator)
    return noise * envelope[:, hop // 2 : hop // 2 + audio.shape[-1]]
