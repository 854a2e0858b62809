"""What a trained model is, read from its checkpoint: for people who choose one, before they export or hear it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from rave_engine.export.card import fidelity_table, trained_with
from rave_engine.inference.latents import kind_of
from rave_engine.inference.loading import load_model
from rave_protocol.codec import decode


@dataclass(frozen=True)
class DescribeParams:
    """Which model; ``trusted`` as in :class:`rave_protocol.specs.RenderParams`."""

    checkpoint: str
    trusted: list[str] = field(default_factory=list)


def describe(params: dict[str, Any]) -> dict[str, Any]:
    """Facts of a checkpoint or of a run's newest one. Raises EngineError as :func:`load_model` does.

    Returns ``{"checkpoint", "run", "step", "phase", "kind", "sample_rate", "channels", "latent_size", "ratio",
    "fidelity", "receptive_field", "parameters", "ema", "derivative", "configs", "dataset"}``: ``fidelity`` is the table of
    :func:`fidelity_table` or None, ``receptive_field`` samples (0 where the run wrote none), ``parameters`` the count of
    encoder and decoder, ``ema`` whether averaged weights were kept.
    """
    wanted = decode(DescribeParams, params)
    loaded = load_model(wanted.checkpoint, trusted=wanted.trusted)
    model, trained = loaded.model, trained_with(loaded)
    dataset = trained.get("dataset")
    return {
        "checkpoint": str(loaded.checkpoint),
        "run": loaded.run.name,
        "step": loaded.step,
        "phase": 2 if loaded.warmed_up else 1,
        "kind": kind_of(model.encoder),
        "sample_rate": loaded.sample_rate,
        "channels": loaded.n_channels,
        "latent_size": loaded.latent_size,
        "ratio": loaded.ratio,
        "fidelity": fidelity_table(loaded),
        "receptive_field": int(model.receptive_field.max()),
        "parameters": sum(p.numel() for part in (model.encoder, model.decoder) for p in part.parameters()),
        "ema": bool(loaded.extra.get("ema")),
        "derivative": loaded.derivative,
        "configs": [PurePath(str(name)).stem for name in trained.get("configs") or []],
        "dataset": PurePath(str(dataset)).name if dataset else None,
    }
