"""Validation: RAVE's metrics on the held-out chunks, the latent PCA, and what the model sounds like now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

FIDELITIES = (0.8, 0.9, 0.95, 0.99)
HEARD = 8
"""Examples in ``audio_val``, as upstream."""


@dataclass
class Validation:
    """What one pass gave."""

    scalars: dict[str, float] = field(default_factory=dict)
    """``validation`` and, for a variational model in phase 1, ``fidelity_0.8`` and so on."""
    original: np.ndarray[Any, Any] | None = None
    """Up to 8 chunks, (chunks, channels, samples)."""
    reconstruction: np.ndarray[Any, Any] | None = None
    skipped_pca: bool = False
    """Too few latent frames for the PCA."""


@torch.no_grad()
def validate(model: Any, examples: Iterator[torch.Tensor], between: Callable[[], None]) -> Validation:
    """Run ``model`` over ``examples`` (batches of audio); ``between`` is called after each batch and may raise.

    Same random numbers every time, so two validations differ by the weights alone, and the training's own randomness is
    not touched. The latent PCA, mean and fidelity are stored in the model's buffers as upstream does it.
    """
    import rave.blocks

    variational = isinstance(model.encoder, rave.blocks.VariationalEncoder)
    found = Validation()
    total, count = 0.0, 0
    means: list[torch.Tensor] = []
    heard_x: list[torch.Tensor] = []
    heard_y: list[torch.Tensor] = []
    devices = [next(model.parameters()).device] if next(model.parameters()).is_cuda else []
    was_training = model.training
    model.eval()
    try:
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(0)
            for x in examples:
                z = model.encode(x)
                if variational:
                    means.append(torch.split(z, z.shape[1] // 2, 1)[0])
                y = model.decode(model.encoder.reparametrize(z)[0])[..., : x.shape[-1]]
                distance = sum(model.audio_distance(x, y).values())
                total += float(distance) * len(x)
                count += len(x)
                if sum(map(len, heard_x)) < HEARD:
                    heard_x.append(x.cpu())
                    heard_y.append(y.cpu())
                between()
    finally:
        model.train(was_training)
    found.scalars["validation"] = total / max(count, 1)
    if variational and not model.warmed_up:
        _analyse(model, means, found)
    found.original = torch.cat(heard_x)[:HEARD].numpy()
    found.reconstruction = torch.cat(heard_y)[:HEARD].numpy()
    return found


def _analyse(model: Any, means: list[torch.Tensor], found: Validation) -> None:
    """Principal components of the latent means, as upstream's ``validation_epoch_end``.

    With fewer frames than latent dimensions scikit-learn refuses (upstream's run dies there: acids-ircam/RAVE issues 108 and 145); then the
    last analysis stays and the caller is told.
    """
    z = torch.cat(means, 0).permute(0, 2, 1).flatten(0, 1)
    if z.shape[0] < z.shape[1]:
        found.skipped_pca = True
        return
    from sklearn.decomposition import PCA

    model.latent_mean.copy_(z.mean(0))
    centred = z - model.latent_mean
    pca = PCA(z.shape[-1]).fit(centred.cpu().numpy())
    model.latent_pca.copy_(torch.from_numpy(pca.components_).to(centred))
    variance = np.cumsum(pca.explained_variance_ / np.sum(pca.explained_variance_))
    model.fidelity.copy_(torch.from_numpy(variance).to(model.fidelity))
    for fidelity in FIDELITIES:
        found.scalars[f"fidelity_{fidelity}"] = float(np.argmax(variance > fidelity))
