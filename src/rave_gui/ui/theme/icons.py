"""Lucide icons (ISC licence, ``assets/icons``) in any colour and size."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap, QPixmapCache
from PySide6.QtSvg import QSvgRenderer

ASSETS = Path(__file__).resolve().parent / "assets"


@lru_cache(maxsize=128)
def _source(name: str) -> bytes:
    return (ASSETS / "icons" / f"{name}.svg").read_bytes()


def source(name: str, color: str) -> bytes:
    """The SVG text of an icon in a colour (``#rrggbb``)."""
    return _source(name).replace(b"currentColor", color.encode())


def pixmap(name: str, color: str, size: int, ratio: float = 1.0, angle: float = 0.0) -> QPixmap:
    """The icon ``name`` as a square of ``size`` logical pixels, turned by ``angle`` degrees.

    Kept in Qt's cache: a table paints the same few a thousand times. Raises FileNotFoundError for an icon that is not in the set.
    """
    key = f"rave-gui:{name}:{color}:{size}:{ratio}:{angle}"
    kept = QPixmap()
    if QPixmapCache.find(key, kept):
        return kept
    image = QPixmap(round(size * ratio), round(size * ratio))
    image.setDevicePixelRatio(ratio)
    image.fill(Qt.GlobalColor.transparent)
    renderer = QSvgRenderer(QByteArray(source(name, color)))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if angle:
        painter.translate(size / 2, size / 2)
        painter.rotate(angle)
        painter.translate(-size / 2, -size / 2)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    QPixmapCache.insert(key, image)
    return image


def icon(name: str, color: str, size: int = 18, disabled: str | None = None, gap: int = 0) -> QIcon:
    """A ``QIcon`` for buttons, as sharp as the densest screen can show it.

    ``gap`` empty pixels on its right keep it apart from the button's text (style sheets have no word for that).
    """
    made = QIcon()
    ratio = screen_ratio()
    made.addPixmap(_widen(pixmap(name, color, size, ratio), gap))
    if disabled:
        made.addPixmap(_widen(pixmap(name, disabled, size, ratio), gap), QIcon.Mode.Disabled)
    return made


def screen_ratio() -> float:
    """Pixel density of the densest screen: icons are drawn once, at this density."""
    return max((screen.devicePixelRatio() for screen in QGuiApplication.screens()), default=1.0)


def _widen(image: QPixmap, gap: int) -> QPixmap:
    if not gap:
        return image
    ratio = image.devicePixelRatio()
    wide = QPixmap(image.width() + round(gap * ratio), image.height())
    wide.setDevicePixelRatio(ratio)
    wide.fill(Qt.GlobalColor.transparent)
    painter = QPainter(wide)
    painter.drawPixmap(0, 0, image)
    painter.end()
    return wide
