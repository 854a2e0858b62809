"""The model card: what an export is, where it comes from and how it behaves, for people and for programs."""

from __future__ import annotations

import time
from importlib import metadata
from pathlib import PurePath
from typing import Any

import torch

from rave_engine.export.scripted import ExportedRave
from rave_engine.inference.latents import kind_of
from rave_engine.inference.loading import LoadedModel
from rave_protocol.specs import ExportParams

FORMAT = 1
LICENCE = (
    "RAVE is published by ACIDS (IRCAM) under CC BY-NC 4.0. Whether a model may be shared or sold also depends on the "
    "recordings it was trained on."
)
FIDELITIES = (0.8, 0.9, 0.95, 0.99, 0.999)


def version_of(package: str) -> str | None:
    """Installed version, or None."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def fidelity_table(loaded: LoadedModel) -> dict[str, int] | None:
    """How many latents hold which share of the variance; None where the run has no such analysis."""
    curve = loaded.model.fidelity.cpu()
    if kind_of(loaded.model.encoder) != "variational" or float(curve.max()) <= 0:
        return None
    table = {}
    for share in FIDELITIES:
        above = torch.nonzero(curve > share).flatten()
        table[str(share)] = int(above[0]) + 1 if len(above) else loaded.latent_size
    return table


def trained_with(loaded: LoadedModel) -> dict[str, Any]:
    """The ``TrainParams`` that our training wrote into its checkpoint; empty for runs made elsewhere."""
    own = loaded.extra.get("rave_gui") or {}
    params = own.get("params")
    return params if isinstance(params, dict) else {}


def build_card(
    params: ExportParams,
    loaded: LoadedModel,
    module: ExportedRave,
    reached: float | None,
    facts: dict[str, Any],
) -> dict[str, Any]:
    """The contents of card.json; ``facts`` come from the verification of the finished file."""
    trained = trained_with(loaded)
    dataset = trained.get("dataset")
    return {
        "format": FORMAT,
        "name": params.name,
        "file": facts["file"],
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "config": [PurePath(str(name)).stem for name in trained.get("configs") or []] or None,
        "overrides": trained.get("overrides"),
        "kind": kind_of(loaded.model.encoder),
        "run": loaded.run.name,
        "checkpoint": loaded.checkpoint.name,
        "step": loaded.step,
        "phase": 2 if loaded.warmed_up else 1,
        # The name alone: a card is made to be passed on, and a path tells about its author's disk.
        "dataset": PurePath(str(dataset)).name if dataset else None,
        "ema": loaded.ema,
        "sample_rate": facts["sample_rate"],
        "model_sample_rate": loaded.sample_rate,
        "ratio": facts["ratio"],
        "latent_rate": facts["sample_rate"] / facts["ratio"],
        "latent_size": facts["latent_size"],
        "full_latent_size": loaded.latent_size,
        "channels": facts["channels"],
        "model_channels": loaded.n_channels,
        "methods": facts["method_params"],
        "attributes": facts["attributes"],
        "randomness": {"default": 0.0, "meaning": "0 repeats exactly, 1 samples as RAVE's own exports do"},
        "streaming": facts["streaming"],
        "streaming_error_db": facts["streaming_error_db"],
        "repeatable": facts["repeatable"],
        "peak": facts["peak"],
        "latency": facts["latency"],
        "real_time_factor": {"value": facts["real_time_factor"], "buffer": facts["buffer"], "threads": 1},
        "fidelity": {"asked": params.fidelity, "reached": reached, "table": fidelity_table(loaded)},
        "adain": module.is_using_adain,
        "export_with": {
            "torch": torch.__version__,
            "acids-rave": version_of("acids-rave"),
            "nn-tilde": version_of("nn-tilde"),
            "cached-conv": version_of("cached-conv"),
        },
        "licence": LICENCE,
        "size_bytes": facts["size_bytes"],
    }
