"""The configurations that come with RAVE, and the vocabulary they are written in.

Everything is read from the installed package, so another RAVE version brings its own list.
"""

from __future__ import annotations

import functools
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rave_engine.configs.scan import Scan, scan

BASES = (
    "v1",
    "v2",
    "v2_small",
    "v2_nopqmf",
    "v2_nopqmf_small",
    "v2_with_augs",
    "v3",
    "discrete",
    "discrete_v3",
    "onnx",
    "raspberry",
    "hybrid",
)
"""Configurations that make a model by themselves; the others are put on top of one."""

SUBMODULES = (
    "balancer",
    "blocks",
    "core",
    "dataset",
    "descript_discriminator",
    "discriminator",
    "model",
    "pqmf",
    "quantization",
    "resampler",
    "transforms",
)

MODULES = frozenset(
    {"__gin__.dynamic_registration", "rave", "torch", "torch.nn", "cached_conv", "cached_conv.convs"}
    | {"torchaudio", "torchaudio.transforms"}
    | {f"rave.{name}" for name in SUBMODULES}
)
"""What a configuration may import without being trusted: what stock files and the files RAVE writes import."""


def config_folder() -> Path:
    """Folder of the stock configurations, found without importing RAVE. Raises ModuleNotFoundError."""
    spec = importlib.util.find_spec("rave")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("RAVE is not installed in this environment", name="rave")
    return Path(next(iter(spec.submodule_search_locations))) / "configs"


@dataclass(frozen=True)
class Vocabulary:
    """Names a configuration may use without being trusted."""

    selectors: frozenset[str]
    """Last part of every configurable that stock files bind or refer to, e.g. ``EncoderV2``."""
    macros: frozenset[str]


@functools.cache
def vocabulary() -> Vocabulary:
    """Collect the vocabulary of every stock file (parsed without importing or running anything)."""
    selectors: set[str] = {"RAVE", "BetaWarmupCallback", "get_dataset", "split_dataset", "Conv1d", "Conv2d"}
    macros: set[str] = set()
    for path in sorted(config_folder().rglob("*.gin")):
        found = scan(path.read_text(encoding="utf-8"), str(path))
        selectors |= {name.rsplit(".", 1)[-1] for name in found.selectors | found.references}
        macros |= found.macros
    # What rave.dataset, rave.transforms and the prior offer to gin without a stock file using it.
    selectors |= {"RandomGain", "RandomMute", "RandomCompress", "FrequencyMasking", "Compress", "GRU"}
    return Vocabulary(frozenset(selectors), frozenset(macros))


def stock_file(name: str) -> Path | None:
    """The file of a stock configuration (with or without ``.gin``), or None when there is no such one."""
    plain = name.removesuffix(".gin")
    if "/" in plain or "\\" in plain or plain in ("", ".", ".."):
        return None
    path = config_folder() / f"{plain}.gin"
    return path if path.is_file() else None


def augmentation_file(name: str) -> Path | None:
    """The file of a stock augmentation, or None when there is no such one."""
    plain = name.removesuffix(".gin")
    if "/" in plain or "\\" in plain or plain in ("", ".", ".."):
        return None
    path = config_folder() / "augmentations" / f"{plain}.gin"
    return path if path.is_file() else None


def list_configs() -> dict[str, Any]:
    """Every stock configuration and augmentation: ``{"items": [{"name", "kind", "path", "macros"}]}``.

    kind is base (a model by itself), modifier (on top of a base) or augmentation; macros are the file's own settings.
    """
    items: list[dict[str, Any]] = []
    for path in sorted(config_folder().glob("*.gin")):
        found: Scan = scan(path.read_text(encoding="utf-8"), str(path))
        kind = "base" if path.stem in BASES else "modifier"
        items.append(
            {
                "name": path.stem,
                "kind": kind,
                "path": str(path),
                "macros": dict(sorted(found.literals.items())),
            }
        )
    for path in sorted((config_folder() / "augmentations").glob("*.gin")):
        items.append({"name": path.stem, "kind": "augmentation", "path": str(path), "macros": {}})
    return {"items": items}
