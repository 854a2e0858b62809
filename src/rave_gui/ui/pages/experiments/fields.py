"""Names and formats of the table's columns."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path
from typing import Any

from rave_gui.training.parameters import PARAMETERS
from rave_gui.ui import words
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.training.runs import moment
from rave_gui.ui.widgets.table import Column
from rave_gui.viewmodels.experiments import ExperimentsModel, Group, Row, at_step
from rave_gui.viewmodels.scalars import panel_of

FIGURES = (".last", ".best", ".best_step")
WIDTHS = {"name": 230, "state": 120, "step": 100, "dataset": 130, "config": 150, "preset": 100, "created": 170, "modified": 170,
          "tags": 130, "note": 200, "phase": 80, "bytes": 90}  # fmt: skip
RIGHT = ("step", "bytes", "steps_per_second", "seconds", "peak_memory")
"""Fields of a run that stand on the right though they are no figures of curves."""
TIMES = ("created", "modified")
KINDS = ("run", "figures", "parameters", "bindings")


def kind(name: str) -> str:
    """Where a field belongs in the list of columns: run, figures, parameters or bindings."""
    if name.endswith(FIGURES) or at_step(name) is not None:
        return "figures"
    if name in _run_titles():
        return "run"
    return "parameters" if name in _parameters() else "bindings"


def kind_title(key: str) -> str:
    """Heading of a kind of columns."""
    return {
        "run": tr("The run"),
        "figures": tr("What was measured"),
        "parameters": tr("Parameters"),
        "bindings": tr("Bindings of the configuration"),
    }[key]


def _run_titles() -> dict[str, str]:
    return {
        "name": tr("Run"),
        "state": tr("State"),
        "step": tr("Steps"),
        "phase": tr("Phase"),
        "dataset": tr("Dataset"),
        "config": tr("Configurations"),
        "preset": tr("Preset"),
        "tags": tr("Tags"),
        "note": tr("Note"),
        "created": tr("Made"),
        "modified": tr("Changed"),
        "bytes": tr("On disk"),
        "steps_per_second": tr("Steps a second"),
        "seconds": tr("Time of work"),
        "peak_memory": tr("Memory at most"),
        "starred": tr("Star"),
        "archived": tr("Archived"),
    }


def _parameters() -> dict[str, str]:
    return {p.key: tr(p.label) for p in PARAMETERS}


def curve_title(tag: str) -> str:
    """A scalar of the training in words."""
    panel = panel_of(tag)
    if panel is None:
        return tag
    title = words.panel_title(panel)
    name = words.curve_name(tag)
    return title if len(panel.tags) == 1 and not panel.tags[0].endswith("*") else f"{title}, {name}"


def title(name: str) -> str:
    """A column's heading."""
    known = _run_titles().get(name) or _parameters().get(name)
    if known:
        return known
    placed = at_step(name)
    if placed is not None:
        return tr("{curve} at {step}", curve=curve_title(placed[0]), step=f"{placed[1]:,}")
    for ending in FIGURES:
        if name.endswith(ending):
            curve = curve_title(name.removesuffix(ending))
            return {
                ".last": tr("{curve}: last", curve=curve),
                ".best": tr("{curve}: lowest", curve=curve),
                ".best_step": tr("{curve}: step of the lowest", curve=curve),
            }[ending]
    return name


def short_title(name: str) -> str:
    """A heading that fits over a column of figures."""
    if name == "validation.best":
        return tr("Distance")
    return title(name)


def figure(value: float) -> str:
    """A number in at most about eight characters."""
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    if size and (size < 0.001 or size >= 1e7):
        return f"{value:.2e}"
    return f"{value:,.0f}" if size >= 1000 or value == int(value) else f"{value:.4g}"


def text(name: str, value: Any) -> str:
    """A field's value as it is shown."""
    if value is None or value in ("", []):
        return ""
    if name == "state":
        return words.job_state(str(value))
    if name == "phase":
        return {1: tr("Phase 1"), 2: tr("Phase 2")}.get(value, str(value))
    if name in TIMES and isinstance(value, (int, float)):
        return moment(value)
    if name in ("bytes", "peak_memory"):
        return words.size(float(value)) if value else ""
    if name == "seconds" and isinstance(value, (int, float)):
        return words.duration(float(value))
    if isinstance(value, bool):
        return tr("Yes") if value else tr("No")
    if isinstance(value, (int, float)):
        return figure(value)
    if isinstance(value, (list, tuple)):
        glue = " + " if name == "config" else ", "
        return glue.join(_plain(part) for part in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {part}" for key, part in value.items())
    return str(value)


def _plain(part: Any) -> str:
    """Paths of own configurations by their name."""
    shown = str(part)
    return Path(shown).stem if "/" in shown or "\\" in shown else shown


def make_column(model: ExperimentsModel, name: str) -> Column[Row]:
    """The table's column of a field. Headings of groups say their value, how many runs they hold, and the lowest figures."""

    def show(row: Row) -> str:
        if isinstance(row, Group):
            return _of_group(model, row, name)
        return text(name, model.value(row, name))

    if name == "name":
        return Column(
            "name",
            tr("Run"),
            show,
            WIDTHS["name"],
            strong=True,
            icon=lambda row: _icon(model, row),
            tip=lambda row: "" if isinstance(row, Group) else str(row.fields.get("note") or row.path),
        )
    right = kind(name) == "figures" or name in RIGHT or _is_figure(model, name)
    return Column(
        name,
        short_title(name),
        show,
        WIDTHS.get(name, 120),
        right=right,
        tone=(lambda row: "" if isinstance(row, Group) else words.state_tone(str(row.fields.get("state") or "")) or "muted")
        if name == "state"
        else lambda row: "muted" if isinstance(row, Group) else "",
        tip=lambda row: f"{title(name)}: {_exact(row, name) or show(row)}",
    )  # fmt: skip


def _exact(row: Row, name: str) -> str:
    """A time in full; empty for everything else."""
    value = None if isinstance(row, Group) or name not in TIMES else row.fields.get(name)
    if not value or not isinstance(value, (int, float)):
        return ""
    return datetime.fromtimestamp(value).astimezone().strftime("%Y-%m-%d %H:%M")


def _is_figure(model: ExperimentsModel, name: str) -> bool:
    for run in model.all[:200]:
        value = run.fields.get(name)
        if value is not None:
            return isinstance(value, (int, float)) and not isinstance(value, bool)
    return False


def _icon(model: ExperimentsModel, row: Row) -> str:
    if isinstance(row, Group):
        return "chevron-right" if row.key in model.closed else "chevron-down"
    if row.fields.get("starred"):
        return "star"
    return "archive" if row.fields.get("archived") else ""


def _of_group(model: ExperimentsModel, group: Group, name: str) -> str:
    if name == "name":
        value = text(group.field, list(group.value) if isinstance(group.value, tuple) else group.value)
        return tr("{value} ({n})", value=value or tr("None"), n=len(group.runs))
    if kind(name) == "figures" and not name.endswith(".best_step"):
        found = [model.value(run, name) for run in group.runs]
        numbers = [v for v in found if isinstance(v, (int, float)) and math.isfinite(v)]
        return tr("from {lowest}", lowest=figure(min(numbers))) if numbers else ""
    return ""
