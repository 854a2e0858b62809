"""``rave-gui project …``: every command's object fits its schema, and every refusal is one object, too."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.helpers.jobs import Home, open_home
from tests.helpers.projects import fill

from rave_gui.bootstrap import build
from rave_gui.cli.main import main
from rave_gui.projects import Project
from rave_gui.projects.size import in_words as size
from rave_gui.workspace import actions

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schemas"
CAPTURE = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    with open_home(tmp_path, monkeypatch) as home:
        yield home


def call(capsys: CAPTURE, *args: str, code: int = 0) -> dict[str, Any]:
    found = main(["project", *args, "--json"])
    out = capsys.readouterr().out
    assert found == code, out
    assert len(out.splitlines()) == 1, out
    return fitting(out, "error" if code else f"project-{args[0]}")


def fitting(out: str, schema: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(out)
    jsonschema.validate(value, json.loads((SCHEMAS / f"{schema}.json").read_text(encoding="utf-8")))
    return value


def words(capsys: CAPTURE, *args: str) -> str:
    assert main(["project", *args]) == 0
    return capsys.readouterr().out


def test_the_life_of_a_project(tmp_path: Path, capsys: CAPTURE) -> None:
    folder = str(tmp_path / "my project")
    made = call(capsys, "create", folder, "--name", "Größe", "--description", "Drums")
    assert (made["path"], made["name"]) == (folder, "Größe")
    assert call(capsys, "create", folder, code=3)["error"]["code"] == "project-exists"
    assert call(capsys, "open", folder)["id"] == made["id"]
    assert [item["path"] for item in call(capsys, "list")["items"]] == [folder]
    shown = call(capsys, "show")
    assert (shown["path"], shown["schema"], shown["counts"]["runs"]) == (folder, 2, 0)
    assert call(capsys, "settings", folder)["settings"]["channels"] == 1.0
    assert call(capsys, "settings", folder, "author", "Ada")["settings"] == {"author": "Ada"}
    assert call(capsys, "settings", folder, "channels", "2")["settings"] == {"channels": 2.0}
    assert call(capsys, "settings", folder, "channels", "two", code=3)["error"]["code"] == "bad-setting"
    assert call(capsys, "settings", folder, "colour", code=3)["error"]["code"] == "no-such-setting"
    moved = call(capsys, "rename", folder, "Other name", "--folder")
    there = str(tmp_path / "Other name")
    assert moved["path"] == there
    plan = call(capsys, "delete", there)
    assert (plan["deleted"], plan["plan"]["name"]) == (False, "Other name")
    assert Path(there).is_dir()
    assert call(capsys, "delete", there, "--name", "Wrong", code=3)["error"]["code"] == "wrong-name"
    entry = call(capsys, "delete", there, "--name", "Other name")["entry"]
    assert call(capsys, "trash")["items"] == [entry]
    assert call(capsys, "list")["items"] == []
    assert call(capsys, "restore", entry["path"])["path"] == there
    entry = call(capsys, "delete", there, "--name", "Other name")["entry"]
    assert call(capsys, "purge", entry["path"], "--name", "Wrong", code=3)["error"]["code"] == "wrong-name"
    assert call(capsys, "purge", entry["path"], "--name", "Other name")["bytes"] > 0
    assert call(capsys, "restore", entry["path"], code=3)["error"]["code"] == "trash-missing"
    call(capsys, "create", folder)
    gone = call(capsys, "delete", folder, "--name", "my project", "--for-good")
    assert (gone["deleted"], gone["entry"]) == (True, None)
    assert call(capsys, "trash")["items"] == []
    call(capsys, "create", folder)
    call(capsys, "forget", folder)
    assert call(capsys, "show", code=3)["error"]["code"] == "project-missing"


def test_there_and_back_and_adopted(tmp_path: Path, capsys: CAPTURE) -> None:
    project = fill(Project.open(tmp_path / "p", create=True))
    archive = tmp_path / "out" / "a.ravegui"
    done = call(capsys, "export", str(project.path), "--output", str(archive), "--checkpoints", "newest")
    assert done["path"] == str(archive)
    assert done["bytes"] == archive.stat().st_size
    assert len(done["left_out"]) == 1
    back = call(capsys, "import", str(archive), "-o", str(tmp_path / "q"))
    assert (back["path"], back["name"], back["project"]) == (str(tmp_path / "q"), "p", None)
    assert [item["path"] for item in call(capsys, "list")["items"]] == [str(tmp_path / "q")]
    assert (
        call(capsys, "import", str(archive), "-o", str(tmp_path / "q"), code=3)["error"]["code"]
        == "output-exists"
    )
    too = ("--max-bytes", "1000")
    assert (
        call(capsys, "import", str(archive), "-o", str(tmp_path / "r"), *too, code=3)["error"]["code"]
        == "archive-too-large"
    )
    call(capsys, "create", str(tmp_path / "s"))
    report = call(capsys, "adopt", str(tmp_path / "s"), str(project.path), str(tmp_path / "q"))
    assert {(a["kind"], a["name"]) for a in report["adopted"]} == {
        (kind, name + number)
        for kind, name in (("dataset", "drums"), ("run", "drums tiny"), ("export", "drums tiny_streaming"))
        for number in ("", "-2")
    }
    # Below both of them nothing is taken a second time: they are other projects.
    assert call(capsys, "adopt", str(tmp_path / "s"), str(tmp_path), "--yes")["adopted"] == []
    text = words(capsys, "show", str(tmp_path / "s"))
    assert "2 runs" in text
    assert "kept: dataset drums" in words(capsys, "delete", str(tmp_path / "s"))


def test_what_was_deleted_in_a_project_comes_back_or_goes(tmp_path: Path, capsys: CAPTURE) -> None:
    project = fill(Project.open(tmp_path / "p", create=True))
    services = build()
    actions.trash_item(services, project, "dataset", "drums")
    actions.trash_item(services, project, "run", "drums tiny")
    where = ("--project", str(project.path))

    def trash(verb: str, *args: str, code: int = 0) -> dict[str, Any]:
        assert main(["trash", verb, *where, *args, "--json"]) == code
        return fitting(capsys.readouterr().out, "error" if code else f"trash-{verb}")

    listed = trash("list")
    assert {(item["kind"], item["name"]) for item in listed["items"]} == {
        ("dataset", "drums"),
        ("run", "drums tiny"),
    }
    assert listed["bytes"] > 0
    assert trash("restore", "nothing", code=3)["error"]["code"] == "trash-missing"
    back = trash("restore", "drums")["restored"]
    assert [(one["kind"], one["name"]) for one in back] == [("dataset", "drums")]
    assert (project.datasets / "drums" / "data.mdb").is_file()
    for _ in range(2):
        actions.trash_item(services, project, "dataset", "drums")
        newest = next(item for item in actions.list_trash(project) if item.kind == "dataset")
        shutil.copytree(newest.path, project.datasets / "drums")
    twice = trash("restore", "drums", code=3)["error"]
    assert twice["code"] == "ambiguous"
    ids = [item["id"] for item in trash("list")["items"] if item["kind"] == "dataset"]
    assert all(word in twice["hint"] for word in ids)
    assert trash("restore", ids[0])["restored"][0]["name"] == "drums-2"
    plan = trash("purge", "--all")
    assert (plan["purged"], len(plan["items"]), plan["freed"]) == (False, 2, 0)
    assert len(trash("list")["items"]) == 2
    done = trash("purge", ids[1], "--yes")
    assert (done["purged"], len(done["items"])) == (True, 1)
    assert done["freed"] > 0
    assert trash("purge", "--all", "--yes")["items"]
    assert trash("list") == {"items": [], "bytes": 0}
    assert main(["trash", "list", *where]) == 0
    assert "empty" in capsys.readouterr().out
    assert main(["trash", "purge", *where, "--json"]) == 2
    assert fitting(capsys.readouterr().out, "error")["error"]["code"] == "usage"


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT")
def test_ctrl_c_cancels_an_export_and_leaves_nothing(tmp_path: Path) -> None:
    project = Project.open(tmp_path / "p", create=True)
    project.sounds.mkdir()
    with (project.sounds / "long.wav").open("wb") as file:
        file.truncate(4 << 30)  # takes no space, and longer to pack than a signal to arrive
    (tmp_path / "out").mkdir()
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "rave_gui.cli.main", "project", "export", str(project.path), "--json"]
    with subprocess.Popen(
        [*command, "-o", str(tmp_path / "out" / "a")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "…" in line:
                break
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert json.loads(out)["error"]["code"] == "cancelled"
    assert list((tmp_path / "out").iterdir()) == []


def test_sizes_for_people() -> None:
    assert [size(n) for n in (0, 999, 1000, 1_500_000, 2.34e9, 5e15)] == [
        "0 B",
        "999 B",
        "1 kB",
        "1.5 MB",
        "2.3 GB",
        "5000.0 TB",
    ]
