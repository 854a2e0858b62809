"""A table of 10,000 runs: opening it and filtering it.

    python benchmarks/experiments_table.py [--runs 10000] [--disk 300]

What counts is opening the table (it shows what was seen last, while the disk is looked at again in a thread) with its columns and their
values, and a filter with four conditions and a sort. The runs have every setting of a training and three figures of each of RAVE's
curves, as the table keeps them. Wall time says what a user waits on this computer at this moment; CPU time is what the work itself takes.

With ``--disk N`` a project of N runs is made for real (a folder, a job and an event file each), and looking at it is timed too.
Writes benchmarks/results/experiments_table.json.
"""

from __future__ import annotations

import argparse
import functools
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.unit.test_event_files import record as framed
from tests.unit.test_event_files import scalar

import big_project
import record
from rave_gui.bootstrap import build
from rave_gui.paths import AppPaths
from rave_gui.projects import Project
from rave_gui.training import tags
from rave_gui.training.experiments import query, remembered, table
from rave_gui.training.experiments.table import Experiment
from rave_protocol.codec import encode
from rave_protocol.specs import TrainParams

QUERY = "CAPACITY > 40 and config ~ v2 and validation.best < 20 and not archived"
SHOWN = (
    "name",
    "state",
    "step",
    "dataset",
    "config",
    "validation.best",
    "validation.last",
    "CAPACITY",
    "tags",
    "created",
)
ROUNDS = 9


def kept(project: Project, count: int) -> None:
    """A table of so many runs, as it is kept after the disk was read."""
    number = random.Random(0)
    settings = encode(TrainParams("", "", ""))
    rows: list[dict[str, Any]] = []
    for n in range(count):
        row = {
            **settings,
            "name": f"run {n:05d}",
            "state": number.choice(("succeeded", "failed", "interrupted")),
            "step": 1000 * n,
            "phase": 1 + n % 2,
            "max_steps": 6_000_000,
            "dataset": f"recordings {n % 200}",
            "config": number.choice((["v2"], ["v1"], ["v2", "causal"], ["discrete"])),
            "preset": None,
            "tags": [],
            "note": "",
            "created": 1.7e9 + n,
            "modified": 1.7e9 + n,
            "bytes": number.randrange(10**9),
            "starred": False,
            "archived": False,
            "missing": False,
            "CAPACITY": 8 * (1 + n % 12),
        }
        for tag in tags.WORDS:
            row |= {
                f"{tag}.last": 40 * number.random(),
                f"{tag}.best": 30 * number.random(),
                f"{tag}.best_step": n,
            }
        rows.append(row)
    remembered.keep(project, [row["name"] for row in rows], [""] * count, rows)


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds on the wall and of the processor, and what came of it."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    return time.perf_counter() - wall, time.process_time() - cpu, found


def opened(project: Project) -> tuple[list[Experiment], list[str]]:
    """What the window does to show the table."""
    rows = table.last_seen(project)
    names = table.columns(rows)
    for row in rows:
        for name in SHOWN:
            row.fields.get(name)
    return rows, names


def filtered(rows: list[Experiment]) -> list[Experiment]:
    """What the window does after the filter was typed."""
    return table.arrange(rows, query.parse(QUERY), "created")


def disk(home: Path, count: int) -> dict[str, Any]:
    """Looking at real folders, for the first time and again."""
    project = Project.open(big_project.make(home / "disk", count, 20))
    services = build(AppPaths(home / "data", home / "config", home / "cache"))
    for run in project.items("run"):
        number = random.Random(run.name)
        records = [
            framed(scalar(tag, 50 * step, 30 / (1 + step) + number.random(), 1.7e9 + step))
            for step in range(20)
            for tag in tags.WORDS
        ]
        file = run.path / "version_0" / "events.out.tfevents.1700000000.host.1.0"
        file.write_bytes(b"".join(records))
    read = timed(lambda: table.refresh(project))
    first = timed(lambda: table.table(services, project))
    again = timed(lambda: table.table(services, project))
    return {
        "runs": count,
        "reading_every_event_file": {"seconds": read[0], "cpu_seconds": read[1]},
        "first_look": {"seconds": first[0], "cpu_seconds": first[1]},
        "another_look": {"seconds": again[0], "cpu_seconds": again[1]},
    }


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--disk", type=int, default=0, metavar="N")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rave-gui-experiments-", ignore_cleanup_errors=True) as temporary:
        home = Path(temporary)
        project = Project.open(home / "project", create=True)
        kept(project, chosen.runs)
        opening, filtering = [], []
        for _ in range(ROUNDS):
            wall, cpu, (rows, names) = timed(lambda: opened(project))
            opening.append((wall, cpu))
            wall, cpu, found = timed(functools.partial(filtered, rows))
            filtering.append((wall, cpu))
        assert len(rows) == chosen.runs
        assert len(names) > 80
        assert 0 < len(found) < len(rows)
        looked = disk(home, chosen.disk) if chosen.disk else None
    figures = {
        "runs": chosen.runs,
        "columns": len(names),
        "open_seconds": record.summary([wall for wall, _ in opening[1:]]),
        "open_cpu_seconds": record.summary([cpu for _, cpu in opening[1:]]),
        "filter_and_sort_seconds": record.summary([wall for wall, _ in filtering[1:]]),
        "filter_and_sort_cpu_seconds": record.summary([cpu for _, cpu in filtering[1:]]),
        "found": len(found),
        "disk": looked,
    }
    print(json.dumps(figures, indent=1))
    print(
        record.write(
            "experiments_table", figures, query=QUERY, versions=record.versions(sys.executable, "numpy")
        )
    )


if __name__ == "__main__":
    main()
