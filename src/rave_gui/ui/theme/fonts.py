"""The bundled text font (Inter, SIL Open Font License 1.1, ``assets/fonts``)."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QFont, QFontDatabase

from rave_gui.ui.theme.tokens import FAMILY, MONO_FAMILIES, Theme

FONTS = Path(__file__).resolve().parent / "assets" / "fonts"
WEIGHTS = ("Regular", "Medium", "SemiBold")


def load_fonts() -> bool:
    """Register the bundled font with Qt; False when a file could not be used (Qt then falls back to the system's font)."""
    return all(QFontDatabase.addApplicationFont(str(FONTS / f"Inter-{w}.ttf")) >= 0 for w in WEIGHTS)


def text_font(
    theme: Theme, role: str = "body", weight: QFont.Weight = QFont.Weight.Normal, tabular: bool = False
) -> QFont:
    """The interface font in one of the sizes of the type scale; ``tabular`` makes figures equally wide."""
    font = QFont(FAMILY)
    font.setPixelSize(theme.text(role))
    font.setWeight(weight)
    if tabular:
        font.setFeature(QFont.Tag.fromString("tnum"), 1)
    return font


def mono_font(theme: Theme, role: str = "caption") -> QFont:
    """A fixed-width font for logs and paths."""
    font = QFont()
    font.setFamilies(list(MONO_FAMILIES))
    font.setStyleHint(QFont.StyleHint.Monospace)
    font.setPixelSize(theme.text(role))
    return font
