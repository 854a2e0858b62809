"""Recordings to dataset: this application against upstream's ``rave preprocess``, side by side on the same files.

    python benchmarks/preprocess.py --engine ENGINE_PYTHON [--long FOLDER] [--short FOLDER] [--runs 3]

Run it with the application's interpreter. Two cases: long recordings at num_signal 131072, many short ones at 4096. Each contender
is a whole process, from start to exit, in turns; page cache and bytecode are warm for all. Contenders:

- upstream: ``rave preprocess`` by the engine's interpreter (ffmpeg must be on the path);
- build: our building process alone (what a job's working process does), process start and imports included;
- command: ``rave-gui dataset create``, with job folder, dispatcher and runner around the same work;
- decode: decoding, mixing and resampling alone, with our decoder on all cores, storing nothing.

A third case, memory: the most memory of the building process and its decoders for a recording of ten minutes and of ten hours, and for
200 and 20,000 files. A fourth, resampling: the error of our resampler and of upstream's (ffmpeg) against a much longer filter.
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
CASES = ["long", "short", "memory", "resampling"]


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
    parser.add_argument("--only", nargs="*", choices=CASES, default=CASES)
    parser.add_argument("--work", type=Path, help="folder for the datasets [default: a temporary one]")
    parser.add_argument("--note", default="", help="what else there is to know about the circumstances")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="preprocess-", dir=options.work) as folder:
        bench = Bench(options.engine, Path(folder), options.runs)
        cases = {"long": (options.long, 131072), "short": (options.short, 4096)}
        figures = {name: bench.case(*cases[name]) for name in options.only if name in cases}
        if "memory" in options.only:
            figures["memory"] = bench.memory()
        if "resampling" in options.only:
            figures["resampling"] = resampling(Path(folder))
    path = record.write(
        "preprocess" if len(options.only) == len(CASES) else "preprocess_" + "_".join(options.only),
        figures,
        engine=record.versions(options.engine, "acids-rave", "torch"),
        application=record.versions(sys.executable, "av", "soxr", "numpy", "lmdb"),
        ffmpeg=ffmpeg_version(),
        settings={"runs": options.runs, "note": options.note},
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

    def memory(self) -> dict[str, Any]:
        """Peak memory of builds from much sound and from little."""
        found: dict[str, Any] = {}
        for name, files, seconds in (
            ("10 minutes", 1, 600), ("10 hours", 1, 36000), ("200 files", 200, 0.1), ("20000 files", 20000, 0.1),
        ):  # fmt: skip
            source = self.folder / "sounds"
            for number in range(files):
                inside = source / f"{number // 500:02d}"
                inside.mkdir(parents=True, exist_ok=True)
                wav(inside / f"{number:05d}.wav", seconds)
            num_signal = 131072 if files == 1 else 4096
            figures = self.timed(self.build(source, num_signal))
            found[name] = {**figures, "chunks": self.clean("build")}
            shutil.rmtree(source)
            print(f"{name}: {found[name]}", file=sys.stderr, flush=True)
        return found

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


def wav(path: Path, seconds: float) -> None:
    """A mono wav of noise; where it is longer than a minute the noise comes once a minute, and the file takes no room between."""
    import wave

    import numpy as np

    samples = int(seconds * 44100)
    noise = np.random.default_rng(samples).integers(-3000, 3000, min(samples, 44100), np.int16).tobytes()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(44100)
        file.setnframes(samples)
        file.writeframesraw(noise)
        file._nframeswritten = samples  # type: ignore[attr-defined]
        file._datawritten = 2 * samples  # type: ignore[attr-defined]
    with path.open("r+b") as raw:
        raw.truncate(44 + 2 * samples)
        for minute in range(1, int(seconds // 60)):
            raw.seek(44 + minute * 60 * 88200)
            raw.write(noise)


def resampling(folder: Path) -> dict[str, Any]:
    """Level of what a resampler adds, in dB below the sound: sweeps from 48000 and 96000 Hz to 44100 Hz.

    The reference is what soxr's best setting gives at double precision; both contenders write 16 bits, as the datasets do, so that
    -98 dB would be rounding alone.
    """
    import numpy as np
    import soundfile
    import soxr

    from rave_gui.audio.decode import Decoder, to_int16

    found: dict[str, Any] = {}
    for rate in (48000, 96000):
        t = np.arange(10 * rate) / rate
        top = 20000.0
        sweep = 0.5 * np.sin(2 * np.pi * 20 * 10 / np.log(top / 20) * (np.exp(t / 10 * np.log(top / 20)) - 1))
        path = folder / f"sweep-{rate}.wav"
        soundfile.write(path, sweep, rate, subtype="DOUBLE")
        reference = soxr.resample(sweep, rate, 44100, quality="VHQ")
        ours = to_int16(Decoder(path, 44100).read())[0] / 32768
        raw = subprocess.run(
            ["ffmpeg", "-v", "error", "-i", str(path), "-ar", "44100", "-f", "s16le", "-"],
            check=True, capture_output=True,
        ).stdout  # fmt: skip
        theirs = np.frombuffer(raw, np.int16) / 32768
        found[str(rate)] = {"ours_db": error_db(ours, reference), "upstream_db": error_db(theirs, reference)}
    print(json.dumps(found), file=sys.stderr)
    return found


def error_db(sound: Any, reference: Any) -> float:
    """Power of the difference against that of the reference, in dB; the first and last 50 ms are left out."""
    import numpy as np

    n = min(len(sound), len(reference))
    inner = slice(2205, n - 2205)
    error = np.mean((sound[inner] - reference[inner]) ** 2)
    return round(float(10 * np.log10(error / np.mean(reference[inner] ** 2))), 1)


def build_only(source: str, output: str, num_signal: str) -> None:
    """What the working process of a dataset job does."""
    from rave_gui.datasets import build_job
    from rave_protocol.specs import DatasetParams
    from rave_protocol.work import WorkContext

    with tempfile.TemporaryDirectory() as folder:
        params = DatasetParams(sources=[source], output=output, num_signal=int(num_signal))
        print(json.dumps(build_job.run(params, WorkContext(Path(folder)))))


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
