"""``rave-gui dataset``: the group; its commands are in ``dataset_build`` and ``dataset_library``."""

from __future__ import annotations

import click

from rave_gui.cli import dataset_build, dataset_library


@click.group("dataset")
def command() -> None:
    """Make and look at datasets."""


for _one in (*dataset_build.COMMANDS, *dataset_library.COMMANDS):
    command.add_command(_one)
