"""Adding recordings to a finished dataset: the working function of the ``dataset-append`` job.

A copy of the dataset (of the disk's own kind where it can share blocks) grows aside like a build, and takes the dataset's place
when it is whole: whoever reads the dataset sees the old one or the new one, never anything between. Files whose content is in
the dataset already are passed over.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from rave_gui.datasets import progress
from rave_gui.datasets.build import (
    LOCK,
    Building,
    NothingUsableError,
    boot,
    explain,
    prepare_spool,
    refuse_nothing,
    signature_of,
)
from rave_gui.datasets.clone import copy_file, reflink, used_bytes
from rave_gui.datasets.control import BuildContext, Control
from rave_gui.datasets.duplicates import copies_of
from rave_gui.datasets.intake import Intake
from rave_gui.datasets.search import Found, printable, search
from rave_gui.datasets.sidecar import FILE_NAME, Sidecar
from rave_gui.datasets.store import ChunkStore
from rave_gui.datasets.swap import recover, swap
from rave_gui.errors import UserError
from rave_gui.i18n import tr, trn
from rave_protocol.codec import ProtocolError, decode
from rave_protocol.events import Log
from rave_protocol.locks import OsLock
from rave_protocol.specs import DatasetAppendParams, DatasetParams

_CARRIED = (FILE_NAME, "metadata.yaml", "split.json", "notes.json", ".rave-gui/marks.json")
"""What goes along besides the database; everything else beside it is worked out anew when it is asked for."""


def run(params: DatasetAppendParams, job: BuildContext) -> dict[str, Any]:
    """Add the recordings. The result is that of ``build.run`` (of what was added), with ``added`` chunks and ``chunks`` in all.

    Raises :class:`UserError`: ``not-found``, ``not-a-dataset``, ``not-ours``, ``no-audio``, ``not-writable``, ``disk-full``, ``busy``.
    """
    started = time.monotonic()
    ctx = Control(job)
    dataset = Path(params.dataset).expanduser().absolute()
    recover(dataset)
    made = made_with(dataset)
    wanted = dataclasses.replace(made, sources=params.sources, output=str(dataset), exclude=params.exclude)
    found = search(
        params.sources,
        ctx.check_cancel,
        extensions=params.extensions or made.extensions,
        exclude=params.exclude,
    )
    refuse_nothing(params.sources, found)
    aside = dataset.with_name(f".{dataset.name}.appending")
    with explain(aside, dataset):
        aside.mkdir(exist_ok=True)
        lock = OsLock(aside / LOCK)
        if not lock.acquire(timeout=1.0):
            raise UserError(
                tr("Another job is adding to {path} right now.", path=printable(str(dataset))),
                tr("Wait for it to end."),
                code="busy",
            )
        states = progress.Writer(ctx.folder)
        done = False
        try:
            work = _Append(wanted, ctx, found, states, output=dataset, building=aside, started=started)
            if not work.new:
                done = True
                return work.nothing_new()
            result = work.run()
            done = True
        except NothingUsableError as error:
            done = True
            raise UserError(error.message, error.hint, error.details, error.code) from None
        finally:
            states.close()
            lock.release()
            if ctx.cancelled or (done and not aside.joinpath("metadata.yaml").exists()):
                shutil.rmtree(aside, ignore_errors=True)
        (aside / LOCK).unlink(missing_ok=True)
        swap(aside, dataset)
    return result


def made_with(dataset: Path) -> DatasetParams:
    """The parameters a dataset was made with. Raises :class:`UserError`."""
    if not (dataset / "metadata.yaml").is_file():
        raise UserError(
            tr("There is no dataset at {path}.", path=printable(str(dataset))),
            tr("Check the path."),
            code="not-found",
        )
    try:
        with closing(Sidecar(dataset / FILE_NAME, read_only=True)) as sidecar:
            complete, version = sidecar.get("complete") == "1", sidecar.version
            params = decode(DatasetParams, json.loads(sidecar.get("params", "null")))
            files, chunks = sidecar.file_count(), sidecar.chunk_count()
            whole = (int(sidecar.get("done", "-1")), int(sidecar.get("boundary", "-1"))) == (files, chunks)
    except (sqlite3.Error, ProtocolError, ValueError):
        complete, version, params, whole = False, 0, None, False
    if params is None or not (complete and whole) or version < 2 or params.lazy:
        raise UserError(
            tr("Nothing can be added to {path}.", path=printable(str(dataset))),
            tr(
                "Only datasets that this application made, and that hold their sound, can grow: their record says which recordings "
                "are in. Make a new dataset from all recordings instead."
            ),
            code="not-ours",
        )
    return params


class _Append(Building):
    """A build that begins with what a finished dataset holds."""

    def _without_copies(self, files: list[Found]) -> list[Found]:
        """Old files as they were, then the new ones without those that are in the dataset already."""
        with closing(Sidecar(self.output / FILE_NAME, read_only=True)) as sidecar:
            rows = sidecar.files()
            known = sidecar.known_hashes()
        same = {(row.path, row.size, row.mtime_ns) for row in rows if not row.code}
        new = [f for f in files if (printable(f.path), f.size, f.mtime_ns) not in same]
        copies = copies_of(new, self.ctx.check_cancel, known)
        inside = set(known.values())
        taken = []
        for file in files:
            original = printable(copies.get(file.path, ""))
            if file not in new or original in inside:
                self._skip(file, "known", tr("It is in the dataset already."))
            elif original and self.params.duplicates == "skip":
                self._skip(file, "duplicate", tr("The content is that of {path}.", path=original))
            else:
                taken.append(file)
        self.first = len(rows)
        self.new = taken
        # Sizes of old files are no work to do: the estimate is about what is added.
        return [Found(row.path, 0, row.mtime_ns, row.root) for row in rows] + taken

    def nothing_new(self) -> dict[str, Any]:
        """The result when every file is in the dataset already."""
        self.ctx.emit(Log(tr("All of these recordings are in the dataset already.")))
        with closing(Sidecar(self.output / FILE_NAME, read_only=True)) as sidecar:
            chunks = sidecar.chunk_count()
        return {**self._result(chunks, chunks, 0.0, 0.0, 0), "files": 0}

    def run(self) -> dict[str, Any]:
        """The whole work in the folder aside."""
        result = super().run()
        return {**result, "files": len(self.new)}

    def _open(self) -> Intake:
        signature = self._signature()
        path = self.building / FILE_NAME
        resumed = False
        if path.exists():
            try:
                with closing(Sidecar(path)) as sidecar:
                    resumed = (sidecar.get("signature"), sidecar.get("boot")) == (signature, boot())
            except sqlite3.Error:
                resumed = False
        if not resumed:
            self._copy()
        prepare_spool(self.settings)
        sidecar = Sidecar(path)
        if not resumed:
            sidecar.set("signature", signature)
            sidecar.set("boot", boot())
            sidecar.set("complete", "0")
            sidecar.set("before", str(sidecar.chunk_count()))
            sidecar.set("usable_before", str(sidecar.account()[0]))
            sidecar.set("lost_before", str(sidecar.account()[1]))
            sidecar.commit()
        self.before = int(sidecar.get("before"))
        self._accounted = float(sidecar.get("usable_before")), float(sidecar.get("lost_before"))
        (self.building / "metadata.yaml").unlink(missing_ok=True)
        intake = Intake(self.settings, self.files, sidecar, ChunkStore(self.building))
        done = intake.done_files - self.first
        if done > 0:
            self.ctx.emit(
                Log(
                    trn(
                        "Going on with an interrupted addition: {n} of {all} files is done.",
                        "Going on with an interrupted addition: {n} of {all} files are done.",
                        done,
                        all=len(self.new),
                    )
                )
            )
        return intake

    def _signature(self) -> str:
        """Changes with the new files and with the dataset that they are added to."""
        state = hashlib.sha256(signature_of(self.params, self.new).encode())
        with closing(Sidecar(self.output / FILE_NAME, read_only=True)) as sidecar:
            state.update(f"{sidecar.get('signature')} {sidecar.chunk_count()} {self.first}".encode())
        return state.hexdigest()

    def _copy(self) -> None:
        for entry in self.building.iterdir():
            if entry.name != LOCK:
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        source, target = self.output / "data.mdb", self.building / "data.mdb"
        if not reflink(source, target):
            target.unlink(missing_ok=True)
            size = used_bytes(self.output)
            done = 0.0

            def copied(amount: float, *_: object) -> None:
                nonlocal done
                done += amount
                self.ctx.progress(done, size, unit="bytes", phase="copying")

            copy_file(source, target, size, self.ctx.check_cancel, copied)
        for name in _CARRIED:
            if (self.output / name).is_file():
                (self.building / name).parent.mkdir(exist_ok=True)
                shutil.copyfile(self.output / name, self.building / name)

    def _seconds(self, usable: float, lost: float) -> tuple[float, float]:
        return max(0.0, usable - self._accounted[0]), max(0.0, lost - self._accounted[1])
