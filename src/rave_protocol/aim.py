"""What a training aims at since somebody made it longer: written before that is acknowledged, read by whatever goes on with it.

A spec is never rewritten, so this lies beside it; without the file the spec's ``max_steps`` is the aim.
"""

from __future__ import annotations

from pathlib import Path

from rave_protocol import jobfolder
from rave_protocol.codec import ProtocolError
from rave_protocol.files import read_json, write_json


def write_aim(folder: Path, max_steps: int) -> None:
    """Note that the training of the job in ``folder`` ends after ``max_steps`` in all. Raises :class:`OSError`."""
    write_json(folder / jobfolder.AIM, {"max_steps": max_steps})


def read_aim(folder: Path) -> int | None:
    """The newest number of steps in all that the job in ``folder`` acknowledged; None when it is that of its spec."""
    try:
        steps = read_json(folder / jobfolder.AIM).get("max_steps")
    except (OSError, ProtocolError):
        return None
    return steps if isinstance(steps, int) and not isinstance(steps, bool) and steps > 0 else None
