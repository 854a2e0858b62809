"""Every parameter of a training, declared once: the form, the command line, the checks and the documentation all read this.

Values are a dict by parameter key, plain JSON. ``to_fields`` turns them into fields of ``TrainParams`` (gin parameters become
overrides), ``from_fields`` back; ``check`` (in :mod:`rave_gui.training.checks`) judges the whole set.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rave_gui.errors import UserError
from rave_gui.i18n import N_, tr
from rave_gui.training.schema import GROUPS, Choice, Group, Parameter

__all__ = [
    "GROUPS",
    "PARAMETERS",
    "Change",
    "Group",
    "Parameter",
    "defaults",
    "diff",
    "from_fields",
    "parameter",
    "problems",
    "to_fields",
]

PARAMETERS: tuple[Parameter, ...] = (
    # --- run
    Parameter("name", "text", "", "run", N_("Name"), N_("Names the run's folder. Left empty, a free name is made.")),
    Parameter(
        "description", "text", "", "run", N_("Notes"), N_("What you want to remember about this run; searchable later."),
    ),
    Parameter(
        "seed", "int", 0, "run", N_("Seed"),
        N_("Everything random follows from this number: the same seed on the same computer gives the same model."),
        minimum=0, maximum=2**31 - 1, level="advanced",
    ),
    Parameter(
        "init_from", "path", None, "run", N_("Start from another model"),
        N_("Begins with the weights of another run's checkpoint instead of noise; layers of another size start anew, and a report says which."),
        optional=True, level="advanced",
    ),
    # --- model
    Parameter(
        "configs", "names", ["v2"], "model", N_("Configuration"),
        N_("The model's build: one base such as v2, then add-ons such as causal or noise, in this order."),
        usual=("v2", "v2_small", "v1", "v3", "discrete", "raspberry", "onnx"),
    ),
    Parameter(
        "channels", "int", 1, "model", N_("Channels"),
        N_("1 is mono, 2 is stereo. The dataset needs at least as many."),
        minimum=1, maximum=16, usual=(1, 2),
    ),
    Parameter(
        "capacity", "int", None, "model", N_("Capacity"),
        N_("Width of the layers: less takes less memory and time, and can tell fewer sounds apart."),
        minimum=1, maximum=512, binding="CAPACITY", optional=True, usual=(16, 32, 48, 64, 96), level="advanced",
    ),
    Parameter(
        "latent_size", "int", None, "model", N_("Latent size"),
        N_("Number of latent dimensions the model starts with; the analysis later shows how many of them matter."),
        minimum=1, maximum=1024, binding="LATENT_SIZE", optional=True, usual=(8, 16, 32, 64, 128), level="advanced",
    ),
    Parameter(
        "sampling_rate", "int", None, "model", N_("Model's sample rate"),
        N_("The rate the model works at. A dataset of another rate is resampled while training, which is slower."),
        unit=N_("Hz"), minimum=8000, maximum=192000, binding="SAMPLING_RATE", optional=True,
        usual=(22050, 44100, 48000), level="advanced",
    ),
    Parameter(
        "overrides", "bindings", [], "model", N_("Other settings"),
        N_("Any further setting of the configuration, one a line, written as in gin: NAME = value."), level="expert",
    ),
    # --- data
    Parameter(
        "n_signal", "int", 131072, "data", N_("Length of an example"),
        N_("Samples the model hears at a time. Longer examples teach longer sounds and cost memory and time in proportion."),
        unit=N_("samples"), minimum=2048, maximum=2**22, usual=(32768, 65536, 98304, 131072, 262144),
    ),
    Parameter(
        "augmentations", "names", [], "data", N_("Variations"),
        N_("Changes each example at random, so that a small dataset goes further."),
        choices=(
            Choice("mute", N_("Silence"), N_("Mutes some examples, so that the model learns to be silent.")),
            Choice("compress", N_("Compression"), N_("Compresses the dynamics by random amounts.")),
            Choice("gain", N_("Loudness"), N_("Makes examples louder or softer by random amounts.")),
        ), level="advanced",
    ),
    Parameter(
        "rand_pitch", "pair", None, "data", N_("Random pitch"),
        N_("Plays each example faster or slower by a random factor between these two, like a tape."),
        unit=N_("times"), minimum=0.25, maximum=4.0, optional=True, usual=((0.9, 1.1), (0.5, 2.0)), level="advanced",
    ),
    Parameter(
        "normalize", "bool", False, "data", N_("Normalise examples"),
        N_("Brings every example to full scale, so that quiet passages count as much as loud ones."), level="advanced",
    ),
    Parameter(
        "derivative", "bool", False, "data", N_("Train on the slope"),
        N_("Learns the differences between samples instead of the samples, which stresses high frequencies."),
        level="expert",
    ),
    Parameter(
        "holdout", "int", 8, "data", N_("Chunks for validation"),
        N_("At least so many chunks are kept apart to test the model on sound it has not heard."),
        minimum=1, maximum=1000, level="advanced",
    ),
    # --- length
    Parameter(
        "max_steps", "int", 6_000_000, "length", N_("Steps in all"),
        N_("One step learns from one batch. The training can be stopped at any time and made longer later."),
        minimum=1, maximum=100_000_000, usual=(3000, 100_000, 1_000_000, 3_000_000, 6_000_000),
    ),
    Parameter(
        "phase_1_duration", "int", None, "length", N_("Length of phase 1"),
        N_("Steps in which the model learns to represent sound; after them it learns to sound natural, which takes more memory."),
        unit=N_("steps"), minimum=0, maximum=100_000_000, binding="PHASE_1_DURATION", optional=True,
        usual=(200_000, 500_000, 1_000_000),
    ),
    Parameter(
        "batch", "int", 8, "length", N_("Batch"),
        N_("Examples a step learns from at once. More make each step steadier, slower and larger in memory."),
        minimum=1, maximum=1024, usual=(1, 2, 4, 8, 16),
    ),
    # --- learning
    Parameter(
        "lr_generator", "float", None, "learning", N_("Learning rate"),
        N_("How far a step moves the encoder and decoder at first; it falls to a tenth over phase 1. RAVE uses 0.001."),
        minimum=1e-7, maximum=0.1, optional=True, usual=(1e-4, 3e-4, 1e-3), level="expert",
    ),
    Parameter(
        "lr_discriminator", "float", None, "learning", N_("Learning rate of the discriminator"),
        N_("How fast the critic of phase 2 learns. RAVE uses 0.0001; higher lets it win too easily."),
        minimum=1e-7, maximum=0.1, optional=True, usual=(5e-5, 1e-4, 2e-4), level="expert",
    ),
    Parameter(
        "beta_initial", "float", None, "learning", N_("Latent order at first"),
        N_("Weight of the term that keeps latents tidy when the training begins."),
        minimum=1e-12, maximum=1000.0, binding="BetaWarmupCallback.initial_value", optional=True, level="expert",
    ),
    Parameter(
        "beta_target", "float", None, "learning", N_("Latent order in the end"),
        N_("Weight of the term that keeps latents tidy later on: more makes them smoother to play and the sound less faithful."),
        minimum=1e-12, maximum=1000.0, binding="BetaWarmupCallback.target_value", optional=True, level="expert",
    ),
    Parameter(
        "beta_warmup", "int", None, "learning", N_("Steps between the two"),
        N_("Over so many steps the weight goes from its first to its final value."),
        unit=N_("steps"), minimum=1, maximum=100_000_000, binding="BetaWarmupCallback.warmup_len", optional=True,
        level="expert",
    ),
    Parameter(
        "discriminator_every", "int", None, "learning", N_("Discriminator's turn"),
        N_("In phase 2 one of so many steps trains the critic, the others the model."),
        unit=N_("steps"), minimum=1, maximum=100, binding="RAVE.update_discriminator_every", optional=True, level="expert",
    ),
    Parameter(
        "ema", "float", None, "learning", N_("Averaged weights"),
        N_("Keeps a running average of the weights for validation and export, which is steadier; 0.999 is usual."),
        minimum=0.0, maximum=0.999999, optional=True, usual=(0.99, 0.999, 0.9999), level="advanced",
    ),
    # --- saving
    Parameter(
        "val_every", "int", 10_000, "saving", N_("Listen every"),
        N_("After so many steps the model is tested on held-out sound and you can hear how it does."),
        unit=N_("steps"), minimum=1, maximum=100_000_000,
    ),
    Parameter(
        "save_every", "int", 10_000, "saving", N_("Save every"),
        N_("After so many steps a checkpoint is written; a power cut loses at most as much."),
        unit=N_("steps"), minimum=1, maximum=100_000_000,
    ),
    Parameter(
        "keep_last", "int", 3, "saving", N_("Checkpoints kept"),
        N_("So many of the newest stay, besides the best, the one before phase 2, and milestones. 0 keeps all."),
        minimum=0, maximum=100_000, level="advanced",
    ),
    Parameter(
        "milestone_every", "int", 0, "saving", N_("Milestones"),
        N_("Checkpoints at multiples of so many steps are kept for good. 0 keeps none."),
        unit=N_("steps"), minimum=0, maximum=100_000_000, level="advanced",
    ),
    Parameter(
        "log_every", "int", 50, "saving", N_("Draw curves every"),
        N_("After so many steps the losses are written down."),
        unit=N_("steps"), minimum=1, maximum=1_000_000, level="expert",
    ),
    Parameter(
        "clips", "paths", [], "saving", N_("Sounds to follow"),
        N_("Recordings of yours that go through the model at every checkpoint and every validation, so that you can hear it learn them."),
    ),
    # --- machine
    Parameter(
        "device", "text", "auto", "machine", N_("Device"),
        N_("auto takes the first graphics card and otherwise the processor."), usual=("auto", "cpu", "cuda:0", "cuda:1"),
    ),
    Parameter(
        "workers", "int", 0, "machine", N_("Loader processes"),
        N_("Processes that prepare examples beside the training. On the processor 0 is best; a fast graphics card may starve without some."),
        minimum=0, maximum=128, level="advanced",
    ),
    Parameter(
        "prefetch", "int", 2, "machine", N_("Batches ahead"),
        N_("Batches each loader process holds ready."), minimum=1, maximum=64, level="expert",
    ),
    Parameter(
        "threads", "int", 0, "machine", N_("Threads"),
        N_("Threads of the processor the training may use. 0 leaves it to PyTorch: one a core."),
        minimum=0, maximum=512, level="advanced",
    ),
    # --- speed
    Parameter(
        "exact", "bool", True, "speed", N_("Exactly as RAVE"),
        N_("Only speed-ups whose losses and weights equal RAVE's own to the last bit. Switch it off to use those below."),
    ),
    Parameter(
        "fast_distance", "bool", False, "speed", N_("Faster distance"),
        N_("Computes the spectral distance with a gradient written by hand: the same numbers up to rounding."),
        level="advanced",
    ),
    Parameter(
        "amp", "choice", "off", "speed", N_("Half precision"),
        N_("Layers compute in 16 bits where that is safe: less memory and, on graphics cards that have it, faster."),
        choices=(Choice("off", N_("Off")), Choice("bf16", N_("bfloat16"))), level="advanced",
    ),
    Parameter(
        "tf32", "bool", True, "speed", N_("TF32"),
        N_("NVIDIA cards from the RTX 30 series on compute with slightly shorter numbers, as RAVE lets them. Off is slower and more precise."),
        level="expert",
    ),
    Parameter(
        "fused_adam", "bool", False, "speed", N_("Fused optimiser"),
        N_("Updates all weights in one sweep."), level="advanced",
    ),
    Parameter(
        "compile", "bool", False, "speed", N_("Compile the model"),
        N_("PyTorch compiles the layers first, which takes minutes and needs a C++ compiler."), level="expert",
    ),
    # --- safety
    Parameter(
        "probe_phase_2", "bool", True, "safety", N_("Try phase 2 first"),
        N_("Takes one step of phase 2 before a long training, so that too little memory shows now and not after days."),
        level="advanced",
    ),
    Parameter(
        "tries", "int", 3, "safety", N_("Start again by itself"),
        N_("So often in a row a training that broke off (a crash, a restart, too little memory) goes on from its last checkpoint without being asked. Once it has saved something new, it has all its tries again."),
        minimum=0, maximum=20, level="advanced",
    ),
    Parameter(
        "halve_batch", "bool", False, "safety", N_("Smaller batch if memory runs out"),
        N_("Lets that new start halve the batch. The result then differs a little from what was planned."),
        level="advanced",
    ),
    Parameter(
        "keep_free", "int", 1 << 30, "safety", N_("Disk left free"),
        N_("Checkpoints leave so much of the disk free; older ones of this run make room first."),
        unit=N_("bytes"), minimum=0, maximum=1 << 50, level="expert",
    ),
)  # fmt: skip
"""In the order of the form."""

_BY_KEY = {item.key: item for item in PARAMETERS}
_BY_BINDING = {item.binding: item for item in PARAMETERS if item.binding}
_NOT_OURS = frozenset({"dataset", "run", "resume", "trusted"})
"""Fields of ``TrainParams`` that are no parameter: the action that starts the training fills them."""


def parameter(key: str) -> Parameter:
    """The parameter of that key. Raises :class:`UserError` ``parameter-unknown``."""
    try:
        return _BY_KEY[key]
    except KeyError:
        raise UserError(
            tr("There is no training parameter called {key}.", key=repr(key)),
            tr("The parameters are: {known}.", known=", ".join(_BY_KEY)),
            code="parameter-unknown",
        ) from None


def defaults() -> dict[str, Any]:
    """Every parameter's default by key; a new dict with lists of its own."""
    return {item.key: _copied(item.default) for item in PARAMETERS}


