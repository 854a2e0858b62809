"""Recordings to dataset: this application against upstream's ``rave preprocess``, side by side on the same files.

    python benchmarks/preprocess.py --engine ENGINE_PYTHON [--long FOLDER] [--short FOLDER] [--runs 3]

Run it with the application's interpreter. Two cases: long recordings at num_signal 131072, many short ones at 4096. Each contender
is a whole process, from start to exit, in turns; page cache and bytecode are warm for all. Contenders:

- upstream: ``rave preprocess`` by the engine's interpreter (ffmpeg must be on the path);
- build: our building process alone (what a job's working process does), process start and imports included;
- command: ``rave-gui dataset create``, with job folder, dispatcher and runner around the same work;
- decode: decoding, mixing and resampling alone, with our decoder on all cores, storing nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psutil

import record

ROOT = Path(__file__).resolve().parent.parent
LONG = Path("/usr/share/games/wesnoth/1.16/data/core/music")
SHORT = Path("/usr/share/hydrogen/data/drumkits")


def main() -> None:
    """Measure both cases, print and write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--engine", required=True, help="interpreter of an environment with acids-rave")
    parser.add_argument(
        "--long", type=Path, default=LONG, help="long recordings (Debian: wesnoth-1.16-music)"
    )
    parser.add_argument(
        "--short", type=Path, default=SHORT, help="many short ones (Debian: hydrogen-drumkits)"
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=["long", "short"], default=["long", "short"])
    parser.add_argument("--work", type=Path, help="folder for the datasets [default: a temporary one]")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="preprocess-", dir=options.work) as folder:
        bench = Bench(options.engine, Path(folder), options.runs)
        cases = {"long": (options.long, 131072), "short": (options.short, 4096)}
        figures = {name: bench.case(*cases[name]) for name in options.only}
    path = record.write(
        "preprocess",
        figures,
        engine=record.versions(options.engine, "acids-rave", "torch"),
        application=record.versions(sys.executable, "av", "soxr", "numpy", "lmdb"),
        ffmpeg=ffmpeg_version(),
        settings={"runs": options.runs},
    )
    print(path)


