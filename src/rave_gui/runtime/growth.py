"""How much of an installation has arrived, in bytes on disk: uv says nothing between the start and the end of a package."""

from __future__ import annotations

import os
from pathlib import Path


class Growth:
    """Bytes of the environment being built, or of what is new in uv's cache, whichever is more.

    uv downloads and unpacks into its cache first and links the files into the environment at the end, so the cache grows while the
    environment does not; where the cache has everything already, only the environment grows.
    """

    def __init__(self, environment: Path, cache: Path | None, total: int) -> None:
        self.environment = environment
        self.total = total
        self._cache = cache
        self._known = set(self._entries())
        self._most = 0

    def bytes(self) -> int:
        """Bytes arrived so far; never less than said before, never more than the total."""
        arrived = sum(folder_bytes(p) for p in self._entries() if p not in self._known)
        self._most = min(self.total, max(self._most, arrived, folder_bytes(self.environment)))
        return self._most

    def _entries(self) -> list[Path]:
        """Unpacked packages, finished (``archive-v*``) or under way (temporary folders at the cache's top)."""
        if self._cache is None or not self._cache.is_dir():
            return []
        found: list[Path] = []
        for entry in self._cache.iterdir():
            if entry.name.startswith("archive-"):
                found += entry.iterdir()
            elif entry.name.startswith(".tmp") or entry.name.startswith("builds-"):
                found.append(entry)
        return found


def folder_bytes(folder: Path) -> int:
    """Bytes of all files below ``folder`` (0 when it is not there); files that vanish meanwhile count nothing."""
    total = 0
    pending = [str(folder)]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue
    return total
