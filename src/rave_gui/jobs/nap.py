"""Sleep that ends when a file changes: nobody waits for the next look at the clock, and nothing is read in vain."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

GLANCE_SECONDS = 0.03
"""Between two looks at the files' times."""

Stamp = tuple[tuple[int, int], ...]


class Nap:
    """Watches a few files while it sleeps."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = [os.fspath(path) for path in files]

    def stamp(self) -> Stamp:
        """Times and sizes of the files: they differ once somebody has written."""
        found = []
        for path in self._files:
            try:
                status = os.stat(path)  # noqa: PTH116 - many times a second
                found.append((status.st_mtime_ns, status.st_size))
            except OSError:
                found.append((0, 0))
        return tuple(found)

    def sleep(self, seconds: float, since: Stamp) -> None:
        """Sleep for so long at most; less when a file has changed since ``since``, which is to be taken before the files are read."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(GLANCE_SECONDS, left))
            if self.stamp() != since:
                return
