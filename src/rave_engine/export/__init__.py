"""Write a TorchScript model for nn~ hosts with its card, and test any such file as a host would use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rave_engine.export.verifying import verify

if TYPE_CHECKING:
    from rave_engine.jobs import JobContext
    from rave_protocol.specs import ExportParams


def run(params: ExportParams, job: JobContext) -> dict[str, Any]:
    """See :func:`rave_engine.export.exporting.run`; imported on call so that :func:`verify` never loads RAVE."""
    from rave_engine.export.exporting import run as run_export

    return run_export(params, job)


__all__ = ["run", "verify"]
