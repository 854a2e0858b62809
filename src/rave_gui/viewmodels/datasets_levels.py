"""Peak and loudness of a recording, measured when somebody asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rave_gui.viewmodels.datasets_files import Level

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services


def measured(services: Services, path: str, stopped: Callable[[], bool]) -> Level | None:
    """Levels of a file; None when it cannot be decoded or nobody waits any more."""
    from rave_gui.datasets import actions

    if stopped():
        return None
    found: Any = actions.measure(services, path)
    return Level(found.peak_db, found.loudness)
