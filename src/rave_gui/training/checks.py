"""Judge a whole set of training parameters before anything is started: what cannot work, what is known to fail, what to expect.

Pure functions of the values and of what is known about dataset, model and computer; whatever is not known is not judged.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rave_gui.configs.actions import stack_faults
from rave_gui.i18n import tr, trn
from rave_gui.training.parameters import PARAMETERS, defaults, parameter, problems
from rave_gui.training.schema import DatasetFacts, Finding, MachineFacts, ModelFacts
from rave_protocol import stacks

NEAR_FULL = 0.9
"""Share of a device's memory above which a training is close to the edge: other programs and fragmentation need the rest."""
SHORT_DATASET = 20 * 60.0
"""Seconds of sound below which a model learns these recordings by heart rather than their kind."""
CHECKPOINT_BYTES = 12
"""Bytes of a checkpoint for each parameter: the weight and Adam's two averages, 4 bytes each."""


_DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d+)?")


@dataclass(frozen=True)
class MemoryFacts:
    """Bytes a step is estimated to need in each phase (``configs.actions.estimate``)."""

    phase_1: int
    phase_2: int


def check(
    values: Mapping[str, Any],
    *,
    dataset: DatasetFacts | None = None,
    model: ModelFacts | None = None,
    machine: MachineFacts | None = None,
    memory: MemoryFacts | None = None,
) -> list[Finding]:
    """Everything worth saying about ``values``, the most serious first; values that cannot be taken at all stop the rest."""
    wrong = problems(values)
    if wrong:
        return [Finding("bad-value", "error", text, keys=(key,)) for key, text in wrong.items()]
    whole = {**defaults(), **values}
    found = [*_stack(whole), *_schedule(whole, model), *_speed(whole, machine)]
    found += _length(whole, model, dataset)
    if dataset is not None:
        found += _dataset(whole, dataset, model)
    if machine is not None:
        found += _machine(whole, machine, model)
        if memory is not None:
            found += _memory(memory, machine.memory_of(whole["device"]))
    return sorted(found, key=lambda item: ("error", "warning", "info").index(item.severity))


