"""The test run of ``python3 run.py test``: every check and every suite, two at a time, one summary.

    python tools/stages.py [NAME...]

Static checks and the engine's installation run beside each other; what needs the engine waits for it; the end-to-end tests, which
kill processes and watch clocks, run alone, two at a time. A stage's whole output is in ``.tools/logs/NAME.log``.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rave_gui.paths import default_paths
from rave_gui.runtime.manager import EngineManager

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / ".tools" / "logs"
LANES = 2


@dataclass(frozen=True)
class Counts:
    """What a stage found."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)


@dataclass(frozen=True)
class Stage:
    """One program of the test run."""

    name: str
    command: Callable[[], list[str]]
    after: tuple[str, ...] = ()
    """Stages that must have passed before."""
    alone: bool = False
    """Nothing else runs meanwhile."""


def app_python(*args: str) -> list[str]:
    """A command in the application's environment."""
    return [sys.executable, *args]


def engine_python(*args: str) -> list[str]:
    """A command in the engine's environment."""
    return [str(EngineManager(default_paths()).python()), *args]


PYTEST = ("-m", "pytest", "-q")
TWO = ("-n", "2", "--dist", "worksteal")
"""The lanes within one stage that has the machine for itself."""
NO_QT = ("-p", "no:pytest-qt", "-p", "tests.helpers.noqt")

STAGES = (
    Stage("engine", lambda: app_python("-m", "rave_gui.cli.main", "engine", "install")),
    Stage("checks", lambda: app_python("tools/check.py")),
    Stage("contract", lambda: engine_python(*PYTEST, "tests/contract"), ("engine",)),
    Stage("unit", lambda: app_python(*PYTEST, *NO_QT, "tests/unit", "tests/viewmodels"), ("engine",)),
    Stage("ui", lambda: app_python(*PYTEST, "tests/ui"), ("engine",)),
    Stage("e2e", lambda: app_python(*PYTEST, *TWO, "tests/e2e"), ("engine",), alone=True),
)
"""In order of start, the longest first of those that may run at one time. Unit and view-model tests run where Qt cannot be imported:
the stricter of two ways to run them."""


class Running:
    """A stage under way."""

    def __init__(self, stage: Stage, environment: dict[str, str]) -> None:
        self.stage = stage
        self.log = LOGS / f"{stage.name}.log"
        self.report = LOGS / f"{stage.name}.xml"
        self.began = time.monotonic()
        command = stage.command()
        if "pytest" in command:
            command.append(f"--junitxml={self.report}")
        say(f"==> {stage.name}: {shlex.join(command)}")
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def finish(self) -> Counts:
        """What it found; shows all it printed when it failed, else the end of it."""
        code = self.process.returncode
        text = self.log.read_text(encoding="utf-8", errors="replace").rstrip()
        outcome = "passed" if code == 0 else f"FAILED (exit code {code})"
        say(f"--- {self.stage.name}: {outcome} after {time.monotonic() - self.began:.1f} s")
        say(text if code else "\n".join(text.splitlines()[-12:]))
        counts = self.counts(text)
        return Counts(counts.passed, max(counts.failed, int(code != 0)), counts.skipped)

    def counts(self, text: str) -> Counts:
        """From pytest's report, from a line 'N passed, N failed', or one for the whole program."""
        if self.report.exists():
            head = self.report.read_text(encoding="utf-8", errors="replace")[:2000]
            found = {k: int(v) for k, v in re.findall(r'\b(tests|errors|failures|skipped)="(\d+)"', head)}
            failed = found.get("errors", 0) + found.get("failures", 0)
            skipped = found.get("skipped", 0)
            return Counts(found.get("tests", 0) - failed - skipped, failed, skipped)
        said = re.findall(r"^(\d+) passed, (\d+) failed", text, re.MULTILINE)
        if said:
            return Counts(int(said[-1][0]), int(said[-1][1]))
        return Counts(1) if self.process.returncode == 0 else Counts(0, 1)


class TestRun:
    """Starts stages as soon as they may run, and adds up what they find."""

    def __init__(self, stages: list[Stage], home: Path) -> None:
        self.waiting = stages
        self.running: list[Running] = []
        self.results: dict[str, Counts] = {}
        self.home = home

    def run(self) -> Counts:
        """Run all; the sum of what they found."""
        try:
            while self.waiting or self.running:
                for stage in list(self.waiting):
                    self.consider(stage)
                for job in [job for job in self.running if job.process.poll() is not None]:
                    self.running.remove(job)
                    self.results[job.stage.name] = job.finish()
                time.sleep(0.1)
        finally:
            for job in self.running:
                job.process.terminate()
                job.process.wait()
        return sum(self.results.values(), Counts())

    def consider(self, stage: Stage) -> None:
        """Start a stage, strike it off, or leave it waiting."""
        failed = [name for name in stage.after if name in self.results and self.results[name].failed]
        if failed:
            say(f"--- {stage.name}: not run, because {failed[0]} failed")
            self.results[stage.name] = Counts(0, 1)
        elif any(name not in self.results for name in stage.after) or not self.room(stage):
            return
        else:
            self.running.append(Running(stage, self.environment(stage)))
        self.waiting.remove(stage)

    def room(self, stage: Stage) -> bool:
        """Whether a lane is free for it now."""
        if stage.alone:
            # The last of all: whatever could still run beside it goes first.
            return not self.running and not any(not other.alone for other in self.waiting)
        return len(self.running) < LANES and not any(job.stage.alone for job in self.running)

    def environment(self, stage: Stage) -> dict[str, str]:
        """No test sees a person's own settings or jobs; the engine is the one installed, handed on by its path."""
        environment = dict(os.environ)
        environment.setdefault("OMP_NUM_THREADS", "1")  # always two at a time, which share the cores
        if stage.name == "engine":
            return environment
        if not environment.get("DISPLAY"):
            environment.setdefault("QT_QPA_PLATFORM", "offscreen")
        environment["RAVE_GUI_HOME"] = str(self.home / stage.name)
        interpreter = EngineManager(default_paths()).status().interpreter
        if interpreter is not None:
            environment["RAVE_GUI_ENGINE"] = interpreter
        return environment


def say(text: str = "") -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)


def main(names: list[str]) -> int:
    """Run the named stages, or all; 0 when nothing failed."""
    unknown = [name for name in names if name not in {stage.name for stage in STAGES}]
    if unknown:
        say(f"There is no stage {unknown[0]!r}. The stages are: {', '.join(stage.name for stage in STAGES)}.")
        return 2
    began = time.monotonic()
    shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir(parents=True)
    # What the named ones wait for runs too.
    wanted = {name for stage in STAGES if stage.name in names for name in (stage.name, *stage.after)}
    with tempfile.TemporaryDirectory(prefix="rave-gui-tests-", ignore_cleanup_errors=True) as home:
        run = TestRun([stage for stage in STAGES if not names or stage.name in wanted], Path(home))
        total = run.run()
    say()
    for name, counts in run.results.items():
        say(f"{name:<10}{counts.passed:6d} passed{counts.failed:6d} failed{counts.skipped:6d} skipped")
    say(f"ended after {time.monotonic() - began:.1f} s")
    say(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
