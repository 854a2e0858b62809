"""How a training is going: what a person who has seen many would say of its curves, and what needs attention.

Pure functions of curves and facts; nothing is read or sent here. What is normal differs by phase: in phase 1 the distance falls;
when phase 2 begins it jumps up, since the loss is another one; in phase 2 the discriminator's scores matter, and the distance says
little (rave's own guide to TensorBoard, and the threads in the issue tracker of RAVE that ask about it).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from rave_gui.i18n import tr

Severity = Literal["info", "warning", "danger"]
Floats = npt.NDArray[np.float64]

DISTANCES = ("fullband_spectral_distance", "multiband_spectral_distance")
LOSSES = (*DISTANCES, "regularization", "loss_dis", "adversarial", "feature_matching")
ENOUGH = 20
"""Points of a curve in a phase before anything is said of its course."""
PLATEAU_POINTS = 60
QUIET_STEPS = 1000
"""A model that has hardly begun is quiet: short runs here were up to 49 dB below the original at step 160, and less than 20 dB at 360."""


class CurveLike(Protocol):
    """Steps and values of one tag, steps rising."""

    @property
    def steps(self) -> npt.NDArray[np.int64]: ...
    @property
    def values(self) -> Floats: ...


@dataclass(frozen=True)
class Facts:
    """What is known besides the curves. None: not known."""

    state: str = "running"
    step: int = 0
    max_steps: int = 0
    phase_two_at: float | None = None
    """Step at which phase 2 begins; None: never."""
    seconds_since_step: float | None = None
    seconds_per_step: float | None = None
    disk_free: int | None = None
    """Bytes where the run is written."""
    checkpoint_bytes: int | None = None
    temperature: float | None = None
    """Of the GPU, degrees Celsius."""
    memory_share: float | None = None
    """Of the GPU's memory in use, 0 to 1."""
    ram_share: float | None = None
    """Of the computer's own memory in use, 0 to 1."""
    original_db: float | None = None
    reconstruction_db: float | None = None
    """Levels (RMS, dB) of the newest preview pair."""

    @property
    def phase(self) -> int:
        """1 or 2."""
        return 2 if self.phase_two_at is not None and self.step >= self.phase_two_at else 1


@dataclass(frozen=True)
class Alert:
    """Something that needs attention. Texts are in the user's language."""

    code: str
    severity: Severity
    title: str
    meaning: str
    advice: str
    step: int = 0


@dataclass(frozen=True)
class Health:
    """What to say of a training: a headline, a few sentences, and alerts with the gravest first."""

    headline: str
    sentences: list[str]
    alerts: list[Alert] = field(default_factory=list)


def assess(curves: Mapping[str, CurveLike], facts: Facts) -> Health:
    """Look at a training as it is now."""
    if facts.phase_two_at is not None and 0 < facts.max_steps <= facts.phase_two_at:
        facts = dataclasses.replace(facts, phase_two_at=None)  # it ends before
    grave = {"danger": 0, "warning": 1, "info": 2}
    alerts = sorted(_alerts(curves, facts), key=lambda a: grave[a.severity])
    return Health(_headline(facts, alerts), _sentences(curves, facts, alerts), alerts)


class Watchdog:
    """Alerts over time: one shows after it was seen twice running, goes after it was missing three times; danger shows at once."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}
        self._missing: dict[str, int] = {}
        self._active: dict[str, Alert] = {}

    def update(self, alerts: Sequence[Alert]) -> tuple[list[Alert], list[Alert]]:
        """Take an assessment's alerts; returns those active now, and those of them that are new."""
        new = []
        now = {alert.code: alert for alert in alerts}
        for code, alert in now.items():
            self._missing.pop(code, None)
            self._seen[code] = self._seen.get(code, 0) + 1
            if code in self._active:
                self._active[code] = alert
            elif alert.severity == "danger" or self._seen[code] >= 2:
                self._active[code] = alert
                new.append(alert)
        for code in [code for code in {*self._seen, *self._active} if code not in now]:
            self._seen.pop(code, None)
            self._missing[code] = self._missing.get(code, 0) + 1
            if self._missing[code] >= 3:
                self._active.pop(code, None)
        return list(self._active.values()), new


def _alerts(curves: Mapping[str, CurveLike], facts: Facts) -> list[Alert]:
    found = [
        _not_a_number(curves, facts),
        _diverging(curves, facts),
        _silent(facts),
        _discriminator_wins(curves, facts),
        _plateau(curves, facts),
        _stuck(facts),
        _disk(facts),
        _hot(facts),
        _memory(facts),
        _ram(facts),
    ]
    return [alert for alert in found if alert is not None]


