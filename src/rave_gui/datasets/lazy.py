"""Lazy datasets, as RAVE understands them: the database holds where recordings lie and how long they are, not their sound.

Besides RAVE's own ``path``, ``length`` and ``channels`` every record has ``relative``, the path as seen from the dataset's folder:
when a project is moved as a whole, :func:`refresh` finds the recordings again (and the trainer does without it).
"""

from __future__ import annotations

import math
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rave_gui.audio.problems import AudioInfo, AudioProblem
from rave_gui.datasets import progress
from rave_gui.datasets.control import Control
from rave_gui.datasets.decoders import usable_cores
from rave_gui.datasets.headers import Answer, HeaderPool, read_all
from rave_gui.datasets.record import decode, encode_place
from rave_gui.datasets.search import Found, SearchResult, printable
from rave_gui.datasets.sidecar import FILE_NAME, FileRow, Sidecar
from rave_gui.datasets.store import ChunkStore
from rave_gui.errors import UserError
from rave_gui.i18n import tr, trn
from rave_protocol.events import Warned
from rave_protocol.files import replace_file
from rave_protocol.specs import DatasetParams

READABLE = frozenset({"wav", "aiff", "flac", "w64", "caf", "au", "ogg", "mp3"})
"""Containers that the engine's own libraries read while training; the others need ffmpeg there."""
_CODECS = frozenset({"vorbis", "opus", "flac", "mp3", "mp3float"})


def needs_ffmpeg(info: AudioInfo) -> bool:
    """Whether a training on this file's sound has to call ffmpeg."""
    return info.container not in READABLE or not (info.codec in _CODECS or info.codec.startswith("pcm_"))


def examples(seconds: float, sample_rate: int, num_signal: int) -> int:
    """Training examples that RAVE makes of a recording in a lazy dataset (``rave.dataset.LazyAudioDataset.parse_dataset``)."""
    return math.floor(seconds * sample_rate) // num_signal


def build(
    params: DatasetParams,
    ctx: Control,
    found: SearchResult,
    states: progress.Writer,
    *,
    building: Path,
    output: Path,
    started: float,
) -> dict[str, Any]:
    """Write a lazy dataset into ``building``; the job's result: ``chunks`` are its recordings, ``examples`` what RAVE draws of them."""
    from rave_gui.datasets.build import NothingUsableError, write_metadata

    refuse_unfit(params)
    for entry in building.iterdir():
        if entry.is_file() and entry.name != "build.lock":
            entry.unlink()
    sidecar = Sidecar(building / FILE_NAME, create=True)
    store = ChunkStore(building)
    problems = [{"path": p.path, "code": p.code, "reason": p.reason} for p in found.problems]
    records = chunks = foreign = 0
    usable = lost = 0.0
    files = {file.path: (index, file) for index, file in enumerate(found.files)}
    try:
        answers = sorted(_answers(ctx, list(files)), key=lambda pair: files[pair[0]][0])
        for path, answer in answers:
            ctx.check_cancel()
            index, file = files[path]
            row = _row(index, file, answer)
            count = examples(row.seconds, params.sample_rate, params.num_signal)
            problem = _problem(answer, path, count, params)
            if problem is None and isinstance(answer, AudioInfo):
                store.put(
                    records,
                    encode_place(path, relative(path, output), row.seconds, row.channels),
                )
                records, chunks, usable = records + 1, chunks + count, usable + row.seconds
                foreign += needs_ffmpeg(answer)
                states.say(progress.FileState(row.path, "done", row.seconds))
            elif problem is not None:
                lost += row.seconds
                row = _row(index, file, answer, problem)
                problems.append({"path": row.path, "code": problem.code, "reason": problem.reason})
                states.say(progress.FileState(row.path, "problem", 0.0, problem.code, problem.reason))
            sidecar.add_file(row)
        if not records:
            raise NothingUsableError(
                trn(
                    "The {n} file found could not be used.",
                    "None of the {n} files found could be used.",
                    len(files),
                ),
                tr("See the reason given for each file, or choose a smaller num_signal."),
                "\n".join(f"{p['path']}: {p['reason']}" for p in problems[:100]),
                code="no-audio",
            )
        sidecar.set("home", printable(str(output)))
        sidecar.set("chunks", str(records))
        store.finish()
        sidecar.commit(durable=True)
    finally:
        store.abort()
        sidecar.close()
    write_metadata(
        building,
        {"lazy": True, "channels": params.channels, "n_seconds": usable, "sr": params.sample_rate,
         "num_signal": params.num_signal},
    )  # fmt: skip
    for problem_row in problems[:500]:
        ctx.emit(Warned(problem_row["code"], f"{problem_row['path']}: {problem_row['reason']}"))
    if foreign:
        ctx.emit(
            Warned(
                "needs-ffmpeg",
                trn(
                    "{n} recording is read by ffmpeg while training, which is slow.",
                    "{n} recordings are read by ffmpeg while training, which is slow.",
                    foreign,
                ),
                tr(
                    "The engine brings ffmpeg along; one that you set up yourself may lack it. A dataset that holds the sound needs none."
                ),
            )
        )
    elapsed = time.monotonic() - started
    ctx.progress(usable, usable, unit="s", phase="done", force=True, rate=usable / elapsed)
    return {
        "path": str(output),
        "chunks": records,
        "examples": chunks,
        "seconds_usable": usable,
        "seconds_lost": lost,
        "problems": problems,
        "skipped": [],
        "files": len(files),
        "silent_chunks": 0,
        "elapsed": elapsed,
        "throughput": usable / elapsed,
        "sample_rate": params.sample_rate,
        "channels": params.channels,
        "num_signal": params.num_signal,
        "lazy": True,
    }


