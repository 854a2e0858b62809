"""Switching pages in a project with 1,000 runs and 200 datasets, and the window's own time on its thread while a training runs.

    python benchmarks/window_pages.py [--project FOLDER] [--switches 300] [--seconds 30]

Page switch: from the call until every event that it caused was handled, painting included, in random order.
Own time: every event that Qt hands to the window's thread is timed (outermost only), while a real training runs in the project
and its page is shown. Paint events are counted apart. Needs the engine for the second part; offscreen, so no screen is needed.
Writes benchmarks/results/window_pages.json.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

import big_project
import event_times
import record
from rave_gui.paths import AppPaths, default_paths
from rave_gui.ui.app import App


def spin(qt: QApplication, seconds: float) -> None:
    """Let the window live for a while."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        qt.processEvents()
        time.sleep(0.002)


def share(values: list[float], of: float) -> float:
    """A quantile in milliseconds."""
    ordered = sorted(values)
    return round(1000 * ordered[min(len(ordered) - 1, int(of * len(ordered)))], 2)


def figures(values: list[float]) -> dict[str, float]:
    """Quantiles in milliseconds."""
    return {
        "n": len(values),
        "p50_ms": share(values, 0.5),
        "p95_ms": share(values, 0.95),
        "p99_ms": share(values, 0.99),
        "max_ms": share(values, 1.0),
    }


def switches(qt: event_times.Timed, app: App, count: int) -> dict[str, Any]:
    """Show pages in random order, each with all it shows."""
    keys = list(app.window.sidebar.buttons)
    rng = random.Random(0)
    took: dict[str, list[float]] = {key: [] for key in keys}
    now = keys[0]
    for _ in range(count):
        now = rng.choice([key for key in keys if key != now])
        began = time.perf_counter()
        app.show_page(now)
        qt.processEvents()
        took[now].append(time.perf_counter() - began)
        spin(qt, 0.05)
    return {
        "all": figures([t for found in took.values() for t in found]),
        **{key: figures(found) for key, found in took.items()},
    }


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--project", type=Path)
    parser.add_argument("--switches", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=30.0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rave-gui-pages-", ignore_cleanup_errors=True) as temporary:
        home = Path(temporary)
        project = chosen.project or big_project.make(home / "project")
        paths = (
            AppPaths(home / "data", home / "config", home / "cache")
            if not os.environ.get("RAVE_GUI_ENGINE")
            else default_paths()
        )
        qt = event_times.application("window_pages")
        app = App(qt, paths, str(project))
        app.window.resize(1440, 900)
        app.window.show()
        end = time.monotonic() + 60
        while app.session.project is None and time.monotonic() < end:
            spin(qt, 0.1)
        for key in list(app.window.sidebar.buttons):
            app.show_page(key)
            spin(qt, 1.0)
        found: dict[str, Any] = {"page_switch": switches(qt, app, chosen.switches)}
        job = train(app, qt)
        if job:
            qt.on = True
            spin(qt, chosen.seconds)
            qt.on = False
            found["while_training"] = {
                "own": figures([wall for wall, _ in qt.own]),
                "own_processor": figures([work for _, work in qt.own]),
                "paint": figures([wall for wall, _ in qt.paint]) if qt.paint else {},
                "longest": f"{qt.worst[1]}: {1000 * qt.worst[0]:.1f} ms of processor",
                "seconds": chosen.seconds,
            }
            services = app.services
            assert services is not None
            services.jobs.cancel(job, project)
        app.window.close()
        spin(qt, 0.5)
    print(
        record.write(
            "window_pages", found, versions=record.versions(sys.executable, "PySide6-Essentials", "pyqtgraph")
        )
    )


def train(app: App, qt: QApplication) -> str:
    """A real training on one of the project's datasets, shown; its job, or nothing without an engine."""
    from rave_gui.configs.actions import preset
    from rave_gui.training import actions

    services, project = app.services, app.session.project
    assert services is not None
    assert project is not None
    if not services.engine.status().ready:
        print("no engine: the second part is left out")
        return ""
    dataset = big_project.noise(project, "measured", seconds=60, num_signal=32768)
    fields = {**preset("tiny", 100_000), "log_every": 10, "val_every": 1000}
    job = actions.start(services, project, dataset.name, fields, base="measured")
    app.show_page("training", {"run": Path(str(job.params["run"])).name})
    end = time.monotonic() + 120
    while time.monotonic() < end:
        spin(qt, 0.5)
        view = services.jobs.get(job.id, project.path)
        if view.final:
            raise SystemExit(f"the training ended early: {view.error or view.reason}")
        if (view.progress or {}).get("done", 0) > 20:
            break
    return job.id


if __name__ == "__main__":
    main()
