"""Which checkpoints stay: the newest few, milestones, the best, the one before phase 2; and room on the disk for the next one."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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


Line = tuple[tuple[str, int], ...]
"""Versions of a run that broken-off attempts at one and the same training wrote, oldest first, each with the step it was left at."""


def line_of(run: Path, source: Path, own: dict[str, Any]) -> Line:
    """The line that goes on from the checkpoint ``source`` with our part ``own``; empty where that lies in another run."""
    version, step = source.parent.parent, checkpoints.step_of(source)
    if step is None or version.parent != run or not checkpoints.VERSION.match(version.name):
        return ()
    before = own.get("line")
    told = before if isinstance(before, list) else []
    return (*((str(name), int(last)) for name, last in told), (version.name, step))


def earlier(run: Path, line: Line, milestone_every: int, phase_1: int) -> list[Path]:
    """Numbered checkpoints that earlier attempts left and that nothing holds, oldest first.

    What lies beyond the step that an attempt was left at belongs to another way, and the one before phase 2 stays.
    """
    found = []
    for name, last in line:
        folder = run / name / "checkpoints"
        numbered = sorted(
            (step, path)
            for path in folder.glob("step_*.ckpt")
            if (step := checkpoints.step_of(path)) is not None
        )
        held = kept(folder, milestone_every)
        found += [path for step, path in numbered if step <= last and step != phase_1 and path not in held]
    return found


def prune_earlier(folder: Path, spare: list[Path], keep_last: int) -> None:
    """Of ``spare`` (oldest first) so many stay that with those in ``folder`` there are ``keep_last``; 0 keeps all."""
    if keep_last <= 0:
        return
    left = max(keep_last - len(list(folder.glob("step_*.ckpt"))), 0)
    for path in spare[: max(len(spare) - left, 0)]:
        path.unlink(missing_ok=True)


def make_room(
    folder: Path, size: int, keep_free: int, keep: set[Path], spare_before: Sequence[Path] = ()
) -> bool:
    """Delete the oldest numbered checkpoints of this version that nothing holds until ``size`` more bytes leave ``keep_free``.

    ``spare_before``: those of earlier attempts that may go first. Whether there is room now. The newest numbered one is never
    deleted: it is what a resume would need.
    """
    numbered = sorted(
        (p for p in folder.glob("step_*.ckpt") if checkpoints.step_of(p) is not None),
        key=lambda p: checkpoints.step_of(p) or 0,
    )
    # The newest of all stays: of earlier attempts, too, as long as this one has saved nothing.
    before = list(spare_before) if numbered else list(spare_before)[:-1]
    spare = [*before, *(path for path in numbered[:-1] if path not in keep)]
    while shutil.disk_usage(folder).free < size + keep_free:
        if not spare:
            return False
        spare.pop(0).unlink(missing_ok=True)
    return True
