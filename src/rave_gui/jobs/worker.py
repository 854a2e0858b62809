"""The working process of kinds that need no engine: ``python -m rave_gui.jobs.worker FOLDER``."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from rave_gui.errors import UserError
from rave_gui.jobs.handlers import HANDLERS
from rave_gui.paths import default_paths
from rave_gui.settings import speak
from rave_protocol import events
from rave_protocol.work import Handler, WorkContext, run_work


def resolve(name: str) -> Handler:
    """The function that ``module:function`` names, imported when it is first called."""
    module, _, function = name.partition(":")

    def call(params: Any, job: WorkContext) -> dict[str, Any]:
        handler: Handler = getattr(importlib.import_module(module), function)
        return handler(params, job)

    return call


def describe(error: Exception) -> events.Failed | None:
    """The application's own expected errors as a failed event."""
    if isinstance(error, UserError):
        return events.Failed(error.code, error.message, error.hint, error.details, user=True)
    return None


def main(argv: list[str] | None = None) -> int:
    """Do the job of the folder given as the only argument; the exit code of :func:`rave_protocol.work.run_work`."""
    args = sys.argv[1:] if argv is None else argv
    if len(args) != 1:
        print("usage: worker FOLDER", file=sys.stderr)
        return 2
    speak(default_paths().config)
    handlers = {kind: resolve(name) for kind, name in HANDLERS.items()}
    return run_work(Path(args[0]).absolute(), handlers, role="worker", describe=describe)


if __name__ == "__main__":
    sys.exit(main())
