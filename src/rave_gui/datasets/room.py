"""Whether a dataset fits where it is to go, asked from headers before the first second is decoded."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from rave_gui.datasets.remarks import no_room, too_large
from rave_gui.datasets.search import Found, printable
from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.projects.size import disk_usage
from rave_protocol.specs import DatasetParams

_LEAST = 500
"""Bytes that a second of sound takes in its file at the least (4 kbit/s), digital silence aside: where even so much sound would fit,
headers are not read."""
_CHANNELS = 8
"""A file has hardly ever more, where each channel of it becomes sound of its own."""
_UNSURE = 1.5
"""Lengths that headers only estimate have to be beyond the room by this factor."""


def _most(params: DatasetParams, files: Sequence[Found]) -> float:
    """Bytes that the files' sound cannot exceed as a dataset, whatever their headers say; each may be padded to a whole chunk."""
    channels = _CHANNELS if params.mono == "separate" else params.channels
    seconds = sum(file.size for file in files) / _LEAST
    return 2 * channels * (seconds * params.sample_rate + len(files) * 2 * params.num_signal)


def refusal(
    params: DatasetParams,
    files: Sequence[Found],
    building: Path,
    check: Callable[[], None],
    *,
    limited: bool = True,
) -> UserError | None:
    """Why the dataset cannot be begun (``too-large``, ``disk-full``), or None. ``building``: where it grows; what lies there is its room, too.

    ``limited`` False: ``max_size`` is not looked at. Nothing is said where silence is cut: nobody knows yet how much is left.
    """
    if params.lazy or params.trim_silence:
        return None
    free = shutil.disk_usage(building).free + disk_usage(building, check)[0]
    allowed = params.max_size if limited and params.max_size else None
    room = free if allowed is None else min(free, allowed)
    if _most(params, files) < room:
        return None
    from rave_gui.datasets.preflight import bytes_needed
    from rave_gui.datasets.scan import headers_of

    needed, exact = bytes_needed(params, headers_of(files, check))
    sure = needed if exact else needed / _UNSURE
    if allowed is not None and sure > allowed:
        found = too_large(needed, allowed)
        return UserError(found.message, found.hint, code=found.code)
    if sure > free:
        found = no_room(needed, free)
        message = tr(
            "{problem} It is the disk of {folder}.",
            problem=found.message,
            folder=printable(str(building.parent)),
        )
        return UserError(message, found.hint, code=found.code)
    return None
