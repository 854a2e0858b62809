"""What a retry is asked to do: the same again, a training from its newest checkpoint."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path

from rave_gui.jobs.folder import JobFolder
from rave_protocol.aim import read_aim
from rave_protocol.codec import ProtocolError
from rave_protocol.specs import Params, TrainParams
from rave_protocol.wholeness import is_whole, newest_whole


def retry_params(params: Params, folder: Path | None = None) -> Params:
    """The parameters of the next attempt at the job in ``folder``.

    A training goes on from its newest checkpoint that is whole. ``max_steps`` is what it was told last (steps are counted on).
    """
    if not isinstance(params, TrainParams):
        return params
    aim = read_aim(folder) if folder is not None else None
    if aim is not None:
        params = dataclasses.replace(params, max_steps=aim)
    newest = newest_whole(Path(params.run)).path
    # Without one the run begins anew, or from what it was to begin with.
    if newest is None or (params.resume and folder is not None and _saved_nothing(params, folder, newest)):
        return params
    return dataclasses.replace(params, resume=str(newest))


def _saved_nothing(params: TrainParams, folder: Path, newest: Path) -> bool:
    """Whether the attempt in ``folder`` ended before its first checkpoint, so that the one it began with still counts: it may
    be an older one that the user chose.
    """
    try:
        begun = JobFolder(folder).read_spec().created
        return newest.stat().st_mtime < begun and is_whole(Path(params.resume or ""))
    except (OSError, ProtocolError):
        return False


def note_retry(folder: JobFolder, new: str) -> None:
    """Write into an ended job that ``new`` tries it again; where that cannot be written, lists show the old attempt only."""
    with contextlib.suppress(OSError), folder.sole() as alone:
        if alone:
            state = folder.read_state()
            state.retried_by = new
            folder.write_state(state)
