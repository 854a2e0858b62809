"""What one window or command does is seen by the others, and two that write at once lose nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.helpers.jobs import until

from rave_gui.paths import AppPaths
from rave_gui.projects import Project
from rave_gui.projects.watch import ProjectWatch
from rave_protocol.files import write_json


def paths(root: Path) -> AppPaths:
    return AppPaths(root / "home" / "data", root / "home" / "config", root / "home" / "cache")


def job(project: Project, name: str, state: str, run: Path | None = None) -> Path:
    folder = project.jobs / name
    folder.mkdir(parents=True)
    write_json(folder / "spec.json", {"params": {"run": str(run)} if run else {}})
    write_json(folder / "state.json", {"state": state})
    return folder


def test_each_change_is_seen_once_and_named(tmp_path: Path) -> None:
    project = Project.open(tmp_path / "p", create=True)
    other = Project.open(tmp_path / "p")
    watch = ProjectWatch(project.path, paths(tmp_path))
    assert watch.poll() == set()
    other.store.register("run", "r", other.runs / "r", job="j")
    assert watch.poll() == {"runs"}
    assert watch.poll() == set()
    other.store.tag("dataset", "d", ["x"])
    other.store.set_meta("name", "New")
    assert watch.poll() == {"datasets", "project"}
    other.store.set_facts("run", {"r": ("", {})})
    assert watch.poll() == set()
    (project.exports / "e").mkdir(parents=True)
    assert watch.poll() == {"exports"}
    watch.close()


def test_jobs_are_watched_until_they_end(tmp_path: Path) -> None:
    project = Project.open(tmp_path / "p", create=True)
    run = project.runs / "r"
    job(project, "old", "succeeded")
    live = job(project, "live", "running", run)
    watch = ProjectWatch(project.path, paths(tmp_path))
    write_json(live / "state.json", {"state": "running", "progress": {"done": 1}})
    assert watch.poll() == {"jobs"}
    (run / "version_0" / "checkpoints").mkdir(parents=True)
    assert "runs" in watch.poll()
    (run / "version_0" / "checkpoints" / "step_00000001.ckpt").write_bytes(b"x")
    assert watch.poll() == {"runs"}
    write_json(live / "state.json", {"state": "succeeded"})
    assert {"jobs", "runs"} <= watch.poll()
    write_json(live / "state.json", {"state": "succeeded", "reason": "again"})
    assert watch.poll() == set()
    job(project, "next", "queued")
    assert watch.poll() == {"jobs"}
    watch.close()


def test_a_disk_that_goes_and_comes_back(tmp_path: Path) -> None:
    project = Project.open(tmp_path / "p", create=True)
    watch = ProjectWatch(project.path, paths(tmp_path))
    project.path.rename(tmp_path / "away")
    assert "project" in watch.poll()
    watch.poll()
    (tmp_path / "away").rename(project.path)
    assert {"project", "runs"} <= watch.poll()
    assert watch.poll() == set()
    watch.close()


HAMMER = """
import sys
from pathlib import Path
from rave_gui.projects import Project
project, me = Project.open(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
for i in range(int(sys.argv[3])):
    name = f"{me}-{i}"
    project.store.register("run", name, project.runs / name, job="j", info={"n": i})
    project.store.tag("run", name, [me])
    project.store.set_info("run", "shared", {name: i})
    project.items("run")
print("done", flush=True)
"""


def test_two_processes_that_write_see_each_other_and_lose_nothing(tmp_path: Path) -> None:
    project = Project.open(tmp_path / "p", create=True)
    (project.jobs / "j").mkdir(parents=True)
    project.store.register("run", "shared", project.runs / "shared", job="j")
    watch = ProjectWatch(project.path, paths(tmp_path))
    rounds = 60
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", HAMMER, str(project.path), me, str(rounds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for me in ("a", "b")
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdin is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    until(lambda: "runs" in watch.poll(), "another process's run is seen")
    for writer in writers:
        out, _ = writer.communicate(timeout=120)
        assert out == "done\n"
        assert writer.returncode == 0
    assert "runs" in watch.poll() or watch.poll() == set()
    names = {record.name for record in project.items("run")}
    assert names == {"shared", *(f"{me}-{i}" for me in "ab" for i in range(rounds))}
    shared = project.store.get("run", "shared")
    assert shared is not None
    assert shared.info == {f"{me}-{i}": i for me in "ab" for i in range(rounds)}
    assert len(project.store.tags("run")) == 2 * rounds
    watch.close()
