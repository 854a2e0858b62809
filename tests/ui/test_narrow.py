"""What gives way where there is little room: the words of a wizard's steps, and things that stand beside each other."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.sides import Sides, beside
from rave_gui.ui.widgets.steps import StepBar


def shown(qtbot: QtBot, thing: QWidget) -> QWidget:
    """Show a widget inside of a window that keeps its size; it lives as long as what is returned."""
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(1000, 200)
    thing.setParent(window)
    window.show()
    thing.show()
    return window


def test_only_the_present_step_keeps_its_word(qtbot: QtBot, themes: ThemeManager) -> None:
    bar = StepBar(themes, ["Recordings", "Review", "Parameters", "Name"])
    window = shown(qtbot, bar)
    bar.resize(900, 40)
    bar.show_step(2, [True] * 4)
    whole = [button.whole_width() for button in bar.buttons]
    qtbot.waitUntil(lambda: [button.width() for button in bar.buttons] == whole)
    bar.resize(360, 40)
    qtbot.waitUntil(lambda: bar.buttons[0].width() < bar.buttons[0].whole_width())
    qtbot.waitUntil(lambda: max(button.geometry().right() for button in bar.buttons) < 360)
    qtbot.waitUntil(lambda: bar.buttons[2].width() == whole[2])
    assert bar.buttons[0].toolTip() == "Recordings"
    assert "Recordings" in bar.buttons[0].accessibleName()
    # The word moves along with the step.
    bar.show_step(0, [True] * 4)
    qtbot.waitUntil(lambda: bar.buttons[0].width() == bar.buttons[0].whole_width())
    assert bar.buttons[2].width() < bar.buttons[2].whole_width()
    assert window.width() == 1000


def test_what_does_not_fit_beside_goes_below(qtbot: QtBot, themes: ThemeManager) -> None:
    left, right = beside(themes, QLabel("left " * 8), rest=True), beside(themes, QLabel("right " * 4))
    sides = Sides(themes, left, right)
    window = shown(qtbot, sides)
    sides.resize(left.sizeHint().width() + right.sizeHint().width() + 60, 80)
    assert not sides.stacked
    qtbot.waitUntil(lambda: right.geometry().right() >= sides.width() - 2)
    sides.resize(left.sizeHint().width() + 20, 80)
    assert sides.stacked
    qtbot.waitUntil(lambda: right.y() > left.y())
    qtbot.waitUntil(lambda: right.width() == right.sizeHint().width())
    assert window.width() == 1000
