"""The record of quick starts: survives moves and damage, and one writer at a time."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from rave_gui import quickstart
from rave_gui.errors import UserError
from rave_gui.projects import Project
from rave_gui.projects.ways import LOCK, STATE, StageRecord, Way, Ways, load, locked, save
from rave_protocol.locks import OsLock


def make_way(project: Project) -> Way:
    dataset = str(project.datasets / "drums")
    return Way(
        "w1",
        1.0,
        "tiny",
        30,
        ["/sounds/drums"],
        "abc",
        "drums",
        {
            "sounds": StageRecord("/sounds/drums", None, 0.0, {"path": "/sounds/drums"}),
            "dataset": StageRecord(dataset, "job-1", 2.5, {"path": dataset, "chunks": 3}),
            "training": StageRecord(str(project.runs / "drums-tiny"), "job-2"),
        },
    )


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    project = Project.open(tmp_path / "p", create=True)
    assert load(project).ways == []
    assert quickstart.attach(project) is None
    way = make_way(project)
    save(project, Ways(str(project.path), [way]))
    assert load(project).ways == [way]
    assert quickstart.attach(project) == way
    assert (way.stage, way.finished) == ("training", False)


def test_a_moved_project_takes_its_paths_along(tmp_path: Path) -> None:
    project = Project.open(tmp_path / "p", create=True)
    save(project, Ways(str(project.path), [make_way(project)]))
    project.path.rename(tmp_path / "p2")
    way = load(Project.open(tmp_path / "p2")).ways[0]
    assert way.stages["dataset"].target == str(tmp_path / "p2" / "datasets" / "drums")
    assert way.stages["dataset"].result == {"path": str(tmp_path / "p2" / "datasets" / "drums"), "chunks": 3}
    assert way.sources == ["/sounds/drums"]


def test_a_damaged_record_is_set_aside_and_kept(tmp_path: Path) -> None:
    project = Project.open(tmp_path, create=True)
    (tmp_path / STATE).write_text("{half a")
    assert load(project).ways == []
    aside = list(tmp_path.glob("quickstart.damaged-*.json"))
    assert [path.read_text() for path in aside] == ["{half a"]
    assert Project.open(tmp_path).items("run") == []


def test_a_record_of_another_version_is_refused_untouched(tmp_path: Path) -> None:
    project = Project.open(tmp_path, create=True)
    text = json.dumps({"version": 99, "project": str(tmp_path), "ways": []})
    (tmp_path / STATE).write_text(text)
    with pytest.raises(UserError) as caught:
        load(project)
    assert caught.value.code == "quickstart-newer"
    assert (tmp_path / STATE).read_text() == text


def test_only_one_at_a_time_changes_the_record(tmp_path: Path) -> None:
    project = Project.open(tmp_path, create=True)
    with OsLock(tmp_path / LOCK), pytest.raises(UserError) as caught, locked(project, timeout=0.1):
        pytest.fail("two held the lock")
    assert caught.value.code == "project-busy"

    def add(number: int) -> None:
        with locked(project):
            state = load(project)
            state.ways.append(Way(str(number), 0.0, "tiny", 1, [], "x", "demo"))
            save(project, state)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {way.id for way in load(project).ways} == {"0", "1", "2", "3", "4", "5"}


def test_the_summary_holds_what_is_done(tmp_path: Path) -> None:
    project = Project.open(tmp_path, create=True)
    found = quickstart.summary(project, make_way(project))
    assert found["dataset"]["chunks"] == 3
    assert found["seconds"] == {"sounds": 0.0, "dataset": 2.5, "total": 2.5}
    assert "run" not in found
    assert found["jobs"] == {"dataset": "job-1", "training": "job-2"}
