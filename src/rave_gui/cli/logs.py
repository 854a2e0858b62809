"""``rave-gui logs``: what the runs of a project take on the disk."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rave_gui.cli.console import Console, Output, existing_project_option, json_option, pass_console
from rave_gui.i18n import tr, trn

if TYPE_CHECKING:
    from rave_gui.projects import Project


@click.group("logs")
def command() -> None:
    """See what runs take on the disk, move old checkpoints to the trash, pack logs into an archive."""


def _open(project: str) -> Project:
    from rave_gui.projects import Project

    return Project.open(project)


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


@command.command("sizes")
@existing_project_option
@json_option
def sizes_command(project: str) -> Output:
    """List the runs by what they take on the disk."""
    from rave_gui.training import logfolders

    found = logfolders.sizes(_open(project))
    lines = [
        tr(
            "{total}  {run}: checkpoints {checkpoints} ({files}), curves {events}, sounds {previews}",
            total=f"{_size(item.total):>10}",
            run=item.run,
            checkpoints=_size(item.checkpoints),
            files=item.checkpoint_files,
            events=_size(item.events),
            previews=_size(item.previews),
        )
        for item in found
    ]
    return Output(
        {"items": [item.to_json() for item in found]}, "\n".join(lines) or tr("There are no runs yet.")
    )


@command.command("prune")
@click.argument("runs", nargs=-1)
@existing_project_option
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="Newest ones kept of each version.",
)
@click.option("--yes", is_flag=True, help="Do it; otherwise only say what would go.")
@json_option
@pass_console
def prune_command(
    console: Console, /, *, runs: tuple[str, ...], project: str, keep: int, yes: bool
) -> Output:
    """Move old numbered checkpoints of RUNS (none named: all) to the project's trash.

    The newest, the best, the last one of phase 1, and milestones stay. A run that is being trained is left alone.
    """
    from rave_gui.training import logfolders

    opened = _open(project)
    plan = logfolders.prune_plan(console.services, opened, runs, keep=keep)
    moved = logfolders.prune(console.services, opened, plan) if yes else None
    data = {
        "files": [{**vars(file), "path": str(file.path)} for file in plan.files],
        "bytes": plan.bytes,
        "left_alone": plan.left_alone,
        "moved": moved,
    }
    if not plan.files:
        said = tr("There is nothing to prune.")
    elif yes:
        said = trn(
            "{n} checkpoint is in the trash now.", "{n} checkpoints are in the trash now.", len(plan.files)
        )
        said += " " + tr("“rave-gui logs purge” frees {size}.", size=_size(moved or 0))
    else:
        lines = [f"{_size(file.bytes):>10}  {file.run}  {file.path.name}" for file in plan.files]
        said = "\n".join(
            [*lines, tr("{size} in all. --yes moves them to the trash.", size=_size(plan.bytes))]
        )
    return Output(data, "\n".join([said, *(f"{run}: {why}" for run, why in plan.left_alone.items())]))


@command.command("pruned")
@existing_project_option
@json_option
def pruned_command(project: str) -> Output:
    """List checkpoints in the trash."""
    from rave_gui.training import logfolders

    found = logfolders.pruned(_open(project))
    lines = [
        f"{item.id}  {time.strftime('%Y-%m-%d %H:%M', time.localtime(item.time))}  {_size(item.bytes):>10}  {item.run}"
        for item in found
    ]
    return Output(
        {"items": [item.to_json() for item in found]}, "\n".join(lines) or tr("There are none in the trash.")
    )


@command.command("restore")
@click.argument("item")
@existing_project_option
@json_option
def restore_command(item: str, project: str) -> Output:
    """Bring the checkpoints ITEM (an id of “logs pruned”) back to their run."""
    from rave_gui.training import logfolders

    count = logfolders.restore(_open(project), item)
    said = trn("{n} checkpoint is back.", "{n} checkpoints are back.", count)
    return Output({"id": item, "files": count}, said)


@command.command("purge")
@click.argument("item")
@existing_project_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_console
def purge_command(console: Console, item: str, project: str, yes: bool) -> Output:
    """Remove the checkpoints ITEM (an id of “logs pruned”) for good."""
    from rave_gui.training import logfolders

    opened = _open(project)
    if not yes:
        if console.json:
            raise click.UsageError("With --json, --yes is needed: nobody can be asked.")
        click.confirm(tr("Remove these checkpoints for good?"), abort=True, err=True)
    freed = logfolders.purge(opened, item)
    return Output({"id": item, "bytes": freed}, tr("{size} are free now.", size=_size(freed)))


@command.command("archive")
@click.argument("run")
@existing_project_option
@click.option("--output", "-o", required=True, metavar="FILE", help="The zip file to write; a new one.")
@json_option
@pass_console
def archive_command(console: Console, run: str, project: str, output: str) -> Output:
    """Pack the logs of RUN (curves, configuration, previews; no checkpoints) into a zip file."""
    from rave_gui.training import logfolders

    path = logfolders.archive(console.services, _open(project), run, Path(output))
    return Output({"path": str(path), "bytes": path.stat().st_size}, tr("Written: {path}", path=path))
