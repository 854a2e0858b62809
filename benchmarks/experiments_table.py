"""A table of 10,000 runs: opening it and filtering it.

    python benchmarks/experiments_table.py [--runs 10000]

The project is real on disk (a folder, an event file and a job for each run). The first look reads everything and is reported apart;
what counts is opening the table (it shows what was seen last, while
the disk is looked at again in a thread) and a filter with three conditions and a sort.
Writes benchmarks/results/experiments_table.json.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import big_project
import record
from rave_gui.bootstrap import build
from rave_gui.paths import AppPaths
from rave_gui.projects import Project
from rave_gui.training.experiments import query, table

QUERY = "CAPACITY > 40 and config ~ v2 and not archived"


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
            opened.append(time.perf_counter() - began)
            began = time.perf_counter()
            found = table.arrange(rows, query.parse(QUERY), "created")
            filtered.append(time.perf_counter() - began)
        assert len(rows) == chosen.runs
        assert 0 < len(found) < len(rows)
    figures = {
        "runs": chosen.runs,
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
