"""Lucide icons (ISC licence, ``assets/icons``) in any colour and size."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

ASSETS = Path(__file__).resolve().parent / "assets"


@lru_cache(maxsize=128)
def _source(name: str) -> bytes:
    return (ASSETS / "icons" / f"{name}.svg").read_bytes()


def pixmap(name: str, color: str, size: int, ratio: float = 1.0, angle: float = 0.0) -> QPixmap:
    """The icon ``name`` as a square of ``size`` logical pixels, turned by ``angle`` degrees.

    Raises FileNotFoundError for an icon that is not in the set.
    """
    image = QPixmap(round(size * ratio), round(size * ratio))
    image.setDevicePixelRatio(ratio)
    image.fill(Qt.GlobalColor.transparent)
    renderer = QSvgRenderer(QByteArray(_source(name).replace(b"currentColor", color.encode())))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if angle:
        painter.translate(size / 2, size / 2)
        painter.rotate(angle)
        painter.translate(-size / 2, -size / 2)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return image


def icon(name: str, color: str, size: int = 18, disabled: str | None = None) -> QIcon:
    """A ``QIcon`` for buttons, with a sharp version for screens of twice the density."""
    made = QIcon()
    for ratio in (1.0, 2.0):
        made.addPixmap(pixmap(name, color, size, ratio))
        if disabled:
            made.addPixmap(pixmap(name, disabled, size, ratio), QIcon.Mode.Disabled)
    return made
