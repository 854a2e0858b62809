"""The table of experiments and the comparison, as the window shows them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from rave_gui.training.experiments.compare import Benchmark, Clip, Comparison, Difference
from rave_gui.training.experiments.table import Experiment
from rave_gui.viewmodels import experiments
from rave_gui.viewmodels import experiments_compare as side
from rave_gui.viewmodels.experiments import Choice, ExperimentsModel, Group, arranged, completions


def run(name: str, **fields: Any) -> Experiment:
    """A run with some fields."""
    usual: dict[str, Any] = {"name": name, "tags": [], "config": ["v2"], "archived": False, "created": 0.0}
    return Experiment(name, Path("/runs") / name, {**usual, **fields})


RUNS = [
    run("a", created=3.0, dataset="drums", tags=["loud"], **{"validation.best": 9.0, "validation.last": 9.5}),
    run("b", created=2.0, dataset="voice", config=["v2", "causal"], **{"validation.best": 7.0, "validation.last": 8.0}),
    run("c", created=1.0, dataset="drums", **{"validation.best": 8.0, "validation.last": 8.0}),
    run("old", created=0.0, dataset="voice", archived=True),
]  # fmt: skip


def shown(model: ExperimentsModel) -> list[str]:
    """Names of the rows; a heading as its value in brackets."""
    model.take(arranged(model.order))
    return [f"[{row.value}]" if isinstance(row, Group) else row.name for row in model.rows]


def make() -> ExperimentsModel:
    model = ExperimentsModel()
    model.set_all(experiments.listed(RUNS))
    return model


def test_rows_are_filtered_sorted_and_grouped() -> None:
    model = make()
    assert shown(model) == ["a", "b", "c"]  # the archived one is left out until it is asked for
    assert model.set_query("archived")
    assert shown(model) == ["old"]
    assert model.set_query("dataset = drums")
    model.set_sort("validation.best", descending=False)
    assert shown(model) == ["c", "a"]
    model.set_query("")
    model.set_group("dataset")
    assert shown(model) == ["[voice]", "b", "[drums]", "c", "a"]
    heading = model.rows[2]
    assert isinstance(heading, Group)
    model.toggle(heading)
    assert shown(model) == ["[voice]", "b", "[drums]"]
    assert model.shown == 3  # closed groups count
    model.toggle(heading)
    model.set_group("config")
    assert shown(model) == ["[('v2', 'causal')]", "b", "[('v2',)]", "c", "a"]


def test_a_filter_that_makes_no_sense_leaves_the_rows() -> None:
    model = make()
    model.set_query("dataset = voice")
    assert shown(model) == ["b"]
    assert not model.set_query("dataset = voice and (")
    assert model.problem is not None
    assert model.problem.code == "bad-query"
    assert shown(model) == ["b"]
    assert model.set_query("dataset = voice")
    assert model.problem is None


def test_a_filter_that_compares_what_no_run_has_says_so() -> None:
    """It is no mistake of the language, so the rows follow (there are none); but nobody should wonder why."""
    model = make()
    assert model.set_query("validaton.best < 9")
    assert shown(model) == []
    assert model.note is not None
    assert "validation.best" in model.note.hint
    for text in (
        "validation < 9",
        "dataset = drums",
        "tag:loud",
        "validation@500 < 9",
        "capacity = 4",
        "drums",
        "",
    ):
        assert model.set_query(text)
        assert model.note is None, text
    empty = ExperimentsModel()
    assert empty.set_query("validaton.best < 9")
    assert empty.note is None, "without runs nothing is known"


def test_a_column_at_a_step_can_be_shown_sorted_and_filtered() -> None:
    model = make()
    model.set_columns(["state", "validation@500"])
    assert model.columns == ["name", "state", "validation@500"]
    assert experiments.at_step("validation@500") == ("validation", 500)
    assert experiments.at_step("validation.best") is None
    assert model.wanted_steps == [("validation@500", ["a", "b", "c", "old"])]
    model.set_values("validation@500", ["a", "b", "c", "old"], [12.0, 10.0, None, None])
    assert model.wanted_steps == []
    model.set_sort("validation@500", descending=False)
    assert shown(model) == ["b", "a", "c"]
    assert model.value(RUNS[0], "validation@500") == 12.0
    model.set_query("validation@500 < 11")
    assert shown(model) == ["b"]
    model.set_query("validation@2k < 3")
    assert model.wanted_steps == [("validation@2k", ["a", "b", "c", "old"])]
    assert experiments.at_step("validation@2k") == ("validation", 2000)
    model.set_query("")
    model.forget_values()
    assert [column for column, _names in model.wanted_steps] == ["validation@500"]


def test_completion_offers_fields_values_and_tags() -> None:
    model = make()

    def offered(text: str, *, asked: bool = False) -> tuple[int, list[str]]:
        return completions(text, len(text), model.fields, model.words, asked=asked)

    assert offered("") == (0, [])
    assert offered("", asked=True)[1][0] == "name"
    assert offered("vali") == (0, ["validation.best", "validation.last"])
    assert offered("starred and data") == (12, ["dataset"])
    assert offered("dataset = ") == (10, ["drums", "voice"])
    assert offered("dataset ~ v") == (10, ["voice"])
    assert offered("tag:l") == (0, ["tag:loud"])
    assert "archived" in offered("not arch")[1]
    assert offered("dataset = voice")[1] == []


def test_filters_used_before_are_kept_once() -> None:
    kept: list[str] = []
    for text in ("a", "b", " a ", ""):
        kept = experiments.remember(kept, text)
    assert kept == ["a", "b"]
    for number in range(50):
        kept = experiments.remember(kept, str(number))
    assert len(kept) == experiments.KEPT_FILTERS


def test_columns_are_chosen_and_moved() -> None:
    choice = Choice(["name", "state", "CAPACITY", "validation.best"], ["name", "state"])
    assert choice.found("cap", str) == ["CAPACITY"]
    choice.switch("CAPACITY", True)
    choice.switch("name", False)
    assert choice.wanted == ["name", "state", "CAPACITY"]
    choice.move("CAPACITY", -1)
    choice.move("CAPACITY", -1)
    choice.move("name", 1)
    assert choice.wanted == ["name", "CAPACITY", "state"]


def test_a_table_for_other_programs(tmp_path: Path) -> None:
    target = tmp_path / "t.csv"
    experiments.write_csv(
        target, ["name", "config", "validation.best"], [("a", ["v2", "causal"], 1.5), ("b", [], None)]
    )
    with target.open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [
            ["name", "config", "validation.best"],
            ["a", "v2 + causal", "1.5"],
            ["b", "", ""],
        ]


def compared() -> Comparison:
    return Comparison(
        RUNS[:2],
        [Difference("batch", [4, 4]), Difference("dataset", ["drums", "voice"])],
        [
            Difference("validation.best", [9.0, 7.0]),
            Difference("validation.best_step", [1, 2]),
            Difference("beta_factor.last", [0.1, 0.2]),
            Difference("epoch.last", [1, 1]),
        ],
        [Benchmark("a", "cpu", 100, 50.0, 2.0, None), Benchmark("b", "cpu", 100, 25.0, 4.0, None)],
    )


def test_what_differs_and_what_is_best_is_marked() -> None:
    rows = side.parameter_rows(compared().parameters, only_different=True)
    assert [(row.key, row.other) for row in rows] == [("dataset", frozenset({1}))]
    assert len(side.parameter_rows(compared().parameters, only_different=False)) == 2
    assert side.parameter_rows(compared().parameters, only_different=False, search="BAT")[0].same
    figures = {row.key: row.best for row in side.figure_rows(compared())}
    assert figures == {
        "speed.steps": frozenset(),
        "speed.seconds": frozenset(),
        "speed.steps_per_second": frozenset({1}),
        "validation.best": frozenset({1}),
        "beta_factor.last": frozenset(),
    }
    assert [row.key for row in side.figure_rows(compared(), "validation")] == ["validation.best"]


def test_sounds_at_the_same_step_or_the_nearest() -> None:
    def clip(name: str, step: int) -> Clip:
        return Clip(name, step, Path(f"{name}{step}o"), Path(f"{name}{step}r"))

    clips = [[clip("a", 100), clip("a", 200)], [clip("b", 180)], []]
    assert side.steps_to_hear(clips, [200]) == [200]
    assert side.steps_to_hear(clips, []) == [100, 180, 200]
    assert [found.step if found else None for found in side.heard(clips, 200)] == [200, 180, None]


def test_time_has_a_unit_that_can_be_read() -> None:
    assert side.time_unit(90) == ("s", 1.0)
    assert side.time_unit(3600) == ("min", 60.0)
    assert side.time_unit(40_000) == ("h", 3600.0)
    assert side.time_unit(1e7) == ("d", 86_400.0)


def test_curves_stand_in_the_order_of_what_matters() -> None:
    tags = ["epoch", "strange", "beta_factor", "validation", "fullband_spectral_distance"]
    assert side.tags_in_order(tags) == ["fullband_spectral_distance", "validation", "beta_factor", "strange"]


def test_ten_thousand_runs_are_arranged_whole() -> None:
    values = np.random.default_rng(0).random(10_000)
    model = ExperimentsModel()
    made = [run(f"r{i}", **{"validation.best": float(v)}) for i, v in enumerate(values)]
    model.set_all(experiments.listed(made))
    model.set_query("validation.best < 0.5")
    model.set_sort("validation.best", descending=False)
    rows, count = arranged(model.order)
    assert count == len(rows) == int((values < 0.5).sum())
    assert rows[0].name == f"r{int(values.argmin())}"