def _not_a_number(curves: Mapping[str, CurveLike], facts: Facts) -> Alert | None:
    for tag in LOSSES:
        curve = curves.get(tag)
        if curve is None or not len(curve.values):
            continue
        bad = np.flatnonzero(~np.isfinite(curve.values[-3:]))
        if len(bad):
            step = int(curve.steps[-3:][bad[0]])
            return Alert(
                "not-a-number",
                "danger",
                tr("The loss is no number any more"),
                tr(
                    "{tag} became NaN or infinite at step {step}. Everything learned after that is lost.",
                    tag=tag,
                    step=f"{step:,}",
                ),
                tr(
                    "Stop the training and go on from the last checkpoint before that step, with half the learning rate or full precision."
                ),
                step,
            )
    del facts
    return None


def _diverging(curves: Mapping[str, CurveLike], facts: Facts) -> Alert | None:
    values, steps = _in_phase(curves, DISTANCES[0], facts)
    if len(values) < ENOUGH:
        return None
    window = max(5, len(values) // 20)
    smooth = _medians(values, window)
    best, last = float(np.min(smooth)), float(smooth[-1])
    # Well above the best, and still rising over the last quarter: one bad batch does neither.
    quarter = smooth[-max(4, len(smooth) // 4) :]
    if last > 2.0 * best and last > 1.2 * float(quarter[0]):
        return Alert(
            "diverging",
            "warning",
            tr("The sound is getting further away"),
            tr(
                "The distance to the original was {best} and is {last} now, and still rises.",
                best=f"{best:.3g}",
                last=f"{last:.3g}",
            ),
            tr(
                "Listen to the newest preview. If it is worse than earlier ones, go on from the best checkpoint with a lower learning rate."
            ),
            int(steps[-1]),
        )
    return None


def _silent(facts: Facts) -> Alert | None:
    original, made = facts.original_db, facts.reconstruction_db
    if original is None or made is None or original < -60 or made > original - 40:
        return None
    if facts.step < QUIET_STEPS:
        return None
    return Alert(
        "silent",
        "warning",
        tr("The model has fallen silent"),
        tr("Its newest preview is {db} dB quieter than the original.", db=f"{original - made:.0f}"),
        tr(
            "Go on from an earlier checkpoint. Configuration v3 does this now and then; v2 hardly ever. Check the dataset for long silences."
        ),
        facts.step,
    )


def _discriminator_wins(curves: Mapping[str, CurveLike], facts: Facts) -> Alert | None:
    if facts.phase != 2:
        return None
    loss, steps = _in_phase(curves, "loss_dis", facts)
    fake, _ = _in_phase(curves, "pred_fake", facts)
    real, _ = _in_phase(curves, "pred_real", facts)
    if min(len(loss), len(fake), len(real)) < ENOUGH:
        return None
    # RAVE's hinge loss is zero when every original scores above 1 and every reconstruction below -1.
    if float(np.median(loss[-ENOUGH:])) < 0.05 and float(np.median(fake[-ENOUGH:])) < -1 < 1 < float(
        np.median(real[-ENOUGH:])
    ):
        return Alert(
            "discriminator-wins",
            "warning",
            tr("The discriminator tells every reconstruction from the original"),
            tr("Its loss is nearly zero, so the model learns nothing more from it."),
            tr(
                "Go on from an earlier checkpoint, with a lower learning rate of the discriminator or a longer phase 1."
            ),
            int(steps[-1]),
        )
    return None


def _plateau(curves: Mapping[str, CurveLike], facts: Facts) -> Alert | None:
    values, steps = _in_phase(curves, DISTANCES[0], facts)
    if facts.phase != 1 or len(values) < PLATEAU_POINTS:
        return None
    third = len(values) // 3
    before, after = float(np.median(values[-2 * third : -third])), float(np.median(values[-third:]))
    if not np.isfinite(before) or before <= 0 or not -0.03 < (before - after) / before < 0.01:
        return None
    ahead = facts.phase_two_at is not None
    return Alert(
        "plateau",
        "info",
        tr("The distance has stopped falling"),
        tr("Over the last third of the steps it fell by less than 1 %."),
        tr("Phase 2 can begin now: it makes the sound clearer, but changes little of what was learned.")
        if ahead
        else tr("More steps will change little. Listen, and stop when you like what you hear."),
        int(steps[-1]),
    )


def _stuck(facts: Facts) -> Alert | None:
    waited = facts.seconds_since_step
    if facts.state != "running" or waited is None:
        return None
    patience = max(180.0, 30 * (facts.seconds_per_step or 0.0))
    if waited < patience:
        return None
    return Alert(
        "no-progress",
        "warning",
        tr("No step for {minutes} minutes", minutes=f"{waited / 60:.0f}"),
        tr(
            "The process is alive, but it has not finished a step. A validation, a slow disk or a sleeping computer can be the reason."
        ),
        tr("Look at the log. If nothing moves there either, stop with a checkpoint and resume."),
        facts.step,
    )


def _disk(facts: Facts) -> Alert | None:
    free = facts.disk_free
    if free is None:
        return None
    need = 3 * (facts.checkpoint_bytes or 300_000_000)
    if free > max(need, 2_000_000_000):
        return None
    grave = free < max(500_000_000, need / 3)
    return Alert(
        "disk",
        "danger" if grave else "warning",
        tr("The disk is nearly full"),
        tr(
            "{size} GB are free. When a checkpoint cannot be written the training stops.",
            size=f"{free / 1e9:.1f}",
        ),
        tr("Free some space, or keep fewer checkpoints."),
        facts.step,
    )


def _hot(facts: Facts) -> Alert | None:
    heat = facts.temperature
    if heat is None or heat < 87:
        return None
    return Alert(
        "hot",
        "danger" if heat >= 95 else "warning",
        tr("The GPU is hot"),
        tr("It is at {heat} °C. It slows down to protect itself, and may switch off.", heat=f"{heat:.0f}"),
        tr("Give it air, or pause the training."),
        facts.step,
    )


def _memory(facts: Facts) -> Alert | None:
    share = facts.memory_share
    if share is None or share < 0.95:
        return None
    comes = facts.phase == 1 and facts.phase_two_at is not None
    return Alert(
        "memory",
        "warning",
        tr("The GPU's memory is nearly full"),
        tr("{share} are in use.", share=f"{share:.0%}")
        + (
            " " + tr("Phase 2 needs more than phase 1, so the training will fail when it begins.")
            if comes
            else ""
        ),
        tr(
            "Close other programs that use the GPU, or stop with a checkpoint and resume with a smaller batch."
        ),
        facts.step,
    )


def _ram(facts: Facts) -> Alert | None:
    share = facts.ram_share
    if share is None or share < 0.95:
        return None
    return Alert(
        "ram",
        "warning",
        tr("The computer's memory is nearly full"),
        tr(
            "{share} are in use. Systems end programs when nothing is left, and everything becomes slow before.",
            share=f"{share:.0%}",
        ),
        tr(
            "Close other programs, or stop with a checkpoint and resume with a smaller batch or fewer loader processes."
        ),
        facts.step,
    )


def _headline(facts: Facts, alerts: Sequence[Alert]) -> str:
    if alerts and alerts[0].severity == "danger":
        return alerts[0].title
    if facts.state == "paused":
        return tr("Paused")
    if facts.state != "running":
        return tr("Not running")
    if alerts and alerts[0].severity == "warning":
        return tr("Worth a look: {what}", what=alerts[0].title)
    return tr("Going well")


def _sentences(curves: Mapping[str, CurveLike], facts: Facts, alerts: Sequence[Alert]) -> list[str]:
    values, _ = _in_phase(curves, DISTANCES[0], facts)
    said = []
    if facts.phase == 1:
        said.append(tr("Phase 1: the model learns to describe the sound and to rebuild it."))
        if len(values) < ENOUGH:
            said.append(
                tr("It is too early to say more; the distance to the original should fall quickly at first.")
            )
        elif not any(a.code in ("diverging", "not-a-number") for a in alerts):
            first, last = float(np.median(values[: ENOUGH // 4])), float(np.median(values[-ENOUGH // 2 :]))
            if last < first:
                said.append(
                    tr(
                        "The distance to the original fell from {first} to {last}.",
                        first=f"{first:.3g}",
                        last=f"{last:.3g}",
                    )
                )
            else:
                said.append(
                    tr("The distance to the original has not fallen yet ({last}).", last=f"{last:.3g}")
                )
        if facts.phase_two_at is not None and facts.step:
            left = max(0, round(facts.phase_two_at - facts.step))
            said.append(
                tr(
                    "Phase 2 begins in {steps} steps: the distance jumps up then, which is normal, and the sound becomes clearer.",
                    steps=f"{left:,}",
                )
            )
        elif facts.phase_two_at is None:
            said.append(tr("This run has no phase 2: what comes out is a draft."))
    else:
        said.append(
            tr("Phase 2: a discriminator compares the model with the originals and makes it sound more real.")
        )
        said.append(
            tr(
                "The distance may rise or stand still now; trust your ears and the previews more than the curve."
            )
        )
        if len(values) < ENOUGH:
            said.append(tr("It has only just begun: the curves settle within some thousand steps."))
    return said


def _in_phase(
    curves: Mapping[str, CurveLike], tag: str, facts: Facts
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """The finite points of a tag in the phase the training is in."""
    curve = curves.get(tag)
    if curve is None:
        return np.empty(0), np.empty(0, np.int64)
    steps, values = np.asarray(curve.steps), np.asarray(curve.values, np.float64)
    keep = np.isfinite(values)
    if facts.phase_two_at is not None:
        keep &= (steps >= facts.phase_two_at) if facts.phase == 2 else (steps < facts.phase_two_at)
    return values[keep], steps[keep]


def _medians(values: Floats, window: int) -> Floats:
    """Median of each whole window, in order: what a curve does without its outliers."""
    whole = len(values) // window * window
    return np.asarray(np.median(values[len(values) - whole :].reshape(-1, window), axis=1))
