"""Make a streaming model the delayed twin of its offline self.

Cached convolutions delay by whole frames, and RAVE's PQMF flips the sign of every other band on every other frame *by absolute
time*. Where the decoder is late by an odd number of frames the flips fall on the wrong ones: neighbouring bands reach the
synthesis with opposite signs and their aliasing adds up instead of cancelling. The same happens before the encoder. Upstream's
streaming exports have this in every configuration with an odd delay (no upstream thread known). Here the delays are measured on
the model itself, and where they are odd the odd bands are flipped once more: no latency, and the streaming model then equals
the offline one on the delayed signal.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from rave_engine.inference.noise import FixedNoise

PROBE_FRAMES = 64
"""Latent frames of the random signals used for measuring."""


@dataclass(frozen=True)
class Delays:
    """Delays of a streaming model against the same weights offline; None where they could not be measured."""

    analysis: int | None
    """PQMF frames (or samples, for raw input) by which the encoder's net is late, its own decimation included."""
    synthesis: int | None
    """Frames of the decoder's output by which it is late."""


def measure(online: Any, offline: Any) -> Delays:
    """Compare two ``rave.RAVE`` of the same weights, the first with cached convolutions. Both must be on the CPU."""
    analysis = None
    if online.input_mode == "pqmf":
        analysis = _encoder_delay(online.encoder.encoder, offline.encoder.encoder, _bands(online))
    synthesis = None
    if online.output_mode == "pqmf":
        synthesis = _decoder_lag(online.decoder, offline.decoder)
    return Delays(analysis, synthesis)


def _bands(model: Any) -> int:
    return int(model.pqmf.hk.shape[0]) * int(model.n_channels)


def _encoder_delay(online: nn.Module, offline: nn.Module, bands: int) -> int | None:
    """How much earlier the last input is that reaches an output frame, by the extent of the gradient."""
    length = 1 << 12
    late, ratio = _reach(online, bands, length)
    early, _ = _reach(offline, bands, length)
    _detach(online)
    if late is None or early is None:
        return None
    del ratio
    return early - late


def _reach(net: nn.Module, bands: int, length: int) -> tuple[int | None, int]:
    """Index of the last input frame that the middle output frame depends on, and the ratio."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, bands, length, generator=generator).requires_grad_(True)
    with torch.enable_grad():
        y = net(x)
        y[..., y.shape[-1] // 2].abs().sum().backward()
    touched = torch.nonzero(x.grad.abs().sum((0, 1))).flatten() if x.grad is not None else torch.empty(0)
    ratio = length // y.shape[-1]
    return (int(touched[-1]) if len(touched) else None), ratio


def _detach(net: nn.Module) -> None:
    """Caches took part in the graph: cut them off and empty them."""
    for module in net.modules():
        for name, buffer in list(module._buffers.items()):
            if buffer is not None and buffer.requires_grad:
                module._buffers[name] = torch.zeros_like(buffer).detach()


@torch.no_grad()
def _decoder_lag(online: Any, offline: Any) -> int | None:
    """The shift at which the outputs agree best, if they do."""
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(1, _input_size(offline.net), PROBE_FRAMES, generator=generator)
    with _without_noise(online), _without_noise(offline):
        late, early = online(z)[0].double(), offline(z)[0].double()
    length = late.shape[-1]
    start, stop = length // 2, length - length // 6
    best, place = 1.0, None
    for lag in range(length // 3):
        part, reference = late[:, start:stop], early[:, start - lag : stop - lag]
        error = float((part - reference).norm() / part.norm().clamp_min(1e-30))
        if error < best:
            best, place = error, lag
    return place if best < 1e-3 else None


@contextlib.contextmanager
def _without_noise(decoder: Any) -> Iterator[None]:
    """The noise branch starts at the same place of its table whatever the delay, so it would hide the shift."""
    tables = [(m, m.table.clone()) for m in decoder.modules() if isinstance(m, FixedNoise)]
    for module, _ in tables:
        module.table.zero_()
    try:
        yield
    finally:
        for module, table in tables:
            module.table.copy_(table)


def _input_size(net: nn.Module) -> int:
    """Channels that the decoder's first layer takes."""
    for module in net.modules():
        if isinstance(module, nn.GRU):
            return int(module.input_size)
        if isinstance(module, (nn.Conv1d, nn.ConvTranspose1d)):
            return int(module.in_channels)
    raise ValueError("the decoder has no convolution")


def alternate(count: int, channels: int) -> torch.Tensor:
    """(1, channels * bands, 1): +1 for even bands, -1 for odd ones."""
    signs = torch.ones(count // channels)
    signs[1::2] = -1
    return signs.repeat(channels)[None, :, None]
