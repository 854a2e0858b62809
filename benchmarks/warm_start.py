"""From process start to the end of the first training step: bare ``rave train``, our cold start, our warm worker.

    python benchmarks/warm_start.py --engine PYTHON [--rounds 5] [--configs v1 v2]

PYTHON is an interpreter with torch and acids-rave (default: the installed engine). All three train on the same small dataset
with the same configuration on the CPU, in interleaved rounds in one run, with compiled bytecode and warm disk caches.
Upstream runs its own unmodified ``rave train`` through ``upstream_train.py``, which only makes it start on today's torch and
stops the clock. Ours stops when the metrics of step 1 are in the job's events; the warm worker was started before the clock.
Written to benchmarks/results/warm_start.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import record
from rave_gui.paths import AppPaths, default_paths
from rave_gui.runtime.manager import EngineManager
from rave_gui.runtime.worker_client import WarmWorker
from rave_protocol import jobfolder
from rave_protocol.files import LineFollower, write_json
from rave_protocol.specs import JobSpec, TrainParams

HERE = Path(__file__).resolve().parent
TIMEOUT = 300.0
SETTINGS = {"capacity": 16, "n_signal": 32768, "batch": 4, "chunks": 60}


class Engine:
    """The engine under test: the manager's rules with an interpreter of our choice and bytecode that may be written."""

    def __init__(self, python: Path, bytecode: Path) -> None:
        self._python = python
        self._bytecode = bytecode

    def python(self) -> Path:
        """The interpreter."""
        return self._python

    def boot_command(self, *args: str) -> list[str]:
        """Our boot script with this interpreter."""
        return [str(self._python), str(record.ROOT / "src" / "rave_engine" / "boot.py"), *args]

    def environment(self) -> dict[str, str]:
        """Compiled modules go to a folder of the benchmark's own, for all candidates alike."""
        variables = {
            k: v for k, v in os.environ.items() if k not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
        }
        return {
            **variables,
            "PYTHONPYCACHEPREFIX": str(self._bytecode),
            "RAVE_GUI_HOME": str(self._bytecode.parent),
        }


class Bench:
    """The three ways for one configuration."""

    def __init__(self, engine: Engine, worker: WarmWorker, folder: Path, dataset: Path, config: str) -> None:
        self.engine = engine
        self.worker = worker
        self.folder = folder
        self.dataset = dataset
        self.config = config
        self.count = 0

    def upstream(self) -> float:
        """Seconds until ``rave train`` has done its first step."""
        self.count += 1
        name = f"upstream{self.count}"
        arguments = [
            "--config", self.config, "--db_path", str(self.dataset), "--out_path", str(self.folder), "--name", name,
            "--channels", "1", "--override", f"CAPACITY = {SETTINGS['capacity']}", "--gpu", "-1",
            "--n_signal", str(SETTINGS["n_signal"]), "--batch", str(SETTINGS["batch"]), "--workers", "0",
            "--max_steps", "1",
        ]  # fmt: skip
        log = self.folder / f"{name}.log"
        with log.open("wb") as sink:
            started = time.time()
            process = subprocess.Popen(
                [str(self.engine.python()), str(HERE / "upstream_train.py"), *arguments],
                env=self.engine.environment(),
                cwd=self.folder,
                stdout=subprocess.PIPE,
                stderr=sink,
                text=True,
            )
            output, _ = process.communicate(timeout=TIMEOUT)
        lines = [line for line in output.splitlines() if line.startswith("first step ended at ")]
        if not lines:
            raise RuntimeError(
                f"upstream did not train:\n{output}\n{log.read_text(encoding='utf-8')[-3000:]}"
            )
        return float(lines[0].rpartition(" ")[2]) - started

    def cold(self) -> float:
        """Seconds from starting the engine's process to the metrics of step 1."""
        job = self._job()
        started = time.time()
        with (job / jobfolder.LOG).open("ab") as log:
            process = subprocess.Popen(
                self.engine.boot_command("job", str(job)),
                env=self.engine.environment(),
                stdout=log,
                stderr=log,
            )
        ended = self._first_step(job)
        process.wait(TIMEOUT)
        return ended - started

    def warm(self) -> float:
        """Seconds from asking the warm worker to the metrics of step 1."""
        job = self._job()
        started = time.time()
        pid = self.worker.run_job(job)
        if pid is None:
            raise RuntimeError("the warm worker did not take the job")
        return self._first_step(job) - started

    def _job(self) -> Path:
        self.count += 1
        job = self.folder / f"job{self.count}"
        job.mkdir()
        params = TrainParams(
            dataset=str(self.dataset),
            run=str(self.folder / f"run{self.count}"),
            name="bench",
            configs=[self.config],
            overrides=[f"CAPACITY = {SETTINGS['capacity']}"],
            n_signal=SETTINGS["n_signal"],
            batch=SETTINGS["batch"],
            max_steps=1,
            device="cpu",
        )
        spec = JobSpec(f"job{self.count}", "train", "Benchmark", params, time.time())
        write_json(job / jobfolder.SPEC, spec.to_json())
        return job

    def _first_step(self, job: Path) -> float:
        """The time at which the event of step 1 was written; waits until the job has ended, so that nothing runs on."""
        follower = LineFollower(job / jobfolder.EVENTS)
        deadline = time.monotonic() + TIMEOUT
        ended = 0.0
        while time.monotonic() < deadline:
            for event in follower.read():
                if event["type"] == "metric" and not ended:
                    ended = float(event["time"])
                if event["type"] == "failed":
                    raise RuntimeError(f"{event['message']}\n{event['details']}")
                if event["type"] == "finished":
                    return ended
            time.sleep(0.02)
        raise TimeoutError(f"{job} did not end")


