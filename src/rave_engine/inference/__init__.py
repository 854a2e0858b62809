"""Listen to a run and measure it: load a checkpoint, reconstruct, render a file, evaluate on held-out sound."""

from __future__ import annotations

from rave_engine.inference.evaluation import evaluate
from rave_engine.inference.loading import LoadedModel, load_model
from rave_engine.inference.reconstruction import reconstruct, reconstruct_blocks
from rave_engine.inference.rendering import render

__all__ = ["LoadedModel", "evaluate", "load_model", "reconstruct", "reconstruct_blocks", "render"]
