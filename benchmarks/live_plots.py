"""The live plots of a run: from logged to painted, twenty curves of a million values, eight plots at rest, a day replayed.

    xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/live_plots.py [--quick] [--only latency,million,idle,day]

A second process plays the engine by the real protocol: a job folder whose locks it holds, events appended as a training appends them.
The window is the application's own, its Training page shown.

latency   from the time that stands in the event (taken just before it is written) to the end of the first paint of a plot that shows
          its step. Values come once a second (as they mostly do) and ten times a second.
million   20 curves of 1,000,000 values each in 11 plots on a view of 1900x2400, new values in each several times a second; every
          outermost event of the window's thread is timed, those that paint apart; once plain, once smoothed.
idle      the processor time of the window's process while it watches that run with 8 plots in sight.
day       24 hours of a training at 10 steps a second, written as fast as the disk takes it while the window follows: resident memory at
          every twelfth.
Writes benchmarks/results/live_plots.json.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil

import record

TAGS = (
    "fullband_spectral_distance", "multiband_spectral_distance", "regularization", "beta_factor", "adversarial", "feature_matching",
    "loss_dis", "pred_real", "pred_fake", "learning_rate", "learning_rate_discriminator",
)  # fmt: skip
NAME = "watched"
STEPS = 864_000
"""24 hours at ten steps a second."""


# --- the engine's part, in a process of its own


def play(folder: Path, rate: float, day: bool) -> None:
    """Append events to a job until the process is ended: so many values a second, or a day's as fast as they go."""
    from rave_gui.jobs.folder import JobFolder
    from rave_gui.jobs.state import JobState
    from rave_protocol import jobfolder
    from rave_protocol.locks import OsLock, machine_id

    locks = [OsLock(folder / name) for name in (jobfolder.RUNNER_LOCK, jobfolder.WORK_LOCK)]
    assert all(lock.acquire() for lock in locks)
    state = JobState(state="running", host="here", machine=machine_id(), started=time.time())
    JobFolder(folder).write_state(state)
    rng = random.Random(0)
    with (folder / jobfolder.EVENTS).open("a", encoding="utf-8", buffering=1) as file:

        def tell(kind: str, **fields: Any) -> None:
            file.write(json.dumps({"type": kind, "time": time.time(), **fields}) + "\n")

        tell("started", pid=os.getpid(), role="engine", versions={})
        step, parent = 0, os.getppid()
        while step < STEPS and os.getppid() == parent:
            step += 50 if day else 1
            values = {tag: rng.random() + 100 / (100 + step) for tag in TAGS}
            if step % 10_000 == 0 or (not day and step % 20 == 0):
                values["validation"] = rng.random()
                values |= {
                    f"fidelity_{share}": float(rng.randrange(1, 128)) for share in (0.8, 0.9, 0.95, 0.99)
                }
            tell("metric", step=step, values=values)
            for part in range(5 if day else 1):  # once a second of the day
                done = step - 40 + 10 * part if day else step
                tell("progress", done=done, total=STEPS, unit="steps", phase="phase 1", rate=10.0)
            if not day:
                time.sleep(1 / rate)
        tell("finished", result={"step": step})


def job(project: Any) -> Path:
    """A run and the job that trains it, as the application makes them."""
    from rave_gui.jobs.folder import create
    from rave_gui.jobs.state import JobState
    from rave_protocol.codec import decode
    from rave_protocol.locks import machine_id
    from rave_protocol.specs import JobSpec, TrainParams

    run = project.runs / NAME
    (run / "version_0").mkdir(parents=True)
    (run / "config.gin").write_text("PHASE_1_DURATION = 1000000\n", encoding="utf-8")
    params = decode(
        TrainParams,
        {
            "dataset": str(project.datasets / "demo"),
            "run": str(run),
            "name": NAME,
            "configs": ["v2"],
            "max_steps": STEPS,
        },
    )
    spec = JobSpec(
        "20260101-000000-000-0001", "train", f"Train {NAME}", params, time.time(), str(project.path)
    )
    made: Path = create(project.jobs, spec, JobState(host="here", machine=machine_id())).path
    project.store.register("run", NAME, run, job=spec.id, parent="demo")
    return made


# --- the window's part


def make_qt(*, timing: bool) -> Any:
    """The application object; with ``timing`` one that times every outermost event: by the clock, and the thread's own processor time."""
    if os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "xcb")
    from PySide6.QtWidgets import QApplication

    if timing:
        import event_times

        return event_times.application("live_plots")
    return QApplication(["live_plots"])


