"""Figures of every stock configuration for the cards of the application: memory, parameters, shortest example, delay.

    ENGINE_PYTHON tools/config_facts.py [--check]

Writes src/rave_gui/configs/facts.json. Memory is the estimate on fake tensors for a batch of 8 examples of 131072 samples
(`rave_engine.estimate`); no GPU has confirmed it. Delay is what the configuration matrix measured of the streaming export
(benchmarks/results/config_matrix.json). ``--check`` compares with the file instead and fails when it is out of date.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "src" / "rave_gui" / "configs" / "facts.json"
MATRIX = ROOT / "benchmarks" / "results" / "config_matrix.json"
BATCH, N_SIGNAL, RATE = 8, 131072, 44100
GIB = 2**30


def main() -> int:
    """Measure and write; 1 when ``--check`` finds a difference."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    runpy.run_path(str(ROOT / "src" / "rave_engine" / "boot.py"))["expose_packages"]()
    from rave_engine import compat, configs, estimate
    from rave_engine.configs.index import index
    from rave_protocol import stacks

    compat.install()
    delays = {
        row["name"]: row["latency_samples"]
        for row in json.loads(MATRIX.read_text(encoding="utf-8"))["configurations"]
        if "latency_samples" in row
    }
    found: dict[str, Any] = {}
    for item in index()["items"]:
        if item["kind"] == "augmentation" and item["name"] != "normalize_ambient":
            continue
        name = item["name"]
        stack = [name] if name in stacks.BASES else ["v2", name]
        shortest = estimate.shortest_example(stack)
        composition = configs.compose(stack, channels=1)
        facts = estimate.facts(composition, N_SIGNAL)
        memory = estimate.estimate(N_SIGNAL, BATCH)
        delay = delays.get(" + ".join(stack))
        found[name] = {
            "stack": stack,
            "phase_1_gib": round(memory["phase_1"] / GIB, 2),
            "phase_2_gib": round(memory["phase_2"] / GIB, 2),
            "parameters": facts["parameters"],
            "latent_size": facts["latent_size"],
            "ratio": facts["ratio"],
            "phase_1_steps": facts["phase_1_steps"],
            "minimum_n_signal": shortest,
            "delay_ms": None if delay is None else round(1000 * delay / RATE),
        }
        print(name, found[name], flush=True)
    text = json.dumps({"batch": BATCH, "n_signal": N_SIGNAL, "configurations": found}, indent=1) + "\n"
    if "--check" in sys.argv:
        return 0 if TARGET.read_text(encoding="utf-8") == text else 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
