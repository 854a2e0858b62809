"""Decoding recordings only to know how long they are and how much of them is silence; nothing is kept."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rave_gui.datasets.decoders import usable_cores
from rave_gui.datasets.messages import Outcome, Settings, Task
from rave_gui.datasets.pool import DecodePool
from rave_gui.datasets.scan import ScanRow

_ALL = 1 << 60


@dataclass(frozen=True)
class Heard:
    """Samples of a file at the dataset's rate, and how many of them stay when silence is cut."""

    samples: int
    kept: int


class Stopped(Exception):  # noqa: N818 - an outcome, not an error
    """The user does not want to wait."""


def listen_to(
    rows: Sequence[ScanRow],
    settings: Settings,
    stopped: Callable[[], bool],
    on_progress: Callable[[float, float], None] | None,
) -> dict[str, Heard]:
    """What every file holds. Raises :class:`Stopped`."""
    found: dict[str, Heard] = {}
    total = sum(row.seconds or 0.0 for row in rows)
    running: dict[int, float] = {}
    done = 0.0
    with tempfile.TemporaryDirectory() as folder:
        plain = dataclasses.replace(settings, spool=folder, normalise="none")
        with DecodePool(plain, min(usable_cores(), max(1, len(rows)))) as pool:
            waiting = list(enumerate(rows))[::-1]
            while waiting or pool.busy:
                if stopped():
                    raise Stopped
                while pool.free and waiting:
                    index, row = waiting.pop()
                    pool.submit(Task(index, row.path, skip=_ALL))
                for event in pool.events(timeout=0.05):
                    running[event.index] = event.samples / settings.sample_rate
                    if isinstance(event, Outcome):
                        done += running.pop(event.index)
                        kept = event.samples - event.trimmed
                        found[rows[event.index].path] = Heard(event.samples, kept)
                if on_progress is not None:
                    now = done + sum(running.values())
                    on_progress(now, max(total, now))
    return found