class Window:
    """The application on a project of its own, with the watched run shown."""

    def __init__(self, qt: Any, home: Path, size: tuple[int, int] = (1440, 900)) -> None:
        from rave_gui.paths import AppPaths
        from rave_gui.projects import Project
        from rave_gui.ui.app import App

        self.qt = qt
        self.project = Project.open(home / "project", create=True)
        self.folder = job(self.project)
        self.app = App(qt, AppPaths(home / "data", home / "config", home / "cache"), str(self.project.path))
        self.app.window.resize(*size)
        self.app.window.show()
        self.wait(lambda: self.app.session.project is not None)
        self.app.show_page("training")
        self.writer: subprocess.Popen[bytes] | None = None

    def write(self, rate: float = 1.0, *, day: bool = False) -> None:
        """Let the engine's part begin, and watch it."""
        command = [sys.executable, __file__, "--play", str(self.folder), "--rate", str(rate)]
        self.writer = subprocess.Popen(
            [*command, "--day"] if day else command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        self.app.session.go("training", run=NAME)
        page = self.app.page("training")
        self.wait(lambda: page.shown_run is not None and page.run_view.model.ready)
        self.view = page.run_view

    def wait(self, until: Callable[[], bool], seconds: float = 60.0) -> None:
        """Live until something holds."""
        end = time.monotonic() + seconds
        while not until():
            if time.monotonic() > end:
                raise SystemExit("the window did not come that far")
            self.live(0.05)

    def wait_for_plots(self, count: int) -> None:
        """Live until so many plots are shown."""
        self.wait(lambda: len(self.view.curves.panels) >= count)

    def wait_for_step(self, step: float) -> None:
        """Live until the window has come to a step."""
        self.wait(lambda: self.view.model.step >= step, 600)

    def live(self, seconds: float) -> None:
        """Let the window live, asleep between its events as any application is."""
        from PySide6.QtCore import QEventLoop, QTimer

        loop = QEventLoop()
        QTimer.singleShot(int(seconds * 1000), loop.quit)
        loop.exec()

    def close(self) -> None:
        """End both."""
        if self.writer is not None:
            self.writer.kill()
            self.writer.wait()
        self.app.window.close()
        self.live(0.3)


def figures(values: list[float]) -> dict[str, float]:
    """Quantiles in milliseconds."""
    ordered = sorted(values)

    def at(share: float) -> float:
        return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)

    if not ordered:
        return {"n": 0}
    return {"n": len(ordered), "p50_ms": at(0.5), "p95_ms": at(0.95), "p99_ms": at(0.99), "max_ms": at(1.0)}


def timed(values: list[tuple[float, float]]) -> dict[str, Any]:
    """By the clock, and processor time alone (what a busy machine does not lengthen)."""
    return {"clock": figures([v[0] for v in values]), "processor": figures([v[1] for v in values])}


def latency(qt: Any, seconds: float) -> dict[str, Any]:
    """From the event's own time to the end of the paint that shows it."""
    import pyqtgraph as pg

    from rave_gui.viewmodels.scalars import PANELS

    at: dict[int, float] = {}
    watched: list[Any] = []
    real = pg.GraphicsView.paintEvent

    def painted(plot: Any, event: Any) -> None:
        real(plot, event)
        now = time.time()
        if watched and watched[0].plot is plot:
            curve = next(iter(watched[0]._curves.values()), None)
            x = curve.xData if curve is not None else None
            if x is not None and len(x):
                for step in range(max(at, default=0) + 1, int(x[-1]) + 1):
                    at[step] = now

    pg.GraphicsView.paintEvent = painted
    found = {}
    for rate in (1.0, 10.0):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
            window = Window(qt, Path(temporary))
            window.write(rate)
            key = PANELS[0].key
            window.wait_for_plots(8 if rate > 5 else 1)
            at.clear()
            watched[:] = [window.view.curves.panels[key]]
            window.live(2.0)
            first = max(at, default=0)
            window.live(seconds)
            written = {}
            for line in (window.folder / "events.jsonl").read_text(encoding="utf-8").splitlines():
                event = json.loads(line)
                if event["type"] == "metric":
                    written[event["step"]] = event["time"]
            took = [at[step] - written[step] for step in at if step > first and step in written]
            watched.clear()
            found[f"{rate:g}_a_second"] = figures(took)
            window.close()
    return found