class Bench:
    """Runs contenders in turns in a folder of its own."""

    def __init__(self, engine: str, folder: Path, runs: int) -> None:
        self.engine = engine
        self.folder = folder
        self.runs = runs
        self.environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        self.environment |= {
            "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
            "PYTHONPATH": str(ROOT / "src"),
            "RAVE_GUI_HOME": str(folder / "home"),
        }

    def case(self, source: Path, num_signal: int) -> dict[str, Any]:
        """Time every contender on one folder, after a round that warms caches and does not count."""
        contenders = {
            "upstream": self.upstream(source, num_signal),
            "build": self.build(source, num_signal),
            "command": self.command(source, num_signal),
            "decode": [sys.executable, __file__, "--decode-only", str(source)],
        }
        results: dict[str, list[dict[str, float]]] = {name: [] for name in contenders}
        chunks: dict[str, int] = {}
        for turn in range(self.runs + 1):
            for name, command in contenders.items():
                figures = self.timed(command)
                chunks[name] = self.clean(name)
                if turn:
                    results[name].append(figures)
                print(f"{source.name} {name} {turn}: {figures['seconds']:.2f} s", file=sys.stderr, flush=True)
        report: dict[str, Any] = {
            name: {key: record.summary([run[key] for run in runs]) for key in runs[0]}
            | {"chunks": chunks[name]}
            for name, runs in results.items()
        }
        median = {name: statistics.median(run["seconds"] for run in runs) for name, runs in results.items()}
        report["files"] = sum(1 for path in source.rglob("*") if path.is_file())
        report["num_signal"] = num_signal
        report["ratios"] = {
            "upstream / build": median["upstream"] / median["build"],
            "upstream / command": median["upstream"] / median["command"],
            "build / decode": median["build"] / median["decode"],
            "command / decode": median["command"] / median["decode"],
        }
        print(json.dumps(report["ratios"], indent=2), file=sys.stderr)
        return report

    def upstream(self, source: Path, num_signal: int) -> list[str]:
        """Upstream's command, unchanged."""
        program = str(Path(self.engine).with_name("rave"))
        output = str(self.folder / "upstream")
        return [program, "preprocess", "--input_path", str(source), "--output_path", output,
                "--num_signal", str(num_signal), "--channels", "1"]  # fmt: skip

    def build(self, source: Path, num_signal: int) -> list[str]:
        """Our building process."""
        return [
            sys.executable,
            __file__,
            "--build-only",
            str(source),
            str(self.folder / "build"),
            str(num_signal),
        ]

    def command(self, source: Path, num_signal: int) -> list[str]:
        """Our command line, waiting for the job it starts."""
        code = "import sys; from rave_gui.cli.main import main; sys.exit(main())"
        return [sys.executable, "-c", code, "dataset", "create", str(source), "--project", str(self.folder / "project"),
                "--num-signal", str(num_signal), "--name", "bench", "--json"]  # fmt: skip

    def timed(self, command: list[str]) -> dict[str, float]:
        """Wall seconds of the process, and the most memory that it and its children held at once (MB, shared pages once each)."""
        environment = dict(self.environment)
        if command[0] == str(Path(self.engine).with_name("rave")):
            environment.pop("PYTHONPATH")
        started = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        memory = Memory(process.pid)
        output, errors = process.communicate()
        seconds = time.perf_counter() - started
        if process.returncode:
            sys.exit(f"{command} failed:\n{output.decode()[-2000:]}\n{errors.decode()[-4000:]}")
        return {"seconds": seconds, "peak_mb": memory.end()}

    def clean(self, name: str) -> int:
        """Chunks in what a contender wrote; then it is removed."""
        import lmdb

        path = {"command": self.folder / "project" / "datasets" / "bench"}.get(name, self.folder / name)
        count = 0
        if path.is_dir():
            with lmdb.open(str(path), readonly=True, lock=False) as environment:
                count = environment.stat()["entries"]
            shutil.rmtree(path)
        shutil.rmtree(self.folder / "project", ignore_errors=True)
        return count


class Memory:
    """Watches the resident memory of a process and its children, five times a second (it costs the measured process little)."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ended.wait(0.2):
            self._peak = max(self._peak, sum(self._sizes()))

    def _sizes(self) -> Iterator[int]:
        try:
            everybody = [self._root, *self._root.children(recursive=True)]
        except psutil.Error:
            return
        for process in everybody:
            try:
                info = process.memory_info()
            except psutil.Error:
                continue
            yield info.rss - getattr(info, "shared", 0)

    def end(self) -> float:
        """Stop watching; the peak in MB."""
        self._ended.set()
        self._thread.join()
        return self._peak / 1e6


def build_only(source: str, output: str, num_signal: str) -> None:
    """What the working process of a dataset job does."""
    from rave_gui.datasets import build
    from rave_protocol.specs import DatasetParams
    from rave_protocol.work import WorkContext

    with tempfile.TemporaryDirectory() as folder:
        params = DatasetParams(sources=[source], output=output, num_signal=int(num_signal))
        print(json.dumps(build.run(params, WorkContext(Path(folder)))))


def decode_file(path: str) -> int:
    """Samples of one file, decoded, mixed to mono, resampled and thrown away."""
    from rave_gui.audio.decode import Decoder

    return sum(block.shape[1] for block in Decoder(path, 44100).blocks())


def decode_only(source: str) -> None:
    """Decode everything on all cores."""
    from rave_gui.datasets.search import search

    files = [file.path for file in search([source]).files]
    with get_context("spawn").Pool() as pool:
        print(sum(pool.imap_unordered(decode_file, files)))


def ffmpeg_version() -> str:
    """First line of ``ffmpeg -version``."""
    done = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--build-only"]:
        build_only(*sys.argv[2:])
    elif sys.argv[1:2] == ["--decode-only"]:
        decode_only(*sys.argv[2:])
    else:
        main()
