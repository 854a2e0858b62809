"""How much disk a folder takes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path


def disk_usage(path: Path, check: Callable[[], None] | None = None) -> tuple[int, int]:
    """Bytes on disk and number of files at and below ``path``; links are counted as themselves, what cannot be read is left out.

    ``check`` is called for every folder and may raise to end it.
    """
    if path.is_symlink() or path.is_file():
        try:
            return _bytes(path.lstat()), 1
        except OSError:
            return 0, 0
    size = files = 0
    waiting = [str(path)]
    while waiting:
        if check is not None:
            check()
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        size += _bytes(entry.stat(follow_symlinks=False))
                        files += 1
        except OSError:
            continue
    return size, files


def free_bytes(path: Path) -> int:
    """Free bytes on the disk of ``path`` or of its nearest parent that exists."""
    for folder in (path, *path.parents):
        if folder.exists():
            return shutil.disk_usage(folder).free
    return 0


def in_words(count: float) -> str:
    """Bytes for people, in powers of ten as disks are sold."""
    value, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while value >= 1000 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{value:.0f} {units[0]}" if units[0] in ("B", "kB") else f"{value:.1f} {units[0]}"


def _bytes(status: os.stat_result) -> int:
    blocks = getattr(status, "st_blocks", None)  # sparse files take less than they are long
    return status.st_size if blocks is None else int(blocks) * 512
