"""``rave-gui train``: before a training (estimate, trial) and while it runs (pause, checkpoint, phase2, preview, extend)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rave_gui.cli.console import (
    Console,
    Output,
    any_project_option,
    existing_project_option,
    json_option,
    pass_console,
)
from rave_gui.cli.follow import clock
from rave_gui.cli.parameters import in_options, parameter_options
from rave_gui.cli.training_shared import (
    SIMPLE,
    base_options,
    detach_option,
    fields_given,
    moment,
    open_project,
    started,
)
from rave_gui.i18n import tr
from rave_gui.projects.size import in_words as size

if TYPE_CHECKING:
    from rave_gui.projects import Project
    from rave_gui.training.schema import Finding
    from rave_protocol.commands import CommandName


@click.command("estimate")
@base_options
@parameter_options(skip=SIMPLE)
@click.option(
    "--memory",
    type=click.FloatRange(min=0, min_open=True),
    metavar="GIB",
    help="Memory of the device: also say what would fit into it [default: that of this computer's device].",
)
@any_project_option
@json_option
@pass_console
def estimate_command(
    console: Console,
    /,
    *,
    steps: int | None,
    memory: float | None,
    project: str | None,
    **values: Any,
) -> Output:
    """Tell the memory both phases will need, and what is known against the settings here. Computes nothing, needs no dataset."""
    from rave_gui.configs import actions as configs
    from rave_gui.training import checks, parameters
    from rave_gui.training.schema import MachineFacts
    from rave_gui.viewmodels import newrun_facts

    opened = open_project(project) if project else None
    fields, _ = fields_given(console, opened, steps, values)
    stack = configs.Stack.of(fields)
    where = opened.path if opened else None
    found = configs.estimate(console.services, stack, where)
    known = configs.validate(console.services, stack, project=where)
    machine, values = newrun_facts.machine(console.services, opened), parameters.from_fields(fields)
    if memory is not None:  # of another computer: what this one has is beside the point
        machine = MachineFacts(device_bytes=int(memory * 2**30), cuda=99, cores=10**6)
    findings = checks.check(
        values,
        model=newrun_facts.model_facts(known),
        machine=machine,
        memory=checks.MemoryFacts(found["phase_1"], found["phase_2"]),
    )
    findings = [in_options(finding) for finding in findings]
    findings += [_refusal(item) for item in known.get("findings", ())]
    limit = machine.memory_of(values["device"])
    short = any(finding.code.startswith("memory-") for finding in findings)
    wanted = limit and (memory is not None or short)
    advice = configs.recommend(console.services, stack, limit, where) if wanted else None
    data = {**found, "findings": [finding.to_json() for finding in findings], "recommendation": advice}
    lines = [
        tr(
            "Phase 1: {one:.1f} GiB, phase 2: {two:.1f} GiB, {count} parameters (estimated in {seconds:.1f} s).",
            one=found["phase_1_gib"],
            two=found["phase_2_gib"],
            count=f"{found['parameters']:,}",
            seconds=found["seconds"],
        )
    ]
    lines += [f"{finding.severity}: {finding.message} {finding.hint}".rstrip() for finding in findings]
    lines += _advice(advice)
    return Output(data, "\n".join(lines))


def _refusal(item: dict[str, Any]) -> Finding:
    """What the engine says against a stack."""
    from rave_gui.training.schema import Finding

    return Finding(item["code"], item["severity"], item["message"], item["hint"])


def _advice(advice: dict[str, Any] | None) -> list[str]:
    if advice is None:
        return []
    if advice["fits"]:
        batch = advice["batch"]["value"] if advice["batch"] else 1
        return [tr("It fits. The largest batch that would: {batch}.", batch=batch)]
    lines = [tr("It does not fit. What would, one at a time:")]
    for key, words in (("batch", tr("batch")), ("n_signal", tr("n_signal")), ("capacity", tr("capacity"))):
        if advice[key]:
            lines.append(f"  {words} {advice[key]['value']}")
    return lines if len(lines) > 1 else [tr("It does not fit; choose a smaller configuration.")]


@click.command("trial")
@base_options
@click.option("--dataset", "-d", help="Name of a dataset of the project; without one the model hears noise.")
@parameter_options(skip=SIMPLE)
@click.option(
    "--timed",
    type=click.IntRange(min=1, max=1000),
    default=4,
    show_default=True,
    help="Steps timed in each phase.",
)
@any_project_option
@detach_option
@json_option
@pass_console
def trial_command(
    console: Console,
    /,
    *,
    steps: int | None,
    dataset: str | None,
    timed: int,
    project: str | None,
    detach: bool,
    **values: Any,
) -> Output:
    """Take a few real steps of both phases on this machine and tell how long the whole will take. Keeps nothing."""
    from rave_gui.errors import UserError
    from rave_gui.training import actions

    if dataset and not project:
        raise UserError(
            tr("Which project's dataset is meant by {name}?", name=repr(dataset)),
            tr("Name it with --project; without --dataset the model hears noise."),
            code="project-missing",
        )
    opened = open_project(project) if project else None
    fields, _ = fields_given(console, opened, steps, values)
    view = actions.trial(console.services, fields, project=opened, dataset=dataset, steps=timed)
    output = started(console, view, detach, {}, project or "")
    if not detach:
        found = output.data
        lines = [tr("On {device}:", device=found["device"])]
        lines += [_phase_line(found, number) for number in (1, 2)]
        lines.append(tr("Checkpoints will take up to {size}.", size=size(found["disk_bytes"])))
        output.text = "\n".join(lines)
    return output


def _phase_line(found: dict[str, Any], number: int) -> str:
    """Speed, memory and time of one phase; one that the steps do not reach has no time."""
    phase, seconds = found[f"phase_{number}"], found[f"seconds_phase_{number}"]
    measured = tr(
        "Phase {number}: {rate:.2f} steps a second, {memory:.2f} GiB,",
        number=number,
        rate=phase["steps_per_second"],
        memory=phase["peak_bytes"] / 2**30,
    )
    if not seconds:
        return f"{measured} {tr('not reached with so few steps.')}"
    return f"{measured} {tr('{time} in all.', time=clock(seconds))}"


def _command(name: str, asks: CommandName, words: str) -> click.Command:
    """``train NAME RUN``: ask a training for something while it runs."""

    @click.command(name, help=words)
    @click.argument("run")
    @existing_project_option
    @json_option
    @pass_console
    def made(console: Console, run: str, project: str) -> Output:
        from rave_gui.errors import UserError
        from rave_gui.training import actions

        found = actions.command(console.services, open_project(project), run, asks)
        if not found["done"]:
            raise UserError(found["message"], code="refused")
        return Output(found, found["message"] or tr("Done."))

    return made


ASKING = (
    _command(
        "pause",
        "pause",
        "Let a training wait between two steps. It keeps its memory; “train resume” lets it go on.",
    ),
    _command("checkpoint", "save", "Let a training write a checkpoint now; its path is printed."),
    _command("phase2", "phase2", "Let a training begin phase 2 with its next step."),
    _command("preview", "preview", "Let a training render what it sounds like now."),
)


@click.command("extend")
@click.argument("run")
@existing_project_option
@click.option("--steps", type=click.IntRange(min=1), required=True, help="Steps in all.")
@detach_option
@json_option
@pass_console
def extend_command(console: Console, /, *, run: str, project: str, steps: int, detach: bool) -> Output:
    """Make a run longer: one that is being trained or waits goes on to --steps, one that has ended is taken up again."""
    from rave_gui.training import actions

    opened = open_project(project)
    before = actions.job_of(console.services, opened, run)
    view = actions.extend(console.services, opened, run, steps)
    if before is not None and before.id == view.id:
        words = (
            tr("“{title}” will go to step {steps} once it begins.", title=view.title, steps=f"{steps:,}")
            if view.state == "queued"
            else tr("“{title}” goes on to step {steps}.", title=view.title, steps=f"{steps:,}")
        )
        return Output({"job": view.id, "state": view.state, "run": str(_run_path(opened, run))}, words)
    return started(console, view, detach, {"run": str(_run_path(opened, run))}, str(opened.path))


@click.command("schedule")
@click.argument("run")
@existing_project_option
@click.option(
    "--at", "begin", metavar="TIME", help="Not before then: 22:30, or 2026-11-24 06:00 (local time)."
)
@click.option("--now", is_flag=True, help="As soon as its turn comes.")
@json_option
@pass_console
def schedule_command(console: Console, /, *, run: str, project: str, begin: str | None, now: bool) -> Output:
    """Change when a run that waits in the queue begins."""
    from rave_gui.training import actions

    if (begin is None) == (not now):
        raise click.UsageError("Give either --at TIME or --now.")
    view = actions.schedule(
        console.services, open_project(project), run, None if begin is None else moment(begin)
    )
    words = (
        tr("“{title}” begins as soon as its turn comes.", title=view.title)
        if view.not_before is None
        else tr(
            "“{title}” does not begin before {time}.",
            title=view.title,
            time=time.strftime("%Y-%m-%d %H:%M", time.localtime(view.not_before)),
        )
    )
    return Output({"job": view.id, "state": view.state, "not_before": view.not_before}, words)


def _run_path(project: Project, run: str) -> Path:
    record = project.store.get("run", run)
    return record.path if record is not None else project.find_run(run)


COMMANDS = (
    estimate_command,
    trial_command,
    *ASKING,
    extend_command,
    schedule_command,
)
