"""Sound through a model and back, deterministic, whole or in blocks that give the same as the whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from rave_engine.inference.derivative import Derivator, Integrator
from rave_engine.inference.latents import sample
from rave_engine.inference.loading import LoadedModel

BLOCK = 1 << 18
"""Samples a block of a long file: six seconds at 44.1 kHz, so that cancel is noticed soon and memory stays small."""
DEFAULT_CONTEXT = 1 << 16
"""Samples kept around a block where the run does not say its receptive field."""
RECURRENT_CONTEXT = 1 << 18
"""The same where a recurrent layer (``hybrid``) remembers further back than any receptive field; it forgets within this."""
SHORTEST = 1 << 13
"""Shorter input is padded with silence: the spectrogram of ``hybrid`` needs a window's length."""


@torch.inference_mode()
def pass_through(loaded: LoadedModel, audio: torch.Tensor, randomness: float, start: int = 0) -> torch.Tensor:
    """(batch, channels, samples) of what the model was trained on to the same shape, one pass without blocks.

    ``start`` is the first sample's place in the file (a multiple of ``loaded.alignment``), which the noise table follows.
    """
    length = audio.shape[-1]
    unit = loaded.alignment
    padded = max(SHORTEST, length)
    padded += -padded % unit
    x = torch.nn.functional.pad(audio.to(loaded.device, torch.float32), (0, padded - length))
    if loaded.noise is not None:
        loaded.noise.set_randomness(randomness)
        loaded.noise.position.fill_(start // loaded.noise_frame % loaded.noise.frames)
    z = sample(loaded.model.encoder, loaded.model.encode(x), randomness)
    y: torch.Tensor = loaded.model.decode(z)
    return y[..., :length].float().cpu()


def reconstruct(
    model: LoadedModel, audio: torch.Tensor, randomness: float = 0.0, seed: int = 0
) -> torch.Tensor:
    """What the model makes of ``audio`` (channels, samples) at its own rate: the same shape, on the CPU.

    At ``randomness`` 0 the posterior mean through a fixed noise branch, so twice the same; at 1 upstream's sampling, drawn
    with ``seed``. A mono model takes any number of channels, one by one; a model with n channels takes n. Long audio is
    worked in blocks with the receptive field around them, which gives the same as one pass.
    """
    blocks = list(reconstruct_blocks(model, audio, randomness, seed))
    if not blocks:
        return torch.zeros_like(audio)
    return torch.cat(blocks, -1)


def reconstruct_blocks(
    model: LoadedModel, audio: torch.Tensor, randomness: float = 0.0, seed: int = 0, block: int = BLOCK
) -> Iterator[torch.Tensor]:
    """:func:`reconstruct` piece by piece: yields (channels, up to ``block`` samples) in order."""
    feeder = BlockFeeder(model, audio.shape[0], randomness, seed, block)
    yield from feeder.feed(audio)
    yield from feeder.finish()


class BlockFeeder:
    """Takes sound in pieces of any length and gives the reconstruction in blocks, holding only a block and its surroundings.

    A block is computed with ``context`` samples on either side and cut to its place. With the context at least the receptive
    field, what is cut out equals one pass over the whole.
    """

    def __init__(
        self, model: LoadedModel, channels: int, randomness: float = 0.0, seed: int = 0, block: int = BLOCK
    ) -> None:
        unit = model.alignment
        self.model = model
        self.channels = channels
        self.randomness = randomness
        self.block = max(unit, block - block % unit)
        self.context = context(model)
        # A model of the sound's slope: differentiated as it comes in, integrated as it goes out.
        self._before: torch.nn.Module = torch.nn.Identity()
        self._after: torch.nn.Module = torch.nn.Identity()
        if model.derivative:
            self._before, self._after = Derivator(channels), Integrator(model.sample_rate, channels)
        self._seed = seed
        self._held = torch.zeros(channels, 0)
        self._held_start = 0
        self._next = 0

    def feed(self, piece: torch.Tensor) -> Iterator[torch.Tensor]:
        """Add (channels, n) samples; yields the blocks that became possible."""
        piece = self._before(piece.to(torch.float32)[None])[0]
        self._held = torch.cat([self._held, piece], -1)
        while self._held_start + self._held.shape[-1] >= self._next + self.block + self.context:
            yield self._make(self._next + self.block, self._next + self.block + self.context)

    def finish(self) -> Iterator[torch.Tensor]:
        """Yields what is left after the last piece."""
        end = self._held_start + self._held.shape[-1]
        while self._next < end:
            stop = min(end, self._next + self.block)
            yield self._make(stop, min(end, stop + self.context))

    def _make(self, stop: int, until: int) -> torch.Tensor:
        window = self._held[:, : until - self._held_start]
        groups = _grouped(window, self.model.n_channels)
        with torch.random.fork_rng(devices=_devices(self.model.device)):
            torch.manual_seed((self._seed * 1_000_003 + self._next // self.block) % (1 << 32))
            out = pass_through(self.model, groups, self.randomness, self._held_start)
        out = out.reshape(window.shape)[:, self._next - self._held_start : stop - self._held_start]
        self._next = stop
        keep_from = max(0, stop - self.context)
        self._held = self._held[:, keep_from - self._held_start :]
        self._held_start = keep_from
        integrated: torch.Tensor = self._after(out[None])[0]
        return integrated


def context(model: LoadedModel) -> int:
    """Samples of surroundings that a block needs: the receptive field the run wrote down, rounded up to whole latent frames."""
    field = getattr(model.model, "receptive_field", None)
    known = int(field.max()) if isinstance(field, torch.Tensor) else 0
    size = known or DEFAULT_CONTEXT
    if any(isinstance(m, torch.nn.GRU) for m in model.model.modules()):
        size = max(size, RECURRENT_CONTEXT)
    return size + -size % model.alignment


def _grouped(audio: torch.Tensor, channels: int) -> torch.Tensor:
    """(c, samples) to (c / channels, channels, samples)."""
    if audio.shape[0] % channels:
        raise ValueError(f"{audio.shape[0]} channels cannot go through a model with {channels}")
    return audio.reshape(-1, channels, audio.shape[-1])


def _devices(device: torch.device) -> list[Any]:
    return [device] if device.type == "cuda" else []
