"""Models trained with ``derivative`` hear and answer the slope of the sound: what goes in is differentiated, what comes out integrated.

The filters are those of ``rave.dataset.get_derivator_integrator``: half the difference of neighbouring samples in, and out again a
leaky sum (two poles at 10 Hz, so that no constant builds up). Upstream's pair halves the level; ours gives it back, so a perfect
model would answer what it was given, but for what lies below about 10 Hz. Upstream integrates what it shows in TensorBoard only: its
exports answer the slope.

Both are modules that TorchScript compiles, and both remember the end of a block, so blocks give what the whole gives.
"""

from __future__ import annotations

import math

import torch
from torch import nn

CORNER = 10.0
"""Hz; upstream's."""
CHUNK = 1024
"""Samples that the recursion is solved for at once: the powers of its pole stay far from overflow."""


class Derivator(nn.Module):
    """(batch, channels, samples) to its slope, the same shape. ``rows`` (batch times channels, at most) are remembered, 0: none."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.rows = rows
        self.register_buffer("past", torch.zeros(max(rows, 1), 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        flat = x.reshape(-1, x.shape[-1])
        if flat.shape[-1] == 0:
            return x
        before = torch.zeros_like(flat[:, :1])
        if self.rows > 0:
            before = self.past[: flat.shape[0]].clone()
            self.past[: flat.shape[0]].copy_(flat[:, -1:])
        return (0.5 * (flat - torch.cat([before, flat[:, :-1]], -1))).reshape(x.shape)


class Integrator(nn.Module):
    """The slope (batch, channels, samples) back to sound, the same shape. ``rows`` as for :class:`Derivator`."""

    def __init__(self, sample_rate: int, rows: int) -> None:
        super().__init__()
        self.rows = rows
        self.chunk = CHUNK
        self.pole = 1 / (1 + 2 * math.pi * CORNER / sample_rate)
        # The last input and the two poles' last outputs, in double precision: errors of a sum add up.
        self.register_buffer("past", torch.zeros(max(rows, 1), 3, dtype=torch.float64))
        self.register_buffer(
            "powers", self.pole ** torch.arange(CHUNK, dtype=torch.float64), persistent=False
        )

    def forward(self, y: torch.Tensor) -> torch.Tensor:
        flat = y.reshape(-1, y.shape[-1]).double()
        if flat.shape[-1] == 0:
            return y
        rows = flat.shape[0]
        memory = torch.zeros(rows, 3, dtype=torch.float64, device=flat.device)
        if self.rows > 0:
            memory = self.past[:rows].clone()
        slope = flat - torch.cat([memory[:, :1], flat[:, :-1]], -1)
        once = self.sum(2 * self.pole * self.pole * slope, memory[:, 1:2])
        twice = self.sum(once, memory[:, 2:])
        if self.rows > 0:
            self.past[:rows].copy_(torch.cat([flat[:, -1:], once[:, -1:], twice[:, -1:]], -1))
        return twice.to(y.dtype).reshape(y.shape)

    def sum(self, x: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """``y[n] = x[n] + pole * y[n - 1]``, from ``state`` (rows, 1) on."""
        done: list[torch.Tensor] = []
        for part in x.split(self.chunk, -1):
            powers = self.powers[: part.shape[-1]]
            whole = powers * (self.pole * state + torch.cumsum(part / powers, -1))
            done.append(whole)
            state = whole[:, -1:]
        return torch.cat(done, -1)
