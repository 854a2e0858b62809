"""``rave-gui metrics``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from rave_gui.cli.console import Console, Output, json_option, pass_console


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
    """Show what was measured during RUN: a run's name in the project, or any folder with TensorBoard event files."""
    from rave_gui.training import metrics

    folder = _folder(run, project)
    if benchmark:
        data = metrics.benchmark(folder)
        return Output(data, f"{data['events']:,} events in {data['seconds']:.3f} s")
    data = metrics.read(folder, tags)
    width = max((len(row["tag"]) for row in data["summary"]), default=0)
    lines = [
        f"{row['tag']:<{width}}  {row['points']:>7,} points  step {row['last_step']:,}: {row['last']:.6g}  "
        f"lowest {row['best']:.6g} at step {row['best_step']:,}"
        for row in data["summary"]
    ]
    for tag, curve in data["curves"].items():
        lines += [
            "",
            tag,
            *(f"{step}\t{value:.9g}" for step, value in zip(curve["steps"], curve["values"], strict=True)),
        ]
    if data["damaged"]:
        lines.append(f"{data['damaged']} damaged records were left out.")
    return Output(data, "\n".join(lines))


def _folder(run: str, project: str | None) -> Path:
    if project is not None:
        from rave_gui.projects import Project

        return Project.open(project).find_run(run)
    return Path(os.path.abspath(Path(run).expanduser()))  # noqa: PTH100 - links stay links
