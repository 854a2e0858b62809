"""Reports, scripts, marks and the commands around them."""

from __future__ import annotations

import ast
import base64
import io
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import soundfile
from tests.helpers.projects import ended_job
from tests.unit.test_event_files import NAME, scalar, written

from rave_gui.bootstrap import Services, build
from rave_gui.cli.main import main
from rave_gui.cli.training import start_command
from rave_gui.errors import UserError
from rave_gui.paths import AppPaths
from rave_gui.projects import Project
from rave_gui.training import parameters
from rave_gui.training.experiments import actions, chart, compare, report
from rave_gui.training.experiments.compare import Line
from rave_gui.training.experiments.script import options
from rave_protocol.codec import encode
from rave_protocol.specs import TrainParams

ROOT = Path(__file__).resolve().parents[2]
EVIL = "<script>alert('x')</script> & co"
PARAMS = TrainParams(
    "/sounds/kitchen's",
    "",
    "",
    configs=["v2", "causal"],
    overrides=["CAPACITY = 24", "blocks.EncoderV2.n_out = 1"],
    augmentations=["mute"],
    rand_pitch=(0.5, 2.0),
    max_steps=900,
    normalize=True,
    ema=0.999,
    lr_generator=3e-4,
    device="cuda:1",
    exact=False,
    amp="bf16",
)


@pytest.fixture
def services(tmp_path: Path) -> Services:
    home = tmp_path / "home"
    return build(AppPaths(home / "data", home / "config", home / "cache"))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.open(tmp_path / "project", create=True)
    for n, name in enumerate(("first", "it's second")):
        run = made.runs / name
        values = [scalar("validation", 50 * i, 30.0 / (1 + i + n), 1000.0 + 7 * i) for i in range(20)]
        written(run / "version_0" / NAME, *values)
        (run / "config.gin").write_text(f"CAPACITY = 24  # {EVIL}", encoding="utf-8")
        previews = run / "version_0" / "previews"
        previews.mkdir()
        for step in (100, 900):
            for kind in ("original", "reconstruction"):
                wave = np.sin(np.arange(4410) * (0.1 + n)).astype(np.float32) * 0.5
                soundfile.write(previews / f"step_{step:08d}_{kind}.wav", wave, 44100)
        job = f"20260101-00000{n}-000-aaaa"
        ended_job(made, job, replace(PARAMS, run=str(run), name=name, batch=8 * (n + 1)))
        made.store.register("run", name, run, job=job, parent="kitchen")
    return made


def test_a_report_holds_everything_and_asks_for_nothing(
    services: Services, project: Project, tmp_path: Path
) -> None:
    actions.note(project, "first", EVIL)
    path = actions.report(services, project, ["first", "it's second"], tmp_path / "out" / "report")
    text = path.read_text(encoding="utf-8")
    assert path.name == "report.html"
    assert EVIL not in text
    assert "&lt;script&gt;" in text
    assert not re.search(r"""(?:src|href)\s*=\s*['"](?!data:)""", text)
    assert str(tmp_path) not in text
    sounds = re.findall(r"data:audio/flac;base64,([A-Za-z0-9+/=]+)", text)
    assert len(sounds) == 2 * 2 * 2
    audio, rate = soundfile.read(io.BytesIO(base64.b64decode(sounds[0])), dtype="float32")
    assert rate == 44100
    np.testing.assert_allclose(audio, np.sin(np.arange(4410) * 0.1) * 0.5, atol=1e-4)
    for svg in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        ET.fromstring(svg)
    differing = re.findall(r'<tr class="differs".*?</tr>', text)
    assert [re.sub("<.*?>", " ", row).split() for row in differing] == [["Batch", "(batch)", "8", "16"]]
    with pytest.raises(UserError) as caught:
        actions.report(services, project, ["first"], path)
    assert caught.value.code == "file-exists"
    assert path.read_text(encoding="utf-8") == text
    with pytest.raises(UserError) as caught:
        actions.report(services, project, ["third"], tmp_path / "x.html")
    assert caught.value.code == "run-missing"


def test_the_report_for_print_names_its_pictures(services: Services, project: Project) -> None:
    html, pictures = report.printable(report.gather(services, project, ["first"], audio=False))
    assert set(re.findall(r'img src="([^"]+)"', html)) == set(pictures) == {"chart-0.svg"}
    assert "<script" not in html
    ET.fromstring(pictures["chart-0.svg"])


