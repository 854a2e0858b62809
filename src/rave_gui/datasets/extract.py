"""Chunks of a dataset as sound files, bit by bit what is stored."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rave_gui.datasets.copying import Cancel, Progress
from rave_gui.datasets.index import key_number
from rave_gui.datasets.origins import Origins
from rave_gui.datasets.read import Dataset
from rave_gui.datasets.record import BadRecordError
from rave_gui.datasets.target import os_error
from rave_gui.errors import UserError
from rave_gui.i18n import tr, trn
from rave_gui.projects.names import safe_name
from rave_protocol.files import replace_file

MAX_LISTED = 1000
Format = Literal["wav", "flac"]


def file_name(index: int, source: str, seconds: float | None, ending: str) -> str:
    """``00000012 kick 3.250s.wav``: the chunk's number, the recording it came from, where in it."""
    parts = [f"{index:08d}"]
    if source:
        parts.append(safe_name(Path(source).stem, "sound"))
    if seconds is not None:
        parts.append(f"{seconds:.3f}s")
    return f"{' '.join(parts)}.{ending}"


def extract(
    dataset: Path,
    folder: Path,
    indices: Sequence[int] | None = None,
    *,
    audio_format: Format = "wav",
    bits: int = 16,
    on_progress: Progress = lambda *_: None,
    check_cancel: Cancel = lambda: None,
) -> dict[str, Any]:
    """Write chunks (None: all) into ``folder``: ``folder``, ``files``, ``skipped`` (list of index, reason; at most 1000), ``bytes``.

    A file that is there already is left as it is and listed as skipped, so an interrupted call can be made again.
    Raises :class:`UserError` (``bad-parameter``, ``lazy-dataset``, ``disk-full``, ``not-writable``, and as :class:`Dataset` does).
    """
    import soundfile

    if audio_format not in ("wav", "flac") or bits not in (16, 24):
        raise UserError(
            tr("Chunks are written as wav or flac with 16 or 24 bits."),
            tr("Choose one of these."),
            code="bad-parameter",
        )
    with Dataset(dataset) as one, Origins(one.path) as origins:
        if one.lazy:
            raise UserError(
                tr("{path} is a lazy dataset: it names recordings and holds no sound.", path=dataset),
                tr("The recordings themselves are what you look for."),
                code="lazy-dataset",
            )
        wanted = range(one.chunks) if indices is None else sorted(set(indices))
        if wanted and not 0 <= wanted[0] <= wanted[-1] < one.chunks:
            raise UserError(
                tr("There are only {n} chunks, numbered from 0.", n=one.chunks),
                tr("Choose other numbers."),
                code="bad-parameter",
            )
        names = {source.id: source.path for source in origins.sources()}
        written = size = 0
        skipped: list[dict[str, Any]] = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for done, index in enumerate(wanted, 1):
                check_cancel()
                key = key_number(one.key(index))
                place = origins.places([key]).get(key)
                path = folder / file_name(
                    index,
                    names.get(place.file, "") if place else "",
                    place.start / one.sample_rate if place else None,
                    audio_format,
                )
                reason = ""
                try:
                    audio = one.chunk(index).audio
                    if path.exists():
                        reason = tr("{name} is there already", name=path.name)
                    elif audio is not None:
                        aside = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
                        data = audio.T if bits == 16 else audio.T.astype(np.int32) << 16
                        try:
                            soundfile.write(str(aside), data, one.sample_rate, subtype=f"PCM_{bits}")
                            replace_file(aside, path)
                        finally:
                            aside.unlink(missing_ok=True)
                        written += 1
                        size += path.stat().st_size
                except BadRecordError as error:
                    reason = str(error)
                except soundfile.LibsndfileError as error:
                    # The library does not say why; a disk without room for the file is why as a rule.
                    full = shutil.disk_usage(folder).free < (1 << 20)
                    raise OSError(errno.ENOSPC if full else errno.EIO, str(error), str(path)) from error
                if reason and len(skipped) < MAX_LISTED:
                    skipped.append({"index": index, "reason": reason})
                on_progress(done, len(wanted), "chunks")
        except OSError as error:
            raise _refused(error, folder, written) from error
    return {
        "folder": str(folder),
        "files": written,
        "skipped": skipped,
        "skipped_total": len(wanted) - written,
        "bytes": size,
    }


def _refused(error: OSError, folder: Path, written: int) -> UserError:
    """Why it stopped; files that are whole stay, a folder without any goes."""
    if not written:
        with contextlib.suppress(OSError):
            folder.rmdir()  # only where it is empty
    found = os_error(error, folder)
    if found.code == "disk-full":
        kept = trn("{n} file was written and is whole.", "{n} files were written and are whole.", written)
        hint = tr("Free some space and start again into the same folder: what is there is passed over.")
        return UserError(f"{found.message} {kept}", hint, found.details, found.code)
    return UserError(found.message, tr("Choose another folder."), found.details, found.code)
