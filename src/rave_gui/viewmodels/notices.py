"""What the window has said: messages and ends of jobs, newest first, until it is closed."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from psygnal import Signal

LIMIT = 50


@dataclass(frozen=True)
class Notice:
    """One message. ``tone``: empty, success, warning or danger."""

    text: str
    hint: str = ""
    details: str = ""
    tone: str = ""
    page: str = ""
    """Page that shows more, empty for none; ``where`` says what of it."""
    where: dict[str, Any] = field(default_factory=dict)
    time: float = field(default_factory=time.time)


class Notices:
    """The last :data:`LIMIT` messages. ``changed`` after each; ``unread`` counts those since the list was looked at."""

    changed = Signal()

    def __init__(self) -> None:
        self.all: list[Notice] = []
        self.unread = 0

    def add(self, notice: Notice) -> None:
        """One more."""
        self.all = [notice, *self.all][:LIMIT]
        self.unread = min(LIMIT, self.unread + 1)
        self.changed.emit()

    def read(self) -> None:
        """The user has looked."""
        if self.unread:
            self.unread = 0
            self.changed.emit()

    def clear(self) -> None:
        """Forget all of them."""
        self.all, self.unread = [], 0
        self.changed.emit()
