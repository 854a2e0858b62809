"""Contrast as it is painted: every text of the gallery, in all three themes, read from pictures of the window."""

from __future__ import annotations

from collections import Counter

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QAbstractButton, QLabel, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot
from tests.ui.conftest import Opener

from rave_gui.ui.theme.tokens import THEMES, contrast
from rave_gui.ui.widgets.basic import IconLabel

LEAST = 4.5
"""WCAG 2.2, 1.4.3. Disabled controls are exempt; large text needs 3.0 only, but gets no less here."""
SLACK = 0.35
"""Thin strokes are never painted in their full colour: anti-aliasing leaves a little of the ground in the darkest pixel."""


def painted(image: QImage) -> tuple[str, str, float]:
    """The ground of a picture (its most frequent colour), the colour on it that is farthest from it, and their contrast."""
    counts: Counter[int] = Counter(
        image.pixel(x, y) & 0xFFFFFF for y in range(image.height()) for x in range(image.width())
    )
    ground = QColor(counts.most_common(1)[0][0]).name()
    best = max(
        ((contrast(QColor(p).name(), ground), QColor(p).name()) for p in counts), default=(1.0, ground)
    )
    return ground, best[1], best[0]


def texts(root: QWidget) -> list[tuple[QWidget, QRect]]:
    """Enabled widgets with text that can be seen, and where in them the text is."""
    found: list[tuple[QWidget, QRect]] = []
    for widget in root.findChildren(QWidget):
        if not widget.isVisible() or not widget.isEnabled() or isinstance(widget, IconLabel):
            continue
        if isinstance(widget, QLabel) and widget.text():
            found.append((widget, widget.contentsRect()))
        elif isinstance(widget, QAbstractButton) and widget.text():
            # Without border, icon and mark: in a button letters are right of the middle, elsewhere right of the mark.
            box = widget.rect()
            left = box.width() // 2 if isinstance(widget, (QPushButton, QToolButton)) else 40
            found.append((widget, box.adjusted(left, 6, -12, -6)))
    return found


@pytest.mark.parametrize("theme", THEMES)
def test_text_is_painted_with_enough_contrast(open_app: Opener, qtbot: QtBot, theme: str) -> None:
    app = open_app(page="gallery")
    app.themes.set_choice(theme)
    app.window.resize(1440, 900)
    page = app.page("gallery")
    inside = page.area.widget()
    qtbot.waitUntil(lambda: inside.height() > 1500)
    picture = inside.grab().toImage()
    ratio = picture.devicePixelRatio()
    looked, poor = 0, []
    for widget, box in texts(inside):
        corner = widget.mapTo(inside, box.topLeft())
        place = QRect(QPoint(round(corner.x() * ratio), round(corner.y() * ratio)), box.size() * ratio)
        part = picture.copy(place.intersected(picture.rect()))
        if part.width() < 4 or part.height() < 4:
            continue
        ground, front, found = painted(part)
        looked += 1
        if found < LEAST - SLACK:
            words = widget.text() if isinstance(widget, (QLabel, QAbstractButton)) else ""
            poor.append(f"{words!r}: {front} on {ground} is {found:.2f}:1")
    assert looked > 80
    assert not poor, "\n".join(poor)
