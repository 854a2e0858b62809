"""Where a new dataset goes when that is not the project: looked at before anything is written there."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from rave_gui.datasets.target import refuse_existing
from rave_gui.errors import UserError
from rave_gui.i18n import tr


def check_place(output: Path, sources: Iterable[Path], project: Path) -> None:
    """Whether a dataset can be made at ``output``, outside of its project. Reads the disk.

    Raises :class:`UserError`: ``not-found`` (the folder around it), ``in-project``, ``in-sources``, ``not-writable``,
    ``output-exists``.
    """
    folder = output.parent
    if not os.path.isdir(folder):  # noqa: PTH112 - says False instead of failing
        raise UserError(
            tr("There is no folder {path}.", path=folder),
            tr("Choose a folder that is there."),
            code="not-found",
        )
    real = folder.resolve()
    if real.is_relative_to(project.resolve()):
        raise UserError(
            tr("That folder lies in the project."),
            tr("Choose “In the project”, or a folder outside of it."),
            code="in-project",
        )
    for source in sources:
        if source.is_dir() and real.is_relative_to(source.resolve()):
            raise UserError(
                tr("That folder lies among the recordings ({source}).", source=source),
                tr("Choose a folder outside of them, so that they stay as they are."),
                code="in-sources",
            )
    if not os.access(folder, os.W_OK):
        raise UserError(
            tr("Not allowed to write to {path}.", path=folder),
            tr("Choose another folder for the dataset, or change the folder's permissions."),
            code="not-writable",
        )
    refuse_existing(output)
