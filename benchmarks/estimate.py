"""The memory estimate against what a real step takes: counted over the tensors, and as the system counts the process.

    python benchmarks/estimate.py [--engine PYTHON] [--only NAME ...]

With ``--only`` the rows of those configurations replace the ones in the results.

Each stock configuration (an add-on on v2) at ``CAPACITY = 16`` and batch 1, and some at their full size as well, runs in a process of its own: the estimate on fake tensors
first, then real steps of both phases on the CPU with real Adams. Three figures a phase: ``estimated``; ``counted``, the most bytes
of tensors alive at once in the real step; ``process``, how much the process's resident memory grew at its peak (Linux), which
adds the kernels' workspaces and what the allocator wastes. No GPU is involved. Written to benchmarks/results/estimate.json.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path
from typing import Any

import record

BATCH = 1
N_SIGNAL = 131072
CAPACITY = 16
FULL_SIZE = ("v1", "v2_small", "v2")
STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def resident(key: str) -> int:
    """A line of /proc/self/status in bytes: VmRSS (now) or VmHWM (the most since the last reset)."""
    line = next(line for line in STATUS.read_text(encoding="ascii").splitlines() if line.startswith(key))
    return int(line.split()[1]) * 1024


def inner(name: str, full: bool) -> None:
    """One configuration, in the engine's interpreter; prints one JSON object."""
    record.expose_engine()
    import torch

    torch.set_num_threads(1)
    from rave_engine import compat, configs, estimate
    from rave_engine.compat import metas
    from rave_engine.training.prepare import make_trainee
    from rave_engine.training.step import FastStep
    from rave_protocol import stacks

    compat.install()
    metas.load()
    stack = [name] if name in stacks.BASES else ["v2", name]
    configs.compose(stack, [] if full else [f"CAPACITY = {CAPACITY}"], channels=1)
    guess = estimate.estimate(N_SIGNAL, BATCH)
    before = resident("VmRSS")
    model = configs.build_model().train()
    model.valid_signal_crop = False
    trainee = make_trainee(model, None)
    step = FastStep(model, trainee.gen_opt, trainee.dis_opt, split_real=False)
    x = 0.1 * torch.randn(BATCH, 1, N_SIGNAL)
    found: dict[str, Any] = {
        "stack": stack,
        "parameters": guess["parameters"],
    }
    for phase, kinds in (("phase_1", (1,)), ("phase_2", (0, 1))):
        model.warmed_up = phase == "phase_2"
        for kind in kinds:  # the optimizers have their states from here on
            step(x, kind)
        RESET.write_text("5", encoding="ascii")
        with estimate.StorageCounter() as counter:
            counter.count(x, *model.parameters(), *model.buffers())
            # Weight norm keeps the weights it last computed as plain attributes.
            counter.count(*(value for module in model.modules() for value in vars(module).values()))
            for optimizer in (trainee.gen_opt, trainee.dis_opt):
                counter.count(*(t for state in optimizer.state.values() for t in state.values()))
            for kind in kinds:
                step(x, kind, log=True)
        process = resident("VmHWM") - before
        found[phase] = {
            "estimated": guess[phase],
            "counted": counter.peak,
            "process": process,
            "estimated_of_counted": guess[phase] / counter.peak,
            "estimated_of_process": guess[phase] / process,
        }
    print(json.dumps(found))


def main() -> None:
    """Measure every configuration and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", type=Path)
    parser.add_argument("--only", nargs="*", help="names of configurations")
    parser.add_argument("--inner", help=argparse.SUPPRESS)
    parser.add_argument("--full", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inner:
        inner(options.inner, options.full)
        return
    from rave_protocol import stacks

    python = record.engine_python(options.engine)
    known = record.RESULTS / "estimate.json"
    figures = (
        json.loads(known.read_text(encoding="utf-8"))["results"] if options.only and known.exists() else {}
    )
    versions = record.versions(python, "torch", "acids-rave")
    names = [(name, False) for name in (*sorted(stacks.BASES), *sorted(stacks.ADD_ONS))]
    for stock, full in [*names, *((name, True) for name in FULL_SIZE)]:
        if options.only and stock not in options.only:
            continue
        name = f"{stock}, full size" if full else stock
        done = subprocess.run(
            [str(python), "-W", "ignore", __file__, "--inner", stock, *(["--full"] if full else [])],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        figures[name] = json.loads(done.stdout.splitlines()[-1])
        row = [
            f"{figures[name][p]['estimated'] / 2**30:.2f} GiB ({figures[name][p]['estimated_of_counted']:.2f} of counted, "
            f"{figures[name][p]['estimated_of_process']:.2f} of the process)"
            for p in ("phase_1", "phase_2")
        ]
        print(f"{name}: " + ", ".join(row), flush=True)
        # Each row is kept as it comes: the whole takes long, and may be cut off.
        record.write("estimate", figures, engine=versions, batch=BATCH, n_signal=N_SIGNAL, capacity=CAPACITY)
    print(known)


if __name__ == "__main__":
    main()
