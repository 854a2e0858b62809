"""``rave-gui dataset``: the group; its commands are in ``dataset_build``, ``dataset_library`` and ``dataset_copies``."""

from __future__ import annotations

import click

from rave_gui.cli import dataset_build, dataset_copies, dataset_library


@click.group("dataset")
def command() -> None:
    """Make and look at datasets."""


for _one in (*dataset_build.COMMANDS, *dataset_library.COMMANDS, *dataset_copies.COMMANDS):
    command.add_command(_one)
