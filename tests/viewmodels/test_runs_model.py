"""Runs as the window shows them: the list, one run that is watched, what its schedule plans, curves made steady."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.training import RecordedRun, make_project

from rave_gui.bootstrap import build
from rave_gui.jobs import JobService
from rave_gui.paths import AppPaths
from rave_gui.training import parameters
from rave_gui.viewmodels import runs, runwatch
from rave_gui.viewmodels.hardware import parse_card
from rave_gui.viewmodels.run import Checkpoint, Facts, Files, History, RunModel, Scalars
from rave_gui.viewmodels.runhealth import ask, judge
from rave_gui.viewmodels.runplan import changed_fields
from rave_gui.viewmodels.runs import RunItem, RunsModel, can
from rave_gui.viewmodels.schedule import Schedule, read_schedule
from rave_gui.viewmodels.series import Series
from rave_gui.viewmodels.smoothing import AT_ONCE, Smoothed
from rave_protocol import events
from rave_protocol.events import Stamped

HERE = Path("/runs/one")


def job(state: str = "running", **fields: Any) -> Any:
    given: dict[str, Any] = {
        "id": "j1", "kind": "train", "state": state, "reason": "", "error": None, "progress": None, "result": None,
        "params": {"max_steps": 1000, "configs": ["v2"], "dataset": "/d/voice"}, "started": 5.0, "ended": None, "not_before": None,
        "final": state in ("succeeded", "failed", "cancelled", "interrupted"),
    }  # fmt: skip
    return SimpleNamespace(**{**given, **fields})


def progress(done: float, phase: str = "phase 1", rate: float | None = 10.0, time: float = 0.0) -> Stamped:
    return Stamped(time, events.Progress(done, 1000, "steps", None, phase, rate=rate))


def test_a_row_follows_its_job() -> None:
    item = RunItem("one", HERE, job="j1", step=100)
    row = runs.join(
        item,
        job(
            progress={
                "done": 250.0,
                "total": 1000,
                "unit": "steps",
                "rate": 4.0,
                "eta": 9.0,
                "phase": "phase 1",
            }
        ),
    )
    assert (row.step, row.total, row.rate, row.eta, row.share, row.dataset, row.model) == (
        250,
        1000,
        4.0,
        9.0,
        0.25,
        "voice",
        "v2",
    )
    ended = runs.join(
        item, job("succeeded", result={"step": 400, "validation": 7.5, "steps_per_second": 3.0})
    )
    assert (ended.step, ended.best, ended.rate, ended.eta) == (400, 7.5, 3.0, None)
    told = runs.join(item, job("succeeded", result={"step": 400, "validation": 7.5, "best_validation": 6.5}))
    assert told.best == 6.5, "the smallest, not the last"
    assert can(row, "pause")
    assert not can(row, "delete")
    assert can(ended, "go_on")
    assert not can(replace(ended, missing=True), "go_on")
    assert can(replace(ended, missing=True), "delete")


def test_the_list_tells_only_changes() -> None:
    model, told = RunsModel(), []
    model.changed.connect(lambda: told.append(len(model.rows)))
    model.set_jobs([job()])
    model.set_items([RunItem("one", HERE, job="j1"), RunItem("two", HERE, tags=("star", "dry"))])
    assert told == [2]
    model.set_jobs([job()])
    assert told == [2]
    model.set_jobs([job("paused")])
    assert told == [2, 2]
    assert model.counts() == {"all": 2, "active": 1, "ended": 1, "starred": 1}
    two = model.get("two")
    assert two is not None
    assert two.shown_tags == ("dry",)
    assert "dry" in two.haystack


def test_remaining_times_are_estimated_first_and_count_both_phases() -> None:
    model = RunModel("one", HERE)
    model.apply([Facts(job(), {"max_steps": 1000}, Schedule(400.0)), History()])
    model.apply([Stamped(0.0, events.Started(1)), progress(0), progress(20)])
    assert model.etas() == (None, None), "the first steps are slower"
    model.apply([progress(100)])
    assert model.etas() == (30.0, 90.0)
    model.apply([progress(500, "phase 2", 5.0)])
    assert model.etas() == (100.0, 100.0)
    assert model.phase == "phase 2"


def test_a_run_that_goes_on_from_earlier_forgets_the_other_way() -> None:
    model = RunModel("one", HERE)
    steps = np.arange(0, 100, 10.0)
    model.apply([Scalars({"validation": (steps, steps)})])
    model.apply(
        [Stamped(0.0, events.Started(1)), progress(50), Stamped(1.0, events.Metric(60, {"validation": 7.0}))]
    )
    assert model.job.metrics["validation"].steps.tolist() == [0, 10, 20, 30, 40, 50, 60]
    assert model.job.metrics["validation"].last == (60.0, 7.0)
    model.apply([Scalars({"validation": (np.array([1.0]), np.array([2.0]))}, anew=True)])
    assert model.job.metrics["validation"].steps.tolist() == [1.0]
    assert model.best == (1.0, 2.0)


def test_commands_show_until_they_take_effect() -> None:
    model = RunModel("one", HERE)
    model.apply([Facts(job()), History()])
    model.ask("stop")
    assert not model.can("stop")
    assert model.can("cancel")
    model.apply([Stamped(1.0, events.Finished({"step": 5}, stopped=True))])
    assert model.asked == ""
    assert not model.can("go_on"), "nothing was saved"
    model.apply([Files((), (Checkpoint(5, HERE / "a.ckpt"),))])
    assert model.can("go_on")


def test_the_switch_is_planned_then_seen() -> None:
    model = RunModel("one", HERE)
    model.apply([Facts(None, {}, Schedule(400.0))])
    assert model.switch == 400.0
    model.apply([Scalars({"pred_real": (np.array([449.0]), np.array([0.1]))})])
    assert model.switch == 400.0, "the first logged value of phase 2 comes a little later"
    model.apply([Facts(None, {}, Schedule(None))])
    assert model.switch == 449.0


def test_a_watched_run_reads_everything_once_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobService, "_keep_going", lambda _self, _views: set())
    services = build(AppPaths(tmp_path / "data", tmp_path / "config", tmp_path / "cache"))
    project = make_project(tmp_path / "Studio")
    run = RecordedRun(project, "live", told=40)
    model, gate = RunModel("live", run.path), threading.Event()

    class Stop:
        requested = False

        def wait(self, _seconds: float) -> bool:
            if not gate.is_set():
                gate.set()
                run.more(1000)
                run.end(result={"step": 400})
                return False
            self.requested = model.job.state == "succeeded" or self.requested
            return self.requested

    def emit(update: Any) -> None:
        model.apply([update])

    runwatch.watch(services, project, ("live", run.path), Stop(), emit)
    assert model.ready
    assert model.job.state == "succeeded"
    assert len(model.job.metrics["fullband_spectral_distance"]) == 21
    assert [s.step for s in model.files.sounds] == [80, 160, 240]
    assert [c.step for c in model.files.checkpoints] == [133, 266, None]
    assert model.facts.schedule.phase_1 == 200.0
    health = judge(ask(model, None), {})
    assert health.sentences


def test_schedules_are_read_and_drawn_ahead() -> None:
    text = (
        "PHASE_1_DURATION = 1000\nmodel.BetaWarmupCallback.initial_value = 0.01\n"
        "model.BetaWarmupCallback.target_value = 1.0\nmodel.BetaWarmupCallback.warmup_len = 100\n"
    )
    found = read_schedule(text)
    assert found.phase_1 == 1000
    planned = found.planned(2000.0)
    assert planned["learning_rate"] == [
        (0.0, 1e-3),
        (1000.0, pytest.approx(1e-4)),
        (2000.0, pytest.approx(1e-4)),
    ]
    beta = dict(planned["beta_factor"])
    assert beta[50.0] == pytest.approx(0.1), "half-way along the logarithm"
    assert beta[2000.0] == 1.0
    literal = read_schedule("PHASE_1_DURATION = 5\nmodel.RAVE.phase_1_duration = 200000\n")
    assert literal.phase_1 == 200000, "what is bound last counts"
    assert read_schedule("").planned(100.0).keys() == {"learning_rate_discriminator"}


def reference(values: list[float], weight: float) -> list[float]:
    top = below = 0.0
    found = []
    for value in values:
        known = math.isfinite(value)
        top = weight * top + (1 - weight) * (value if known else 0.0)
        below = weight * below + (1 - weight) * known
        found.append(top / below if below else math.nan)
    return found


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.floats(-1e3, 1e3) | st.just(math.nan), min_size=1, max_size=400),
    st.floats(0.05, 0.99),
    st.integers(1, 399),
)
def test_smoothing_in_parts_equals_the_formula(values: list[float], weight: float, split: int) -> None:
    series = Series()
    steady = Smoothed(series, weight)
    parts: list[Callable[[], Any]] = [lambda: values[:split], lambda: values[split:]]
    begun = 0
    for part in parts:
        found = part()
        series.extend_arrays(np.arange(begun, begun + len(found), dtype=float), np.array(found, dtype=float))
        begun += len(found)
        steady.update()
    assert np.allclose(
        steady.update().values, reference(values, weight), rtol=1e-6, atol=1e-6, equal_nan=True
    )


def test_a_very_long_curve_is_made_steady_in_goes() -> None:
    series = Series()
    values = np.random.default_rng(0).normal(size=AT_ONCE + 1000)
    series.extend_arrays(np.arange(len(values), dtype=float), values)
    steady = Smoothed(series, 0.9)
    assert len(steady.update()) == AT_ONCE
    assert steady.behind
    assert len(steady.update()) == len(values)
    assert not steady.behind
    assert np.allclose(steady.series.values[-5:], reference(values.tolist(), 0.9)[-5:])


def test_a_late_value_makes_the_average_anew() -> None:
    series = Series()
    series.extend([(0, 1.0), (10, 3.0)])
    steady = Smoothed(series, 0.5)
    steady.update()
    series.add(5, 100.0)
    assert np.allclose(steady.update().values, reference([1.0, 100.0, 3.0], 0.5))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.floats(-10, 10)), max_size=60), st.integers(0, 60))
def test_many_at_once_equal_one_by_one(pairs: list[tuple[int, float]], cut: int) -> None:
    one, many = Series(), Series()
    one.extend(pairs)
    half = len(pairs) // 2
    for part in (pairs[:half], pairs[half:]):
        many.extend_arrays(np.array([p[0] for p in part], float), np.array([p[1] for p in part], float))
    assert np.array_equal(one.steps, many.steps)
    assert np.array_equal(one.values, many.values)
    many.cut(cut)
    assert all(step <= cut for step in many.steps)


def test_the_graphics_card_answers_or_not() -> None:
    card = parse_card("87, 10240, 24576, 71\n")
    assert card is not None
    assert (card.work, card.used, card.total, card.temperature) == (0.87, 10240 << 20, 24576 << 20, 71.0)
    assert parse_card("[N/A], [N/A], [N/A], [N/A]") is None
    assert parse_card("") is None


def test_sounds_of_ones_own_and_weights_taken_over_are_found(tmp_path: Path) -> None:
    previews = tmp_path / "version_0" / "previews"
    previews.mkdir(parents=True)
    for name in (
        "step_00000050_original",
        "step_00000050_reconstruction",
        "step_00000050_clip_2",
        "clip_2_original",
    ):
        (previews / f"{name}.wav").write_bytes(b"")
    (tmp_path / "transfer.json").write_text(
        json.dumps(
            {
                "checkpoint": "/runs/old/best.ckpt",
                "parts": {"encoder": {"taken": 9, "all": 10, "numbers_taken": 75, "numbers": 100}},
                "new": ["encoder.last.bias"],
                "shapes": [{"name": "encoder.last.weight", "here": [4, 2], "there": [8, 2]}],
            }
        ),
        encoding="utf-8",
    )
    found = runwatch.read_files(tmp_path)
    assert [(s.step, s.clip) for s in found.sounds] == [(50, 0), (50, 2)]
    assert found.sounds[1].original == previews / "clip_2_original.wav"
    assert found.transfer is not None
    assert found.transfer.parts == (("encoder", 0.75),)
    assert found.transfer.layers == (("encoder.last.bias", ""), ("encoder.last.weight", "8 × 2 → 4 × 2"))
    model = RunModel("one", tmp_path)
    model.apply([Facts(job(), {"clips": ["/s/kick.wav", "/s/My voice.flac"]}), found])
    assert [model.clip_name(s.clip) for s in found.sounds] == ["", "My voice"]


def test_what_happened_is_told_in_words() -> None:
    model = RunModel("one", HERE)
    saved = events.Artifact("checkpoint", "/r/step_100.ckpt", {"step": 100})
    model.apply([progress(5), Stamped(1.0, saved), Stamped(2.0, events.Metric(5, {"distance": 1.0}))])
    assert [line.text.partition("  ")[2] for line in model.story] == ["Checkpoint saved at step 100"]


def test_settings_changed_on_the_way_become_fields() -> None:
    before = parameters.from_fields({"configs": ["v2"], "overrides": ["CAPACITY = 32", "X = 1"], "batch": 4})
    assert changed_fields(before, {"batch": 4}) == {}
    assert changed_fields(before, {"batch": 2, "fast_distance": True}) == {"batch": 2, "fast_distance": True}
    assert changed_fields(before, {"beta_target": 0.5}) == {
        "overrides": ["CAPACITY = 32", "BetaWarmupCallback.target_value = 0.5", "X = 1"]
    }


def test_a_run_that_waits_for_its_time_or_was_made_longer_says_so() -> None:
    item = RunItem("one", HERE, job="j1")
    assert runs.join(item, job("queued", not_before=99.0)).not_before == 99.0
    assert runs.join(item, job("running", not_before=99.0)).not_before is None
    longer = job(progress={"done": 5.0, "total": 2500, "unit": "steps"})
    assert runs.join(item, longer).total == 2500
