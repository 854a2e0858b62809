"""The state machine, the folding of events into it, and what a dead process is said to have died of."""

from __future__ import annotations

import itertools
import json

import pytest

from rave_gui.jobs.fold import Fold
from rave_gui.jobs.postmortem import Death, explain
from rave_gui.jobs.state import FINAL, LIVE, STATES, TRANSITIONS, JobState, State, StateError
from rave_protocol import events
from rave_protocol.commands import Command, CommandName

ALLOWED = {
    "queued": "starting cancelled failed interrupted",
    "starting": "queued running stopping succeeded failed cancelled interrupted",
    "running": "paused stopping succeeded failed cancelled interrupted",
    "paused": "running stopping succeeded failed cancelled interrupted",
    "stopping": "running paused succeeded failed cancelled interrupted",
    "succeeded": "",
    "failed": "",
    "cancelled": "",
    "interrupted": "",
}
"""Written out a second time on purpose: a change of the table is a decision, not a slip."""


@pytest.mark.parametrize(("old", "new"), list(itertools.product(STATES, STATES)))
def test_every_step_is_allowed_or_refused(old: State, new: State) -> None:
    state = JobState(state=old)
    if new == old or new in ALLOWED[old].split():
        state.move(new, "why")
        assert (state.state, state.reason) == (new, "why")
    else:
        with pytest.raises(StateError, match=f"from {old} to {new}"):
            state.move(new)
        assert state.state == old


def test_the_table_is_whole() -> None:
    assert set(TRANSITIONS) == set(STATES)
    assert {"queued"} | FINAL | LIVE == set(STATES)
    assert all(not TRANSITIONS[state] for state in FINAL)
    # Nothing can hang: from every state that is not final, every kind of end can be reached in one step or by starting.
    for state in LIVE:
        assert TRANSITIONS[state] >= {"succeeded", "failed", "cancelled", "interrupted"}


def test_state_json_survives_a_round_trip_and_any_damage() -> None:
    state = JobState(
        "paused",
        "because",
        {"runner": 1, "engine": 2},
        {"done": 1.0},
        5.0,
        None,
        {"a": 1},
        None,
        6.0,
        3,
        "h",
        "m",
    )
    assert JobState.from_json(json.loads(json.dumps(state.to_json()))) == state
    for damage in (
        {},
        {"state": "on holiday"},
        {"state": 7, "pids": [], "started": "soon", "attempts": None, "error": "x"},
    ):
        assert JobState.from_json(damage) == JobState()


class Log:
    """Feeds a fold with rising times."""

    def __init__(self, state: State = "starting") -> None:
        self.fold = Fold(JobState(state=state))
        self.time = 100.0

    def __call__(self, *items: events.Event | Command) -> JobState:
        for item in items:
            self.time += 1
            if isinstance(item, Command):
                self.fold.command(item, self.time)
            else:
                self.fold.event(events.Stamped(self.time, item))
        return self.fold.state


def test_a_whole_life_folds_into_success() -> None:
    log = Log()
    assert log(events.Started(42)).state == "running"
    assert log.fold.state.pids["engine"] == 42
    assert log.fold.state.started == 101.0
    log(events.Progress(5, 10, "steps", phase="phase 1"))
    assert log.fold.state.progress == {
        "time": 102.0, "done": 5, "total": 10, "unit": "steps", "eta": None, "phase": "phase 1", "message": "", "rate": None,
    }  # fmt: skip
    assert log(events.Paused()).state == "paused"
    assert log(events.Resumed()).state == "running"
    state = log(events.Finished({"run": "r"}))
    assert (state.state, state.result, state.ended) == ("succeeded", {"run": "r"}, 105.0)
    assert log(events.Failed("x", "too late"), events.Progress(1, 2)).state == "succeeded"
    assert state.error is None


def test_a_stop_shows_at_once_and_keeps_the_result() -> None:
    log = Log()
    log(events.Started(1))
    assert log(Command("stop")).state == "stopping"
    state = log(events.Finished({"step": 7}, stopped=True))
    assert (state.state, state.result) == ("succeeded", {"step": 7, "stopped": True})


@pytest.mark.parametrize("paused", [False, True])
def test_a_refused_stop_goes_back(paused: bool) -> None:
    log = Log()
    log(events.Started(1))
    if paused:
        log(events.Paused())
    stop = Command("stop")
    assert log(stop).state == "stopping"
    state = log(events.Ack(stop.id, False, "Not now."))
    assert (state.state, state.reason) == ("paused" if paused else "running", "Not now.")


def test_a_refusal_read_before_its_command_counts() -> None:
    stop = Command("stop")
    assert Log()(events.Started(1), events.Ack(stop.id, False), stop).state == "running"


def test_a_cancel_outlives_a_refused_stop() -> None:
    log = Log()
    stop, cancel = Command("stop"), Command("cancel")
    state = log(events.Started(1), stop, cancel, events.Ack(stop.id, False))
    assert state.state == "stopping"
    assert log.fold.cancel_requested == 103.0
    assert log(events.Finished(cancelled=True, stopped=True)).state == "cancelled"


@pytest.mark.parametrize("name", ["save", "pause", "resume", "phase2", "preview"])
def test_other_commands_change_nothing_by_themselves(name: CommandName) -> None:
    assert Log()(events.Started(1), Command(name)).state == "running"


def test_a_failure_keeps_all_its_words() -> None:
    state = Log()(events.Started(1), events.Failed("no-audio", "None.", "Add some.", "…", user=True))
    assert state.state == "failed"
    assert state.error == {
        "code": "no-audio",
        "message": "None.",
        "hint": "Add some.",
        "details": "…",
        "user": True,
    }


def test_an_end_whose_start_was_torn_counts() -> None:
    assert Log()(events.Finished({"a": 1})).state == "succeeded"
    assert Log()(events.Failed("x", "y")).state == "failed"
    assert Log()(events.Finished(cancelled=True)).state == "cancelled"


def test_the_runners_own_start_is_not_the_work() -> None:
    state = Log()(events.Started(9, "runner"))
    assert (state.state, state.pids["engine"]) == ("starting", None)


@pytest.mark.parametrize(
    ("death", "log", "code", "words"),
    [
        (Death(-9), "", "interrupted", "SIGKILL"),
        (Death(-11), "", "interrupted", "SIGSEGV"),
        (Death(-9, True), "", "out-of-memory", "ran out of memory"),
        (Death(None, True), "", "out-of-memory", "ran out of memory"),
        (Death(-15, True), "", "interrupted", "SIGTERM"),
        (Death(1), "RuntimeError: DefaultCPUAllocator: can't allocate memory", "out-of-memory", "memory"),
        (Death(1), "OSError: [Errno 28] No space left on device", "disk-full", "disk is full"),
        (Death(7), "", "interrupted", "exit code 7"),
        (Death(None, disk_full=True), "", "disk-full", "disk is full"),
        (Death(-9, disk_full=True), "", "interrupted", "SIGKILL"),
        (Death(), "", "interrupted", "without a word"),
        (
            Death(),
            "x\nThe process doing the work was ended by the signal SIGSEGV.\n",
            "interrupted",
            "SIGSEGV",
        ),
    ],
)
def test_deaths_are_explained(death: Death, log: str, code: str, words: str) -> None:
    error = explain(death, log)
    assert error["code"] == code
    assert words in error["message"]
    assert error["details"] == log
    assert error["hint"].endswith(".")
