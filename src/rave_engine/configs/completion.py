"""What may be written in a configuration: configurables with their parameters, and macros, for an editor's completion."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from rave_engine import compat
from rave_engine.configs import stock


def words() -> dict[str, Any]:
    """``{"configurables": {"blocks.EncoderV2": ["data_size", …]}, "macros": ["CAPACITY", …]}``.

    Configurables are those of the stock vocabulary, each under the module of RAVE that defines it, with the parameters of its signature.
    """
    compat.install()
    known = stock.vocabulary()
    found: dict[str, list[str]] = {}
    for module in stock.SUBMODULES:
        try:
            contents = vars(importlib.import_module(f"rave.{module}"))
        except ImportError:
            continue  # a module this version of RAVE does not have
        for name in sorted(known.selectors):
            thing = contents.get(name)
            if callable(thing) and getattr(thing, "__module__", "") == f"rave.{module}":
                found[f"{module}.{name}"] = _parameters(thing)
    return {"configurables": found, "macros": sorted(known.macros)}


def _parameters(thing: Any) -> list[str]:
    try:
        parameters = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return []
    taken = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [p.name for p in parameters if p.kind not in taken and p.name != "self"]
