"""What the worker can be asked, besides ping, cancel, run_job and shutdown, which the server answers itself."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rave_protocol.codec import decode
from rave_protocol.specs import RenderParams

Method = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class ConfigurationParams:
    """A configuration stack as :class:`rave_protocol.specs.TrainParams` holds it, with what memory depends on."""

    configs: list[str] = field(default_factory=lambda: ["v2"])
    overrides: list[str] = field(default_factory=list)
    augmentations: list[str] = field(default_factory=list)
    trusted: list[str] = field(default_factory=list)
    channels: int = 1
    n_signal: int = 131072
    batch: int = 8
    texts: dict[str, str] = field(default_factory=dict)
    """Unsaved contents of files by path (check only)."""
    limit: int = 0
    """Bytes there are, for recommendations."""
    amp: str = "off"


@dataclass(frozen=True)
class IndexParams:
    """Folders to list besides RAVE's own, by origin."""

    folders: dict[str, str] = field(default_factory=dict)


def index(params: dict[str, Any]) -> dict[str, Any]:
    """Every configuration there is: see :func:`rave_engine.configs.index.index`."""
    from rave_engine.configs.index import index as find

    return find(decode(IndexParams, params).folders)


def preview(params: dict[str, Any]) -> dict[str, Any]:
    """Every binding of a stack and who set it: see :func:`rave_engine.configs.preview.preview`."""
    from rave_engine.configs.preview import preview as look

    wanted = decode(ConfigurationParams, params)
    return look(**_stack(wanted), n_signal=wanted.n_signal)


def check(params: dict[str, Any]) -> dict[str, Any]:
    """Everything wrong with a stack: see :func:`rave_engine.configs.check.check`."""
    from rave_engine import estimate
    from rave_engine.configs.check import check as judge

    wanted = decode(ConfigurationParams, params)
    result = judge(**_stack(wanted), texts=wanted.texts, n_signal=wanted.n_signal)
    if result["facts"] is None or wanted.texts:
        return result
    try:
        result["facts"]["minimum_n_signal"] = estimate.shortest_example(**_stack(wanted))
    except RuntimeError as error:  # PyTorch's own: layers that do not fit each other
        reason = str(error).split("\n")[0]
        finding: dict[str, Any] = {
            "severity": "error",
            "code": "model-broken",
            "message": f"The parts of this model do not fit each other, so no sound goes through it ({reason}).",
            "hint": "Leave out what was added last; two configurations may change the same part.",
        }
        finding |= {"source": "", "file": "", "line": 0, "name": ""}
        result |= {"valid": False, "facts": None, "findings": [*result["findings"], finding]}
    return result


def recommend(params: dict[str, Any]) -> dict[str, Any]:
    """What fits into ``limit`` bytes: see :func:`rave_engine.recommend.recommend`."""
    from rave_engine import recommend as advice

    wanted = decode(ConfigurationParams, params)
    started = time.perf_counter()
    result = advice.recommend(_stack(wanted), wanted.n_signal, wanted.batch, wanted.limit)
    return {**result, "seconds": time.perf_counter() - started}


def _stack(wanted: ConfigurationParams) -> dict[str, Any]:
    return {
        "configs": wanted.configs,
        "overrides": wanted.overrides,
        "augmentations": wanted.augmentations,
        "channels": wanted.channels,
        "trusted": wanted.trusted,
    }


def validate(params: dict[str, Any]) -> dict[str, Any]:
    """Compose a configuration and say what it comes to: see :func:`rave_engine.estimate.facts`."""
    from rave_engine import estimate

    wanted = decode(ConfigurationParams, params)
    started = time.perf_counter()
    shortest = estimate.shortest_example(**_stack(wanted))
    result = estimate.facts(_compose(wanted), wanted.n_signal)
    return {**result, "minimum_n_signal": shortest, "seconds": time.perf_counter() - started}


def memory(params: dict[str, Any]) -> dict[str, Any]:
    """Peak memory of a training step in both phases: see :func:`rave_engine.estimate.estimate`."""
    from rave_engine import estimate

    wanted = decode(ConfigurationParams, params)
    started = time.perf_counter()
    _compose(wanted)
    result = estimate.estimate(wanted.n_signal, wanted.batch, amp=wanted.amp)
    return {**result, "seconds": time.perf_counter() - started}


def render(params: dict[str, Any]) -> dict[str, Any]:
    """Send a file through a checkpoint now: :class:`RenderParams` in, the result of a render job out."""
    from rave_engine import inference
    from rave_engine.jobs import JobContext

    wanted = decode(RenderParams, params)
    with tempfile.TemporaryDirectory(prefix="rave-render-") as folder:
        result: dict[str, Any] = inference.render(wanted, JobContext(Path(folder)))
        return result


def describe(params: dict[str, Any]) -> dict[str, Any]:
    """What a trained model is: see :func:`rave_engine.export.describing.describe`."""
    from rave_engine.export.describing import describe as read

    return read(params)


def vocabulary(params: dict[str, Any]) -> dict[str, Any]:
    """What may be written in a configuration: see :func:`rave_engine.configs.completion.words`."""
    from rave_engine.configs.completion import words

    return words()


def _compose(wanted: ConfigurationParams) -> Any:
    from rave_engine import configs

    return configs.compose(**_stack(wanted))


METHODS: dict[str, Method] = {
    "validate": validate,
    "estimate": memory,
    "render": render,
    "describe": describe,
    "index": index,
    "preview": preview,
    "check": check,
    "recommend": recommend,
    "vocabulary": vocabulary,
}

FAKE_METHODS = frozenset({"validate", "estimate", "preview", "check", "recommend"})
"""Methods that work on fake tensors, whose imports take seconds."""
