"""What fits into the memory there is: the largest batch, the longest example, the largest capacity; computed, not guessed."""

from __future__ import annotations

import contextlib
from typing import Any

from rave_engine import configs, estimate
from rave_engine.errors import EngineError

HEADROOM = 0.9
"""Share of the memory that may be planned with: driver, convolution workspaces and fragmentation are not in the estimate."""
LARGEST_BATCH = 256
LENGTHS = (262144, 196608, 131072, 98304, 65536, 49152, 32768, 24576, 16384, 8192)
CAPACITIES = (128, 96, 64, 48, 32, 24, 16, 12, 8, 4)


def recommend(stack: dict[str, Any], n_signal: int, batch: int, limit: int) -> dict[str, Any]:
    """For ``limit`` bytes: ``{"limit", "usable", "now", "fits", "batch", "n_signal", "capacity"}``.

    ``now`` and each of the last three are ``{"value", "phase_1", "phase_2"}`` with bytes (``now`` without value): the largest value that
    fits while the others stay as they are; None where none does.
    """
    usable = int(limit * HEADROOM)
    asked = _Asked(stack)
    now = asked(n_signal, batch)
    return {
        "limit": limit,
        "usable": usable,
        "now": {"phase_1": now["phase_1"], "phase_2": now["phase_2"]},
        "fits": _peak(now) <= usable,
        "batch": _largest_batch(asked, n_signal, usable),
        "n_signal": _longest(asked, stack, n_signal, batch, usable),
        "capacity": _widest(asked, n_signal, batch, usable),
    }


def _peak(found: dict[str, Any]) -> int:
    return max(int(found["phase_1"]), int(found["phase_2"]))


class _Asked:
    """Estimates by sizes, each made once."""

    def __init__(self, stack: dict[str, Any]) -> None:
        self.stack = stack
        self.known: dict[tuple[int, int, int | None], dict[str, Any]] = {}

    def __call__(self, n_signal: int, batch: int, capacity: int | None = None) -> dict[str, Any]:
        key = (n_signal, batch, capacity)
        if key not in self.known:
            overrides = list(self.stack["overrides"])
            if capacity is not None:
                overrides.append(f"CAPACITY = {capacity}")
            configs.compose(**{**self.stack, "overrides": overrides})
            self.known[key] = estimate.estimate(n_signal, batch)
        return self.known[key]

    def capacity(self) -> int | None:
        """The stack's own capacity; None where it has none."""
        import gin

        configs.compose(**self.stack)
        with contextlib.suppress(ValueError):
            value = gin.query_parameter("CAPACITY/macro.value")
            return value if isinstance(value, int) else None
        return None


def _answer(value: int, found: dict[str, Any]) -> dict[str, int]:
    return {"value": value, "phase_1": found["phase_1"], "phase_2": found["phase_2"]}


def _largest_batch(asked: _Asked, n_signal: int, usable: int) -> dict[str, int] | None:
    """Memory grows in a straight line with the batch: two points give it, a third confirms it."""
    one = _peak(asked(n_signal, 1))
    if one > usable:
        return None
    two = _peak(asked(n_signal, 2))
    batch = min(LARGEST_BATCH, 1 + max(0, usable - one) // max(two - one, 1))
    while batch > 1 and _peak(asked(n_signal, batch)) > usable:
        batch -= 1
    return _answer(batch, asked(n_signal, batch))


def _longest(
    asked: _Asked, stack: dict[str, Any], n_signal: int, batch: int, usable: int
) -> dict[str, int] | None:
    least = estimate.shortest_example(**stack)
    one, two = _peak(asked(n_signal, 1)), _peak(asked(n_signal, 2))
    fixed, each = 2 * one - two, (two - one) / n_signal
    for length in LENGTHS:
        if length < least:
            break
        if fixed + each * batch * length > 1.1 * usable:
            continue  # far too long by the straight line
        try:
            found = asked(length, batch)
        except EngineError:  # no multiple of the ratio
            continue
        if _peak(found) <= usable:
            return _answer(length, found)
    return None


def _widest(asked: _Asked, n_signal: int, batch: int, usable: int) -> dict[str, int] | None:
    own = asked.capacity()
    if own is None:
        return None
    if _peak(asked(n_signal, batch)) <= usable:
        return _answer(own, asked(n_signal, batch))
    now = _peak(asked(n_signal, batch))
    for capacity in CAPACITIES:
        # Activations grow with the capacity, weights with its square.
        if capacity < own and now * (capacity / own) ** 2 <= usable:
            found = asked(n_signal, batch, capacity)
            if _peak(found) <= usable:
                return _answer(capacity, found)
    return None
