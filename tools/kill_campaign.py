"""Kill processes of real tiny trainings at random moments and check that nothing hangs, breaks or gets lost.

    python tools/kill_campaign.py --count 50 [--start cold|warm] [--add RESULTS.json]

Each round starts a training with the command line, kills one victim (or several at once) with SIGKILL at a random moment,
waits for the job to end, and looks at everything that is left: states, locks, processes, checkpoints, dataset. A training that
was interrupted is retried; where it was allowed to go on by itself (every other round), it must do so, once. Half of the rounds
start the engine cold, half fork it from the warm worker, with a window open on the project. POSIX only.

Writes ``benchmarks/results/kill_campaign.json``. Uses the engine of ``RAVE_GUI_TEST_ENGINE`` (an interpreter), otherwise the
one that is installed. Exit code 1 when a round found a fault.
Ctrl+C ends it early with what was done until then.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil
import soundfile

from rave_gui.audio import synth
from rave_gui.jobs import JobService, JobView
from rave_gui.jobs.dispatcher import LOCK
from rave_gui.paths import AppPaths, default_paths
from rave_gui.runtime.manager import EngineManager
from rave_gui.runtime.worker_client import WarmWorker
from rave_protocol import jobfolder
from rave_protocol.locks import holder, is_held
from rave_protocol.specs import DatasetParams

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "kill_campaign.json"
VICTIMS = ("starter", "dispatcher", "runner", "engine", "supervisors", "all", "window")
"""supervisors: starter, dispatcher and runner at once; all: the engine too, and the window where one is open."""
STEPS = 12
PATIENCE = 300.0
"""Seconds after which a job that has not ended counts as stuck."""

LOAD_CHECKPOINTS = """
import json, sys, torch
broken = []
for line in sys.stdin:
    try:
        state = torch.load(line.rstrip("\\n"), map_location="cpu", weights_only=True)
        if not state["state_dict"]:
            raise ValueError("empty")
    except Exception as error:
        broken.append(f"{line.rstrip()}: {error}")
print(json.dumps({"broken": broken, "torch": torch.__version__}))
"""


@dataclass
class Round:
    """What one round did and found."""

    number: int
    start: str
    """cold or warm."""
    victim: str
    moment: float
    """Seconds after the start of the command line at which the kill was due."""
    killed: list[str] = field(default_factory=list)
    """Who was really there to be killed."""
    done: float | None = None
    """Steps the training had shown when it was hit."""
    state: str = "not submitted"
    seconds_to_end: float | None = None
    """From the kill to the job's end as a reader sees it."""
    took: float | None = None
    """Seconds from the command's start to the job's end, where nobody was there to be killed any more."""
    retry_state: str | None = None
    by_itself: bool = False
    """The next attempt was nobody's doing."""
    faults: list[str] = field(default_factory=list)


