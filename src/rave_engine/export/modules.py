"""The parts of an exported model: signal front and back, latent space, and stateful twins of layers that RAVE exports stateless.

All are compiled by TorchScript, so they are written in its subset of Python.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from rave_engine.compat.models import angles_to_vector, vector_to_angles
from rave_engine.inference.latents import with_noise


class PqmfFront(nn.Module):
    """Waveform (batch, channels, samples) to bands (batch, channels * bands, frames); ``signs`` see
    :mod:`rave_engine.export.alignment`."""

    def __init__(self, pqmf: nn.Module, signs: torch.Tensor) -> None:
        super().__init__()
        self.pqmf = pqmf
        self.register_buffer("signs", signs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch = x.shape[0]
        y = self.pqmf(x.reshape(-1, 1, x.shape[-1]))
        return y.reshape(batch, -1, y.shape[-1]) * self.signs


class MelFront(nn.Module):
    """Waveform to log mel bands (batch, channels * mels, frames), centred windows: needs the whole signal."""

    def __init__(self, mel: nn.Module) -> None:
        super().__init__()
        self.mel = mel

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.mel(x)[..., :-1]
        return torch.log1p(y).reshape(x.shape[0], -1, y.shape[-1])


class StreamingMelFront(nn.Module):
    """The same with the last window's samples kept between calls.

    Upstream centres its windows in every block and reflects at both ends, so ``hybrid`` clicks at each block. Here a window
    ends where its block ends, which makes the features ``n_fft / 2 - hop`` samples later.
    """

    def __init__(self, mel: Any, rows: int) -> None:
        super().__init__()
        self.mel = mel
        mel.spectrogram.center = False
        self.keep = int(mel.spectrogram.n_fft - mel.spectrogram.hop_length)
        self.register_buffer("past", torch.zeros(rows, self.keep))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        flat = x.reshape(-1, x.shape[-1])
        rows = flat.shape[0]
        flat = torch.cat([self.past[:rows], flat], -1)
        self.past[:rows].copy_(flat[:, -self.keep :])
        y = torch.log1p(self.mel(flat))
        return y.reshape(x.shape[0], -1, y.shape[-1])


class RawFront(nn.Module):
    """The waveform as it is."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


class PqmfBack(nn.Module):
    """Bands (batch, channels * bands, frames) to the waveform (batch, channels, samples)."""

    def __init__(self, pqmf: nn.Module, channels: int, signs: torch.Tensor) -> None:
        super().__init__()
        self.pqmf = pqmf
        self.channels = channels
        self.register_buffer("signs", signs)

    def forward(self, y: torch.Tensor) -> torch.Tensor:
        batch = y.shape[0]
        y = y * self.signs
        y = self.pqmf.inverse(y.reshape(batch * self.channels, -1, y.shape[-1]))
        return y.reshape(batch, self.channels, -1)


class StreamingGRU(nn.Module):
    """A GRU that goes on where the last block ended; RAVE's own starts from nothing with every block."""

    def __init__(self, source: Any, rows: int) -> None:
        super().__init__()
        self.gru = source.gru
        self.register_buffer("gru_memory", torch.zeros(self.gru.num_layers, rows, self.gru.hidden_size))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch = x.shape[0]
        memory = self.gru_memory[:, :batch].contiguous()
        y, memory = self.gru(x.permute(0, 2, 1), memory)
        self.gru_memory[:, :batch].copy_(memory)
        return y.permute(0, 2, 1)


class NoResampler(nn.Module):
    """Stands where host and model run at the same rate."""

    def to_model_sampling_rate(self, x: torch.Tensor) -> torch.Tensor:
        """Unchanged."""
        return x

    def from_model_sampling_rate(self, x: torch.Tensor) -> torch.Tensor:
        """Unchanged."""
        return x

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


class VariationalSpace(nn.Module):
    """Latents in the order of their variance: the encoder's posterior, turned by the PCA found in training, its first
    ``size`` dimensions; the others come back as zero (or noise)."""

    def __init__(self, pca: torch.Tensor, mean: torch.Tensor, size: int) -> None:
        super().__init__()
        self.size = size
        self.register_buffer("pca", pca)
        self.register_buffer("mean", mean)

    def post(self, raw: torch.Tensor, randomness: float) -> torch.Tensor:
        """Encoder output (batch, 2 * full, frames) to (batch, size, frames)."""
        z, scale = raw.chunk(2, 1)
        if randomness > 0:
            std = nn.functional.softplus(scale) + 1e-4
            z = z + randomness * std * torch.randn_like(z)
        z = z - self.mean.unsqueeze(-1)
        return nn.functional.conv1d(z, self.pca[: self.size].unsqueeze(-1))

    def pre(self, z: torch.Tensor, randomness: float) -> torch.Tensor:
        """(batch, size, frames) to the decoder's (batch, full, frames)."""
        z = with_noise(z, self.pca.shape[0] - z.shape[1], randomness)
        z = nn.functional.conv1d(z, self.pca.t().unsqueeze(-1))
        return z + self.mean.unsqueeze(-1)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return z


class DiscreteSpace(nn.Module):
    """Indices into the codebooks, as floats."""

    def __init__(self, rvq: Any, noise: int) -> None:
        super().__init__()
        self.rvq = rvq
        self.noise = noise
        self.last = int(rvq.layers[0].codebook_size) - 1

    def post(self, raw: torch.Tensor, randomness: float) -> torch.Tensor:
        """Encoder output (batch, full, frames) to indices (batch, quantizers, frames)."""
        return self.rvq.encode(raw).float()

    def pre(self, z: torch.Tensor, randomness: float) -> torch.Tensor:
        """Indices (rounded down, limited to the codebook) to the decoder's input."""
        codes = self.rvq.decode(torch.clamp(z, 0, self.last).long())
        return with_noise(codes, self.noise, randomness)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return z


class WassersteinSpace(nn.Module):
    """The encoder's output itself; noise dimensions are appended for the decoder."""

    def __init__(self, noise: int) -> None:
        super().__init__()
        self.noise = noise

    def post(self, raw: torch.Tensor, randomness: float) -> torch.Tensor:
        """Unchanged."""
        return raw

    def pre(self, z: torch.Tensor, randomness: float) -> torch.Tensor:
        """With the noise dimensions, zero at randomness 0."""
        return with_noise(z, self.noise, randomness)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return z


class SphericalSpace(nn.Module):
    """Directions as angles, -1…1 each."""

    def post(self, raw: torch.Tensor, randomness: float) -> torch.Tensor:
        """(batch, n, frames) to n - 1 angles; silence has the angle zero everywhere instead of NaN."""
        return vector_to_angles(raw)

    def pre(self, z: torch.Tensor, randomness: float) -> torch.Tensor:
        """Angles to unit vectors."""
        return angles_to_vector(z)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return z
