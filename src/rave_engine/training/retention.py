"""Which checkpoints stay: the newest few, milestones, the best, the one before phase 2; and room on the disk for the next one."""

from __future__ import annotations

import shutil
from pathlib import Path

from rave_engine import checkpoints


def kept(folder: Path, milestone_every: int) -> set[Path]:
    """Checkpoints of ``folder`` that stay for good as milestones."""
    if milestone_every <= 0:
        return set()
    return {
        path
        for path in folder.glob("step_*.ckpt")
        if (step := checkpoints.step_of(path)) and step % milestone_every == 0
    }


def make_room(folder: Path, size: int, keep_free: int, keep: set[Path]) -> bool:
    """Delete the oldest numbered checkpoints of this version that nothing holds until ``size`` more bytes leave ``keep_free``.

    Whether there is room now. The newest numbered one is never deleted: it is what a resume would need.
    """
    numbered = sorted(
        (p for p in folder.glob("step_*.ckpt") if checkpoints.step_of(p) is not None),
        key=lambda p: checkpoints.step_of(p) or 0,
    )
    spare = [path for path in numbered[:-1] if path not in keep]
    while shutil.disk_usage(folder).free < size + keep_free:
        if not spare:
            return False
        spare.pop(0).unlink(missing_ok=True)
    return True
