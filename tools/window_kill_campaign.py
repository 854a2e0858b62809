"""Close and kill the window during every kind of job, open it again, and check that nothing was lost and that it shows what is true.

    python tools/window_kill_campaign.py [--rounds 2] [--kinds train,export]

For each kind of job and each round a window submits the job, as its pages do, and then goes away at a random moment while the job
is at work: closed as a user closes it, or ended with SIGKILL. A second window is opened at once. It must show the job, in the state
that the disk tells, and then its end; the job must succeed, exactly once, with its result in place and nothing half-made beside it.
The second window then submits the next job.

Only rounds count in which the job was at work when the window had gone. How long each kind takes is measured first, undisturbed.
Jobs shorter than the time a window takes to go are held (their process is stopped at that moment) until the second window has
shown its first list. A job that had ended nevertheless is tried again, and counted as an early end.

Writes ``benchmarks/results/window_kills.json``. Uses the engine of ``RAVE_GUI_TEST_ENGINE`` (an interpreter), otherwise the one
that is installed. Exit code 1 when a round found a fault, or no try of it met the job at work. No screen is needed.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import json
import os
import platform
import queue
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from tools.window_kill_jobs import BASE, BIG, KINDS, LONG, dataset, export, sounds, tidy, train, wrong  # noqa: E402

from rave_gui.bootstrap import build  # noqa: E402
from rave_gui.errors import UserError  # noqa: E402
from rave_gui.jobs import JobView  # noqa: E402
from rave_gui.paths import default_paths  # noqa: E402
from rave_gui.projects import Project  # noqa: E402
from rave_gui.runtime.manager import EngineManager  # noqa: E402
from rave_gui.runtime.worker_client import WarmWorker  # noqa: E402
from rave_protocol import jobfolder  # noqa: E402
from rave_protocol.files import LineFollower, read_json  # noqa: E402
from rave_protocol.locks import holder, is_held  # noqa: E402
from rave_protocol.work import FINAL_STATES  # noqa: E402

if TYPE_CHECKING:
    from rave_gui.ui.app import App

RESULTS = ROOT / "benchmarks" / "results" / "window_kills.json"
WAYS = ("killed", "closed")
PATIENCE = 300.0
"""Seconds after which a job counts as stuck."""
ANSWER = 90.0
"""Seconds after which a window does."""
TRUE_WITHIN = 30.0
"""Seconds that a window may take from its first list of jobs until that is what the disk tells."""
SHORT = 6.0
"""Seconds: jobs that are at work for less are held while the window goes."""
TRIES = 4
HALVES = (".part", ".tmp", ".building", ".appending", ".copying", ".journal", ".before")
"""Endings of what is there only while a job works."""
LOST = "the window does not show the job at all"

# The window, in a process of its own


def show_window(project: str) -> int:
    """A window that obeys lines on stdin and answers each with a line of JSON: ``submit KIND NUMBER``, ``look``, ``close``."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from rave_gui.ui.app import App

    faulthandler.enable()
    if sys.platform != "win32":
        faulthandler.register(signal.SIGUSR1)
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
            lambda: KINDS[words[1]].submit(services, project, int(words[2])),
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
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the window
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--window", str(project)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
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
        """The answer that holds ``key``. Raises RuntimeError, with what every thread of the window does, when none comes."""
        end = time.monotonic() + ANSWER
        while True:
            try:
                line = self._said.get(timeout=1.0)
                break
            except queue.Empty:
                if self.process.poll() is None and time.monotonic() < end:
                    continue
                raise RuntimeError(f"the window did not say {key!r}: {self._last_words()}") from None
        found = json.loads(line)
        if key not in found:
            raise RuntimeError(f"the window says {found} where {key!r} was asked for")
        return found[key]

    def _last_words(self) -> str:
        code = self.process.poll()
        if code is None and sys.platform != "win32":
            self.process.send_signal(signal.SIGUSR1)
            time.sleep(1.0)
        self._errors.seek(0)
        return f"exit code {code}\n" + self._errors.read().decode(errors="replace")[-8000:]

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
    """Seconds after the job was at work."""
    held: bool = False
    """Whether the job's process was stopped while the window went."""
    state_then: str = ""
    """Of the job, when the window had gone."""
    at_work: bool = False
    """Whether the job had not come to its end when the window had gone."""
    early_ends: int = 0
    """Tries before this one in which it had."""
    seconds_to_open: float | None = None
    seconds_until_true: float | None = None
    """From the second window's first list until it shows what the disk tells."""
    state: str = ""
    faults: list[str] = field(default_factory=list)


