"""Work that does what a test says: the first entry of ``sources`` names a behaviour below."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rave_gui.errors import UserError
from rave_protocol import events
from rave_protocol.specs import DatasetParams
from rave_protocol.work import WorkContext


def run(params: DatasetParams, job: WorkContext) -> dict[str, Any]:
    """Behave as asked; the result says what was done."""
    return {
        "quick": quick,
        "told": told,
        "deaf": deaf,
        "user": user,
        "bug": bug,
        "full": full,
        "exit": leave,
        "children": children,
    }[params.sources[0]](params, job)


def quick(params: DatasetParams, job: WorkContext) -> dict[str, Any]:
    for done in range(4):
        job.progress(done, 3, unit="steps", force=True)
    return {"path": params.output}


def told(params: DatasetParams, job: WorkContext) -> dict[str, Any]:
    """Work until stopped, or until the file ``<output>.go`` is there."""
    done, paused, go = 0, False, Path(params.output + ".go")
    while not go.exists():
        for command in job.commands():
            if command.name in ("pause", "resume"):
                paused = command.name == "pause"
                job.ack(command)
                job.emit(events.Paused() if paused else events.Resumed())
            elif command.name == "stop":
                job.ack(command)
                return {"path": params.output, "done": done, "stopped": True}
            elif command.name == "phase2":
                job.ack(command, ok=False, message="There is no phase 2 here.")
            else:
                job.ack(command)
        if job.cancelled:
            job.check_cancel()
        if not paused:
            done += 1
            job.progress(done, 0, unit="rounds")
        time.sleep(0.01)
    return {"path": params.output, "done": done}


def deaf(params: DatasetParams, job: WorkContext) -> dict[str, Any]:
    """Neither commands nor polite signals end this; nor those it started."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen(
        [sys.executable, "-c", "import signal,time;signal.signal(15,signal.SIG_IGN);time.sleep(600)"]
    )
    job.emit(events.Log(f"child {child.pid}"))
    while True:
        time.sleep(1)


def children(params: DatasetParams, job: WorkContext) -> dict[str, Any]:
    child = subprocess.Popen([sys.executable, "-c", "import time;time.sleep(600)"])
    job.emit(events.Log(f"child {child.pid}"))
    return told(params, job)


def user(params: DatasetParams, job: WorkContext) -> dict[str, Any]:
    raise UserError("There is no sound in there.", "Choose another folder.", "0 files", "no-audio")


def bug(params: DatasetParams, job: WorkContext) -> dict[str, Any]:
    raise RuntimeError("never meant to happen")


def full(params: DatasetParams, job: WorkContext) -> dict[str, Any]:
    raise OSError(errno.ENOSPC, "No space left on device", "/somewhere")


def leave(params: DatasetParams, job: WorkContext) -> dict[str, Any]:
    print("last words", flush=True)
    os._exit(7)
