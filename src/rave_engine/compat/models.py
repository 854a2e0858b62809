"""Model code that fails on stock configurations, put right without touching what works.

* ``RAVE.encode(return_mb=True)`` sends the *mel spectrogram* through the PQMF where it means the waveform, so ``hybrid`` and
  ``v2_with_augs`` die in the first training step with an STFT padding error (acids-ircam/RAVE issue 336).
* ``SphericalEncoder.reparametrize`` divides by the norm of the latent vector and ``unit_norm_vector_to_angles`` by partial
  norms: both give NaN on digital silence, and in a streaming export that NaN stays in the caches for good (no upstream thread known).
* ``RAVE.__init__`` updates a module-level dictionary of loss weights in place, so a second model built in one process inherits
  the first one's weights (harmless in upstream's one-model scripts, wrong in a warm process).
"""

from __future__ import annotations

import functools
import math
from typing import Any

import torch

EPSILON = 1e-8
"""Smallest norm by which a latent vector is divided; anything audible is many orders above."""


def vector_to_angles(x: torch.Tensor) -> torch.Tensor:
    """Unit vectors (batch, n, time) to n - 1 angles scaled to -1…1, upstream's coordinates.

    Written with ``atan2`` of the remaining norm instead of ``arccos`` of a quotient: the same angles, but exact near the
    poles and defined (zero) for the zero vector.
    """
    rest = x.flip(1).pow(2).cumsum(1).flip(1).sqrt()
    inner = torch.atan2(rest[:, 1:], x[:, :-1]) / math.pi
    last = torch.atan2(x[:, -1:], x[:, -2:-1])
    last = torch.where(last < 0, last + 2 * math.pi, last) / (2 * math.pi)
    return 2 * (torch.cat([inner[:, :-1], last], 1) - 0.5)


def angles_to_vector(angles: torch.Tensor) -> torch.Tensor:
    """The inverse of :func:`vector_to_angles`; angles beyond -1…1 wrap around."""
    turn = (angles / 2 + 0.5) % 1
    inner = turn[:, :-1] * math.pi
    last = turn[:, -1:] * (2 * math.pi)
    all_angles = torch.cat([inner, last], 1)
    one = torch.ones_like(all_angles[:, :1])
    return torch.cat([all_angles.cos(), one], 1) * torch.cat([one, all_angles.sin().cumprod(1)], 1)


def apply() -> None:
    """Patch ``rave.model`` and ``rave.blocks``."""
    import rave
    import rave.blocks
    import rave.model

    model_class: Any = rave.model.RAVE
    if getattr(model_class, "rave_gui", False):
        return
    pqmf_encode = rave.model._pqmf_encode
    stock_weights = dict(rave.model._default_loss_weights)
    construct = model_class.__init__

    def encode(self: Any, x: torch.Tensor, return_mb: bool = False) -> Any:
        inner = x
        if self.input_mode == "pqmf":
            inner = pqmf_encode(self.pqmf, x)
        elif self.input_mode == "mel":
            inner = self._mel_encode(x)
        z = self.encoder(inner)
        if not return_mb:
            return z
        return z, inner if self.input_mode == "pqmf" else pqmf_encode(self.pqmf, x)

    @functools.wraps(construct)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        rave.model._default_loss_weights = dict(stock_weights)
        construct(self, *args, **kwargs)

    def reparametrize(self: Any, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        norm = torch.norm(z, p=2, dim=1, keepdim=True)
        return z / norm.clamp_min(EPSILON), torch.zeros_like(z).mean()

    model_class.encode = encode
    model_class.__init__ = init
    model_class.rave_gui = True
    rave.blocks.SphericalEncoder.reparametrize = reparametrize
    rave.blocks.unit_norm_vector_to_angles = vector_to_angles
