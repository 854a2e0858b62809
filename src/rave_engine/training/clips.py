"""Sounds of the user's own that go through the model at every checkpoint and validation, to hear it learn them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rave_engine.errors import EngineError
from rave_protocol import events

SECONDS = 20.0
"""So much of each sound, from its beginning."""
SHORTEST = 1 << 15
"""Shorter sounds are padded with silence while they go through the model."""


@dataclass(frozen=True)
class Clip:
    """One sound at the model's rate, (channels, samples)."""

    number: int
    source: str
    audio: np.ndarray[Any, Any]


def load(
    sources: Sequence[str], rate: int, channels: int, warn: Callable[[events.Event], None]
) -> list[Clip]:
    """Read the sounds; one that cannot be read is a warning, and the training goes on without it."""
    from rave_engine.inference.rendering import open_sound, resampled

    found = []
    for number, source in enumerate(sources, 1):
        try:
            with open_sound(Path(source)) as file:
                pieces, count = [], 0
                for piece in resampled(file, rate):
                    pieces.append(piece)
                    count += piece.shape[-1]
                    if count >= SECONDS * rate:
                        break
        except EngineError as error:
            warn(events.Warned("clip", error.message, error.hint))
            continue
        audio = np.concatenate(pieces, -1)[:, : int(SECONDS * rate)]
        if audio.shape[0] != channels:
            audio = audio.mean(0, keepdims=True).repeat(channels, 0)
        found.append(Clip(number, source, np.ascontiguousarray(audio, dtype=np.float32)))
    return found


@torch.no_grad()
def hear(model: Any, clip: Clip) -> np.ndarray[Any, Any]:
    """The clip through the model at the middle of its latents, (channels, samples). The training's randomness is not touched."""
    from rave_engine.inference.latents import sample

    device = next(model.parameters()).device
    length = clip.audio.shape[-1]
    padded = max(SHORTEST, length + -length % SHORTEST)
    x = torch.nn.functional.pad(torch.from_numpy(clip.audio), (0, padded - length))[None].to(device)
    was_training = model.training
    model.eval()
    try:
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(0)
            y = model.decode(sample(model.encoder, model.encode(x), 0.0))
    finally:
        model.train(was_training)
    return np.asarray(y[0, :, :length].float().cpu().numpy())
