"""A dataset in one file (``.ravedataset``): a zip of its files as they are, with a manifest of their sizes and SHA-256.

A dataset has a fixed set of files, so an archive with any other entry is refused: no name in it ever becomes a path.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sqlite3
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, Any

from rave_gui.datasets import notes, validation
from rave_gui.datasets.beside import FOLDER, MARKS, beside
from rave_gui.datasets.clone import used_bytes
from rave_gui.datasets.copying import Cancel, Progress, aside
from rave_gui.datasets.lazy import resettle
from rave_gui.datasets.read import Dataset
from rave_gui.datasets.sidecar import FILE_NAME, Sidecar
from rave_gui.datasets.target import os_error, refuse_existing
from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.paths import AppPaths
from rave_gui.zips import DAMAGE
from rave_protocol.codec import ProtocolError, dumps, loads

SUFFIX = ".ravedataset"
MANIFEST = "manifest.json"
MARKS_ENTRY = f"{FOLDER}/{MARKS}"
FORMAT = 1
SMALL = ("metadata.yaml", notes.FILE_NAME, validation.FILE_NAME, MARKS_ENTRY)
ENTRIES = ("data.mdb", FILE_NAME, *SMALL)
_REQUIRED = {"data.mdb", "metadata.yaml"}
_BLOCK = 4 << 20
_MAX_MANIFEST = 1 << 20
_MAX_SMALL = 64 << 20
"""The files of :data:`SMALL` are never larger."""


class _Count:
    def __init__(self, total: int, on_progress: Progress, check_cancel: Cancel) -> None:
        self.done = 0
        self.total = total
        self.on_progress = on_progress
        self.check_cancel = check_cancel

    def add(self, amount: int) -> None:
        self.done += amount
        self.check_cancel()
        self.on_progress(min(self.done, self.total), max(1, self.total), "bytes")


def _copy(source: IO[bytes], target: IO[bytes], size: int, count: _Count) -> tuple[str, int]:
    """Copy at most ``size`` bytes; their SHA-256 and how many there were."""
    state, left = hashlib.sha256(), size
    while left > 0:
        block = source.read(min(_BLOCK, left))
        if not block:
            break
        state.update(block)
        target.write(block)
        left -= len(block)
        count.add(len(block))
    return state.hexdigest(), size - left


@contextlib.contextmanager
def _sidecar_copy(dataset: Path) -> Iterator[Path | None]:
    """The sidecar as it is at one moment, by SQLite's own backup."""
    source = dataset / FILE_NAME
    if not source.is_file():
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / FILE_NAME
        try:
            old, new = (
                sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True),
                sqlite3.connect(copy),
            )
            try:
                old.backup(new)
            finally:
                old.close()
                new.close()
        except sqlite3.DatabaseError:  # damaged, or on a disk that takes no lock: as it lies
            shutil.copyfile(source, copy)
        yield copy


def save(
    dataset: Path,
    output: Path,
    *,
    paths: AppPaths,
    on_progress: Progress = lambda *_: None,
    check_cancel: Cancel = lambda: None,
) -> dict[str, Any]:
    """Write the archive: ``path``, ``bytes`` (of the archive), ``files``, ``chunks``. It gets its name when it is complete.

    Raises :class:`UserError` (``output-exists``, ``disk-full``, ``not-writable``, and as :class:`Dataset` does).
    """
    if output.exists() or output.is_symlink():
        raise UserError(
            tr("{path} exists already. Nothing in it was changed.", path=output),
            tr("Choose another name."),
            code="output-exists",
        )
    with Dataset(dataset) as one:
        info = one.info
    part = output.with_name(f".{output.name}.{os.getpid()}.part")
    marks = beside(dataset, paths) / MARKS
    try:
        with _sidecar_copy(dataset) as sidecar:
            files: list[tuple[str, Path, int]] = [("data.mdb", dataset / "data.mdb", used_bytes(dataset))]
            small = [(name, marks if name == MARKS_ENTRY else dataset / name) for name in SMALL]
            if sidecar is not None:
                small.insert(0, (FILE_NAME, sidecar))
            files += [(name, path, path.stat().st_size) for name, path in small if path.is_file()]
            total = sum(size for _, _, size in files)
            output.parent.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(output.parent).free < total + (16 << 20):
                raise OSError(28, "No space left on device", str(output.parent))
            count = _Count(total, on_progress, check_cancel)
            entries = []
            with zipfile.ZipFile(part, "x", zipfile.ZIP_STORED, allowZip64=True) as archive:
                for name, path, size in files:
                    # Sound does not shrink; stored, it can be read without unpacking.
                    with path.open("rb") as source, archive.open(name, "w", force_zip64=True) as target:
                        digest, copied = _copy(source, target, size, count)
                    entries.append({"name": name, "size": copied, "sha256": digest})
                manifest = {
                    "format": FORMAT,
                    "kind": "dataset",
                    "name": dataset.name,
                    "created": time.time(),
                    "chunks": info.chunks,
                    "seconds": info.seconds,
                    "channels": info.channels,
                    "sample_rate": info.sample_rate,
                    "entries": entries,
                }
                archive.writestr(MANIFEST, dumps(manifest, indent=1))
        if output.exists():
            raise FileExistsError(17, "File exists", str(output))
        part.rename(output)
    except OSError as error:
        raise os_error(error, output) from error
    finally:
        part.unlink(missing_ok=True)
    return {
        "path": str(output),
        "bytes": output.stat().st_size,
        "files": [entry["name"] for entry in entries],
        "chunks": info.chunks,
    }


