"""What became of every file while a dataset is made: ``files.jsonl`` in the job's folder, one line for each change.

A line is ``{"path", "state", "seconds", "code", "reason"}``; the last line about a path counts.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rave_protocol.codec import ProtocolError, decode, dumps, encode
from rave_protocol.files import LineFollower

FILE_NAME = "files.jsonl"
FLUSH_SECONDS = 0.2

FileStatus = Literal["reading", "done", "problem", "skipped"]
"""reading: being decoded; done: all of it is in the dataset or was left out as asked; problem: used in part or not at all
(see the reason); skipped: known already (a duplicate, or in the dataset already). A file without a line is waiting."""


@dataclass(frozen=True)
class FileState:
    """One file of a build. ``seconds`` is what was decoded of it, at the end."""

    path: str
    state: FileStatus
    seconds: float = 0.0
    code: str = ""
    reason: str = ""


def read(job_folder: Path) -> list[FileState]:
    """The present state of every file that was begun, in the order of their beginning; empty when there is none."""
    states: dict[str, FileState] = {}
    for state in Reader(job_folder).new():
        states[state.path] = state
    return list(states.values())


class Reader:
    """Follows ``files.jsonl`` of one job; keep it to read on where the last call ended."""

    def __init__(self, job_folder: Path) -> None:
        self._follower = LineFollower(job_folder / FILE_NAME)

    def new(self) -> list[FileState]:
        """Changes since the last call. Lines that are no file's state are passed over."""
        found = []
        while lines := self._follower.read():
            for line in lines:
                try:
                    found.append(decode(FileState, line))
                except ProtocolError:
                    continue
        return found


class Writer:
    """Appends to ``files.jsonl``, several lines at a time."""

    def __init__(self, job_folder: Path) -> None:
        self._file = (job_folder / FILE_NAME).open("a", encoding="utf-8", newline="\n")
        self._lines: list[str] = []
        self._written = 0.0

    def say(self, state: FileState) -> None:
        """Note a change; it reaches the file within a moment of the next :meth:`flush`."""
        self._lines.append(dumps(encode(state)) + "\n")

    def flush(self, *, force: bool = False) -> None:
        """Write what was noted, at most five times a second unless ``force``."""
        now = time.monotonic()
        if self._lines and (force or now - self._written > FLUSH_SECONDS):
            self._file.write("".join(self._lines))
            self._file.flush()
            self._lines, self._written = [], now

    def close(self) -> None:
        """Write the rest and close."""
        self.flush(force=True)
        self._file.close()
