"""What the window has said, as a panel above the bell."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from rave_gui.ui import words
from rave_gui.ui.i18n import tr
from rave_gui.ui.widgets.basic import Button, IconLabel, label
from rave_gui.viewmodels.notices import Notice, Notices

if TYPE_CHECKING:
    from rave_gui.ui.shell.session import Session

_ICONS = {"danger": "circle-alert", "warning": "triangle-alert", "success": "circle-check"}
WIDTH, HEIGHT = 440, 420


class MessagesPanel(QDialog):
    """Newest first; Escape or a click elsewhere closes it."""

    def __init__(self, session: Session, notices: Notices, bell: QWidget) -> None:
        super().__init__(session.window, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self._session, self._bell = session, bell
        theme = session.themes.theme
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setStyleSheet("QDialog { background: transparent; }")
        self.setAccessibleName(tr("Messages"))
        self.setWindowTitle(tr("Messages"))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        frame = QFrame()
        frame.setObjectName("panel")
        outer.addWidget(frame)
        box = QVBoxLayout(frame)
        pad = theme.space("m")
        box.setContentsMargins(pad, pad, pad, pad)
        box.setSpacing(theme.space("s"))
        head = QHBoxLayout()
        head.addWidget(label(tr("Messages"), "lead"), 1)
        self.clear = Button(session.themes, tr("Clear"), "", "quiet")
        self.clear.setEnabled(bool(notices.all))
        self.clear.clicked.connect(notices.clear)
        self.clear.clicked.connect(self.close)
        head.addWidget(self.clear)
        box.addLayout(head)
        body = QWidget()
        self.list = QVBoxLayout(body)
        self.list.setContentsMargins(0, 0, 0, 0)
        self.list.setSpacing(0)
        if not notices.all:
            empty = label(
                tr("Nothing has been said yet. Jobs that end and things that go wrong are kept here."),
                "muted",
                wrap=True,
            )
            self.list.addWidget(empty)
        for notice in notices.all:
            self.list.addWidget(self._row(notice))
        self.list.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(body)
        area.setAccessibleName(tr("Messages"))
        box.addWidget(area, 1)
        notices.read()

    def show_it(self) -> None:
        """Open above the bell."""
        theme = self._session.themes.theme
        window = self._session.window
        assert window is not None
        width = min(theme.px(WIDTH), window.width() - 40)
        height = min(theme.px(HEIGHT), window.height() - 80)
        corner = self._bell.mapToGlobal(self._bell.rect().topRight())
        self.setGeometry(corner.x() - width, corner.y() - height - 6, width, height)
        self.show()

    def _row(self, notice: Notice) -> QWidget:
        theme = self._session.themes.theme
        row = QFrame()
        row.setObjectName("notice")
        line = QHBoxLayout(row)
        line.setContentsMargins(0, theme.space("s"), 0, theme.space("s"))
        line.setSpacing(theme.space("s"))
        icon = IconLabel(self._session.themes, _ICONS.get(notice.tone, "info"), notice.tone or "muted", 16)
        line.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(label(notice.text, wrap=True, selectable=True))
        if notice.hint:
            texts.addWidget(label(notice.hint, "muted", wrap=True, selectable=True))
        ago = tr("{time} ago", time=words.duration(time.time() - notice.time))
        texts.addWidget(label(ago, "caption"))
        line.addLayout(texts, 1)
        if notice.page:
            show = Button(self._session.themes, tr("Show"), "", "quiet")
            show.clicked.connect(lambda: self._go(notice))
            line.addWidget(show, 0, Qt.AlignmentFlag.AlignTop)
        elif notice.details:
            copy = Button(self._session.themes, tr("Copy"), "", "quiet")
            copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(notice.details))
            line.addWidget(copy, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def _go(self, notice: Notice) -> None:
        self.close()
        self._session.go(notice.page, **notice.where)
