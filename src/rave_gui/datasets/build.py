"""From recordings to a RAVE dataset: the working function of the ``dataset`` job.

Files are decoded by a pool of processes and stored by this one, in an order that depends on names only. The dataset grows
aside (``.<name>.building`` beside the target) and is renamed when it is whole; what a killed build left is gone on with when
the same build is asked for again, and thrown away otherwise.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import lmdb

from rave_gui.datasets import progress, room, validation
from rave_gui.datasets.control import BuildContext, Control
from rave_gui.datasets.decoders import Waiting, usable_cores
from rave_gui.datasets.duplicates import copies_of
from rave_gui.datasets.estimate import Estimate
from rave_gui.datasets.intake import Intake
from rave_gui.datasets.messages import Outcome, Settings, Task
from rave_gui.datasets.pool import DecodePool
from rave_gui.datasets.search import Found, SearchResult, describe_nothing, printable, search
from rave_gui.datasets.sidecar import FILE_NAME, Sidecar
from rave_gui.datasets.store import ChunkStore
from rave_gui.datasets.swap import rename
from rave_gui.datasets.target import check_target, os_error, refuse_existing
from rave_gui.errors import UserError
from rave_gui.i18n import tr, trn
from rave_gui.projects.size import in_words
from rave_protocol.events import Log, Warned
from rave_protocol.locks import OsLock, boot_id
from rave_protocol.specs import DatasetParams

FORMAT = 2
"""Raised when a build of an older version of this module must not be gone on with."""
MAX_WARNINGS = 500
"""Problems sent as events; the result and the sidecar hold all of them."""
SPOOL_LIMIT = 2 << 30
"""No further file is begun while more than this (bytes) waits for an earlier, longer file."""
LOCK = "build.lock"
SPOOL = "spool"


def run(params: DatasetParams, job: BuildContext, decoders: Waiting | None = None) -> dict[str, Any]:
    """Build the dataset. Returns the result as contracts.md gives it: path, chunks, seconds_usable, seconds_lost, problems, files,
    elapsed, throughput (audio seconds per second), sample_rate, channels, num_signal.

    Raises :class:`UserError`: ``bad-parameter``, ``not-found``, ``no-audio``, ``output-exists``, ``not-writable``, ``disk-full``,
    ``busy``. A cancel removes what was begun; every other end leaves it for the next try. ``decoders``: processes that come up already.
    """
    started = time.monotonic()
    ctx = Control(job)
    output = check_target(params)
    found = search(params.sources, ctx.check_cancel, extensions=params.extensions, exclude=params.exclude)
    refuse_nothing(params.sources, found)
    building = output.with_name(f".{output.name}.building")
    with explain(building, output):
        building.mkdir(parents=True, exist_ok=True)
        places = {"building": building, "output": output}
        result = build_aside(params, ctx, found, **places, started=started, decoders=decoders)
        if building.exists():
            name(building, output)
    return result


NEARLY_FULL = 64 << 20
"""Bytes: with less free, a disk that refuses to write is taken to be full."""


@contextlib.contextmanager
def explain(building: Path, output: Path) -> Iterator[None]:
    """What disk and database refuse inside is said in plain words, as :class:`UserError`."""
    try:
        yield
    except OSError as error:
        raise os_error(error, output, goes_on=True) from error
    except (lmdb.Error, sqlite3.OperationalError) as error:
        free = shutil.disk_usage(building).free
        # LMDB tells of a write that came to its end half way as an input/output error; the decoders' memory is free again by now.
        short = "Input/output error" in str(error) and free < NEARLY_FULL
        if free < 1 << 20 or short or isinstance(error, lmdb.DiskError) or "full" in str(error).lower():
            raise os_error(OSError(errno.ENOSPC, str(error)), output, goes_on=True) from error
        raise


def refuse_nothing(sources: Sequence[str], found: SearchResult) -> None:
    """Raises :class:`UserError` (``no-audio``) when there is no file to read."""
    if not found.files:
        raise UserError(
            describe_nothing(sources, found),
            tr("Choose a folder with sound files (wav, aiff, flac, mp3, ogg, opus, m4a and many more)."),
            details="\n".join(f"{p.path}: {p.reason}" for p in found.problems[:50]),
            code="no-audio",
        )


def build_aside(
    params: DatasetParams,
    ctx: Control,
    found: SearchResult,
    *,
    output: Path,
    building: Path,
    started: float,
    decoders: Waiting | None = None,
) -> dict[str, Any]:
    """The whole build in the folder ``building`` while its lock is held; a cancelled one is removed.

    It gets its name while the lock is held, too, so that nobody begins the same meanwhile; not on Windows, which renames no folder with
    an open file.
    """
    lock = _alone(building, output)
    states = progress.Writer(ctx.folder)
    try:
        if params.lazy:
            from rave_gui.datasets import lazy

            result = lazy.build(params, ctx, found, states, building=building, output=output, started=started)
        else:
            made = Building(params, ctx, found, states, building=building, output=output, started=started)
            made.decoders = decoders
            result = made.run()
        if os.name != "nt":
            name(building, output)
        return result
    except NothingUsableError as error:
        shutil.rmtree(building, ignore_errors=True)
        raise UserError(error.message, error.hint, error.details, error.code) from None
    finally:
        states.close()
        lock.release()
        if ctx.cancelled:
            shutil.rmtree(building, ignore_errors=True)


def _alone(building: Path, output: Path) -> OsLock:
    """The lock of a building folder. Raises :class:`UserError` (``busy``, ``output-exists``) when another build has it, or has just ended."""
    for _ in range(20):
        lock = OsLock(building / LOCK)
        try:
            if not lock.acquire(timeout=1.0):
                break
        except FileNotFoundError:  # another build took the folder away in this moment, to give it its name or because it was cancelled
            refuse_existing(output)
            continue
        try:
            refuse_existing(output)
            if (building / LOCK).exists():
                return lock
        except UserError:
            if os.listdir(building) == [LOCK]:  # noqa: PTH208 - what an interrupted build has made is not ours to remove
                (building / LOCK).unlink(missing_ok=True)
                lock.release()
                with contextlib.suppress(OSError):
                    building.rmdir()
            lock.release()
            raise
        lock.release()
    raise UserError(
        tr("Another job is building {path} right now.", path=printable(str(output))),
        tr("Wait for it to end, or choose another name."),
        code="busy",
    )


def name(building: Path, output: Path) -> None:
    """Give the finished dataset its name; Windows may need a few tries while a virus scanner looks at the files."""
    refuse_existing(output)
    (building / LOCK).unlink(missing_ok=True)
    if output.exists():
        output.rmdir()
    rename(building, output)


class NothingUsableError(UserError):
    """No chunk came of it: the building folder goes too."""


class Building:
    """One build under way in its folder aside."""

    decoders: Waiting | None = None
    """Processes that were started before."""

    def __init__(
        self,
        params: DatasetParams,
        ctx: Control,
        found: SearchResult,
        states: progress.Writer,
        *,
        output: Path,
        building: Path,
        started: float,
    ) -> None:
        self.params = params
        self.ctx = ctx
        self.found = found
        self.states = states
        self.output = output
        self.building = building
        self.skipped: list[dict[str, str]] = []
        self.files = self._without_copies(found.files)
        self.started = started
        self.settings = Settings.of(params, str(building / SPOOL))
        self.problems: list[dict[str, str]] = []
        self._reported: set[tuple[str, str]] = set()
        self.unread_seconds = 0.0
        self._estimate = Estimate(self.files)
        self._paused = 0.0

    def _without_copies(self, files: list[Found]) -> list[Found]:
        """The files without those that the parameters leave out because an earlier one has the same content."""
        if self.params.duplicates == "keep":
            return files
        copies = copies_of(files, self.ctx.check_cancel)
        for file in files:
            if file.path in copies:
                original = printable(copies[file.path])
                self._skip(file, "duplicate", tr("The content is that of {path}.", path=original))
        return [file for file in files if file.path not in copies]

    def _skip(self, file: Found, code: str, reason: str) -> None:
        path = printable(file.path)
        self.skipped.append({"path": path, "code": code, "reason": reason})
        self.states.say(progress.FileState(path, "skipped", 0.0, code, reason))

    def run(self) -> dict[str, Any]:
        """Everything up to the finished folder; the job's result."""
        self._refuse_no_room()
        intake = self._open()
        for unreachable in self.found.problems:
            self._problem(unreachable.path, unreachable.code, unreachable.reason)
        for row in intake.sidecar.files(problems_only=True):
            if row.id >= self.first:
                self._problem(row.path, row.code, row.reason)
        try:
            self._decode(intake)
            intake.finish_joined()
            if intake.chunks == 0:
                raise self._nothing()
            self.ctx.check_cancel()
            usable, lost = self._finish(intake)
        finally:
            intake.abort()
        if intake.silent:
            self.ctx.emit(
                Warned(
                    "silence",
                    trn(
                        "{n} of {all} chunks holds digital silence for {seconds} s or longer.",
                        "{n} of {all} chunks hold digital silence for {seconds} s or longer.",
                        intake.silent,
                        all=intake.chunks,
                        seconds=f"{self.params.num_signal / self.params.sample_rate:.1f}",
                    ),
                    tr(
                        "Training may jump on such stretches: let long silences be cut out of the recordings."
                    ),
                )
            )
        seconds = self._estimate.decoded
        self.ctx.progress(
            seconds, seconds, unit="s", phase="done", force=True, rate=seconds / self._elapsed()
        )
        return self._result(intake.chunks, self.before, usable, lost, intake.silent)

    first = 0
    """Files that were in the dataset when the build began."""
    before = 0
    """Chunks that were there then."""

    def _elapsed(self) -> float:
        return max(1e-6, time.monotonic() - self.started)

    def _result(self, chunks: int, before: int, usable: float, lost: float, silent: int) -> dict[str, Any]:
        elapsed, seconds = self._elapsed(), self._estimate.decoded
        return {
            "path": str(self.output),
            "chunks": chunks,
            "added": chunks - before,
            "seconds_usable": usable,
            "seconds_lost": lost + self.unread_seconds,
            "problems": self.problems,
            "skipped": self.skipped,
            "files": len(self.files),
            "silent_chunks": silent,
            "elapsed": elapsed,
            "throughput": seconds / elapsed,
            "sample_rate": self.params.sample_rate,
            "channels": self.params.channels,
            "num_signal": self.params.num_signal,
        }

    def _seconds(self, usable: float, lost: float) -> tuple[float, float]:
        """Of the sidecar's account, what this build did."""
        return usable, lost

    def _open(self) -> Intake:
        """Go on with what lies in the building folder when it is the same build, otherwise start afresh."""
        signature = signature_of(self.params, self.files)
        path = self.building / FILE_NAME
        resumed = _resumable(path, signature)
        if not resumed:
            for entry in self.building.iterdir():
                if entry.name != LOCK:
                    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        prepare_spool(self.settings)
        sidecar = Sidecar(path, create=not resumed)
        if not resumed:
            for key, value in (
                ("format", str(FORMAT)),
                ("signature", signature),
                ("boot", boot()),
                ("params", json.dumps(dataclasses.asdict(self.params))),
            ):
                sidecar.set(key, printable(value))
            sidecar.commit()
        intake = Intake(self.settings, self.files, sidecar, ChunkStore(self.building))
        if resumed and (intake.done_files or intake.chunks):
            text = trn(
                "Going on with an interrupted build: {n} of {all} files is done.",
                "Going on with an interrupted build: {n} of {all} files are done.",
                intake.done_files,
                all=len(self.files),
            )
            self.ctx.emit(Log(text))
            for row in sidecar.files():
                self._estimate.done(row.id, row.seconds)
        return intake

    def _decode(self, intake: Intake) -> None:
        order = intake.todo()
        if not order:
            return
        next_up = head = 0
        with DecodePool(
            self.settings, min(usable_cores(), len(order)), shared=True, decoders=self.decoders
        ) as pool:
            intake.taker_of = pool.taker_of
            while head < len(order):
                self._obey(pool)
                while (
                    pool.free and next_up < len(order) and (next_up == head or intake.waiting < SPOOL_LIMIT)
                ):
                    index = order[next_up]
                    pool.submit(Task(index, self.files[index].path, intake.skip(index)))
                    self.states.say(progress.FileState(printable(self.files[index].path), "reading"))
                    next_up += 1
                for event in pool.events(timeout=0.1):
                    intake.receive(event)
                    self._estimate.heard(
                        event.index, event.duration, event.samples / self.settings.sample_rate
                    )
                    if isinstance(event, Outcome):
                        self._estimate.done(event.index, event.samples / self.settings.sample_rate)
                    while head < len(order) and (outcome := intake.advance(order[head])) is not None:
                        self._report(outcome)
                        head += 1
                self._refuse_size(intake)
                self.states.flush()
                self._progress(intake)

    def _obey(self, pool: DecodePool) -> None:
        """Do what was asked since the last time; waits here while paused. Raises when cancelled."""
        self.ctx.look()
        if not self.ctx.paused:
            return
        began = time.monotonic()
        pool.suspend(True)
        self.ctx.check_cancel()
        pool.suspend(False)
        self._paused += time.monotonic() - began

    def _refuse_no_room(self) -> None:
        """What would not fit is not begun; what an interrupted build has made stays."""
        refusal = room.refusal(
            self.params,
            self.files[self.first :],
            self.building,
            self.ctx.check_cancel,
            limited=not self.first,
        )
        if refusal is not None:
            kind = UserError if (self.building / FILE_NAME).exists() else NothingUsableError
            raise kind(refusal.message, refusal.hint, code=refusal.code)

    def _refuse_size(self, intake: Intake) -> None:
        limit = self.params.max_size
        size = intake.chunks * chunk_bytes(self.settings)
        if limit and size > limit:
            raise UserError(
                tr(
                    "The dataset takes {size} by now, and {allowed} are allowed.",
                    size=in_words(size),
                    allowed=in_words(limit),
                ),
                tr("Allow more, or choose fewer recordings. What is done so far is kept for a next try."),
                code="too-large",
            )

    def _report(self, outcome: Outcome) -> None:
        file = self.files[outcome.index]
        problem = outcome.problem
        seconds = outcome.samples / self.settings.sample_rate
        self.states.say(
            progress.FileState(printable(file.path), "problem", seconds, problem.code, problem.reason)
            if problem
            else progress.FileState(printable(file.path), "done", seconds)
        )
        if problem is not None:
            if problem.fatal:  # what was decoded of it is counted with the others
                decoded = outcome.samples / self.settings.sample_rate
                self.unread_seconds += max(0.0, (outcome.duration or 0.0) - decoded)
            self._problem(printable(file.path), problem.code, problem.reason)

    def _problem(self, path: str, code: str, reason: str) -> None:
        if (path, code) in self._reported:  # a short file is read again when a build goes on
            return
        self._reported.add((path, code))
        self.problems.append({"path": path, "code": code, "reason": reason})
        if len(self.problems) <= MAX_WARNINGS:
            hint = tr("The other files are not affected.") if len(self.files) > 1 else ""
            self.ctx.emit(Warned(code, f"{path}: {reason}", hint))

    def _progress(self, intake: Intake) -> None:
        done, total = self._estimate.decoded, self._estimate.total()
        rate = self._estimate.rate(time.monotonic() - self.started - self._paused)
        self.ctx.progress(
            done,
            max(total, done),
            unit="s",
            phase="decoding",
            message=tr(
                "{done} of {all} files, {chunks} chunks",
                done=intake.done_files,
                all=len(self.files),
                chunks=intake.chunks,
            ),
            eta=(total - done) / rate if rate else None,
            rate=rate,
        )

    def _nothing(self) -> UserError:
        rate, chunk = self.settings.sample_rate, self.settings.chunk
        seconds = self._estimate.decoded
        if seconds > 0:
            message = tr(
                "The recordings hold {seconds} s of sound in all, and one chunk needs {chunk} s "
                "(2 × {num_signal} samples at {rate} Hz).",
                seconds=f"{seconds:.1f}",
                chunk=f"{chunk / rate:.1f}",
                num_signal=self.params.num_signal,
                rate=rate,
            )
            hint = tr("Join short files, keep tails, choose a smaller num_signal, or add recordings.")
        else:
            message = trn(
                "The {n} file found could not be used.",
                "None of the {n} files found could be used.",
                len(self.files),
            )
            hint = tr("See the reason given for each file; another copy of them may be intact.")
            if len(self.files) == 1 and self.problems:
                message = tr(
                    "{path} could not be used. {reason}",
                    path=self.problems[0]["path"],
                    reason=self.problems[0]["reason"],
                )
                hint = tr("Choose another file, or another copy of this one that is intact.")
        details = "\n".join(f"{p['path']}: {p['reason']}" for p in self.problems[:100])
        return NothingUsableError(message, hint, details, code="no-audio")

    def _finish(self, intake: Intake) -> tuple[float, float]:
        """Make the dataset whole; seconds in chunks and seconds lost."""
        held_out = None
        if self.params.validation == "files":
            held_out = validation.choose(intake.sidecar, validation.read(self.building))
        usable, lost = self._seconds(*intake.close())
        rate = self.params.sample_rate
        metadata = {
            "lazy": False,
            "channels": self.params.channels,
            "n_seconds": intake.chunks * self.settings.chunk / rate,
            "sr": rate,
            "num_signal": self.params.num_signal,
        }
        shutil.rmtree(self.settings.spool, ignore_errors=True)
        validation.write(self.building, held_out)
        write_metadata(self.building, metadata)
        return usable, lost


