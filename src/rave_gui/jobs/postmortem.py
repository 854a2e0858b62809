"""Say in plain words why a working process is gone, from its exit code, the kernel's counters and its last lines."""

from __future__ import annotations

import re
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RETRY = (
    "Press Retry: a training goes on from its last checkpoint, the making of a dataset or archive from what is done; "
    "other work starts over."
)


NO_ROOM = 1 << 20
"""Bytes; with less on its disk a job can write neither its state nor its log."""


@dataclass(frozen=True)
class Death:
    """What is known. ``code``: exit code, negative for a signal (as ``subprocess`` says), None when nobody saw it."""

    code: int | None = None
    out_of_memory: bool = False
    """The kernel killed processes for memory while this one ran."""
    disk_full: bool = False
    """Less than :data:`NO_ROOM` is free where the job's folder lies: it could not have said so."""


def oom_kills() -> int:
    """Processes the Linux kernel has killed for memory since the boot (all control groups); 0 where nobody counts."""
    try:
        lines = Path("/proc/vmstat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def unreadable(error: Exception) -> dict[str, Any]:
    """The error of a job whose specification is of another protocol version, or damaged: it can never run here."""
    return {
        "code": "protocol",
        "message": f"The job's specification cannot be read: {error}.",
        "hint": "It may come from another version of RAVE GUI, or be damaged: start the job anew.",
        "details": "",
        "user": True,
    }


def explain(death: Death, log_tail: str) -> dict[str, Any]:
    """The error of an interrupted job: code, message, hint, details (its last log lines)."""
    killed = death.code is None or death.code == -9
    if (death.out_of_memory and killed) or _says_out_of_memory(log_tail):
        return _error(
            "out-of-memory",
            "The work was ended because the computer ran out of memory.",
            "Close other programs, or use a smaller batch or model. Then press Retry.",
            log_tail,
        )
    ended_by_others = death.code in (-9, -15)
    if (death.disk_full and not ended_by_others) or "No space left on device" in log_tail:
        return _error(
            "disk-full",
            "The work ended because the disk is full.",
            "Free some space, then press Retry: what was finished is kept.",
            log_tail,
        )
    noted = re.search(r"^The process doing the work was ended by the signal \w+\.$", log_tail, re.MULTILINE)
    if death.code is None and noted is not None:
        message = noted.group()  # written by the warm worker, which was the process's parent
    elif death.code is None:
        message = "The work ended without a word: its process was killed, crashed, or the computer was switched off."
    elif death.code < 0:
        message = f"The process doing the work was ended by the signal {_signal_name(-death.code)}."
    elif sys.platform == "win32" and death.code >= 0xC0000000:
        message = f"The process doing the work crashed (Windows error {death.code:#010x})."
    else:
        message = f"The process doing the work ended without saying why (exit code {death.code})."
    return _error("interrupted", message, RETRY, log_tail)


def _says_out_of_memory(log_tail: str) -> bool:
    return any(word in log_tail for word in ("MemoryError", "std::bad_alloc", "can't allocate memory"))


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _error(code: str, message: str, hint: str, details: str) -> dict[str, Any]:
    return {"code": code, "message": message, "hint": hint, "details": details, "user": code == "disk-full"}
