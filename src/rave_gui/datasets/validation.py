"""Keeping whole recordings for validation: ``split.json`` in the dataset says which chunks a training must not learn from.

RAVE's own command draws chunks at random and ignores the file; this application's trainer keeps to it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from rave_gui.datasets.sidecar import Sidecar
from rave_protocol.files import read_json, write_json

FILE_NAME = "split.json"
SHARE = 0.02
"""RAVE's own share of validation."""
AT_LEAST = 8
"""Chunks that a validation should have where there are enough."""


def choose(sidecar: Sidecar, before: dict[str, Any] | None = None) -> dict[str, Any] | None:
    """Recordings for validation, in an order that depends on their content only, until about 2 % of the chunks are reached.

    Only recordings that share no chunk with another can be kept apart; none that would leave less than three quarters of
    the chunks for training is taken. What was kept ``before`` more recordings came stays kept. None: there is no recording that
    can be kept.
    """
    count = sidecar.chunk_count()
    wanted = max(round(SHARE * count), min(AT_LEAST, count // 4))
    candidates = sidecar.separable()
    candidates.sort(key=lambda entry: hashlib.sha1(entry[2], usedforsecurity=False).digest())
    files: list[str] = list(before["files"]) if before else []
    chunks: list[int] = list(before["validation"]) if before else []
    for file, path, _, own in candidates:
        if len(chunks) >= wanted:
            break
        if path in files or len(chunks) + own > max(1, count // 4):
            continue
        files.append(path)
        chunks += sidecar.chunks_of(file)
    if not chunks:
        return None
    return {"format": 1, "by": "files", "count": count, "validation": sorted(chunks), "files": files}


def write(folder: Path, split: dict[str, Any] | None) -> None:
    """Put what :func:`choose` found beside the dataset; None removes what an earlier build left."""
    if split is None:
        (folder / FILE_NAME).unlink(missing_ok=True)
    else:
        write_json(folder / FILE_NAME, split)


def read(folder: Path) -> dict[str, Any] | None:
    """The split that a dataset asks for, or None."""
    try:
        return read_json(folder / FILE_NAME)
    except (FileNotFoundError, ValueError):
        return None
