"""A run before it starts: the values chosen, what is known about dataset, model and computer, and what that comes to."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rave_gui.configs.presets import PRESETS
from rave_gui.i18n import tr
from rave_gui.training import parameters
from rave_gui.training.checks import CHECKPOINT_BYTES, MemoryFacts, check, checkpoints_kept
from rave_gui.training.schema import DatasetFacts, Finding, MachineFacts, ModelFacts
from rave_gui.viewmodels.newrun_advice import Advice, Trial
from rave_gui.viewmodels.steps import Steps
from rave_protocol import stacks

FRESH = "v2"
"""Configuration of a run that starts from nothing."""


@dataclass(frozen=True)
class DatasetItem:
    """A dataset that can be chosen."""

    name: str
    path: Path
    facts: DatasetFacts
    problem: str = ""


@dataclass(frozen=True)
class Start:
    """Something a new run can begin with. ``key``: ``preset:tiny``, ``run:voice``, ``template:mine``, ``own``."""

    key: str
    title: str
    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Fields of ``TrainParams``."""
    dataset: str = ""


def preset_starts() -> list[Start]:
    """Every preset, and an empty page at the end."""
    found = [Start(f"preset:{p.name}", tr(p.label), tr(p.description), p.train_fields()) for p in PRESETS]
    return [
        *found,
        Start(
            "own",
            tr("Choose everything myself"),
            tr("RAVE's own settings of its standard model, to be changed step by step."),
            {"configs": [FRESH]},
        ),
    ]


TIMED = (
    "configs", "overrides", "augmentations", "channels", "n_signal", "batch", "device", "threads", "exact", "fast_distance",
    "amp", "tf32", "fused_adam", "compile", "ema", "workers",
)  # fmt: skip
"""Fields that the speed of a step depends on: what a trial found is out of date when one of them changes."""


