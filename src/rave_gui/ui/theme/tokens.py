"""Every colour, radius, distance and text size of the window. Nothing else in the interface names a colour or a pixel.

Contrast is tested (``tests/ui/test_theme.py``): text on its surfaces at least 4.5:1, control borders, focus and state colours
at least 3:1 (WCAG 2.2 AA, success criteria 1.4.3 and 1.4.11).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ThemeName = Literal["light", "dark", "high-contrast"]


@dataclass(frozen=True)
class Colors:
    """Colours by their role, as ``#rrggbb``."""

    window: str
    """Behind everything."""
    side: str
    """Behind navigation and status bar: the frame around the pages."""
    surface: str
    """Cards and panels."""
    sunken: str
    """Fields, wells and plots inside a card."""
    hover: str
    pressed: str
    border: str
    """Quiet lines that only group."""
    control: str
    """Borders that show where a control is (3:1)."""
    text: str
    muted: str
    """Secondary text (still 4.5:1)."""
    disabled: str
    accent: str
    """Lines, icons and links."""
    fill: str
    """Filled primary controls."""
    fill_hover: str
    on_fill: str
    soft: str
    """Selected and highlighted background."""
    on_soft: str
    focus: str
    success: str
    success_soft: str
    warning: str
    warning_soft: str
    danger: str
    danger_soft: str
    grid: str
    """Lines inside plots."""
    series: tuple[str, ...]
    """Curves, in order of use."""
    original: str
    """The original recording, wherever two sounds are compared."""
    result: str
    """What the model made of it."""


LIGHT = Colors(
    window="#f7f7f9",
    side="#ededf2",
    surface="#ffffff",
    sunken="#f7f7f9",
    hover="#eeeef2",
    pressed="#e3e3ea",
    border="#e2e2e8",
    control="#85879a",
    text="#1b1c22",
    muted="#5a5d6b",
    disabled="#9a9ca8",
    accent="#5048c4",
    fill="#5048c4",
    fill_hover="#433cae",
    on_fill="#ffffff",
    soft="#ecebfb",
    on_soft="#3a3498",
    focus="#5048c4",
    success="#14734a",
    success_soft="#e3f5eb",
    warning="#8a5600",
    warning_soft="#fdf1db",
    danger="#bf2531",
    danger_soft="#fdeaec",
    grid="#e7e7ed",
    series=("#5048c4", "#c2410c", "#0f766e", "#a21caf", "#1d6fb8", "#6b7010"),
    original="#0f766e",
    result="#5048c4",
)

DARK = Colors(
    window="#131417",
    side="#0d0e11",
    surface="#1b1c21",
    sunken="#16171b",
    hover="#282a31",
    pressed="#32343d",
    border="#2d2f37",
    control="#747889",
    text="#ecedf1",
    muted="#a4a8b6",
    disabled="#6b6f7d",
    accent="#a29dff",
    fill="#635ad9",
    fill_hover="#6a61dd",
    on_fill="#ffffff",
    soft="#2a2850",
    on_soft="#d3d0ff",
    focus="#a29dff",
    success="#52c98f",
    success_soft="#15301f",
    warning="#edb548",
    warning_soft="#35280d",
    danger="#ff8088",
    danger_soft="#3a181b",
    grid="#2a2c33",
    series=("#a29dff", "#fb923c", "#3fc6b4", "#e48af0", "#63b3f5", "#c3c84a"),
    original="#3fc6b4",
    result="#a29dff",
)

CONTRAST = Colors(
    window="#000000",
    side="#000000",
    surface="#000000",
    sunken="#000000",
    hover="#2b2b2b",
    pressed="#404040",
    border="#ffffff",
    control="#ffffff",
    text="#ffffff",
    muted="#ffffff",
    disabled="#b3b3b3",
    accent="#ffe14d",
    fill="#ffe14d",
    fill_hover="#fff0a0",
    on_fill="#000000",
    soft="#3d3600",
    on_soft="#ffe14d",
    focus="#4de1ff",
    success="#5cff9d",
    success_soft="#00300f",
    warning="#ffc94d",
    warning_soft="#332500",
    danger="#ff9ba1",
    danger_soft="#400008",
    grid="#5c5c5c",
    series=("#ffe14d", "#4de1ff", "#ff9d5c", "#ff9bff", "#9dff5c", "#ffffff"),
    original="#4de1ff",
    result="#ffe14d",
)

THEMES: dict[str, Colors] = {"light": LIGHT, "dark": DARK, "high-contrast": CONTRAST}

# Text sizes in pixels at 100 % (96 dpi; Qt multiplies by the screen's own factor).
TEXT = {"caption": 12, "body": 14, "lead": 16, "title": 22, "figure": 26}

# Distances in pixels at 100 %: multiples of four.
SPACE = {"xs": 4, "s": 8, "m": 12, "l": 16, "xl": 24, "xxl": 32}

RADIUS = {"small": 5, "medium": 8, "large": 12}

CONTROL_HEIGHT = 34
"""Smallest height of buttons and fields; every target is at least 24 px even at 80 % text."""
SIDE_WIDTH, SIDE_NARROW = 212, 56
"""Width of the navigation with words, and with icons only."""
PAGE_MIN = 960
"""Width a page should have, in pixels at 100 %, before the navigation gives up its words for it."""
FAMILY = "Inter"
MONO_FAMILIES = ("JetBrains Mono", "Cascadia Mono", "Menlo", "Consolas", "DejaVu Sans Mono", "monospace")
MIN_SCALE, MAX_SCALE = 80, 200
SCALES = (80, 90, 100, 110, 125, 150, 175, 200)


@dataclass(frozen=True)
class Theme:
    """A theme at one text scale: the object that palettes, style sheets and painters are made from."""

    name: str
    colors: Colors
    scale: int = 100
    """Text size in percent."""

    def px(self, value: float) -> int:
        """``value`` pixels at this text scale, at least 1."""
        return max(1, round(value * self.scale / 100))

    def text(self, role: str) -> int:
        """Pixel size of a text role of :data:`TEXT`."""
        return self.px(TEXT[role])

    def space(self, role: str) -> int:
        """Distance of a role of :data:`SPACE`; grows at half the text's pace, so that large text keeps room for itself."""
        return max(1, round(SPACE[role] * (100 + (self.scale - 100) * 0.5) / 100))

    @property
    def control_height(self) -> int:
        """Height of buttons and fields in pixels."""
        return max(26, self.px(CONTROL_HEIGHT))

    @property
    def dark(self) -> bool:
        """Whether text is lighter than what is behind it."""
        return self.name != "light"


def make_theme(name: str, scale: int = 100) -> Theme:
    """A theme by name; the scale is kept within 80 to 200 %. Raises KeyError for an unknown name."""
    return Theme(name, THEMES[name], min(MAX_SCALE, max(MIN_SCALE, scale)))


def luminance(color: str) -> float:
    """Relative luminance of ``#rrggbb`` (WCAG 2.2)."""
    parts = []
    for i in (1, 3, 5):
        c = int(color[i : i + 2], 16) / 255
        parts.append(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4)
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(a: str, b: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)
