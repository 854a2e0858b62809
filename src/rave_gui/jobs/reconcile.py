"""Make a job's state true again after processes died: from its events, its commands and its locks alone."""

from __future__ import annotations

import contextlib
import shutil
import time
from dataclasses import replace

from rave_gui.jobs.fold import Fold
from rave_gui.jobs.folder import JobFolder
from rave_gui.jobs.postmortem import NO_ROOM, Death, explain, unreadable
from rave_gui.jobs.reader import EventReader
from rave_gui.jobs.state import LIVE, JobState
from rave_protocol.codec import ProtocolError, decode
from rave_protocol.commands import Command
from rave_protocol.files import LineFollower
from rave_protocol.work import work_begun

MAX_ATTEMPTS = 5
"""Runners that may die on one job before it is given up."""


def read_commands(lines: LineFollower) -> list[Command]:
    """New commands; lines that are none are the working process's to complain about."""
    found = []
    for data in lines.read():
        with contextlib.suppress(ProtocolError):
            found.append(decode(Command, data))
    return found


def replay(folder: JobFolder, old: JobState, reader: EventReader, commands: LineFollower) -> Fold:
    """Fold everything a job's folder says from its first line; keeps who ran it (host, runner, attempts) from ``old``."""
    state = JobState(
        state="starting",
        host=old.host,
        machine=old.machine,
        attempts=old.attempts,
        started=old.started,
        pids=dict(old.pids),
    )
    fold = Fold(state)
    for command in read_commands(commands):
        fold.command(command, time.time())
    while events := reader.read():
        for stamped in events:
            fold.event(stamped)
    return fold


def reconcile(folder: JobFolder) -> JobState:
    """The state of a job, corrected when it claims to be alive and nobody holds its locks.

    Neither lock held and no end written: ``interrupted``; where no work had begun yet: ``queued`` again. Jobs of another
    computer and jobs in a folder that cannot be written are returned as they stand.
    """
    state = folder.read_state()
    if state.state not in LIVE or folder.is_foreign(state) or folder.runner_alive() or folder.work_alive():
        return state
    try:
        with folder.sole() as alone:
            return settle(folder) if alone else folder.read_state()
    except OSError:
        return state


def settle(folder: JobFolder, death: Death | None = None) -> JobState:
    """Decide how a job without runner and work stands, and write it; only while holding both locks.

    A full disk does not hide the truth: the state is returned even when it cannot be written.
    """
    old = folder.read_state()
    if old.final:
        return old
    fold = replay(folder, old, EventReader(folder.path), LineFollower(folder.commands))
    state = fold.state
    if not state.final:
        begun = work_begun(folder.path)
        if fold.cancel_requested is not None or (state.state == "stopping" and not begun):
            state.move("cancelled")
        elif not begun and state.attempts < MAX_ATTEMPTS:
            state.move("queued")
            state.pids = {"runner": None, "engine": None}
        else:
            interrupt(state, folder, death or Death())
    if state.final and state.ended is None:
        state.ended = time.time()
    with contextlib.suppress(OSError):
        folder.write_state(state)
    return state


def interrupt(state: JobState, folder: JobFolder, death: Death) -> None:
    """End a job whose work died without a word."""
    with contextlib.suppress(OSError):
        if shutil.disk_usage(folder.path).free < NO_ROOM:
            death = replace(death, disk_full=True)
    error = explain(death, folder.log_tail())
    state.error = error
    state.ended = time.time()
    state.rests = state.state in ("paused", "stopping")
    state.move("interrupted", error["message"])


def end_stray(folder: JobFolder, reason: str) -> bool:
    """End a waiting job that is not this user's to run; where that cannot be written, it only waits on (False).

    One that cannot be read could not be retried either: it failed, and says why.
    """
    with contextlib.suppress(OSError), folder.sole() as alone:
        state = folder.read_state()
        if not alone or state.state != "queued":
            return alone
        state.ended = time.time()
        try:
            folder.read_spec()
            state.move("interrupted", reason)
        except ProtocolError as error:
            state.error = unreadable(error)
            state.move("failed", state.error["message"])
        folder.write_state(state)
        return True
    return False
