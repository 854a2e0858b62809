"""Reports as PDF: Qt lays the pages out, in a thread of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QByteArray, QEventLoop, QMarginsF, QRectF, Qt, QUrl
from PySide6.QtGui import (
    QGuiApplication,
    QImage,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QTextDocument,
)
from PySide6.QtSvg import QSvgRenderer

DOTS = 150
"""Dots an inch of the pages."""
SHARP = 3
"""Pixels a dot of the drawings: curves stay fine on paper."""


def write_pdf(html: str, pictures: Mapping[str, str], target: Path) -> None:
    """``html`` names its drawings as images; ``pictures`` holds them as SVG text by that name. Raises :class:`OSError`."""
    loop = QEventLoop()  # gives the thread a dispatcher, which the document's timers ask for
    document = QTextDocument()
    for name, svg in pictures.items():
        document.addResource(QTextDocument.ResourceType.ImageResource.value, QUrl(name), _picture(svg))
    aside = target.with_name(f".{target.name}.part")
    writer = QPdfWriter(str(aside))
    writer.setResolution(DOTS)
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(QMarginsF(15, 15, 15, 15), QPageLayout.Unit.Millimeter)
    writer.setTitle(target.stem)
    document.setHtml(html)
    document.setPageSize(QRectF(writer.pageLayout().paintRectPixels(DOTS)).size())
    document.print_(writer)
    del writer, document, loop
    if not aside.exists() or not aside.stat().st_size:
        raise OSError(f"{target} could not be written")
    aside.replace(target)


def write_pdf_alone(html: str, pictures: Mapping[str, str], target: Path) -> None:
    """:func:`write_pdf` in a program that has no window and needs no screen. Raises :class:`OSError`."""
    made = None
    if QGuiApplication.instance() is None:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        made = QGuiApplication(["rave-gui"])
    write_pdf(html, pictures, target)
    del made


def _picture(svg: str) -> QImage:
    renderer = QSvgRenderer(QByteArray(svg.encode("utf-8")))
    image = QImage(renderer.defaultSize() * SHARP, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    image.setDevicePixelRatio(SHARP)
    return image