class Campaign:
    """One isolated user (``RAVE_GUI_HOME`` is set already) with a project."""

    def __init__(self, root: Path, engine: Path | None, minutes: float = 0.0) -> None:
        """``minutes``: length of a recording that the jobs work on; without it they work on half a minute and are short."""
        self.services = build(default_paths())
        self._engine = engine
        self._adopt()
        self.root = root
        self.project = Project.open(root / "project", create=True)
        sounds(self.project, minutes)
        self.lasts: dict[str, float] = {}
        """Seconds that a job of each kind is at work when nobody disturbs it."""
        self.window: Window | None = None
        self._number = 0
        self._prepare(minutes > 0)

    def _adopt(self) -> None:
        if self._engine is not None:
            self.services.engine.adopt(self._engine)

    def _prepare(self, big: bool) -> None:
        """What the jobs work on: datasets, and with an engine a run and an export."""
        self._well(dataset(self.services, self.project, BASE, self.project.sounds))
        if big:
            self._well(dataset(self.services, self.project, BIG, self.root / LONG))
        if self._engine is not None:
            self._well(train(self.services, self.project, 0, BASE))
            self._well(export(self.services, self.project, 0, BASE))

    def _well(self, view: JobView) -> JobView:
        view = self.services.jobs.wait(view.id, timeout=PATIENCE, project=view.project)
        if view.state != "succeeded" or view.started is None or view.ended is None:
            raise SystemExit(f"even a {view.kind} that nobody disturbs does not end well: {view.error}")
        self.lasts[view.kind] = view.ended - view.started
        return view

    def learn(self, kind: str) -> None:
        """Do a job of a kind undisturbed, to know how long it is at work."""
        self._number += 1
        KINDS[kind].before(self.services, self.project, self._number)
        view = self._well(KINDS[kind].submit(self.services, self.project, self._number))
        if faults := wrong(self.services, self.project, view, self._number):
            raise SystemExit(f"even a {kind} that nobody disturbs has a fault: {faults}")
        self._tidy(view)

    def round(self, kind: str, way: str, share: float) -> Round:
        """One round that counts: tried again, at an earlier moment, while the job ends before the window has gone."""
        for early in range(TRIES):
            found = self.play(kind, way, share / 2**early)
            found.early_ends = early
            if found.at_work or found.faults:
                break
        return found

    def play(self, kind: str, way: str, share: float) -> Round:
        """One try; ``share`` of the job's usual time at work passes before the window goes."""
        self._number += 1
        if self.window is None:
            self.window = Window(self.project.path)
        KINDS[kind].before(self.services, self.project, self._number)
        known = self._job_names()
        self.window.say(f"submit {kind} {self._number}")
        job = str(self.window.hear("submitted"))
        lasts = self.lasts.get(kind, 0.0)
        found = Round(kind, way, round(share * lasts, 3))
        self._wait_for_work(job)
        time.sleep(found.moment)
        process = self._hold(job) if lasts < SHORT else None
        found.held = process is not None
        try:
            self.window.end(way)
            found.state_then, found.at_work = self._state(job), not self._over(job)
            self.window = Window(self.project.path)
            found.seconds_to_open = round(self.window.opened, 3)
            self._reopened(found, job)
        finally:
            if process is not None:
                process.resume()
        view = self.services.jobs.wait(job, timeout=PATIENCE, project=self._home(job))
        found.state = view.state
        self._until(lambda: self._shown(job) == view.state, found, "the window never shows the job's end")
        self._inspect(found, view, known)
        self._tidy(view)
        return found

    # The job on the disk

    def _folder(self, job: str) -> Path:
        inside = self.project.jobs / job
        return inside if inside.exists() else self.services.paths.jobs / job

    def _home(self, job: str) -> Path | None:
        return self.project.path if (self.project.jobs / job).exists() else None

    def _state(self, job: str) -> str:
        return str(read_json(self._folder(job) / jobfolder.STATE)["state"])

    def _events(self, job: str) -> list[dict[str, Any]]:
        return LineFollower(self._folder(job) / jobfolder.EVENTS).read()

    def _over(self, job: str) -> bool:
        """Whether the work has come to its end, though perhaps nobody has written that down yet."""
        ended = any(line.get("type") in ("finished", "failed") for line in self._events(job))
        return ended or self._state(job) in FINAL_STATES

    def _wait_for_work(self, job: str) -> None:
        end = time.monotonic() + PATIENCE
        while self._state(job) not in ("running", *FINAL_STATES):
            if time.monotonic() > end:
                raise SystemExit(f"the job {job} never begins")
            time.sleep(0.002)

    def _hold(self, job: str) -> psutil.Process | None:
        """Stop the process that does the work; None when it has gone."""
        pids = [line["pid"] for line in self._events(job) if line.get("role") in ("worker", "engine")]
        with contextlib.suppress(psutil.Error):
            if pids and not self._over(job):
                process = psutil.Process(pids[-1])
                process.suspend()
                return process
        return None

    def _job_names(self) -> set[str]:
        folders = (self.project.jobs, self.services.paths.jobs)
        return {path.name for folder in folders for path in folder.glob("[!.]*") if path.is_dir()}

    # The window

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

    def _until(self, there: Callable[[], bool], found: Round, fault: str) -> bool:
        end = time.monotonic() + TRUE_WITHIN
        while not there():
            if time.monotonic() > end:
                found.faults.append(fault)
                return False
            time.sleep(0.02)
        return True

    # Its end

    def _inspect(self, found: Round, view: JobView, known: set[str]) -> None:
        if view.state != "succeeded":
            found.faults.append(f"the job is {view.state}: {view.error or view.reason}")
            return
        if self._job_names() - known != {view.id}:
            found.faults.append(f"there are {len(self._job_names() - known)} new jobs, not one")
        found.faults += wrong(self.services, self.project, view, self._number)
        home = self.services.paths.engines.parent
        halves = [p for p in self.root.rglob("*") if p.name.endswith(HALVES) and not p.is_relative_to(home)]
        if halves:
            found.faults.append(f"something half-made is left: {[p.name for p in halves]}")

    def _tidy(self, view: JobView) -> None:
        installed = view.kind == "engine-install"
        if installed:  # a window warms the new engine up, and an engine in use cannot be removed
            if self.window is not None:
                self.window.end("closed")
                self.window = None
            self._cool_down()
        tidy(self.project, self._number)
        if installed:
            self._adopt()

    def _cool_down(self) -> None:
        """End the warm worker that a window has started, or was just starting when it went."""
        end = time.monotonic() + PATIENCE
        while True:
            WarmWorker(self.services.engine, self.services.paths).stop()
            try:
                self.services.engine.remove()
            except UserError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)
            else:
                return

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


