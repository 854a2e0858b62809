"""What a retry is asked to do: the same again, a training from its newest checkpoint."""

from __future__ import annotations

import dataclasses
import re
import zipfile
from pathlib import Path

from rave_protocol.specs import Params, TrainParams

_STEP = re.compile(r"(\d+)")


def retry_params(params: Params) -> Params:
    """The parameters of the next attempt. ``max_steps`` stays: steps are counted on from the checkpoint."""
    if not isinstance(params, TrainParams):
        return params
    newest = newest_checkpoint(Path(params.run))
    if newest is None:
        return params
    return dataclasses.replace(params, resume=str(newest))


def newest_checkpoint(run: Path) -> Path | None:
    """The checkpoint of a run that is furthest, or None: by step in ``step_*.ckpt``, any other name by its time.

    Files that are not whole (upstream writes them in place, so a kill leaves halves) are passed over.
    """
    found = sorted(run.glob("version_*/checkpoints/*.ckpt"), key=_order, reverse=True)
    return next((path for path in found if _whole(path)), None)


def _order(path: Path) -> tuple[int, float]:
    step = _STEP.search(path.stem) if path.stem.startswith("step_") else None
    try:
        changed = path.stat().st_mtime
    except OSError:
        changed = 0.0
    return (int(step.group(1)) if step else -1, changed)


def _whole(path: Path) -> bool:
    try:
        return zipfile.is_zipfile(path)
    except OSError:
        return False
