"""The test run's own machinery: a failure is never lost, and what depends on it does not run."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def stages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("stages_under_test", ROOT / "tools" / "stages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "stages_under_test", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "LOGS", tmp_path)
    return module


def program(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def test_counts_add_up_and_a_failure_stops_what_needs_it(
    stages: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = [
        stages.Stage("good", lambda: program("print('3 passed, 0 failed')")),
        stages.Stage("bad", lambda: program("print('the reason'); raise SystemExit(4)")),
        stages.Stage("after-bad", lambda: program("print('never')"), ("bad",)),
        stages.Stage("last", lambda: program("pass"), ("good",), alone=True),
    ]
    run = stages.TestRun(table, tmp_path)
    total = run.run()
    assert (total.passed, total.failed) == (4, 2)
    assert set(run.results) == {"good", "bad", "after-bad", "last"}
    said = capsys.readouterr().out
    assert "the reason" in said
    assert "never" not in said.replace("print('never')", "")
    assert "after-bad: not run, because bad failed" in said


def test_pytest_that_finds_no_test_is_a_failure(stages: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path / "empty")]
    total = stages.TestRun([stages.Stage("empty", lambda: command)], tmp_path).run()
    assert total.failed == 1


def test_pytest_is_counted_from_its_report(stages: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "test_three.py"
    file.write_text(
        "import pytest\ndef test_a(): pass\ndef test_b(): assert 0\n@pytest.mark.skip\ndef test_c(): pass\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)]
    total = stages.TestRun([stages.Stage("three", lambda: command)], tmp_path).run()
    assert (total.passed, total.failed, total.skipped) == (1, 1, 1)


def test_unknown_stages_are_named(stages: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert stages.main(["unti"]) == 2
    assert "unit" in capsys.readouterr().out
