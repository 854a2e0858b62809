"""Close and kill the window during every kind of job, open it again, and check that nothing was lost and that it shows what is true.

    python tools/window_kill_campaign.py [--rounds 2] [--kinds train,export]

For each kind of job and each round a window submits the job, as its pages do, and then goes away at a random moment of it: closed
as a user closes it, or ended with SIGKILL. A second window is opened at once. It must show the job, in the state that the disk
tells, and then its end; the job must succeed, exactly once, with its result in place and nothing half-made beside it. The second
window then submits the next job.

Writes ``benchmarks/results/window_kills.json``. Uses the engine of ``RAVE_GUI_TEST_ENGINE`` (an interpreter), otherwise the one
that is installed. Exit code 1 when a round found a fault. No screen is needed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import queue
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import psutil
import soundfile

from rave_gui.audio import synth
from rave_gui.bootstrap import Services, build
from rave_gui.jobs import JobView
from rave_gui.paths import default_paths
from rave_gui.projects import Project
from rave_gui.runtime.manager import EngineManager
from rave_protocol import jobfolder
from rave_protocol.locks import holder, is_held
from rave_protocol.specs import DatasetParams

if TYPE_CHECKING:
    from rave_gui.ui.app import App

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "window_kills.json"
WAYS = ("killed", "closed")
PATIENCE = 300.0
"""Seconds after which a window or a job counts as stuck."""
TRUE_WITHIN = 30.0
"""Seconds that a window may take from its first list of jobs until that is what the disk tells."""
STEPS = 12
BASE = "base"
LOST = "the window does not show the job at all"

Submit = Callable[[Services, Project, int], JobView]


def _dataset(services: Services, project: Project, number: int) -> JobView:
    from rave_gui.datasets import actions

    output = project.datasets / f"set {number}"
    view = actions.create(services, _params(project, output), project=project.path)
    project.store.register("dataset", output.name, output, job=view.id)
    return view


def _params(project: Project, output: Path) -> DatasetParams:
    return DatasetParams([str(project.sounds)], str(output), num_signal=32768)


def _stats(services: Services, project: Project, _number: int) -> JobView:
    from rave_gui.datasets import actions

    return actions.compute_stats(services, project.datasets / BASE, project.path)


def _check(services: Services, project: Project, _number: int) -> JobView:
    from rave_gui.datasets import actions

    return actions.validate(services, project.datasets / BASE, project.path)


def _clone(services: Services, project: Project, number: int) -> JobView:
    from rave_gui.datasets import actions

    source, target = project.datasets / BASE, project.datasets / f"copy {number}"
    return actions.clone(services, source, target, project.path)


def _archive(services: Services, project: Project, number: int) -> JobView:
    from rave_gui.workspace import actions

    return actions.export_archive(services, project.path, project.path.parent / f"{number}.ravegui")


def _train(services: Services, project: Project, number: int, name: str = "") -> JobView:
    from rave_gui.configs.actions import preset
    from rave_gui.training import actions

    fields = preset("tiny", STEPS)
    fields["overrides"] = [*fields.get("overrides", ()), "CAPACITY = 4"]
    return actions.start(services, project, BASE, {**fields, "device": "cpu"}, name=name or f"run {number}")


def _render(services: Services, project: Project, _number: int) -> JobView:
    from rave_gui.models import actions

    return actions.render(services, project, BASE, project.sounds / "drums.wav")


def _evaluate(services: Services, project: Project, _number: int) -> JobView:
    from rave_gui.models import actions

    return actions.evaluate(services, project, BASE, BASE)


def _export(services: Services, project: Project, number: int, name: str = "") -> JobView:
    from rave_gui.exports import actions

    return actions.run(services, project, BASE, name=name or f"file {number}")


def _verify(services: Services, project: Project, _number: int) -> JobView:
    from rave_gui.exports import actions

    return actions.verify(services, project, BASE)


KINDS: dict[str, Submit] = {
    "dataset": _dataset,
    "dataset-stats": _stats,
    "dataset-check": _check,
    "dataset-clone": _clone,
    "project-export": _archive,
    "train": _train,
    "render": _render,
    "evaluate": _evaluate,
    "export": _export,
    "verify": _verify,
}
"""How a window submits a job of each kind. Those before ``train`` need no engine."""
WITHOUT_ENGINE = tuple(KINDS)[: list(KINDS).index("train")]


# The window, in a process of its own


def show_window(project: str) -> int:
    """A window that obeys lines on stdin and answers each with a line of JSON: ``submit KIND NUMBER``, ``look``, ``close``."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from rave_gui.ui.app import App

    qt = QApplication([])
    app = App(qt, default_paths(), project)
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            lines.put(line)

    threading.Thread(target=read, daemon=True).start()
    greeted = False

    def tick() -> None:
        nonlocal greeted
        ready = app.built and app.session.project is not None and app.session.jobs.loaded
        if ready and not greeted:
            greeted = True
            answer({"ready": True})
        if greeted and not lines.empty():
            obey(app, lines.get().split())

    timer = QTimer()
    timer.timeout.connect(tick)
    timer.start(10)
    app.window.show()
    code = qt.exec()
    app.themes.close()
    return code


