"""``rave-gui metrics``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rave_gui.cli.console import Console, Output, json_option, pass_console
from rave_gui.i18n import tr, trn

if TYPE_CHECKING:
    from rave_gui.projects import Project


@click.command("metrics")
@click.argument("run")
@click.option("--project", "-p", metavar="FOLDER", help="Project that RUN is a name in.")
@click.option(
    "--tag",
    "-t",
    "tags",
    multiple=True,
    metavar="NAME",
    help="Also print every point of this curve (several times for several).",
)
@click.option("--benchmark", is_flag=True, help="Read everything once and say how long it took.")
@json_option
@pass_console
def command(
    console: Console, /, *, run: str, project: str | None, tags: tuple[str, ...], benchmark: bool
) -> Output:
    """Show what was measured during RUN: a run's name in the project, any folder with TensorBoard event files, or a training's log file."""
    from rave_gui.training import actions

    if benchmark:
        data = actions.read_speed(_folder(run, project))
        return Output(
            data,
            tr(
                "{events} events in {seconds} s",
                events=f"{data['events']:,}",
                seconds=f"{data['seconds']:.3f}",
            ),
        )
    opened = _project(project)
    data = actions.metrics(run, tags, project=opened)
    if "metrics" in data:
        lines = [f"{tag}  {value:.6g}" for tag, value in sorted(data["metrics"].items())]
        return Output(data, "\n".join([*lines, *([data["trouble"]] if data["trouble"] else [])]))
    width = max((len(row["tag"]) for row in data["summary"]), default=0)
    lines = [
        f"{row['tag']:<{width}}  "
        + tr(
            "{points} points  step {step}: {last}  lowest {best} at step {at}",
            points=f"{row['points']:>7,}",
            step=f"{row['last_step']:,}",
            last=f"{row['last']:.6g}",
            best=f"{row['best']:.6g}",
            at=f"{row['best_step']:,}",
        )
        for row in data["summary"]
    ]
    for tag, curve in data["curves"].items():
        lines += [
            "",
            tag,
            *(f"{step}\t{value:.9g}" for step, value in zip(curve["steps"], curve["values"], strict=True)),
        ]
    if data["damaged"]:
        lines.append(
            trn("{n} damaged record was left out.", "{n} damaged records were left out.", data["damaged"])
        )
    return Output(data, "\n".join(lines))


def _project(folder: str | None) -> Project | None:
    if folder is None:
        return None
    from rave_gui.projects import Project

    return Project.open(folder)


def _folder(run: str, project: str | None) -> Path:
    opened = _project(project)
    return Path(run) if opened is None else opened.find_run(run)
