"""Words and figures of the list of jobs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from rave_gui.ui import words
from rave_gui.ui.i18n import tr
from rave_gui.viewmodels.jobs import Row, fraction

ICONS = {
    "dataset": "database",
    "dataset-append": "list-plus",
    "dataset-stats": "chart-bar",
    "dataset-index": "chart-scatter",
    "dataset-check": "circle-check",
    "dataset-repair": "wand-sparkles",
    "dataset-clean": "sparkles",
    "dataset-clone": "copy",
    "dataset-archive": "archive",
    "dataset-restore": "archive-restore",
    "dataset-extract": "file-music",
    "train": "activity",
    "trial": "flask-conical",
    "render": "audio-waveform",
    "evaluate": "audio-lines",
    "export": "package",
    "verify": "shield-check",
    "engine-install": "cpu",
    "project-export": "archive",
    "project-import": "archive-restore",
}


def moment(seconds: float) -> str:
    """A time of day, with the day when it is not today."""
    when = datetime.fromtimestamp(seconds).astimezone()
    now = datetime.now().astimezone()
    clock = when.strftime("%H:%M")
    if when.date() == now.date():
        return tr("Today {time}", time=clock)
    if (now.date() - when.date()).days == 1:
        return tr("Yesterday {time}", time=clock)
    return f"{when:%Y-%m-%d} {clock}"


def state_text(row: Row, place: int | None) -> str:
    """State, share done or place in the queue."""
    state = words.job_state(row.state)
    begin = row.not_before
    if row.state == "queued" and begin is not None and begin > time.time():
        return tr("{state} until {time}", state=state, time=words.soon(begin))
    if row.state == "queued" and place is not None:
        return tr("{state}, number {n}", state=state, n=place)
    share = fraction(row)
    if row.state in ("running", "paused", "stopping") and share is not None:
        return f"{state}  {share:.0%}"
    return state


def note(row: Row) -> str:
    """The quieter line under the title: why it is as it is, or what it is doing."""
    error = row.error or {}
    if row.state in ("failed", "interrupted", "cancelled"):
        return str(error.get("message") or row.reason)
    progress = row.progress or {}
    if row.state in ("running", "starting", "stopping", "paused"):
        parts = [str(progress.get("phase") or ""), str(progress.get("message") or row.reason)]
        return " · ".join(part for part in parts if part) or words.job_kind(row.kind)
    return row.reason or words.job_kind(row.kind)


def left(row: Row) -> str:
    """Time left, while that is known."""
    eta = (row.progress or {}).get("eta")
    if row.state == "running" and isinstance(eta, (int, float)):
        return words.duration(eta)
    return ""


def took(row: Row) -> str:
    """Time spent on it until now, or in all."""
    return words.duration((row.ended or time.time()) - row.started) if row.started else ""


def result_facts(result: Mapping[str, Any]) -> dict[str, str]:
    """What a job's result says, in words; what only programs read is left out."""
    size, length = words.size, words.duration

    def plain(value: Any) -> str:
        return str(value)

    def count(value: Any) -> str:
        return f"{value:,}"

    known: dict[str, tuple[str, Callable[[Any], str]]] = {
        "path": (tr("Written to"), plain),
        "run": (tr("Run"), plain),
        "checkpoint": (tr("Last checkpoint"), plain),
        "best": (tr("Best checkpoint"), plain),
        "step": (tr("Step"), count),
        "steps_per_second": (tr("Steps a second"), lambda v: f"{v:.3g}"),
        "peak_memory": (tr("Memory at most"), size),
        "chunks": (tr("Chunks"), count),
        "files": (tr("Files"), count),
        "seconds_usable": (tr("Usable sound"), length),
        "seconds_lost": (tr("Sound left out"), length),
        "distance": (tr("Distance to the original"), lambda v: f"{v:.2f}"),
        "distance_untrained": (tr("Distance of an untrained model"), lambda v: f"{v:.2f}"),
        "size_bytes": (tr("Size"), size),
        "real_time_factor": (tr("Share of real time it needs"), lambda v: f"{v:.1%}"),
        "sample_rate": (tr("Sample rate"), lambda v: f"{v:,} Hz"),
        "device": (tr("Device"), plain),
        "torch": ("PyTorch", plain),
    }
    facts = {}
    for key, (name, word) in known.items():
        value = result.get(key)
        if value not in (None, "") and not isinstance(value, (dict, list)):
            try:
                facts[name] = word(value)
            except (TypeError, ValueError):  # written by another version
                facts[name] = str(value)
    return facts
