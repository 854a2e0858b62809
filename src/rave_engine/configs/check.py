"""Validate configurations on gin's real parser: unknown names, wrong types, values out of range, settings without effect, each at its line."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rave_engine.configs import stock, trust
from rave_engine.configs.compose import gather
from rave_engine.configs.preview import (
    APPLICATION,
    OVERRIDE,
    build,
    fault_json,
    is_used,
    operative,
    source,
    walk,
)
from rave_engine.configs.scan import scan
from rave_engine.configs.trace import MACRO, Key, Place, Trace, display
from rave_engine.errors import EngineError

_LINE = re.compile(r"line (\d+)")

LIMITS: dict[str, tuple[float, float]] = {
    "CAPACITY": (1, 4096),
    "LATENT_SIZE": (1, 4096),
    "SAMPLING_RATE": (1000, 384000),
    "N_BAND": (1, 256),
    "PHASE_1_DURATION": (0, 10**12),
    "KERNEL_SIZE": (1, 255),
    "NUM_QUANTIZERS": (1, 1024),
    "CODEBOOK_SIZE": (2, 1 << 20),
    "NOISE_AUGMENTATION": (0, 4096),
    "N_FFT": (16, 1 << 20),
    "N_MELS": (1, 4096),
    "HOP_LENGTH": (1, 1 << 20),
    "NUM_GRU_LAYERS": (1, 64),
    "RATIOS": (1, 4096),
    "ENCODER_RATIOS": (1, 4096),
    "DILATIONS": (1, 4096),
    "RAVE.latent_size": (1, 4096),
    "RAVE.sampling_rate": (1000, 384000),
    "RAVE.n_channels": (1, 64),
    "RAVE.phase_1_duration": (0, 10**12),
    "RAVE.update_discriminator_every": (1, 10**6),
    "BetaWarmupCallback.initial_value": (1e-300, 1e300),
    "BetaWarmupCallback.target_value": (1e-300, 1e300),
    "BetaWarmupCallback.warmup_len": (1, 10**12),
    "RandomMute.prob": (0, 1),
    "RandomCompress.prob": (0, 1),
    "RandomGain.prob": (0, 1),
}
"""Smallest and largest value (of each element, for lists) by macro, or by class and parameter."""


def check(
    configs: Sequence[str],
    overrides: Sequence[str] = (),
    augmentations: Sequence[str] = (),
    *,
    channels: int = 1,
    trusted: Iterable[str] = (),
    texts: Mapping[str, str] | None = None,
    n_signal: int = 131072,
) -> dict[str, Any]:
    """``{"valid": bool, "findings": […], "facts": {…}|None}`` for a stack; ``texts`` holds unsaved contents of files by path.

    A finding: ``severity`` (error, warning), ``code``, ``message``, ``hint``, ``details``, ``source``, ``file``, ``line``, ``name``. Codes: those of
    :class:`rave_engine.configs.trace.Fault`, untrusted-config, config-missing, unknown-override, undefined-macro,
    wrong-type, out-of-range, no-effect, config-invalid and what :func:`rave_engine.estimate.facts` refuses.
    """
    trusted = list(trusted)
    refused = _refused(configs, overrides, trusted, texts or {})
    if any(item["code"] != "unknown-name" for item in refused):
        return {"valid": False, "findings": refused, "facts": None}
    # Slips of the pen may be obeyed to find the other faults: gin calls nothing until a model is built, and with them none is.
    allowed = [*trusted, *(name for name in configs if refused or (texts and name in texts))]
    try:
        found, warnings = walk(
            configs, overrides, augmentations, channels=channels, trusted=allowed, texts=texts
        )
    except EngineError as error:
        return {"valid": False, "findings": [_of_error(error)], "facts": None}
    findings = [_with_advice(fault_json(fault) | {"severity": "error"}) for fault in found.faults]
    told = {(item["file"], item["line"], item["name"]) for item in findings}
    findings += [item for item in refused if (item["file"], item["line"], item["name"]) not in told]
    findings += _undefined(found)
    findings += _values(found)
    facts = None
    if not findings:
        facts, reason = build(configs, channels, warnings, n_signal)
        if reason is not None:
            findings.append(_with_advice(reason | {"severity": "error"}))
        else:
            findings += _without_effect(found)
    findings.sort(key=lambda item: (item["severity"] != "error", item["file"], item["line"]))
    valid = not any(item["severity"] == "error" for item in findings)
    return {"valid": valid, "findings": findings, "facts": facts}


def _refused(
    configs: Sequence[str], overrides: Sequence[str], trusted: Iterable[str], texts: Mapping[str, str]
) -> list[dict[str, Any]]:
    """What may not even be read by gin: every file and override by itself, so that all are named."""
    found: list[dict[str, Any]] = []
    trusted = list(trusted)
    for name in configs:
        if name in texts:
            found += _strange(texts[name], name, name in trusted)
            continue
        try:
            gather([name], (), 1, trusted)
        except EngineError as error:
            if error.code in ("untrusted-config", "gin-syntax"):
                found += _strange(Path(name).read_text(encoding="utf-8", errors="replace"), name, False)
            else:
                found.append(_of_error(error, name))
    for number, text in enumerate(overrides, 1):
        try:
            gather(["v2"], [text], 1, ())
        except EngineError as error:
            found.append(_of_error(error, OVERRIDE, number))
    return found


def _strange(text: str, name: str, trusted: bool) -> list[dict[str, Any]]:
    """Names of one text outside the vocabulary: slips of the pen, where something similar is known, and what could run code."""
    try:
        scanned = scan(text, name)
    except EngineError as error:
        named = _LINE.search(error.details)
        return [_of_error(error, name, int(named.group(1)) if named else 0)]
    if trusted:
        return []
    result = []
    for word, line, reason in trust.strange(scanned):
        near = _near(word, "unknown-name")
        imported = word in {module for module, _ in scanned.imports}
        place = Place(name, line)
        if near and not imported and "__" not in word:
            result.append(
                _finding(
                    "error", "unknown-name", place, f"There is no {word!r}.", f"Did you mean {near}?", word
                )
            )
        else:
            result.append(
                _finding(
                    "error", "untrusted-config", place, f"This could run code: {reason}.", trust.HINT, word
                )
            )
    return result


def _of_error(error: EngineError, where: str = "", line: int = 0) -> dict[str, Any]:
    return {
        "severity": "error",
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "details": error.details,
        "file": where,
        "source": source(Place(where, line)) if where else "",
        "line": line,
        "name": "",
    }


def _finding(  # noqa: PLR0917 - the columns of a finding
    severity: str, code: str, place: Place, message: str, hint: str = "", name: str = ""
) -> dict[str, Any]:
    return {
        "severity": severity,
        "code": code,
        "message": message,
        "hint": hint,
        "details": "",
        "file": place.file,
        "source": source(place),
        "line": place.line,
        "name": name,
    }


def _with_advice(item: dict[str, Any]) -> dict[str, Any]:
    """Plain words for gin's, and the nearest known name."""
    words = {
        "gin-syntax": "This line cannot be read",
        "unknown-name": f"There is no {item['name']!r}",
        "unknown-parameter": f"There is no parameter {item['name']!r}",
        "bad-import": f"{item['name']} cannot be imported",
        "missing-include": f"The file {item['name']!r} to include is not there",
    }
    if item["code"] not in words:
        return item
    near = _near(item["name"], item["code"])
    own_words = item["code"] in ("gin-syntax", "bad-import")  # only these say more than the name does
    return item | {
        "message": f"{words[item['code']]}" + (f": {item['message'].rstrip('.')}." if own_words else "."),
        "details": item["message"],
        "hint": f"Did you mean {near}?" if near else item["hint"],
    }


