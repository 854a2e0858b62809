"""Every parameter of making a dataset, declared once: the form, the command line, the checks and the guide all read this.

The keys are the fields of ``rave_protocol.specs.DatasetParams``. Texts are in the source language: ``tr`` them where they are shown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rave_gui.i18n import N_, tr
from rave_protocol.specs import DatasetParams

Kind = Literal["int", "float", "bool", "choice", "names", "paths", "bytes"]
"""names, paths: lists of texts; bytes: a whole number shown as a size."""
Level = Literal["basic", "advanced", "expert"]


@dataclass(frozen=True)
class Choice:
    """One allowed value with its words."""

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
    """One parameter of making a dataset."""

    key: str
    """Field of ``DatasetParams``; the command line's option is the same with hyphens."""
    kind: Kind
    group: str
    label: str
    help: str
    """One or two sentences that say what it does to the sound."""
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Choice, ...] = ()
    level: Level = "basic"
    usual: tuple[Any, ...] = ()
    """Values worth offering."""
    needs: tuple[str, str | bool] | None = None
    """(key, value): without effect unless that other parameter has that value."""

    @property
    def default(self) -> Any:
        """The default of the field (a list of one's own)."""
        return defaults()[self.key]

    @property
    def option(self) -> str:
        """The command line's option."""
        return f"--{self.key.replace('_', '-')}"

    def problem(self, value: object) -> str | None:
        """Why ``value`` cannot be taken, as a sentence for the user; None when it can."""
        name = tr(self.label)
        if self.kind == "bool":
            return None if isinstance(value, bool) else tr("{name} is on or off.", name=name)
        if self.kind in ("names", "paths"):
            fine = isinstance(value, (list, tuple)) and all(isinstance(part, str) for part in value)
            return None if fine else tr("{name} is a list.", name=name)
        if self.kind == "choice":
            known = [choice.value for choice in self.choices]
            if value in known:
                return None
            return tr("{name} is one of: {known}.", name=name, known=", ".join(known))
        return self._number(name, value)

    def _number(self, name: str, value: object) -> str | None:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            return tr("{name} is a number.", name=name)
        if self.kind != "float" and not isinstance(value, int):
            return tr("{name} is a whole number.", name=name)
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        if low <= value <= high:
            return None
        return tr(
            "{name} is {value}; it must lie between {low} and {high}.",
            name=name,
            value=_plain(value),
            low=_plain(low),
            high=_plain(high),
        )


def _plain(value: float) -> str:
    return f"{int(value):,}" if math.isfinite(value) and float(value).is_integer() else f"{value:g}"


GROUPS: tuple[Group, ...] = (
    Group("form", N_("Form of the sound"), N_("Rate, channels and length of what the model will hear.")),
    Group("files", N_("Files"), N_("Which recordings are taken, and what happens to short ones and to rests.")),
    Group("sound", N_("Changes to the sound"), N_("What is done to every recording before it is stored.")),
    Group("storage", N_("Storage"), N_("How the dataset lies on the disk, and what a training tests itself on.")),
)  # fmt: skip

