"""Trainings that start again by themselves after a crash, a reboot or too little memory: so often in a row as the user allowed without
getting on, from the last checkpoint, with half the batch where that was allowed too.
"""

from __future__ import annotations

import dataclasses
import sys
import time

from rave_gui.errors import UserError
from rave_gui.jobs.folder import JobFolder
from rave_gui.jobs.registry import Row
from rave_gui.jobs.retry import note_retry, retry_params
from rave_gui.jobs.state import JobState
from rave_gui.paths import AppPaths
from rave_protocol.codec import ProtocolError
from rave_protocol.specs import JobSpec, TrainParams

PAUSE = 5.0
"""Seconds before the first new attempt; each further one waits twice as long."""
LONGEST_PAUSE = 600.0


@dataclasses.dataclass(frozen=True)
class Again:
    """A new attempt that is due."""

    spec: JobSpec
    params: TrainParams
    attempt: int
    """1 for the first."""


def due(folder: JobFolder, state: JobState) -> Again | None:
    """The next attempt at a job that has just ended, or None where it ended well, was ended, or has used up its tries.

    A crash, a lost process and too little memory are worth another attempt. What only a person can fix (a missing dataset, a
    training that diverged) is not: it would end the same way. Nor is one that somebody had paused, or asked to stop.
    """
    if state.state not in ("failed", "interrupted") or state.retried_by or state.rests:
        return None
    code = str((state.error or {}).get("code", ""))
    if (state.error or {}).get("user") and code != "out-of-memory":
        return None
    try:
        spec = folder.read_spec()
    except (ProtocolError, OSError):
        return None
    if not isinstance(spec.params, TrainParams) or spec.params.tries < 1:
        return None
    params = retry_params(spec.params, folder.path)
    if not isinstance(params, TrainParams):
        return None
    attempt = 1 + _in_vain(folder, spec, params.resume)
    if attempt > spec.params.tries or _goes_on(folder, spec):
        return None
    if code == "out-of-memory" and params.halve_batch and params.batch > 1:
        params = dataclasses.replace(params, batch=params.batch // 2)
    return Again(spec, params, attempt)


def _in_vain(folder: JobFolder, spec: JobSpec, resume: str | None) -> int:
    """How many attempts in a row ended without a checkpoint later than the one they began from. ``resume``: where the next begins.

    A training of weeks may be interrupted more often than it has tries, as long as it gets on in between.
    """
    count = 0
    while (
        spec.retry_of
        and isinstance(spec.params, TrainParams)
        and spec.params.resume == resume
        and count <= 100
    ):
        count += 1
        resume = spec.params.resume
        try:
            spec = JobFolder(folder.path.parent / spec.retry_of).read_spec()
        except (ProtocolError, OSError):
            break
    return count


def _goes_on(folder: JobFolder, spec: JobSpec) -> bool:
    """Whether some job tries this one again already: the dispatcher may have died before it could note that."""
    for other in folder.path.parent.iterdir():
        if other.name <= folder.id:  # ids sort by time
            continue
        try:
            if JobFolder(other).read_spec().retry_of == spec.id:
                return True
        except (ProtocolError, OSError):
            continue
    return False


def submit(paths: AppPaths, row: Row, folder: JobFolder, again: Again) -> None:
    """Put the attempt into the queue, in the place of the one before; it says in the old job who goes on."""
    from rave_gui.jobs.service import JobService

    pause = min(LONGEST_PAUSE, PAUSE * 2.0 ** (again.attempt - 1))
    project = folder.path.parent.parent if again.spec.project is not None else None
    try:
        new = JobService(paths).submit(
            again.spec.kind,
            again.params,
            project=project,
            title=again.spec.title,
            retry_of=again.spec.id,
            not_before=time.time() + pause,
            takes_over=row,
        )
    except UserError as error:  # a full disk: the job stays as it ended, and Retry is there
        print(error.message, error.details, file=sys.stderr, flush=True)
        return
    note_retry(folder, new.id)