def _answers(ctx: Control, paths: list[str]) -> Iterator[tuple[str, Answer]]:
    """The header of every file."""
    with HeaderPool(usable_cores()) as pool:
        answers = read_all(iter(paths), pool, lambda: ctx.cancelled)
        for done, (path, answer) in enumerate(answers, 1):
            ctx.check_cancel()
            ctx.progress(done, len(paths), unit="files", phase="reading")
            yield path, answer


def _row(index: int, file: Found, answer: Answer, problem: AudioProblem | None = None) -> FileRow:
    known = answer if isinstance(answer, AudioInfo) else AudioInfo(file.path, 0.0, 0, 0, "", "")
    seconds = known.duration or 0.0
    return FileRow(
        index, printable(file.path), printable(file.root), file.size, file.mtime_ns, seconds, seconds if problem else 0.0,
        known.sample_rate, known.channels, known.codec, problem.code if problem else "", problem.reason if problem else "",
    )  # fmt: skip


def _problem(answer: Answer, path: str, count: int, params: DatasetParams) -> AudioProblem | None:
    if isinstance(answer, AudioProblem):
        return answer
    if answer.duration is None:
        return AudioProblem(
            path, "no-length", tr("The file does not say how long it is, which a lazy dataset must know.")
        )
    if count == 0:
        return AudioProblem(
            path,
            "too-short",
            tr(
                "The file lasts {seconds} s and was left out: an example needs {needed} s.",
                seconds=f"{answer.duration:.2f}",
                needed=f"{params.num_signal / params.sample_rate:.2f}",
            ),
        )
    try:
        path.encode()
    except UnicodeEncodeError:
        return AudioProblem(
            path, "bad-name", tr("The file's name holds bytes that are no text, which RAVE cannot store.")
        )
    return None


def relative(path: str, dataset: Path) -> str:
    """A recording's path as seen from the dataset's folder, with slashes; empty where there is none (another drive)."""
    try:
        return Path(os.path.relpath(path, dataset)).as_posix()
    except ValueError:
        return ""


def refuse_unfit(params: DatasetParams) -> None:
    """Refuse what a lazy dataset cannot do: RAVE reads the files themselves while it trains, and their first channels.

    Raises :class:`UserError` (``bad-parameter``).
    """
    unfit = {
        tr("one side, or every channel by itself"): params.channels == 1
        and params.mono in ("right", "separate"),
        tr("leaving copies out"): params.duplicates == "skip",
        tr("validation by recordings"): params.validation == "files",
    }
    asked = [name for name, wanted in unfit.items() if wanted]
    if asked:
        raise UserError(
            tr(
                "A dataset that leaves the sound in the files cannot do this: {names}.",
                names=", ".join(asked),
            ),
            tr(
                "RAVE reads such files itself while it trains. Leave that out, or store the sound in the dataset."
            ),
            code="bad-parameter",
        )


@dataclass(frozen=True)
class Refreshed:
    """What became of a lazy dataset's paths."""

    found: int
    rewritten: int
    missing: list[str]


def refresh(dataset: Path) -> Refreshed:
    """Write the paths anew when the dataset was moved together with its recordings; the database is replaced whole.

    Raises :class:`OSError` where it cannot be written.
    """
    return resettle(dataset, dataset, [dataset])


def resettle(dataset: Path, output: Path, before: Sequence[Path], *, always: bool = False) -> Refreshed:
    """Write the paths of ``dataset``, which is or will be at ``output``, anew where recordings are found from one of the
    folders ``before`` that it was in; with ``always`` also where nothing moved, so that they are relative to ``output``.

    Raises :class:`OSError` where it cannot be written.
    """
    import lmdb

    records: list[tuple[bytes, dict[str, str]]] = []
    with closing(lmdb.open(str(dataset), readonly=True, lock=False)) as env, env.begin() as transaction:
        for name, value in transaction.cursor():
            records.append((bytes(name), decode(bytes(value), 1).metadata))
    rewritten, missing = 0, []
    for _, place in records:
        if Path(place["path"]).exists():
            continue
        nearby = [folder / place["relative"] for folder in before] if place.get("relative") else []
        there = next((path for path in nearby if path.exists()), None)
        if there is not None:
            place["path"] = os.path.normpath(there.absolute())
            rewritten += 1
        else:
            missing.append(place["path"])
    if rewritten or always:
        aside = dataset.with_name(f".{dataset.name}.paths")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        try:
            store = ChunkStore(aside)
            for index, (_, place) in enumerate(records):
                seconds, channels = float(place["length"]), int(place["channels"])
                store.put(
                    index, encode_place(place["path"], relative(place["path"], output), seconds, channels)
                )
            store.finish()
            replace_file(aside / "data.mdb", dataset / "data.mdb")
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        if (dataset / FILE_NAME).is_file():
            with closing(Sidecar(dataset / FILE_NAME)) as sidecar:
                sidecar.set("home", printable(str(output)))
                sidecar.commit()
    return Refreshed(len(records) - len(missing), rewritten, missing)


def moved(dataset: Path) -> bool:
    """Whether a lazy dataset of ours lies elsewhere than where its paths were written."""
    path = dataset / FILE_NAME
    if not path.is_file():
        return False
    with closing(Sidecar(path, read_only=True)) as sidecar:
        home = sidecar.get("home")
    return bool(home) and home != printable(str(dataset))
