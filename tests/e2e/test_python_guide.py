"""The script of the guide “From Python” works as it stands, on the real engine."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.e2e.conftest import PATIENCE, Home

pytestmark = pytest.mark.engine
PAGE = Path(__file__).resolve().parents[2] / "docs" / "user" / "python.md"


def test_the_script_of_the_guide_runs(home: Home, music: Path, tmp_path: Path) -> None:
    script = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert script is not None
    file = tmp_path / "guide.py"
    file.write_text(script[1], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(file), str(music), str(tmp_path / "project"), "12"],
        env=home.environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    said = dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)
    forecast, made = (int(said[key].split()[0]) for key in ("forecast", "made"))
    assert forecast == made > 0
    assert "step_00000012.ckpt" in said["checkpoints"]
    assert float(said["distance"].split()[0]) > 0
    assert Path(said["model"]).is_file()
    assert "first succeeded" in done.stdout
    assert "12 of 12 phase 1" in done.stdout
    assert "dataset-missing" in done.stdout.splitlines()[-1]
