"""The real warm worker with small methods in place of RAVE's: the server, its forks and its protocol without torch.

Run as ``python warm_stub.py worker ENDPOINT_FILE`` with the application's interpreter; jobs are run by ``HANDLERS``.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from rave_engine import main as engine_main
from rave_engine.errors import EngineError
from rave_engine.jobs import JobContext
from rave_engine.warm import lock_path
from rave_engine.warm.methods import METHODS
from rave_engine.warm.server import Server
from rave_protocol.locks import OsLock


def echo(params: dict[str, Any]) -> dict[str, Any]:
    """The parameters, and which process saw them."""
    return {**params, "child": os.getpid()}


def wait(params: dict[str, Any]) -> dict[str, Any]:
    """Write the own pid to a file, then never answer."""
    Path(params["file"]).write_text(str(os.getpid()), encoding="ascii")
    while True:
        time.sleep(60)


def refuse(params: dict[str, Any]) -> dict[str, Any]:
    """The engine's way of saying what a user can fix."""
    raise EngineError("bad-thing", "The thing is bad.", "Use another thing.", str(params))


def crash(params: dict[str, Any]) -> dict[str, Any]:
    """Die without an answer, by the signal asked for."""
    os.kill(os.getpid(), getattr(signal, params["signal"]))
    return {}


def work(_params: Any, job: JobContext) -> dict[str, Any]:
    """A job's work: say so in the log and end."""
    job.log("working")
    return {"session": getattr(os, "getsid", int)(0), "parent": os.getppid()}


def main() -> int:
    """Serve as :func:`rave_engine.warm.serve` does, without RAVE."""
    METHODS.update(echo=echo, wait=wait, refuse=refuse, crash=crash)
    engine_main.handlers = lambda: {"verify": work}
    endpoint = Path(sys.argv[2])
    lock = OsLock(lock_path(endpoint))
    if not lock.acquire():
        return 0
    Server(endpoint, lock, idle=float(os.environ.get("RAVE_GUI_WARM_IDLE", "60"))).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