PARAMETERS: tuple[Parameter, ...] = (
    # --- form
    Parameter(
        "num_signal", "int", "form", N_("Length of an example"),
        N_("Samples of one training example. The model never hears longer connections than this; a stored chunk holds two in a row."),
        unit=N_("samples"), minimum=256, maximum=1 << 24, usual=(4096, 32768, 65536, 131072, 262144),
    ),
    Parameter(
        "channels", "int", "form", N_("Channels"),
        N_("1 is mono, 2 is stereo. Recordings with fewer channels repeat theirs, those with more give their first ones."),
        minimum=1, maximum=64, usual=(1, 2),
    ),
    Parameter(
        "sample_rate", "int", "form", N_("Sample rate"),
        N_("Every recording is brought to this rate. Sound above half of it is gone; recordings of a lower rate gain nothing."),
        unit=N_("Hz"), minimum=1000, maximum=768000, usual=(16000, 22050, 44100, 48000),
    ),
    Parameter(
        "mono", "choice", "form", N_("Stereo to mono"),
        N_("What one channel is made of when a recording has several."),
        choices=(
            Choice("mix", N_("Mix"), N_("The mean of all channels. Sound in opposite phase on both sides becomes quieter.")),
            Choice("left", N_("Left"), N_("The first channel only, as RAVE's own command does.")),
            Choice("right", N_("Right"), N_("The second channel only.")),
            Choice("separate", N_("Each by itself"), N_("Every channel becomes examples of its own: twice the material, but much of it alike.")),
        ),
        needs=("channels", "1"),
    ),
    # --- files
    Parameter(
        "short_files", "choice", "files", N_("Short files"),
        N_("What happens to a recording shorter than a chunk."),
        choices=(
            Choice("join", N_("Join"), N_("One after the other they fill chunks together; the model hears the joints.")),
            Choice("pad", N_("Repeat"), N_("Each is repeated until its chunk is full.")),
            Choice("skip", N_("Leave out"), N_("They are left out and listed, which is what RAVE's own command does without listing them.")),
        ),
    ),
    Parameter(
        "tails", "choice", "files", N_("Ends of recordings"),
        N_("What happens to the last piece of a recording that does not fill a chunk."),
        choices=(
            Choice("pad", N_("Keep"), N_("It is kept together with the sound before it; a little sound then occurs twice, no silence is added.")),
            Choice("drop", N_("Leave out"), N_("It is left out, as RAVE's own command does; the seconds that go are counted.")),
        ),
    ),
    Parameter(
        "duplicates", "choice", "files", N_("Equal files"),
        N_("Copies of one recording make the model hear it more often and can turn up in training and in the test at once."),
        choices=(
            Choice("keep", N_("Keep all")),
            Choice("skip", N_("Keep one of each"), N_("Files with exactly the same content are taken once; the others are listed.")),
        ),
    ),
    Parameter(
        "extensions", "names", "files", N_("Kinds of file"),
        N_("Only files with these endings are taken from folders; empty takes every kind of sound file known."),
        level="advanced", usual=("wav", "aiff", "flac", "mp3", "ogg", "opus", "m4a"),
    ),
    Parameter(
        "exclude", "paths", "files", N_("Left out"),
        N_("Files and folders that are passed over although they lie in a chosen folder."), level="advanced",
    ),
    # --- sound
    Parameter(
        "trim_silence", "bool", "sound", N_("Cut silence"),
        N_("Long pauses are cut out of the recordings: the model does not spend its time on learning silence. The seconds that go are counted."),
    ),
    Parameter(
        "trim_threshold", "float", "sound", N_("Silence is below"),
        N_("What is softer than this in every channel counts as silence. Too high a value cuts off reverb and soft endings."),
        unit=N_("dBFS"), minimum=-120.0, maximum=-10.0, level="advanced", usual=(-80.0, -60.0, -50.0, -40.0),
        needs=("trim_silence", True),
    ),
    Parameter(
        "trim_seconds", "float", "sound", N_("Pauses longer than"),
        N_("Shorter pauses stay, because they belong to the music. A tenth of a second stays at either side of a cut."),
        unit=N_("s"), minimum=0.25, maximum=3600.0, level="advanced", usual=(0.5, 1.0, 2.0, 5.0),
        needs=("trim_silence", True),
    ),
    Parameter(
        "normalise", "choice", "sound", N_("Level"),
        N_("Gives each recording one gain, so that soft ones count as much as loud ones. Dynamics within a recording stay as they are."),
        choices=(
            Choice("none", N_("As recorded")),
            Choice("peak", N_("Equal peaks"), N_("The highest sample of each recording is brought to the same level.")),
            Choice("loudness", N_("Equal loudness"), N_("Each recording is made equally loud to the ear (EBU R 128), as far as its peaks allow without clipping.")),
        ),
    ),
    Parameter(
        "peak_target", "float", "sound", N_("Highest peak"),
        N_("No sample becomes higher than this; with equal loudness, a recording whose peaks would is made less loud instead of being clipped."),
        unit=N_("dBFS"), minimum=-40.0, maximum=0.0, level="advanced", usual=(-6.0, -3.0, -1.0, 0.0),
    ),
    Parameter(
        "loudness_target", "float", "sound", N_("Loudness"),
        N_("Loudness every recording is brought to, measured over its whole length. -14 is loud, -23 is the level of broadcasting."),
        unit=N_("LUFS"), minimum=-60.0, maximum=-5.0, level="advanced", usual=(-23.0, -18.0, -14.0),
        needs=("normalise", "loudness"),
    ),
    # --- storage
    Parameter(
        "lazy", "bool", "storage", N_("Leave the sound in the files"),
        N_("The dataset holds only where the recordings lie: ready at once and small, but every training decodes them again and again, "
           "which is slow, and the recordings must stay where they are. Trimming, levels and joining do not apply."),
        level="advanced",
    ),
    Parameter(
        "max_size", "bytes", "storage", N_("Largest size"),
        N_("The dataset is not begun when it would take more room than this. 0: as much as it needs, if the disk has it."),
        unit=N_("bytes"), minimum=0, maximum=1 << 50, level="advanced",
    ),
    Parameter(
        "validation", "choice", "storage", N_("Tested on"),
        N_("A training keeps about 2 % of the sound apart and tests the model on it."),
        choices=(
            Choice("chunks", N_("Chunks from anywhere"), N_("RAVE's way. The test then holds passages of recordings that the model also learns from, and looks better than it is.")),
            Choice("files", N_("Whole recordings"), N_("Some recordings are kept for the test entirely, so that it says how the model does with sound it has never heard.")),
        ),
        level="advanced",
    ),
)  # fmt: skip
"""In the order of the form."""

_BY_KEY = {item.key: item for item in PARAMETERS}


def parameter(key: str) -> Parameter:
    """The parameter of that key. Raises :class:`KeyError`."""
    return _BY_KEY[key]


def defaults() -> dict[str, Any]:
    """Every parameter's default by key; a new dict with lists of its own."""
    empty = DatasetParams(sources=[], output="")
    values = {item.key: getattr(empty, item.key) for item in PARAMETERS}
    return {key: list(value) if isinstance(value, list) else value for key, value in values.items()}


def problems(values: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with single values, by key, as sentences; empty when each can be taken. Unknown keys are wrong."""
    found: dict[str, str] = {}
    for key, value in values.items():
        item = _BY_KEY.get(key)
        wrong = item.problem(value) if item else tr("There is no such parameter: {key}.", key=key)
        if wrong:
            found[key] = wrong
    separate = values.get("mono") == "separate" and values.get("channels", 1) != 1
    if separate and "channels" not in found:
        found["mono"] = tr("Each channel by itself makes mono examples: set the channels to 1.")
    return found
