"""Read a job's events as they come: incremental, and tolerant of torn or foreign lines."""

from __future__ import annotations

from pathlib import Path

from rave_protocol import events, jobfolder
from rave_protocol.codec import ProtocolError
from rave_protocol.events import Stamped
from rave_protocol.files import LineFollower


class EventReader:
    """Events appended since the last :meth:`read`. ``skipped`` counts lines that are no events of this version."""

    def __init__(self, folder: Path, offset: int = 0) -> None:
        self._lines = LineFollower(folder / jobfolder.EVENTS, offset)
        self._unknown = 0

    @property
    def skipped(self) -> int:
        """Lines that were not JSON, or no event this version knows."""
        return self._lines.malformed + self._unknown

    @property
    def offset(self) -> int:
        """Bytes read so far: a later reader may start there."""
        return self._lines.offset

    def read(self) -> list[Stamped]:
        """New events, oldest first; at most about 4 MiB at a time, so call again until it is empty."""
        while lines := self._lines.read():
            found = []
            for line in lines:
                try:
                    found.append(events.from_json(line))
                except ProtocolError:
                    self._unknown += 1
            if found:
                return found
        return []
