"""Damage event files and log lines in every way we can think of, and see that reading them neither fails nor lies nor grows.

    python tools/event_campaign.py [--files 10000] [--lines 100000]

Each event file is a whole one (scalars, texts, a sound) that was then cut, flipped, filled, spliced or rewritten, sometimes while it
was being followed. Reading must raise nothing, and every value that is read must be one that was written: its checksum says so. Log
lines are mutations of a recorded log of Lightning's and of a job's events. Memory is looked at after a tenth of the work and at the end.

Writes benchmarks/results/event_campaign.json; exit code 1 when something was wrong.
"""

from __future__ import annotations

import argparse
import collections
import json
import math
import random
import struct
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT)]

from tests.unit.test_event_files import NAME, event, scalar  # noqa: E402
from tests.unit.test_event_files import record as framed  # noqa: E402

import record  # noqa: E402
from rave_gui.jobs.reader import EventReader  # noqa: E402
from rave_gui.training.eventfolder import EventFolder  # noqa: E402
from rave_gui.training.logparser import TrainingLogParser  # noqa: E402
from rave_protocol import jobfolder  # noqa: E402

LOG = ROOT / "tests" / "helpers" / "recorded" / "lightning.log"
TAGS = ("validation", "fullband_spectral_distance", "beta_factor", "a/b c", "ä")
FLAT = 8 << 20
"""Bytes by which the process may have grown between a tenth of the work and its end."""
Points = dict[tuple[str, int], float]


def original(rng: random.Random) -> tuple[bytes, Points]:
    """A whole file's bytes and its points: as float32 holds them."""
    parts, points = [], {}
    for number in range(rng.randrange(20, 60)):
        for tag in rng.sample(TAGS, rng.randrange(1, len(TAGS))):
            value = struct.unpack("<f", struct.pack("<f", rng.uniform(-1e3, 1e3)))[0]
            parts.append(framed(scalar(tag, number * 50, value, 1e9 + number)))
            points[tag, number * 50] = value
        if rng.random() < 0.1:
            parts.append(
                framed(event(number * 50, bytes(rng.randrange(256) for _ in range(rng.randrange(80)))))
            )
    return b"".join(parts), points


def damage(data: bytes, rng: random.Random) -> tuple[str, bytes]:
    """One kind of damage and what it left."""
    kind = rng.choice(
        (
            "cut",
            "flip",
            "flips",
            "zeros",
            "garbage",
            "insert",
            "drop",
            "double",
            "length",
            "tail",
            "text",
            "empty",
            "swap",
        )
    )
    at, end = sorted((rng.randrange(len(data)), rng.randrange(len(data))))
    end = min(end, at + 2000)
    junk = rng.randbytes(rng.randrange(1, 200))
    if kind == "cut":
        return kind, data[:at]
    if kind in ("flip", "flips"):
        found = bytearray(data)
        for _ in range(1 if kind == "flip" else rng.randrange(2, 40)):
            found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
        return kind, bytes(found)
    left = {
        "zeros": data[:at] + bytes(end - at) + data[end:],
        "garbage": data[:at] + rng.randbytes(end - at) + data[end:],
        "insert": data[:at] + junk + data[at:],
        "drop": data[:at] + data[end:],
        "double": data[:end] + data[at:],
        "length": data[:at]
        + struct.pack("<Q", rng.choice((0, 1, 2**31, 2**40, 2**63, 2**64 - 1)))
        + data[at + 8 :],
        "tail": data + junk,
        "text": "not an event file ü\n".encode() * 20,
        "empty": b"",
        "swap": data[end:] + data[:end],
    }
    return kind, left[kind]


def one_file(folder: Path, rng: random.Random) -> tuple[str, int, int, str]:
    """Read one damaged file, in one go or while it grows or is replaced: kind, points written, points read, what was wrong."""
    data, points = original(rng)
    kind, left = damage(data, rng)
    path = folder / "version_0" / NAME
    reader = EventFolder(folder)
    allowed = points
    if rng.random() < 0.5:
        place = rng.randrange(len(left) + 1)
        path.write_bytes(left[:place])
        reader.poll()
        if rng.random() < 0.3:  # another training began in the same file
            left, allowed = original(rng)
            kind = "rewritten"
            path.unlink()
        path.write_bytes(left)
    else:
        path.write_bytes(left)
    reader.poll()
    reader.poll()
    read, wrong = 0, ""
    # A whole record of random bytes may happen to be a scalar of some other name: that is what was written.
    for tag in set(reader.tags) & set(TAGS):
        curve = reader.curve(tag)
        for step, value in zip(curve.steps.tolist(), curve.values.tolist(), strict=True):
            read += 1
            wanted = allowed.get((tag, step))
            if wanted is None or not math.isclose(wanted, value, rel_tol=1e-6):
                wrong = f"{kind}: {tag!r} at {step} is {value}, was {wanted}"
    return kind, len(allowed), read, wrong


