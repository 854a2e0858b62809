"""The datasets pages with 100,000 files under review and with a dataset of 1,000,000 chunks: first rows, frames, memory.

    python benchmarks/dataset_pages.py [--files 100000] [--chunks 1000000] [--frames 300] [--folder FOLDER]

The window is the real one, drawn without a screen. The scan's rows are synthetic and come from a thread as those of a real scan do
(the scan itself is measured elsewhere); the dataset is real and lies on the disk. A frame is what scrolling to another place costs
the window's thread: moving, laying out and painting; events are those handled on that thread meanwhile, painting counted apart.
Frames and events are given in the thread's own processor time, which other programs on the machine do not change; frames on the
clock as well. Each part runs in a process of its own. Writes benchmarks/results/dataset_pages.json.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication

import record

WIDTH, HEIGHT = 1440, 900
PAINTS = {QEvent.Type.Paint, QEvent.Type.UpdateRequest, QEvent.Type.UpdateLater, QEvent.Type.Expose}


def spread(values: list[float]) -> dict[str, float]:
    """Median, 99th percentile and largest, in milliseconds."""
    ordered = sorted(values)
    return {
        "median_ms": 1000 * statistics.median(ordered),
        "p99_ms": 1000 * ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))],
        "max_ms": 1000 * ordered[-1],
        "n": len(ordered),
    }


def memory() -> float:
    """Megabytes this process holds."""
    import psutil

    return float(psutil.Process().memory_info().rss) / 1e6


class Counted(QApplication):
    """Notes what every outermost event costs the window's thread."""

    def __init__(self) -> None:
        super().__init__(["dataset_pages"])
        self.depth, self.on = 0, False
        self.own: list[float] = []
        self.paint: list[float] = []
        self.worst = (0.0, "")

    def notify(self, receiver: QObject, event: QEvent) -> bool:
        """Hand one event on."""
        if not self.on:  # asking for the time is dear where the system has to be asked
            return super().notify(receiver, event)
        kind = event.type()
        self.depth += 1
        began = time.thread_time()
        try:
            return super().notify(receiver, event)
        finally:
            self.depth -= 1
            if self.on and self.depth == 0:
                took = time.thread_time() - began
                (self.paint if kind in PAINTS else self.own).append(took)
                if kind not in PAINTS and took > self.worst[0]:
                    self.worst = (took, f"{kind.name} of {type(receiver).__name__}")


class Stage:
    """A window on an empty project, with its events timed."""

    def __init__(self, home: Path) -> None:
        from rave_gui.paths import AppPaths
        from rave_gui.projects import Project
        from rave_gui.ui.app import App

        self.qt = Counted()
        project = Project.open(home / "project", create=True)
        paths = AppPaths(home / "data", home / "config", home / "cache")
        self.app = App(self.qt, paths, str(project.path))
        self.app.window.resize(WIDTH, HEIGHT)
        self.app.window.show()
        self.spin(lambda: self.app.session.project is not None)
        self.app.show_page("datasets")
        self.page: Any = self.app.page("datasets")
        self.spin(lambda: self.page.library.loaded)
        self.rest(1.0)

    def spin(self, until: Callable[[], bool], seconds: float = 300.0) -> float:
        """Let the window work until something is true; how long that took, in seconds."""
        begun = time.perf_counter()
        while not until():
            if time.perf_counter() - begun > seconds:
                raise TimeoutError("the window did not get where it should")
            self.qt.processEvents()
            time.sleep(0.001)
        return time.perf_counter() - begun

    def rest(self, seconds: float) -> None:
        """Let the window work for a while."""
        end = time.perf_counter() + seconds
        self.spin(lambda: time.perf_counter() > end)

    def watch(self, until: Callable[[], bool]) -> dict[str, Any]:
        """Time every event until something is true."""
        self.qt.own.clear()
        self.qt.paint.clear()
        self.qt.worst = (0.0, "")
        self.qt.on = True
        took = self.spin(until)
        self.qt.on = False
        found = {"seconds": took, "own": spread(self.qt.own or [0.0]), "worst": self.qt.worst[1]}
        if self.qt.paint:
            found["paint"] = spread(self.qt.paint)
        return found

    def frames(self, table: Any, count: int) -> dict[str, Any]:
        """Scroll a table: by lines, by pages and to random places."""
        bar, draw = table.verticalScrollBar(), random.Random(0)
        found: dict[str, list[float]] = {"line": [], "page": [], "jump": []}
        clock: dict[str, list[float]] = {"line": [], "page": [], "jump": []}
        for _ in range(count):
            for kind, step in (
                ("line", bar.singleStep()),
                ("page", bar.pageStep()),
                ("jump", draw.randrange(bar.maximum()) - bar.value()),
            ):
                begun, cpu = time.perf_counter(), time.thread_time()
                bar.setValue(max(0, min(bar.maximum(), bar.value() + step)))
                table.viewport().repaint()
                found[kind].append(time.thread_time() - cpu)
                clock[kind].append(time.perf_counter() - begun)
                self.qt.processEvents()
        return {kind: {"processor": spread(found[kind]), "clock": spread(clock[kind])} for kind in found}

    def close(self) -> None:
        """Close the window."""
        self.app.window.close()


