"""What a retry is asked to do: the same again, a training from its newest checkpoint."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import zipfile
from pathlib import Path

from rave_gui.jobs.folder import JobFolder
from rave_protocol.aim import read_aim
from rave_protocol.specs import Params, TrainParams

_STEP = re.compile(r"^step_(\d+)$")
_VERSION = re.compile(r"^version_(\d+)$")


def retry_params(params: Params, folder: Path | None = None) -> Params:
    """The parameters of the next attempt at the job in ``folder``.

    ``max_steps`` is what the training was told last (steps are counted on from the checkpoint).
    """
    if not isinstance(params, TrainParams):
        return params
    aim = read_aim(folder) if folder is not None else None
    if aim is not None:
        params = dataclasses.replace(params, max_steps=aim)
    newest = newest_checkpoint(Path(params.run))
    if newest is None:
        return params
    return dataclasses.replace(params, resume=str(newest))


def note_retry(folder: JobFolder, new: str) -> None:
    """Write into an ended job that ``new`` tries it again; where that cannot be written, lists show the old attempt only."""
    with contextlib.suppress(OSError), folder.sole() as alone:
        if alone:
            state = folder.read_state()
            state.retried_by = new
            folder.write_state(state)


def newest_checkpoint(run: Path) -> Path | None:
    """The newest checkpoint of a run, or None: in the highest ``version_N`` that has any, the highest step, then by time;
    ``best.ckpt`` only when there is nothing else (the engine's ``checkpoints.find`` says the same).

    Files that are not whole (upstream writes them in place, so a kill leaves halves) are passed over.
    """
    files = (path for path in run.rglob("*.ckpt") if not path.name.startswith("."))
    found = sorted(files, key=_order, reverse=True)
    return next((path for path in found if _whole(path)), None)


def _order(path: Path) -> tuple[int, bool, int, float]:
    versions = [int(match.group(1)) for part in path.parts if (match := _VERSION.match(part))]
    step = _STEP.match(path.stem)
    try:
        changed = path.stat().st_mtime
    except OSError:
        changed = 0.0
    return (
        versions[-1] if versions else -1,
        not path.stem.startswith("best"),
        int(step.group(1)) if step else -1,
        changed,
    )


def _whole(path: Path) -> bool:
    try:
        return zipfile.is_zipfile(path)
    except OSError:
        return False
