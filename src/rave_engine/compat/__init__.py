"""Everything that stands between RAVE as published and RAVE as it must run, one module for each patch.

Nothing here changes a file of the engine's environment: an adopted environment stays as its owner made it. :func:`install`
must run before anything imports ``rave``; it is cheap to call again.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import sys
from collections.abc import Iterator

from rave_engine.compat import dynamo, extension, lazy, lightning, metas

LATE = ("dataset", "lazy_audio", "augmentations", "models", "quantize")
"""Modules whose ``apply()`` changes RAVE itself, so they run after its import."""

_installed: set[str] = set()


def install(training: bool = False) -> None:
    """Prepare this process for RAVE and import it.

    ``training`` also imports what only training needs (``rave.dataset``), so that a warm process has it before it forks.
    Starts no thread, touches no device and runs no kernel, so a process that did this may fork. Raises ImportError when torch
    or RAVE are not installed.
    """
    if "rave" not in _installed:
        with _no_collection():
            _install()
        _installed.add("rave")
    if training and "training" not in _installed:
        with _no_collection():
            importlib.import_module("rave_engine.training.prepare")
        _installed.add("training")


def _install() -> None:
    metas.apply()
    extension.apply()
    lightning.apply()
    dynamo.apply()
    with lazy.plain_distutils(), lazy.imports(*lazy.RARELY_USED):
        importlib.import_module("rave")
        importlib.import_module("rave.transforms")
        importlib.import_module("rave.dataset")
    for name in LATE:
        full = f"{__name__}.{name}"
        if importlib.util.find_spec(full) is not None:
            importlib.import_module(full).apply()


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """What imports make stays, so looking through it for garbage again and again only takes time, and in a forked process it copies
    the memory it lies on. Nothing is collected meanwhile, and what is there afterwards is never looked at again.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.freeze()
            gc.enable()


def installed() -> bool:
    """Whether :func:`install` has run in this process."""
    return "rave" in _installed and "rave" in sys.modules