def answer(value: dict[str, Any]) -> None:
    """One line to whoever drives the window."""
    print(json.dumps(value), flush=True)


def obey(app: App, words: list[str]) -> None:
    """Do what a line says."""
    session = app.session
    if words[0] == "submit":
        services, project = session.services, session.project
        if services is None or project is None:
            raise RuntimeError("the window has no project")
        session.call(
            lambda: KINDS[words[1]](services, project, int(words[2])),
            lambda view: answer({"submitted": view.id}),
            lambda error: answer({"error": repr(error)}),
        )
    elif words[0] == "look":
        answer({"jobs": {row.id: row.state for row in session.jobs.rows}})
    else:
        app.window.close()


class Window:
    """A window's process, and the talk with it."""

    def __init__(self, project: Path) -> None:
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--window", str(project)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self._said: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        self.hear("ready")
        self.opened = time.monotonic() - self.begun

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._said.put(line)

    def hear(self, key: str) -> Any:
        """The answer that holds ``key``."""
        found = json.loads(self._said.get(timeout=PATIENCE))
        if key not in found:
            raise RuntimeError(f"the window says {found} where {key!r} was asked for")
        return found[key]

    def say(self, line: str) -> None:
        """Send a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def look(self) -> dict[str, str]:
        """States of the jobs that it shows."""
        self.say("look")
        found: dict[str, str] = self.hear("jobs")
        return found

    def end(self, way: str) -> None:
        """Close it, or kill it."""
        if self.process.poll() is None:
            if way == "closed":
                self.say("close")
            else:
                self.process.kill()
        self.process.wait(PATIENCE)


# The campaign


@dataclass
class Round:
    """What one round did and found."""

    kind: str
    way: str
    moment: float
    """Seconds after the job was there."""
    state_then: str = ""
    """Of the job, when the window had gone."""
    seconds_to_open: float | None = None
    seconds_until_true: float | None = None
    """From the second window's first list until it shows what the disk tells."""
    state: str = ""
    faults: list[str] = field(default_factory=list)


