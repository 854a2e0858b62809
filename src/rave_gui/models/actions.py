"""What a user can do with trained models: list checkpoints, send sound through one, measure one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.jobs.trust import trusted_configs
from rave_gui.models.library import Checkpoint, ConfigFacts, Evaluation, checkpoints_of, read_config
from rave_gui.models.library import evaluations as evaluations_among
from rave_gui.projects import Project
from rave_gui.projects.names import free_name, safe_name
from rave_gui.projects.runs import list_checkpoints, run_of
from rave_protocol.specs import EvaluateParams, RenderParams

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.jobs.service import JobView

__all__ = [
    "Checkpoint",
    "ConfigFacts",
    "Evaluation",
    "checkpoints",
    "checkpoints_of",
    "describe",
    "evaluate",
    "evaluations",
    "evaluations_among",
    "facts",
    "library",
    "read_config",
    "render",
    "trusted",
]

_FACTS = "checkpoint"
_DESCRIBE_TIMEOUT = 120.0


def checkpoints(project: Project, run: str) -> list[Path]:
    """Checkpoints of a run, oldest first."""
    return list_checkpoints(project.find_run(run))


def render(
    services: Services,
    project: Project,
    model: str,
    source: Path,
    *,
    output: Path | None = None,
    randomness: float = 0.0,
    seed: int = 0,
    device: str = "auto",
) -> JobView:
    """Send a sound file through a model as a job; the result goes to ``output`` or to a new file in the project's takes.

    Raises :class:`UserError`: run-missing, not-found, output-exists, engine-missing.
    """
    services.engine.python()
    checkpoint = _model(project, model)
    sound = Path(os.path.abspath(source.expanduser()))  # noqa: PTH100
    if not sound.is_file():
        raise UserError(
            tr("There is no sound file {path}.", path=sound),
            tr("Check the path and try again."),
            code="not-found",
        )
    if output is None:
        through = checkpoint.parent if checkpoint.suffix == ".ts" else run_of(checkpoint)
        base = safe_name(f"{sound.stem} through {through.name}", "take")
        project.takes.mkdir(parents=True, exist_ok=True)
        output = project.takes / free_name(project.takes, base, ".wav")
    else:
        output = Path(os.path.abspath(output.expanduser()))  # noqa: PTH100
        if output.exists():
            raise UserError(
                tr("{path} is there already.", path=output),
                tr("Choose another name: nothing is ever overwritten."),
                code="output-exists",
            )
    allowed = trusted(services, project, checkpoint)
    params = RenderParams(str(checkpoint), str(sound), str(output), randomness, seed, device, allowed)
    return services.jobs.submit("render", params, project=project.path, title=f"Render {sound.name}")


def evaluate(
    services: Services,
    project: Project,
    model: str,
    dataset: str,
    *,
    output: Path | None = None,
    max_seconds: float = 20.0,
    device: str = "auto",
) -> JobView:
    """Reconstruct held-out sound of a dataset and measure the distance, as a job; writes into a new folder of the takes.

    Raises :class:`UserError`: run-missing, dataset-missing, engine-missing.
    """
    services.engine.python()
    checkpoint = project.find_model(model)
    data = project.find_dataset(dataset)
    target = output or project.takes / free_name(project.takes, f"{run_of(checkpoint).name} reconstruction")
    allowed = trusted(services, project, checkpoint)
    params = EvaluateParams(str(checkpoint), str(data), str(target), max_seconds, device, allowed)
    return services.jobs.submit(
        "evaluate", params, project=project.path, title=f"Evaluate {run_of(checkpoint).name}"
    )


def _model(project: Project, model: str) -> Path:
    """A checkpoint, a run, or an exported .ts file by its path."""
    direct = Path(os.path.abspath(Path(model).expanduser()))  # noqa: PTH100
    if direct.suffix == ".ts" and direct.is_file():
        return direct
    return project.find_model(model)


def evaluations(services: Services, project: Project) -> list[Evaluation]:
    """What evaluations of this project's models found, newest first."""
    return evaluations_among(services.jobs.list(project.path))


def library(services: Services, project: Project, run: str) -> list[Checkpoint]:
    """Checkpoints of a run with what is known of each: best, phase, distance. Raises :class:`UserError` run-missing."""
    return checkpoints_of(project.find_run(run), evaluations(services, project))


def facts(services: Services, project: Project, checkpoint: Path) -> dict[str, Any]:
    """What a checkpoint is, as the engine reads it (``rave_engine.export.describing``); remembered in the project.

    Raises :class:`UserError` of the engine and of the warm worker.
    """
    from rave_gui.runtime.worker_client import WarmWorker

    status = checkpoint.stat()
    stamp = f"{status.st_size} {status.st_mtime_ns}"
    inside = checkpoint.is_relative_to(project.path)
    key = str(checkpoint.relative_to(project.path)) if inside else str(checkpoint)
    known = project.store.facts(_FACTS).get(key)
    if known is not None and known[0] == stamp:
        return known[1]
    worker = WarmWorker(services.engine, services.paths)
    found = worker.request(
        "describe",
        {"checkpoint": str(checkpoint), "trusted": trusted(services, project, checkpoint)},
        _DESCRIBE_TIMEOUT,
    )
    try:
        project.store.set_facts(_FACTS, {key: (stamp, found)})
    except UserError as error:
        if error.code not in ("not-writable", "project-busy", "disk-full"):
            raise
    return found


def trusted(services: Services, project: Project, checkpoint: Path) -> list[str]:
    """The run's own configuration files, where this user let its training run code; nothing for an exported file."""
    if checkpoint.suffix == ".ts":
        return []
    run = run_of(checkpoint)
    return trusted_configs(services.paths, project.jobs, run, project.store.get("run", run.name))


def describe(result: dict[str, Any]) -> str:
    """The distances of an evaluation in plain words: what the model is closer to the original than."""
    distance = result.get("distance")
    if not isinstance(distance, (int, float)):
        return tr("The distance could not be measured.")
    words = {
        "distance_untrained": tr("an untrained model"),
        "distance_silence": tr("silence"),
        "distance_noise": tr("noise with the same loudness"),
    }
    better = [
        text
        for key, text in words.items()
        if isinstance(result.get(key), (int, float)) and distance < result[key]
    ]
    if not better:
        return tr(
            "The reconstruction is not closer to the original than an untrained model yet: train longer."
        )
    joined = better[0] if len(better) == 1 else ", ".join(better[:-1]) + tr(" and ") + better[-1]
    return tr("The reconstruction is closer to the original than {things}.", things=joined)
