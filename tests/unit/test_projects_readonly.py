"""A project on a disk that may only be read: it can be looked at, and everything that would write is refused in words."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from tests.helpers.disk import small_disk

from rave_gui.cli.main import main
from rave_gui.errors import UserError
from rave_gui.projects import Project


def test_a_read_only_project_is_listed_and_refuses_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAVE_GUI_HOME", str(tmp_path / "home"))
    disk = tmp_path / "disk"
    with small_disk(disk, "size=8m"):
        project = Project.open(disk / "p", create=True)
        dataset = project.datasets / "d"
        dataset.mkdir(parents=True)
        (dataset / "data.mdb").write_bytes(b"x")
        (dataset / "metadata.yaml").write_text(yaml.safe_dump({"lazy": False, "channels": 1}))
        assert [record.name for record in project.items("dataset")] == ["d"]
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)

        there = Project.open(disk / "p")
        assert [(record.name, record.path) for record in there.items("dataset")] == [("d", dataset)]
        assert there.items("run") == []
        for command in (["train", "list"], ["export", "list"], ["dataset", "list"], ["jobs", "list"]):
            assert main([*command, "--project", str(disk / "p"), "--json"]) == 0, capsys.readouterr()
        with pytest.raises(UserError) as caught:
            there.store.register("run", "r", there.runs / "r")
        assert caught.value.code == "not-writable"
        assert caught.value.hint
        with pytest.raises(UserError) as caught:
            Project.open(disk / "new", create=True)
        assert caught.value.code == "not-writable"


def test_a_project_on_a_disk_without_any_room_says_so(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, "size=2m"):
        Project.open(disk / "p", create=True).items("dataset")
        (disk / "all").write_bytes(b"x" * shutil.disk_usage(disk).free)
        there = Project.open(disk / "p")
        with pytest.raises(UserError) as caught:
            there.store.set_meta("name", "other")
        assert caught.value.code == "disk-full"
        assert "space" in caught.value.hint