def files(count: int, seed: int = 0) -> dict[str, Any]:
    """Damage and read ``count`` files."""
    rng = random.Random(seed)
    process = psutil.Process()
    kinds: dict[str, list[int]] = collections.defaultdict(lambda: [0, 0, 0])
    faults: list[str] = []
    after_tenth = 0
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="rave-gui-events-") as temporary:
        folder = Path(temporary)
        (folder / "version_0").mkdir()
        for number in range(count):
            try:
                kind, whole, read, wrong = one_file(folder, rng)
            except Exception as error:  # noqa: BLE001 - any exception at all is what this looks for
                faults.append(f"file {number}: {type(error).__name__}: {error}")
                continue
            row = kinds[kind]
            row[0] += 1
            row[1] += whole
            row[2] += read
            if wrong:
                faults.append(f"file {number}: {wrong}")
            if number == count // 10:
                after_tenth = process.memory_info().rss
    grown = process.memory_info().rss - after_tenth
    return {
        "files": count,
        "seconds": round(time.perf_counter() - began, 2),
        "by_kind": {
            kind: {"files": row[0], "points_written": row[1], "points_read": row[2]}
            for kind, row in sorted(kinds.items())
        },
        "memory_grown_bytes": grown,
        "faults": faults[:20],
        "number_of_faults": len(faults),
    }


def mutated(line: bytes, lines: list[bytes], rng: random.Random) -> bytes:
    """A line that was torn, flipped, spliced or filled with something else."""
    kind = rng.randrange(7)
    if kind == 0:
        return line[: rng.randrange(len(line) + 1)]
    if kind == 1:
        return rng.randbytes(rng.randrange(400))
    if kind == 2:
        other = rng.choice(lines)
        return line[: rng.randrange(len(line) + 1)] + other[rng.randrange(len(other) + 1) :]
    if kind == 3:
        found = bytearray(line)
        for _ in range(rng.randrange(1, 10)):
            if found:
                found[rng.randrange(len(found))] = rng.randrange(256)
        return bytes(found)
    if kind == 4:
        return line * rng.randrange(2, 30)
    if kind == 5:
        return b"x%d=%d loss=1e%d" % (rng.randrange(10**9), rng.randrange(10**30), rng.randrange(10**6))
    return line.replace(b"=", rng.choice((b"==", b"=nan", b"=-inf", b"=\x00"))).replace(b"{", b"{{")


def log_lines(count: int, seed: int = 0) -> dict[str, Any]:
    """Send ``count`` malformed lines through the log parser (from a file that it follows), and as many through the reader of events."""
    rng = random.Random(seed)
    process = psutil.Process()
    lines = [part for part in LOG.read_bytes().replace(b"\r", b"\n").split(b"\n") if part.strip()]
    told = [
        json.dumps({"type": "metric", "time": 1.0, "step": n, "values": {"loss": n / 7}}).encode()
        for n in range(50)
    ] + [json.dumps({"type": "progress", "time": 1.0, "done": 5, "total": 9, "phase": "phase 1"}).encode()]
    faults: list[str] = []
    after_tenth, step = 0, max(1, count // 100)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="rave-gui-lines-") as temporary:
        log, job = Path(temporary) / "log.txt", Path(temporary) / "job"
        job.mkdir()
        parser, reader = TrainingLogParser(log), EventReader(job)
        events = 0
        for number in range(0, count, step):
            try:
                with log.open("ab") as file:
                    file.write(
                        b"\n".join(mutated(rng.choice(lines), lines, rng) for _ in range(step)) + b"\n"
                    )
                parser.poll()
                with (job / jobfolder.EVENTS).open("ab") as file:
                    file.write(b"\n".join(mutated(rng.choice(told), told, rng) for _ in range(step)) + b"\n")
                while found := reader.read():
                    events += len(found)
            except Exception as error:  # noqa: BLE001 - any exception at all is what this looks for
                faults.append(f"lines from {number}: {type(error).__name__}: {error}")
            if number <= count // 10:
                after_tenth = process.memory_info().rss
        metrics = parser.get_latest_metrics()
        grown = process.memory_info().rss - after_tenth
    return {
        "lines": count,
        "seconds": round(time.perf_counter() - began, 2),
        "log_lines_understood": parser.understood,
        "log_metrics_kept": len(metrics),
        "event_lines_understood": events,
        "event_lines_skipped": reader.skipped,
        "memory_grown_bytes": grown,
        "faults": faults[:20],
        "number_of_faults": len(faults),
    }


def main() -> int:
    """Do both and write the results."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--files", type=int, default=10_000)
    options.add_argument("--lines", type=int, default=100_000)
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args()
    figures = {"event_files": files(chosen.files, chosen.seed), "lines": log_lines(chosen.lines, chosen.seed)}
    print(json.dumps(figures, indent=1))
    print(
        record.write(
            "event_campaign",
            figures,
            seed=chosen.seed,
            versions=record.versions(sys.executable, "numpy", "google-crc32c"),
        )
    )
    good = all(
        not part["number_of_faults"] and part["memory_grown_bytes"] < FLAT for part in figures.values()
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
