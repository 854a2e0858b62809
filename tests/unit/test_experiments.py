"""Runs in a table: the filter's language, what is read of them, comparison."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.test_event_files import NAME, scalar, written

from rave_gui.bootstrap import Services, build
from rave_gui.errors import UserError
from rave_gui.paths import AppPaths
from rave_gui.projects import Project
from rave_gui.training.experiments import compare, query, remembered, table

VOICE: dict[str, Any] = {
    "name": "voice a",
    "tags": ["drums", "Best"],
    "config": ["v2", "causal"],
    "step": 200_000,
    "validation.last": 9.5,
    "validation.best": 8.25,
    "state": "succeeded",
    "starred": True,
    "archived": False,
    "CAPACITY": 96,
    "note": None,
    "dataset": "Kitchen",
}


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("", True),
        ("validation.best < 9", True),
        ("validation < 9", False),
        ("VALIDATION < 10", True),
        ("validation.best<9 and config~V2 and tag:drums and not archived", True),
        ("tag:drum", False),
        ("tag:best", True),
        ("step >= 200k", True),
        ("step > 0.2M", False),
        ("config = causal", True),
        ("config != causal", False),
        ("capacity = 96", True),
        ("kitchen", True),
        ('"voice a"', True),
        ("voice kitchen", True),
        ("voice garden", False),
        ("garden or (voice and starred)", True),
        ("not (garden or voice)", False),
        ("running or failed", False),
        ("done", True),
        ("nowhere > 3", False),
        ("nowhere != 3", True),
        ("name ~ 'x'", False),
    ],
)
def test_the_language(text: str, fits: bool) -> None:
    assert query.parse(text)(VOICE) is fits


@pytest.mark.parametrize(
    "text", ["step >", "(voice", "voice)", "and", "< 3", "step < < 3", "not", 'name = "x', "a = (b)"]
)
def test_what_makes_no_sense_is_said(text: str) -> None:
    with pytest.raises(UserError) as caught:
        query.parse(text)
    assert caught.value.code == "bad-query"
    assert "^" in caught.value.details


@given(st.text(max_size=60))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        test = query.parse(text)
    except UserError:
        return
    assert test(VOICE) in (True, False)


@pytest.fixture
def services(tmp_path: Path) -> Services:
    return build(AppPaths(tmp_path / "data", tmp_path / "config", tmp_path / "cache"))


def make_run(project: Project, name: str, values: list[float], capacity: int) -> None:
    events = [scalar("validation", 100 * i, value, 1000.0 + i) for i, value in enumerate(values)]
    written(project.runs / name / "version_0" / NAME, *events)
    (project.runs / name / "config.gin").write_text("", encoding="utf-8")
    job = project.jobs / f"job-{name}"
    job.mkdir(parents=True)
    params = {
        "configs": ["v2"],
        "overrides": [f"CAPACITY = {capacity}", "SAMPLING_RATE = 44100"],
        "batch": 8,
        "run": "/x",
        "name": name,
    }
    (job / "spec.json").write_text(json.dumps({"params": params}), encoding="utf-8")
    project.store.register("run", name, project.runs / name, job=job.name, parent="kitchen")


def test_the_table_knows_parameters_and_figures_and_reads_only_what_changed(
    services: Services, tmp_path: Path
) -> None:
    project = Project.open(tmp_path / "project", create=True)
    make_run(project, "a", [9, 7, 8], 16)
    make_run(project, "b", [9, 6], 32)
    assert table.refresh(project) == 2
    assert table.refresh(project) == 0
    rows = {e.name: e.fields for e in table.table(services, project)}
    assert (
        rows["a"]["validation.best"],
        rows["a"]["validation.best_step"],
        rows["a"]["validation.last"],
    ) == (7, 100, 8)
    assert (rows["b"]["CAPACITY"], rows["b"]["batch"], rows["b"]["dataset"]) == (32, 8, "kitchen")
    assert "run" not in rows["b"]
    with (project.runs / "a" / "version_0" / NAME).open("ab"):
        pass
    written(project.runs / "a" / "version_0" / NAME, scalar("validation", 300, 2.0))
    assert table.refresh(project) == 1
    best = table.arrange(
        table.table(services, project),
        query.parse("validation.best < 7"),
        "validation.best",
        descending=False,
    )
    assert [e.name for e in best] == ["a", "b"]


def test_sorting_puts_runs_without_a_value_last(services: Services) -> None:
    del services
    rows = [
        table.Experiment(n, Path(n), {"v": v})
        for n, v in (("a", 3), ("b", None), ("c", 1.5), ("d", float("nan")), ("e", 2))
    ]
    for descending in (False, True):
        names = [e.name for e in table.arrange(rows, lambda _f: True, "v", descending)]
        assert names[:3] == (["a", "e", "c"] if descending else ["c", "e", "a"])
        assert set(names[3:]) == {"b", "d"}


def test_differences_come_first(services: Services, tmp_path: Path) -> None:
    project = Project.open(tmp_path / "project", create=True)
    make_run(project, "a", [9, 7], 16)
    make_run(project, "b", [9, 6], 32)
    table.refresh(project)
    chosen = compare.pick(project, table.table(services, project), ["b", "a"])
    rows = compare.parameters(chosen)
    assert (rows[0].name, rows[0].values, rows[0].same) == ("CAPACITY", [32, 16], False)
    assert all(row.same for row in rows[1:])
    found = compare.lines(chosen, ["validation"])
    assert [(line.run, line.x.tolist(), line.y.tolist()) for line in found] == [
        ("b", [0, 100], [9, 6]),
        ("a", [0, 100], [9, 7]),
    ]
    with pytest.raises(UserError):
        compare.pick(project, chosen, ["nobody"])


def test_pauses_take_no_time() -> None:
    walls = np.array([0.0, 1, 2, 3, 1000, 1001])
    assert compare.active_time(walls).tolist() == [0, 1, 2, 3, 4, 5]


def test_previews_that_every_run_has(tmp_path: Path) -> None:
    for run, steps in (("a", (10, 20, 30)), ("b", (20, 30, 40))):
        for step in steps:
            for side in ("original", "reconstruction"):
                path = tmp_path / run / "version_0" / "previews" / f"step_{step}_{side}.wav"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"")
    (tmp_path / "b" / "version_0" / "previews" / "step_30_original.wav").unlink()
    runs = [table.Experiment(n, tmp_path / n) for n in "ab"]
    assert compare.common_steps(runs) == [20]
    assert [c.step for c in compare.clips(runs[0])] == [10, 20, 30]


def test_what_was_seen_last_is_read_by_columns_and_damage_is_nothing(
    services: Services, tmp_path: Path
) -> None:
    project = Project.open(tmp_path / "project", create=True)
    make_run(project, "a", [9, 7, 8], 16)
    make_run(project, "b", [6], 32)
    table.refresh(project)
    fresh = {e.name: dict(e.fields) for e in table.table(services, project)}
    seen = table.last_seen(project)
    assert {e.name: dict(e.fields) for e in seen} == {
        name: {key: fields.get(key) for key in seen[0].fields} for name, fields in fresh.items()
    }
    assert [e.path for e in seen] == [project.runs / "a", project.runs / "b"]
    assert table.columns(seen) == table.columns(table.table(services, project))
    assert [e.name for e in table.arrange(seen, query.parse("CAPACITY > 20"))] == ["b"]
    (stamp, _) = project.store.facts(remembered.KIND)["CAPACITY"]
    for text in ("[1]", "{", "7", "[1, 2, 3]"):
        project.store.set_facts(remembered.KIND, {"CAPACITY": (stamp, {"text": text})})
        assert [e.fields["CAPACITY"] for e in table.last_seen(project)] == [None, None]
    project.store.set_facts(remembered.KIND, {"CAPACITY": ("another table", {"text": "[1, 2]"})})
    assert "CAPACITY" not in table.last_seen(project)[0].fields
    shutil.rmtree(project.runs / "a")
    project.store.forget("run", "a")
    table.table(services, project)
    assert [e.fields["CAPACITY"] for e in table.last_seen(project)] == [32]
