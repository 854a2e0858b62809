"""An index of configurations: every gin file of the installed RAVE and of the user's own folders, with what can be told of each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rave_engine.configs import stock
from rave_engine.configs.scan import Scan, scan
from rave_engine.errors import EngineError
from rave_protocol import stacks

KINDS = ("architecture", "regularisation", "discriminator", "other", "augmentation", "prior")
STOCK_KINDS = {
    **dict.fromkeys(stacks.BASES, "architecture"),
    **dict.fromkeys(stacks.ENCODERS, "regularisation"),
    **dict.fromkeys(stacks.DISCRIMINATORS, "discriminator"),
    "normalize_ambient": "augmentation",
}
_HEADER = re.compile(r"^\s*#\s?(.*)$")


def index(folders: Mapping[str, str] | None = None) -> dict[str, Any]:
    """``{"folder", "items": […]}``: the stock folder, then each of ``folders`` (path by origin, for example own, project).

    An item: ``name, origin, path, kind, summary`` (the file's first comment), ``macros, includes, sets`` (names it binds),
    ``phase_1_literal`` (a number that an override of PHASE_1_DURATION does not reach upstream), ``needs`` ("v2" or ""),
    ``base`` (makes a model by itself), ``error`` where a file cannot be read.
    """
    root = stock.config_folder()
    items = [_item(path, "rave") for path in sorted(root.rglob("*.gin"))]
    prior = root.parent / "prior"
    items += [_item(path, "rave") for path in sorted(prior.rglob("*.gin"))] if prior.is_dir() else []
    for origin, folder in (folders or {}).items():
        place = Path(folder)
        if place.is_dir():
            items += [_item(path, origin) for path in sorted(place.rglob("*.gin"))]
    return {"folder": str(root), "items": items}


def _item(path: Path, origin: str) -> dict[str, Any]:
    found: Scan | None = None
    text, error = "", ""
    try:
        text = path.read_text(encoding="utf-8")
        found = scan(text, str(path))
    except (OSError, UnicodeDecodeError) as problem:
        error = str(problem)
    except EngineError as problem:
        error = f"{problem.message} {problem.details}".strip()
    return {
        "name": path.stem,
        "origin": origin,
        "path": str(path),
        "kind": _kind(path, origin, found),
        "summary": _summary(text),
        "macros": dict(sorted(found.literals.items())) if found else {},
        "includes": [name for name, _ in found.includes] if found else [],
        "sets": sorted({_bound(binding) for binding in found.bindings}) if found else [],
        "phase_1_literal": _literal(found),
        "needs": _needs(path.stem, origin, found),
        "base": _is_base(path.stem, origin, found),
        "error": error,
    }


def _bound(binding: tuple[str, str, Any]) -> str:
    scoped, parameter, _ = binding
    return f"{scoped}.{parameter}" if parameter else scoped


def _parameters(found: Scan) -> set[str]:
    """``RAVE.encoder`` and the like: last part of the configurable, and the parameter."""
    return {
        f"{scoped.rpartition('/')[2].rpartition('.')[2]}.{parameter}"
        for scoped, parameter, _ in found.bindings
        if parameter
    }


def _is_base(name: str, origin: str, found: Scan | None) -> bool:
    if origin == "rave" and name in stacks.BASES:
        return True
    if found is None:
        return False
    included = {Path(target).stem for target, _ in found.includes}
    return bool(included & stacks.BASES) or {"RAVE.encoder", "RAVE.decoder", "RAVE.pqmf"} <= _parameters(
        found
    )


def _kind(path: Path, origin: str, found: Scan | None) -> str:
    if path.parent.name == "augmentations":
        return "augmentation"
    if origin == "rave" and path.stem in STOCK_KINDS:
        return STOCK_KINDS[path.stem]
    if found is None:
        return "other"
    bound = _parameters(found)
    owners = {name.partition(".")[0] for name in bound}
    if any("Prior" in owner for owner in owners):
        return "prior"
    if _is_base(path.stem, origin, found):
        return "architecture"
    if "RAVE.discriminator" in bound or (
        owners and all("Discriminator" in o or "ConvNet" in o for o in owners)
    ):
        return "discriminator"
    if "RAVE.encoder" in bound:
        return "regularisation"
    if bound & {"get_dataset.augmentations", "add_augmentation.aug"}:
        return "augmentation"
    return "other"


def _needs(name: str, origin: str, found: Scan | None) -> str:
    if origin == "rave":
        return "v2" if name in stacks.NEEDS_V2 else ""
    if found is None or _is_base(name, origin, found):
        return ""
    owners = {part.partition(".")[0] for part in _parameters(found)}
    return "v2" if owners & {"EncoderV2", "GeneratorV2", "NoiseGeneratorV2"} else ""


def _literal(found: Scan | None) -> int | None:
    for _, parameter, value in found.bindings if found else ():
        if parameter == "phase_1_duration" and isinstance(value, int):
            return value
    return None


def _summary(text: str) -> str:
    """The comment that a file begins with, as one line."""
    lines = []
    for line in text.splitlines():
        match = _HEADER.match(line)
        if match is None:
            break
        lines.append(match.group(1).strip())
    return " ".join(part for part in lines if part)[:400]
