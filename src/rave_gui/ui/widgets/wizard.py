"""The frame of a wizard: steps above, the present one in the middle, back and next below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from rave_gui.errors import UserError
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Banner, Button, ElidedLabel, label, set_tone
from rave_gui.ui.widgets.steps import StepBar
from rave_gui.viewmodels.steps import Steps


class WizardFrame(QWidget):
    """Base of the wizards: what :class:`Steps` allows can be reached with the bar, the buttons, Ctrl+Enter and Alt+Left.

    ``left``: the user goes back to where the wizard was opened; what was given is kept. A wizard adds its steps with
    :meth:`add_steps`, does its work in :meth:`finish` and may follow the steps in :meth:`entered`.
    """

    left = Signal()

    def __init__(
        self,
        session: Session,
        model: Steps,
        title: str,
        names: Sequence[str],
        *,
        finish: tuple[str, str],
        leaving: str,
    ) -> None:
        """``names`` are those of the model's steps, ``finish`` word and icon of the last button, ``leaving`` the hint of the first."""
        super().__init__()
        self._session, self._way, self._finish = session, model, finish
        self.busy = False
        """Whether what was asked for is being begun just now."""
        themes = session.themes
        space = themes.theme.space
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(space("m"))
        head = QHBoxLayout()
        head.setSpacing(space("l"))
        head.addWidget(label(title, "title"))
        self.bar = StepBar(themes, names)
        self.bar.wanted.connect(self._go)
        head.addWidget(self.bar, 1)
        box.addLayout(head)
        self.banner = Banner(themes)
        self.banner.hide()
        box.addWidget(self.banner)
        self.stack = QStackedWidget()
        box.addWidget(self.stack, 1)
        foot = QHBoxLayout()
        foot.setSpacing(space("s"))
        self.cancel = Button(themes, tr("Cancel"), variant="quiet", tip=leaving)
        self.cancel.clicked.connect(self.left)
        self.why = ElidedLabel("", "muted")
        self.why.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.back = Button(themes, tr("Back"), "arrow-left", tip=tr("The step before (Alt+Left)"))
        self.back.clicked.connect(self._back)
        self.next = Button(themes, tr("Next"), "arrow-right", "primary", tip=tr("The next step (Ctrl+Enter)"))
        self.next.clicked.connect(self._next)
        foot.addWidget(self.cancel)
        foot.addWidget(self.why, 1)
        foot.addWidget(self.back)
        foot.addWidget(self.next)
        box.addLayout(foot)
        for keys, act in (("Ctrl+Return", self._next), ("Ctrl+Enter", self._next), ("Alt+Left", self._back)):
            shortcut = QShortcut(QKeySequence(keys), self, act)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)

    def add_steps(self, steps: Sequence[QWidget]) -> None:
        """The steps' widgets, each with ``first_focus()``; from now on the model is followed."""
        for step in steps:
            self.stack.addWidget(step)
        self._way.changed.connect(self._changed)
        self.show_way()

    def take_focus(self) -> None:
        """Put the focus where the present step begins."""
        step: Any = self.stack.currentWidget()
        step.first_focus().setFocus(Qt.FocusReason.OtherFocusReason)

    # What a wizard says

    def finish(self) -> None:
        """The user has pressed the button of the last step."""
        raise NotImplementedError

    def entered(self, step: str) -> None:
        """A step is about to be shown."""

    def grave(self, step: str) -> bool:
        """Whether what stands in the way of a step is a mistake, not just something not given yet."""
        raise NotImplementedError

    # Beginning what was asked for

    def begin_work(self) -> None:
        """From now on nothing can be pressed."""
        self.busy = True
        self.banner.hide()
        self.show_way()

    def refused(self, error: Exception) -> None:
        """It could not be begun: say why, and let the user change it."""
        self.busy = False
        self.show_way()
        if isinstance(error, UserError):
            self.banner.show_message("danger", error.message, error.hint)
        else:
            self._session.fail(error)

    # Moving

    def _go(self, number: int) -> None:
        if self._way.go(self._way.steps[number]):
            self.take_focus()

    def _back(self) -> None:
        if self._way.back():
            self.take_focus()

    def _next(self) -> None:
        if self.busy:
            return
        if self._way.last:
            self.finish()
        elif self._way.next():
            self.take_focus()
        else:
            self.show_way()

    def _changed(self, topic: str) -> None:
        if topic == "step":
            self.entered(self._way.step)
        self.show_way()

    def show_way(self) -> None:
        """The present step, and where one can go from it."""
        way = self._way
        self.stack.setCurrentIndex(way.place)
        self.bar.show_step(way.place, [way.may_go(step) for step in way.steps])
        self.back.setVisible(way.place > 0)
        self.next.set_face(*(self._finish if way.last else (tr("Next"), "arrow-right")))
        why = way.problem(way.step) or way.blocked
        set_tone(self.why, "danger" if why and self.grave(way.step) else "")
        self.why.setText(why)
        self.next.setEnabled(not way.blocked and not self.busy)
        self.cancel.setEnabled(not self.busy)
