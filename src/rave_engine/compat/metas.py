"""Import torch without the shape rules that it keeps in Python.

Reason: ``import torch`` ends with ``torch._meta_registrations``, and with it ``torch._decomp`` and ``torch._refs``, for tensors without contents (device ``meta``, fake tensors), which no training, rendering or export has. No kernel that
computes numbers is in there. What they import on the way and others need (``torch.Generator``'s metaclass) is imported by
itself. Who wants fake tensors calls :func:`load` first. Done for the torch versions that were tried, no others.
Source: the end of torch/__init__.py and torch/_prims/rng_prims.py of torch 2.13.
"""

from __future__ import annotations

import importlib
import sys
from importlib import metadata

from rave_engine.compat import lazy

NAME = "torch._meta_registrations"
NEEDED = "torch._prims.rng_prims"
TRIED = ("2.13.",)
"""Beginnings of the torch versions that the tests have run with."""


def apply() -> None:
    """Import torch without them; does nothing in a process that has torch already."""
    if "torch" in sys.modules:
        return
    try:
        version = metadata.version("torch")
    except metadata.PackageNotFoundError:
        return
    if not version.startswith(TRIED):
        return
    with lazy.imports(NAME):
        importlib.import_module("torch")
    importlib.import_module(NEEDED)


def load() -> None:
    """Register them after all; needed before the first fake tensor."""
    importlib.import_module(NAME)
