"""Exports as their page shows them: what there is, what each was tested for, how it is used in each host."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.exports import actions
from rave_gui.i18n import N_, tr
from rave_gui.models import actions as models
from rave_gui.models.actions import Checkpoint
from rave_gui.workspace import listing

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.jobs.view import JobView
    from rave_gui.projects import Project
    from rave_gui.workspace.listing import ExportRow, RunRow

WORK_KINDS = frozenset({"export", "verify"})
BLOCK_LIMIT_DB = -100.0
"""Above this, blocks and the whole differ more than rounding does."""
HEADROOM = 0.5
"""Share of a core above which a host has little room left for anything else."""


@dataclass(frozen=True)
class Target:
    """A host that takes our files."""

    key: str
    title: str
    short: str
    """The title where room is scarce."""
    icon: str
    text: str
    real_time: bool = True
    """Needs a streaming model."""


TARGETS: tuple[Target, ...] = (
    Target(
        "nn",
        N_("Max and Pure Data"),
        N_("Max / Pd"),
        "waves",
        N_("For the object nn~: live sound in, latents to play with."),
    ),
    Target(
        "supercollider",
        N_("SuperCollider"),
        N_("SuperCollider"),
        "terminal",
        N_("For the UGen NN.ar, with its attributes."),
    ),
    Target("vst", N_("RAVE VST"), N_("VST"), "plug", N_("IRCAM's plugin for DAWs. Mono and stereo models.")),
    Target(
        "torchscript",
        N_("Plain TorchScript"),
        N_("TorchScript"),
        "file-code",
        N_("For programs of your own; whole files at a time, no real-time caches."),
        real_time=False,
    ),
)


@dataclass(frozen=True)
class Export:
    """An export and its card."""

    row: ExportRow
    card: dict[str, Any]
    test: dict[str, Any] | None = None
    """Result of the newest verification of the file."""
    tested: float | None = None
    """When that was."""

    @property
    def name(self) -> str:
        """Of the export."""
        return self.row.name


@dataclass(frozen=True)
class Exports:
    """Everything the page shows."""

    items: tuple[Export, ...] = ()
    jobs: tuple[JobView, ...] = ()
    runs: tuple[RunRow, ...] = ()
    """Runs that can be exported, the one trained last first."""


@dataclass(frozen=True)
class Check:
    """One thing that was tested. ``state``: ok, warn or fail."""

    state: str
    text: str
    note: str = ""


def load_exports(services: Services, project: Project) -> Exports:
    """The exports of a project, newest first, with what was found when they were tested."""
    views = services.jobs.list(project.path)
    tests: dict[str, JobView] = {}
    for view in sorted(views, key=lambda v: v.ended or v.created):
        if view.kind == "verify" and view.state == "succeeded":
            tests[Path(str(view.params.get("model", ""))).name] = view
    found = []
    for row in listing.exports(services, project):
        test = tests.get(row.file.name) if row.file is not None else None
        found.append(
            Export(
                row,
                actions.card(row.path),
                dict(test.result or {}) if test is not None else None,
                test.ended if test is not None else None,
            )
        )
    found.sort(key=lambda e: e.row.created, reverse=True)
    runs = [row for row in listing.runs(services, project) if row.n_checkpoints]
    runs.sort(key=lambda row: row.modified or row.created, reverse=True)
    return Exports(
        tuple(e for e in found if e.row.file is not None),
        tuple(v for v in views if v.kind in WORK_KINDS and not v.final),
        tuple(runs),
    )


def checkpoints(run: RunRow) -> tuple[Checkpoint, ...]:
    """What can be exported of a run."""
    return tuple(models.checkpoints_of(run.path))


def checks(card: Mapping[str, Any], test: Mapping[str, Any] | None = None) -> list[Check]:
    """What was tested, in words. ``test``: a later verification, which counts for what it measured."""
    facts: dict[str, Any] = {**card, **(test or {})}
    if not card and not test:
        return []
    found = [Check("ok", tr("Opens with plain PyTorch, as a host opens it"))]
    methods = facts.get("methods")
    if methods:
        found.append(Check("ok", tr("Offers {methods}", methods=", ".join(methods))))
    finite = facts.get("finite", True if card else None)
    if finite is not None:
        found.append(
            Check("ok", tr("Answers sound, and silence, with finite numbers"))
            if finite
            else Check("fail", tr("Answers with numbers that are no sound (NaN)"))
        )
    peak = facts.get("peak")
    if isinstance(peak, (int, float)):
        if peak > 1e-6:
            found.append(
                Check("ok", tr("Is not silent"), tr("peak {db} dBFS", db=f"{20 * math.log10(peak):.0f}"))
            )
        else:
            found.append(Check("warn", tr("Answers a test signal with silence"), tr("Train it longer.")))
    error = facts.get("streaming_error_db")
    if isinstance(error, (int, float)):
        same = error <= BLOCK_LIMIT_DB
        found.append(
            Check(
                "ok" if same else "warn",
                tr("Plays the same in blocks as in one piece")
                if same
                else tr("May click between buffers: blocks differ from the whole"),
                tr("difference {db} dB", db=f"{error:.0f}"),
            )
        )
    repeatable = facts.get("repeatable")
    if repeatable is not None:
        found.append(
            Check("ok", tr("Gives the same again for the same sound"))
            if repeatable
            else Check("warn", tr("Never sounds the same twice"), tr("A bounce cannot be repeated."))
        )
    load = real_time_factor(facts)
    if load is not None:
        state = "ok" if load < HEADROOM else "warn" if load < 1 else "fail"
        text = tr("Keeps up with real time") if load < 1 else tr("Is too slow for real time on this computer")
        measured = card.get("real_time_factor")
        buffer = facts.get("buffer") or (measured.get("buffer") if isinstance(measured, Mapping) else None)
        note = tr("uses {share} of one core", share=f"{load:.0%}")
        if buffer:
            note = tr("{note} at a buffer of {n}", note=note, n=buffer)
        found.append(Check(state, text, note))
    return found


def real_time_factor(facts: Mapping[str, Any]) -> float | None:
    """Time of a block over its duration, from a card or from a verification."""
    value = facts.get("real_time_factor")
    if isinstance(value, Mapping):
        value = value.get("value")
    return float(value) if isinstance(value, (int, float)) else None


def latency_seconds(card: Mapping[str, Any]) -> float | None:
    """The measured delay between input and output."""
    latency = card.get("latency")
    value = latency.get("seconds") if isinstance(latency, Mapping) else None
    return float(value) if isinstance(value, (int, float)) else None


def latents_for(table: Mapping[str, int] | None, fidelity: float) -> int | None:
    """How many latents a fidelity keeps, where the table (share of the variance: latents) tells it exactly."""
    if not table:
        return None
    for share, count in table.items():
        if abs(float(share) - fidelity) < 1e-6:
            return count
    return None


def works_in(target: Target, card: Mapping[str, Any]) -> str:
    """Why an export does not work in a host, in a sentence; empty when it does."""
    channels = card.get("channels")
    if target.real_time and card and not card.get("streaming"):
        return tr("This export is not made for real time: export again with “for real time” switched on.")
    if target.key == "vst" and isinstance(channels, int) and channels > 2:
        return tr("The plugin takes one or two channels; this model has {n}.", n=channels)
    return ""


@dataclass(frozen=True)
class Guide:
    """How a file is used in a host: steps, and a line to copy."""

    steps: tuple[str, ...]
    code: str = ""


def guide(target: str, file: Path, card: Mapping[str, Any]) -> Guide:
    """The way from the file to sound in a host."""
    rate = card.get("sample_rate") or 44100
    ratio = card.get("ratio") or 2048
    latents = card.get("latent_size") or 1
    buffer = max(2048, int(ratio))
    if target == "nn":
        return Guide(
            (
                tr("Install nn~: in Max with the package manager, in Pure Data from the nn_tilde releases."),
                tr("Copy the file into a folder of the search path (Max: Options, File Preferences)."),
                tr("Set the sample rate of the host to {rate} Hz: the model does not convert it.", rate=rate),
                tr(
                    "Make this object. Use encode and decode instead of forward to play the {n} latents by hand.",
                    n=latents,
                ),
                tr("The message “set randomness 1” makes it livelier; 0, the default, repeats exactly."),
            ),
            f"nn~ {file.stem} forward {buffer}",
        )
    if target == "supercollider":
        return Guide(
            (
                tr("Install nn.ar from its releases (SuperCollider 3.13 or later)."),
                tr("Set the server's sample rate to {rate} Hz.", rate=rate),
                tr("Run these two lines, the second one when the model has loaded."),
            ),
            f'NN.load(\\model, "{file.as_posix()}");\n{{ NN(\\model, \\forward).ar(SoundIn.ar, {buffer}) }}.play;',
        )
    if target == "vst":
        return Guide(
            (
                tr("Open the plugin's model explorer and import the file, or copy it into the folder below."),
                tr("Set the project's sample rate to {rate} Hz.", rate=rate),
                tr("Choose the model in the plugin. The wheel changes the first eight latents."),
            ),
            "Linux: ~/.config/ACIDS/RAVE/\nmacOS: ~/Library/Application Support/ACIDS/RAVE/",
        )
    return Guide(
        (
            tr("The file needs PyTorch only, not RAVE."),
            tr(
                "Sound is a tensor [batch, channels, samples] at {rate} Hz; a multiple of {n} samples.",
                rate=rate,
                n=ratio,
            ),
        ),
        f'import torch\nmodel = torch.jit.load("{file.as_posix()}").eval()\nz = model.encode(sound)\nsound = model.decode(z)',
    )
