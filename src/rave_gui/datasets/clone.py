"""A second, independent copy of a dataset; on file systems that can, without using space (copy on write).

Never by hard links: LMDB changes its file in place when another program adds to it, and both names would change.
"""

from __future__ import annotations

import ctypes
import shutil
import sys
from pathlib import Path
from typing import Any

from rave_gui.datasets.beside import FOLDER, MARKS, beside
from rave_gui.datasets.copying import Cancel, Progress, aside, carry
from rave_gui.datasets.lazy import resettle
from rave_gui.datasets.mdb import MdbFile
from rave_gui.datasets.read import Dataset
from rave_gui.datasets.sidecar import FILE_NAME
from rave_gui.paths import AppPaths

_BLOCK = 8 << 20
_FICLONE = 0x40049409  # linux/fs.h: _IOW(0x94, 9, int)


def reflink(source: Path, target: Path) -> bool:
    """Make ``target`` (must not exist) share the blocks of ``source`` until one is changed; False where the disk cannot do that."""
    if sys.platform.startswith("linux"):
        import fcntl

        try:
            with source.open("rb") as old, target.open("xb") as new:
                fcntl.ioctl(new.fileno(), _FICLONE, old.fileno())
        except OSError:
            target.unlink(missing_ok=True)
            return False
        return True
    if sys.platform == "darwin":
        function = getattr(ctypes.CDLL(None, use_errno=True), "clonefile", None)
        if function is None:
            return False
        return bool(function(str(source).encode(), str(target).encode(), 0) == 0)
    return False


def copy_file(source: Path, target: Path, size: int, check_cancel: Cancel, on_bytes: Progress) -> None:
    """Copy the first ``size`` bytes."""
    with source.open("rb") as old, target.open("xb") as new:
        left = size
        while left > 0:
            check_cancel()
            block = old.read(min(_BLOCK, left))
            if not block:
                break
            new.write(block)
            left -= len(block)
            on_bytes(len(block), 0, "bytes")


def used_bytes(dataset: Path) -> int:
    """Bytes of ``data.mdb`` that hold something (upstream's may be far longer, with holes)."""
    with MdbFile(dataset / "data.mdb") as file:
        return min(file.file_size, (file.meta.last_page + 1) * file.meta.page_size)


def clone(
    dataset: Path,
    output: Path,
    *,
    paths: AppPaths,
    on_progress: Progress = lambda *_: None,
    check_cancel: Cancel = lambda: None,
) -> dict[str, Any]:
    """Copy a dataset with its sidecar and marks: ``path``, ``method`` (reflink or copy), ``bytes``, ``chunks``.

    Raises :class:`UserError` as :class:`Dataset` and :func:`copying.aside` do.
    """
    with Dataset(dataset) as one:
        chunks, lazy = one.chunks, one.lazy
    size = used_bytes(dataset)
    done = 0

    def copied(amount: float, *_: object) -> None:
        nonlocal done
        done += int(amount)
        on_progress(min(done, size), size, "bytes")

    method = "copy"
    probe = output.with_name(f".{output.name}.reflink")
    output.parent.mkdir(parents=True, exist_ok=True)
    can = reflink(dataset / "metadata.yaml", probe)
    probe.unlink(missing_ok=True)
    with aside(output, 0 if can else size) as folder:
        if can and reflink(dataset / "data.mdb", folder / "data.mdb"):
            method = "reflink"
        else:
            copy_file(dataset / "data.mdb", folder / "data.mdb", size, check_cancel, copied)
        if (dataset / FILE_NAME).is_file():
            shutil.copyfile(dataset / FILE_NAME, folder / FILE_NAME)
            marks = beside(dataset, paths) / MARKS
            if marks.is_file():
                (folder / FOLDER).mkdir()
                shutil.copyfile(marks, folder / FOLDER / MARKS)
        carry(dataset, folder)
        if lazy:  # paths of recordings are told from the place where the dataset lies
            resettle(folder, output, [dataset], always=True)
        shutil.copyfile(dataset / "metadata.yaml", folder / "metadata.yaml")
    on_progress(size, size, "bytes")
    return {"path": str(output), "method": method, "bytes": size, "chunks": chunks}
