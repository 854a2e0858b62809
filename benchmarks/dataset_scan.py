"""Looking through 100,000 recordings: time to the first row, rows a second, memory, how fast it can be stopped.

    python benchmarks/dataset_scan.py [--files 100000] [--rounds 3]

The files are real ones, small, in folders of 500: three in four wav or aiff, one in six flac, the others ogg, which only a decoder
process can read. Every round is a process of its own. Beside it, in the same round: opening every hundredth of the files with PyAV, as
a program has to that does not know headers by itself.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import soundfile

import record
from rave_gui.audio.decode import probe
from rave_gui.datasets.scan import ScanRow, scan

RATE = 8000
ENDINGS = ("wav", "wav", "wav", "aiff", "wav", "flac", "wav", "wav", "wav", "aiff", "flac", "ogg")


def make(folder: Path, files: int) -> None:
    """The recordings; every ending's content is one of ten."""
    draw = np.random.default_rng(0)
    contents = {}
    for ending in set(ENDINGS):
        for number in range(10):
            path = folder / f"one.{ending}"
            soundfile.write(path, draw.normal(0, 0.1, 400 + number), RATE)
            contents[ending, number] = path.read_bytes()
            path.unlink()
    for number in range(files):
        inside = folder / f"{number // 500:03d}"
        inside.mkdir(exist_ok=True)
        ending = ENDINGS[number % len(ENDINGS)]
        (inside / f"{number:06d}.{ending}").write_bytes(contents[ending, number % 10])


def measure(folder: str) -> dict[str, Any]:
    """One scan from start to end, one that is stopped after a tenth, and the comparison."""
    first = 0.0
    longest = 0.0
    last = started = time.perf_counter()

    def row(_: ScanRow) -> None:
        nonlocal first, last, longest
        now = time.perf_counter()
        first = first or now - started
        longest = max(longest, now - last)
        last = now

    process = psutil.Process()
    before = process.memory_info().rss
    found = scan([folder], on_file=row)
    elapsed = time.perf_counter() - started
    kept = process.memory_info().rss - before
    if found.problems:
        raise SystemExit(f"{found.problems[0]}")
    del found.rows[:]

    stop = threading.Event()
    asked = 0.0
    seen = 0

    def until(_: ScanRow) -> None:
        nonlocal asked, seen
        seen += 1
        if seen == 10_000:
            asked = time.perf_counter()
            stop.set()

    scan([folder], on_file=until, cancel=stop, keep=False)
    stopped = time.perf_counter() - asked

    paths = sorted(str(path) for path in Path(folder).rglob("*.*"))[::100]
    begun = time.perf_counter()
    for path in paths:
        probe(path)
    opened = (time.perf_counter() - begun) / len(paths)
    return {
        "seconds": elapsed, "first_row_ms": first * 1e3, "longest_wait_for_a_row_ms": longest * 1e3,
        "stop_ms": stopped * 1e3, "memory_of_rows_mb": kept / 1e6, "probe_ms_each": opened * 1e3,
    }  # fmt: skip


def main() -> None:
    """Make the files, measure, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", type=Path, help="folder for the files [default: a temporary one]")
    options = parser.parse_args()
    rounds = []
    with tempfile.TemporaryDirectory(prefix="scan-", dir=options.work) as folder:
        make(Path(folder), options.files)
        environment = {**os.environ, "PYTHONPATH": str(record.ROOT / "src")}
        for _ in range(options.rounds):
            done = subprocess.run(
                [sys.executable, __file__, "--measure", folder],
                env=environment, capture_output=True, text=True, check=True,
            )  # fmt: skip
            rounds.append(json.loads(done.stdout))
            print(rounds[-1], file=sys.stderr)
    figures: dict[str, Any] = {key: record.summary([one[key] for one in rounds]) for key in rounds[0]}
    seconds = figures["seconds"]["median"]
    figures |= {
        "files": options.files,
        "files_per_second": round(options.files / seconds),
        "times_faster_than_probing_each_in_one_process": round(
            figures["probe_ms_each"]["median"] / 1e3 * options.files / seconds, 1
        ),
    }
    print(record.write("dataset_scan", figures, application=record.versions(sys.executable, "av", "numpy")))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(sys.argv[2])))
    else:
        main()
