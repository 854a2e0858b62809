"""Prepare a training (configuration, dataset, model, position) and hand it to the loop."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rave_engine import checkpoints, configs
from rave_engine.jobs import JobContext
from rave_engine.training import clips, data, preflight, retention, transfer
from rave_engine.training.fast import Fast, install, keep, optimizer
from rave_engine.training.loop import Loop
from rave_engine.training.memory import try_phase_2
from rave_engine.training.scalars import Scalars
from rave_engine.training.schedule import Ema, Schedule
from rave_engine.training.state import Trainee, restore
from rave_protocol import events, jobfolder
from rave_protocol.aim import read_aim
from rave_protocol.codec import ProtocolError, encode
from rave_protocol.files import read_json, write_json
from rave_protocol.specs import SETTINGS, TrainParams
from rave_protocol.wholeness import is_whole, newest_first, newest_whole


def run(params: TrainParams, job: JobContext) -> dict[str, Any]:
    """Train, and return ``{"run", "version", "step", "checkpoint", "phase", "seconds", "steps_per_second", "best", "validation",
    "best_validation", "peak_memory", "memory_of"}``: the last two tell the most bytes that this session and those it goes on from have taken.

    A stop command ends early with everything saved and ``"stopped": True``. Raises :class:`EngineError` for what a user can
    fix, :class:`Cancelled` on cancel, OSError when the final checkpoint cannot be written.
    """
    started = time.monotonic()
    params = _with_retry(params, job)
    params = replace(
        params, max_steps=read_aim(job.folder) or params.max_steps
    )  # made longer while it waited
    device = preflight.choose_device(params.device)
    source = checkpoints.find(params.resume) if params.resume else None
    composition = _compose(params, source)
    params = replace(params, channels=composition.channels)
    for text in composition.warnings:
        job.emit(events.Warned("override", text))
    facts = data.inspect(Path(params.dataset), params)
    seed_all(params.seed)
    if params.threads > 0:
        torch.set_num_threads(params.threads)
    if device.type == "cuda":  # as upstream's train.py
        torch.set_float32_matmul_precision("high" if params.tf32 else "highest")
        torch.backends.cudnn.allow_tf32 = params.tf32
        torch.backends.cudnn.benchmark = True
    model = configs.build_model()
    model.train()
    state = checkpoints.load(source) if source else None
    if state is not None:
        _take_receptive_field(model, state)
    ratio = preflight.compression_ratio(model)
    if model.valid_signal_crop and preflight.receptive_field(model, composition.text):
        job.log(f"Receptive field: {model.receptive_field.tolist()} samples")
    preflight.check_length(model, params.n_signal, facts.sample_rate, ratio)
    if state is None and params.init_from:
        _take_weights(params, model, job)
    if facts.sample_rate != model.sr:
        job.emit(
            events.Warned(
                "resampled",
                f"The dataset is at {facts.sample_rate} Hz and the model at {model.sr} Hz: every example is resampled while training.",
                "Prepare the dataset at the model's rate, or set SAMPLING_RATE, to train faster.",
            )
        )
    split = _split(params, facts.chunks, source, job)
    version = _version_folder(Path(params.run), composition)
    write_json(version / "split.json", split.to_json())
    write_json(version / SETTINGS, encode(params))
    fast = Fast.of(params)
    trainee = make_trainee(model.to(device), params.ema, fast, (params.lr_generator, params.lr_discriminator))
    if _should_probe(params, model, device, state):
        try_phase_2(model, params.n_signal, params.batch, device)
    order = data.Order(split.train, params.batch, params.seed)
    if state is not None:
        restore(trainee, state, order.per_epoch)
        keep(trainee, fast, params.lr_generator, params.lr_discriminator)
        job.log(f"Resuming {source} at step {trainee.position.step}")
    if model.pqmf is not None and params.derivative:
        import rave.dataset

        model.integrator = rave.dataset.get_derivator_integrator(model.sr)[1]
    loop = Loop(
        params=params,
        job=job,
        trainee=trainee,
        order=order,
        split=split,
        dataset=data.open_dataset(params, model.sr),
        device=device,
        version=version,
        composition=composition,
        scalars=Scalars(version, job),
        started=started,
        line=_line(params, source, state, job),
        clips=clips.load(_clip_sources(params, job), model.sr, model.n_channels, job.emit),
    )
    job.emit(events.Artifact("config", str(Path(params.run) / configs.CONFIG_NAME)))
    return loop.run()


def _take_weights(params: TrainParams, model: Any, job: JobContext) -> None:
    """Begin with another run's weights; what fitted is said, and written to ``transfer.json`` of the run."""
    source = checkpoints.find(params.init_from or "")
    report = transfer.take(model, checkpoints.load(source)["state_dict"])
    report = {"checkpoint": str(source), **report}
    path = Path(params.run) / "transfer.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, report)
    job.log(f"{transfer.sentence(report)} From {source}")
    job.emit(events.Artifact("report", str(path), {"role": "transfer", "parts": report["parts"]}))
    left = len(report["new"]) + len(report["shapes"])
    if left:
        job.emit(
            events.Warned(
                "transfer",
                f"{left} layers of the new model had nothing to take over and begin anew.",
                "That is as it should be where the two models differ in build or size; the report names them.",
            )
        )


