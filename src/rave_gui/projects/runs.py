"""Reading a run's folder in RAVE's own layout, ours or upstream's; no checkpoint is opened for it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_STEP = re.compile(r"step[_=](\d+)\.ckpt$")


@dataclass(frozen=True)
class RunInfo:
    """What a run's folder says. ``step`` is None where no file name tells it (a run of upstream's command line)."""

    name: str
    path: Path
    step: int | None = None
    checkpoint: Path | None = None
    checkpoints: list[Path] = field(default_factory=list)
    versions: int = 0

    def to_json(self) -> dict[str, Any]:
        """Object for ``train show`` and lists; paths absolute."""
        return {
            "name": self.name,
            "path": str(self.path),
            "step": self.step,
            "checkpoint": str(self.checkpoint) if self.checkpoint else None,
            "checkpoints": [str(path) for path in self.checkpoints],
            "versions": self.versions,
        }


def step_of(checkpoint: Path) -> int | None:
    """The global step in a checkpoint's file name (``step_00000120.ckpt``), or None."""
    match = _STEP.search(checkpoint.name)
    return int(match.group(1)) if match else None


def list_checkpoints(run: Path) -> list[Path]:
    """Every checkpoint of a run, oldest first: by step where the name tells it, by time among the others."""
    found = [path for path in run.rglob("*.ckpt") if not path.name.startswith(".") and path.is_file()]
    return sorted(found, key=lambda path: (path.stat().st_mtime, step_of(path) or 0))


def newest_checkpoint(run: Path) -> Path | None:
    """The checkpoint with the highest step; where no name tells the step, the youngest file (upstream's rule)."""
    found = list_checkpoints(run)
    numbered = [path for path in found if step_of(path) is not None]
    if numbered:
        return max(numbered, key=lambda path: (step_of(path) or 0, path.stat().st_mtime))
    return found[-1] if found else None


def read_run(run: Path) -> RunInfo:
    """Facts of a run's folder; a folder that does not exist yet is a run with nothing in it."""
    if not run.is_dir():
        return RunInfo(run.name, run)
    checkpoints = list_checkpoints(run)
    newest = newest_checkpoint(run)
    return RunInfo(
        run.name,
        run,
        step_of(newest) if newest else None,
        newest,
        checkpoints,
        sum(1 for entry in run.glob("version_*") if entry.is_dir()),
    )


def run_of(checkpoint: Path) -> Path:
    """The run folder that a checkpoint (or a run folder itself) belongs to: the nearest parent with ``config.gin``.

    Upstream writes ``config.gin`` beside ``version_N``; ours may write it into ``version_N`` too, which is no run of its own.
    """
    if checkpoint.suffix != ".ckpt":
        return checkpoint
    for parent in checkpoint.parents:
        if re.fullmatch(r"version_\d+", parent.name) or parent.name == "checkpoints":
            continue
        if (parent / "config.gin").is_file() or any(parent.glob("version_*")):
            return parent
    return checkpoint.parent
