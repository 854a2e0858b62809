"""Start processes that outlive us, detached as each system wants it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import IO, Any


def spawn(
    command: list[str], *, env: dict[str, str], cwd: Path, output: IO[bytes] | None, detached: bool = True
) -> subprocess.Popen[bytes]:
    """Start ``command`` in a session of its own, with no input, its output appended to ``output`` (None: dropped).

    Detached processes get no console and leave the job object of whoever started us (Windows), where that is allowed.
    Raises :class:`OSError` when the program cannot be started.
    """
    sink: Any = subprocess.DEVNULL if output is None else output
    if sys.platform != "win32":
        return subprocess.Popen(
            command,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    flags = subprocess.CREATE_NEW_PROCESS_GROUP
    # A console program started by a process without console opens a window, unless it is told not to.
    flags |= subprocess.DETACHED_PROCESS if detached else subprocess.CREATE_NO_WINDOW
    for extra in (subprocess.CREATE_BREAKAWAY_FROM_JOB, 0):
        try:
            return subprocess.Popen(
                command,
                env=env,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                creationflags=flags | extra,
            )
        except PermissionError:  # our own job object forbids leaving it
            if not extra:
                raise
    raise AssertionError("unreachable")