class NewRunModel(Steps):
    """``changed`` carries what: step, start, dataset, values, facts, name, advice, trial, when."""

    steps = ("start", "dataset", "model", "settings", "review")

    def __init__(self) -> None:
        super().__init__()
        self.start: Start | None = None
        self.values: dict[str, Any] = parameters.defaults()
        self.before: dict[str, Any] = parameters.defaults()
        """Values of the start: what differs from them is what the user changed."""
        self.datasets: list[DatasetItem] = []
        self.dataset = ""
        self.name = ""
        self.taken: frozenset[str] = frozenset()
        self.machine: MachineFacts | None = None
        self.model: ModelFacts | None = None
        self.memory: MemoryFacts | None = None
        self.asking = False
        """The engine is asked what the configuration comes to."""
        self.refusal: tuple[str, str] | None = None
        """Why the engine refuses the configuration: message and hint."""
        self.findings: list[Finding] = []
        self.problems: dict[str, str] = {}
        self.starts: list[Start] = []
        """Templates and earlier runs."""
        self.compared: Start | None = None
        """What the review compares with; None: the start."""
        self.advising = False
        self.advice: Advice | None = None
        """What would fit, for the present values."""
        self.trial: Trial | None = None
        self.trying = False
        """A trial is under way."""
        self.start_at: float | None = None
        """When it is to begin (seconds since the epoch); None: as soon as the device is free."""

    # What was chosen

    def choose_start(self, start: Start) -> None:
        """Take over a preset, a template or an earlier run's settings."""
        self.start = start
        self.values = parameters.from_fields(start.fields)
        self.values["name"] = ""
        self.before = {k: list(v) if isinstance(v, list) else v for k, v in self.values.items()}
        if start.dataset and any(d.name == start.dataset for d in self.datasets):
            self.dataset = start.dataset
        self.model = self.memory = self.refusal = self.advice = self.compared = None
        self._judge()
        self.changed.emit("start")

    def set_datasets(self, items: Sequence[DatasetItem]) -> None:
        """What there is to learn from; a single one is chosen by itself."""
        self.datasets = list(items)
        usable = [d.name for d in items if not d.problem]
        if self.dataset not in usable:
            wanted = self.start.dataset if self.start is not None else ""
            self.dataset = wanted if wanted in usable else usable[0] if len(usable) == 1 else ""
        self._judge()
        self.changed.emit("dataset")

    def choose_dataset(self, name: str) -> None:
        """Learn from this one."""
        if name != self.dataset:
            self.dataset = name
            self._judge()
            self.changed.emit("dataset")

    def set_value(self, key: str, value: Any) -> None:
        """One value."""
        self.set_values({key: value})

    def set_values(self, wanted: Mapping[str, Any]) -> None:
        """Several values at once (a fix, an add-on)."""
        if all(self.values.get(key) == value for key, value in wanted.items()):
            return
        before = self.question
        self.values.update(wanted)
        self._judge()
        if self.question != before:
            self.advice = None
        self.changed.emit("values")

    def set_name(self, name: str) -> None:
        """Name of the run; empty: a free one is made."""
        self.name = name
        self.changed.emit("name")

    def choose_base(self, name: str) -> None:
        """Another architecture; add-ons stay."""
        rest = [c for c in self.values["configs"] if stacks.plain(c) not in stacks.BASES]
        self.set_value("configs", [name, *rest])

    def set_add_on(self, name: str, on: bool) -> None:
        """Put an add-on behind the others, or take it away."""
        rest = [c for c in self.values["configs"] if stacks.plain(c) != name]
        self.set_value("configs", [*rest, name] if on else rest)

    @property
    def base(self) -> str:
        """The architecture, empty for one of the user's own."""
        return next((stacks.plain(c) for c in self.values["configs"] if stacks.plain(c) in stacks.BASES), "")

    @property
    def add_ons(self) -> list[str]:
        """Everything behind the architecture."""
        return [stacks.plain(c) for c in self.values["configs"] if stacks.plain(c) not in stacks.BASES]

    # What is known

    @property
    def dataset_item(self) -> DatasetItem | None:
        """The chosen dataset."""
        return next((d for d in self.datasets if d.name == self.dataset), None)

    def set_machine(self, machine: MachineFacts) -> None:
        """What the computer can do."""
        self.machine = machine
        self._judge()
        self.changed.emit("facts")

    def set_asking(self) -> None:
        """The engine was asked."""
        self.asking, self.refusal = True, None
        self.changed.emit("facts")

    def set_facts(self, model: ModelFacts | None, memory: MemoryFacts | None) -> None:
        """What the engine says of the configuration."""
        self.asking, self.refusal = False, None
        self.model, self.memory = model, memory
        self._judge()
        self.changed.emit("facts")

    def set_refusal(self, message: str, hint: str) -> None:
        """The engine cannot take the configuration, or cannot be asked."""
        self.asking = False
        self.model = self.memory = None
        self.refusal = (message, hint)
        self._judge()
        self.changed.emit("facts")

    @property
    def question(self) -> dict[str, Any] | None:
        """What the engine is asked: whatever the model's build and memory depend on; None for values that cannot be."""
        if self.problems:
            return None
        fields = parameters.to_fields(self.values)
        keys = ("configs", "overrides", "augmentations", "channels", "n_signal", "batch", "amp")
        return {key: fields[key] for key in keys}

    @property
    def errors(self) -> list[Finding]:
        """What cannot work."""
        return [f for f in self.findings if f.severity == "error"]

    def findings_for(self, keys: Sequence[str]) -> list[Finding]:
        """Findings about any of these parameters."""
        return [f for f in self.findings if set(f.keys) & set(keys)]

    @property
    def changes(self) -> list[parameters.Change]:
        """What differs from the start, or from what it is compared with."""
        other = self.compared
        return parameters.diff(
            self.before if other is None else parameters.from_fields(other.fields), self.values
        )

    def compare_with(self, key: str) -> None:
        """Compare with an earlier run or template, by its key; empty: with the start."""
        self.compared = next((s for s in self.starts if s.key == key), None)
        self.changed.emit("facts")

    # Recommendations, trial, time to start

    def set_advising(self) -> None:
        """The engine works out what fits."""
        self.advising = True
        self.changed.emit("advice")

    def set_advice(self, advice: Advice | None) -> None:
        """What fits; None: it could not be said, or nobody waits for it any more."""
        self.advising, self.advice = False, advice
        self.changed.emit("advice")

    @property
    def timed(self) -> dict[str, Any] | None:
        """What the speed of a step depends on; None for values that cannot be."""
        if self.problems:
            return None
        fields = parameters.to_fields(self.values)
        return {"dataset": self.dataset, **{key: fields[key] for key in TIMED}}

    def set_trying(self, on: bool) -> None:
        """A trial began or ended."""
        self.trying = on
        self.changed.emit("trial")

    def set_trial(self, trial: Trial | None) -> None:
        """What a trial found."""
        self.trial, self.trying = trial, False
        self.changed.emit("trial")

    @property
    def trial_holds(self) -> bool:
        """Whether what the trial found is about the present values."""
        return self.trial is not None and dict(self.trial.question) == self.timed

    @property
    def device_memory(self) -> int:
        """Bytes that the device chosen for the training has, 0 when that is not known."""
        return self.machine.memory_of(str(self.values["device"])) if self.machine is not None else 0

    def set_start_at(self, moment: float | None) -> None:
        """Begin at that time (seconds since the epoch), or as soon as the device is free."""
        if moment != self.start_at:
            self.start_at = moment
            self.changed.emit("when")

    @property
    def disk_bytes(self) -> int | None:
        """What the checkpoints will take at most; None while the model is not known."""
        if self.trial is not None and self.trial_holds:
            return checkpoints_kept(self.values) * self.trial.checkpoint
        if self.model is None or self.problems:
            return None
        return checkpoints_kept(self.values) * self.model.parameters * CHECKPOINT_BYTES

    @property
    def steps_of_phases(self) -> tuple[int, int]:
        """Steps of phase 1 and of phase 2 as planned."""
        total = int(self.values["max_steps"])
        first = self.values["phase_1_duration"]
        if first is None:
            first = self.model.phase_1_steps if self.model is not None else 1_000_000
        return min(total, int(first)), max(0, total - int(first))

    def fields(self) -> dict[str, Any]:
        """Fields of ``TrainParams``. Raises :class:`UserError` for values that cannot be taken."""
        return parameters.to_fields(self.values)

    # The way

    def problem(self, step: str) -> str:
        """See :meth:`Steps.problem`."""
        if step == "start":
            return "" if self.start is not None else tr("Choose what to begin with.")
        if step == "dataset":
            item = self.dataset_item
            if item is None:
                return tr("Choose the sounds to learn from.")
            return item.problem
        if step == "model":
            return self.errors[0].message if [f for f in self.errors if "configs" in f.keys] else ""
        if step == "settings":
            return next(iter(self.problems.values()), "") or (self.errors[0].message if self.errors else "")
        if self.name.casefold() in self.taken:
            return tr("There is a run called “{name}” already.", name=self.name)
        if self.start_at is not None and self.start_at <= time.time():
            return tr("The time to begin has passed.")
        return self.problem("dataset") or self.problem("settings")

    def _judge(self) -> None:
        item = self.dataset_item
        self.problems = parameters.problems(self.values)
        self.findings = check(
            self.values,
            dataset=item.facts if item is not None and not item.problem else None,
            model=self.model,
            machine=self.machine,
            memory=self.memory,
        )
