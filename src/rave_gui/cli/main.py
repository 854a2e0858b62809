"""Entry of the ``rave-gui`` command. Each command's module is imported only when it is used: start-up stays short."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from rave_gui.cli.console import FIXABLE, Console, Output, guarded, json_option, use_utf8, wants_json
from rave_gui.errors import UserError
from rave_gui.i18n import VARIABLE, tr, use_language

COMMANDS = {
    "quickstart": ("rave_gui.cli.quickstart", "From a folder of sounds to a verified model, in one command."),
    "project": ("rave_gui.cli.projects", "Make, open, rename, delete, pack and adopt projects."),
    "dataset": ("rave_gui.cli.datasets", "Make and look at datasets."),
    "config": ("rave_gui.cli.configs", "Look at configurations, compose, check and compare them."),
    "train": ("rave_gui.cli.training", "Start, watch, stop and resume trainings."),
    "metrics": ("rave_gui.cli.metrics", "Show what was measured during a run."),
    "experiments": ("rave_gui.cli.experiments", "Filter, compare and report on many runs."),
    "tensorboard": ("rave_gui.cli.tensorboard", "Show runs in TensorBoard."),
    "logs": ("rave_gui.cli.logs", "See what runs take on the disk; prune and archive."),
    "model": ("rave_gui.cli.models", "Send sound through trained models and measure them."),
    "export": ("rave_gui.cli.exports", "Export models for nn~ and verify them."),
    "trash": ("rave_gui.cli.trash", "List, bring back or remove what was deleted in a project."),
    "jobs": ("rave_gui.cli.jobs", "List, watch and control jobs."),
    "notify": ("rave_gui.cli.notify", "Be told about trainings by webhook or e-mail."),
    "engine": ("rave_gui.cli.engine", "Install, check, adopt or remove the engine's environment."),
    "doctor": ("rave_gui.cli.doctor", "Check this computer and say what to do about each fault."),
    "window": ("rave_gui.cli.main:window_command", "Open the window (also: no command at all)."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called; their one-line helps are known beforehand."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module; each has its click object in ``command``."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        found = getattr(importlib.import_module(module), attribute or "command")
        if not isinstance(found, click.Command):
            raise TypeError(f"{module} offers no command")
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of ``--help``, without importing a single command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--version", is_flag=True, help="Print the version.")
@json_option
@click.pass_context
def root(ctx: click.Context, version: bool) -> Any:
    """RAVE GUI: from a folder of recordings to a model that plays in real time.

    Without a command the window opens. Every command that ends by itself takes --json.
    """
    if version:
        from rave_gui import __version__

        return Output({"version": __version__}, __version__)
    if ctx.invoked_subcommand is None:
        return _open_window([])
    return None


@click.command("window")
@click.option("--project", "-p", metavar="FOLDER", help="Open this project.")
def window_command(project: str | None) -> int:
    """Open the window."""
    return _open_window([project] if project else [])


def _open_window(args: list[str]) -> int:
    """Qt ends the whole process when it finds no screen, so that is looked at first."""
    if sys.platform.startswith("linux") and not any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    ):
        raise UserError(
            tr("There is no screen to open the window on (neither DISPLAY nor WAYLAND_DISPLAY is set)."),
            tr("Start it from a desktop session, or use the commands: rave-gui --help lists them."),
            code="no-screen",
        )
    from rave_gui.ui.app import run

    return int(run(args))


def _hidden(args: list[str]) -> int | None:
    """The subcommands by which a frozen build re-enters itself (see ``rave_gui.jobs.launch``), or None."""
    if not args or args[0] not in ("_runner", "_worker", "_dispatcher"):
        return None
    module = importlib.import_module(f"rave_gui.jobs.{args[0][1:]}")
    return int(module.main(args[1:]) or 0)


def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit code (0 done, 1 failed, 2 wrong usage, 3 something the user can fix)."""
    args = list(sys.argv[1:] if argv is None else argv)
    hidden = _hidden(args)
    if hidden is not None:
        return hidden
    use_utf8()
    use_language(os.environ.get(VARIABLE, "en"))
    command: click.Command = root
    return guarded(Console(json=wants_json(args)), command, args)


def window(argv: list[str] | None = None) -> int:
    """Entry without a console (Windows); a frozen window re-enters here for its hidden subcommands as well."""
    args = list(sys.argv[1:] if argv is None else argv)
    hidden = _hidden(args)
    if hidden is not None:
        return hidden
    try:
        return _open_window(args)
    except UserError as error:
        if sys.stderr is not None:  # there is none without a console
            Console(json=False).fail(error.to_json(), FIXABLE)
        return FIXABLE


if __name__ == "__main__":
    sys.exit(main())
