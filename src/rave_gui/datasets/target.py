"""Where a dataset goes: refused before anything is written, and what the system says against it in plain words."""

from __future__ import annotations

import errno
from pathlib import Path

from rave_gui.datasets.search import printable
from rave_gui.errors import UserError
from rave_protocol.specs import DatasetParams


def check_target(params: DatasetParams) -> Path:
    """The dataset's folder. Raises :class:`UserError` for a parameter out of range or a target that is taken."""
    _check(params)
    output = Path(params.output).expanduser().absolute()
    refuse_existing(output)
    return output


def _check(params: DatasetParams) -> None:
    limits = {
        "num_signal": (params.num_signal, 256, 1 << 24),
        "channels": (params.channels, 1, 64),
        "sample_rate": (params.sample_rate, 1000, 768000),
    }
    for name, (value, low, high) in limits.items():
        if not low <= value <= high:
            raise UserError(
                f"{name} is {value}; it must lie between {low} and {high}.",
                "Change the parameter and try again.",
                code="bad-parameter",
            )


def refuse_existing(output: Path) -> None:
    """Raises :class:`UserError` (``output-exists``) where something lies already."""
    if not output.name:
        raise UserError(f"{output} cannot be a dataset.", "Name a new folder.", code="bad-parameter")
    try:
        taken = output.exists() and (not output.is_dir() or any(output.iterdir()))
    except OSError as error:
        raise os_error(error, output) from error
    if taken:
        raise UserError(
            f"{output} exists already and is not empty. Nothing in it was changed.",
            "Choose another name, or move what is there away.",
            code="output-exists",
        )


def os_error(error: OSError, path: Path) -> UserError:
    """The operating system's refusal in plain words."""
    where = printable(str(error.filename or path))
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return UserError(
            f"The disk that holds {printable(str(path.parent))} is full.",
            "Free some space and start the build again: it goes on where it stopped.",
            str(error),
            code="disk-full",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return UserError(
            f"Not allowed to write to {where}.",
            "Choose another folder for the dataset, or change the folder's permissions.",
            str(error),
            code="not-writable",
        )
    return UserError(
        f"{where} cannot be written: {error.strerror or error}.",
        "Choose another folder for the dataset.",
        str(error),
        code="not-writable",
    )
