"""Entry of the engine process: ``job FOLDER``, ``worker ENDPOINT_FILE``, ``check``, ``list-configs``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rave_engine.jobs import JobContext, run_job


def main(argv: list[str]) -> int:
    """Run one subcommand; its exit code."""
    command, rest = (argv[0], argv[1:]) if argv else ("", [])
    if command == "job" and len(rest) == 1:
        return run_job(Path(rest[0]), handlers())
    if command == "worker" and len(rest) == 1:
        from rave_engine.warm import serve

        return serve(Path(rest[0]))
    if command == "check":
        from rave_engine.check import check

        print(json.dumps(check()))
        return 0
    if command == "list-configs":
        from rave_engine.configs import list_configs

        print(json.dumps(list_configs()))
        return 0
    print("usage: job FOLDER | worker ENDPOINT_FILE | check | list-configs", file=sys.stderr)
    return 2


def handlers() -> dict[str, Callable[[Any, JobContext], dict[str, Any]]]:
    """The working function of each engine kind; imported only when its job runs."""

    def train(params: Any, job: JobContext) -> dict[str, Any]:
        from rave_engine import training

        return training.run(params, job)

    def trial(params: Any, job: JobContext) -> dict[str, Any]:
        from rave_engine import training

        return training.try_out(params, job)

    def render(params: Any, job: JobContext) -> dict[str, Any]:
        from rave_engine import inference

        return inference.render(params, job)

    def evaluate(params: Any, job: JobContext) -> dict[str, Any]:
        from rave_engine import inference

        return inference.evaluate(params, job)

    def export(params: Any, job: JobContext) -> dict[str, Any]:
        from rave_engine import export as exporting

        return exporting.run(params, job)

    def verify(params: Any, job: JobContext) -> dict[str, Any]:
        from rave_engine import export as exporting

        return exporting.verify(params, job)

    return {
        "train": train,
        "trial": trial,
        "render": render,
        "evaluate": evaluate,
        "export": export,
        "verify": verify,
    }