def _near(name: str, code: str) -> str:
    if code == "unknown-parameter":
        owner, _, wanted = name.rpartition(".")
        known = _parameters(owner)
        close = difflib.get_close_matches(wanted, known, 1)
        return f"{owner}.{close[0]}" if close else ""
    if code == "unknown-name":
        close = difflib.get_close_matches(name.rpartition(".")[2], sorted(stock.vocabulary().selectors), 1)
        return (_qualified(name) if close[0] == name else close[0]) if close else ""
    return ""


def _qualified(name: str) -> str:
    """A class as a file has to name it that imports its modules: ``rave.RAVE``, ``blocks.EncoderV2``."""
    import rave

    wrapped = _wrapped(name)
    if wrapped is None or hasattr(rave, name):
        return f"rave.{name}"
    return f"{wrapped.__module__.rpartition('.')[2]}.{name}"


def _parameters(selector: str) -> list[str]:
    """Parameters of a configurable by its last name; empty when gin knows none or several."""
    wrapped = _wrapped(selector.rpartition(".")[2])
    if wrapped is None:
        return []
    try:
        return [name for name in inspect.signature(wrapped).parameters if name != "self"]
    except (TypeError, ValueError):
        return []


def _wrapped(selector: str) -> Any:
    import gin

    try:
        found = gin.config._REGISTRY.get_match(selector)
    except KeyError:
        return None
    return None if found is None else found.wrapped


def _undefined(found: Trace) -> list[dict[str, Any]]:
    defined = {key[0] for key in found.settings if key[1] == MACRO}
    result = []
    for name, place in found.macros_used.items():
        if name in defined:
            continue
        close = difflib.get_close_matches(name, sorted(defined), 1)
        hint = f"Did you mean %{close[0]}?" if close else f"Add a line such as {name} = 1."
        result.append(
            _finding("error", "undefined-macro", place, f"%{name} is used but never set.", hint, name)
        )
    return result


# --- values


