"""What a stack of configurations comes to: every binding with its value, the file and line that set it and what it replaced."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rave_engine.configs import stock, trace
from rave_engine.configs.compose import (
    GIN_ERRORS,
    Composition,
    augment,
    bind,
    clear,
    gather,
    reach_literals,
    readable,
)
from rave_engine.configs.compose import resolved as literal
from rave_engine.configs.trace import MACRO, Key, Place, Trace, Walker, display
from rave_engine.errors import EngineError

OVERRIDE = "override"
APPLICATION = "application"
BESIDE_MODEL = ("rave.dataset.", "rave.transforms.", "dataset.", "transforms.")
"""Beginnings of configurables that the training uses beside the model; building a model says nothing about them."""


def walk(
    configs: Sequence[str],
    overrides: Sequence[str] = (),
    augmentations: Sequence[str] = (),
    *,
    channels: int = 1,
    trusted: Iterable[str] = (),
    texts: Mapping[str, str] | None = None,
) -> tuple[Trace, list[str]]:
    """Compose as :func:`rave_engine.configs.compose` does, remembering who set what. gin holds the composition afterwards.

    ``texts`` replaces the contents of files by path (an editor's unsaved text). Returns the trace and the warnings of the
    composition. Raises :class:`EngineError` for what may not be obeyed at all.
    """
    from rave_engine import compat

    compat.install()
    files, changes = gather(configs, overrides, channels, trusted)
    clear()
    walker = Walker(readable)
    for path in files:
        text = (texts or {}).get(str(path))
        if text is None:
            walker.file(path)
        else:
            walker.text(text, str(path))
    for number, text in enumerate(overrides, 1):
        walker.text(text, OVERRIDE, line=number)
    before = trace.held()
    warnings: list[str] = []
    with contextlib.suppress(*GIN_ERRORS):  # a stack with faults may lack what these build on
        warnings = reach_literals(changes)
    trace.after(before, walker.trace, Place(OVERRIDE, _phase_line(overrides)))
    before = trace.held()
    bind("RAVE.n_channels", channels)
    if augmentations:
        augment(augmentations)
    trace.after(before, walker.trace, Place(APPLICATION, 0))
    return walker.trace, warnings


def _phase_line(overrides: Sequence[str]) -> int:
    numbers = [n for n, text in enumerate(overrides, 1) if text.strip().startswith("PHASE_1_DURATION")]
    return numbers[-1] if numbers else 0


def preview(
    configs: Sequence[str],
    overrides: Sequence[str] = (),
    augmentations: Sequence[str] = (),
    *,
    channels: int = 1,
    trusted: Iterable[str] = (),
    n_signal: int = 131072,
) -> dict[str, Any]:
    """Every binding of a stack: ``{"bindings": […], "text", "warnings", "faults", "facts"}``.

    A binding: ``name, scope, selector, parameter, macro, value`` (as written), ``resolved`` (macros followed), ``source`` (a stock name,
    a file's name, override or application), ``file``, ``line``, ``overrode`` (earlier settings, oldest first) and ``used``
    (whether building the model reads it; None where that cannot be told). ``facts`` are those of
    :func:`rave_engine.estimate.facts`, or None with the reason in ``faults``.
    """
    import gin

    found, warnings = walk(configs, overrides, augmentations, channels=channels, trusted=trusted)
    faults = [fault_json(fault) for fault in found.faults]
    facts = None
    if not faults:
        facts, reason = build(configs, channels, warnings, n_signal)
        if reason:
            faults.append(reason)
    used = operative() if facts is not None else None
    if used is not None and any(
        place.file == OVERRIDE for place in _places(found, "rave.model.RAVE", "phase_1_duration")
    ):
        used.add(
            (MACRO, "PHASE_1_DURATION")
        )  # a literal hid it, and the override was made to count all the same
    bindings = [_binding(key, settings, used) for key, settings in sorted(found.settings.items(), key=_order)]
    return {
        "bindings": bindings,
        "text": gin.config_str() if not faults else "",
        "warnings": warnings,
        "faults": faults,
        "facts": facts,
    }


def build(
    configs: Sequence[str], channels: int, warnings: Sequence[str], n_signal: int
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Facts of the model that gin describes, built from fake tensors; otherwise why it cannot be built, as a fault."""
    import gin

    from rave_engine import estimate

    gin.config._OPERATIVE_CONFIG.clear()
    composition = Composition(gin.config_str(), tuple(configs), channels, tuple(warnings))
    try:
        facts = estimate.facts(composition, n_signal)
    except EngineError as error:
        return None, {
            "code": error.code,
            "message": error.message,
            "hint": error.hint,
            "details": error.details,
            "file": "",
            "source": "",
            "line": 0,
            "name": "",
        }
    import rave.model

    rave.model.BetaWarmupCallback()  # reads its settings as the training will
    return facts, None


def operative() -> set[tuple[str, str]]:
    """(selector, parameter) of everything that gin handed out since the state was last cleared; macros by (gin.macro, name)."""
    import gin

    found = set()
    for (scope, selector), parameters in gin.config._OPERATIVE_CONFIG.items():
        if selector == MACRO:
            found.add((MACRO, scope))
        else:
            found.update((selector, name) for name in parameters)
    return found


def is_used(key: Key, used: set[tuple[str, str]] | None) -> bool | None:
    """Whether building a model read the binding; None when that is not known."""
    scope, selector, parameter = key
    if used is None:
        return None
    if selector == MACRO:
        return (MACRO, scope) in used
    if selector.startswith(BESIDE_MODEL):
        return None
    if (selector, parameter) in used:
        return True
    return None if _called_later(selector) else False


def _called_later(selector: str) -> bool:
    """Functions such as ``core.mean_difference`` are called by a training step, not while the model is built."""
    import gin

    found = gin.config._REGISTRY.get_match(selector)
    return found is not None and not inspect.isclass(found.wrapped)


def source(place: Place) -> str:
    """A short word for where a place is: the stock name, the file's name, override, application."""
    if place.file in (OVERRIDE, APPLICATION):
        return place.file
    path = Path(place.file)
    if path.parent in (stock.config_folder(), stock.config_folder() / "augmentations"):
        return path.stem
    return path.name


def fault_json(fault: trace.Fault) -> dict[str, Any]:
    """A fault for messages."""
    return {
        "code": fault.code,
        "message": fault.message,
        "hint": "",
        "details": "",
        "file": fault.place.file,
        "source": source(fault.place),
        "line": fault.place.line,
        "name": fault.name,
    }


def _places(found: Trace, selector: str, parameter: str) -> list[Place]:
    return [setting.place for setting in found.settings.get(("", selector, parameter), ())]


def _order(item: tuple[Key, Any]) -> tuple[int, str]:
    key = item[0]
    return (0 if key[1] == MACRO else 1, display(key))


def _binding(key: Key, settings: list[trace.Setting], used: set[tuple[str, str]] | None) -> dict[str, Any]:
    last = settings[-1]
    scope, selector, parameter = key
    macro = selector == MACRO
    return {
        "name": display(key),
        "scope": "" if macro else scope,
        "selector": "" if macro else selector,
        "parameter": "" if macro else parameter,
        "macro": macro,
        "value": last.text,
        "resolved": resolved(last.value),
        "source": source(last.place),
        **last.place.to_json(),
        "overrode": [
            {"value": s.text, "source": source(s.place), **s.place.to_json()} for s in settings[:-1]
        ],
        "used": is_used(key, used),
    }


def resolved(value: Any) -> str:
    """The value with macros followed, as text."""
    if isinstance(value, (list, tuple)):
        inner = ", ".join(resolved(v) for v in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {resolved(v)}" for k, v in value.items()) + "}"
    found = literal(value)
    return found if isinstance(found, str) and not isinstance(value, str) else repr(found)
