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

_MOST = 400
"""Sound never takes more than so many times the bytes of its file (8 kbit/s becoming 16 bit stereo at 96 kHz), digital silence aside:
where even that fits, headers are not read."""
_UNSURE = 1.5
"""Lengths that headers only estimate have to be beyond the room by this factor."""


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
    if sum(file.size for file in files) * _MOST < room:
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
