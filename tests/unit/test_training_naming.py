"""Runs get another name: folder, record, tags and children follow; nothing is overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.helpers.training import RecordedRun, make_project

from rave_gui.bootstrap import build
from rave_gui.errors import UserError
from rave_gui.jobs import JobService
from rave_gui.paths import AppPaths
from rave_gui.training.naming import rename


def test_renaming(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JobService, "_keep_going", lambda _self, _views: set())
    services = build(AppPaths(tmp_path / "data", tmp_path / "config", tmp_path / "cache"))
    project = make_project(tmp_path / "Studio")
    RecordedRun(project, "one", number=1)
    live = RecordedRun(project, "live", told=10, number=2)
    project.store.tag("run", "one", ["dry"])
    assert rename(services, project, "one", " two ") == "two"
    assert (project.runs / "two" / "config.gin").is_file()
    assert not (project.runs / "one").exists()
    assert project.store.tags("run") == {"two": ["dry"]}
    assert rename(services, project, "two", "two") == "two"
    for name, new, code in (
        ("two", "live", "name-taken"),
        ("two", "a/b", "bad-name"),
        ("live", "x", "run-busy"),
    ):
        with pytest.raises(UserError) as refused:
            rename(services, project, name, new)
        assert refused.value.code == code
    (project.runs / "there").mkdir()
    with pytest.raises(UserError) as refused:
        rename(services, project, "two", "there")
    assert refused.value.code == "name-taken"
    live.release()
