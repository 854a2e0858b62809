"""Events folded into the state of one job."""

from __future__ import annotations

import math
from pathlib import Path

from rave_gui.viewmodels.job import LOG_LINES, JobModel, LogLine
from rave_gui.viewmodels.logtail import LogTail, classify
from rave_protocol import events
from rave_protocol.events import Stamped


def stamp(*found: events.Event) -> list[Stamped]:
    return [Stamped(float(i), event) for i, event in enumerate(found)]


def test_a_training_from_start_to_end() -> None:
    job = JobModel()
    topics = job.apply(
        stamp(
            events.Started(7),
            events.Progress(10, 100, "steps", 9.0, "phase 1", rate=10.0),
            events.Metric(10, {"loss": 1.0, "bad": math.nan}),
            events.Progress(90, 100, "steps", None, "phase 2"),
        )
    )
    assert topics == {"state", "progress", "metrics"}
    assert (job.state, job.fraction, job.phase_two_step) == ("running", 0.9, 90)
    assert (job.rate, job.eta) == (10.0, 9.0), "the last known speed stays while none is told"
    assert job.metrics["loss"].last == (10.0, 1.0)
    job.apply(stamp(events.Paused()))
    assert job.state == "paused"
    job.apply(stamp(events.Resumed(), events.Finished({"step": 95}, stopped=True)))
    assert (job.state, job.stopped, job.result) == ("succeeded", True, {"step": 95})
    assert job.fraction == 0.9, "a stopped training is not drawn as complete"


def test_one_signal_for_a_batch() -> None:
    job = JobModel()
    told: list[frozenset[str]] = []
    job.changed.connect(told.append)
    job.apply(stamp(*(events.Metric(step, {"a": 1.0}) for step in range(500))))
    assert told == [frozenset({"metrics"})]
    assert len(job.metrics["a"]) == 500


def test_state_file_does_not_undo_what_events_said() -> None:
    job = JobModel()
    job.apply(stamp(events.Started(1), events.Finished({"x": 1})))
    job.set_state("running")
    assert job.state == "succeeded"


def test_interruption_is_only_known_from_the_state_file() -> None:
    job = JobModel()
    job.apply(stamp(events.Started(1)))
    job.set_state("interrupted", None, "The computer was switched off.")
    assert job.state == "interrupted"
    assert job.failure is not None
    assert job.failure.message == "The computer was switched off."


def test_a_retry_goes_on_with_the_same_curves() -> None:
    job = JobModel()
    job.apply(stamp(events.Metric(1, {"a": 1.0}), events.Failed("x", "broken")))
    job.again()
    job.apply(stamp(events.Started(2), events.Metric(2, {"a": 2.0})))
    assert (job.state, job.failure, len(job.metrics["a"])) == ("running", None, 2)


def test_the_log_is_bounded() -> None:
    job = JobModel()
    job.add_log([LogLine(str(i)) for i in range(LOG_LINES + 5)])
    assert (len(job.log), job.log_dropped, job.log[0].text) == (LOG_LINES, 5, "5")


def test_log_lines() -> None:
    assert classify("  1%|#\r 50%|###\r100%|####\r").text == "100%|####"
    assert classify("\x1b[31mred\x1b[0m").text == "red"
    assert classify("ValueError: no").level == "error"
    assert classify("lib.py:3: UserWarning: old").level == "warning"


def test_log_tail_reads_whole_lines_only(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    tail = LogTail(path)
    assert tail.read() == []
    path.write_bytes(b"one\ntw")
    assert [line.text for line in tail.read()] == ["one"]
    with path.open("ab") as file:
        file.write("o \xff ü\n".encode("latin-1"))
    assert [line.text for line in tail.read()] == ["two � �"]
    path.write_bytes(b"new\n")
    assert [line.text for line in tail.read()] == ["new"], "a log that became shorter is read from its start"