def _values(found: Trace) -> list[dict[str, Any]]:
    """Types and ranges of everything that does not stand in a stock file."""
    result = []
    known = stock_kinds()
    for key, settings in found.settings.items():
        for setting in settings:
            if _is_stock(setting.place):
                continue
            name = display(key)
            wanted = known.get(_short(key), frozenset()) | _declared_kinds(key)
            kind = _kind(setting.value)
            if kind and wanted and not _fits(kind, wanted):
                result.append(
                    _finding(
                        "error",
                        "wrong-type",
                        setting.place,
                        f"{name} is {_article(wanted)}, not {setting.text}.",
                        name=name,
                    )
                )
                continue
            low, high = LIMITS.get(_short(key), (None, None))
            if low is not None and high is not None and not _within(setting.value, low, high):
                result.append(
                    _finding(
                        "error",
                        "out-of-range",
                        setting.place,
                        f"{name} = {setting.text} is not possible: it lies between {low:g} and {high:g}.",
                        name=name,
                    )
                )
    return result


def _is_stock(place: Place) -> bool:
    return place.file == APPLICATION or Path(place.file).is_relative_to(stock.config_folder())


def _short(key: Key) -> str:
    """``CAPACITY``, or ``EncoderV2.capacity``."""
    scope, selector, parameter = key
    return scope if selector == MACRO else f"{selector.rpartition('.')[2]}.{parameter}"


def _kind(value: Any) -> str:
    """int, float, bool, text, list, mapping, none; empty for references and macros, which are judged where they end."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "bool"
    for kind, cls in (
        ("int", int),
        ("float", float),
        ("text", str),
        ("list", (list, tuple)),
        ("mapping", dict),
    ):
        if isinstance(value, cls):
            return kind
    return ""


def _fits(kind: str, wanted: frozenset[str]) -> bool:
    return kind in wanted or (kind == "int" and "float" in wanted)


def _article(kinds: frozenset[str]) -> str:
    words = {
        "int": "a whole number", "float": "a number", "bool": "True or False", "text": "a text", "list": "a list",
        "mapping": "a mapping", "none": "None", "reference": "a reference",
    }  # fmt: skip
    return " or ".join(words[kind] for kind in sorted(kinds))


def _within(value: Any, low: float, high: float) -> bool:
    if isinstance(value, (list, tuple)):
        return all(_within(v, low, high) for v in value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return True
    return low <= value <= high


def stock_kinds() -> dict[str, frozenset[str]]:
    """Kinds of value that the stock files give each name."""
    found: dict[str, set[str]] = {}
    mixed: set[str] = set()
    for path in sorted(stock.config_folder().rglob("*.gin")):
        for scoped, parameter, value in scan(path.read_text(encoding="utf-8"), str(path)).bindings:
            selector = scoped.rpartition("/")[2]
            name = f"{selector.rpartition('.')[2]}.{parameter}" if parameter else selector
            kind = _kind(value)
            if kind:
                found.setdefault(name, set()).add(kind)
            else:  # a macro or a reference: anything may stand there
                mixed.add(name)
    return {name: frozenset(kinds) for name, kinds in found.items() if name not in mixed}


def _declared_kinds(key: Key) -> frozenset[str]:
    """Kinds that the parameter's annotation and default speak of; empty when they say nothing."""
    _, selector, parameter = key
    if selector == MACRO:
        return frozenset()
    wrapped = _wrapped(selector)
    try:
        found = inspect.signature(wrapped).parameters.get(parameter) if wrapped is not None else None
    except (TypeError, ValueError):
        return frozenset()
    if found is None:
        return frozenset()
    kinds = set()
    simple = {int: "int", float: "float", bool: "bool", str: "text"}
    if found.annotation in simple:
        kinds.add(simple[found.annotation])
    elif found.annotation is inspect.Parameter.empty and isinstance(found.default, (int, float, str)):
        kinds.add(_kind(found.default))
    if kinds and found.default is None:
        kinds.add("none")
    return frozenset(kinds)


def _without_effect(found: Trace) -> list[dict[str, Any]]:
    """Settings of the user's own files and overrides that the model never reads, or that something later replaces."""
    used = operative()
    result = []
    for key, settings in found.settings.items():
        name = display(key)
        last = settings[-1]
        for setting in settings[:-1]:
            if not _is_stock(setting.place) and setting.text != last.text:
                result.append(
                    _finding(
                        "warning",
                        "no-effect",
                        setting.place,
                        f"{name} = {setting.text} has no effect: {source(last.place)} sets it to {last.text} afterwards"
                        + (f" (line {last.place.line})." if last.place.line else "."),
                        name=name,
                    )
                )
        if _is_stock(last.place) or is_used(key, used) is not False or _reached(key, found):
            continue
        result.append(
            _finding(
                "warning",
                "no-effect",
                last.place,
                f"{name} has no effect: nothing in this model reads it.",
                name=name,
            )
        )
    return result


def _reached(key: Key, found: Trace) -> bool:
    """The override of PHASE_1_DURATION that a literal hides is made to count (see ``compose``)."""
    if key[:2] != ("PHASE_1_DURATION", MACRO):
        return False
    reached = found.settings.get(("", "rave.model.RAVE", "phase_1_duration"), ())
    return any(setting.place.file == OVERRIDE for setting in reached)
