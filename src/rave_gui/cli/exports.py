"""``rave-gui export``."""

from __future__ import annotations

import click

from rave_gui.cli.console import Console, Output, existing_project_option, json_option, pass_console
from rave_gui.cli.training_shared import detach_option, started


@click.group("export")
def command() -> None:
    """Export models for nn~ and verify them."""


@command.command("run")
@click.argument("run")
@existing_project_option
@click.option("--name", help="Name of the export [default: the run's].")
@click.option(
    "--streaming/--no-streaming", default=True, show_default=True, help="For real-time hosts such as nn~."
)
@click.option(
    "--fidelity", type=float, default=0.95, show_default=True, help="Share of the latent space that is kept."
)
@click.option("--channels", type=click.IntRange(min=1), help="Channels [default: those of the model].")
@click.option("--sample-rate", type=click.IntRange(min=1), help="Rate of the host [default: the model's].")
@click.option("--ema", is_flag=True, help="Use the averaged weights.")
@detach_option
@json_option
@pass_console
def run_command(
    console: Console,
    /,
    *,
    run: str,
    project: str,
    name: str | None,
    streaming: bool,
    fidelity: float,
    channels: int | None,
    sample_rate: int | None,
    ema: bool,
    detach: bool,
) -> Output:
    """Write RUN (a run's name or folder, or a checkpoint) as a TorchScript model, and test it."""
    from rave_gui.exports import actions
    from rave_gui.projects import Project

    opened = Project.open(project)
    view = actions.run(
        console.services,
        opened,
        run,
        name=name,
        streaming=streaming,
        fidelity=fidelity,
        channels=channels,
        sample_rate=sample_rate,
        ema=ema,
    )
    done = started(console, view, detach, {}, str(opened.path))
    done.text = done.text or f"Exported: {done.data.get('path')}"
    return done


@command.command("verify")
@click.argument("model")
@click.option("--project", "-p", metavar="FOLDER", help="The project whose export MODEL names.")
@detach_option
@json_option
@pass_console
def verify_command(console: Console, model: str, project: str | None, detach: bool) -> Output:
    """Load an exported model (a .ts file, or an export's name) as a host does, and test it."""
    from rave_gui.exports import actions
    from rave_gui.projects import Project

    opened = Project.open(project) if project else None
    view = actions.verify(console.services, opened, model)
    done = started(console, view, detach, {}, str(opened.path) if opened else "")
    if not detach:
        error = done.data.get("streaming_error_db")
        done.text = f"{done.data.get('path')} works." + (
            f" Streaming error: {error:.1f} dB." if error is not None else ""
        )
    return done


@command.command("list")
@existing_project_option
@json_option
def list_command(project: str) -> Output:
    """List the exports of a project."""
    from rave_gui.exports import actions
    from rave_gui.projects import Project

    items = actions.list_exports(Project.open(project))
    text = "\n".join(f"{item['name']}  {item['model'] or 'not finished'}" for item in items)
    return Output({"items": items}, text or "There are no exports yet.")
