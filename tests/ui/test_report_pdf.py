"""A report as PDF from the command line, where there is no display."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.unit.test_experiment_reports import project as project  # noqa: PLC0414 - a fixture, used by its name

from rave_gui.projects import Project


def test_a_report_named_pdf_is_one(project: Project, tmp_path: Path) -> None:
    env = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "QT_QPA_PLATFORM")}
    env["RAVE_GUI_HOME"] = str(tmp_path / "home")
    command = [sys.executable, "-m", "rave_gui.cli.main", "experiments", "report", "first", "-o", "r.pdf"]
    for code in (0, 3):  # the second time there is a file of that name
        told = subprocess.run(
            [*command, "-p", str(project.path), "--json"],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            check=False,
        )
        assert told.returncode == code, told
        assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF-")
