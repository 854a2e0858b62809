"""How it is going, in words, and what needs attention."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from rave_gui.ui.bridge import Task
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.session import Session
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Banner, IconButton
from rave_gui.viewmodels.hardware import Sample
from rave_gui.viewmodels.run import RunModel

if TYPE_CHECKING:
    from rave_gui.training.health import Alert, Health

EVERY_MS = 4000


class Doctor(QObject):
    """Judges the watched run now and then, in a thread. ``told`` carries a ``health.Health``, alerts settled."""

    told = Signal(object)

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._model: RunModel | None = None
        self._task: Task | None = None
        self._levels: dict[Path, float] = {}
        self._dog: object = None
        self.sample: Sample | None = None
        """The computer's newest state."""
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self.look)

    def watch(self, model: RunModel) -> None:
        """Judge this run from now on."""
        from rave_gui.training.health import Watchdog

        self._model, self._dog = model, Watchdog()
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def go(self, on: bool) -> None:
        """Work only while somebody looks."""
        if on:
            self._timer.start()
        else:
            self._timer.stop()

    def look(self) -> None:
        """Judge now, unless a judgement is under way."""
        model = self._model
        if model is None or not model.ready or self._task is not None:
            return
        from rave_gui.viewmodels.runhealth import ask, judge

        question, levels = ask(model, self.sample), self._levels
        self._task = self._session.call(
            lambda: judge(question, levels), lambda found: self._done(model, found)
        )

    def _done(self, model: RunModel, found: Health) -> None:
        from dataclasses import replace

        from rave_gui.training.health import Watchdog

        self._task = None
        if model is not self._model or not isinstance(self._dog, Watchdog):
            return
        active, _new = self._dog.update(found.alerts if model.active else [])
        self.told.emit(replace(found, alerts=active))


class AlertsView(QWidget):
    """One banner for each alert that was not put away."""

    def __init__(self, themes: ThemeManager) -> None:
        super().__init__()
        self._themes = themes
        self._away: set[str] = set()
        self._banners: dict[str, Banner] = {}
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(themes.theme.space("s"))
        self.hide()

    def clear(self) -> None:
        """Another run: what was put away may come again."""
        self._away.clear()
        self.show_alerts(())

    def show_alerts(self, alerts: Sequence[Alert]) -> None:
        """Show these, the gravest first."""
        wanted = {alert.code: alert for alert in alerts if alert.code not in self._away}
        for code in [code for code in self._banners if code not in wanted]:
            banner = self._banners.pop(code)
            self._box.removeWidget(banner)
            banner.hide()
            banner.deleteLater()
        for code, alert in wanted.items():
            if code not in self._banners:
                banner = Banner(self._themes)
                away = IconButton(self._themes, "x", tr("Put away: {title}", title=alert.title))
                away.clicked.connect(lambda _on=False, code=code: self._put_away(code))
                banner.buttons.addWidget(away)
                self._box.addWidget(banner)
                self._banners[code] = banner
            tone = {"danger": "danger", "warning": "warning"}.get(alert.severity, "accent")
            self._banners[code].show_message(tone, alert.title, f"{alert.meaning} {alert.advice}")
        self.setVisible(bool(self._banners))

    def _put_away(self, code: str) -> None:
        self._away.add(code)
        banner = self._banners.pop(code)
        self._box.removeWidget(banner)
        banner.hide()
        banner.deleteLater()
        self.setVisible(bool(self._banners))
