"""What a queued job waits for: the jobs that hold the slots it needs."""

from __future__ import annotations

from collections.abc import Sequence

from rave_gui.jobs.dispatcher import EVERYWHERE, LIGHT, LIGHT_SLOTS
from rave_gui.jobs.registry import Row


def in_the_way(own: Row, live: Sequence[Row]) -> list[Row]:
    """Those of ``live`` (rows whose job somebody is at work on, or that are paused) that keep ``own`` from being started."""
    others = [row for row in live if row.id != own.id]
    if own.lane == LIGHT:
        light = [row for row in others if row.lane == LIGHT]
        return light if len(light) >= LIGHT_SLOTS else []
    if own.lane == EVERYWHERE:
        return [row for row in others if row.lane != LIGHT]
    return [row for row in others if row.lane in (own.lane, EVERYWHERE)]