def million(qt: Any, seconds: float) -> dict[str, Any]:
    """Own time and paint with twenty curves of a million values that grow."""
    from PySide6.QtCore import QTimer

    from rave_gui.ui.pages.training.curves import CurvesView
    from rave_gui.ui.theme.manager import ThemeManager
    from rave_gui.ui.widgets.plot import Look
    from rave_gui.viewmodels.job import JobModel
    from rave_gui.viewmodels.series import Series

    tags = [
        *TAGS,
        "validation",
        *(f"fidelity_{s}" for s in (0.8, 0.9, 0.95, 0.99)),
        "own_1",
        "own_2",
        "own_3",
        "own_4",
    ]
    rng = np.random.default_rng(0)
    model = JobModel()
    for tag in tags[:20]:
        series = Series()
        series.extend_arrays(np.arange(1e6), np.abs(rng.normal(size=1_000_000)) + 1e5 / np.arange(1e5, 11e5))
        model.metrics[tag] = series
    themes = ThemeManager(qt, "light")
    view = CurvesView(themes, growing=True)
    view.resize(1900, 2400)
    view.watch(model)
    view.show()
    step = [1_000_000.0]

    def more() -> None:
        for series in model.metrics.values():
            steps = step[0] + np.arange(20.0)
            series.extend_arrays(steps, np.abs(rng.normal(size=20)) + 1)
        step[0] += 20
        view.touch()

    timer = QTimer()
    timer.timeout.connect(more)
    found: dict[str, Any] = {"curves": len(model.metrics), "values_each": 1_000_000}
    for name, look in (("plain", Look()), ("smoothed", Look(smoothing=0.97))):
        view.set_look(look)
        end = time.monotonic() + 60
        while (view.busy or not view.panels) and time.monotonic() < end:
            _live(0.1)
        timer.start(200)
        qt.clear()
        qt.on = True
        _live(seconds)
        qt.on = False
        timer.stop()
        found[name] = {
            "own": timed(qt.own),
            "paint": timed(qt.paint),
            "longest": f"{qt.worst[1]}: {1000 * qt.worst[0]:.1f} ms of processor time",
        }
        found["plots"] = len(view.panels)
    view.hide()
    view.deleteLater()
    themes.close()
    _live(0.2)
    return found


def _live(seconds: float) -> None:
    from PySide6.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    QTimer.singleShot(int(seconds * 1000), loop.quit)
    loop.exec()


def idle(qt: Any, seconds: float) -> dict[str, Any]:
    """Share of a core that watching takes."""
    found: dict[str, Any] = {}
    for rate in (1.0, 10.0):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
            window = Window(qt, Path(temporary), (1590, 990))
            window.write(rate)
            window.wait_for_plots(8)
            window.live(5.0)
            before, began = time.process_time(), time.monotonic()
            window.live(seconds)
            used = (time.process_time() - before) / (time.monotonic() - began)
            shown = [p for p in window.view.curves.panels.values() if not p.visibleRegion().isEmpty()]
            found[f"{rate:g}_a_second"] = {
                "share_of_a_core": round(used, 4),
                "plots": len(window.view.curves.panels),
                "in_sight": len(shown),
            }
            window.close()
    return found


def day(qt: Any, _seconds: float) -> dict[str, Any]:
    """Resident memory while a day is replayed."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        window = Window(qt, Path(temporary))
        process = psutil.Process()
        began = time.monotonic()
        window.write(day=True)
        memory: list[dict[str, float]] = []
        while len(memory) < 12:
            wanted = STEPS * (len(memory) + 1) / 12
            window.wait_for_step(wanted)
            memory.append(
                {"hours": 2.0 * (len(memory) + 1), "mib": round(process.memory_info().rss / 2**20, 1)}
            )
        took = time.monotonic() - began
        values = sum(len(s) for s in window.view.model.job.metrics.values())
        size = (window.folder / "events.jsonl").stat().st_size
        window.close()
    return {
        "resident": memory,
        "growth_after_2_h_mib": round(memory[-1]["mib"] - memory[0]["mib"], 1),
        "seconds": round(took, 1),
        "values": values,
        "events_mb": round(size / 1e6, 1),
    }


PARTS: dict[str, Callable[[Any, float], dict[str, Any]]] = {
    "latency": latency,
    "million": million,
    "idle": idle,
    "day": day,
}


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a few seconds each, nothing is written")
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--play", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--rate", type=float, default=1.0, help=argparse.SUPPRESS)
    parser.add_argument("--day", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.play is not None:
        play(chosen.play, chosen.rate, chosen.day)
    elif chosen.part:
        measure(chosen.part, 8.0 if chosen.quick else 25.0, chosen.into)
    else:
        everything(chosen.only.split(","), quick=chosen.quick)


def measure(part: str, seconds: float, into: Path) -> None:
    """One part, in this process."""
    from rave_gui.jobs import JobService

    def nobody(_service: JobService, _views: object) -> set[Path]:
        return set()

    JobService._keep_going = nobody  # type: ignore[assignment,method-assign]
    qt = make_qt(timing=part == "million")
    found = {**PARTS[part](qt, seconds), "platform": qt.platformName(), "load": psutil.getloadavg()[0]}
    into.write_text(json.dumps(found), encoding="utf-8")


def everything(parts: list[str], *, quick: bool) -> None:
    """Each part in a process of its own."""
    found = {}
    versions = record.versions(sys.executable, "PySide6-Essentials", "pyqtgraph", "numpy")
    with tempfile.TemporaryDirectory() as temporary:
        for part in parts:
            into = Path(temporary) / f"{part}.json"
            command = [sys.executable, __file__, "--part", part, "--into", str(into)]
            subprocess.run([*command, "--quick"] if quick else command, check=True, timeout=900)
            found[part] = json.loads(into.read_text(encoding="utf-8"))
            print(part, json.dumps(found[part], indent=1), flush=True)
            if not quick:
                record.write("live_plots", found, versions=versions)


if __name__ == "__main__":
    main()
