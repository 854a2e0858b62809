"""Names of the files in a job's folder ``jobs/<id>/`` and of the locks around it."""

from __future__ import annotations

SPEC = "spec.json"
STATE = "state.json"
EVENTS = "events.jsonl"
COMMANDS = "commands.jsonl"
LOG = "log.txt"
AIM = "aim.json"
"""Of a training that was made longer or shorter while it ran: how many steps in all it has been told (see :mod:`rave_protocol.aim`)."""
RUNNER_LOCK = "runner.lock"
"""Held by the detached runner. Who holds it (or, when nobody works, whoever takes it) may write state.json."""
WORK_LOCK = "work.lock"
"""Held by the process that does the work (engine or application worker). It outlives a killed runner: a new runner re-attaches."""