def test_a_chart_leaves_gaps_and_loses_no_peak() -> None:
    x = np.arange(50_000.0)
    y = np.ones(50_000)
    y[31_234] = 40.0
    y[40_000:40_100] = np.nan
    thin = compare.thinned(Line("a", "t", x, y), 1000)
    assert len(thin.x) <= 1002
    assert np.nanmax(thin.y) == 40.0
    svg = chart.chart("t", [Line("a", "t", x, y)], "steps")
    ET.fromstring(svg)
    whole = chart.chart("t", [Line("a", "t", np.arange(5.0), np.array([1, 2, np.nan, 3, 4]))], "steps")
    (path,) = re.findall(r'<path d="([^"]+)"', whole)
    assert [part[0] for part in re.findall(r"[ML][^ML]+", path)] == ["M", "L", "M", "L"]
    for values in ([], [np.nan], [5.0], [0.0, 0.0], [-1e9, 1e9], [1e-6, 1e6]):
        ET.fromstring(
            chart.chart("t", [Line("a", "t", np.arange(float(len(values))), np.array(values))], "s")
        )


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3.0, 997.0), (1e-9, 2e-9), (12345.0, 12346.0)])
def test_ticks_are_round_and_inside(low: float, high: float) -> None:
    found = chart.ticks(low, high, False)
    assert 2 <= len(found) <= 8
    assert all(low - 1e-6 * abs(low) <= value <= high + 1e-6 * abs(high) for value in found)


def test_every_setting_of_a_script_is_understood_by_the_command_line() -> None:
    fields = encode(replace(PARAMS, clips=["/a b.wav"], init_from="/x.ckpt", description="it's"))
    words = options(fields)
    context = start_command.make_context("start", ["-p", "x", "-d", "y", *words])
    from rave_gui.cli.parameters import given

    whole = {**parameters.defaults(), **given(context.params), "max_steps": context.params["steps"]}
    wanted = parameters.from_fields(fields)
    wanted["overrides"] = ["blocks.EncoderV2.n_out = 1"]
    differing = {
        key: (whole[key], wanted[key])
        for key in wanted
        if key != "name" and _plain(whole[key]) != _plain(wanted[key])
    }
    assert not differing


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def test_scripts_of_each_kind(services: Services, project: Project, tmp_path: Path) -> None:
    path = actions.save_script(services, project, "it's second", tmp_path / "again")
    text = path.read_text(encoding="utf-8")
    assert path.suffix == ".sh"
    if sys.platform != "win32":
        # What the shell makes of it: the command is replaced by one that prints its words.
        program = text.replace("exec rave-gui", "exec printf '%s\\n'")
        done = subprocess.run(["sh", "-c", program], capture_output=True, text=True, check=True)
        said = done.stdout.splitlines()
        assert said[said.index("--name") + 1] == "it's second-again"
        assert said[said.index("--dataset") + 1] == "/sounds/kitchen's"
        assert "blocks.EncoderV2.n_out = 1" in said
        assert path.stat().st_mode & 0o111
    ast.parse(actions.script(services, project, "it's second", kind="python"))
    rave = actions.script(services, project, "first", kind="rave")
    for words in (
        "--config v2",
        "--config causal",
        "--rand_pitch 0.5,2.0",
        "--gpu 1",
        "--normalize",
        "--ema 0.999",
    ):
        assert words in rave
    with pytest.raises(UserError) as caught:
        actions.save_script(services, project, "first", path)
    assert caught.value.code == "file-exists"
    project.store.register("run", "foreign", project.runs / "first")
    with pytest.raises(UserError) as caught:
        actions.script(services, project, "foreign")
    assert caught.value.code == "run-foreign"


def test_marks_are_kept_and_said_once(services: Services, project: Project) -> None:
    both = ["first", "it's second"]
    assert actions.star(project, both) == both
    assert actions.star(project, both) == []
    assert actions.tag(project, ["first"], add=["Drums", " "], remove=["nothing"]) == ["first"]
    assert actions.tag(project, ["first"], remove=["drums"]) == ["first"]
    assert actions.archive(project, ["first"]) == ["first"]
    assert actions.archive(project, ["first"]) == []
    rows = actions.list_runs(services, project)
    assert [(row.name, row.fields["starred"], row.fields["tags"]) for row in rows] == [
        ("it's second", True, [])
    ]
    assert [row.name for row in actions.list_runs(services, project, "archived")] == ["first"]
    assert actions.archive(project, ["first"], on=False) == ["first"]
    with pytest.raises(UserError):
        actions.tag(project, ["first", "nobody"], add=["x"])
    assert "x" not in project.store.tags("run")["first"]
    assert [row.name for row in actions.last_seen(project, "starred", "name", False)] == ["it's second"]


