"""Start-up, memory and plot refresh of the toolkits that were considered, side by side: ``python benchmarks/gui_frameworks.py``.

Linux only (Xvfb, /proc). PyQt6 is installed into a temporary environment; Tkinter needs an interpreter that has it; the web
candidate needs Chromium (Debian package chromium) and stands for Electron too, whose npm package downloads its program from
a place that not every machine reaches. Candidates that cannot run are recorded with the reason. Rounds are interleaved.
Written to benchmarks/results/gui_frameworks.json, which decision 0001 cites.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

import record

HERE = Path(__file__).resolve().parent / "gui_candidates"
TIMEOUT = 60.0


@dataclass
class Candidate:
    """A toolkit: how its window is started, or why it cannot be."""

    name: str
    command: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    missing: str = ""
    rounds: list[dict[str, Any]] = field(default_factory=list)


@contextlib.contextmanager
def screen() -> Iterator[dict[str, str]]:
    """Environment variables for a screen of our own, which ends with the block."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        number = os.read(read, 16).decode().strip()
        variables = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        variables.pop("WAYLAND_DISPLAY", None)
        yield {**variables, "DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
    finally:
        os.close(read)
        server.terminate()
        server.wait(10)


def candidates(work: Path) -> list[Candidate]:
    """PySide6 from this environment, PyQt6 in a fresh one, Tkinter, a page in Chromium, Electron."""
    here = sys.executable
    found = [
        Candidate(
            "PySide6",
            [here, str(HERE / "qt_app.py"), "PySide6"],
            record.versions(here, "PySide6-Essentials", "pyqtgraph"),
        ),
        _pyqt(work / "pyqt"),
        _tk(here),
        _web(here),
    ]
    found.append(_electron(work / "electron"))
    return found


def _pyqt(folder: Path) -> Candidate:
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    python = folder / "bin" / "python"
    try:
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
        subprocess.run(
            [uv, "pip", "install", "--quiet", "--python", str(python), "PyQt6", "pyqtgraph", "numpy"],
            check=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        return Candidate("PyQt6", missing=f"could not be installed: {error}")
    return Candidate(
        "PyQt6",
        [str(python), str(HERE / "qt_app.py"), "PyQt6"],
        record.versions(python, "PyQt6", "pyqtgraph"),
    )


def _tk(python: str) -> Candidate:
    asked = subprocess.run(
        [python, "-c", "import tkinter; print(tkinter.TkVersion)"],
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode:
        return Candidate("Tkinter", missing="this Python was built without Tk")
    return Candidate("Tkinter", [python, str(HERE / "tk_app.py")], {"Tk": asked.stdout.strip()})


def _web(python: str) -> Candidate:
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        return Candidate("Web page in Chromium", missing="Chromium is not installed")
    version = subprocess.run(
        [browser, "--version"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return Candidate(
        "Web page in Chromium", [python, str(HERE / "web_app.py"), browser], {"browser": version}
    )


def _electron(folder: Path) -> Candidate:
    npm = shutil.which("npm")
    if npm is None:
        return Candidate("Electron", missing="npm is not installed")
    folder.mkdir()
    done = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund", "electron"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode:
        reason = next((line for line in done.stderr.splitlines() if "Error" in line), "npm failed")
        return Candidate(
            "Electron",
            missing="the npm package downloads the program itself from elsewhere when it is installed, and that failed: "
            + reason.removeprefix("npm error").strip(),
        )
    return Candidate("Electron", missing="it can be installed here, but no window was written for it")


def lines(process: subprocess.Popen[str], wanted: tuple[str, ...]) -> dict[str, Any]:
    """Read JSON lines until every wanted key has come. Raises :class:`TimeoutError`."""
    found: dict[str, Any] = {}
    deadline = time.monotonic() + TIMEOUT
    assert process.stdout is not None
    while not all(key in found for key in wanted):
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        line = process.stdout.readline() if ready else ""
        if not line:
            raise TimeoutError(f"{process.args!r} did not report {wanted}")
        found.update(json.loads(line))
    return found


def memory(root: psutil.Process) -> dict[str, float]:
    """Proportional and resident memory of a process and all its children, in MiB."""
    total = {"pss_mib": 0.0, "rss_mib": 0.0}
    for process in [root, *root.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            info = process.memory_full_info()
            total["pss_mib"] += getattr(info, "pss", 0) / 2**20  # Linux only
            total["rss_mib"] += info.rss / 2**20
    return total


def measure(candidate: Candidate, variables: dict[str, str]) -> dict[str, Any]:
    """One start: seconds to the first paint, milliseconds of a plot refresh, memory afterwards."""
    started = time.time()
    process = subprocess.Popen(
        candidate.command,
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        found = lines(process, ("painted", "refresh_ms"))
        refresh = sorted(found["refresh_ms"])
        return {
            "first_paint_s": found["painted"] - started,
            "refresh_ms": statistics.median(refresh),
            "refresh_p95_ms": refresh[int(0.95 * (len(refresh) - 1))],
            **memory(psutil.Process(process.pid)),
        }
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def main() -> int:
    """Measure every candidate in interleaved rounds and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, screen() as variables:
        found = candidates(Path(folder))
        runnable = [candidate for candidate in found if candidate.command]
        for number in range(options.rounds + 1):
            for candidate in runnable:
                figures = measure(candidate, variables)
                if number:  # the first round fills the disk's and Python's caches
                    candidate.rounds.append(figures)
                    print(
                        candidate.name, {key: round(value, 3) for key, value in figures.items()}, flush=True
                    )
    figures = {
        candidate.name: {"versions": candidate.versions, "missing": candidate.missing}
        if candidate.missing
        else {
            "versions": candidate.versions,
            **{key: record.summary([r[key] for r in candidate.rounds]) for key in candidate.rounds[0]},
        }
        for candidate in found
    }
    print(record.write("gui_frameworks", figures, rounds=options.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