def _refuse(file: Path, reason: str) -> UserError:
    return UserError(
        tr("{file} cannot be restored: {reason}.", file=file, reason=reason),
        tr("Choose a .ravedataset file that was copied completely."),
        code="archive-damaged",
    )


def inspect(file: Path) -> dict[str, Any]:
    """The manifest of an archive, checked against what is in it; nothing is unpacked.

    Raises :class:`UserError` (``not-found``, ``archive-damaged``).
    """
    if not file.is_file():
        raise UserError(tr("There is no file {file}.", file=file), tr("Check the path."), code="not-found")
    try:
        with zipfile.ZipFile(file) as archive:
            return _manifest(file, archive)
    except (OSError, *DAMAGE) as error:
        raise _refuse(file, str(error)) from None


def _manifest(file: Path, archive: zipfile.ZipFile) -> dict[str, Any]:
    infos = {info.filename: info for info in archive.infolist()}
    if len(infos) != len(archive.infolist()) or set(infos) - {MANIFEST, *ENTRIES}:
        raise _refuse(file, tr("it holds files that belong to no dataset"))
    if MANIFEST not in infos or infos[MANIFEST].file_size > _MAX_MANIFEST:
        raise _refuse(file, tr("it has no list of its contents"))
    try:
        manifest = loads(archive.read(MANIFEST).decode())
    except (ProtocolError, UnicodeDecodeError):
        raise _refuse(file, tr("the list of its contents is damaged")) from None
    if manifest.get("kind") != "dataset" or manifest.get("format") != FORMAT:
        raise _refuse(file, tr("it is no dataset, or a newer version of this application made it"))
    entries = manifest.get("entries")
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise _refuse(file, tr("the list of its contents is damaged"))
    listed = {str(one.get("name")): one for one in entries}
    if set(listed) != set(infos) - {MANIFEST} or not set(listed) >= _REQUIRED:
        raise _refuse(file, tr("files are missing in it"))
    for name, one in listed.items():
        info = infos[name]
        # Stored entries cannot unpack to more than they are: no bombs.
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != one.get("size"):
            raise _refuse(file, tr("{name} is not what the list says", name=name))
        if name in SMALL and info.file_size > _MAX_SMALL:
            raise _refuse(file, tr("{name} is too large", name=name))
    return manifest


def _home(folder: Path) -> Path | None:
    """Where a lazy dataset lay when its paths were written last."""
    path = folder / FILE_NAME
    if not path.is_file():
        return None
    with closing(Sidecar(path, read_only=True)) as sidecar:
        home = sidecar.get("home")
    return Path(home) if home else None


def restore(
    file: Path,
    output: Path,
    *,
    on_progress: Progress = lambda *_: None,
    check_cancel: Cancel = lambda: None,
) -> dict[str, Any]:
    """Unpack an archive into the new dataset ``output``: ``path``, ``chunks``, ``bytes``. Every byte is verified before it counts.

    Raises :class:`UserError` (``not-found``, ``archive-damaged``, and as :func:`copying.aside` does).
    """
    refuse_existing(output)
    manifest = inspect(file)
    total = sum(int(entry["size"]) for entry in manifest["entries"])
    count = _Count(total, on_progress, check_cancel)
    with aside(output, total) as folder:
        try:
            with zipfile.ZipFile(file) as archive:
                for entry in manifest["entries"]:
                    target = folder.joinpath(*ENTRIES[ENTRIES.index(entry["name"])].split("/"))
                    target.parent.mkdir(exist_ok=True)
                    with archive.open(entry["name"]) as source, target.open("xb") as new:
                        digest, size = _copy(source, new, int(entry["size"]), count)
                    if digest != entry.get("sha256") or size != entry["size"]:
                        raise _refuse(file, tr("{name} is damaged", name=entry["name"]))
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
            raise _refuse(file, str(error)) from None
        with Dataset(folder) as one:
            chunks, lazy = one.chunks, one.lazy
        if lazy:
            resettle(folder, output, [home] if (home := _home(folder)) is not None else [], always=True)
    return {"path": str(output), "chunks": chunks, "bytes": total}