def prepare_spool(settings: Settings) -> None:
    """An empty folder for the decoders' large results."""
    shutil.rmtree(settings.spool, ignore_errors=True)
    Path(settings.spool).mkdir()


def chunk_bytes(settings: Settings) -> int:
    """Bytes of one stored chunk's samples."""
    return 2 * settings.channels * settings.chunk


def write_metadata(folder: Path, metadata: dict[str, Any]) -> None:
    """Write RAVE's metadata.yaml, to the disk."""
    import yaml

    with (folder / "metadata.yaml").open("w", encoding="utf-8") as file:
        yaml.safe_dump(metadata, file)
        file.flush()
        os.fsync(file.fileno())


def boot() -> str:
    """A value that changes when the machine starts anew: unsynced data of an earlier boot is not trusted."""
    import psutil

    return boot_id() or str(int(psutil.boot_time()) // 60)


def signature_of(params: DatasetParams, files: Sequence[Found]) -> str:
    """Changes with everything that decides what a build stores."""
    state = hashlib.sha256()
    without = ("sources", "output", "extensions", "exclude", "max_size", "validation")
    fields = {k: v for k, v in dataclasses.asdict(params).items() if k not in without}
    state.update(json.dumps([FORMAT, fields], sort_keys=True).encode())
    for file in files:
        state.update(f"{file.path}\0{file.size}\0{file.mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return state.hexdigest()


def _resumable(path: Path, signature: str) -> bool:
    if not path.exists():
        return False
    try:
        sidecar = Sidecar(path)
    except sqlite3.Error:
        return False
    try:
        return sidecar.get("signature") == signature and sidecar.get("boot") == boot()
    except sqlite3.Error:
        return False
    finally:
        sidecar.close()
