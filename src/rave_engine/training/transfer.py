"""Transfer learning: a new model takes the weights of another run's checkpoint wherever name and shape agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from rave_engine.errors import EngineError

PARTS = ("encoder", "decoder", "discriminator")
SKIPPED = ("latent_pca", "latent_mean", "fidelity", "receptive_field", "pqmf.", "warmed_up")
"""Analyses and filters of the other model, which this one makes anew."""


def take(model: Any, state: Mapping[str, torch.Tensor]) -> dict[str, Any]:
    """Copy what fits into ``model`` and tell what did.

    Returns ``{"parts": {part: {"taken", "all", "numbers_taken", "numbers"}}, "new": […], "shapes": [{"name", "here", "there"}],
    "unknown": […]}``: tensors of this model that the other lacks, that have another shape there, and tensors that only the
    other has. Raises :class:`EngineError` (``nothing-fits``) when not a single weight does.
    """
    own = model.state_dict()
    report: dict[str, Any] = {"parts": {}, "new": [], "shapes": [], "unknown": []}
    taken = 0
    with torch.no_grad():
        for name, value in own.items():
            if name.startswith(SKIPPED) or name.rpartition(".")[2] in SKIPPED:
                continue
            part = name.partition(".")[0]
            if part not in PARTS:
                continue
            count = report["parts"].setdefault(part, {"taken": 0, "all": 0, "numbers_taken": 0, "numbers": 0})
            count["all"] += 1
            count["numbers"] += value.numel()
            other = state.get(name)
            if other is None:
                report["new"].append(name)
            elif other.shape != value.shape:
                report["shapes"].append({"name": name, "here": list(value.shape), "there": list(other.shape)})
            else:
                value.copy_(other)
                taken += 1
                count["taken"] += 1
                count["numbers_taken"] += value.numel()
    report["unknown"] = sorted(name for name in state if name.partition(".")[0] in PARTS and name not in own)
    if not taken:
        raise EngineError(
            "nothing-fits",
            "No layer of the other model fits into this one, so there is nothing to begin with.",
            "Choose a model of the same configuration and size, or begin anew.",
        )
    return report


def sentence(report: dict[str, Any]) -> str:
    """The report in words."""
    parts = [
        f"{part} {100 * count['numbers_taken'] // max(count['numbers'], 1)} %"
        for part, count in report["parts"].items()
    ]
    return f"Weights taken over: {', '.join(parts)}."
