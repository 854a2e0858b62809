"""``rave-gui train``."""

from __future__ import annotations

import time
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
from rave_gui.cli.follow import ProgressLine, clock, goes_on
from rave_gui.cli.parameters import given, parameter_options
from rave_gui.cli.training_control import COMMANDS
from rave_gui.cli.training_shared import (
    GIN,
    SIMPLE,
    base_options,
    detach_option,
    fields_given,
    moment,
    open_project,
    started,
)
from rave_gui.cli.training_words import Judge, shown
from rave_gui.i18n import tr, trn

if TYPE_CHECKING:
    from rave_gui.jobs.service import JobView
    from rave_gui.projects import Project
    from rave_gui.training.actions import ResumePlan


@click.group("train")
def command() -> None:
    """Start, watch, stop and resume trainings."""


for _command in COMMANDS:
    command.add_command(_command)


@command.command("start")
@project_option
@click.option(
    "--dataset",
    "-d",
    required=True,
    help="Name of a dataset of the project, or the path of any RAVE dataset.",
)
@base_options
@click.option("--name", help="Name of the run [default: the dataset's and the preset's].")
@parameter_options(skip=SIMPLE)
@click.option(
    "--at",
    "start_at",
    metavar="TIME",
    help="Wait in the queue until then: 22:30, or 2026-11-24 06:00 (local time).",
)
@click.option("--force", is_flag=True, help="Start although the settings are known to fail.")
@detach_option
@json_option
@pass_console
def start_command(
    console: Console,
    /,
    *,
    project: str,
    dataset: str,
    steps: int | None,
    name: str | None,
    start_at: str | None,
    force: bool,
    detach: bool,
    **values: Any,
) -> Output:
    """Train a model on a dataset. Ctrl+C saves and stops; --detach starts it without waiting.

    Every parameter of a training is an option; “rave-gui train estimate” tells beforehand what it will need.
    """
    from rave_gui.cli.training_checks import project_for, refuse_known_faults
    from rave_gui.training import actions

    begin = None if start_at is None else moment(start_at)
    with project_for(project) as opened:
        fields, word = fields_given(console, opened, steps, values)
        findings = [] if force else refuse_known_faults(console.services, opened, dataset, fields)
        for finding in findings:
            if finding.severity == "warning":
                console.say(f"Warning: {finding.message} {finding.hint}".rstrip())
        base = f"{Path(dataset).name}-{word}"
        view = actions.start(console.services, opened, dataset, fields, name=name, base=base, start_at=begin)
    run = next(record for record in opened.store.items("run") if record.job == view.id)
    told = {
        "run": str(run.path),
        "dataset": dataset,
        "findings": [finding.to_json() for finding in findings],
    }
    output = started(console, view, detach, told, str(opened.path))
    if not detach:
        output.text = f"The run is in {run.path} ({output.data.get('step')} steps)."
    return output


@command.command("resume")
@click.argument("run")
@existing_project_option
@click.option("--steps", type=click.IntRange(min=1), help="Steps in all [default: what was aimed at before].")
@click.option(
    "--checkpoint",
    metavar="WHICH",
    help="Continue from this one instead of the newest: a step, a name, a file, or best.",
)
@click.option(
    "--plan",
    is_flag=True,
    help="Only say what it would mean: what changed, what is lost, whether it is exact.",
)
@parameter_options(
    skip=(*SIMPLE, "configs", "channels", "augmentations", "overrides", "init_from", "holdout", *GIN)
)
@detach_option
@json_option
@pass_console
def resume_command(
    console: Console,
    /,
    *,
    run: str,
    project: str,
    steps: int | None,
    checkpoint: str | None,
    plan: bool,
    detach: bool,
    **values: Any,
) -> Output:
    """Go on with a run: one that is paused at once, one that has ended from its newest checkpoint, exactly where it was."""
    from rave_gui.training import actions

    opened = open_project(project)
    changes = given(values)
    if plan:
        return _plan(
            actions.plan_resume(console.services, opened, run, checkpoint=checkpoint, changes=changes)
        )
    paused = actions.job_of(console.services, opened, run)
    if paused is not None and paused.state == "paused":
        actions.command(console.services, opened, run, "resume")
        view = console.services.jobs.get(paused.id, opened.path)
        data = {
            "job": view.id,
            "state": view.state,
            "run": str(opened.find_run(run)),
            "project": str(opened.path),
        }
        return Output(data, tr("“{title}” goes on.", title=view.title))
    view = actions.resume(console.services, opened, run, steps=steps, checkpoint=checkpoint, changes=changes)
    folder = opened.find_run(run)
    output = started(console, view, detach, {"run": str(folder)}, str(opened.path))
    if not detach:
        output.text = f"The run is in {folder} ({output.data.get('step')} steps)."
    return output


