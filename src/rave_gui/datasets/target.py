"""Where a dataset goes: refused before anything is written, and what the system says against it in plain words."""

from __future__ import annotations

import errno
from pathlib import Path

from rave_gui.datasets.parameters import defaults, problems
from rave_gui.datasets.search import printable
from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_protocol.specs import DatasetParams


def check_target(params: DatasetParams) -> Path:
    """The dataset's folder. Raises :class:`UserError` for a parameter out of range or a target that is taken."""
    check_parameters(params)
    output = Path(params.output).expanduser().absolute()
    refuse_existing(output)
    return output


def check_parameters(params: DatasetParams) -> None:
    """Raises :class:`UserError` (``bad-parameter``) for a value that cannot be taken."""
    wrong = problems({key: getattr(params, key) for key in defaults()})
    if wrong:
        raise UserError(
            " ".join(wrong.values()), tr("Change the parameter and try again."), code="bad-parameter"
        )


def refuse_existing(output: Path) -> None:
    """Raises :class:`UserError` (``output-exists``) where something lies already."""
    if not output.name:
        raise UserError(
            tr("{path} cannot be a dataset.", path=output), tr("Name a new folder."), code="bad-parameter"
        )
    try:
        taken = output.exists() and (not output.is_dir() or any(output.iterdir()))
    except OSError as error:
        raise os_error(error, output) from error
    if taken:
        raise UserError(
            tr("{path} exists already and is not empty. Nothing in it was changed.", path=output),
            tr("Choose another name, or move what is there away."),
            code="output-exists",
        )


def os_error(error: OSError, path: Path, *, goes_on: bool = False) -> UserError:
    """The operating system's refusal in plain words. ``goes_on``: what is done stays for a next try."""
    where = printable(str(error.filename or path))
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return UserError(
            tr("The disk that holds {path} is full.", path=printable(str(path.parent))),
            tr("Free some space and start the build again: it goes on where it stopped.")
            if goes_on
            else tr("Free some space and try again. What was begun was removed."),
            str(error),
            code="disk-full",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return UserError(
            tr("Not allowed to write to {path}.", path=where),
            tr("Choose another folder for the dataset, or change the folder's permissions."),
            str(error),
            code="not-writable",
        )
    return UserError(
        tr("{path} cannot be written: {reason}.", path=where, reason=error.strerror or error),
        tr("Choose another folder for the dataset."),
        str(error),
        code="not-writable",
    )