def test_values_at_a_step_are_columns_and_filters(services: Services, project: Project) -> None:
    rows = actions.list_runs(
        services, project, "validation@0.1k < 9", sort="validation@100", wanted=["validation@475"]
    )
    assert [(row.name, row.fields["validation@0.1k"]) for row in rows] == [("it's second", 7.5)]
    assert rows[0].fields["validation@475"] == pytest.approx(30 / 11)
    groups = actions.group(actions.list_runs(services, project), "config")
    assert [(value, len(members)) for value, members in groups] == [("v2 + causal", 2)]


def run(capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, Any]:
    code = main(["experiments", *args, "--json"])
    data: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert code == 0, data
    schema = ROOT / "docs/schemas" / f"experiments-{args[0]}.json"
    jsonschema.validate(data, json.loads(schema.read_text(encoding="utf-8")))
    return data


def test_commands(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAVE_GUI_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RAVE_GUI_ENGINE", raising=False)
    where = ("-p", str(project.path))
    found = run(capsys, "list", *where, "--filter", "batch > 8", "--columns", "batch,validation@100")
    assert [item["fields"] for item in found["items"]] == [{"batch": 16, "validation@100": 7.5}]
    assert run(capsys, "list", *where, "--limit", "1")["found"] == 2
    whole = run(capsys, "compare", "first", "it's second", *where, "--tag", "validation", "--align", "time")
    assert [row["name"] for row in whole["parameters"] if not row["same"]] == ["batch"]
    assert whole["curves"][0]["x"][-1] == pytest.approx(19 * 7)
    assert [clip["step"] for clip in whole["clips"]] == [100, 900]
    assert whole["benchmark"][0]["steps_per_second"] == pytest.approx(50 / 7)
    assert run(capsys, "tag", "first", *where, "--add", "x")["changed"] == ["first"]
    assert run(capsys, "star", "first", *where, "--off")["changed"] == []
    assert run(capsys, "note", "first", "good", *where)["changed"] == ["first"]
    assert run(capsys, "archive", "first", *where)["changed"] == ["first"]
    assert run(capsys, "script", "first", *where)["path"] is None
    written_to = run(capsys, "report", "first", *where, "-o", str(tmp_path / "r.html"), "--no-audio")
    assert written_to["bytes"] == (tmp_path / "r.html").stat().st_size
    for args in (["list"], ["list", "-f", "archived"], ["compare", "first", "it's second"]):
        assert main(["experiments", *args, *where]) == 0
        assert "second" in capsys.readouterr().out or args[-1] == "archived"
    assert main(["experiments", "tag", "first", *where]) == 2


def test_a_report_is_what_its_name_says(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAVE_GUI_HOME", str(tmp_path / "home"))
    where = ("-p", str(project.path), "--json")
    assert main(["experiments", "report", "first", "-o", str(tmp_path / "r.docx"), *where]) == 3
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "bad-ending"
    assert ".html" in error["hint"]
    assert not (tmp_path / "r.docx").exists()


def test_names_that_no_run_has_are_said(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAVE_GUI_HOME", str(tmp_path / "home"))
    where = ("-p", str(project.path))
    for args, code, hint in (
        (("--filter", "validaton.best < 9"), "no-column", "validation.best"),
        (("--sort", "batsh"), "no-column", "batch"),
        (("--columns", "name,qqqq"), "no-column", "--columns all"),
        (("--group", "confg"), "no-column", "config"),
        (("--filter", "validation.best < abc"), "bad-query", "validation.best < 9.5"),
    ):
        assert main(["experiments", "list", *where, "--json", *args]) == 3, args
        error = json.loads(capsys.readouterr().out)["error"]
        assert error["code"] == code
        assert hint in error["hint"]
    order = run(
        capsys, "list", *where, "--sort", "Batch", "--filter", "PHASE_1_DURATION != 3 and loss_dis != 1"
    )
    assert [item["name"] for item in order["items"]] == ["it's second", "first"]
    grouped = run(capsys, "list", *where, "--group", "batch", "--sort", "name")
    assert grouped["groups"] == [
        {"value": "16", "names": ["it's second"]},
        {"value": "8", "names": ["first"]},
    ]
    assert main(["experiments", "list", *where, "--group", "config"]) == 0
    assert "config: v2 + causal (2 runs)" in capsys.readouterr().out
