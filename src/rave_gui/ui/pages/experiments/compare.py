"""Two or more runs side by side: curves, parameters, figures, sounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QStackedWidget, QVBoxLayout, QWidget

from rave_gui.training.experiments.compare import Clip, Comparison
from rave_gui.training.experiments.table import Experiment
from rave_gui.ui.bridge import Task
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.pages.experiments.overlay import OverlayView
from rave_gui.ui.pages.experiments.run_cards import RunCards
from rave_gui.ui.pages.experiments.sound import SoundView
from rave_gui.ui.pages.experiments.values import ValuesView
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import IconButton, Segments, label
from rave_gui.viewmodels.experiments_compare import pieces

TABS = ("curves", "parameters", "figures", "sound")


class CompareView(QWidget):
    """``back``: the table is wanted; ``changed``: other runs are compared."""

    back = Signal()
    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.runs: list[Experiment] = []
        self._reading: Task | None = None
        self._again = False
        themes = session.themes
        space = themes.theme.space
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(space("m"))
        head = QHBoxLayout()
        head.setSpacing(space("s"))
        self.leave = IconButton(themes, "arrow-left", tr("Back to all runs (Esc)"))
        self.leave.clicked.connect(self.back)
        head.addWidget(self.leave)
        self.title = label("", "lead")
        head.addWidget(self.title)
        head.addStretch(1)
        self.tabs = Segments(
            [("curves", tr("Curves")), ("parameters", tr("Parameters")), ("figures", tr("Figures")), ("sound", tr("Sound"))],
            tr("What is compared"),
        )  # fmt: skip
        self.tabs.set("curves")
        self.tabs.chosen.connect(self.show_tab)
        head.addWidget(self.tabs)
        self.more = IconButton(themes, "ellipsis", tr("Reports and more"), variant="")
        self.more.clicked.connect(
            lambda: self._menu().exec(self.more.mapToGlobal(QPoint(0, self.more.height())))
        )
        head.addWidget(self.more)
        box.addLayout(head)
        self.cards = RunCards(themes)
        self.cards.away.connect(self.remove)
        box.addWidget(self.cards)
        self.alone = label(
            tr("One run alone: go back (Esc) and select two or more to lay them side by side."),
            "muted",
            wrap=True,
        )
        box.addWidget(self.alone)
        self.stack = QStackedWidget()
        self.curves = OverlayView(session)
        self.curves.wanted = self.reload
        self.parameters = ValuesView(session, "parameters")
        self.figures = ValuesView(session, "figures")
        self.sound = SoundView(session)
        self._parts: dict[str, Any] = dict(
            zip(TABS, (self.curves, self.parameters, self.figures, self.sound), strict=True)
        )
        for part in self._parts.values():
            self.stack.addWidget(part)
        box.addWidget(self.stack, 1)

    def show_runs(self, runs: Sequence[Experiment]) -> None:
        """Lay these side by side."""
        self.runs = list(runs)
        self.title.setText(trn("{n} run", "{n} runs side by side", len(runs)))
        self.cards.show_runs(self.runs)
        self.alone.setVisible(len(self.runs) == 1)
        self.reload()
        self.changed.emit()

    def show_tab(self, key: str) -> None:
        """curves, parameters, figures or sound."""
        self.tabs.set(key)
        if any(self.tabs.button(other).hasFocus() for other in TABS):
            self.tabs.button(key).setFocus(Qt.FocusReason.OtherFocusReason)
        self.stack.setCurrentWidget(self._parts[key])
        if key != "sound":
            self.sound.release()

    def take_focus(self) -> None:
        """The tabs."""
        shown = next(k for k, part in self._parts.items() if part is self.stack.currentWidget())
        self.tabs.button(shown).setFocus(Qt.FocusReason.OtherFocusReason)

    def release(self) -> None:
        """Sound stops."""
        self.sound.release()

    def reload(self) -> None:
        """Read everything about the runs (in a thread); asked for meanwhile, once more afterwards."""
        services, project = self._session.services, self._session.project
        if services is None or project is None or not self.runs:
            return
        if self._reading is not None:
            self._again = True
            return
        from rave_gui.training.experiments import actions, compare

        names, align = [run.name for run in self.runs], self.curves.align

        def work() -> tuple[Comparison, list[list[Clip]], int]:
            found = actions.comparison(services, project, names, align=align)
            clips = [compare.clips(run) for run in found.runs]
            return found, clips, pieces(clips)

        def done(found: tuple[Comparison, list[list[Clip]], int]) -> None:
            self._reading = None
            if self._again or names != [run.name for run in self.runs] or align != self.curves.align:
                self._again = False
                self.reload()
                return
            comparison, clips, originals = found
            self.curves.show_comparison(comparison)
            self.parameters.show_comparison(comparison)
            self.figures.show_comparison(comparison)
            self.sound.show_clips(comparison, clips, originals)

        def failed(error: Exception) -> None:
            self._reading = None
            self._again = False
            self._session.fail(error)

        self._reading = self._session.call(work, done, failed)

    def stop(self) -> None:
        """The project was closed: nothing that is read any more is shown."""
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
        self.runs = []

    def remove(self, name: str) -> None:
        """Compare without this run."""
        self.show_runs([run for run in self.runs if run.name != name])

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        actions = self._session.actions
        for key in ("report", "pdf", "csv", "tensorboard"):
            menu.addAction(actions.qt(f"experiments.{key}"))
        if len(self.runs) == 2:
            menu.addSeparator()
            menu.addAction(tr("Compare their configurations…"), self._configurations)
        return menu

    def _configurations(self) -> None:
        from rave_gui.ui.dialogs.config_diff import DiffDialog

        DiffDialog(self._session, f"run:{self.runs[0].name}", f"run:{self.runs[1].name}").show_it()
