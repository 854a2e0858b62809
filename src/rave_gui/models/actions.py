"""What a user can do with trained models: list checkpoints, send sound through one, measure one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.errors import UserError
from rave_gui.jobs.trust import trusted_configs
from rave_gui.projects import Project
from rave_gui.projects.names import free_name, safe_name
from rave_gui.projects.runs import list_checkpoints, run_of
from rave_protocol.specs import EvaluateParams, RenderParams

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.jobs.service import JobView


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
    checkpoint = project.find_model(model)
    sound = Path(os.path.abspath(source.expanduser()))  # noqa: PTH100
    if not sound.is_file():
        raise UserError(f"There is no sound file {sound}.", "Check the path and try again.", code="not-found")
    if output is None:
        base = safe_name(f"{sound.stem} through {run_of(checkpoint).name}", "take")
        project.takes.mkdir(parents=True, exist_ok=True)
        output = project.takes / free_name(project.takes, base, ".wav")
    else:
        output = Path(os.path.abspath(output.expanduser()))  # noqa: PTH100
        if output.exists():
            raise UserError(
                f"{output} is there already.",
                "Choose another name: nothing is ever overwritten.",
                code="output-exists",
            )
    trusted = _trusted(services, project, checkpoint)
    params = RenderParams(str(checkpoint), str(sound), str(output), randomness, seed, device, trusted)
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
    trusted = _trusted(services, project, checkpoint)
    params = EvaluateParams(str(checkpoint), str(data), str(target), max_seconds, device, trusted)
    return services.jobs.submit(
        "evaluate", params, project=project.path, title=f"Evaluate {run_of(checkpoint).name}"
    )


def _trusted(services: Services, project: Project, checkpoint: Path) -> list[str]:
    run = run_of(checkpoint)
    return trusted_configs(services.paths, project.jobs, run, project.store.get("run", run.name))


def describe(result: dict[str, Any]) -> str:
    """The distances of an evaluation in plain words: what the model is closer to the original than."""
    distance = result.get("distance")
    if not isinstance(distance, (int, float)):
        return "The distance could not be measured."
    words = {
        "distance_untrained": "an untrained model",
        "distance_silence": "silence",
        "distance_noise": "noise with the same loudness",
    }
    better = [
        text
        for key, text in words.items()
        if isinstance(result.get(key), (int, float)) and distance < result[key]
    ]
    if not better:
        return "The reconstruction is not closer to the original than an untrained model yet: train longer."
    joined = better[0] if len(better) == 1 else ", ".join(better[:-1]) + " and " + better[-1]
    return f"The reconstruction is closer to the original than {joined}."