def _plan(plan: ResumePlan) -> Output:
    data = {
        "plan": {
            "checkpoint": str(plan.checkpoint),
            "step": plan.step,
            "lost": plan.lost,
            "changes": plan.changes,
            "exact": plan.exact,
            "reasons": plan.reasons,
            "notes": plan.notes,
        }
    }
    lines = [
        *plan.notes,
        tr("From {path}.", path=plan.checkpoint)
        if plan.step is None
        else tr("From {path}, step {step}.", path=plan.checkpoint, step=plan.step),
    ]
    if plan.lost:
        lines.append(trn("{n} step would be trained again.", "{n} steps would be trained again.", plan.lost))
    lines += [f"{change['label']}: {change['before']} → {change['after']}" for change in plan.changes]
    lines.append(
        tr("It goes on exactly, as if it had never stopped.")
        if plan.exact
        else tr("It does not go on exactly:")
    )
    return Output(data, "\n".join([*lines, *plan.reasons]))


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
    from rave_gui.cli.jobs import waits
    from rave_gui.training import actions

    opened = open_project(project)
    items = actions.list_runs(console.services, opened)
    live = console.services.jobs.list(opened.path)
    waiting = {view.id: f"  ({text})" for view in live if (text := waits(view))}
    lines = [_row(item) + waiting.get(item["job"], "") for item in items]
    return Output({"items": items}, "\n".join(lines) or "There are no runs yet.")


@command.command("show")
@click.argument("run")
@existing_project_option
@json_option
@pass_console
def show_command(console: Console, run: str, project: str) -> Output:
    """Show a run: how far it is, how it is going, what needs attention, its checkpoints, its job."""
    from rave_gui.training import actions
    from rave_gui.viewmodels.standing import Standing

    opened = open_project(project)
    found = actions.show(console.services, opened, run)
    standing = Standing(console.services, opened, (found["name"], Path(found["path"])))
    found = {**found, **standing.to_json()}
    return Output(found, "\n".join(shown(found)))


def _row(item: dict[str, Any]) -> str:
    step = "no numbered checkpoint yet" if item["step"] is None else f"{item['step']} steps"
    return f"{item['name']}  {step}  {item['state'] or ''}  {item['job'] or ''}".rstrip()


def _job_of(console: Console, project: Project, text: str) -> JobView:
    """The training meant by ``text``: a run's name (its newest job), or a job's id."""
    from rave_gui.training import actions

    found = actions.job_of(console.services, project, text)
    return found or console.services.jobs.get(text, project.path)


@command.command("watch")
@click.argument("run")
@existing_project_option
@lines_option
@pass_console
def watch_command(console: Console, run: str, project: str) -> int:
    """Follow a training (a run's name or a job's id) until it ends. Leaving with Ctrl+C does not touch it.

    With --json every event is an object on a line of its own, now and then a line of the type "standing" says how it is going (health,
    alerts, remaining times), and the last line is {"job": {…}}.
    """
    from rave_gui.jobs.watch import Watch
    from rave_gui.viewmodels.standing import Standing
    from rave_protocol.events import Metric, Stamped, to_json

    opened = open_project(project)
    view = _job_of(console, opened, run)
    line = None if console.json else ProgressLine(console, view.title)
    place = Path(str(view.params.get("run", "")))
    judge = Judge(Standing(console.services, opened, (place.name, place)))

    def tick() -> bool:
        news = judge.news(time.monotonic())
        if news is None or not judge.standing.model.active:
            return False
        if line is None:
            console.line({"type": "standing", "time": time.time(), **news[0]})
        else:
            for text in news[1]:
                line.note(text)
        return False

    def show(stamped: Stamped) -> None:
        judge.standing.take(stamped)
        if line is None:
            console.line(to_json(stamped.event, stamped.time))
        elif isinstance(stamped.event, Metric):
            values = "  ".join(f"{tag} {value:.4g}" for tag, value in sorted(stamped.event.values.items()))
            line.note(f"step {stamped.event.step}: {values}")
        else:
            line.update(stamped)

    try:
        view = Watch(console.services.jobs, view.id, opened.path).wait(show, tick)
        while (again := console.services.jobs.successor(view.id, opened.path)) is not None:
            if line is not None:
                line.note(goes_on(view))
            view = Watch(console.services.jobs, again.id, opened.path).wait(show, tick)
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

    opened = open_project(project)
    view = actions.stop(console.services, opened, _job_of(console, opened, run).id)
    if view.state == "cancelled":
        words = tr("“{title}” had not begun; it is out of the queue.", title=view.title)
        return Output({"job": view.id, "state": view.state}, words)
    if no_wait:
        return Output({"job": view.id, "state": view.state}, f"Asked “{view.title}” to save and stop.")
    from rave_gui.jobs.watch import Watch

    watch = Watch(console.services.jobs, view.id, opened.path)
    ended = watch.wait()
    result = watch.result()
    return Output(
        {"job": view.id, "state": ended.state, **result}, f"Stopped at step {result.get('step')}; saved."
    )
