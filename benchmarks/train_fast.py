"""The options of fast mode: how much faster a step becomes, and which distance a training reaches with it.

    python benchmarks/train_fast.py [--engine PYTHON] [--phase1 240] [--phase2 120] [--threads 1] [--variant NAME ...]

Every variant trains its own copy of one model from the same weights on the same batches with the same seeds, one step each in
turn, in one process, so that whatever else the computer does slows all alike. Afterwards each is measured on sounds that none
has heard, with RAVE's own multi-scale spectral distance (lower is closer; randomness 0). Variants that change rounding diverge
from the exact one step by step though each step is right, so ``exact, other seed`` says how much chance alone makes out.
Written to benchmarks/results/fast_mode.json.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import record

CASE: dict[str, Any] = {"stack": ["v1"], "overrides": ["CAPACITY = 16"], "batch": 4, "n_signal": 32768}
OTHER_SEED = "exact, other seed"
VARIANTS: dict[str, dict[str, Any]] = {
    "exact": {},
    OTHER_SEED: {},
    "split discriminator": {"exact": False},
    "fast_distance": {"exact": False, "fast_distance": True},
    "bf16": {"exact": False, "amp": "bf16"},
    "fused_adam": {"exact": False, "fused_adam": True},
    "fast_distance + fused_adam": {"exact": False, "fast_distance": True, "fused_adam": True},
    "fast_distance + fused_adam + bf16": {
        "exact": False, "fast_distance": True, "fused_adam": True, "amp": "bf16",
    },
    "compile": {"exact": False, "compile": True},
}  # fmt: skip
LEFT_OUT = ("compile", "split discriminator", "fast_distance + fused_adam")
"""Measured only when asked for by name."""
WARM_UP = 4
HELD_OUT = 12


class Contestant:
    """One model with its optimizers, step and times."""

    def __init__(self, options: dict[str, Any], switch: int) -> None:
        import torch

        from rave_engine import configs
        from rave_engine.training.fast import Fast
        from rave_engine.training.prepare import make_trainee
        from rave_engine.training.step import FastStep
        from rave_protocol.specs import TrainParams

        configs.compose(CASE["stack"], [*CASE["overrides"], f"PHASE_1_DURATION = {switch}"], channels=1)
        torch.manual_seed(1)
        self.model = configs.build_model().train()
        params = TrainParams(dataset="", run="", name="", **options)
        self.trainee = make_trainee(self.model, None, Fast.of(params))
        self.step = FastStep(
            self.model,
            self.trainee.gen_opt,
            self.trainee.dis_opt,
            split_real=None if params.exact else True,
        )
        self.seconds: dict[str, list[float]] = {"phase 1": [], "phase 2": []}

    def train(self, x: Any, index: int, phase: str) -> None:
        """One step, timed."""
        begun = time.perf_counter()
        self.trainee.schedule.before_batch()
        self.step(x, index)
        self.trainee.scheduler.step()
        self.seconds[phase].append(time.perf_counter() - begun)

    def distance(self, sounds: list[Any]) -> float:
        """Mean of RAVE's distance between held-out sounds and what the model makes of their latent means."""
        import torch

        from rave_engine.inference.distance import build_distance
        from rave_engine.inference.latents import sample

        measure = build_distance(self.model.sr)
        found = []
        self.model.eval()
        with torch.no_grad():
            for number, x in enumerate(sounds):
                torch.manual_seed(number)  # the decoder's noise
                z = sample(self.model.encoder, self.model.encode(x[None]), 0.0)
                found.append(measure(x, self.model.decode(z)[0, :, : x.shape[-1]]))
        self.model.train()
        return statistics.fmean(found)


def inner(phase_1: int, phase_2: int, threads: int, names: list[str]) -> None:
    """The part that runs in the engine's interpreter; prints one JSON object."""
    record.expose_engine()
    import torch

    torch.set_num_threads(threads)
    from rave_engine import compat

    compat.install()
    from tiny import plucks

    def batch(number: int) -> Any:
        sounds = [plucks(CASE["n_signal"], 100 * number + i) for i in range(CASE["batch"])]
        return torch.stack([torch.from_numpy(s).float() / 32767 for s in sounds])

    held_out = [torch.from_numpy(plucks(65536, 10**6 + i)).float() / 32767 for i in range(HELD_OUT)]
    contestants = {name: Contestant(VARIANTS[name], phase_1) for name in names}
    untrained = contestants["exact"].distance(held_out)
    after: dict[str, dict[str, float]] = {name: {} for name in names}
    for i in range(phase_1 + phase_2):
        phase = "phase 1" if i < phase_1 else "phase 2"
        x = batch(i)
        for name, contestant in contestants.items():
            torch.manual_seed(i + (10**6 if name == OTHER_SEED else 0))
            contestant.train(x.clone(), i, phase)
        if i + 1 in (phase_1, phase_1 + phase_2):
            for name, contestant in contestants.items():
                after[name][phase] = contestant.distance(held_out)
            print(json.dumps({"step": i + 1, "distance": after}), file=sys.stderr, flush=True)
    base = contestants["exact"].seconds
    found: dict[str, Any] = {"untrained_distance": untrained, "variants": {}}
    for name, contestant in contestants.items():
        row: dict[str, Any] = {"options": VARIANTS[name]}
        for phase, seconds in contestant.seconds.items():
            pairs = list(zip(base[phase], seconds, strict=True))[WARM_UP:]
            row[phase] = {
                "seconds": record.summary([b for _, b in pairs]),
                "times_exact": statistics.median(a / b for a, b in pairs),
                "distance": after[name][phase],
            }
        found["variants"][name] = row
    print(json.dumps(found))


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", type=Path)
    parser.add_argument("--phase1", type=int, default=240, help="steps of phase 1")
    parser.add_argument("--phase2", type=int, default=120, help="steps of phase 2")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--variant", action="append", choices=list(VARIANTS))
    parser.add_argument("--inner", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--output", default="fast_mode", help="name of the results")
    options = parser.parse_args()
    names = options.variant or [name for name in VARIANTS if name not in LEFT_OUT]
    names = ["exact", *(name for name in names if name != "exact")]
    if options.inner:
        inner(options.phase1, options.phase2, options.threads, names)
        return
    python = record.engine_python(options.engine)
    arguments = ["--inner", "--phase1", options.phase1, "--phase2", options.phase2]
    arguments += ["--threads", options.threads]
    arguments += [part for name in names for part in ("--variant", name)]
    done = subprocess.run(
        [str(python), "-W", "ignore", __file__, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    figures = json.loads(done.stdout.splitlines()[-1])
    path = record.write(
        options.output,
        figures,
        engine=record.versions(python, "torch", "torchaudio", "acids-rave"),
        threads=options.threads,
        case=CASE,
        steps={"phase 1": options.phase1, "phase 2": options.phase2},
    )
    for name, row in figures["variants"].items():
        ends = ", ".join(
            f"{p} x{row[p]['times_exact']:.2f}, distance {row[p]['distance']:.2f}"
            for p in ("phase 1", "phase 2")
        )
        print(f"{name}: {ends}")
    print(path)


if __name__ == "__main__":
    main()
