"""From which checkpoint a run goes on: the one meant by what the user wrote, or the newest that is whole."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.projects.runs import step_of
from rave_protocol.wholeness import is_whole, look_inside, newest_first, newest_whole


@dataclass(frozen=True)
class Source:
    """Where a run goes on from."""

    checkpoint: Path
    passed_over: tuple[Path, ...] = ()
    """Newer ones that are not whole."""


def choose(folder: Path, checkpoint: str | None) -> Source:
    """The checkpoint to go on from: a file, its name, a step, ``best``, or (None, ``newest``) the newest that is whole.

    Raises :class:`UserError` (``checkpoint-missing``, ``checkpoint-broken``, ``checkpoint-foreign``).
    """
    found = newest_first(folder)
    if checkpoint and checkpoint != "newest":
        path = _named(folder, found, checkpoint)
        if path is None:
            raise _no_checkpoint(folder, found, checkpoint)
        if not is_whole(path):
            raise UserError(
                tr("The checkpoint {path} is damaged.", path=path),
                tr("Choose an older one; without one the newest that is whole is taken."),
                code="checkpoint-broken",
            )
        return Source(path)
    newest = newest_whole(folder)
    if newest.path is None:
        raise _no_checkpoint(folder, found, "")
    return Source(newest.path, newest.passed_over)


def _named(folder: Path, found: list[Path], text: str) -> Path | None:
    """The checkpoint meant by what a user wrote; the newest where several have the name."""
    wanted = text.removesuffix(".ckpt")
    for path in found:
        if path.stem == wanted or (wanted.isdecimal() and step_of(path) == int(wanted)):
            return path
    for path in (Path(os.path.abspath(Path(text).expanduser())), folder / text):  # noqa: PTH100
        if path.is_file():
            if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
                raise UserError(
                    tr("{path} is no checkpoint of the run {name}.", path=path, name=repr(folder.name)),
                    tr("To begin with another model's weights, start a new run with --init-from."),
                    code="checkpoint-foreign",
                )
            return path
    return None


def _no_checkpoint(folder: Path, found: list[Path], wanted: str) -> UserError:
    name = repr(folder.name)
    if found and wanted:
        return UserError(
            tr("The run {name} has no checkpoint {wanted}.", name=name, wanted=repr(wanted)),
            tr("It has: {names}.", names=", ".join(dict.fromkeys(path.stem for path in found))),
            code="checkpoint-missing",
        )
    if found:
        return UserError(
            tr("No checkpoint of the run {name} is whole.", name=name),
            tr("Start it anew; see to the disk first, as files on it are damaged."),
            code="checkpoint-broken",
        )
    return UserError(
        tr("The run {name} has no checkpoint to continue from.", name=name),
        tr("Start it anew: a checkpoint is written when a training stops or reaches its end."),
        code="checkpoint-missing",
    )


def step_in(checkpoint: Path) -> int | None:
    """The step in a checkpoint's name, or where that does not tell (the best one, upstream's) the one it holds."""
    found = step_of(checkpoint)
    return found if found is not None else look_inside(checkpoint).step