def files(home: Path, count: int, frames: int) -> dict[str, Any]:
    """The wizard's review of ``count`` files."""
    from rave_gui.datasets import actions
    from rave_gui.datasets.scan import Scan, ScanRow

    stage = Stage(home)
    draw = random.Random(1)
    kinds = [("wav", "pcm_s16le"), ("flac", "flac"), ("ogg", "vorbis")]
    rows = []
    for n in range(count):
        container, codec = kinds[n % 3]
        bad = n % 997 == 0
        name = f"/sounds/library {n // 500:03d}/{draw.choice(['kick', 'snare', 'voice'])} {n:06d}.{container}"
        rows.append(
            ScanRow(
                name,
                draw.randrange(10_000, 9_000_000),
                n,
                None if bad else draw.uniform(0.2, 400),
                0 if bad else 44100,
                0 if bad else 2,
                codec,
                container,
                exact=not bad,
                code="not-audio" if bad else "",
                reason="This is not a sound file." if bad else "",
                root="/sounds",
            )
        )

    def scan(_services: Any, _sources: Any, *, on_file: Any, **_more: Any) -> Scan:
        for number, row in enumerate(rows):
            on_file(row)
            if not number % 500:
                time.sleep(0.005)
        return Scan([str(home)], rows)

    actions.scan = scan  # type: ignore[assignment]
    stage.page.new([home])
    wizard = stage.page.wizard
    stage.rest(1.0)
    before = memory()
    wizard.model.go("review")
    first = stage.spin(lambda: bool(wizard.model.files.rows) and wizard.review.rows.rowCount() > 0)
    found: dict[str, Any] = {"files": count, "first_rows_ms": 1000 * first}
    found["arriving"] = stage.watch(lambda: not wizard.model.scanning)
    stage.rest(1.0)
    found["memory_mb"] = memory() - before
    table, step = wizard.review.table, wizard.review
    found["frames"] = stage.frames(table, frames)
    table.sorted_by.emit("length", True)
    found["sorted_by_length"] = stage.watch(lambda: step.files.order.sort == "length")
    step.search.setText("voice 0000")
    found["searched"] = stage.watch(lambda: step.files.order.query == "voice 0000")
    found["found"] = len(step.files.shown)
    step.search.clear()
    stage.spin(lambda: not step.files.order.query)
    table.setFocus()
    for name, act in (("all_chosen_ms", table.selectAll), ("all_left_out_ms", step._toggle_excluded)):
        cpu = time.thread_time()
        act()
        stage.qt.processEvents()
        found[name] = 1000 * (time.thread_time() - cpu)
    stage.close()
    return found


