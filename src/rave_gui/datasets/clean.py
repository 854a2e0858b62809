"""A copy of a dataset without the chunks that were marked bad."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rave_gui.datasets.beside import marks
from rave_gui.datasets.copying import (
    Cancel,
    Progress,
    aside,
    carry,
    write_metadata,
    write_records,
    write_sidecar,
)
from rave_gui.datasets.index import key_number
from rave_gui.datasets.read import Dataset
from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.paths import AppPaths


def clean_copy(
    dataset: Path,
    output: Path,
    *,
    paths: AppPaths,
    on_progress: Progress = lambda *_: None,
    check_cancel: Cancel = lambda: None,
) -> dict[str, Any]:
    """Write the new dataset: ``path``, ``chunks``, ``dropped`` (how many were left out), ``damaged`` (of those, unreadable).

    Chunks are numbered anew from 0. Marked and unreadable chunks are left out, everything else is taken over bit by bit.
    Raises :class:`UserError` (``nothing-marked``, ``nothing-left``, and as :func:`copying.aside` does).
    """
    bad = marks(dataset, paths=paths)
    with Dataset(dataset) as one:
        kept = [index for index in range(one.chunks) if one.key(index) not in bad]
        if len(kept) == one.chunks:
            raise UserError(
                tr("No chunk of this dataset is marked bad."),
                tr("Mark the chunks to leave out first."),
                code="nothing-marked",
            )
        if not kept:
            raise UserError(
                tr("Every chunk is marked bad: nothing would be left."),
                tr("Unmark some chunks."),
                code="nothing-left",
            )
        damaged = 0

        def records() -> Iterator[tuple[int, bytes]]:
            nonlocal damaged
            for done, index in enumerate(kept, 1):
                check_cancel()
                value = one.raw(index)
                on_progress(done, len(kept), "chunks")
                if value is None:
                    damaged += 1
                    continue
                yield key_number(one.key(index)), value

        with aside(output, one.info.size * len(kept) // max(1, one.chunks)) as folder:
            numbers = write_records(folder, records())
            write_sidecar(one.path, folder, numbers, one.sample_rate)
            carry(one.path, folder, numbers)
            values = dict(one.metadata)
            if isinstance(values.get("n_seconds"), (int, float)):
                values["n_seconds"] = float(values["n_seconds"]) * len(numbers) / one.chunks
            write_metadata(folder, values)
        return {
            "path": str(output),
            "chunks": len(numbers),
            "dropped": one.chunks - len(numbers),
            "damaged": damaged,
        }