def make_dataset(python: Path, folder: Path) -> None:
    """A small dataset in RAVE's format, by the same helper that the contract tests use."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import conftest, tiny; from pathlib import Path; "
        "tiny.make_dataset(Path(sys.argv[2]), chunks=int(sys.argv[3]), samples=int(sys.argv[4]))"
    )
    subprocess.run(
        [
            str(python), "-c", program, str(record.ROOT / "tests" / "contract"), str(folder),
            str(SETTINGS["chunks"]), str(2 * SETTINGS["n_signal"]),
        ],
        check=True,
    )  # fmt: skip


def main() -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", type=Path, help="interpreter of an engine environment")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--configs", nargs="+", default=["v1", "v2"])
    options = parser.parse_args()
    python = (options.engine or EngineManager(default_paths()).python()).absolute()
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="rave-warm-") as name:
        folder = Path(name)
        dataset = folder / "dataset"
        make_dataset(python, dataset)
        engine = Engine(python, folder / "bytecode")
        worker = WarmWorker(engine, AppPaths(folder / "data", folder / "config", folder / "cache"))
        try:
            begun = time.monotonic()
            worker.start(TIMEOUT)
            worker.stop()
            for config in options.configs:
                bench = Bench(engine, worker, folder, dataset, config)
                bench.folder = folder / config
                bench.folder.mkdir()
                figures[config] = measure(bench, options.rounds)
            begun = time.monotonic()
            worker.stop()
            worker.start(TIMEOUT)
            figures["worker_start_s"] = time.monotonic() - begun
        finally:
            worker.stop()
    packages = record.versions(python, "torch", "torchaudio", "acids-rave", "pytorch-lightning")
    print(record.write("warm_start", figures, engine=packages, settings=SETTINGS, rounds=options.rounds))
    return 0


def measure(bench: Bench, rounds: int) -> dict[str, Any]:
    """Interleaved rounds; the first fills caches and is dropped."""
    ways = {"upstream": bench.upstream, "cold": bench.cold, "warm": bench.warm}
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(rounds + 1):
        for way, run in ways.items():
            bench.worker.start(TIMEOUT)
            taken = run()
            if number:
                seconds[way].append(taken)
        print(
            bench.config,
            json.dumps({way: round(values[-1], 2) if values else None for way, values in seconds.items()}),
            flush=True,
        )
    found: dict[str, Any] = {way: record.summary(values) for way, values in seconds.items()}
    for way in ("cold", "warm"):
        found[f"{way}_times_faster"] = found["upstream"]["median"] / found[way]["median"]
    return found


if __name__ == "__main__":
    sys.exit(main())
