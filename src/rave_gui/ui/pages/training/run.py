"""One run: figures, curves, sounds, log and settings, live while it trains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QMenu, QStackedWidget, QVBoxLayout, QWidget

from rave_gui.ui import words
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.training.curve_tools import CurveTools
from rave_gui.ui.pages.training.curves import CurvesView
from rave_gui.ui.pages.training.ear import EarView
from rave_gui.ui.pages.training.facts import FactsView
from rave_gui.ui.pages.training.hardware import HardwareStrip
from rave_gui.ui.pages.training.health import AlertsView, Doctor
from rave_gui.ui.pages.training.log import RunLog
from rave_gui.ui.pages.training.now import NowCard
from rave_gui.ui.pages.training.runs import ICONS
from rave_gui.ui.shell.actions import ActionButton
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Banner, Chip, ElidedLabel, IconButton, Segments
from rave_gui.viewmodels.run import RunModel

TABS = ("curves", "listen", "log", "facts")
__all__ = ["ICONS", "TABS", "RunView"]


class RunView(QWidget):
    """Shows a :class:`RunModel`. ``back``: the user wants the list again."""

    back = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session, self._themes = session, session.themes
        self.model: RunModel | None = None
        themes = session.themes
        space = themes.theme.space
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(space("m"))
        head = QHBoxLayout()
        head.setSpacing(space("s"))
        self.leave = IconButton(themes, "arrow-left", tr("Back to all runs"))
        self.leave.clicked.connect(self.back)
        self.title = ElidedLabel("", "title")
        self.chip = Chip()
        self.subtitle = ElidedLabel("", "muted")
        names = QVBoxLayout()
        names.setSpacing(2)
        line = QHBoxLayout()
        line.setSpacing(space("s"))
        line.addWidget(self.title, 1)
        names.addLayout(line)
        names.addWidget(self.subtitle)
        head.addWidget(self.leave, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(names, 1)
        head.addWidget(self.chip, 0, Qt.AlignmentFlag.AlignVCenter)
        self._head = head
        box.addLayout(head)
        self.banner = Banner(themes)
        self.banner.hide()
        box.addWidget(self.banner)
        self.alerts = AlertsView(themes)
        box.addWidget(self.alerts)
        self.now = NowCard(themes)
        box.addWidget(self.now)
        self.curves = CurvesView(themes, growing=True)
        self.tools = CurveTools(session, self.curves)
        self.tabs = Segments(
            [
                ("curves", tr("Curves")),
                ("listen", tr("Listen")),
                ("log", tr("Log")),
                ("facts", tr("Settings and files")),
            ],
            tr("What is shown below"),
        )
        self.tabs.chosen.connect(self.show_tab)
        self.log = RunLog(session)
        # Side by side, or one above the other where there is no room.
        self._bar = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._bar.setSpacing(space("s"))
        self._bar.addWidget(self.tabs)
        self._bar.addStretch(1)
        self._bar.addWidget(self.tools)
        self._bar.addWidget(self.log.kind)
        box.addLayout(self._bar)
        self.ear = EarView(session)
        self.facts = FactsView(session)
        self.stack = QStackedWidget()
        for widget in (self.curves, self.ear, self.log, self.facts):
            self.stack.addWidget(widget)
        box.addWidget(self.stack, 1)
        self.hardware = HardwareStrip(session)
        self.hardware.looked = self._looked
        self.hardware.hide()
        box.addWidget(self.hardware)
        self.doctor = Doctor(session, self)
        self.doctor.told.connect(self._show_health)
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._tick)
        self.buttons: dict[str, ActionButton] = {}
        self.more: IconButton | None = None
        self.show_tab("curves")

    def add_buttons(self, make_menu: Callable[[], QMenu]) -> None:
        """Make the buttons, once the page's actions are registered."""
        actions = self._session.actions
        for key, variant in (
            ("training.again", ""),
            ("training.go_on", "primary"),
            ("training.pause", ""),
            ("training.resume", "primary"),
            ("training.stop", ""),
        ):
            button = ActionButton(self._themes, actions, key, variant)
            self.buttons[key] = button
            self._head.addWidget(button)
        self.more = IconButton(self._themes, "ellipsis", tr("More actions"), variant="")
        self.more.clicked.connect(lambda: self._open_menu(make_menu()))
        self._head.addWidget(self.more)

    def _open_menu(self, menu: QMenu) -> None:
        assert self.more is not None
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def show_run(self, model: RunModel) -> None:
        """Show another run from now on."""
        if self.model is not None:
            self.model.changed.disconnect(self._changed)
        self.model = model
        model.changed.connect(self._changed)
        self.title.setText(model.name)
        self.log.clear()
        self.banner.hide()
        self.alerts.clear()
        self.now.set_health("", ())
        self.doctor.watch(model)
        self.tools.name = model.name
        self.curves.watch(
            model.job, lambda: _inside(model), lambda: model.facts.schedule.planned(float(model.total))
        )
        self.ear.show_run(model)
        self.facts.show_run(model)
        self._changed(frozenset({"facts", "state", "progress", "metrics", "log", "files"}))

    def show_tab(self, key: str) -> None:
        """Bring ``curves``, ``listen``, ``log`` or ``facts`` to the front; a focus on the tabs goes with it."""
        self.tabs.set(key)
        if any(self.tabs.button(other).hasFocus() for other in TABS):
            self.tabs.button(key).setFocus(Qt.FocusReason.OtherFocusReason)
        self.stack.setCurrentIndex(TABS.index(key))
        self.tools.setVisible(key == "curves")
        self.log.kind.setVisible(key == "log")
        if key != "listen":
            self.ear.release()

    @property
    def tab(self) -> str:
        """What is shown below the figures."""
        return TABS[self.stack.currentIndex()]

    def take_focus(self) -> None:
        """Put the focus on the tab that is shown."""
        self.tabs.button(self.tab).setFocus(Qt.FocusReason.OtherFocusReason)

    def release(self) -> None:
        """Sound stops."""
        self.ear.release()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self._clock.start()
        self.doctor.go(True)
        self._make_room()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self._clock.stop()
        self.doctor.go(False)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """The computer's state is shown while it matters and where there is room for it."""
        model = self.model
        wide = self.width() >= self.tabs.sizeHint().width() + self.tools.sizeHint().width()
        ways = QBoxLayout.Direction
        self._bar.setDirection(ways.LeftToRight if wide else ways.TopToBottom)
        tall = self.height() >= self._themes.theme.px(640)
        self.hardware.setVisible(tall and model is not None and model.active)

    def _looked(self) -> None:
        self.doctor.sample = self.hardware.model.last

    def _show_health(self, health: Any) -> None:
        self.alerts.show_alerts(health.alerts)
        self.now.set_health(health.headline, health.sentences)
        if self.model is not None:
            self.now.show_model(self.model)

    def _changed(self, topics: frozenset[str]) -> None:
        model = self.model
        if model is None:
            return
        if topics & {"facts", "state", "asked", "progress"}:
            self._show_state(model)
        self.now.show_model(model)
        if topics & {"metrics", "progress", "facts"}:
            self.curves.touch()
        if "log" in topics:
            self.log.show_model(model)
        if "files" in topics:
            self.ear.files_changed()
        if topics & {"files", "facts", "state"}:
            self.facts.refresh()
        if topics & {"state", "asked", "files", "facts"}:
            self._session.actions.refresh()
        if topics & {"state", "facts"}:
            self._make_room()
        if "state" in topics and model.ready:
            self.doctor.look()

    def _show_state(self, model: RunModel) -> None:
        state = model.state
        if state == "running" and model.phase and not model.asked:
            only = model.phase == "phase 1" and model.switch is not None and model.switch >= model.total > 0
            text = {
                "phase 1": tr("Phase 1") if only else tr("Phase 1 of 2"),
                "phase 2": tr("Phase 2 of 2"),
            }[model.phase]
            self.chip.set(text, "accent")
        elif not state:
            self.chip.set(tr("From elsewhere") if model.ready else tr("Loading…"), "")
        elif state == "succeeded" and model.job.stopped:
            self.chip.set(tr("Stopped and saved"), "success")
        else:
            self.chip.set(words.job_state(state), words.state_tone(state))
        params = model.facts.params
        dataset = str(params.get("dataset", "")).replace("\\", "/").rstrip("/").rpartition("/")[2]
        configs = " + ".join(
            str(name).replace("\\", "/").rpartition("/")[2] for name in params.get("configs", ())
        )
        parts = [configs, tr("on {dataset}", dataset=dataset) if dataset else ""]
        self.subtitle.setText("  ·  ".join(part for part in parts if part) or str(model.path))
        for key, button in self.buttons.items():
            shown = {
                "training.pause": model.active and state != "paused",
                "training.resume": state == "paused",
                "training.stop": model.active,
                "training.go_on": model.ready and not model.active,
                "training.again": model.ready and not model.active,
            }[key]
            button.setVisible(shown)
        self._show_banner(model)

    def _show_banner(self, model: RunModel) -> None:
        state, failure = model.state, model.job.failure
        if state == "failed":
            title = failure.message if failure and failure.message else tr("The training failed.")
            hint = failure.hint if failure else ""
            kept = tr("Every checkpoint it has written is kept: go on from the newest.")
            self.banner.show_message("danger", title, " ".join(p for p in (hint, kept) if p))
        elif state == "interrupted":
            self.banner.show_message(
                "warning",
                failure.message if failure and failure.message else tr("The training was interrupted."),
                tr("Nothing but the steps since the last checkpoint is lost: go on from there."),
            )
        elif model.job.warnings and model.active:
            last = model.job.warnings[-1]
            self.banner.show_message("warning", last.message, last.hint)
        else:
            self.banner.hide()

    def _tick(self) -> None:
        if self.model is not None and self.model.active:
            self.now.tick(self.model)


def _inside(model: RunModel) -> float | None:
    """Where phase 2 begins, unless the training ends before."""
    switch = model.switch
    return switch if switch is not None and (not model.total or switch < model.total) else None
