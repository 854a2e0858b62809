"""A training step: upstream's own ``RAVE.training_step`` against ours, with losses and weights compared bit by bit.

    python benchmarks/train_step.py [--engine PYTHON] [--steps 24] [--threads N]

PYTHON is an interpreter with torch and acids-rave (default: the installed engine). Both ways train their own copy of one model
on the same batches with the same seeds, one step each in turn, in one process. Upstream's step runs without Lightning's
Trainer around it (a small harness hands it its optimizers), so Lightning's own overhead is not counted against it. Written
to benchmarks/results/train_step.json: medians, the median of the ratio of neighbouring steps, and whether all bits were equal;
with ``--case`` the rows of those cases replace the ones there.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import record

HERE = Path(__file__).resolve().parent
CASES: dict[str, dict[str, Any]] = {
    "v1, capacity 16, batch 4, 32768": {
        "stack": ["v1"], "overrides": ["CAPACITY = 16"], "batch": 4, "n_signal": 32768,
    },
    "v2_small, capacity 16, batch 1, 65536": {
        "stack": ["v2_small"], "overrides": ["CAPACITY = 16", "LATENT_SIZE = 16"], "batch": 1, "n_signal": 65536,
    },
    "v2, capacity 16, batch 1, 131072": {
        "stack": ["v2"], "overrides": ["CAPACITY = 16"], "batch": 1, "n_signal": 131072,
    },
}  # fmt: skip
STOCK_CAPACITY = 16
FEWER = 4
"""Stock configurations are measured over a quarter of the steps: there are many."""
WARM_UP = 4
"""First steps of a phase that are not counted: allocator, kernel choice, the one-time probe at the start of phase 2."""


def stock_cases() -> dict[str, dict[str, Any]]:
    """Every stock configuration that makes a model, and each add-on on v2, at one small capacity."""
    from rave_protocol import stacks

    stacked = [*([name] for name in sorted(stacks.BASES)), *(["v2", name] for name in sorted(stacks.ADD_ONS))]
    return {
        f"{' + '.join(stack)} (stock)": {
            "stack": stack,
            "overrides": [f"CAPACITY = {STOCK_CAPACITY}"],
            "batch": 1,
            "n_signal": max(65536, stacks.SHORTEST_EXAMPLE[stack[0]]),
            "fewer": FEWER,
        }
        for stack in stacked
    }


def measure(case: dict[str, Any], steps: int) -> dict[str, Any]:
    """Both phases of one case. Runs in the engine's interpreter."""
    import torch
    from upstream import UpstreamHarness

    from rave_engine import configs
    from rave_engine.training import preflight
    from rave_engine.training.prepare import make_trainee
    from rave_engine.training.step import FastStep

    steps = steps // case.get("fewer", 1)
    switch = steps + WARM_UP
    models = []
    for _ in range(2):
        composition = configs.compose(
            case["stack"], [*case["overrides"], f"PHASE_1_DURATION = {switch}"], channels=1
        )
        torch.manual_seed(1)
        models.append(configs.build_model().train())
        if models[-1].valid_signal_crop:
            preflight.receptive_field(models[-1], composition.text)
    theirs, ours = models
    if hasattr(theirs.encoder, "enabled"):  # upstream never switches quantisation on; compared with it on
        theirs.encoder.enabled.fill_(1)
    upstream = UpstreamHarness(theirs)
    trainee = make_trainee(ours, None)
    step = FastStep(ours, trainee.gen_opt, trainee.dis_opt)
    times: dict[str, list[tuple[float, float]]] = {"phase 1": [], "phase 2": []}
    for i in range(2 * switch):
        torch.manual_seed(1000 + i)
        x = torch.rand(case["batch"], 1, case["n_signal"]) * torch.linspace(1, 0, case["n_signal"]) - 0.2
        torch.manual_seed(i)
        begun = time.perf_counter()
        upstream(x, i)
        between = time.perf_counter()
        torch.manual_seed(i)
        second = time.perf_counter()
        trainee.schedule.before_batch()
        step(x, i)
        trainee.scheduler.step()
        ended = time.perf_counter()
        phase = "phase 2" if i >= switch else "phase 1"
        if i % switch >= WARM_UP:
            times[phase].append((between - begun, ended - second))
    mine = ours.state_dict()
    equal = all(torch.equal(value, mine[key]) for key, value in theirs.state_dict().items())
    found: dict[str, Any] = {
        "weights_equal_bit_by_bit": equal,
        "split_discriminator": list(step._split.values()),
    }
    for phase, pairs in times.items():
        a, b = [p[0] for p in pairs], [p[1] for p in pairs]
        found[phase] = {
            "upstream_s": record.summary(a),
            "ours_s": record.summary(b),
            "times_faster": sum(a) / sum(b),
            "median_of_ratios": statistics.median(x / y for x, y in pairs),
        }
    return found


def inner(steps: int, threads: int, names: list[str]) -> None:
    """The part that runs in the engine's interpreter; prints one JSON object."""
    record.expose_engine()
    import torch

    torch.set_num_threads(threads)
    from rave_engine import compat

    compat.install()
    cases = {**CASES, **stock_cases()}
    found = {}
    for name in names or list(cases):
        found[name] = measure(cases[name], steps)
        print(f"{name}: {json.dumps(found[name])}", file=sys.stderr, flush=True)
    print(json.dumps(found))


def main() -> None:
    """Measure every case and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", type=Path)
    parser.add_argument("--steps", type=int, default=24, help="steps counted in each phase")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--case", action="append", help="name as the results have it [default: all]")
    parser.add_argument("--inner", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    names = options.case or []
    if options.inner:
        inner(options.steps, options.threads, names)
        return
    python = record.engine_python(options.engine)
    arguments = ["--inner", "--steps", str(options.steps), "--threads", str(options.threads)]
    arguments += [part for name in names for part in ("--case", name)]
    done = subprocess.run(
        [str(python), "-W", "ignore", str(HERE / "train_step.py"), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    measured = json.loads(done.stdout.splitlines()[-1])
    for row in measured.values():
        row["commit"] = record.commit()
    figures = measured
    known = record.RESULTS / "train_step.json"
    if names and known.exists():
        figures = {**json.loads(known.read_text(encoding="utf-8"))["results"], **measured}
    path = record.write(
        "train_step",
        figures,
        engine=record.versions(python, "torch", "torchaudio", "acids-rave"),
        threads=options.threads,
        steps=options.steps,
    )
    for name, found in measured.items():
        ratios = ", ".join(f"{p} x{found[p]['times_faster']:.2f}" for p in ("phase 1", "phase 2"))
        print(f"{name}: {ratios}; bits equal: {found['weights_equal_bit_by_bit']}")
    print(path)


if __name__ == "__main__":
    main()