class Campaign:
    """One isolated user (``RAVE_GUI_HOME`` is set already) with a project."""

    def __init__(self, root: Path, engine: Path | None) -> None:
        self.services = build(default_paths())
        if engine is not None:
            self.services.engine.adopt(engine)
        self.project = Project.open(root / "project", create=True)
        self.project.sounds.mkdir(exist_ok=True)
        for name, make in (("plucks", synth.plucks), ("drums", synth.drums)):
            soundfile.write(self.project.sounds / f"{name}.wav", make(15.0, 1, 44100), 44100)
        self.lasts: dict[str, float] = {}
        self.window: Window | None = None
        self._number = 0
        self._prepare(engine is not None)

    def _prepare(self, with_engine: bool) -> None:
        """What the jobs work on: a dataset, and with an engine a run and an export."""
        output = self.project.datasets / BASE
        from rave_gui.datasets import actions

        view = actions.create(self.services, _params(self.project, output), project=self.project.path)
        self._well(view, "dataset")
        self.project.store.register("dataset", BASE, output, job=view.id)
        if with_engine:
            self._well(_train(self.services, self.project, 0, BASE), "train")
            self._well(_export(self.services, self.project, 0, BASE), "export")

    def _well(self, view: JobView, kind: str) -> None:
        begun = time.monotonic()
        view = self.services.jobs.wait(view.id, timeout=PATIENCE, project=self.project.path)
        if view.state != "succeeded":
            raise SystemExit(f"even a {kind} that nobody disturbs does not end well: {view.error}")
        self.lasts[kind] = time.monotonic() - begun

    def play(self, kind: str, way: str, share: float) -> Round:
        """One round; ``share`` of the job's usual time passes before the window goes."""
        self._number += 1
        if self.window is None:
            self.window = Window(self.project.path)
        known = self._job_names()
        self.window.say(f"submit {kind} {self._number}")
        job = str(self.window.hear("submitted"))
        found = Round(kind, way, round(share * self.lasts.get(kind, 3.0), 3))
        begun = time.monotonic()
        time.sleep(found.moment)
        self.window.end(way)
        found.state_then = self._state(job)
        self.window = Window(self.project.path)
        found.seconds_to_open = round(self.window.opened, 3)
        self._reopened(found, job)
        view = self.services.jobs.wait(job, timeout=PATIENCE, project=self.project.path)
        self.lasts.setdefault(kind, time.monotonic() - begun)
        found.state = view.state
        self._until(lambda: self._shown(job) == view.state, found, "the window never shows the job's end")
        self._inspect(found, view, known)
        return found

    def _reopened(self, found: Round, job: str) -> None:
        """The first list holds the job, and is soon what the disk tells."""
        begun = time.monotonic()
        if self._shown(job) is None:
            found.faults.append(LOST)
        if self._until(lambda: self._is_true(job), found, "the window shows another state than the disk"):
            found.seconds_until_true = round(time.monotonic() - begun, 3)

    def _is_true(self, job: str) -> bool:
        before, shown, after = self._state(job), self._shown(job), self._state(job)
        return shown in (before, after)

    def _shown(self, job: str) -> str | None:
        assert self.window is not None
        return self.window.look().get(job)

    def _state(self, job: str) -> str:
        data = json.loads((self.project.jobs / job / jobfolder.STATE).read_text(encoding="utf-8"))
        return str(data["state"])

    def _until(self, there: Callable[[], bool], found: Round, fault: str) -> bool:
        end = time.monotonic() + TRUE_WITHIN
        while not there():
            if time.monotonic() > end:
                found.faults.append(fault)
                return False
            time.sleep(0.02)
        return True

    def _job_names(self) -> set[str]:
        return {path.name for path in self.project.jobs.glob("[!.]*")}

    def _inspect(self, found: Round, view: JobView, known: set[str]) -> None:
        if view.state != "succeeded":
            found.faults.append(f"the job is {view.state}: {view.error or view.reason}")
            return
        if self._job_names() - known != {view.id}:
            found.faults.append(f"there are {len(self._job_names() - known)} new jobs, not one")
        result = view.result or {}
        path = Path(str(result.get("path") or result.get("checkpoint") or view.folder))
        if not path.exists():
            found.faults.append(f"the result {path.name} is not there")
        elif path.suffix == ".wav" and not np.abs(soundfile.read(path)[0]).max() > 0:
            found.faults.append(f"the result {path.name} is silent")
        halves = [p for p in self.project.path.rglob("*") if p.name.endswith((".part", ".tmp"))]
        if halves:
            found.faults.append(f"something half-made is left: {[p.name for p in halves]}")
        self._project_is_sound(found, view)

    def _project_is_sound(self, found: Round, view: JobView) -> None:
        """The project opens, and knows what the job made."""
        again = Project.open(self.project.path)
        made: dict[str, tuple[Literal["dataset", "run", "export"], str]] = {
            "dataset": ("dataset", f"set {self._number}"),
            "train": ("run", f"run {self._number}"),
            "export": ("export", f"file {self._number}"),
        }
        kind, name = made.get(view.kind, ("dataset", BASE))
        if name not in {record.name for record in again.items(kind)}:
            found.faults.append(f"the project does not know {name!r}")

    def close(self) -> None:
        """End what may still run."""
        if self.window is not None:
            self.window.end("killed")
        folders = [
            self.services.paths.locks,
            *self.project.jobs.glob("[!.]*"),
            self.services.paths.warm_worker.parent,
        ]
        for lock in [path for folder in folders for path in folder.glob("*.lock")]:
            who = holder(lock) if is_held(lock) else None
            if who is not None and who.pid != os.getpid():
                with contextlib.suppress(psutil.Error):
                    psutil.Process(who.pid).kill()


def summary(rounds: list[Round], campaign: Campaign, seed: int) -> dict[str, Any]:
    """The object that is committed."""
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    status = campaign.services.engine.status()
    true = [r.seconds_until_true for r in rounds if r.seconds_until_true is not None]
    return {
        "commit": commit.stdout.strip(),
        "engine": {"python": status.python, "torch": status.torch, "rave": status.rave},
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "seed": seed,
        "rounds": len(rounds),
        "faults": sum(len(r.faults) for r in rounds),
        "kinds": dict(Counter(r.kind for r in rounds)),
        "ways": dict(Counter(r.way for r in rounds)),
        "states_when_the_window_had_gone": dict(Counter(r.state_then for r in rounds)),
        "states_at_the_end": dict(Counter(r.state for r in rounds)),
        "seconds_until_true_worst": max(true, default=None),
        "detail": [asdict(r) for r in rounds],
    }


def main() -> int:
    """Run the campaign and write its results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=2, help="for each kind of job")
    parser.add_argument("--kinds", default=",".join(KINDS), help="only these, with commas between")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--window", metavar="PROJECT", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.window:
        return show_window(args.window)
    rng = random.Random(args.seed)
    named = os.environ.get("RAVE_GUI_TEST_ENGINE") or EngineManager(default_paths()).status().interpreter
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ.pop("RAVE_GUI_ENGINE", None)
    with tempfile.TemporaryDirectory(prefix="rave-windows-", ignore_cleanup_errors=True) as folder:
        os.environ["RAVE_GUI_HOME"] = str(Path(folder) / "home")
        campaign = Campaign(Path(folder), Path(named) if named else None)
        rounds: list[Round] = []
        try:
            for number in range(args.rounds):
                for place, kind in enumerate(args.kinds.split(",")):
                    way = WAYS[(number + place) % len(WAYS)]
                    rounds.append(campaign.play(kind, way, rng.uniform(0.0, 0.9)))
                    print(rounds[-1], flush=True)
            found = summary(rounds, campaign, args.seed)
        finally:
            campaign.close()
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print({k: v for k, v in found.items() if k != "detail"})
    return 1 if found["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