def chunks(home: Path, dataset: Path, frames: int) -> dict[str, Any]:
    """The table of chunks of a large dataset, from opening it to its end."""
    from rave_gui.projects import Project

    with_it = Project.open(home / "project", create=True)
    with_it.store.register("dataset", dataset.name, dataset)
    stage = Stage(home)
    page = stage.page
    stage.spin(lambda: page.library.get(dataset.name) is not None and page.library.entries[0].chunks > 0)
    stage.rest(1.0)
    before = memory()
    page.open_entry(page.library.entries[0])
    stage.rest(1.0)
    begun, cpu = time.perf_counter(), time.process_time()
    page.detail.show_tab("chunks")
    tab = page.detail.tabs["chunks"]
    stage.spin(lambda: tab.model.count > 0 and tab.model.row(0) is not None)
    found: dict[str, Any] = {
        "chunks": tab.model.total,
        "first_page_ms": 1000 * (time.perf_counter() - begun),
        "first_page_processor_ms": 1000 * (time.process_time() - cpu),
    }
    # What is made once (the tab, its plots, their imports) is there the second time.
    page.detail.show_tab("health")
    stage.rest(0.5)
    page.detail.tabs["chunks"].forget()
    stage.rest(0.5)
    begun, cpu = time.perf_counter(), time.process_time()
    page.detail.show_tab("chunks")
    stage.spin(lambda: tab.model.count > 0 and tab.model.row(0) is not None)
    found["first_page_again_ms"] = 1000 * (time.perf_counter() - begun)
    found["first_page_again_processor_ms"] = 1000 * (time.process_time() - cpu)
    stage.rest(1.5)
    filled = []
    draw = random.Random(2)
    bar = tab.table.verticalScrollBar()
    for _ in range(30):
        begun = time.perf_counter()
        bar.setValue(draw.randrange(bar.maximum()))
        stage.qt.processEvents()
        top = tab.table.rowAt(1)
        stage.spin(lambda top=top: tab.model.row(top) is not None)  # type: ignore[misc]
        filled.append(time.perf_counter() - begun)
    found["rows_after_a_jump"] = spread(filled)
    found["frames"] = stage.frames(tab.table, frames)
    stage.rest(1.0)
    found["memory_mb"] = memory() - before
    begun = time.perf_counter()
    tab.jump(tab.model.total - 1)
    stage.spin(lambda: tab.panel.index == tab.model.total - 1)
    found["last_chunk_shown_ms"] = 1000 * (time.perf_counter() - begun)
    stage.close()
    return found


def main() -> None:
    """Make what is needed, measure in fresh processes, write the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--chunks", type=int, default=1_000_000)
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--folder", type=Path, help="where the dataset is made (1.2 GB)")
    parser.add_argument("--dataset", type=Path, help="a dataset made before by dataset_browser.make")
    parser.add_argument("--child", nargs=2)
    args = parser.parse_args()
    if args.child:
        with tempfile.TemporaryDirectory(dir=args.folder) as name:
            home = Path(name)
            found = (
                files(home, args.files, args.frames)
                if args.child[0] == "files"
                else chunks(home, Path(args.child[1]), args.frames)
            )
        print(json.dumps(found))
        return
    import dataset_browser

    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        many = args.dataset or Path(name) / "many"
        if args.dataset is None:
            dataset_browser.make(many, args.chunks, 256, 250)
        results: dict[str, Any] = {}
        for kind in ("files", "chunks"):
            done = subprocess.run(
                [
                    sys.executable,
                    __file__,
                    *("--child", kind, str(many)),
                    *("--files", str(args.files), "--frames", str(args.frames)),
                ],
                capture_output=True,
                text=True,
                check=True,
            )
            results[kind] = json.loads(done.stdout.splitlines()[-1])
            print(json.dumps(results[kind], indent=1), flush=True)
    path = record.write(
        "dataset_pages",
        {**results, "window": [WIDTH, HEIGHT]},
        versions=record.versions(sys.executable, "pyside6", "numpy", "lmdb"),
    )
    print(path)


if __name__ == "__main__":
    main()
