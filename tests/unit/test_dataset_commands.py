"""The library on the command line, through real jobs: every command's object fits its schema, and every refusal says what to do."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import soundfile
from tests.helpers.datasets import CHUNK, built, foreign, noise, tone, write
from tests.helpers.jobs import Home

from rave_gui.cli.main import main
from rave_gui.projects import Project

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schemas"


class Commands:
    def __init__(self, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.project = project
        self.capsys = capsys

    def __call__(self, verb: str, *args: object, code: int = 0, project: bool = True) -> dict[str, Any]:
        """Run ``dataset VERB`` with ``--json``; its object, checked against the command's schema (or that of errors)."""
        where = ["--project", str(self.project)] if project else []
        assert main(["dataset", verb, *map(str, args), *where, "--json"]) == code
        lines = self.capsys.readouterr().out.splitlines()
        assert len(lines) == 1
        value: dict[str, Any] = json.loads(lines[0])
        name = "error" if "error" in value else f"dataset-{verb}"
        jsonschema.validate(value, json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8")))
        return value

    def refused(self, verb: str, *args: object, project: bool = True) -> str:
        """The code of the refusal."""
        error = self(verb, *args, code=3, project=project)["error"]
        assert error["message"]
        assert error["hint"]
        return str(error["code"])

    def text(self, verb: str, *args: object) -> str:
        """What a person sees."""
        main(["dataset", verb, *map(str, args), "--project", str(self.project)])
        return self.capsys.readouterr().out


@pytest.fixture
def commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Commands]:
    monkeypatch.setenv("RAVE_GUI_HOME", str(tmp_path / "home"))
    project = Project.open(tmp_path / "my project", create=True)
    sound = np.random.default_rng(0).standard_normal(9 * CHUNK) * 0.1
    made = built(tmp_path / "build", {"a.wav": sound[: 5 * CHUNK], "b.wav": sound[5 * CHUNK :]})
    project.datasets.mkdir(exist_ok=True)
    made.rename(project.datasets / "first")
    home = Home(tmp_path)
    try:
        yield Commands(project.path, capsys)
    finally:
        home.close()


def test_looking(commands: Commands, tmp_path: Path) -> None:
    assert [item["name"] for item in commands("list")["items"]] == ["first"]
    assert commands("show", "first")["chunks"] == 9
    text = commands.text("list")
    assert all(word in text for word in ("first", "9 chunks", "44.1 kHz Mono", "MB")), text
    text = commands.text("show", "first")
    assert "9 chunks" in text
    assert "2 recordings" in text
    assert "sidecar" not in text
    page = commands("browse", "first", "--count", 3)
    assert [row["index"] for row in page["items"]] == [0, 1, 2]
    assert not page["indexed"]
    page = commands("browse", "first", "--sort", "loudness", "--descending", "--start", 5)
    levels = [row["rms_db"] for row in page["items"]]
    assert page["indexed"]
    assert len(levels) == 4
    assert levels == sorted(levels, reverse=True)
    source = page["items"][0]["source"]
    assert commands("browse", "first", "--source", source)["total"] in (4, 5)
    assert "a.wav" in commands.text("browse", "first")
    found = commands("stats", "first")
    assert (found["chunks"], found["sampled"], len(found["sources"])) == (9, 9, 2)
    assert found["job"]
    again = commands("stats", "first")
    assert again["job"] is None
    assert again["created"] == found["created"]
    assert "LUFS" in commands.text("stats", "first")
    assert commands("mark", "first", 1, 3)["marked"] == [1, 3]
    assert commands("mark", "first", 3, "--good")["marked"] == [1]
    assert commands.refused("mark", "first", 9) == "bad-parameter"
    assert commands("split-audit", "first")["validation"] == 1
    report = commands("validate", "first")
    assert report["sound"]
    assert "9 chunks are whole" in commands.text("validate", "first")
    up = foreign(tmp_path / "up", {b"00000000": noise(1), b"00000001": b"\xff"})
    assert commands("browse", up, project=False)["items"][1]["problem"]
    assert commands("show", up, project=False)["chunks"] == 2
    report = commands("validate", up, project=False, code=3)
    assert report["counts"] == {"bad-record": 1}
    for verb in ("show", "stats", "browse", "validate", "split-audit"):
        assert commands.refused(verb, "nothing") == "not-found"


