"""Curves: order, replacement, envelopes that lose no spike."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rave_gui.viewmodels.scalars import PANELS, order_of, panel_of
from rave_gui.viewmodels.series import Series

SLOW_MACHINES = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SLOW_MACHINES
@given(st.lists(st.tuples(st.integers(0, 500), st.floats(-1e6, 1e6)), max_size=200))
def test_steps_rise_and_the_last_value_of_a_step_counts(pairs: list[tuple[int, float]]) -> None:
    series = Series()
    series.extend(pairs)
    expected = dict(pairs)
    assert list(series.steps) == sorted(expected)
    assert list(series.values) == [expected[step] for step in sorted(expected)]


@SLOW_MACHINES
@given(st.integers(1, 5000), st.integers(1, 200), st.integers(0, 10_000))
def test_envelope_keeps_extremes_within_its_size(count: int, buckets: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=count)
    series = Series()
    series.extend(enumerate(values))
    x, y = series.envelope(0, count, buckets)
    assert len(x) == len(y) <= max(2 * buckets, 0) or len(x) == count <= 2 * buckets
    assert y.min() == values.min()
    assert y.max() == values.max()
    assert np.all(np.diff(x) >= 0)


def test_envelope_of_a_part_reaches_one_point_beyond_each_end() -> None:
    series = Series()
    series.extend((step, step * 2.0) for step in range(100))
    x, _ = series.envelope(40, 60, 500)
    assert (x[0], x[-1]) == (39.0, 61.0)


def test_gaps_do_not_hide_values() -> None:
    series = Series()
    series.extend((step, float("nan") if step % 2 else 1.0) for step in range(1000))
    _, y = series.envelope(0, 1000, 10)
    assert np.nanmax(y) == 1.0
    assert series.limits() == (1.0, 1.0)


@SLOW_MACHINES
@given(st.integers(0, 30_000), st.integers(200, 40_000), st.integers(1, 20), st.integers(0, 1000))
def test_long_curves_hide_no_value_while_they_grow_and_change(
    low: int, width: int, buckets: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    series = Series()
    for third in range(3):
        series.extend_arrays(np.arange(20_000.0) + 20_000 * third, rng.normal(size=20_000))
        series.envelope(0, 1e9, buckets)
    series.add(12_345, 50.0)
    series.add(33_333.5, -50.0)
    series.cut(55_555)
    series.extend_arrays(np.arange(55_600.0, 58_000.0), rng.normal(size=2400))
    series.add(57_000, float("nan"))
    x, y = series.envelope(low, low + width, buckets)
    first = max(int(np.searchsorted(series.steps, low)) - 1, 0)
    last = int(np.searchsorted(series.steps, low + width, side="right")) + 1
    part = series.values[first:last]
    assert np.all(np.diff(x) >= 0)
    assert len(x) <= max(2 * buckets, len(part) if len(part) <= 2 * buckets else 0)
    assert (np.nanmin(y), np.nanmax(y)) == (np.nanmin(part), np.nanmax(part))


def test_nearest_point() -> None:
    series = Series()
    assert series.at(3) is None
    series.extend([(0, 1.0), (10, 2.0)])
    assert series.at(4) == (0.0, 1.0)
    assert series.at(6) == (10.0, 2.0)
    assert series.at(99) == (10.0, 2.0)


def test_every_tag_rave_writes_has_its_place() -> None:
    tags = [
        "multiband_spectral_distance",
        "fullband_spectral_distance",
        "regularization",
        "beta_factor",
        "validation",
        "fidelity_0.95",
        "loss_dis",
        "pred_real",
        "pred_fake",
        "feature_matching",
        "adversarial",
        "learning_rate",
    ]
    known = {panel.key for panel in PANELS}
    for tag in tags:
        panel = panel_of(tag)
        assert panel is not None
        assert panel.key in known
    assert panel_of("epoch") is None
    own = panel_of("something_new")
    assert own is not None
    assert order_of(own) > order_of(PANELS[-1])
