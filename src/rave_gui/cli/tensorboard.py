"""``rave-gui tensorboard``."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rave_gui.cli.console import Console, Output, json_option, pass_console
from rave_gui.i18n import tr

if TYPE_CHECKING:
    from rave_gui.training.tensorboard import Board

some_project_option = click.option(
    "--project", "-p", metavar="FOLDER", help="The project in which RUNS are names."
)


@click.group("tensorboard")
def command() -> None:
    """Show runs in TensorBoard, on this computer only."""


@command.command("start")
@click.argument("runs", nargs=-1)
@some_project_option
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Where it listens [default: a free port of this computer]."
)
@click.option("--open", "browser", is_flag=True, help="Open it in the browser.")
@json_option
@pass_console
def start_command(
    console: Console, /, *, runs: tuple[str, ...], project: str | None, port: int | None, browser: bool
) -> Output:
    """Start TensorBoard on RUNS (names in the project, otherwise folders), or on every run of the project.

    It goes on until “rave-gui tensorboard stop”. The same runs twice: the one that runs is named again.
    """
    from rave_gui.training import tensorboard

    folders = _folders(runs, project)
    if not folders:
        raise click.UsageError("Name runs or folders, or a project with --project.")
    board = tensorboard.start(console.services, folders, port=port, keep=True)
    if browser:
        webbrowser.open(board.url)
    return Output(board.to_json(), board.url)


@command.command("stop")
@click.argument("runs", nargs=-1)
@some_project_option
@click.option("--all", "everything", is_flag=True, help="End every one.")
@json_option
@pass_console
def stop_command(
    console: Console, /, *, runs: tuple[str, ...], project: str | None, everything: bool
) -> Output:
    """End the TensorBoards that show RUNS (or the whole project, or --all)."""
    from rave_gui.training import tensorboard

    folders = _folders(runs, project)
    if not folders and not everything:
        raise click.UsageError("Name runs or folders, a project with --project, or --all.")
    ended: list[Board] = []
    for folder in [None] if everything else folders:
        ended += tensorboard.stop(console.services, folder)
    return _listed(ended, tr("There was none to end."), tr("Ended:"))


@command.command("list")
@json_option
@pass_console
def list_command(console: Console) -> Output:
    """List the TensorBoards that run."""
    from rave_gui.training import tensorboard

    return _listed(tensorboard.list_boards(console.services), tr("No TensorBoard runs."))


def _folders(runs: tuple[str, ...], project: str | None) -> list[Path]:
    if project is None:
        return [Path(run) for run in runs]
    from rave_gui.projects import Project

    opened = Project.open(project)
    return [opened.find_run(run) for run in runs] or [opened.runs]


def _listed(boards: list[Board], nothing: str, before: str = "") -> Output:
    lines = [f"{before} {board.url}  {', '.join(board.folders)}".strip() for board in boards]
    return Output({"items": [board.to_json() for board in boards]}, "\n".join(lines) or nothing)
