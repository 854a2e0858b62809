"""RAVE's configurations: the stock vocabulary, composing a stack, writing a self-contained config.gin, building the model."""

from __future__ import annotations

from rave_engine.configs.compose import CONFIG_NAME, Composition, compose, compose_run, find_config
from rave_engine.configs.model import build_model
from rave_engine.configs.stock import list_configs

__all__ = [
    "CONFIG_NAME",
    "Composition",
    "build_model",
    "compose",
    "compose_run",
    "find_config",
    "list_configs",
]
