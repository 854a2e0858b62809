"""The frame of every dialog: title, what it is about, contents, a message when something was refused, buttons."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from rave_gui.errors import JobError, UserError
from rave_gui.ui.i18n import tr
from rave_gui.ui.widgets.basic import Banner, Button, label

if TYPE_CHECKING:
    from rave_gui.ui.shell.session import Session

T = TypeVar("T")


class Dialog(QDialog):
    """Put contents into :attr:`box` (it scrolls when the screen is low). Enter does the main thing, Escape leaves.

    Open it with ``open()``, not ``exec()``: the window stays alive behind it.
    """

    def __init__(
        self,
        session: Session,
        title: str,
        intro: str = "",
        *,
        action: str = "",
        danger: bool = False,
        width: int = 560,
        icon: str = "",
    ) -> None:
        """``action``: word on the main button; empty makes a dialog that only closes."""
        super().__init__(session.window)
        self.session = session
        theme = session.themes.theme
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        outer = QVBoxLayout(self)
        pad = theme.space("xl")
        outer.setContentsMargins(pad, pad, pad, theme.space("l"))
        outer.setSpacing(theme.space("m"))
        self.heading = label(title, "title", wrap=True)
        outer.addWidget(self.heading)
        self.intro = label(intro, "muted", wrap=True)
        outer.addWidget(self.intro)
        self.intro.setVisible(bool(intro))
        self.banner = Banner(session.themes)
        self.banner.hide()
        outer.addWidget(self.banner)
        body = QWidget()
        self.box = QVBoxLayout(body)
        self.box.setContentsMargins(0, 0, theme.space("xs"), 0)
        self.box.setSpacing(theme.space("m"))
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(body)
        self.area = scroll
        outer.addWidget(scroll, 1)
        self.foot = QHBoxLayout()
        self.foot.setSpacing(theme.space("s"))
        self.foot.addStretch(1)
        self.cancel = Button(session.themes, tr("Cancel") if action else tr("Close"))
        self.cancel.clicked.connect(self.reject)
        self.foot.addWidget(self.cancel)
        self.main: Button | None = None
        if action:
            self.main = Button(session.themes, action, icon, "danger" if danger else "primary")
            self.main.setDefault(not danger)
            self.main.clicked.connect(self.submit)
            self.foot.addWidget(self.main)
        outer.addLayout(self.foot)
        self._width = width
        self.setMinimumWidth(min(theme.px(width), 940))

    def call(
        self,
        work: Callable[[], T],
        done: Callable[[T], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
    ) -> None:
        """As ``session.call``, for what only the open dialog shows: once it is closed nothing comes back. What fails is shown in it."""
        task = self.session.call(work, done, failed or self.refuse)
        self.finished.connect(lambda _result: task.cancel())

    def submit(self) -> None:
        """The main button was pressed; by default the dialog is accepted."""
        self.accept()

    def busy(self, on: bool) -> None:
        """While the main thing is being done it cannot be asked for again."""
        if self.main is not None:
            self.main.setEnabled(not on)

    def refuse(self, error: Exception) -> None:
        """Show why it was refused, above the contents; the dialog stays with all that was entered. Bugs are raised."""
        self.busy(False)
        if not isinstance(error, (UserError, JobError, OSError)):
            raise error
        if isinstance(error, OSError):
            error = UserError(str(error), "")
        self.banner.show_message("danger", error.message, error.hint)

    def fit(self) -> None:
        """Take the height the contents want, within the screen."""
        self.adjustSize()
        body = self.area.widget()
        assert body is not None
        width = self.session.themes.theme.px(self._width)
        height = body.sizeHint().height()
        layout = body.layout()
        if layout is not None and layout.hasHeightForWidth():
            margins = self.contentsMargins()
            inner = width - margins.left() - margins.right() - 2 * self.session.themes.theme.space("xl")
            height = max(height, layout.totalHeightForWidth(inner))
        wanted = self.sizeHint().height() - self.area.sizeHint().height() + height + 8
        room = self.screen().availableGeometry().height() - 80
        self.resize(width, min(wanted, room))

    def fit_soon(self) -> None:
        """The same, after what was just added to the open dialog is shown: until then it counts for nothing."""
        QTimer.singleShot(0, self, self.fit)

    def show_it(self) -> None:
        """Open at the right size."""
        self.fit()
        self.open()
