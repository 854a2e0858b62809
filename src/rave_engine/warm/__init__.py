"""The warm worker: one process per user with RAVE imported, which answers at once what a cold start makes one wait for.

``import torch`` and ``import rave`` cost seconds (measured by ``benchmarks/warm_start.py``); a fork of a process that has done
both costs milliseconds. The parent therefore only listens, forks and passes answers on: it never runs a torch kernel, starts
no OpenMP thread and never initialises CUDA, each of which would make a fork unsafe. Where there is no fork (Windows) requests
run one after another in a thread of the worker itself, and ``run_job`` is refused; that way is unverified.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

from rave_protocol.locks import OsLock

IDLE_SECONDS = 600.0
"""A worker that nobody asked anything for so long, and whose children have all ended, leaves."""


def lock_path(endpoint: Path) -> Path:
    """The lock that makes the worker the only one of its user."""
    return endpoint.with_name(f"{endpoint.name}.lock")


def serve(endpoint: Path) -> int:
    """Import RAVE, announce the worker in ``endpoint`` and answer until idle, asked to leave, or the endpoint is gone.

    Returns 0; also 0, at once, when another worker holds the lock beside the endpoint file. ``RAVE_GUI_WARM_IDLE`` overrides
    the idle time, in seconds.
    """
    endpoint = endpoint.absolute()
    lock = OsLock(lock_path(endpoint))
    if not lock.acquire(timeout=0.5):
        print("another warm worker is running", file=sys.stderr)
        return 0
    try:
        idle = float(os.environ.get("RAVE_GUI_WARM_IDLE", IDLE_SECONDS))
    except ValueError:
        idle = IDLE_SECONDS
    from rave_engine.warm.preload import LATER, load, preload
    from rave_engine.warm.server import Server

    preload()
    server = Server(endpoint, lock, idle=idle, chores=[partial(load, name) for name in LATER])
    server.run()
    return 0
