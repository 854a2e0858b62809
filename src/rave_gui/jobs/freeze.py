"""A job keeps what it was asked to use: the user's own files are copied into its folder when it is put into the queue.

Between then and the start (hours later, or at a retry) the originals may be edited, moved or deleted without changing the job.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path

from rave_protocol.specs import JobSpec, Params, TrainParams, TrialParams

LARGEST = 64 << 20
"""Bytes of a file that is still copied: a configuration always is that small, a recording to follow mostly."""


def frozen(spec: JobSpec, aside: Path, home: Path) -> JobSpec:
    """``spec`` with the user's configurations and clips as copies below ``aside``, which is about to be renamed to ``home``.

    What is not there, or is large, stays a path: whoever starts the job says what is missing. Raises :class:`OSError` when a copy
    cannot be written.
    """
    return dataclasses.replace(spec, params=_frozen(spec.params, aside, home))


def _frozen(params: Params, aside: Path, home: Path) -> Params:
    if isinstance(params, TrainParams):
        copied = _copies(params.configs, aside, home, "configs")
        clips = _copies(params.clips, aside, home, "clips")
        return dataclasses.replace(
            params,
            configs=[copied.get(name, name) for name in params.configs],
            trusted=[copied.get(name, name) for name in params.trusted],
            clips=[clips.get(name, name) for name in params.clips],
        )
    if isinstance(params, TrialParams):
        copied = _copies(params.train.configs, aside, home, "configs")
        train = dataclasses.replace(
            params.train, configs=[copied.get(name, name) for name in params.train.configs]
        )
        return dataclasses.replace(
            params, train=train, trusted=[copied.get(name, name) for name in params.trusted]
        )
    return params


def _copies(names: list[str], aside: Path, home: Path, kind: str) -> dict[str, str]:
    """Path of an original to that of its copy, for those of ``names`` that are files of the user's. Names stay; equal ones get a folder each."""
    found: dict[str, str] = {}
    for number, name in enumerate(names, 1):
        source = Path(name)
        if name in found or not source.is_absolute() or not _small_file(source):
            continue
        inside = Path(kind) / source.name
        if (aside / inside).exists():
            inside = Path(kind) / str(number) / source.name
        (aside / inside).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, aside / inside)
        found[name] = str(home / inside)
    return found


def _small_file(path: Path) -> bool:
    try:
        return path.is_file() and os.access(path, os.R_OK) and path.stat().st_size <= LARGEST
    except OSError:
        return False