PROBED_FROM = 1000
"""Steps from which on a training is long enough to be worth a look at phase 2 first."""


def _should_probe(
    params: TrainParams, model: Any, device: torch.device, state: dict[str, Any] | None
) -> bool:
    """A fresh, long training on a device with memory of its own that will come to phase 2.

    On the processor memory is shared with everything else and a step may take a minute; there the estimate has to do.
    """
    reaches = params.max_steps > int(model.warmup) > 0
    return (
        params.probe_phase_2
        and state is None
        and device.type == "cuda"
        and reaches
        and params.max_steps >= PROBED_FROM
    )


def _clip_sources(params: TrainParams, job: JobContext) -> list[str]:
    if params.clips and params.derivative:
        job.log("Sounds to follow are left out: this model learns the slope of the sound.")
        return []
    return params.clips


def make_trainee(
    model: Any,
    ema: float | None,
    fast: Fast | None = None,
    rates: tuple[float | None, float | None] = (None, None),
) -> Trainee:
    """The model with upstream's two Adams and learning-rate schedule (``RAVE.configure_optimizers``), or with other ``rates``
    (generator, discriminator) and what ``fast`` asks for.
    """
    fast = fast or Fast()
    generator, discriminator = model.configure_optimizers()
    scheduler = generator["lr_scheduler"]["scheduler"]
    gen_opt = optimizer(generator["optimizer"], fast.fused_adam, rates[0])
    if gen_opt is not generator["optimizer"]:
        scheduler = torch.optim.lr_scheduler.LinearLR(
            gen_opt, scheduler.start_factor, scheduler.end_factor, scheduler.total_iters
        )
    install(model, fast)
    return Trainee(
        model,
        gen_opt,
        optimizer(discriminator["optimizer"], fast.fused_adam, rates[1]),
        scheduler,
        Schedule(model),
        Ema(ema) if ema is not None else None,
    )


def _with_retry(params: TrainParams, job: JobContext) -> TrainParams:
    """A retried job goes on from the newest checkpoint that the first attempt left in the run."""
    if params.resume:
        _tell_passed_over(params, Path(params.resume), job)
        return params
    if not _retries(job):
        return params
    newest = newest_whole(Path(params.run)).path
    _tell_passed_over(params, newest, job)
    if newest is None:
        return params
    job.log(f"Retry: going on from {newest}")
    trusted = params.trusted
    if trusted:  # the first attempt composed the run's configuration from what the user trusted
        trusted = [*trusted, str(configs.find_config(newest))]
    return replace(params, resume=str(newest), trusted=trusted)


