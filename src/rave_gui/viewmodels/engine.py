"""The engine as the window shows it: there, missing, being set up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from psygnal import Signal

from rave_gui.viewmodels.job import JobModel
from rave_protocol.events import Stamped


class StatusLike(Protocol):
    """What is read of ``runtime.EngineStatus``."""

    @property
    def ready(self) -> bool: ...
    @property
    def torch(self) -> str | None: ...
    @property
    def device(self) -> str | None: ...
    @property
    def problem(self) -> str | None: ...
    @property
    def hint(self) -> str | None: ...


class EngineModel:
    """``known`` turns true with the first answer; ``install`` is the set-up under way or the last one."""

    changed = Signal()

    def __init__(self) -> None:
        self.known = False
        self.ready = False
        self.torch = ""
        self.device = ""
        self.problem = ""
        self.hint = ""
        self.install: JobModel | None = None
        self.install_job = ""

    @property
    def installing(self) -> bool:
        """Whether a set-up runs."""
        return self.install is not None and self.install.active

    def set_status(self, status: StatusLike) -> None:
        """Take over what the engine manager says."""
        self.known, self.ready = True, status.ready
        self.torch, self.device = status.torch or "", status.device or ""
        self.problem, self.hint = status.problem or "", status.hint or ""
        self.changed.emit()

    def begin_install(self) -> None:
        """A set-up starts, or one that runs was found."""
        self.install = JobModel()
        self.changed.emit()

    def apply(self, batch: Iterable[Stamped]) -> None:
        """Fold events of the set-up in."""
        if self.install is not None and self.install.apply(batch):
            self.changed.emit()

    def end_install(self, state: str, error: dict[str, str] | None = None, reason: str = "") -> None:
        """The set-up ended in ``state``."""
        if self.install is not None:
            self.install.set_state(state, error, reason)
        self.changed.emit()
