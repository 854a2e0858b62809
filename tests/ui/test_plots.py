"""Plots of a training: what is drawn when, and pictures that show it."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets import plot as plots
from rave_gui.ui.widgets.plot import PlotPanel, round_up
from rave_gui.viewmodels.series import Series


@pytest.fixture
def panel(qtbot: QtBot, qapp: object) -> PlotPanel:
    made = PlotPanel(ThemeManager(qapp, "light"), "Distance")  # type: ignore[arg-type]
    qtbot.addWidget(made)
    made.resize(480, 260)
    made.show()
    return made


def grown(series: Series, first: int, last: int) -> None:
    series.extend((float(step), float(step)) for step in range(first, last))


def drawn(panel: PlotPanel) -> float:
    """Highest value that is painted; it is the last step here."""
    return float(panel._curves["d"].yData.max())


def test_the_end_of_an_axis_stays_for_a_while() -> None:
    for end in (1.0, 3.0, 30.0, 99.0, 1000.0, 12_345.0, 864_000.0):
        assert end <= round_up(end) <= max(end + 0.125, end * 1.125)
        assert end <= round_up(end, 8.0) <= max(end + 8, end * 1.125)
    assert len({round_up(float(end)) for end in range(100_000, 200_000, 100)}) <= 16


def test_what_would_not_be_seen_is_drawn_a_little_later(
    panel: PlotPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plots, "PATIENCE", 1e9)
    series = Series()
    grown(series, 0, 100_000)
    panel.set_series({"d": series}, {"d": "distance"})
    panel.refresh(100_000)
    assert drawn(panel) == 99_999
    assert not panel.behind

    grown(series, 100_000, 100_010)  # a pixel is 280 steps wide
    panel.refresh(100_010)
    assert drawn(panel) == 99_999
    assert panel.behind
    monkeypatch.setattr(plots, "PATIENCE", 0.0)
    panel.refresh(100_010)
    assert drawn(panel) == 100_009
    assert not panel.behind
    monkeypatch.setattr(plots, "PATIENCE", 1e9)

    grown(series, 100_010, 101_000)  # that is seen
    panel.refresh(101_000)
    assert drawn(panel) == 100_999
    series.extend([(50_000.0, 300_000.0)])  # and so is a change further back
    panel.refresh(101_000)
    assert drawn(panel) == 300_000
    assert not panel.behind


def test_the_picture_is_whole_though_the_axes_are_kept(panel: PlotPanel, qtbot: QtBot) -> None:
    """Numbers of the axes, which come from a kept picture, change with the range and the theme."""
    series = Series()
    grown(series, 0, 50)
    panel.set_series({"d": series}, {"d": "distance"})
    panel.refresh(50)
    qtbot.waitExposed(panel)
    before = panel.plot.grab().toImage()
    panel.zoom(10.0, 20.0)
    after = panel.plot.grab().toImage()
    strip = before.height() - panel.plot.getAxis("bottom").height()
    rows = range(int(strip) + 4, before.height())
    assert any(before.pixel(x, y) != after.pixel(x, y) for y in rows for x in range(60, before.width()))
