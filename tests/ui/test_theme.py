"""Tokens: contrast of every pair that is drawn, and sizes that follow the text scale."""

from __future__ import annotations

import ast
import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QFontDatabase, QFontInfo
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from rave_gui.ui.theme import fonts, icons
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.theme.tokens import FAMILY, SCALES, THEMES, contrast, make_theme
from rave_gui.ui.widgets.fields import NumberField, TextField
from rave_gui.ui.widgets.plot import short_number, step_text, value_range

TEXT = {
    "text": ("window", "surface", "sunken", "hover", "pressed", "soft"),
    "muted": ("window", "surface", "sunken", "hover"),
    "accent": ("window", "surface", "sunken"),
    "on_fill": ("fill", "fill_hover"),
    "on_soft": ("soft",),
    "success": ("window", "surface", "success_soft"),
    "warning": ("window", "surface", "warning_soft"),
    "danger": ("window", "surface", "danger_soft"),
}
SHAPES = {"control": ("window", "surface", "sunken"), "focus": ("window", "surface", "sunken")}


@pytest.mark.parametrize("name", THEMES)
def test_contrast_meets_wcag_aa(name: str) -> None:
    colors = dataclasses.asdict(THEMES[name])
    for pairs, least in ((TEXT, 4.5), (SHAPES, 3.0)):
        for front, backs in pairs.items():
            for back in backs:
                found = contrast(colors[front], colors[back])
                assert found >= least, f"{name}: {front} on {back} is {found:.2f}:1"
    for curve in (*colors["series"], colors["original"], colors["result"]):
        assert contrast(curve, colors["surface"]) >= 3.0, f"{name}: {curve}"


def test_contrast_formula() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scale", SCALES)
def test_targets_stay_large_enough(scale: int) -> None:
    theme = make_theme("light", scale)
    assert theme.control_height >= 24
    assert theme.text("caption") >= 9


def test_the_bundled_font_is_used(themes: ThemeManager) -> None:
    assert FAMILY in QFontDatabase.families()
    assert QFontInfo(fonts.text_font(themes.theme)).family() == FAMILY


def test_icons_are_drawn_in_the_colour_asked_for(themes: ThemeManager) -> None:
    image = icons.pixmap("square", "#ff0000", 24).toImage()
    colours = {
        image.pixelColor(x, y).name()
        for x in range(24)
        for y in range(24)
        if image.pixelColor(x, y).alpha() > 250
    }
    assert colours == {"#ff0000"}
    with pytest.raises(FileNotFoundError):
        icons.pixmap("no-such-icon", "#ff0000", 24)


def test_every_icon_that_is_named_is_there() -> None:
    ui = Path(icons.__file__).parents[1]
    known = {path.stem for path in (icons.ASSETS / "icons").glob("*.svg")}
    place = {"Button": 2, "IconButton": 1, "IconLabel": 1, "_source_row": 0, "set_icon": 0}
    named = set()
    for path in ui.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in place and len(node.args) > place[name] and not isinstance(node.args[0], ast.Starred):
                named |= {
                    c.value
                    for c in ast.walk(node.args[place[name]])
                    if isinstance(c, ast.Constant) and isinstance(c.value, str) and c.value
                }
    assert {"play", "folder-plus"} <= named
    assert named <= known, named - known


def test_numbers_on_plots() -> None:
    assert [short_number(v) for v in (0.0, 13.6666, 1e-5, 63663.2, float("nan"))] == [
        "0",
        "13.67",
        "1.0e-05",
        "63,663",
        "–",
    ]
    assert [step_text(v) for v in (0, 500, 2000, 1.5e6)] == ["0", "500", "2k", "1.5M"]
    low, high, beyond = value_range(np.array([10.0] * 20 + [60_000.0]))
    assert high < 100
    assert beyond == 60_000.0
    low, high, beyond = value_range(np.array([0.01] * 5))
    assert low < 0.01 < high
    assert beyond is None


@pytest.mark.parametrize("choice", THEMES)
def test_fields_of_several_lines_look_like_those_of_one(
    themes: ThemeManager, qtbot: QtBot, choice: str
) -> None:
    themes.set_choice(choice)
    window = QWidget()
    qtbot.addWidget(window)
    box = QVBoxLayout(window)
    one, many = TextField(themes, "One"), TextField(themes, "Many", lines=3)
    number, log = NumberField(themes, "Number"), QPlainTextEdit()
    log.setReadOnly(True)
    for part in (one, many, number, log):
        box.addWidget(part)
    window.show()
    window.setFocus()
    colors = themes.theme.colors

    def ground(part: QWidget) -> str:
        picture = part.grab().toImage()
        ratio = picture.devicePixelRatio()
        return picture.pixelColor(round(picture.width() - 40 * ratio), picture.height() // 2).name()

    assert ground(one.editor) == ground(many.editor) == colors.surface
    assert ground(log) == colors.sunken
    assert number.editor.height() == one.editor.height()
    line = number.editor.findChild(QLineEdit)
    assert line is not None
    assert line.textMargins().left() == themes.theme.space("m")
