"""How much sound a build has done and has before it."""

from __future__ import annotations

from rave_gui.datasets.search import Found


class Estimate:
    """Seconds of sound done and to come: headers where files were opened, bytes elsewhere."""

    def __init__(self, files: list[Found]) -> None:
        self._sizes = [file.size for file in files]
        self._total_bytes = sum(self._sizes)
        self._known_bytes = 0
        self._known_seconds = 0.0
        self._seen: set[int] = set()
        self._running: dict[int, float] = {}
        self._finished = 0.0
        self._before = 0.0

    def heard(self, index: int, duration: float | None, seconds: float) -> None:
        """A file under way has got to ``seconds``."""
        self._running[index] = seconds
        if index not in self._seen and duration:
            self._see(index, duration)

    def done(self, index: int, seconds: float) -> None:
        """A file is finished."""
        self._running.pop(index, None)
        self._finished += seconds
        if index not in self._seen:
            self._see(index, seconds)

    def _see(self, index: int, seconds: float) -> None:
        self._seen.add(index)
        self._known_bytes += self._sizes[index]
        self._known_seconds += seconds

    @property
    def decoded(self) -> float:
        """Seconds decoded so far."""
        return self._finished + sum(self._running.values())

    def total(self) -> float:
        """Seconds expected in all; 0 while nothing is known."""
        if not self._known_bytes:
            return 0.0
        return self._known_seconds * self._total_bytes / self._known_bytes

    def rate(self, elapsed: float) -> float | None:
        """Seconds of sound per second, None in the first second."""
        return self.decoded / elapsed if elapsed > 1 and self.decoded else None
