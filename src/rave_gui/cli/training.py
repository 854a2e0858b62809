"""``rave-gui train``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rave_gui.cli.console import (
    Console,
    Output,
    existing_project_option,
    json_option,
    lines_option,
    pass_console,
    project_option,
    shell,
)
from rave_gui.cli.follow import ProgressLine, clock, wait

if TYPE_CHECKING:
    from rave_gui.jobs.service import JobView
    from rave_gui.projects import Project

detach_option = click.option("--detach", is_flag=True, help="Start it and return at once.")


@click.group("train")
def command() -> None:
    """Start, watch, stop and resume trainings."""


def _open(folder: str, create: bool = False) -> Project:
    from rave_gui.projects import Project

    return Project.open(folder, create=create)


def started(
    console: Console, view: JobView, detach: bool, extra: dict[str, Any], project: str | None
) -> Output:
    """The outcome of a command that started a job: at once with ``--detach``, otherwise when it has ended."""
    if detach:
        where = f" --project {shell(project)}" if project else ""
        text = f"Started as job {view.id}. Watch it with: rave-gui jobs log -f {view.id}{where}"
        return Output(
            {
                "job": view.id,
                "state": view.state,
                "project": str(view.project) if view.project else None,
                **extra,
            },
            text,
        )
    result = wait(console, view)
    return Output(
        {
            "job": view.id,
            "state": "succeeded",
            "project": str(view.project) if view.project else None,
            **extra,
            **result,
        }
    )


@command.command("start")
@project_option
@click.option(
    "--dataset",
    "-d",
    required=True,
    help="Name of a dataset of the project, or the path of any RAVE dataset.",
)
@click.option(
    "--preset", default="tiny", show_default=True, help="Size of the model (see: rave-gui train presets)."
)
@click.option("--steps", type=click.IntRange(min=1), help="Training steps [default: those of the preset].")
@click.option("--name", help="Name of the run [default: the dataset's and the preset's].")
@click.option(
    "--override", "overrides", multiple=True, metavar="BINDING", help="Gin binding such as “CAPACITY = 16”."
)
@click.option("--batch", type=click.IntRange(min=1), help="Examples a step.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda:0 …")
@detach_option
@json_option
@pass_console
def start_command(
    console: Console,
    /,
    *,
    project: str,
    dataset: str,
    preset: str,
    steps: int | None,
    name: str | None,
    overrides: tuple[str, ...],
    batch: int | None,
    seed: int,
    device: str,
    detach: bool,
) -> Output:
    """Train a model on a dataset. Ctrl+C saves and stops; --detach starts it without waiting."""
    from rave_gui.configs import actions as configs
    from rave_gui.training import actions

    opened = _open(project, create=True)
    fields = configs.preset(preset, steps)
    fields["overrides"] = [*fields["overrides"], *overrides]
    fields.update(seed=seed, device=device)
    if batch is not None:
        fields["batch"] = batch
    base = f"{Path(dataset).name}-{preset}"
    view = actions.start(console.services, opened, dataset, fields, name=name, base=base)
    run = next(record for record in opened.store.items("run") if record.job == view.id)
    output = started(console, view, detach, {"run": str(run.path), "dataset": dataset}, str(opened.path))
    if not detach:
        output.text = f"The run is in {run.path} ({output.data.get('step')} steps)."
    return output


@command.command("resume")
@click.argument("run")
@existing_project_option
@click.option("--steps", type=click.IntRange(min=1), help="Steps in all [default: what was aimed at before].")
@click.option("--checkpoint", help="Continue from this checkpoint instead of the newest.")
@detach_option
@json_option
@pass_console
def resume_command(
    console: Console, /, *, run: str, project: str, steps: int | None, checkpoint: str | None, detach: bool
) -> Output:
    """Go on with a run from its newest checkpoint, exactly where it was."""
    from rave_gui.training import actions

    opened = _open(project)
    view = actions.resume(console.services, opened, run, steps=steps, checkpoint=checkpoint)
    folder = opened.find_run(run)
    output = started(console, view, detach, {"run": str(folder)}, str(opened.path))
    if not detach:
        output.text = f"The run is in {folder} ({output.data.get('step')} steps)."
    return output


@command.command("presets")
@json_option
def presets_command() -> Output:
    """List the presets."""
    from rave_gui.configs import actions as configs

    items = configs.presets()
    width = max(len(item["name"]) for item in items)
    return Output({"items": items}, "\n".join(f"{i['name']:<{width}}  {i['description']}" for i in items))


@command.command("list")
@existing_project_option
@json_option
@pass_console
def list_command(console: Console, project: str) -> Output:
    """List the runs of a project."""
    from rave_gui.training import actions

    items = actions.list_runs(console.services, _open(project))
    return Output({"items": items}, "\n".join(_row(item) for item in items) or "There are no runs yet.")


@command.command("show")
@click.argument("run")
@existing_project_option
@json_option
@pass_console
def show_command(console: Console, run: str, project: str) -> Output:
    """Show a run: how far it is, its checkpoints, its job."""
    from rave_gui.training import actions

    found = actions.show(console.services, _open(project), run)
    lines = [_row(found), f"  folder: {found['path']}"]
    lines += [f"  checkpoint: {path}" for path in found["checkpoints"]]
    return Output(found, "\n".join(lines))


def _row(item: dict[str, Any]) -> str:
    step = "no numbered checkpoint yet" if item["step"] is None else f"{item['step']} steps"
    return f"{item['name']}  {step}  {item['state'] or ''}  {item['job'] or ''}".rstrip()


def _job_of(console: Console, project: Project, text: str) -> JobView:
    """The training meant by ``text``: a run's name (its newest job), or a job's id."""
    record = project.store.get("run", text)
    job = record.job if record is not None and record.job else text
    return console.services.jobs.get(job, project.path)


@command.command("watch")
@click.argument("run")
@existing_project_option
@lines_option
@pass_console
def watch_command(console: Console, run: str, project: str) -> int:
    """Follow a training (a run's name or a job's id) until it ends. Leaving with Ctrl+C does not touch it.

    With --json every event is an object on a line of its own, and the last line is {"job": {…}}.
    """
    from rave_gui.jobs.watch import Watch
    from rave_protocol.events import Metric, Stamped, to_json

    opened = _open(project)
    view = _job_of(console, opened, run)
    line = None if console.json else ProgressLine(console, view.title)

    def show(stamped: Stamped) -> None:
        if line is None:
            console.line(to_json(stamped.event, stamped.time))
        elif isinstance(stamped.event, Metric):
            values = "  ".join(f"{tag} {value:.4g}" for tag, value in sorted(stamped.event.values.items()))
            line.note(f"step {stamped.event.step}: {values}")
        else:
            line.update(stamped)

    watch = Watch(console.services.jobs, view.id, opened.path)
    try:
        view = watch.wait(show)
    except KeyboardInterrupt:
        if line is not None:
            line.note(
                f"The training goes on. Stop it with: rave-gui train stop {view.id} --project {shell(opened.path)}"
            )
        return 0
    if line is None:
        console.line({"job": view.to_json()})
        return 0
    took = (view.ended or 0.0) - (view.started or view.created)
    line.note(f"{view.title}: {view.state} after {clock(took)}. {view.reason}".rstrip())
    return 0


@command.command("stop")
@click.argument("run")
@existing_project_option
@click.option("--no-wait", is_flag=True, help="Do not wait until it has saved and ended.")
@json_option
@pass_console
def stop_command(console: Console, run: str, project: str, no_wait: bool) -> Output:
    """Let a training (a run's name or a job's id) save a checkpoint and end."""
    from rave_gui.training import actions

    opened = _open(project)
    view = actions.stop(console.services, opened, _job_of(console, opened, run).id)
    if no_wait:
        return Output({"job": view.id, "state": view.state}, f"Asked “{view.title}” to save and stop.")
    from rave_gui.jobs.watch import Watch

    watch = Watch(console.services.jobs, view.id, opened.path)
    ended = watch.wait()
    result = watch.result()
    return Output(
        {"job": view.id, "state": ended.state, **result}, f"Stopped at step {result.get('step')}; saved."
    )
