"""``rave-gui dataset``: looking at datasets and looking after them."""

from __future__ import annotations

from pathlib import Path

import click

from rave_gui.cli.console import Console, Output, existing_project_option, json_option, pass_console


@click.command("list")
@existing_project_option
@json_option
@pass_console
def list_command(console: Console, project: str) -> Output:
    """List the datasets of a project."""
    from rave_gui.datasets import actions
    from rave_gui.projects import Project

    items = actions.list_datasets(console.services, Project.open(project).path)
    lines = [
        f"{item['name']}  {item['error']['message']}" if "error" in item else item["name"] for item in items
    ]
    return Output({"items": items}, "\n".join(lines) or "There are no datasets yet.")


@click.command("show")
@click.argument("dataset")
@existing_project_option
@json_option
@pass_console
def show_command(console: Console, dataset: str, project: str) -> Output:
    """Show a dataset (a name in the project, or a path): its sound, its files and their problems."""
    from rave_gui.datasets import actions
    from rave_gui.projects import Project

    found = actions.show(console.services, Path(dataset), Project.open(project).path)
    lines = [f"{key}: {value}" for key, value in found.items() if not isinstance(value, (dict, list))]
    return Output(found, "\n".join(lines))


COMMANDS: tuple[click.Command, ...] = (list_command, show_command)
"""Commands of the group ``dataset`` that are declared here."""
