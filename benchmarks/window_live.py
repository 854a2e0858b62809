"""What the open window costs while nothing happens, and how soon it sees what another process changes.

    python benchmarks/window_live.py [--project FOLDER] [--seconds 60] [--changes 30]

Idle: processor time of the whole process (all its threads) while a project with 1,000 runs and 200 datasets is open and nobody
touches it, as a share of one core, on the start page and on the pages of trainings and jobs. Changes: a second process makes a run's
folder in the project and notes the time (the clock is the same for all processes); the window notes when its pages are told.
Offscreen. Writes benchmarks/results/window_live.json.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

import big_project
import record
from rave_gui.paths import AppPaths
from rave_gui.ui.app import App

MAKER = """
import sys, time
from pathlib import Path
for n, line in enumerate(sys.stdin):
    folder = Path(sys.argv[1]) / "runs" / f"from elsewhere {n}"
    folder.mkdir(parents=True)
    (folder / "config.gin").write_text("")
    print(time.monotonic(), flush=True)
"""


def live(seconds: float) -> None:
    """Let the window live, as it does in front of a user: it sleeps until an event comes."""
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()


def idle(app: App, seconds: float) -> dict[str, float]:
    """Share of one core, in per cent, by page."""
    live(20.0)  # pages are made and read
    found = {}
    for page in ("home", "training", "jobs"):
        app.show_page(page)
        live(5.0)
        began, used = time.monotonic(), time.process_time()
        live(seconds)
        found[page] = round(100 * (time.process_time() - used) / (time.monotonic() - began), 2)
    return found


def changes(app: App, project: Path, count: int) -> list[float]:
    """Seconds from each change in another process to the moment when the window's pages are told."""
    maker = subprocess.Popen(
        [sys.executable, "-c", MAKER, str(project)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert maker.stdin is not None
    assert maker.stdout is not None
    took = []
    for n in range(count):
        live(0.7 + 0.037 * n % 0.5)  # at any moment between two looks
        loop = QEventLoop()
        seen: list[float] = []

        def told(topics: frozenset[str], loop: QEventLoop = loop, seen: list[float] = seen) -> None:
            if "runs" in topics:
                seen.append(time.monotonic())
                loop.quit()

        app.session.data_changed.connect(told)
        maker.stdin.write("make\n")
        maker.stdin.flush()
        QTimer.singleShot(10_000, loop.quit)
        loop.exec()
        made = float(maker.stdout.readline())
        app.session.data_changed.disconnect(told)
        if not seen:
            raise SystemExit("a change was not seen within ten seconds")
        took.append(seen[0] - made)
    maker.stdin.close()
    maker.wait()
    return took


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--project", type=Path, help="a project of big_project.py; runs are added to it")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--changes", type=int, default=30)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rave-gui-live-", ignore_cleanup_errors=True) as temporary:
        home = Path(temporary)
        project = chosen.project or big_project.make(home / "project")
        qt = QApplication(["window_live"])
        app = App(qt, AppPaths(home / "data", home / "config", home / "cache"), str(project))
        app.window.resize(1440, 900)
        app.window.show()
        end = time.monotonic() + 120
        while not app.live.ready and time.monotonic() < end:
            live(0.2)
        found: dict[str, Any] = {
            "idle_percent_of_a_core": idle(app, chosen.seconds),
            "seconds": chosen.seconds,
        }
        app.show_page("home")
        found["seen_after_seconds"] = record.summary(changes(app, project, chosen.changes))
        app.window.close()
        live(0.5)
    print(
        record.write(
            "window_live", found, versions=record.versions(sys.executable, "PySide6-Essentials", "psygnal")
        )
    )


if __name__ == "__main__":
    main()
