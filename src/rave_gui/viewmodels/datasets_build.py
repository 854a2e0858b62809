"""A dataset being made: its job's progress, and what became of every file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rave_gui.i18n import tr
from rave_gui.viewmodels.datasets import BUILDS
from rave_gui.viewmodels.jobs import ACTIVE, Row, fraction

if TYPE_CHECKING:
    from rave_gui.datasets.progress import FileState


class BuildModel:
    """State of one job of kind dataset or dataset-append."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Nothing is known."""
        self.files: list[FileState] = []
        """Files that were begun, in that order, each in its newest state."""
        self._places: dict[str, int] = {}
        self._states: Counter[str] = Counter()
        self.kind = "dataset"
        self.state = "queued"
        self.message = self.reason = ""
        self.share: float | None = None
        self.done = self.total = 0.0
        """Seconds of sound."""
        self.rate: float | None = None
        """Seconds of sound a second."""
        self.eta: float | None = None
        self.started: float | None = None
        self.ended: float | None = None

    @property
    def active(self) -> bool:
        """Whether the job may still change."""
        return self.state in ACTIVE

    @property
    def finished(self) -> int:
        """Files that are not being read any more."""
        return len(self.files) - self._states["reading"]

    @property
    def problems(self) -> int:
        """Files with a problem."""
        return self._states["problem"]

    def elapsed(self, now: float) -> float:
        """Seconds since it started, until its end."""
        return max(0.0, (self.ended or now) - self.started) if self.started is not None else 0.0

    def apply(self, view: Row) -> None:
        """Take over the job's state."""
        self.kind, self.state = view.kind, view.state
        self.started, self.ended = view.started, view.ended
        self.share = fraction(view)
        error = view.error or {}
        self.reason = (
            " ".join(part for part in (error.get("message"), error.get("hint")) if part) or view.reason
        )
        if view.state == "interrupted":
            self.reason = tr("What was done so far is kept. Resume it, and only the missing work is done.")
        progress: dict[str, Any] = view.progress or {}
        self.message = str(progress.get("message") or progress.get("phase") or "")
        if progress.get("unit") in ("s", "seconds", "second", "audio seconds"):
            self.done, self.total = float(progress.get("done") or 0.0), float(progress.get("total") or 0.0)
        for key in ("rate", "eta"):
            value = progress.get(key)
            if isinstance(value, (int, float)):
                setattr(self, key, float(value))

    def add(self, states: Iterable[FileState]) -> None:
        """Changes of files, oldest first."""
        for state in states:
            place = self._places.get(state.path)
            if place is None:
                self._places[state.path] = len(self.files)
                self.files.append(state)
            else:
                self._states[self.files[place].state] -= 1
                self.files[place] = state
            self._states[state.state] += 1

    @property
    def reads_files(self) -> bool:
        """Whether the job goes through recordings one by one, and says what becomes of each."""
        return self.kind in BUILDS

    @property
    def title(self) -> str:
        """What goes on, in a few words."""
        if self.state == "running":
            return {
                "dataset-clone": tr("Making the copy"),
                "dataset-clean": tr("Copying all but the marked chunks"),
                "dataset-repair": tr("Saving what can be read"),
                "dataset-restore": tr("Unpacking the backup"),
            }.get(self.kind, tr("Reading your recordings"))
        return {
            "queued": tr("Waiting for its turn"),
            "starting": tr("Starting"),
            "paused": tr("Paused"),
            "stopping": tr("Being cancelled"),
            "succeeded": tr("Done"),
            "failed": tr("The dataset could not be made"),
            "cancelled": tr("Cancelled"),
            "interrupted": tr("The computer or the program ended while it was being made"),
        }.get(self.state, self.state)