class Campaign:
    """One isolated user with an engine, a dataset and a project."""

    def __init__(self, root: Path, engine: Path | None) -> None:
        self.root = root
        self.paths: AppPaths = default_paths()
        self.project = root / "project"
        self.manager = EngineManager(self.paths)
        if engine is not None:
            self.manager.adopt(engine)
        self.jobs = JobService(self.paths, self.manager)
        self.dataset = self.project / "datasets" / "demo"
        self.fingerprint = self._make_dataset()
        self.checkpoints: set[Path] = set()
        self.window: subprocess.Popen[bytes] | None = None

    def open_window(self) -> None:
        """Have a window open on the project (drawn off screen)."""
        if self.window is None or self.window.poll() is not None:
            self.window = subprocess.Popen(
                [sys.executable, "-m", "rave_gui.cli.main", "window", "--project", str(self.project)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
            )

    def _make_dataset(self) -> str:
        sounds = self.root / "sounds"
        sounds.mkdir(parents=True)
        for number, make in enumerate((synth.plucks, synth.drums)):
            soundfile.write(sounds / f"{number}.wav", make(10.0, number, 44100), 44100)
        params = DatasetParams([str(sounds)], str(self.dataset), num_signal=32768)
        job = self.jobs.submit("dataset", params, project=self.project, title="Demo")
        view = self.jobs.wait(job.id, timeout=PATIENCE)
        if view.state != "succeeded":
            raise SystemExit(f"the dataset could not be made: {view.error}")
        return self.hash_dataset()

    def hash_dataset(self) -> str:
        """Digest of everything in the dataset but LMDB's lock file."""
        digest = hashlib.sha256()
        for path in sorted(p for p in self.dataset.rglob("*") if p.is_file() and p.name != "lock.mdb"):
            digest.update(path.name.encode() + path.read_bytes())
        return digest.hexdigest()

    def start(self, name: str, tries: int = 0) -> subprocess.Popen[bytes]:
        """``rave-gui train start`` in the foreground, in a session of its own."""
        command = [
            sys.executable,
            "-m",
            "rave_gui.cli.main",
            "train",
            "start",
            "--project",
            str(self.project),
        ]
        command += ["--dataset", str(self.dataset), "--preset", "tiny", "--steps", str(STEPS), "--name", name]
        command += ["--override", "CAPACITY = 4", "--device", "cpu", "--tries", str(tries), "--json"]
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def unharmed(self, name: str) -> float:
        """Seconds that a training takes which nobody kills: kills fall within them."""
        begun = time.monotonic()
        if self.start(f"unharmed-{name}").wait() != 0:
            raise SystemExit("even a training that nobody kills does not end well")
        return time.monotonic() - begun

    def job(self, known: set[str]) -> JobView | None:
        """The training that was not there before."""
        return next((v for v in self.jobs.list(self.project) if v.id not in known), None)

    def pids(self, starter: subprocess.Popen[bytes], known: set[str]) -> dict[str, int]:
        """Who is there to be killed now. Looks at files only: asking the service would heal what is to be tested."""
        found = {}
        if starter.poll() is None:
            found["starter"] = starter.pid
        if self.window is not None and self.window.poll() is None:
            found["window"] = self.window.pid
        found |= _held({"dispatcher": self.paths.locks / LOCK})
        for folder in (self.project / "jobs").glob("[!.]*"):
            if folder.name not in known:
                locks = {"runner": folder / jobfolder.RUNNER_LOCK, "engine": folder / jobfolder.WORK_LOCK}
                found |= _held(locks)
        return found

    def play(self, number: int, start: str, victim: str, moment: float) -> Round:
        """One round."""
        found = Round(number, start, victim, round(moment, 3))
        known = {path.name for path in (self.project / "jobs").glob("[!.]*")}
        begun, since = time.monotonic(), time.time()
        tries = number % 2
        starter = self.start(f"round{number}", tries)
        try:
            time.sleep(moment)
            hit = self._kill(found, starter, known, begun + PATIENCE)
            job = self._submitted(starter, known)
            if job is not None:
                self._follow(found, job, hit, tries)
                ended = self.jobs.get(job.id, self.project).ended
                if not found.killed and ended is not None:
                    found.took = round(ended - since, 3)
        finally:
            if starter.poll() is None:
                starter.kill()
            starter.wait()
        self._inspect(found, known)
        return found

    def _kill(self, found: Round, starter: subprocess.Popen[bytes], known: set[str], give_up: float) -> float:
        """Kill the victims, waiting for the first of them to be there; the moment of the kill."""
        wanted = {
            "supervisors": ("starter", "dispatcher", "runner"),
            "all": ("starter", "dispatcher", "runner", "engine", "window"),
        }.get(found.victim, (found.victim,))
        while time.monotonic() < give_up:
            there = {name: pid for name, pid in self.pids(starter, known).items() if name in wanted}
            if there or starter.poll() is not None:
                break
            time.sleep(0.005)
        for name, pid in there.items():
            with contextlib.suppress(psutil.Error):
                psutil.Process(pid).kill()
                found.killed.append(name)
        for folder in (self.project / "jobs").glob("[!.]*"):
            if folder.name not in known:
                found.done = _last_progress(folder)
        return time.monotonic()

    def _submitted(self, starter: subprocess.Popen[bytes], known: set[str]) -> JobView | None:
        while (job := self.job(known)) is None and starter.poll() is None:
            time.sleep(0.02)
        return job or self.job(known)

    def _follow(self, found: Round, job: JobView, hit: float, tries: int) -> None:
        view = self.jobs.wait(job.id, timeout=PATIENCE, project=self.project)
        found.state = view.state
        found.seconds_to_end = round(time.monotonic() - hit, 3)
        self._check_files(found)
        if view.state == "interrupted":
            if "engine" not in found.killed:
                found.faults.append(f"interrupted without its engine being killed: {view.reason}")
            again = self.jobs.successor(view.id, self.project, PATIENCE) if tries else None
            found.by_itself = again is not None
            if tries and again is None:
                found.faults.append("the training did not go on by itself")
            again = again or self.jobs.retry(view.id, self.project)
            view = self.jobs.wait(again.id, timeout=PATIENCE, project=self.project)
            found.retry_state = view.state
        if view.state != "succeeded":
            found.faults.append(f"the job is {view.state}, not succeeded: {view.error or view.reason}")
        elif (view.result or {}).get("step") != STEPS:
            found.faults.append(f"the training ended at step {(view.result or {}).get('step')}, not {STEPS}")

    def _check_files(self, found: Round) -> None:
        """Every checkpoint is a whole archive right after the kill; each is loaded at the end of the campaign."""
        for path in (self.project / "runs" / f"round{found.number}").rglob("*.ckpt"):
            if path.name.startswith("."):
                continue
            self.checkpoints.add(path)
            try:
                with zipfile.ZipFile(path) as file:
                    bad = file.testzip()
            except (OSError, zipfile.BadZipFile) as error:
                bad = str(error)
            if bad is not None:
                found.faults.append(f"broken checkpoint {path.name}: {bad}")

    def _inspect(self, found: Round, known: set[str]) -> None:
        """Nothing left behind: no live lock, no live state, no process, an untouched dataset."""
        folders = [f for f in (self.project / "jobs").glob("[!.]*") if f.name not in known]
        attempts = 1 + (found.retry_state is not None)
        if found.state != "not submitted" and len(folders) != attempts:
            found.faults.append(f"there are {len(folders)} jobs, not {attempts}")
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and any(
            _held({"r": f / jobfolder.RUNNER_LOCK, "w": f / jobfolder.WORK_LOCK}) for f in folders
        ):
            time.sleep(0.05)
        for folder in folders:
            view = self.jobs.get(folder.name, self.project)
            if not view.final:
                found.faults.append(f"{folder.name} is stuck in {view.state}")
            if _held({"r": folder / jobfolder.RUNNER_LOCK, "w": folder / jobfolder.WORK_LOCK}):
                found.faults.append(f"a process still holds {folder.name}")
            if any(folder.glob(".*.tmp")):
                found.faults.append(f"{folder.name} holds half-written files")
        self._check_files(found)
        if self.hash_dataset() != self.fingerprint:
            found.faults.append("the dataset changed")

    def load_checkpoints(self) -> dict[str, Any]:
        """Load every checkpoint that is still there with the engine's torch, weights only."""
        there = sorted(str(path) for path in self.checkpoints if path.exists())
        done = subprocess.run(
            [str(self.manager.python()), "-c", LOAD_CHECKPOINTS],
            input="\n".join(there),
            capture_output=True,
            text=True,
            check=True,
            env=self.manager.environment(),
        )
        return {"loaded": len(there), **json.loads(done.stdout)}

    def close(self) -> None:
        """End what may still run."""
        if self.window is not None and self.window.poll() is None:
            self.window.kill()
            self.window.wait()
        found = _held({"dispatcher": self.paths.locks / LOCK})
        for folder in (self.project / "jobs").glob("[!.]*"):
            found |= _held(
                {
                    f"{folder.name} r": folder / jobfolder.RUNNER_LOCK,
                    f"{folder.name} w": folder / jobfolder.WORK_LOCK,
                }
            )
        for pid in found.values():
            with contextlib.suppress(psutil.Error):
                psutil.Process(pid).kill()


def _held(locks: dict[str, Path]) -> dict[str, int]:
    """Pids of the holders of those locks that are held."""
    found = {name: holder(path) for name, path in locks.items() if is_held(path)}
    return {name: who.pid for name, who in found.items() if who is not None and who.pid != os.getpid()}


def _last_progress(folder: Path) -> float | None:
    try:
        lines = (folder / jobfolder.EVENTS).read_bytes().splitlines()
    except OSError:
        return None
    for line in reversed(lines):
        with contextlib.suppress(ValueError):
            data = json.loads(line)
            if data.get("type") == "progress":
                return float(data["done"])
    return None


def summary(
    rounds: list[Round], campaign: Campaign, loaded: dict[str, Any], plain: dict[str, float]
) -> dict[str, Any]:
    """The object that is committed."""
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    status = campaign.manager.status()
    ended = [r.seconds_to_end for r in rounds if r.state == "interrupted" and r.seconds_to_end is not None]
    return {
        "commit": commit.stdout.strip(),
        "engine": {"python": status.python, "torch": status.torch, "rave": status.rave},
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "rounds": len(rounds),
        "faults": sum(len(r.faults) for r in rounds) + len(loaded["broken"]),
        "stuck": sum(any("stuck" in fault for fault in r.faults) for r in rounds),
        "checkpoints_loaded": loaded["loaded"],
        "checkpoints_broken": loaded["broken"],
        "states": dict(Counter(r.state for r in rounds)),
        "killed": dict(Counter(name for r in rounds for name in r.killed)),
        "went_on_by_themselves": sum(r.by_itself for r in rounds),
        "retries": dict(Counter(r.retry_state for r in rounds if r.retry_state)),
        "seconds_to_interrupted_worst": max(ended, default=None),
        "seconds_of_an_unharmed_training": {k: round(v, 3) for k, v in plain.items()},
        "steps": STEPS,
        "detail": [asdict(r) for r in rounds],
    }


def main() -> int:
    """Run the campaign and write its results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--start", choices=("cold", "warm"), help="only rounds that start so [default: half of each]"
    )
    parser.add_argument(
        "--add", type=Path, help="results of an earlier campaign whose rounds are counted with these"
    )
    parser.add_argument("--output", type=Path, default=RESULTS)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    for name in (signal.SIGINT, signal.SIGTERM):  # also where the shell has made a background job ignore them
        signal.signal(name, signal.default_int_handler)
    named = os.environ.get("RAVE_GUI_TEST_ENGINE") or EngineManager(default_paths()).status().interpreter
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory(prefix="rave-kills-") as folder:
        os.environ["RAVE_GUI_HOME"] = str(Path(folder) / "home")
        campaign = Campaign(Path(folder), Path(named) if named else None)
        worker = WarmWorker(campaign.manager, campaign.paths)
        rounds: list[Round] = []
        try:
            plain: dict[str, float] = {}
            for number in range(args.count):
                start = args.start or ("cold" if number < args.count / 2 else "warm")
                if start == "warm" and not worker.is_running():
                    worker.start()
                if start not in plain:
                    plain[start] = campaign.unharmed(start)
                moment = rng.uniform(0.0, plain[start])
                if start == "warm":
                    campaign.open_window()
                try:
                    known = [name for name in VICTIMS if start == "warm" or name != "window"]
                    rounds.append(campaign.play(number, start, known[number % len(known)], moment))
                except KeyboardInterrupt:
                    break  # what was done so far is written
                # A computer that was busy with other things at first gets faster: kills should fall within a training.
                plain[start] = min(plain[start], rounds[-1].took or plain[start])
                print(rounds[-1], flush=True)
            loaded = campaign.load_checkpoints()
            if args.add:
                earlier = json.loads(args.add.read_text(encoding="utf-8"))
                rounds = [Round(**row) for row in earlier["detail"]] + rounds
                loaded["loaded"] += earlier["checkpoints_loaded"]
                loaded["broken"] += earlier["checkpoints_broken"]
            found = summary(rounds, campaign, loaded, plain)
        finally:
            worker.stop()
            campaign.close()
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print({k: v for k, v in found.items() if k != "detail"})
    return 1 if found["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
