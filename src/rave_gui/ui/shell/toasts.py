"""Messages at the lower right: they go after some seconds, stay while the mouse is over them, and errors stay until closed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QEnterEvent, QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from rave_gui.ui.i18n import tr
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Button, IconButton, IconLabel, label
from rave_gui.viewmodels.notices import Notice

SHOWN_MS = 6000
MOST = 4
"""Older ones make room; all are kept behind the bell."""
WIDTH = 400
_ICONS = {"danger": "circle-alert", "warning": "triangle-alert", "success": "circle-check"}


class Toast(QFrame):
    """One message. ``gone``: it was closed, or its time was over."""

    gone = Signal()

    def __init__(
        self,
        themes: ThemeManager,
        notice: Notice,
        actions: Sequence[tuple[str, Callable[[], object]]],
        parent: QWidget | None,
        *,
        stays: bool = False,
    ) -> None:
        """``stays``: until it is closed, as errors do."""
        super().__init__(parent)
        theme = themes.theme
        self.notice = notice
        self.setObjectName("toast")
        self.setProperty("tone", notice.tone)
        self.setAccessibleName(notice.text)
        self.setAccessibleDescription(notice.hint)
        row = QHBoxLayout(self)
        pad = theme.space("m")
        row.setContentsMargins(pad, pad, theme.space("s"), pad)
        row.setSpacing(theme.space("m"))
        tone = notice.tone or "accent"
        single = not notice.hint and not actions
        place = Qt.AlignmentFlag.AlignVCenter if single else Qt.AlignmentFlag.AlignTop
        row.addWidget(IconLabel(themes, _ICONS.get(notice.tone, "info"), tone, 18), 0, place)
        words = QVBoxLayout()
        words.setSpacing(theme.space("xs"))
        words.addWidget(label(notice.text, "strong" if notice.hint else "body", wrap=True))
        if notice.hint:
            words.addWidget(label(notice.hint, "muted", wrap=True, selectable=True))
        self.buttons: dict[str, Button] = {}
        if actions:
            line = QHBoxLayout()
            line.setSpacing(theme.space("s"))
            for text, act in actions:
                button = Button(themes, text)
                button.clicked.connect(lambda _checked=False, act=act: self._do(act))
                self.buttons[text] = button
                line.addWidget(button)
            line.addStretch(1)
            words.addLayout(line)
        row.addLayout(words, 1)
        self.close_button = IconButton(themes, "x", tr("Close this message"))
        self.close_button.clicked.connect(self.leave)
        row.addWidget(self.close_button, 0, place)
        self.setFixedWidth(theme.px(WIDTH))
        self.stays = stays or notice.tone == "danger"
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SHOWN_MS)
        self._timer.timeout.connect(self.leave)
        if not self.stays:
            self._timer.start()

    def again(self) -> None:
        """The same was said once more: its time begins anew."""
        if not self.stays:
            self._timer.start()

    def leave(self) -> None:
        """Go."""
        self._timer.stop()
        self.gone.emit()

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802 - Qt's name
        super().enterEvent(event)
        self._timer.stop()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        super().leaveEvent(event)
        if not self.stays:
            self._timer.start()

    def _do(self, act: Callable[[], object]) -> None:
        act()
        self.leave()


class Toasts(QObject):
    """The stack of them over ``host``, above its lower right corner by ``clearance`` pixels."""

    def __init__(self, themes: ThemeManager, host: QWidget, clearance: Callable[[], int]) -> None:
        super().__init__(host)
        self._themes, self._host, self._clearance = themes, host, clearance
        self.shown: list[Toast] = []
        host.installEventFilter(self)

    def show(self, notice: Notice, actions: Sequence[tuple[str, Callable[[], object]]] = ()) -> Toast:
        """Show a message; the same one that is shown already only stays longer."""
        for toast in self.shown:
            if (toast.notice.text, toast.notice.hint) == (notice.text, notice.hint) and not actions:
                toast.again()
                return toast
        made: list[tuple[str, Callable[[], object]]] = [*actions]
        if notice.details and notice.tone == "danger":
            made.append((tr("Copy report"), lambda: QGuiApplication.clipboard().setText(notice.details)))
        toast = Toast(self._themes, notice, made, self._host)
        toast.gone.connect(lambda: self._drop(toast))
        self.shown.append(toast)
        for old in [t for t in self.shown[:-MOST] if not t.stays]:
            self._drop(old)
        while len(self.shown) > MOST:
            self._drop(self.shown[0])
        toast.show()
        self._place()
        _announce(toast, notice)
        return toast

    def clear(self) -> None:
        """Take all of them away."""
        for toast in list(self.shown):
            self._drop(toast)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Keeps the stack in its corner."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest) and self.shown:
            self._place()
        return super().eventFilter(watched, event)

    def _drop(self, toast: Toast) -> None:
        if toast in self.shown:
            self.shown.remove(toast)
            toast.hide()
            toast.deleteLater()
            self._place()

    def _place(self) -> None:
        gap = self._themes.theme.space("s")
        right = self._host.width() - self._themes.theme.space("l")
        bottom = self._host.height() - self._clearance() - self._themes.theme.space("m")
        for toast in reversed(self.shown):
            height = max(toast.sizeHint().height(), toast.heightForWidth(toast.width()))
            toast.setGeometry(right - toast.width(), bottom - height, toast.width(), height)
            toast.raise_()
            bottom -= height + gap


def _announce(toast: Toast, notice: Notice) -> None:
    """Have a screen reader say it, without moving the focus."""
    text = " ".join(part for part in (notice.text, notice.hint) if part)
    event = QAccessibleAnnouncementEvent(toast, text)
    if notice.tone == "danger":
        event.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
    QAccessible.updateAccessibility(event)
