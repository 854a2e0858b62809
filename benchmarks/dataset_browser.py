"""The dataset browser at a million chunks: opening, pages, orders, filters, memory; cold (not in the system's cache) and warm.

Beside it what others must do first: listing the keys with LMDB, and upstream's own dataset class (with ``--engine``). Each
measurement runs in a process of its own. A second dataset has chunks of the usual size (2 × 131072 samples), because without an
index a page is read and measured when it is asked for.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import lmdb
import numpy as np
import yaml

import record as facts
from rave_gui.datasets import index
from rave_gui.datasets.record import RecordTemplate, key
from rave_gui.datasets.sidecar import FILE_NAME, FileRow, Part, Sidecar
from rave_gui.paths import AppPaths

ROUNDS = 5
RATE = 44100
PAGE = 50


def make(folder: Path, chunks: int, samples: int, per_file: int) -> None:
    """A dataset as our build writes it: LMDB, metadata and sidecar."""
    folder.mkdir(parents=True)
    template = RecordTemplate(1, samples, RATE)
    size = len(template.buffer) + 4096
    sound = np.random.default_rng(0).integers(-20000, 20000, 1 << 22, np.int16)
    with lmdb.open(
        str(folder), map_size=2 * chunks * size + (1 << 26), lock=False, sync=False
    ) as environment:
        for start in range(0, chunks, 5000):
            with environment.begin(write=True) as transaction:
                for number in range(start, min(start + 5000, chunks)):
                    at = number * 131 % (len(sound) - samples)
                    quiet = 1 + number * 7919 % 97
                    template.pcm[:] = (sound[at : at + samples] // quiet).tobytes()
                    transaction.put(key(number), bytes(template.buffer), append=True)
    sidecar = Sidecar(folder / FILE_NAME, create=True)
    for file in range(-(-chunks // per_file)):
        sidecar.add_file(
            FileRow(
                file,
                f"/sounds/{file:05d}.wav",
                "/sounds",
                1,
                1,
                per_file * samples / RATE,
                0.0,
                RATE,
                1,
                "pcm",
            )
        )
    for number in range(chunks):
        start = number % per_file * samples
        sidecar.add_chunk(
            number, number.to_bytes(20, "big"), [Part(number, 0, number // per_file, start, samples)]
        )
    sidecar.commit()
    sidecar.close()
    described = {"lazy": False, "channels": 1, "sr": RATE, "n_seconds": chunks * samples / RATE}
    (folder / "metadata.yaml").write_text(yaml.safe_dump({**described, "num_signal": samples // 2}))


def evict(folder: Path) -> None:
    """Ask the system to forget what it holds of the dataset in memory (Linux)."""
    if sys.platform != "linux":
        return
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def measure(folder: Path, paths: AppPaths) -> dict[str, float]:
    """One process's figures in milliseconds; memory in MB."""
    import psutil

    from rave_gui.datasets.browse import Browser
    from rave_gui.datasets.record import message
    from rave_gui.datasets.thumbnail import thumbnail

    process = psutil.Process()
    before = process.memory_info().rss
    found: dict[str, float] = {}

    def timed(name: str, what: Any) -> Any:
        begun = time.perf_counter()
        result = what()
        found[name] = 1000 * (time.perf_counter() - begun)
        return result

    # The window has read a dataset by then (its list shows them), so what a process pays once is told by itself.
    timed("parser imported, once", lambda: message(b""))
    browser = timed("open", lambda: Browser(folder, paths))
    draw = np.random.default_rng(os.getpid())
    total = browser.chunks
    timed("first page", lambda: browser.page(0, PAGE))
    timed("first page without levels", lambda: browser.page(0, PAGE, measure=False))
    timed("random page", lambda: browser.page(int(draw.integers(total - PAGE)), PAGE))
    timed("sound of a random chunk", lambda: browser.audio(int(draw.integers(total))))
    timed("list of recordings", browser.sources)
    source = browser.sources()[len(browser.sources()) // 2].path
    timed("first page of one recording", lambda: browser.page(0, PAGE, where=source))
    if browser.indexed:
        timed("first page by loudness", lambda: browser.page(0, PAGE, "loudness"))
        timed(
            "random page by loudness",
            lambda: browser.page(int(draw.integers(total - PAGE)), PAGE, "loudness"),
        )
        timed("first page by silence, one recording", lambda: browser.page(0, PAGE, "silence", source))
        timed("place of a chunk by loudness", lambda: browser.row_of(int(draw.integers(total)), "loudness"))
    shutil.rmtree(paths.cache, ignore_errors=True)
    timed("thumbnail, first time", lambda: thumbnail(folder, 400, paths=paths))
    timed("thumbnail, again", lambda: thumbnail(folder, 400, paths=paths))
    found["memory MB"] = (process.memory_info().rss - before) / 1e6
    return found


def keys_with_lmdb(folder: Path) -> dict[str, float]:
    """What listing all keys costs."""
    import psutil

    before = psutil.Process().memory_info().rss
    begun = time.perf_counter()
    with lmdb.open(str(folder), readonly=True, lock=False) as environment, environment.begin() as transaction:
        names = list(transaction.cursor().iternext(values=False))
    elapsed = 1000 * (time.perf_counter() - begun)
    return {
        "all keys": elapsed,
        "memory MB": (psutil.Process().memory_info().rss - before) / 1e6,
        "n": len(names),
    }


UPSTREAM = """
import runpy, sys, time, json, os
runpy.run_path(sys.argv[2])["expose_packages"]()
from rave_engine import compat
compat.install()
import rave.dataset
begun = time.perf_counter()
found = rave.dataset.AudioDataset(sys.argv[1])
print(json.dumps({"open": 1000 * (time.perf_counter() - begun), "n": len(found)}))
"""


def child(kind: str, folder: Path, home: Path) -> dict[str, float]:
    """Run one measurement in a fresh process."""
    done = subprocess.run(
        [sys.executable, __file__, "--child", kind, str(folder), str(home)],
        capture_output=True,
        text=True,
        check=True,
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def rounds(folder: Path, home: Path, count: int) -> dict[str, Any]:
    """Cold and warm in turn; the median and extremes of every figure."""
    values: dict[str, dict[str, list[float]]] = {"cold": {}, "warm": {}, "lmdb, warm": {}}
    for _ in range(count):
        evict(folder)
        for label, kind in (("cold", "browse"), ("warm", "browse"), ("lmdb, warm", "keys")):
            for name, value in child(kind, folder, home).items():
                values[label].setdefault(name, []).append(value)
    return {label: {name: facts.summary(v) for name, v in found.items()} for label, found in values.items()}


def main() -> None:
    """Make the datasets, measure, write the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--child", nargs=3)
    parser.add_argument("--chunks", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the datasets are made (1.2 GB)")
    parser.add_argument(
        "--engine", help="the engine's Python: opens the dataset with upstream's class as well"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    args = parser.parse_args()
    if args.child:
        kind, folder, home = args.child[0], Path(args.child[1]), Path(args.child[2])
        paths = AppPaths(home / "data", home / "config", home / "cache")
        print(json.dumps(measure(folder, paths) if kind == "browse" else keys_with_lmdb(folder)))
        return
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        root = Path(name)
        paths = AppPaths(root / "home" / "data", root / "home" / "config", root / "home" / "cache")
        many, usual = root / "many", root / "usual"
        begun = time.perf_counter()
        make(many, args.chunks, 256, 250)
        make(usual, 1000, 262144, 50)
        print(f"datasets made in {time.perf_counter() - begun:.0f} s", flush=True)
        results: dict[str, Any] = {
            "many": {"chunks": args.chunks, "samples": 256, "bytes": (many / "data.mdb").stat().st_size},
            "usual": {"chunks": 1000, "samples": 262144, "bytes": (usual / "data.mdb").stat().st_size},
        }
        for label, folder in (("many", many), ("usual", usual)):
            results[label]["without index"] = rounds(folder, root / "home", args.rounds)
            begun, cpu = time.perf_counter(), time.process_time()
            index.build(folder, paths=paths)
            results[label]["index, s"] = time.perf_counter() - begun
            results[label]["index, s of processor"] = time.process_time() - cpu
            results[label]["with index"] = rounds(folder, root / "home", args.rounds)
            for state in ("without index", "with index"):
                for cache, figures in results[label][state].items():
                    medians = {name: round(value["median"], 1) for name, value in figures.items()}
                    print(f"{label}, {state}, {cache}: {medians}", flush=True)
        if args.engine:
            boot = facts.ROOT / "src" / "rave_engine" / "boot.py"
            done = subprocess.run(
                [args.engine, "-c", UPSTREAM, str(many), str(boot)],
                capture_output=True,
                text=True,
                check=True,
            )
            results["many"]["upstream's class, warm"] = json.loads(done.stdout.splitlines()[-1])
        path = facts.write(
            "dataset_browser",
            results,
            versions=facts.versions(sys.executable, "numpy", "lmdb", "protobuf"),
            units="milliseconds unless the name says otherwise; a page has 50 rows",
        )
        print(path)


if __name__ == "__main__":
    main()
