"""Trained models as a project's folders tell of them: checkpoints, what configurations say, what evaluations found."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.projects.runs import list_checkpoints, run_of, step_of

if TYPE_CHECKING:
    from rave_gui.jobs.view import JobView

_MACRO = re.compile(r"^([A-Z][A-Z0-9_]*) *= *(.+)$", re.MULTILINE)
_CHANNELS = re.compile(r"^(?:model\.)?RAVE\.n_channels *= *(\d+)", re.MULTILINE)
_VERSION = re.compile(r"version_(\d+)")


@dataclass(frozen=True)
class ConfigFacts:
    """What a run's config.gin says without being run; None where it does not."""

    sample_rate: int | None = None
    channels: int | None = None
    latent_size: int | None = None
    ratio: int | None = None
    """Samples per latent frame."""
    capacity: int | None = None
    phase_1_steps: int | None = None


@dataclass(frozen=True)
class Evaluation:
    """An ``evaluate`` job that succeeded. ``result`` is the job's."""

    run: str
    step: int | None
    dataset: str
    when: float
    result: dict[str, Any] = field(default_factory=dict)

    @property
    def distance(self) -> float | None:
        """Of the model to the original; None where it could not be measured."""
        value = self.result.get("distance")
        return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


@dataclass(frozen=True)
class Checkpoint:
    """One .ckpt file of a run."""

    path: Path
    run: str
    version: int
    """Number of its training session (``version_N``)."""
    step: int | None
    bytes: int
    modified: float
    best: bool = False
    """The one with the smallest distance on held-out sound."""
    newest: bool = False
    phase: int | None = None
    """1: a draft, the discriminator has not begun; 2: after. None where the configuration does not tell."""
    evaluation: Evaluation | None = None
    """The newest of this checkpoint."""


def read_config(run: Path) -> ConfigFacts:
    """Facts in the ``config.gin`` of a run (or of one version); none when there is no such file."""
    try:
        text = (run / "config.gin").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ConfigFacts()
    macros: dict[str, Any] = {}
    for name, value in _MACRO.findall(text):
        try:
            macros[name] = ast.literal_eval(value.strip())
        except (ValueError, SyntaxError):
            continue
    channels = _CHANNELS.search(text)
    ratios, bands = macros.get("RATIOS"), _whole(macros.get("N_BAND"))
    ratio = None
    if isinstance(ratios, list) and bands and all(isinstance(r, int) for r in ratios):
        ratio = math.prod(ratios) * bands
    return ConfigFacts(
        _whole(macros.get("SAMPLING_RATE")),
        int(channels.group(1)) if channels else None,
        _whole(macros.get("LATENT_SIZE")),
        ratio,
        _whole(macros.get("CAPACITY")),
        _whole(macros.get("PHASE_1_DURATION")),
    )


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def evaluations(views: Iterable[JobView]) -> list[Evaluation]:
    """Evaluations among jobs, newest first."""
    found = [
        Evaluation(
            run_of(Path(str(view.params.get("checkpoint", "")))).name,
            _whole((view.result or {}).get("step")),
            Path(str(view.params.get("dataset", ""))).name,
            view.ended or view.created,
            dict(view.result or {}),
        )
        for view in views
        if view.kind == "evaluate" and view.state == "succeeded"
    ]
    return sorted(found, key=lambda e: e.when, reverse=True)


def checkpoints_of(run: Path, done: Iterable[Evaluation] = ()) -> list[Checkpoint]:
    """Checkpoints of a run, the newest first; ``best`` ones, whose names tell no step, before all others."""
    paths = [path for path in list_checkpoints(run) if path.is_file()]
    by_step: dict[int, Evaluation] = {}
    for evaluation in done:
        if evaluation.run == run.name and evaluation.step is not None:
            by_step.setdefault(evaluation.step, evaluation)
    configs: dict[Path, ConfigFacts] = {}
    found = []
    for path in paths:
        step = step_of(path)
        folder = next((p for p in path.parents if _VERSION.fullmatch(p.name)), run)
        place = folder if (folder / "config.gin").is_file() else run
        if place not in configs:
            configs[place] = read_config(place)
        limit = configs[place].phase_1_steps
        status = path.stat()
        number = _VERSION.fullmatch(folder.name)
        found.append(
            Checkpoint(
                path,
                run.name,
                int(number.group(1)) if number else 0,
                step,
                status.st_size,
                status.st_mtime,
                best=path.stem.startswith("best"),
                phase=None if step is None or limit is None else (2 if step > limit else 1),
                evaluation=by_step.get(step) if step is not None else None,
            )
        )
    found.sort(key=lambda c: (c.best, c.version, c.step or 0, c.modified), reverse=True)
    numbered = [c for c in found if not c.best]
    if numbered:
        newest = max(numbered, key=lambda c: (c.step or 0, c.modified))
        found = [_marked(c) if c is newest else c for c in found]
    return found


def _marked(checkpoint: Checkpoint) -> Checkpoint:
    return Checkpoint(**{**vars(checkpoint), "newest": True})
