"""Reading an event file: ours against TensorBoard's EventAccumulator, the same file, one run, alternating.

    python benchmarks/event_reader.py [--scalars 300000] [--runs 5]

The file is written by PyTorch's SummaryWriter (what RAVE logs with) in the engine's environment: twelve tags as RAVE names them.
Both read every scalar; ours verifies both checksums of every record. CPU seconds of the reading alone, without imports. The values
of both are compared. Then 1,000 records are appended and read on, to show what an incremental look costs.
Writes benchmarks/results/event_reader.json. Needs the engine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import record
from rave_gui.paths import default_paths
from rave_gui.runtime.manager import EngineManager
from rave_gui.training.eventfolder import EventFolder

WRITE = """
import sys
from torch.utils.tensorboard import SummaryWriter
folder, count, first = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
tags = ["beta_factor", "multiband_spectral_distance", "fullband_spectral_distance", "regularization", "epoch", "loss_dis",
    "pred_real", "pred_fake", "feature_matching", "adversarial", "learning_rate", "validation"]
writer = SummaryWriter(folder, max_queue=10000)
for i in range(count):
    step = first + 50 * (i // len(tags))
    writer.add_scalar(tags[i % len(tags)], 30.0 / (1 + i) + i % 7, step)
writer.close()
"""

THEIRS = """
import json, sys, time
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
folder = sys.argv[1]
began = time.process_time()
found = EventAccumulator(folder, size_guidance={"scalars": 0})
found.Reload()
tags = found.Tags()["scalars"]
columns = {tag: found.Scalars(tag) for tag in tags}
took = time.process_time() - began
print(json.dumps({"seconds": took, "values": {tag: [[e.step, e.value] for e in rows] for tag, rows in columns.items()}}))
"""


def ours(folder: Path) -> tuple[float, EventFolder]:
    """CPU seconds of a whole read."""
    began = time.process_time()
    found = EventFolder(folder)
    found.poll()
    for tag in found.tags:
        found.curve(tag)
    return time.process_time() - began, found


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scalars", type=int, default=300_000)
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args()
    python = str(EngineManager(default_paths()).python())
    with tempfile.TemporaryDirectory(prefix="rave-gui-events-") as temporary:
        folder = Path(temporary)
        subprocess.run([python, "-c", WRITE, temporary, str(chosen.scalars), "0"], check=True)
        size = sum(path.stat().st_size for path in folder.iterdir())
        ours(folder)
        mine: list[float] = []
        theirs: list[float] = []
        answer: dict[str, Any] = {}
        for _ in range(chosen.runs):
            took, found = ours(folder)
            mine.append(took)
            done = subprocess.run(
                [python, "-c", THEIRS, temporary], check=True, capture_output=True, text=True
            )
            answer = json.loads(done.stdout)
            theirs.append(answer["seconds"])
        for tag, rows in answer["values"].items():
            curve = found.curve(tag)
            assert curve.steps.tolist() == [step for step, _ in rows], tag
            assert np.array_equal(
                curve.values.astype(np.float32), np.array([v for _, v in rows], np.float32)
            ), tag
        subprocess.run([python, "-c", WRITE, temporary, "1000", "100000000"], check=True)
        began = time.process_time()
        changed = found.poll()
        more = time.process_time() - began
        assert len(changed) == 12
    figures = {
        "scalars": chosen.scalars,
        "bytes": size,
        "ours_cpu_seconds": record.summary(mine),
        "event_accumulator_cpu_seconds": record.summary(theirs),
        "ratio_of_medians": round(record.summary(theirs)["median"] / record.summary(mine)["median"], 1),
        "events_per_second": round(chosen.scalars / record.summary(mine)["median"]),
        "records_verified": found.events,
        "damaged": found.damaged,
        "values_equal": True,
        "reading_1000_more_cpu_seconds": round(more, 4),
    }
    print(json.dumps(figures, indent=1))
    print(
        record.write(
            "event_reader",
            figures,
            versions={
                "app": record.versions(sys.executable, "numpy", "google-crc32c"),
                "engine": record.versions(python, "tensorboard", "torch"),
            },
        )
    )


if __name__ == "__main__":
    main()
