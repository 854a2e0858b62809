"""Training RAVE: our own driver around RAVE's unmodified modules (no Lightning, no absl flags, no files of other runs touched)."""

from __future__ import annotations

from typing import Any

from rave_engine.jobs import JobContext
from rave_protocol.specs import TrainParams, TrialParams


def run(params: TrainParams, job: JobContext) -> dict[str, Any]:
    """Train until ``max_steps`` or a stop; see :func:`rave_engine.training.prepare.run`."""
    from rave_engine import compat

    compat.install(training=True)
    from rave_engine.training.prepare import run as start

    return start(params, job)


def try_out(params: TrialParams, job: JobContext) -> dict[str, Any]:
    """Time real steps of both phases; see :func:`rave_engine.training.trial.run`."""
    from rave_engine import compat

    compat.install(training=True)
    from rave_engine.training.trial import run as start

    return start(params, job)
