"""Send sound through an exported model (TorchScript) as through the checkpoint it was made from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from rave_engine.errors import EngineError
from rave_protocol.codec import ProtocolError
from rave_protocol.files import read_json

BLOCK = 1 << 16
CARD = "card.json"


@dataclass(frozen=True)
class ExportedModel:
    """An opened .ts file with what its feeder needs."""

    module: Any
    path: Path
    step: int
    sample_rate: int
    n_channels: int
    """Channels that go in; as many come out."""
    ratio: int
    latency: int
    """Samples by which the answer of a streaming model comes late, as its card says; 0 without a card."""


def open_exported(path: Path) -> ExportedModel:
    """Load with plain ``torch.jit.load``. Raises EngineError for what is no RAVE model, or has unequal channels in and out."""
    from rave_engine.export import verifying

    module = verifying.load(path)
    facts = verifying.describe(module)
    if facts["channels_in"] != facts["channels"]:
        raise EngineError(
            "channels",
            f"{path.name} takes {facts['channels_in']} channels and answers with {facts['channels']}.",
            "Use it in its host, or send sound through the run it was made from.",
        )
    card = _card(path)
    latency = card.get("latency")
    samples = latency.get("samples") if isinstance(latency, dict) else None
    step = card.get("step")
    return ExportedModel(
        module,
        path,
        step if isinstance(step, int) else 0,
        facts["sample_rate"] or 44100,
        facts["channels"],
        facts["ratio"],
        samples if isinstance(samples, int) and facts["streaming"] else 0,
    )


def _card(path: Path) -> dict[str, Any]:
    """The card beside the file, where it is this file's."""
    try:
        card = read_json(path.parent / CARD)
    except (OSError, ProtocolError):
        return {}
    return card if card.get("file") == path.name else {}


class ExportFeeder:
    """:class:`rave_engine.inference.reconstruction.BlockFeeder` for an exported model: what comes out is in time with what went in."""

    def __init__(self, model: ExportedModel, channels: int, randomness: float = 0.0, seed: int = 0) -> None:
        self._model, self._channels = model, channels
        self._block = max(model.ratio, BLOCK - BLOCK % model.ratio)
        self._held = torch.zeros(channels, 0)
        self._late = model.latency
        self._fed = 0
        self._seed = seed
        self._number = 0
        if "randomness" in model.module.get_attributes():
            model.module.set_randomness(randomness)

    def feed(self, piece: torch.Tensor) -> Iterator[torch.Tensor]:
        """Add (channels, n) samples; yields the blocks that became possible."""
        self._fed += piece.shape[-1]
        self._held = torch.cat([self._held, piece.to(torch.float32)], -1)
        while self._held.shape[-1] >= self._block:
            yield from self._run(self._block)

    def finish(self) -> Iterator[torch.Tensor]:
        """Yields what is left; silence pushes out what the model still holds."""
        missing = self._model.latency + -(self._held.shape[-1] + self._model.latency) % self._model.ratio
        self._held = torch.nn.functional.pad(self._held, (0, missing))
        while self._held.shape[-1]:
            yield from self._run(min(self._block, self._held.shape[-1]))

    def _run(self, n: int) -> Iterator[torch.Tensor]:
        window, self._held = self._held[:, :n], self._held[:, n:]
        groups = window.reshape(-1, self._model.n_channels, n)
        with torch.no_grad(), torch.random.fork_rng(devices=[]), torch.jit.optimized_execution(False):
            torch.manual_seed((self._seed * 1_000_003 + self._number) % (1 << 32))
            out = self._model.module(groups).reshape(self._channels, n)
        self._number += 1
        skipped = min(self._late, n)
        self._late -= skipped
        if skipped < n:
            yield out[:, skipped:]