def commit() -> str:
    """What is measured."""
    found = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return found.stdout.strip()


def summary(rounds: list[Round], campaign: Campaign, seed: int) -> dict[str, Any]:
    """The object that is committed."""
    status = campaign.services.engine.status()
    true = [r.seconds_until_true for r in rounds if r.seconds_until_true is not None]
    return {
        "engine": {"python": status.python, "torch": status.torch, "rave": status.rave},
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "seed": seed,
        "rounds": len(rounds),
        "faults": sum(len(r.faults) for r in rounds),
        "kinds": dict(Counter(r.kind for r in rounds)),
        "held": sum(r.held for r in rounds),
        "at_work_when_the_window_had_gone": sum(r.at_work for r in rounds),
        "early_ends_not_counted": sum(r.early_ends for r in rounds),
        "seconds_at_work_undisturbed": {kind: round(lasts, 2) for kind, lasts in campaign.lasts.items()},
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
    parser.add_argument("--minutes", type=float, default=40.0, help="length of the recording to work on")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--window", metavar="PROJECT", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.window:
        return show_window(args.window)
    rng, measured = random.Random(args.seed), commit()
    named = os.environ.get("RAVE_GUI_TEST_ENGINE") or EngineManager(default_paths()).status().interpreter
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ.pop("RAVE_GUI_ENGINE", None)
    with tempfile.TemporaryDirectory(prefix="rave-windows-", ignore_cleanup_errors=True) as folder:
        os.environ["RAVE_GUI_HOME"] = str(Path(folder) / "home")
        campaign = Campaign(Path(folder), Path(named) if named else None, args.minutes)
        rounds: list[Round] = []
        kinds = args.kinds.split(",")
        try:
            for kind in kinds:
                campaign.learn(kind)
                print(kind, f"{campaign.lasts[kind]:.2f} s", flush=True)
            for number in range(args.rounds):
                for place, kind in enumerate(kinds):
                    way = WAYS[(number + place) % len(WAYS)]
                    rounds.append(campaign.round(kind, way, rng.uniform(0.0, 0.7)))
                    print(rounds[-1], flush=True)
            found = {"commit": measured, **summary(rounds, campaign, args.seed)}
        finally:
            campaign.close()
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print({k: v for k, v in found.items() if k != "detail"})
    return 1 if found["faults"] or found["at_work_when_the_window_had_gone"] < len(rounds) else 0


if __name__ == "__main__":
    sys.exit(main())
