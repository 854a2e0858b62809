"""What every benchmark writes beside its figures: when, which commit, which machine, how busy, which versions."""

from __future__ import annotations

import datetime
import json
import os
import platform
import runpy
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).resolve().parent / "results"


def commit() -> str:
    """The commit that is checked out, with ``+`` when tracked files differ from it; empty outside a checkout."""
    try:
        name = _git("rev-parse", "--short=12", "HEAD")
        changed = _git("status", "--porcelain", "--untracked-files=no", "--", "src", "benchmarks")
    except (OSError, subprocess.CalledProcessError):
        return ""
    return name + ("+" if changed else "")


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


def processor() -> str:
    """The processor's own name where Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def summary(values: Sequence[float]) -> dict[str, float | int]:
    """Median, extremes and number of some measurements."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "n": len(values)}


def versions(python: str | Path, *packages: str) -> dict[str, str]:
    """Versions of the interpreter ``python`` and of packages installed for it (empty for one that is not)."""
    program = (
        "import importlib.metadata as m, json, sys\n"
        "found = {'python': sys.version.split()[0]}\n"
        "for name in sys.argv[1:]:\n"
        "    try:\n        found[name] = m.version(name)\n"
        "    except m.PackageNotFoundError:\n        found[name] = ''\n"
        "print(json.dumps(found))"
    )
    done = subprocess.run([str(python), "-c", program, *packages], capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def expose_engine() -> None:
    """In the engine's interpreter: make rave_engine importable as the application does, and the helpers of its contract tests."""
    sys.path.insert(0, str(ROOT / "tests" / "contract"))
    runpy.run_path(str(ROOT / "src" / "rave_engine" / "boot.py"))["expose_packages"]()


def engine_python(chosen: Path | None) -> Path:
    """The interpreter asked for, or that of the engine that is installed."""
    if chosen is not None:
        return chosen
    from rave_gui.paths import default_paths
    from rave_gui.runtime.manager import EngineManager

    return EngineManager(default_paths()).python()


def write(name: str, figures: dict[str, Any], **about: Any) -> Path:
    """Write ``benchmarks/results/NAME.json``; the path. ``about`` holds versions and settings."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    document = {
        "benchmark": name,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": {
            "system": platform.platform(),
            "processor": processor(),
            "cores": os.cpu_count(),
            "load_at_end": load,
        },
        **about,
        "results": figures,
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return path