def _retries(job: JobContext) -> bool:
    """Whether the job tries again what another one broke off."""
    try:
        return bool(read_json(job.folder / jobfolder.SPEC).get("retry_of"))
    except (OSError, ProtocolError):
        return False


def _line(
    params: TrainParams, source: Path | None, state: dict[str, Any] | None, job: JobContext
) -> retention.Line:
    """What earlier attempts left counts as this training's own only where it is tried again; a resume by hand touches nothing."""
    if source is None or state is None or params.tries < 1 or not _retries(job):
        return ()
    return retention.line_of(Path(params.run), source, state.get("rave_gui") or {})


def _tell_passed_over(params: TrainParams, source: Path | None, job: JobContext) -> None:
    """Which newer checkpoints of the run are damaged, so that it goes on from an older one, or anew."""
    found = newest_first(Path(params.run))
    if source is not None and source not in found:
        return
    newer = found if source is None else found[: found.index(source)]
    damaged = [path for path in newer if not is_whole(path)]
    if damaged:
        names = ", ".join(path.name for path in damaged)
        goes_on = f"goes on from {source.name}" if source is not None else "begins anew"
        job.emit(
            events.Warned(
                "checkpoint-damaged",
                f"Not whole, so passed over: {names}. The training {goes_on}.",
                "A full disk, a fault of the disk or a power cut may be the cause; look after the disk.",
            )
        )


def _compose(params: TrainParams, source: Path | None) -> configs.Composition:
    if source is not None:
        return configs.compose_run(source, channels=params.channels, trusted=params.trusted)
    return configs.compose(
        params.configs,
        params.overrides,
        params.augmentations,
        channels=params.channels,
        trusted=params.trusted,
    )


def seed_all(seed: int) -> None:
    """Seed the three generators, as upstream's train.py would with Lightning's help."""
    random.seed(seed)
    np.random.seed(seed & 0xFFFFFFFF)
    torch.manual_seed(seed)


def _take_receptive_field(model: Any, state: dict[str, Any]) -> None:
    field = state["state_dict"].get("receptive_field")
    if isinstance(field, torch.Tensor) and field.shape == model.receptive_field.shape:
        model.receptive_field.copy_(field)


def _split(params: TrainParams, chunks: int, source: Path | None, job: JobContext) -> data.Split:
    """The split of the resumed version when it belongs to as many chunks, otherwise a new one."""
    if source is not None:
        for folder in (source.parent, source.parent.parent):
            try:
                stored = read_json(folder / "split.json")
                found = data.Split([int(i) for i in stored["train"]], [int(i) for i in stored["val"]])
            except (OSError, ProtocolError, KeyError, TypeError, ValueError):
                continue
            if found.train and found.val and len({*found.train, *found.val}) == chunks:
                return found
    declared = data.declared_split(Path(params.dataset), chunks)
    if declared is not None:
        job.log(f"Validation: {len(declared.val)} chunks of recordings that the dataset keeps apart.")
    found = declared or data.split(chunks, params.holdout)
    if found.shared:
        job.emit(
            events.Warned(
                "no-validation",
                "The dataset holds a single chunk, which now serves training and validation alike.",
                "Add recordings, or use shorter chunks, to see how the model does on sound it has not heard.",
            )
        )
    if len(found.train) < params.batch:
        job.emit(
            events.Warned(
                "few-chunks",
                f"There are only {len(found.train)} chunks to train on, fewer than a batch of {params.batch}: they repeat within a batch.",
                "Add recordings or lower the batch size.",
            )
        )
    return found


def _version_folder(run: Path, composition: configs.Composition) -> Path:
    """Make the next ``version_N``. The run's config.gin stays as it is once there are checkpoints made with it: a version with
    another configuration then gets its own, where upstream and we look first.
    """
    version = checkpoints.next_version(run)
    config = run / configs.CONFIG_NAME
    if config.is_file() and any(run.rglob("*.ckpt")):
        if config.read_text(encoding="utf-8") != composition.text:
            composition.write(version / configs.CONFIG_NAME)
    else:
        composition.write(config)
    return version