def validation_chunks(chunks: int, holdout: int) -> int:
    """Chunks kept for validation: RAVE's 2 % (at most 1000), or ``holdout`` as long as that is at most a quarter; at least one."""
    residual = min(1000, chunks - max(98 * chunks // 100, 1))
    return 1 if chunks <= 1 else max(residual, min(holdout, chunks // 4), 1)


# --- the stack


def _stack(values: dict[str, Any]) -> list[Finding]:
    return [
        Finding(
            fault.code,
            fault.severity,
            fault.message,
            fault.hint,
            ("configs",),
            {"configs": list(fault.fixed)} if fault.fixed else {},
            tr("Use {stack}", stack=" + ".join(fault.fixed)) if fault.fixed else "",
        )
        for fault in stack_faults(values["configs"])
    ]


# --- lengths


def _schedule(values: dict[str, Any], model: ModelFacts | None) -> list[Finding]:
    found = []
    steps = values["max_steps"]
    first = values["phase_1_duration"]
    if first is None and model is not None:
        first = model.phase_1_steps
    if first is not None and first >= steps:
        half = max(1, steps // 2)
        found.append(
            Finding(
                "no-phase-2",
                "info",
                tr(
                    "The training ends after {steps} steps, before phase 2 begins at step {first}.",
                    steps=f"{steps:,}",
                    first=f"{first:,}",
                ),
                tr(
                    "Phase 1 alone gives a recognisable but duller sound. For the full sound make the training longer or phase 1 shorter."
                ),
                ("max_steps", "phase_1_duration"),
                {"phase_1_duration": half},
                tr("Add phase 2"),
            )
        )
    for key, code in (("val_every", "never-heard"), ("save_every", "never-saved")):
        if values[key] > steps:
            found.append(
                Finding(
                    code,
                    "info",
                    tr(
                        "{name}: {every} is more than the whole training, so it only happens at the end.",
                        name=tr(parameter(key).label),
                        every=f"{values[key]:,}",
                    ),
                    "",
                    (key,),
                    {key: max(1, steps // 5)},
                    tr("Every {steps} steps", steps=f"{max(1, steps // 5):,}"),
                )
            )
    return found


def _length(values: dict[str, Any], model: ModelFacts | None, dataset: DatasetFacts | None) -> list[Finding]:
    n_signal = values["n_signal"]
    if model is not None:
        resampled = dataset is not None and dataset.sample_rate != model.sample_rate
        if n_signal % model.ratio and not resampled:
            near = max(1, round(n_signal / model.ratio)) * model.ratio
            return [
                Finding(
                    "n-signal-ratio",
                    "error",
                    tr(
                        "Examples of {n} samples are not a whole number of latent frames, which have {ratio} samples each.",
                        n=f"{n_signal:,}",
                        ratio=f"{model.ratio:,}",
                    ),
                    tr("Use a multiple of {ratio}.", ratio=f"{model.ratio:,}"),
                    ("n_signal",),
                    {"n_signal": near},
                    tr("Use {n}", n=f"{near:,}"),
                )
            ]
        least = model.minimum_n_signal
    else:
        # Without the engine's word: v2 and its kin crop away what lies beyond their receptive field.
        bases = [name for name in map(stacks.plain, values["configs"]) if name in stacks.BASES]
        whole = any("valid_signal_crop" in line and "False" in line for line in values["overrides"])
        least = stacks.SHORTEST_EXAMPLE["v1" if whole else bases[-1]] if bases else 0
    if n_signal >= least:
        return []
    return [
        Finding(
            "n-signal-short",
            "error",
            tr(
                "Examples of {n} samples are too short for this configuration: too little of them is left to compare.",
                n=f"{n_signal:,}",
            ),
            tr("Use {least} or more.", least=f"{least:,}"),
            ("n_signal",),
            {"n_signal": least},
            tr("Use {n}", n=f"{least:,}"),
        )
    ]


# --- the dataset


def _dataset(values: dict[str, Any], dataset: DatasetFacts, model: ModelFacts | None) -> list[Finding]:
    if dataset.chunks == 0:
        return [
            Finding(
                "dataset-empty",
                "error",
                tr("The dataset holds no sound."),
                tr("Choose another one, or prepare it again."),
            )
        ]
    found = [*_channels(values, dataset), *_rates(values, dataset, model)]
    n_signal = values["n_signal"]
    if not dataset.lazy and dataset.samples and n_signal > dataset.samples:
        fits = dataset.samples // 2
        found.append(
            Finding(
                "n-signal-long",
                "error",
                tr(
                    "Examples of {n} samples cannot be cut from chunks of {samples} samples.",
                    n=f"{n_signal:,}",
                    samples=f"{dataset.samples:,}",
                ),
                tr("Use {fits} or less, or prepare the dataset with longer chunks.", fits=f"{fits:,}"),
                ("n_signal",),
                {"n_signal": fits},
                tr("Use {n}", n=f"{fits:,}"),
            )
        )
    found += _amount(values, dataset, model)
    return found


def _channels(values: dict[str, Any], dataset: DatasetFacts) -> list[Finding]:
    wanted = values["channels"]
    if dataset.channels >= wanted:
        return []
    return [
        Finding(
            "channels",
            "error",
            trn(
                "The dataset has {n} channel, the model wants {wanted}.",
                "The dataset has {n} channels, the model wants {wanted}.",
                dataset.channels,
                wanted=wanted,
            ),
            tr("Train with as many as the dataset has, or prepare the recordings again with more."),
            ("channels",),
            {"channels": dataset.channels},
            tr("Use {n}", n=dataset.channels),
        )
    ]


def _rates(values: dict[str, Any], dataset: DatasetFacts, model: ModelFacts | None) -> list[Finding]:
    rate = values["sampling_rate"] or (model.sample_rate if model else None)
    if rate is None or rate == dataset.sample_rate:
        return []
    return [
        Finding(
            "rates",
            "warning",
            tr(
                "The dataset is at {dataset} Hz and the model at {model} Hz, so every example is resampled while training.",
                dataset=f"{dataset.sample_rate:,}",
                model=f"{rate:,}",
            ),
            tr("Let the model work at the dataset's rate, or prepare the dataset at the model's."),
            ("sampling_rate",),
            {"sampling_rate": dataset.sample_rate},
            tr("Use {rate} Hz", rate=f"{dataset.sample_rate:,}"),
        )
    ]


def _amount(values: dict[str, Any], dataset: DatasetFacts, model: ModelFacts | None) -> list[Finding]:
    found = []
    held = validation_chunks(dataset.chunks, values["holdout"])
    training = max(dataset.chunks - held, 1)
    if dataset.chunks == 1:
        found.append(
            Finding(
                "one-chunk",
                "warning",
                tr("The dataset holds a single chunk, which has to serve training and validation alike."),
                tr("Add recordings, or use shorter chunks."),
            )
        )
    if training < values["batch"]:
        found.append(
            Finding(
                "few-chunks",
                "warning",
                trn(
                    "There is only {n} chunk to train on, fewer than a batch: it repeats within each batch.",
                    "There are only {n} chunks to train on, fewer than a batch: they repeat within each batch.",
                    training,
                ),
                tr("Add recordings, or lower the batch."),
                ("batch",),
                {"batch": training},
                tr("Use a batch of {n}", n=training),
            )
        )
    if 0 < dataset.seconds < SHORT_DATASET:
        found.append(
            Finding(
                "short-dataset",
                "info",
                trn(
                    "The dataset has {n} second of sound, so the model will know these recordings rather than their kind.",
                    "The dataset has {n} seconds of sound, so the model will know these recordings rather than their kind.",
                    max(1, round(dataset.seconds)),
                )
                if dataset.seconds < 90
                else trn(
                    "The dataset has {n} minute of sound, so the model will know these recordings rather than their kind.",
                    "The dataset has {n} minutes of sound, so the model will know these recordings rather than their kind.",
                    round(dataset.seconds / 60),
                ),
                tr(
                    "RAVE likes hours. Variations (silence, compression, random pitch) make a little go further."
                ),
                ("augmentations", "rand_pitch"),
            )
        )
    if model is not None and model.encoder == "VariationalEncoder":
        found += _analysis(values, dataset, model, held)
    return found


def _analysis(values: dict[str, Any], dataset: DatasetFacts, model: ModelFacts, held: int) -> list[Finding]:
    """RAVE analyses the latents of the held-out chunks, and needs at least as many frames as dimensions (upstream stops there)."""
    frames = max(values["n_signal"] // model.ratio, 1)
    needed = math.ceil(model.latent_size / frames)
    if held >= needed:
        return []
    possible = needed <= dataset.chunks // 4
    return [
        Finding(
            "few-validation",
            "warning",
            tr(
                "There is too little held-out sound to analyse the latents: {needed} chunks are needed, there are {held}. "
                "Without that analysis a model cannot be exported with fewer latents.",
                needed=needed,
                held=held,
            ),
            tr("Keep more chunks for validation.")
            if possible
            else tr("Add recordings, or use longer examples or fewer latents."),
            ("holdout", "latent_size", "n_signal"),
            {"holdout": needed} if possible else {},
            tr("Keep {n} chunks", n=needed) if possible else "",
        )
    ]


# --- the computer


def _speed(values: dict[str, Any], machine: MachineFacts | None) -> list[Finding]:
    found = []
    fast = [key for key in ("fast_distance", "fused_adam", "compile") if values[key]]
    if values["amp"] != "off":
        fast.append("amp")
    if values["exact"] and fast:
        names = ", ".join(tr(item.label) for item in PARAMETERS if item.key in fast)
        found.append(
            Finding(
                "fast-rests",
                "warning",
                tr("{names}: without effect while the training is exactly as RAVE's.", names=names),
                tr("Switch “{name}” off to use it.", name=tr(parameter("exact").label)),
                ("exact", *fast),
                {"exact": False},
                tr("Switch it off"),
            )
        )
    cuda = _uses_cuda(values, machine)
    if cuda is False and not values["exact"]:
        found += [_no_gain(key) for key in ("compile", "fused_adam") if values[key]]
    return found


def _no_gain(key: str) -> Finding:
    """Measured: the fused optimiser gains nothing on a processor (benchmarks/results/fast_mode.json), a compiled model is slower."""
    return Finding(
        f"{key.replace('_', '-')}-on-cpu",
        "warning",
        tr("{name} does not help on the processor.", name=tr(parameter(key).label)),
        "",
        (key,),
        {key: False},
        tr("Switch it off"),
    )


def _uses_cuda(values: dict[str, Any], machine: MachineFacts | None) -> bool | None:
    """Whether a graphics card will work; None when that is not known."""
    if values["device"] == "cpu":
        return False
    if values["device"].startswith("cuda"):
        return True
    return None if machine is None else machine.cuda > 0


def _machine(values: dict[str, Any], machine: MachineFacts, model: ModelFacts | None) -> list[Finding]:
    found = []
    device = values["device"]
    index = device.partition(":")[2]
    if not _DEVICE.fullmatch(device):
        found.append(
            Finding(
                "no-device",
                "error",
                tr("{device} is not a device that a training can use.", device=repr(device)),
                tr("Use auto, cpu or one graphics card, such as cuda:0."),
                ("device",),
                {"device": "auto"},
                tr("Use auto"),
            )
        )
    elif device.startswith("cuda") and (int(index) if index.isdigit() else 0) >= machine.cuda:
        found.append(
            Finding(
                "no-device",
                "error",
                tr("There is no {device}.", device=device),
                trn(
                    "The engine sees {n} graphics card.", "The engine sees {n} graphics cards.", machine.cuda
                ),
                ("device",),
                {"device": "auto"},
                tr("Use auto"),
            )
        )
    if values["workers"] > machine.cores:
        found.append(
            Finding(
                "many-workers",
                "warning",
                trn(
                    "{workers} loader processes are more than the {n} core of this computer can serve.",
                    "{workers} loader processes are more than the {n} cores of this computer can serve.",
                    machine.cores,
                    workers=values["workers"],
                ),
                "",
                ("workers",),
                {"workers": max(machine.cores - 1, 0)},
                tr("Use {n}", n=max(machine.cores - 1, 0)),
            )
        )
    if model is not None and machine.free_disk:
        found += _disk(values, machine, model)
    return found


def checkpoints_kept(values: Mapping[str, Any]) -> int:
    """Checkpoints that lie on the disk at once, at most: numbered, best, the one before phase 2, the final, milestones, one being written."""
    steps, every = values["max_steps"], values["save_every"]
    numbered = math.ceil(steps / every)
    kept = numbered if values["keep_last"] == 0 else min(values["keep_last"], numbered)
    milestones = steps // values["milestone_every"] if values["milestone_every"] else 0
    return int(kept + min(milestones, numbered) + 4)


def _disk(values: dict[str, Any], machine: MachineFacts, model: ModelFacts) -> list[Finding]:
    needed = checkpoints_kept(values) * model.parameters * CHECKPOINT_BYTES
    if needed + values["keep_free"] <= machine.free_disk:
        return []
    return [
        Finding(
            "disk",
            "warning",
            tr(
                "The checkpoints may take {needed:.1f} GB, and the disk has {free:.1f} GB free.",
                needed=needed / 1e9,
                free=machine.free_disk / 1e9,
            ),
            tr("Keep fewer checkpoints, or free some space."),
            ("keep_last", "milestone_every", "save_every"),
            {"keep_last": 1, "milestone_every": 0} if values["keep_last"] != 1 else {},
            tr("Keep one besides the best") if values["keep_last"] != 1 else "",
        )
    ]


def _memory(memory: MemoryFacts, has: int) -> list[Finding]:
    if has <= 0:
        return []
    found = []
    for phase, need in ((1, memory.phase_1), (2, memory.phase_2)):
        share = need / has
        if share <= NEAR_FULL:
            continue
        found.append(
            Finding(
                f"memory-phase-{phase}",
                "error" if share > 1 else "warning",
                tr(
                    "Phase {phase} is estimated to need {need:.1f} GiB; the device has {has:.1f} GiB.",
                    phase=phase,
                    need=need / 2**30,
                    has=has / 2**30,
                ),
                tr("Lower the batch, the length of an example or the capacity."),
                ("batch", "n_signal", "capacity"),
            )
        )
    return found