def _copied(value: Any) -> Any:
    return list(value) if isinstance(value, (list, tuple)) else value


def problems(values: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with single values, by key, as sentences; empty when each can be taken. Unknown keys are wrong."""
    found = {}
    for key, value in values.items():
        item = _BY_KEY.get(key)
        wrong = (
            item.problem(value) if item else tr("There is no training parameter called {key}.", key=repr(key))
        )
        if wrong:
            found[key] = wrong
    return found


def to_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of ``TrainParams`` for ``values`` (keys that are missing take their default).

    Gin parameters that are set become overrides, after which the free ones follow and win. ``name`` is left out: the action
    that starts the training takes it by itself. Raises :class:`UserError` ``bad-settings`` for values that cannot be taken.
    """
    wrong = problems(values)
    if wrong:
        key, text = next(iter(wrong.items()))
        raise UserError(text, tr("Change “{name}”.", name=tr(_label(key))), code="bad-settings")
    whole = {**defaults(), **values}
    fields: dict[str, Any] = {}
    overrides = []
    for item in PARAMETERS:
        value = whole[item.key]
        if item.binding:
            if value is not None:
                overrides.append(f"{item.binding} = {value!r}")
        elif item.key not in ("name", "overrides"):
            fields[item.key] = _copied(value)
    fields["overrides"] = [*overrides, *(line.strip() for line in whole["overrides"] if line.strip())]
    return fields


def _label(key: str) -> str:
    return _BY_KEY[key].label if key in _BY_KEY else key


def from_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Values of every parameter for fields of ``TrainParams`` (a preset's, a template's, an earlier run's).

    Overrides that set a declared gin parameter become its value, others stay in ``overrides``; of several the last counts,
    as in gin. Fields that are no parameter (dataset, run, …) are left out.
    """
    values = defaults()
    for key, value in fields.items():
        if key in values and key != "overrides" and not _BY_KEY[key].binding:
            values[key] = _copied(value)
    free: list[str] = []
    for line in fields.get("overrides", ()):
        item, value = _declared(line)
        if item is None:
            free.append(line)
        else:
            values[item.key] = value
    values["overrides"] = free
    return values


def _declared(line: str) -> tuple[Parameter | None, Any]:
    """The declared parameter that an override sets, and its value; None when it is not one or its value would not be allowed."""
    name, found, text = line.partition("=")
    item = _BY_BINDING.get(name.strip()) if found else None
    if item is None:
        return None, None
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError):
        return None, None
    if item.kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    return (None, None) if value is None or item.problem(value) else (item, value)


@dataclass(frozen=True)
class Change:
    """One difference between two sets of values; ``label`` is translated."""

    key: str
    label: str
    before: Any
    after: Any

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {"key": self.key, "label": self.label, "before": self.before, "after": self.after}


def diff(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """What differs between two sets of values (missing keys count as their defaults), in the order of the form."""
    a, b = {**defaults(), **before}, {**defaults(), **after}
    return [
        Change(item.key, tr(item.label), a[item.key], b[item.key])
        for item in PARAMETERS
        if _copied(a[item.key]) != _copied(b[item.key])
    ]
