"""How a training stands, in the words of ``rave-gui train show`` and ``watch``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from rave_gui.cli.follow import clock
from rave_gui.i18n import tr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rave_gui.viewmodels.standing import Standing

JUDGE_SECONDS = 10.0
"""A followed training is judged at most so often."""


def shown(found: Mapping[str, Any]) -> list[str]:
    """A run line by line: state, dataset, how far, how fast, what is left, how it is going, checkpoints."""
    lines = [str(found["name"])]
    if found["job"]:
        lines.append("  " + tr("state: {state} (job {job})", state=found["state"] or "–", job=found["job"]))
    if begin := found["not_before"]:
        moment = time.strftime("%Y-%m-%d %H:%M", time.localtime(begin))
        lines.append("  " + tr("begins: not before {time}", time=moment))
    if found["dataset"]:
        lines.append("  " + tr("dataset: {name}", name=found["dataset"]))
    lines.append("  " + far(found))
    if remains := left(found):
        lines.append("  " + remains)
    if found["state"] in ("running", "paused"):
        lines += ["  " + line for line in going(found["health"])]
    lines.append("  " + tr("folder: {path}", path=found["path"]))
    lines += ["  " + tr("checkpoint: {path}", path=path) for path in found["checkpoints"]]
    return lines


def far(found: Mapping[str, Any]) -> str:
    """How far it is: steps done of all, phase, speed."""
    progress, total = found["progress"] or {}, found["total"]
    by_steps = str(progress.get("unit", "")).startswith("step")
    step = int(progress["done"]) if by_steps else found["step"]
    if step is None:
        said = tr("no step yet")
    elif total:
        share = f"{min(1.0, step / total):.0%}"
        said = tr("step {step} of {total} ({share})", step=f"{step:,}", total=f"{total:,}", share=share)
    else:
        said = tr("step {step}", step=f"{step:,}")
    if found["epoch"] is not None:
        said += ", " + tr("epoch {n}", n=f"{found['epoch']:,}")
    if found["phase"] and found["state"] in ("running", "paused"):
        said += f", {found['phase']}"
    if found["rate"]:
        said += ", " + tr("{rate} steps a second", rate=f"{found['rate']:,.2f}")
    return said


def left(found: Mapping[str, Any]) -> str:
    """Time left of the phase and of the run, empty where nothing is under way."""
    if found["state"] != "running":
        return ""
    phase, whole = found["eta"]["phase"], found["eta"]["run"]
    if phase is None or whole is None:
        return tr("time left: being estimated")
    return tr("time left: {phase} of this phase, {run} of the run", phase=clock(phase), run=clock(whole))


def going(health: Mapping[str, Any]) -> list[str]:
    """How it is going, and what needs attention."""
    lines = [tr("How is it going? {headline}", headline=health["headline"])]
    lines += [f"  {sentence}" for sentence in health["sentences"]]
    return lines + [alert(item) for item in health["alerts"]]


def alert(item: Mapping[str, Any]) -> str:
    """One thing that needs attention, with what to do."""
    return f"{item['severity']}: {item['title']}. {item['meaning']} {item['advice']}"


class Judge:
    """Tells of a followed training when the judgement has changed; ``now`` are seconds of any clock."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        self._next = 0.0
        self._codes: set[str] = set()
        self._headline = ""

    def news(self, now: float) -> tuple[dict[str, Any], list[str]] | None:
        """The whole judgement, and what is new of it as lines; None before it is time again."""
        if now < self._next:
            return None
        self._next = now + JUDGE_SECONDS
        found = self.standing.to_json()
        health = found["health"]
        lines = [alert(item) for item in health["alerts"] if item["code"] not in self._codes]
        if health["headline"] != self._headline:
            lines.insert(0, tr("How is it going? {headline}", headline=health["headline"]))
        self._headline, self._codes = health["headline"], {item["code"] for item in health["alerts"]}
        return found, lines
