"""Runs side by side: which rows are shown, in which unit time runs, what is heard at a step."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rave_gui.training.experiments.compare import Benchmark, Clip, Comparison, Difference
from rave_gui.viewmodels.scalars import order_of, panel_of

UNITS: tuple[tuple[str, float], ...] = (("s", 1.0), ("min", 60.0), ("h", 3600.0), ("d", 86_400.0))
"""Units of time with their seconds."""


@dataclass(frozen=True)
class Cells:
    """One row of a table with a column a run. ``best``: places of the best values; ``other``: places that differ from the first."""

    key: str
    values: tuple[Any, ...]
    best: frozenset[int] = frozenset()
    other: frozenset[int] = frozenset()

    @property
    def same(self) -> bool:
        """Whether all runs agree."""
        return not self.other


def parameter_rows(found: Sequence[Difference], *, only_different: bool, search: str = "") -> list[Cells]:
    """Parameters; those that differ come first."""
    rows = [_cells(row) for row in found if not (only_different and row.same)]
    return [row for row in rows if _has(row, search)]


def figure_rows(comparison: Comparison, search: str = "") -> list[Cells]:
    """How fast the runs were and what was measured of them; the best of each row is marked."""
    rows = [
        _speed(comparison.benchmarks, key) for key in ("steps", "seconds", "steps_per_second", "peak_memory")
    ]
    shown = [row for row in comparison.metrics if not row.name.endswith(".best_step") and _drawn(row.name)]
    shown.sort(key=lambda row: (_place(row.name), row.name))
    return [
        row
        for row in [
            *(r for r in rows if any(v is not None for v in r.values)),
            *(_measured(r) for r in shown),
        ]
        if _has(row, search)
    ]


def pieces(clips: Sequence[Sequence[Clip]]) -> int:
    """How many different held-out pieces these runs play (RAVE takes them from the run's own dataset); reads one file of each run."""
    found = set()
    for of_run in clips:
        if of_run:
            try:
                found.add(hashlib.sha256(of_run[-1].original.read_bytes()).digest())
            except OSError:
                continue
    return len(found)


def _cells(row: Difference) -> Cells:
    other = frozenset(i for i, value in enumerate(row.values) if value != row.values[0])
    return Cells(row.name, tuple(row.values), frozenset(), other)


def _speed(benchmarks: Sequence[Benchmark], key: str) -> Cells:
    values = [getattr(row, key) for row in benchmarks]
    better = {"steps_per_second": max, "peak_memory": min}.get(key)
    return Cells(f"speed.{key}", tuple(values), _extremes(values, better) if better else frozenset())


def _measured(row: Difference) -> Cells:
    panel = panel_of(row.name.rpartition(".")[0])
    lower = panel is not None and panel.better == "lower"
    return Cells(row.name, tuple(row.values), _extremes(row.values, min) if lower else frozenset())


def _extremes(values: Sequence[Any], choose: Any) -> frozenset[int]:
    """Places of the best value; none where fewer than two runs have one, or all have the same."""
    known = {
        i: float(v)
        for i, v in enumerate(values)
        if isinstance(v, (int, float)) and not isinstance(v, bool) and math.isfinite(v)
    }
    if len(known) < 2 or len(set(known.values())) < 2:
        return frozenset()
    best = choose(known.values())
    return frozenset(i for i, v in known.items() if v == best)


def _drawn(name: str) -> bool:
    return panel_of(name.rpartition(".")[0]) is not None


def _place(name: str) -> tuple[int, str]:
    panel = panel_of(name.rpartition(".")[0])
    return order_of(panel) if panel is not None else (10**6, name)


def _has(row: Cells, search: str) -> bool:
    text = f"{row.key} {' '.join(map(str, row.values))}".casefold()
    return all(part in text for part in search.casefold().split())


def tags_in_order(tags: Sequence[str]) -> list[str]:
    """Curves worth drawing, what matters most first."""
    found = [(panel, tag) for tag in tags if (panel := panel_of(tag)) is not None]
    return [tag for _panel, tag in sorted(found, key=lambda pair: (order_of(pair[0]), pair[1]))]


def time_unit(seconds: float) -> tuple[str, float]:
    """The unit in which a stretch of time has two or three digits: key (s, min, h, d) and its seconds."""
    for key, size in UNITS:
        if seconds < 120 * size:
            return key, size
    return UNITS[-1]


def heard(clips: Sequence[Sequence[Clip]], step: int) -> list[Clip | None]:
    """Of each run the preview at ``step``, or the one nearest to it; None for a run without any."""
    return [min(found, key=lambda clip: abs(clip.step - step)) if found else None for found in clips]


def steps_to_hear(clips: Sequence[Sequence[Clip]], common: Sequence[int]) -> list[int]:
    """Steps of the slider: those that all runs have; where there are none, every step that some run has."""
    return list(common) or sorted({clip.step for found in clips for clip in found})
