"""How close each run has come, for lists: the smallest distance to held-out sound, kept so that no curve is read twice."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from rave_gui.projects import Project
from rave_gui.training.eventfolder import EventFolder

TAG = "validation"
_KIND = "run-distance"
"""Under which the store keeps what was read of a run."""
READING_SECONDS = 1.0
"""So long one look reads curves that are new; the next look goes on."""


def smallest(
    project: Project, runs: Iterable[tuple[str, Path, float | None]], seconds: float = READING_SECONDS
) -> tuple[dict[str, float], bool]:
    """The smallest ``validation`` of each run that has one, by name; and whether curves are left to be read by the next look.

    ``runs``: name, folder, and when it was last changed; those changed last are read first. Call it in a thread.
    """
    runs = list(runs)
    kept = project.store.facts(_KIND)
    gone = kept.keys() - {name for name, _path, _changed in runs}
    if gone:
        project.store.forget_facts(_KIND, gone)
    found = {name: facts.get("distance") for name, (_stamp, facts) in kept.items() if name not in gone}
    stale = [run for run in runs if run[2] is not None and kept.get(run[0], ("",))[0] != str(run[2])]
    stale.sort(key=lambda run: -(run[2] or 0.0))
    fresh: dict[str, tuple[str, dict[str, float | None]]] = {}
    end = time.monotonic() + seconds
    for name, path, changed in stale:
        found[name] = _read(path)
        fresh[name] = str(changed), {"distance": found[name]}
        if time.monotonic() > end:
            break
    if fresh:
        project.store.set_facts(_KIND, fresh)
    left = len(fresh) < len(stale)
    return {name: value for name, value in found.items() if isinstance(value, (int, float))}, left


def _read(run: Path) -> float | None:
    folder = EventFolder(run)
    folder.poll()
    values = folder.curve(TAG).values if TAG in folder.tags else np.empty(0)
    values = values[np.isfinite(values)]
    return float(values.min()) if values.size else None
