"""What the worker imports before it listens. Imports only: nothing here may compute."""

from __future__ import annotations

import importlib
import sys

LATER = (
    "rave.dataset",
    "torch.utils.data",
    "torch.utils.tensorboard",
    "torch._subclasses.fake_tensor",
    "scipy.signal",
    "rave_engine.configs",
    "rave_engine.checkpoints",
    "rave_engine.training",
    "rave_engine.inference",
    "rave_engine.estimate",
)
"""Modules that a forked job would import anyway, most valuable first; one that fails to import is left to the job that needs it."""


def preload() -> None:
    """Apply our patches and import RAVE with what jobs use of it. Raises :class:`ImportError` when RAVE itself is missing."""
    from rave_engine import compat

    compat.install(training=True)
    importlib.import_module("rave")
    for name in LATER:
        try:
            importlib.import_module(name)
        except ImportError as error:
            # Optional parts of an adopted environment; the job that needs the module says so in its own words.
            print(f"warm worker: {name} is not preloaded: {error}", file=sys.stderr, flush=True)
