"""What was measured, as a command prints it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from tests.unit.test_event_files import NAME, points, scalar, written

from rave_gui.cli.main import main
from rave_gui.projects import Project

ROOT = Path(__file__).resolve().parents[2]


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, dict[str, object]]:
    code = main([*args, "--json"])
    data = json.loads(capsys.readouterr().out)
    if code == 0:
        jsonschema.validate(
            data, json.loads((ROOT / "docs/schemas/metrics.json").read_text(encoding="utf-8"))
        )
    return code, data


def test_points_and_summaries(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = [scalar("v", 10 * i, v) for i, v in enumerate((5.0, float("nan"), 2.0, 3.0))]
    written(tmp_path / "voice" / "version_0" / NAME, *points(4), *values)
    code, data = run(capsys, "metrics", str(tmp_path / "voice"), "--tag", "v")
    assert code == 0
    assert data["curves"]["v"]["values"] == [5.0, None, 2.0, 3.0]  # type: ignore[index]
    (summary,) = [row for row in data["summary"] if row["tag"] == "v"]  # type: ignore[attr-defined]
    assert (summary["best"], summary["best_step"], summary["last"], summary["points"]) == (2.0, 20, 3.0, 4)


def test_benchmark_counts_every_scalar(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path / NAME, *points(123))
    code, data = run(capsys, "metrics", str(tmp_path), "--benchmark")
    assert (code, data["scalars"], data["events"], data["damaged"]) == (0, 123, 123, 0)


def test_what_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path / NAME, *points(2))
    code, data = run(capsys, "metrics", str(tmp_path), "--tag", "nothing")
    assert (code, data["error"]["code"]) == (3, "no-tag")  # type: ignore[index]
    assert "loss" in data["error"]["hint"]  # type: ignore[index]
    (tmp_path / "empty").mkdir()
    code, data = run(capsys, "metrics", str(tmp_path / "empty"))
    assert (code, data["error"]["code"]) == (3, "no-events")  # type: ignore[index]


def test_what_the_job_told_fills_in_the_event_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Project.open(tmp_path / "project", create=True)
    run_folder = project.runs / "voice"
    written(run_folder / "version_0" / NAME, scalar("v", 10, 1.0), scalar("v", 20, 2.0))
    job = project.jobs / "20260101-000000-000-aaaa"
    job.mkdir(parents=True)
    told = [{"type": "metric", "time": 5.0, "step": s, "values": {"v": 9.0, "w": 1.0}} for s in (5, 10, 30)]
    lines = "".join(json.dumps(line) + "\n" for line in told)
    (job / "events.jsonl").write_text(lines + "torn", encoding="utf-8")
    project.store.register("run", "voice", run_folder, job=job.name)
    code, data = run(capsys, "metrics", "voice", "--project", str(project.path), "--tag", "v")
    assert code == 0
    curve = data["curves"]["v"]  # type: ignore[index]
    assert (curve["steps"], curve["values"]) == ([5, 10, 20, 30], [9.0, 1.0, 2.0, 9.0])
    assert [row["tag"] for row in data["summary"]] == ["v", "w"]  # type: ignore[attr-defined]
    assert main(["metrics", "voice", "--project", str(project.path)]) == 0
    assert "lowest 1 at step 10" in capsys.readouterr().out


def test_a_log_file_tells_its_newest_metrics(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, data = run(capsys, "metrics", str(ROOT / "tests/helpers/recorded/lightning.log"))
    assert (code, data["trouble"], data["metrics"]["step"]) == (0, "ended", 20.0)  # type: ignore[index]
    (tmp_path / "empty.txt").touch()
    code, data = run(capsys, "metrics", str(tmp_path / "empty.txt"))
    assert (code, data["error"]["code"]) == (3, "no-events")  # type: ignore[index]
