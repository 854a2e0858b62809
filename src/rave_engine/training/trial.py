"""A trial: real steps of both phases on the device that will train, timed and weighed, before a training of days."""

from __future__ import annotations

import contextlib
import itertools
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from rave_engine import configs
from rave_engine.compat import metas
from rave_engine.estimate import StorageCounter
from rave_engine.jobs import JobContext
from rave_engine.training import data, preflight
from rave_engine.training.fast import Fast
from rave_engine.training.memory import is_out_of_memory, out_of_memory
from rave_engine.training.prepare import make_trainee, seed_all
from rave_engine.training.state import Trainee
from rave_engine.training.step import FastStep
from rave_protocol.specs import TrainParams, TrialParams

TIMED_SECONDS = 10.0
"""Of each kind of step no more are timed than fit into so many seconds, but one is."""
SLOW_SECONDS = 3.0
"""A step that takes longer needs no other before it to warm up: what that changes is little of it."""
PARTS = 3
"""Checkpoints hold each trained number three times: the weight and Adam's two averages."""


def run(params: TrialParams, job: JobContext) -> dict[str, Any]:
    """Take ``steps`` timed steps of each phase and return what the whole training will come to.

    ``{"device", "phase_1", "phase_2", "memory_of", "checkpoint_bytes", "parameters", "latent_size", "ratio", "phase_1_steps",
    "max_steps", "seconds_phase_1", "seconds_phase_2", "seconds_total", "disk_bytes", "seconds"}``; a phase is ``{"seconds_per_step",
    "steps_per_second", "peak_bytes", "steps"}``. Peaks are the device's own count on CUDA (``memory_of`` "device"), otherwise
    counted over the tensors ("tensors"). Seconds are those of steps alone, without validation and saving.

    Raises :class:`EngineError` as a training does, and ``out-of-memory``.
    """
    started = time.monotonic()
    train = params.train
    device = preflight.choose_device(train.device)
    composition = configs.compose(
        train.configs,
        train.overrides,
        train.augmentations,
        channels=train.channels,
        trusted=params.trusted,
    )
    seed_all(train.seed)
    if train.threads > 0:
        torch.set_num_threads(train.threads)
    job.progress(0, 0, message="The model is being built.", force=True)
    model = configs.build_model().train()
    ratio = preflight.compression_ratio(model)
    if model.valid_signal_crop:
        preflight.receptive_field(model, composition.text)
    rate = model.sr
    if train.dataset:
        rate = data.inspect(Path(train.dataset), train).sample_rate
    preflight.check_length(model, train.n_signal, rate, ratio)
    fast = Fast.of(train)
    phases: dict[str, dict[str, Any]] = {}
    try:
        trainee = make_trainee(
            model.to(device), train.ema, fast, (train.lr_generator, train.lr_discriminator)
        )
        step = FastStep(model, trainee.gen_opt, trainee.dis_opt, split_real=None if train.exact else True)
        with _batches(train, model, device) as batches:
            for number, name in enumerate(("phase 1", "phase 2")):
                model.warmed_up = name == "phase 2"
                try:
                    phases[name] = _measure(step, trainee, batches, params.steps, _Told(job, number, name))
                except RuntimeError as error:
                    if is_out_of_memory(error):
                        raise out_of_memory(f"in a step of {name}", error) from error
                    raise
    finally:
        if device.type == "cuda":
            torch.cuda.empty_cache()
    job.progress(1, 1, force=True)
    parameters = sum(p.numel() for p in model.parameters())
    checkpoint = PARTS * sum(p.numel() * p.element_size() for p in model.parameters())
    checkpoint += sum(b.numel() * b.element_size() for b in model.buffers())
    if train.ema is not None:
        checkpoint += sum(p.numel() * p.element_size() for p in model.parameters())
    warmup = min(int(model.warmup), train.max_steps)
    seconds = {
        "phase 1": warmup * phases["phase 1"]["seconds_per_step"],
        "phase 2": (train.max_steps - warmup) * phases["phase 2"]["seconds_per_step"],
    }
    return {
        "device": _device_name(device),
        "phase_1": phases["phase 1"],
        "phase_2": phases["phase 2"],
        "memory_of": "device" if device.type == "cuda" else "tensors",
        "checkpoint_bytes": checkpoint,
        "parameters": parameters,
        "latent_size": int(model.latent_size),
        "ratio": ratio,
        "phase_1_steps": int(model.warmup),
        "max_steps": train.max_steps,
        "seconds_phase_1": seconds["phase 1"],
        "seconds_phase_2": seconds["phase 2"],
        "seconds_total": sum(seconds.values()),
        "disk_bytes": checkpoint * _kept(train),
        "seconds": time.monotonic() - started,
    }


