"""A noise branch that answers twice the same.

RAVE's two noise generators filter fresh random numbers on every call. Here the numbers come from a fixed table that is walked
frame by frame: it still sounds like noise (the table lasts about six seconds before it repeats), the same input gives the same
output, and blocks give what the whole gives because the place in the table is part of the streaming state.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

TABLE_SAMPLES = 1 << 18
"""Length of the table in samples of the output signal: 5.9 s at 44.1 kHz, 1 MB a channel in the exported file."""
TABLE_SEED = 20_211_109
"""Fixed for good: changing it changes what every exported model answers."""


class FixedNoise(nn.Module):
    """Takes the place of ``rave.blocks.NoiseGenerator`` or ``NoiseGeneratorV2``, sharing its weights.

    ``forward`` maps the decoder's features (batch, features, time) to noise bands (batch, bands, samples) as upstream's does.
    ``streaming`` keeps ``position`` (frames since the start) from call to call; otherwise every call starts at it.
    """

    def __init__(self, source: Any, streaming: bool) -> None:
        super().__init__()
        self.net = source.net
        self.bands = int(source.data_size) * int(getattr(source, "n_channels", 1))
        self.size = int(source.target_size)
        self.data_size = int(source.data_size)
        self.streaming = streaming
        self.randomness = 0.0
        # AlignBranches was built with the source's delay; kept for whoever reads it.
        self.cumulative_delay = int(getattr(source, "cumulative_delay", 0))
        self.frames = max(8, TABLE_SAMPLES // (self.data_size * self.size))
        generator = torch.Generator().manual_seed(TABLE_SEED)
        table = torch.rand(self.frames, self.bands, self.size, generator=generator) * 2 - 1
        device = source.target_size.device
        self.register_buffer("target_size", source.target_size)
        self.register_buffer("table", table.to(device), persistent=False)
        self.register_buffer("position", torch.zeros(1, dtype=torch.long, device=device), persistent=False)

    def set_randomness(self, value: float) -> None:
        """0: the table; 1: fresh random numbers as upstream; between: both, at constant power."""
        self.randomness = value

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        amp = 2 * torch.sigmoid(self.net(x) - 5) ** 2.3 + 1e-7
        amp = amp.permute(0, 2, 1)
        amp = amp.reshape(amp.shape[0], amp.shape[1], self.bands, -1)
        ir = impulse_response(amp, self.size)
        index = torch.arange(ir.shape[1], device=ir.device) + self.position
        noise = self.table[index % self.frames].unsqueeze(0)
        if self.streaming:
            self.position.copy_((self.position + ir.shape[1]) % self.frames)
        if self.randomness > 0:
            fresh = torch.rand_like(ir) * 2 - 1
            noise = noise * math.sqrt(max(0.0, 1 - self.randomness**2)) + fresh * self.randomness
        out = convolve(noise, ir).permute(0, 2, 1, 3)
        return out.reshape(out.shape[0], out.shape[1], -1)


class NoNoise(nn.Module):
    """Stands where a model has no noise branch, so that TorchScript finds the same methods."""

    def set_randomness(self, value: float) -> None:
        """Nothing to set."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def impulse_response(amp: torch.Tensor, size: int) -> torch.Tensor:
    """Zero-phase windowed impulse responses of ``size`` samples from magnitudes on the last dimension (as RAVE's
    ``amp_to_impulse_response``)."""
    response = torch.fft.irfft(torch.complex(amp, torch.zeros_like(amp)))
    length = response.shape[-1]
    window = torch.hann_window(length, dtype=amp.dtype, device=amp.device)
    response = torch.roll(response, length // 2, -1) * window
    response = nn.functional.pad(response, (0, size - length))
    return torch.roll(response, -(length // 2), -1)


def convolve(signal: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """Causal convolution of equally long signals on the last dimension, cut to their length (as RAVE's ``fft_convolve``)."""
    length = signal.shape[-1]
    spectrum = torch.fft.rfft(signal, 2 * length) * torch.fft.rfft(kernel, 2 * length)
    return torch.fft.irfft(spectrum, 2 * length)[..., :length]


def install(model: Any, streaming: bool) -> FixedNoise | None:
    """Replace the model's noise branch in place. Returns the new one, or None where the architecture has none."""
    from rave.blocks import NoiseGenerator, NoiseGeneratorV2

    decoder = model.decoder
    if isinstance(getattr(decoder, "noise_module", None), NoiseGeneratorV2):
        fixed = FixedNoise(decoder.noise_module, streaming)
        decoder.noise_module = fixed
        return fixed
    branches: Any = getattr(getattr(decoder, "synth", None), "branches", ())
    for i, branch in enumerate(branches):
        if isinstance(branch, NoiseGenerator):
            fixed = FixedNoise(branch, streaming)
            branches[i] = fixed
            return fixed
    return None