def test_copies(commands: Commands, tmp_path: Path) -> None:
    assert commands.refused("clean", "first", "cleaned") == "nothing-marked"
    commands("mark", "first", 2)
    assert commands("clean", "first", "cleaned")["chunks"] == 8
    assert commands.refused("clone", "first", "cleaned") == "name-taken"
    assert commands("clone", "first", tmp_path / "elsewhere" / "copy")["chunks"] == 9
    file = tmp_path / "backup"
    archived = commands("export", "first", file)
    assert archived["path"].endswith("backup.ravedataset")
    assert commands.refused("export", "first", archived["path"]) == "output-exists"
    assert Path(commands("restore", archived["path"])["path"]).name == "first-2"
    assert commands.refused("restore", file) == "not-found"
    files = commands("extract", "first", tmp_path / "files", "--index", 4, "--index", 0, "--format", "flac")
    assert files["files"] == 2
    assert commands("repair", "first", "repaired")["dropped"] == []
    names = [item["name"] for item in commands("list")["items"]]
    assert names == ["cleaned", "first", "first-2", "repaired"]
    stored = {record.name for record in Project.open(commands.project).items("dataset")}
    assert stored == set(names)
    begun = commands("clone", "first", "later", "--detach")
    assert begun["state"] in ("queued", "starting", "running")
    assert "later" in json.dumps(
        json.loads((commands.project / "jobs" / begun["job"] / "spec.json").read_text())
    )


def test_names_tags_and_the_trash(commands: Commands, tmp_path: Path) -> None:
    project = Project.open(commands.project)
    run = project.runs / "model"
    run.mkdir(parents=True)
    (run / "config.gin").write_text("")
    project.store.register("run", "model", run, parent="first")
    assert commands("tag", "first", "drums", "mine ü")["tags"] == ["drums", "mine ü"]
    assert commands("list")["items"][0]["tags"] == ["drums", "mine ü"]
    assert commands.refused("tag", "nothing", "x") == "dataset-missing"
    assert commands("categorise", "first", "Field  recordings")["category"] == "Field recordings"
    assert commands("show", "first")["category"] == "Field recordings"
    assert commands.refused("categorise", "first", "long " * 20) == "bad-name"
    assert commands.refused("categorise", "nothing", "x") == "dataset-missing"
    assert commands("categorise", "first", code=2)["error"]["code"] == "usage"
    assert commands("tag", "first", code=2)["error"]["code"] == "usage"
    assert commands("rename", "first", "second")["name"] == "second"
    record = project.store.get("run", "model")
    assert record is not None
    assert record.parent == "second"
    item = commands("list")["items"][0]
    assert (item["tags"], item["category"]) == (["drums", "mine ü"], "Field recordings")
    commands("clone", "second", "twin")
    twin = next(item for item in commands("list")["items"] if item["name"] == "twin")
    assert (twin["tags"], twin["category"]) == (["drums", "mine ü"], "Field recordings")
    commands("delete", "twin")
    assert commands("categorise", "second", "--clear")["category"] == ""
    assert commands("list")["items"][0]["category"] == ""
    assert commands("show", "second")["chunks"] == 9
    assert commands.refused("rename", "nothing", "x") == "dataset-missing"
    assert commands.refused("rename", "second", "a/b") == "bad-name"
    adopted = commands("adopt", foreign(tmp_path / "up", {b"00000000": noise(1)}))
    assert adopted["name"] == "up"
    assert commands.refused("adopt", str(tmp_path / "up"), "--name", "../other") == "bad-name"
    assert commands.refused("adopt", str(tmp_path / "up"), "--name", "other") == "already-there"
    assert commands.refused("adopt", str(project.datasets / "second"), "--name", "third") == "already-there"
    assert commands.refused("tag", "up", "a\nb") == "bad-name"
    assert commands.refused("tag", "up", "long" * 20) == "bad-name"
    assert commands.refused("tag", "up", *(f"t{n}" for n in range(31))) == "too-many"
    assert commands.refused("rename", "second", "up") in ("name-taken",)
    refused = commands("delete", "second", code=3)["error"]
    assert refused["code"] == "in-use"
    assert "model" in refused["message"]
    item = commands("delete", "second", "--force")
    assert (item["name"], Path(item["path"]).exists()) == ("second", True)
    assert str(tmp_path / "up") in commands.text("delete", "up")
    assert (tmp_path / "up" / "data.mdb").is_file()
    assert (tmp_path / "up" / "data.mdb").is_file(), "what is adopted is not deleted"
    assert commands("list")["items"] == []
    assert commands("tag", "second", "--clear", code=3)["error"]["code"] == "dataset-missing"


