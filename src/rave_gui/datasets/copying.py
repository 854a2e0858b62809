"""A new dataset made of parts of another: built aside, named when it is whole; the original is only read."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from rave_gui.datasets import notes, validation
from rave_gui.datasets.sidecar import FILE_NAME
from rave_gui.datasets.store import ChunkStore
from rave_gui.datasets.target import os_error, refuse_existing
from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_protocol.files import replace_text
from rave_protocol.locks import OsLock

Progress = Callable[[float, float, str], None]
Cancel = Callable[[], None]
_SPARE = 32 << 20


@contextlib.contextmanager
def aside(output: Path, need: int = 0) -> Iterator[Path]:
    """A hidden folder beside ``output`` to work in; it gets the name ``output`` when the block ends well, and goes otherwise.

    ``need``: bytes the disk must have. Raises :class:`UserError` (``output-exists``, ``disk-full``, ``not-writable``, ``busy``).
    """
    refuse_existing(output)
    folder = output.with_name(f".{output.name}.copying")
    lock = OsLock(output.with_name(f".{output.name}.copying.lock"))
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        if not lock.acquire(timeout=1.0):
            raise UserError(
                tr("Another job is making {path} right now.", path=output),
                tr("Wait for it to end, or choose another name."),
                code="busy",
            )
    except OSError as error:
        with contextlib.suppress(OSError):
            if lock.path.stat().st_size == 0:  # a disk that has no room for what is written in it
                lock.path.unlink()
        raise os_error(error, output) from error
    try:
        shutil.rmtree(folder, ignore_errors=True)  # what a killed copy left
        _need(output.parent, need)
        folder.mkdir()
        yield folder
        _name(folder, output)
    except OSError as error:
        raise os_error(error, output) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()
        with contextlib.suppress(OSError):
            output.with_name(f".{output.name}.copying.lock").unlink(missing_ok=True)


def _need(folder: Path, need: int) -> None:
    free = shutil.disk_usage(folder).free
    if need and free < need + _SPARE:
        raise UserError(
            tr(
                "The copy needs {need} GB, and the disk has {free} GB left.",
                need=f"{need / 1e9:,.1f}",
                free=f"{free / 1e9:,.1f}",
            ),
            tr("Free some space, or choose a folder on another disk."),
            code="disk-full",
        )


def _name(folder: Path, output: Path) -> None:
    """Windows may need a few tries while a virus scanner looks at the files."""
    refuse_existing(output)
    if output.exists():
        output.rmdir()
    for attempt in range(20):
        try:
            folder.rename(output)
            return
        except PermissionError:
            if attempt == 19:
                raise
            time.sleep(0.1)


def write_records(folder: Path, records: Iterable[tuple[int, bytes]]) -> list[int]:
    """Store values under the keys 0, 1, 2 …; the numbers the records came with, in order."""
    numbers: list[int] = []
    store = ChunkStore(folder)
    try:
        for number, value in records:
            if store.put(len(numbers), value):
                store.commit()
            numbers.append(number)
        store.finish()
    except BaseException:
        store.abort()
        raise
    return numbers


def write_sidecar(
    dataset: Path, folder: Path, numbers: list[int], sample_rate: int, unknown: dict[int, bytes] | None = None
) -> bool:
    """Copy the sidecar of ``dataset`` for chunks that were kept: chunk ``i`` was ``numbers[i]``. False where there is none to copy.

    ``unknown``: hashes of chunks of the copy that it does not know. Recordings whose chunks went stay listed, with what they lost.
    """
    source = dataset / FILE_NAME
    if not source.is_file():
        return False
    target = sqlite3.connect(folder / FILE_NAME)
    try:
        origin = sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            origin.backup(target)
        finally:
            origin.close()
        target.execute("CREATE TEMP TABLE kept (old INTEGER PRIMARY KEY, new INTEGER NOT NULL)")
        target.executemany(
            "INSERT OR IGNORE INTO kept VALUES (?, ?)",
            ((old, new) for new, old in enumerate(numbers) if old >= 0),
        )
        target.execute(
            "UPDATE files SET lost = MIN(seconds, lost + (SELECT COALESCE(SUM(length), 0) FROM parts "
            "WHERE file = files.id AND chunk NOT IN (SELECT old FROM kept)) / CAST(? AS REAL))",
            (sample_rate,),
        )
        for table, column in (("parts", "chunk"), ("chunks", "id")):
            target.execute(f"DELETE FROM {table} WHERE {column} NOT IN (SELECT old FROM kept)")  # noqa: S608
            # By way of negative numbers, so that no two rows ever have the same.
            target.execute(
                f"UPDATE {table} SET {column} = -1 - (SELECT new FROM kept WHERE old = {column})"  # noqa: S608
            )
            target.execute(f"UPDATE {table} SET {column} = -1 - {column}")  # noqa: S608
        target.executemany("INSERT OR IGNORE INTO chunks VALUES (?, ?)", (unknown or {}).items())
        target.execute("INSERT OR REPLACE INTO meta VALUES ('copied_from', ?)", (json.dumps(str(dataset)),))
        # It describes another build than the one this copy could be gone on with; recordings can still be added to it.
        target.execute("DELETE FROM meta WHERE key = 'signature'")
        target.execute("UPDATE meta SET value = ? WHERE key = 'boundary'", (str(len(numbers)),))
        # The chunk that an addition would fill up its last one with: by its new number, and none when it is gone.
        target.execute(
            "UPDATE meta SET value = COALESCE((SELECT new FROM kept WHERE old = CAST(value AS INTEGER)), -1) "
            "WHERE key = 'last_joined'"
        )
        target.commit()
        target.execute("PRAGMA journal_mode = DELETE")
        target.execute("VACUUM")
    except sqlite3.DatabaseError:
        target.close()
        (folder / FILE_NAME).unlink(missing_ok=True)
        return False
    finally:
        target.close()
    return True


def carry(dataset: Path, folder: Path, numbers: list[int] | None = None) -> None:
    """Take along what people wrote about a dataset: notes on its sources, and which recordings are kept for validation.

    ``numbers``: chunk ``i`` of the copy was ``numbers[i]``; None: nothing was renumbered.
    """
    if (dataset / notes.FILE_NAME).is_file():
        shutil.copyfile(dataset / notes.FILE_NAME, folder / notes.FILE_NAME)
    split = validation.read(dataset)
    if split is None:
        return
    if numbers is not None:
        places = {old: new for new, old in enumerate(numbers)}
        kept = [places[old] for old in split.get("validation", []) if old in places]
        split = {**split, "validation": sorted(kept), "count": len(numbers)}
        if not kept:
            return
    validation.write(folder, split)


def write_metadata(folder: Path, values: dict[str, Any]) -> None:
    """metadata.yaml, the last file of a dataset: with it the folder is one."""
    import yaml

    replace_text(folder / "metadata.yaml", yaml.safe_dump(values))
