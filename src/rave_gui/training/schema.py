"""What a training parameter is: key, kind, default, range, unit, words for people, and where its value goes.

The parameters themselves are declared in :mod:`rave_gui.training.parameters`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

from rave_gui.i18n import N_, tr

Kind = Literal["int", "float", "bool", "text", "choice", "names", "pair", "path", "paths", "bindings"]
"""names, paths, bindings: lists of texts; pair: two numbers, the smaller first."""

Level = Literal["basic", "advanced", "expert"]
Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True)
class Choice:
    """One allowed value with its words (marked for translation; ``tr`` them where they are shown)."""

    value: str
    label: str
    help: str = ""


@dataclass(frozen=True)
class Group:
    """A heading of the form."""

    key: str
    label: str
    help: str


@dataclass(frozen=True)
class Parameter:
    """One parameter of a training. ``label``, ``help`` and ``unit`` are in the source language: ``tr`` them where they are shown."""

    key: str
    """Unique and stable; the command line's option is the same with hyphens."""
    kind: Kind
    default: Any
    """Plain JSON value. None: the configuration (or RAVE) decides; see ``optional``."""
    group: str
    label: str
    help: str
    """One or two sentences that say what it does to the sound, the time or the memory."""
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Choice, ...] = ()
    level: Level = "basic"
    binding: str = ""
    """Gin name (``CAPACITY``, ``BetaWarmupCallback.warmup_len``) when the value becomes an override; empty: a field of TrainParams."""
    optional: bool = False
    """None is allowed and leaves it to the configuration."""
    usual: tuple[Any, ...] = ()
    """Values worth offering (for lists that can be edited)."""

    @property
    def option(self) -> str:
        """The command line's option."""
        return f"--{self.key.replace('_', '-')}"

    def problem(self, value: object) -> str | None:
        """Why ``value`` cannot be taken, as a sentence for the user; None when it can."""
        if value is None:
            return None if self.optional else tr("{name} needs a value.", name=tr(self.label))
        if self.kind == "bool":
            return None if isinstance(value, bool) else tr("{name} is on or off.", name=tr(self.label))
        if self.kind in ("int", "float"):
            return self._number(value)
        if self.kind == "pair":
            return self._pair(value)
        if self.kind in ("names", "paths", "bindings"):
            return self._texts(value)
        if not isinstance(value, str):
            return tr("{name} is a text.", name=tr(self.label))
        return self._choice(value)

    def _number(self, value: object) -> str | None:
        name = tr(self.label)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return tr("{name} is a number.", name=name)
        if self.kind == "int" and not isinstance(value, int):
            return tr("{name} is a whole number.", name=name)
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        if low <= value <= high:
            return None
        if high == math.inf:
            return tr("{name} must be at least {low}.", name=name, low=_number_text(low))
        if low == -math.inf:
            return tr("{name} must be at most {high}.", name=name, high=_number_text(high))
        return tr(
            "{name} must lie between {low} and {high}.",
            name=name,
            low=_number_text(low),
            high=_number_text(high),
        )

    def _pair(self, value: object) -> str | None:
        if not isinstance(value, (list, tuple)) or len(value) != 2:
            return tr("{name} consists of two numbers.", name=tr(self.label))
        for part in value:
            wrong = self._number(part)
            if wrong:
                return wrong
        if value[0] > value[1]:
            return tr("{name}: the smaller number comes first.", name=tr(self.label))
        return None

    def _texts(self, value: object) -> str | None:
        if not isinstance(value, (list, tuple)) or not all(isinstance(v, str) for v in value):
            return tr("{name} is a list.", name=tr(self.label))
        if self.choices:
            for part in value:
                wrong = self._choice(part)
                if wrong:
                    return wrong
        return None

    def _choice(self, value: str) -> str | None:
        if not self.choices or value in {choice.value for choice in self.choices}:
            return None
        known = ", ".join(choice.value for choice in self.choices)
        return tr("{name} is one of: {known}.", name=tr(self.label), known=known)


def _number_text(value: float) -> str:
    return f"{int(value):,}" if float(value).is_integer() and abs(value) >= 1 else f"{value:g}"


@dataclass(frozen=True)
class Finding:
    """Something about a whole set of values that should be known before the training starts. Texts are translated."""

    code: str
    severity: Severity
    """error: it cannot work; warning: known to fail or to disappoint; info: good to know."""
    message: str
    hint: str = ""
    keys: tuple[str, ...] = ()
    """Parameters it is about."""
    fix: dict[str, Any] = field(default_factory=dict)
    """Values that settle it, for a button; empty when only the user can."""
    fix_label: str = ""

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "hint": self.hint,
            "keys": list(self.keys),
            "fix": self.fix,
        }


@dataclass(frozen=True)
class DatasetFacts:
    """What the checks need to know of a dataset."""

    chunks: int
    samples: int
    """Samples per channel of a chunk; 0 for a lazy dataset."""
    sample_rate: int
    channels: int
    seconds: float
    lazy: bool = False


@dataclass(frozen=True)
class ModelFacts:
    """What the engine says of a composed configuration (``configs.actions.validate``)."""

    sample_rate: int
    latent_size: int
    ratio: int
    """Samples for each latent frame."""
    channels: int
    encoder: str
    phase_1_steps: int
    parameters: int
    minimum_n_signal: int = 0
    """Shortest training example this configuration can take; 0 when it is not known."""


@dataclass(frozen=True)
class MachineFacts:
    """What the checks need to know of the computer."""

    cuda: int = 0
    """CUDA devices the engine sees."""
    device_bytes: int = 0
    """Memory of whatever device will be used, where ``ram`` and ``cards`` are not told."""
    ram: int = 0
    """Memory of the computer, bytes."""
    cards: tuple[int, ...] = ()
    """Memory of each graphics card, bytes."""
    free_disk: int = 0
    cores: int = 1
    frees_bf16: bool = False
    """The device has fast bfloat16."""

    def memory_of(self, device: str) -> int:
        """Bytes of the memory a training on ``device`` has, 0 when that is not known."""
        if not self.ram and not self.cards:
            return self.device_bytes
        if device == "cpu" or (device == "auto" and not self.cuda):
            return self.ram
        if device != "auto" and device.partition(":")[0] != "cuda":
            return 0
        number = device.partition(":")[2]
        index = int(number) if number.isdigit() else 0
        return self.cards[index] if index < len(self.cards) else 0


GROUPS: tuple[Group, ...] = (
    Group("run", N_("Run"), N_("What it is called and how it starts.")),
    Group("model", N_("Model"), N_("What is learnt: its build, its size, its latents.")),
    Group("data", N_("Sound"), N_("What the model hears while it learns.")),
    Group("length", N_("Length and phases"), N_("How long it learns, and when the second phase begins.")),
    Group("learning", N_("Learning"), N_("How fast it learns, and how strictly its latents are ordered.")),
    Group(
        "saving",
        N_("Checkpoints and validation"),
        N_("What is kept on disk and how often it is listened to."),
    ),
    Group("machine", N_("Computer"), N_("Which device works, with how many helpers.")),
    Group(
        "speed",
        N_("Speed"),
        N_("Ways to a faster step; those that change rounding are off unless you choose."),
    ),
    Group("safety", N_("Recovery"), N_("What happens when something goes wrong while nobody is there.")),
)