def test_making_without_a_project(commands: Commands, tmp_path: Path) -> None:
    """Looked through, forecast, made, added to and noted; the forecast is what came out."""
    source, output = tmp_path / "in", tmp_path / "made" / "one"
    write(source / "a.wav", tone(5 * CHUNK, 440, 0.3))
    write(source / "b.wav", tone(CHUNK // 2, 220, 0.3))
    (source / "c.wav").write_text("no sound")
    shape = ("--num-signal", CHUNK // 2, "--short-files", "skip")
    scanned = commands("scan", source, "--loudness", project=False)
    assert [(Path(file["path"]).name, file["code"]) for file in scanned["files"]] == [
        ("a.wav", ""),
        ("b.wav", ""),
        ("c.wav", "unreadable"),
    ]
    assert scanned["files"][0]["peak_db"] == pytest.approx(20 * np.log10(0.3), abs=0.01)
    forecast = commands("preflight", source, *shape, project=False)
    made = commands("create", source, "--output", output, *shape, project=False)
    assert made["path"] == str(output)
    assert (made["chunks"], made["seconds_lost"]) == (forecast["chunks"], forecast["seconds_lost"])
    assert [problem["code"] for problem in made["problems"]] == ["too-short", "unreadable"]
    more = write(tmp_path / "d.wav", tone(2 * CHUNK, 330, 0.3))
    added = commands("append", output, more, source, project=False)
    assert (added["added"], added["chunks"]) == (2, made["chunks"] + 2)
    assert commands("notes", output, "--licence", "CC0", project=False)["notes"]["*"]["licence"] == "CC0"
    assert commands.refused("create", source, "--output", output, project=False) == "output-exists"
    assert commands.refused("create", tmp_path / "none", "--output", output, project=False) == "not-found"


@pytest.mark.skipif(sys.platform == "win32", reason="names of files cannot hold such characters")
def test_names_of_files_cannot_steer_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "in"
    source.mkdir()
    names = ["\x1b[2Jclear.wav", "two\nlines.wav", "\u202egvaw.wav"]
    for name in names:
        soundfile.write(source / name, np.zeros(44100, np.int16), 44100)
    (source / "broken\x1b[31m\n.wav").write_bytes(b"RIFF")
    for verb, lines in (("scan", 5), ("preflight", 0)):
        assert main(["dataset", verb, str(source)]) == 0
        out = capsys.readouterr().out
        assert not set(out) & set("\x1b\u202e")
        assert not lines or len(out.splitlines()) == lines
    assert main(["dataset", "scan", str(source), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["files"]
    assert {Path(file["path"]).name for file in found} >= set(names)
