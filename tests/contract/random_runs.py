"""Runs with random but sounding weights: what export and inference must get right does not depend on training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch


def make_run(
    folder: Path, *stack: str, channels: int = 1, overrides: tuple[str, ...] = (), seed: int = 0
) -> Path:
    """Write config.gin and a phase 2 checkpoint of ``stack`` at capacity 2, in RAVE's layout; the folder."""
    from rave_engine import checkpoints, configs

    sizes = ["CAPACITY = 2", "LATENT_SIZE = 8", *overrides]
    composition = configs.compose(list(stack), sizes, channels=channels)
    torch.manual_seed(seed)
    model: Any = configs.build_model()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.running_var.uniform_(0.01, 0.1)  # type: ignore[union-attr]
        if type(module).__name__ == "EuclideanCodebook":
            module.embed.normal_().mul_(0.1)
            module.inited.fill_(1)
    for part in (model.encoder, model.decoder):
        part.set_warmed_up(True)
    if hasattr(model.encoder, "enabled"):
        model.encoder.enabled.fill_(1)
    composition.write(folder / "config.gin")
    state = {"state_dict": model.state_dict(), "global_step": 7, "epoch": 0, "callbacks": {}}
    checkpoints.save(folder / "version_0" / "checkpoints" / checkpoints.name(7), state)
    return folder
