"""A place to drop files and folders on."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent

from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Card, repolish


class DropZone(Card):
    """Takes local files and folders; ``dropped`` carries their paths. Put a hint and buttons into ``.box``."""

    dropped = Signal(list)

    def __init__(self, themes: ThemeManager, name: str) -> None:
        super().__init__(themes, "drop")
        self.setAcceptDrops(True)
        self.setAccessibleName(name)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()
            self._mark(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802 - Qt's name
        self._mark(False)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        self._mark(False)
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.dropped.emit(paths)

    def _mark(self, on: bool) -> None:
        self.setProperty("active", on)
        repolish(self)
