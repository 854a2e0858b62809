"""Checkpoints: names, finding, loading without running code, writing so that a reader sees the old file or the new one.

The dictionary has the keys of Lightning 1.9 (``state_dict``, ``optimizer_states``, ``lr_schedulers``, ``callbacks``, ``global_step``,
``epoch``, ``pytorch-lightning_version``, ``loops``), so upstream's export and ``rave train --ckpt`` read it, plus one of ours, ``rave_gui``.
"""

from __future__ import annotations

import errno
import os
import pickle
import re
from pathlib import Path
from typing import IO, Any

from rave_engine.errors import EngineError
from rave_protocol.files import replace_file

BEST = "best.ckpt"
NUMBERED = re.compile(r"^step_(\d{8,})\.ckpt$")
VERSION = re.compile(r"^version_(\d+)$")


def name(step: int) -> str:
    """File name of the checkpoint after ``step`` batches in all (not since the last resume)."""
    return f"step_{step:08d}.ckpt"


def step_of(path: Path) -> int | None:
    """The step in a numbered checkpoint's name, or None for any other file."""
    match = NUMBERED.match(path.name)
    return int(match.group(1)) if match else None


def find(run_or_ckpt: Path | str) -> Path:
    """The newest checkpoint of a run or version folder, or the file itself. Raises :class:`EngineError` (``no-checkpoint``).

    Newest: in the highest ``version_N`` that has any, the highest step, files of upstream's naming by time; ``best.ckpt``
    only when there is nothing else.
    """
    path = Path(run_or_ckpt)
    if path.is_file():
        return path
    found = [p for p in path.rglob("*.ckpt") if p.is_file() and not p.name.startswith(".")]
    if not found:
        raise EngineError(
            "no-checkpoint",
            f"There is no checkpoint in {path}.",
            "The training must reach its first save; stop it with 'stop and save', or wait for it.",
        )
    return max(found, key=_rank)


def _rank(path: Path) -> tuple[int, int, int, float]:
    versions = [int(m.group(1)) for part in path.parts if (m := VERSION.match(part))]
    step = step_of(path)
    return (
        versions[-1] if versions else -1,
        int(path.name != BEST and not path.name.startswith("best")),
        step if step is not None else -1,
        path.stat().st_mtime,
    )


def load(path: Path | str) -> dict[str, Any]:
    """Read a checkpoint on the CPU with ``weights_only=True``: tensors and plain values, never code.

    Raises :class:`EngineError`: ``checkpoint-missing``, ``checkpoint-unsafe``, ``checkpoint-broken``.
    """
    import torch

    path = Path(path)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise EngineError(
            "checkpoint-missing",
            f"There is no checkpoint at {path}.",
            "Choose another checkpoint of this run.",
        ) from None
    except pickle.UnpicklingError as error:
        raise EngineError(
            "checkpoint-unsafe",
            f"{path.name} holds more than numbers, so opening it could run somebody's code. It was not opened.",
            "Use a checkpoint that RAVE or RAVE GUI wrote.",
            str(error),
        ) from error
    except (RuntimeError, EOFError, ValueError, KeyError) as error:
        raise EngineError(
            "checkpoint-broken",
            f"{path} is damaged or not a checkpoint.",
            "Choose an older checkpoint of this run.",
            str(error),
        ) from error
    if not isinstance(state, dict) or "state_dict" not in state:
        raise EngineError(
            "checkpoint-broken", f"{path} is not a checkpoint of RAVE.", "Choose a .ckpt file of a RAVE run."
        )
    return state


def save(path: Path, state: dict[str, Any]) -> None:
    """Write ``state`` beside ``path`` and move it there in one step; on failure the old file stays and nothing is left behind.

    Raises OSError (for example disk full) as the system gave it.
    """
    import torch

    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with aside.open("wb") as raw:
            file = _Remembering(raw)
            try:
                torch.save(state, file)
            except RuntimeError as error:
                # torch's zip writer turns a failed write into a RuntimeError of its own.
                raise file.failure or OSError(errno.EIO, str(error), str(path)) from error
            raw.flush()
            os.fsync(raw.fileno())
        replace_file(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


class _Remembering:
    """A file for ``torch.save`` that keeps the OSError its zip writer would hide."""

    def __init__(self, raw: IO[bytes]) -> None:
        self.raw = raw
        self.failure: OSError | None = None

    def write(self, data: Any) -> int:
        """Write and remember what went wrong."""
        try:
            return self.raw.write(data)
        except OSError as error:
            self.failure = error
            raise

    def flush(self) -> None:
        """Pass on."""
        self.raw.flush()


def prune(folder: Path, keep_last: int, keep: set[Path]) -> list[Path]:
    """Delete the oldest numbered checkpoints of ``folder`` (one version's own), keeping ``keep_last`` and those in ``keep``.

    0 keeps all. Never touches best.ckpt, other names or other folders. Returns what was deleted.
    """
    if keep_last <= 0:
        return []
    numbered = sorted(
        (p for p in folder.glob("step_*.ckpt") if step_of(p) is not None), key=lambda p: step_of(p) or 0
    )
    spare = [p for p in numbered if p not in keep]
    gone = []
    for path in spare[: max(len(spare) - keep_last, 0)]:
        path.unlink(missing_ok=True)
        gone.append(path)
    return gone


def next_version(run: Path) -> Path:
    """Make and return the next free ``version_N`` of a run."""
    numbers = [int(m.group(1)) for p in run.glob("version_*") if (m := VERSION.match(p.name))]
    number = max(numbers, default=-1) + 1
    while True:
        folder = run / f"version_{number}"
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            number += 1
