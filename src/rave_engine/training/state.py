"""Everything a run needs to go on as if it had not been interrupted, in Lightning's layout."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from rave_engine.errors import EngineError
from rave_engine.training.schedule import Ema, Schedule

LIGHTNING_VERSION = "1.9.0"
FORMAT = 1


@dataclass
class Position:
    """Where a run is."""

    step: int = 0
    """Batches so far, in all."""
    epoch: int = 0
    batch: int = 0
    """Batches of this epoch so far."""
    eval_number: int = 0
    """Running number of ``audio_val``."""
    best: float | None = None
    """Lowest ``validation`` so far."""
    memory: dict[str, Any] = field(default_factory=dict)
    """Most memory that earlier sessions took, as :func:`rave_engine.training.memory.peak` says it."""


@dataclass
class Trainee:
    """The objects whose state makes a run."""

    model: Any
    gen_opt: Any
    dis_opt: Any
    scheduler: Any
    schedule: Schedule
    ema: Ema | None
    position: Position = field(default_factory=Position)


def capture(run: Trainee, info: dict[str, Any]) -> dict[str, Any]:
    """The checkpoint of ``run`` now; ``info`` goes into our own part (plain values only)."""
    position = run.position
    callbacks = run.schedule.state()
    if run.ema is not None:
        callbacks["EMA"] = dict(run.ema.weights)
    return {
        "epoch": position.epoch,
        "global_step": position.step,
        "pytorch-lightning_version": LIGHTNING_VERSION,
        "state_dict": run.model.state_dict(),
        "loops": _loops(position),
        "callbacks": callbacks,
        "optimizer_states": [run.gen_opt.state_dict(), run.dis_opt.state_dict()],
        "lr_schedulers": [dict(run.scheduler.state_dict())],
        "rave_gui": {
            "format": FORMAT,
            "batch": position.batch,
            "eval_number": position.eval_number,
            "best": position.best,
            "phase_1_duration": int(run.model.warmup),
            "random": _random_state(),
            **info,
        },
    }


def restore(run: Trainee, state: dict[str, Any], per_epoch: int) -> None:
    """Put a checkpoint, ours or upstream's, into ``run``. Raises :class:`EngineError` (``checkpoint-mismatch``)."""
    own = state.get("rave_gui") or {}
    step = int(state.get("global_step", 0))
    try:
        run.model.load_state_dict(state["state_dict"])
        run.gen_opt.load_state_dict(state["optimizer_states"][0])
        run.dis_opt.load_state_dict(state["optimizer_states"][1])
        run.scheduler.load_state_dict(state["lr_schedulers"][0])
    except (RuntimeError, KeyError, IndexError, ValueError, TypeError) as error:
        raise EngineError(
            "checkpoint-mismatch",
            "The checkpoint does not fit its configuration.",
            "Resume with the config.gin and the number of channels it was trained with.",
            str(error),
        ) from error
    callbacks = state.get("callbacks") or {}
    run.schedule.load(callbacks, step)
    if "phase_1_duration" in own:
        run.model.warmup = int(own["phase_1_duration"])
    # Upstream saves before its scheduler has ticked for that batch, so each of its resumes lags one tick more (rave-facts).
    while not own and run.scheduler.last_epoch < step:
        run.scheduler.step()
    if run.ema is not None and callbacks.get("EMA"):
        run.ema.load(callbacks["EMA"], run.model)
    batch = int(own.get("batch", step % per_epoch))
    epoch = int(state["epoch"]) if own else step // per_epoch
    memory = own.get("memory")
    run.position = Position(
        step,
        epoch,
        batch,
        int(own.get("eval_number", 0)),
        own.get("best"),
        memory if isinstance(memory, dict) else {},
    )
    run.model.eval_number = run.position.eval_number
    if own.get("random"):
        _set_random_state(own["random"])


def _random_state() -> dict[str, Any]:
    name, words, pos, has_gauss, cached = np.random.get_state()
    version, numbers, gauss = random.getstate()
    state: dict[str, Any] = {
        "torch": torch.get_rng_state(),
        "numpy": [str(name), torch.from_numpy(np.asarray(words).astype(np.int64)), pos, has_gauss, cached],
        "python": [version, torch.tensor(numbers, dtype=torch.int64), gauss],
    }
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        state["cuda"] = torch.cuda.get_rng_state_all()
    return state


def _set_random_state(state: dict[str, Any]) -> None:
    torch.set_rng_state(state["torch"])
    name, words, pos, has_gauss, cached = state["numpy"]
    np.random.set_state((name, words.numpy().astype(np.uint32), int(pos), int(has_gauss), float(cached)))
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers.tolist()), gauss))
    if "cuda" in state and torch.cuda.is_available() and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])


def _loops(position: Position) -> dict[str, Any]:
    """Lightning 1.9's progress, so that ``rave train --ckpt`` counts on from here (Trainer.fit_loop.state_dict)."""

    def counts(number: int, *, started: bool = True) -> dict[str, int]:
        found = {"ready": number, "completed": number}
        return {**found, "started": number, "processed": number} if started else found

    zero = counts(0)
    step = counts(position.step)
    batch = counts(position.batch)
    return {
        "fit_loop": {
            "state_dict": {},
            "epoch_loop.state_dict": {"_batches_that_stepped": position.step},
            "epoch_loop.batch_progress": {"total": step, "current": batch, "is_last_batch": False},
            "epoch_loop.scheduler_progress": {
                "total": counts(0, started=False),
                "current": counts(0, started=False),
            },
            "epoch_loop.batch_loop.state_dict": {},
            "epoch_loop.batch_loop.optimizer_loop.state_dict": {},
            "epoch_loop.batch_loop.optimizer_loop.optim_progress": {
                "optimizer": {
                    "step": {"total": counts(0, started=False), "current": counts(0, started=False)},
                    "zero_grad": {
                        "total": {"ready": 0, "completed": 0, "started": 0},
                        "current": {"ready": 0, "completed": 0, "started": 0},
                    },
                },
                "optimizer_position": 0,
            },
            "epoch_loop.batch_loop.manual_loop.state_dict": {},
            "epoch_loop.batch_loop.manual_loop.optim_step_progress": {
                "total": {"ready": position.step, "completed": position.step},
                "current": {"ready": position.batch, "completed": position.batch},
            },
            "epoch_loop.val_loop.state_dict": {},
            "epoch_loop.val_loop.dataloader_progress": {
                "total": counts(0, started=False),
                "current": counts(0, started=False),
            },
            "epoch_loop.val_loop.epoch_loop.state_dict": {},
            "epoch_loop.val_loop.epoch_loop.batch_progress": {
                "total": zero,
                "current": zero,
                "is_last_batch": False,
            },
            "epoch_progress": {
                "total": {
                    "ready": position.epoch + 1,
                    "completed": position.epoch,
                    "started": position.epoch + 1,
                    "processed": position.epoch,
                },
                "current": {
                    "ready": position.epoch + 1,
                    "completed": position.epoch,
                    "started": position.epoch + 1,
                    "processed": position.epoch,
                },
            },
        }
    }
