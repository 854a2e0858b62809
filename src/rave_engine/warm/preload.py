"""What the worker imports, and when. Imports only: nothing here may compute."""

from __future__ import annotations

import importlib
import sys

SOON = (
    "rave.dataset",
    "torch.utils.data",
    "torch.utils.tensorboard",
    "scipy.signal",
    "rave_engine.configs",
    "rave_engine.checkpoints",
    "rave_engine.training",
    "rave_engine.inference",
)
"""Before the worker announces itself: what a forked job would import before its first step."""
LATER = (
    "rave_engine.estimate",
    "torch._meta_registrations",
    "torch._subclasses.fake_tensor",
    "torch._dynamo",
    "sklearn.decomposition",
)
"""While nobody asks for anything, one at a time: fake tensors import torch's compiler, the first validation scikit-learn."""


def preload() -> None:
    """Apply our patches and import RAVE with what jobs use of it. Raises :class:`ImportError` when RAVE itself is missing."""
    from rave_engine import compat

    compat.install()
    for name in SOON:
        load(name)


def load(name: str) -> None:
    """Import one module; one that cannot be imported is left to the job that needs it, which says so in its own words."""
    try:
        importlib.import_module(name)
    except ImportError as error:
        print(f"warm worker: {name} is not preloaded: {error}", file=sys.stderr, flush=True)
