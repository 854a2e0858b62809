"""The working functions of the library's job kinds: parameters and context in, result out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from rave_gui.paths import default_paths
from rave_protocol.specs import (
    DatasetCopyParams,
    DatasetExtractParams,
    DatasetLookParams,
    DatasetRestoreParams,
)
from rave_protocol.work import WorkContext


class _Meter:
    """Turns "so much of so much" into progress with a rate and the time that is left."""

    def __init__(self, job: WorkContext, phase: str) -> None:
        self._job = job
        self._phase = phase
        self._begun = time.monotonic()
        self._first: float | None = None

    def __call__(self, done: float, total: float, unit: str) -> None:
        if self._first is None:
            self._first = done  # an interrupted job goes on: what was there already says nothing of the speed
        spent = time.monotonic() - self._begun
        rate = (done - self._first) / spent if spent > 0.5 else None
        eta = (total - done) / rate if rate else None
        self._job.progress(done, total, unit=unit, phase=self._phase, rate=rate, eta=eta, force=done >= total)


def _followed(job: WorkContext, phase: str) -> dict[str, Any]:
    """The arguments by which every one of these tells how far it is and asks whether to stop."""
    return {"on_progress": _Meter(job, phase), "check_cancel": job.check_cancel}


def stats(params: DatasetLookParams, job: WorkContext) -> dict[str, Any]:
    """Measure a dataset; the result is :meth:`DatasetStats.to_json` without the list of recordings."""
    from rave_gui.datasets.stats import compute

    found = compute(
        Path(params.dataset), paths=default_paths(), **_followed(job, "measuring"), sample=params.sample
    )
    return {"path": params.dataset, **found.to_json(whole=False)}


def index(params: DatasetLookParams, job: WorkContext) -> dict[str, Any]:
    """Make the index of a dataset."""
    from rave_gui.datasets.index import build

    chunks = build(Path(params.dataset), paths=default_paths(), **_followed(job, "indexing"))
    return {"path": params.dataset, "chunks": chunks}


def check(params: DatasetLookParams, job: WorkContext) -> dict[str, Any]:
    """Check a dataset; the result is :meth:`Report.to_json`."""
    from rave_gui.datasets import check as checking

    report = checking.check(Path(params.dataset), **_followed(job, "checking"))
    return report.to_json()


def repair(params: DatasetCopyParams, job: WorkContext) -> dict[str, Any]:
    """Write a repaired copy."""
    from rave_gui.datasets import repair as repairing

    return repairing.repair(Path(params.dataset), Path(params.output), **_followed(job, "repairing"))


def clean(params: DatasetCopyParams, job: WorkContext) -> dict[str, Any]:
    """Write a copy without the chunks marked bad."""
    from rave_gui.datasets.clean import clean_copy

    return clean_copy(
        Path(params.dataset), Path(params.output), paths=default_paths(), **_followed(job, "copying")
    )


def clone(params: DatasetCopyParams, job: WorkContext) -> dict[str, Any]:
    """Copy a dataset."""
    from rave_gui.datasets import clone as cloning

    return cloning.clone(
        Path(params.dataset), Path(params.output), paths=default_paths(), **_followed(job, "copying")
    )


def archive(params: DatasetCopyParams, job: WorkContext) -> dict[str, Any]:
    """Write a dataset into one file."""
    from rave_gui.datasets import archive as archiving

    return archiving.save(
        Path(params.dataset), Path(params.output), paths=default_paths(), **_followed(job, "packing")
    )


def restore(params: DatasetRestoreParams, job: WorkContext) -> dict[str, Any]:
    """Unpack a dataset's archive."""
    from rave_gui.datasets import archive as archiving

    return archiving.restore(Path(params.archive), Path(params.output), **_followed(job, "unpacking"))


def extract(params: DatasetExtractParams, job: WorkContext) -> dict[str, Any]:
    """Write chunks as sound files."""
    from rave_gui.datasets import extract as extracting

    return extracting.extract(
        Path(params.dataset),
        Path(params.folder),
        params.indices,
        audio_format=params.format,
        bits=params.bits,
        **_followed(job, "writing"),
    )