def _kept(train: TrainParams) -> int:
    """Checkpoints on the disk at once: numbered, milestones, best, the one before phase 2, the final, one being written."""
    numbered = math.ceil(train.max_steps / train.save_every)
    kept = numbered if train.keep_last == 0 else min(train.keep_last, numbered)
    milestones = train.max_steps // train.milestone_every if train.milestone_every else 0
    return int(kept + min(milestones, numbered) + 4)


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"{device} ({torch.get_num_threads()} threads)"


@contextlib.contextmanager
def _batches(train: TrainParams, model: Any, device: torch.device) -> Iterator[Iterator[torch.Tensor]]:
    """Batches of the dataset as the training reads them, or noise that decays."""
    if not train.dataset:
        shape = (train.batch, model.n_channels, train.n_signal)
        x = (0.1 * torch.randn(shape) * torch.linspace(1, 0.1, train.n_signal)).to(device)
        yield itertools.repeat(x)
        return
    dataset = data.open_dataset(train, model.sr)
    try:
        facts = data.inspect(Path(train.dataset), train)
        order = data.Order(data.split(facts.chunks, train.holdout).train, train.batch, train.seed)
        yield data.batches(data.SeededExamples(dataset, train.seed), order, train.workers, device)
    finally:
        data.close(dataset)


class _Told:
    """Says how far a phase of the trial is; each phase counts for half of the whole."""

    def __init__(self, job: JobContext, number: int, phase: str) -> None:
        self._job, self._number, self._phase = job, number, phase
        self._done, self.steps = 0, 1
        """Steps of this phase so far, and in all as far as is known."""

    def step(self, count: int = 1) -> None:
        """So many more steps are done. Raises :class:`Cancelled`."""
        self._job.check_cancel()
        self._done = min(self._done + count, self.steps)
        share = (self._number + self._done / self.steps) / 2
        message = f"{self._done} of {self.steps} steps"
        self._job.progress(
            round(100 * share, 1), 100, phase=self._phase, message=message, force=self._done == 0
        )


def _measure(
    step: FastStep, trainee: Trainee, batches: Iterator[torch.Tensor], count: int, told: _Told
) -> dict[str, Any]:
    """Time of one step (loading and averaging of weights in it) and the peak of memory, in the phase the model is in.

    At most ``count`` steps of each kind are timed, and fewer where they are slow. In phase 2 one of ``update_discriminator_every`` steps trains the discriminator: both kinds are timed and mixed so.
    """
    model = trainee.model
    device = next(model.parameters()).device
    every = int(model.update_discriminator_every) if model.warmed_up else 1
    kinds = {1: 1.0} if every == 1 and not model.warmed_up else {0: 1 / every, 1: 1 - 1 / every}
    timed = [index for index, share in kinds.items() if share]
    told.steps = 2 * len(kinds) + (count + 1) * len(timed)
    told.step(0)
    begun = time.perf_counter()
    peak = _peak(step, next(batches), kinds, device, told)
    slow = (time.perf_counter() - begun) / (2 * len(kinds)) > SLOW_SECONDS
    seconds = 0.0
    done = 0
    for index in timed:
        taken = 0
        if not slow:  # the first warms up: allocator, choice of kernels
            _take(step, trainee, batches, index)
        told.step()
        _wait(device)
        begun = time.perf_counter()
        while taken < count and (not taken or time.perf_counter() - begun < TIMED_SECONDS):
            _take(step, trainee, batches, index)
            taken += 1
            told.step()
        _wait(device)
        seconds += kinds[index] * (time.perf_counter() - begun) / taken
        told.step(count - taken)
        done += taken
    return {
        "seconds_per_step": seconds,
        "steps_per_second": 1 / seconds if seconds else 0.0,
        "peak_bytes": peak,
        "steps": done,
    }


def _take(step: FastStep, trainee: Trainee, batches: Iterator[torch.Tensor], index: int) -> None:
    """One step as the training takes it, averaging of weights included."""
    step(next(batches), index)
    if trainee.ema is not None:
        trainee.ema.update(trainee.model)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _peak(step: FastStep, x: torch.Tensor, kinds: dict[int, float], device: torch.device, told: _Told) -> int:
    """Most bytes alive in a step; the optimizers have their states after the first, so each kind is taken twice."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        for index in kinds:
            for _ in range(2):
                step(x, index)
                told.step()
        return int(torch.cuda.max_memory_reserved(device))
    metas.load()  # what looks at every operation needs torch whole
    with StorageCounter() as counter:
        counter.count(*step.model.parameters(), *step.model.buffers())
        for opt in (step.gen_opt, step.dis_opt):
            counter.count(*(t for state in opt.state.values() for t in state.values()))
        for index in kinds:
            for _ in range(2):
                step(x, index)
                told.step()
        return int(counter.peak)
