"""``rave-gui model``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rave_gui.cli.console import Console, Output, existing_project_option, json_option, pass_console
from rave_gui.cli.training_shared import detach_option, started


@click.group("model")
def command() -> None:
    """Send sound through trained models and measure them."""


@command.command("render")
@click.argument("run")
@click.argument("sound")
@existing_project_option
@click.option(
    "--output", "-o", metavar="FILE", help="Sound file to write [default: a new one in the project's takes]."
)
@click.option("--randomness", type=click.FloatRange(0, 1), default=0.0, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda:0 …")
@detach_option
@json_option
@pass_console
def render_command(
    console: Console,
    /,
    *,
    run: str,
    sound: str,
    project: str,
    output: str | None,
    randomness: float,
    seed: int,
    device: str,
    detach: bool,
) -> Output:
    """Send SOUND through the model RUN (a run's name or folder, or a checkpoint) and write what comes out."""
    from rave_gui.models import actions
    from rave_gui.projects import Project

    opened = Project.open(project)
    view = actions.render(
        console.services,
        opened,
        run,
        Path(sound),
        output=Path(output) if output else None,
        randomness=randomness,
        seed=seed,
        device=device,
    )
    done = started(console, view, detach, {}, str(opened.path))
    done.text = done.text or f"Written: {done.data.get('path')}"
    return done


@command.command("evaluate")
@click.argument("run")
@existing_project_option
@click.option(
    "--dataset", "-d", required=True, help="Name or path of the dataset whose held-out sound is used."
)
@detach_option
@json_option
@pass_console
def evaluate_command(console: Console, run: str, project: str, dataset: str, detach: bool) -> Output:
    """Reconstruct held-out sound and measure how close it comes, against an untrained model, silence and noise."""
    from rave_gui.models import actions
    from rave_gui.projects import Project

    opened = Project.open(project)
    view = actions.evaluate(console.services, opened, run, dataset)
    done = started(console, view, detach, {}, str(opened.path))
    done.text = done.text or f"{actions.describe(done.data)}\nListen: {done.data.get('path')}"
    return done


@command.command("checkpoints")
@click.argument("run")
@existing_project_option
@json_option
def checkpoints_command(run: str, project: str) -> Output:
    """List the checkpoints of a run, oldest first."""
    from rave_gui.models import actions
    from rave_gui.projects import Project
    from rave_gui.projects.runs import step_of

    paths = actions.checkpoints(Project.open(project), run)
    items: list[dict[str, Any]] = [{"path": str(path), "step": step_of(path)} for path in paths]
    return Output({"items": items}, "\n".join(str(path) for path in paths) or "There is no checkpoint yet.")
