"""Where a decoding process leaves finished chunks for the building one: memory that both see, used over and over.

Passing them through a file makes the system take and give back a page of memory for every four kilobytes of a recording, which costs
as much as hashing them. The memory belongs to a small file beside the spool, so that it needs no permission and no cleaning up but
that of the folder. What does not fit while the other side is behind goes to the spool.
"""

from __future__ import annotations

import contextlib
import mmap
from collections.abc import Callable
from pathlib import Path

SLOTS_BYTES = 16 << 20


class Slots:
    """``count`` places of ``size`` bytes in the file at ``path``, taken and given back in turn."""

    def __init__(self, path: Path, size: int, count: int) -> None:
        self.path, self.size, self.count = path, size, count
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), size * count)

    @classmethod
    def create(cls, path: Path, size: int) -> Slots | None:
        """As many as fit into :data:`SLOTS_BYTES`; None when there would be too few to be of use, or the disk refuses."""
        count = SLOTS_BYTES // size
        if count < 4:
            return None
        try:
            path.write_bytes(
                bytes(size * count)
            )  # written, not only announced: a full disk is met here, not in the map
            return cls(path, size, count)
        except (OSError, ValueError):
            with contextlib.suppress(OSError):  # what was written of it would keep a full disk full
                path.unlink(missing_ok=True)
            return None

    def fill(self, number: int, pcm: memoryview) -> None:
        """Put a chunk into place ``number``, counted on and on."""
        at = number % self.count * self.size
        self._map[at : at + self.size] = pcm  # type: ignore[assignment] # any buffer will do

    def empty(self, number: int, target: memoryview) -> None:
        """Copy the chunk in place ``number`` into ``target``."""
        at = number % self.count * self.size
        with memoryview(self._map) as view, view[at : at + self.size] as slot:
            target[:] = slot

    def close(self, *, remove: bool = False) -> None:
        """Let go of the memory."""
        with contextlib.suppress(BufferError):
            self._map.close()
        if remove:
            with contextlib.suppress(OSError):
                self.path.unlink()


class Giver:
    """The decoding process's side: puts chunks into free places."""

    def __init__(self, slots: Slots, freed: Callable[[], int]) -> None:
        """``freed`` says, without waiting, how many places were given back since it was last asked."""
        self._slots, self._freed = slots, freed
        self._next = 0
        self._free = slots.count
        self.batch = max(1, slots.count // 4)
        """So many chunks are told of at once."""

    def put(self, pcm: memoryview) -> int:
        """The number of the place that holds the chunk now; -1 when all are full."""
        if self._free == 0:
            self._free += self._freed()
        if self._free == 0:
            return -1
        number, self._next, self._free = self._next, self._next + 1, self._free - 1
        self._slots.fill(number, pcm)
        return number


class Taker:
    """The building process's side: takes chunks out in the order in which they came, and gives the places back."""

    def __init__(self, slots: Slots, give_back: Callable[[int], None]) -> None:
        self.slots, self._give_back = slots, give_back
        self._emptied = 0

    def take(self, number: int, target: memoryview) -> None:
        """Copy a chunk into ``target``; its place is free again."""
        self.slots.empty(number, target)
        self._emptied += 1
        if self._emptied >= max(1, self.slots.count // 4):
            emptied, self._emptied = self._emptied, 0
            self._give_back(emptied)
