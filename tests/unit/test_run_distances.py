"""The smallest distance of each run, read from its curves once."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.test_event_files import NAME, scalar, written

from rave_gui.projects import Project
from rave_gui.training.experiments import distances


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.open(tmp_path / "p", create=True)


def curve(run: Path, *values: float) -> Path:
    written(run / "version_0" / NAME, *(scalar("validation", i, v) for i, v in enumerate(values)))
    return run


def test_the_smallest_counts_and_nothing_is_read_twice(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []
    read = distances._read

    def noted(run: Path) -> float | None:
        reads.append(run.name)
        return read(run)

    monkeypatch.setattr(distances, "_read", noted)
    a = curve(tmp_path / "a", 9.0, 4.5, float("nan"), 7.0)
    b = curve(tmp_path / "b")
    c = curve(tmp_path / "c", 3.0)
    runs = [("a", a, 1.0), ("b", b, 1.0), ("c", c, 1.0), ("no such folder", tmp_path / "d", None)]
    assert distances.smallest(project, runs) == ({"a": 4.5, "c": 3.0}, False)
    assert distances.smallest(project, runs) == ({"a": 4.5, "c": 3.0}, False)
    assert sorted(reads) == ["a", "b", "c"]
    curve(a, 2.0)
    runs[0] = ("a", a, 2.0)
    assert distances.smallest(project, runs[:2]) == ({"a": 2.0}, False), "one was added to, one is gone"
    assert sorted(reads) == ["a", "a", "b", "c"]


def test_many_new_runs_are_read_over_several_looks_the_newest_first(project: Project, tmp_path: Path) -> None:
    runs = [(f"r{i}", curve(tmp_path / f"r{i}", float(i)), float(i)) for i in range(3)]
    assert distances.smallest(project, runs, seconds=-1.0) == ({"r2": 2.0}, True)
    assert distances.smallest(project, runs, seconds=-1.0) == ({"r1": 1.0, "r2": 2.0}, True)
    assert distances.smallest(project, runs, seconds=-1.0) == ({"r0": 0.0, "r1": 1.0, "r2": 2.0}, False)
