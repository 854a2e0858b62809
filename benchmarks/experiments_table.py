"""A table of 10,000 runs: opening it and filtering it.

    python benchmarks/experiments_table.py [--runs 10000]

The project is real on disk: a folder, a job and an event file with every curve RAVE writes for each run. The first look reads
everything and is reported apart; what counts is opening the table (it shows what was seen last, while the disk is looked at again in a
thread) with its columns and their values, and a filter with four conditions and a sort.
Writes benchmarks/results/experiments_table.json.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.unit.test_event_files import record as framed
from tests.unit.test_event_files import scalar

import big_project
import record
from rave_gui.bootstrap import build
from rave_gui.paths import AppPaths
from rave_gui.projects import Project
from rave_gui.training import tags
from rave_gui.training.experiments import query, table
from rave_protocol import jobfolder
from rave_protocol.codec import encode
from rave_protocol.files import read_json, write_json
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


def curves(version: Path) -> None:
    """An event file with twenty points of each of RAVE's curves."""
    number = random.Random(str(version))
    records = [
        framed(scalar(tag, 50 * step, 30 / (1 + step) + number.random(), 1.7e9 + step))
        for step in range(20)
        for tag in tags.WORDS
    ]
    (version / "events.out.tfevents.1700000000.host.1.0").write_bytes(b"".join(records))


def settings(spec: Path) -> None:
    """Every setting of a training, as a job of the application's has them."""
    data = read_json(spec)
    params = {**encode(TrainParams("", "", "")), **data["params"]}
    write_json(spec, {**data, "params": params})


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=10_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rave-gui-experiments-", ignore_cleanup_errors=True) as temporary:
        home = Path(temporary)
        project = Project.open(big_project.make(home / "project", chosen.runs, 20))
        for run in project.items("run"):
            curves(run.path / "version_0")
            settings(project.jobs / str(run.job) / jobfolder.SPEC)
        services = build(AppPaths(home / "data", home / "config", home / "cache"))
        began = time.perf_counter()
        table.refresh(project)
        rows = table.table(services, project)
        first = time.perf_counter() - began
        began = time.perf_counter()
        table.table(services, project)
        looked = time.perf_counter() - began
        opened, filtered = [], []
        for _ in range(7):
            began = time.perf_counter()
            rows = table.last_seen(project)
            names = table.columns(rows)
            values = [[row.fields.get(name) for name in SHOWN] for row in rows]
            opened.append(time.perf_counter() - began)
            began = time.perf_counter()
            found = table.arrange(rows, query.parse(QUERY), "created")
            filtered.append(time.perf_counter() - began)
        assert len(rows) == len(values) == chosen.runs
        assert len(names) > 80
        assert 0 < len(found) < len(rows)
    figures = {
        "runs": chosen.runs,
        "columns": len(names),
        "first_look_seconds": round(first, 3),
        "look_at_the_disk_again_seconds": round(looked, 3),
        "open_seconds": record.summary(opened),
        "filter_and_sort_seconds": record.summary(filtered),
        "found": len(found),
    }
    print(json.dumps(figures, indent=1))
    print(
        record.write(
            "experiments_table", figures, query=QUERY, versions=record.versions(sys.executable, "numpy")
        )
    )


if __name__ == "__main__":
    main()
