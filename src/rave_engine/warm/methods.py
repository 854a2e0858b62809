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


def validate(params: dict[str, Any]) -> dict[str, Any]:
    """Compose a configuration and say what it comes to: see :func:`rave_engine.estimate.facts`."""
    from rave_engine import estimate

    wanted = decode(ConfigurationParams, params)
    started = time.perf_counter()
    result = estimate.facts(_compose(wanted), wanted.n_signal)
    return {**result, "seconds": time.perf_counter() - started}


def memory(params: dict[str, Any]) -> dict[str, Any]:
    """Peak memory of a training step in both phases: see :func:`rave_engine.estimate.estimate`."""
    from rave_engine import estimate

    wanted = decode(ConfigurationParams, params)
    started = time.perf_counter()
    _compose(wanted)
    result = estimate.estimate(wanted.n_signal, wanted.batch)
    return {**result, "seconds": time.perf_counter() - started}


def render(params: dict[str, Any]) -> dict[str, Any]:
    """Send a file through a checkpoint now: :class:`RenderParams` in, the result of a render job out."""
    from rave_engine import inference
    from rave_engine.jobs import JobContext

    wanted = decode(RenderParams, params)
    with tempfile.TemporaryDirectory(prefix="rave-render-") as folder:
        result: dict[str, Any] = inference.render(wanted, JobContext(Path(folder)))
        return result


def _compose(wanted: ConfigurationParams) -> Any:
    from rave_engine import configs

    return configs.compose(
        wanted.configs,
        wanted.overrides,
        wanted.augmentations,
        channels=wanted.channels,
        trusted=wanted.trusted,
    )


METHODS: dict[str, Method] = {"validate": validate, "estimate": memory, "render": render}

FAKE_METHODS = frozenset({"validate", "estimate"})
"""Methods that work on fake tensors, whose imports take seconds."""
