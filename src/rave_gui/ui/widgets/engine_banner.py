"""The engine that is missing, being set up, or could not be: one banner with its progress and its buttons."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QProgressBar

from rave_gui.ui import words
from rave_gui.ui.i18n import tr
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Banner, Button
from rave_gui.viewmodels.engine import EngineModel


class EngineBanner(Banner):
    """Shows an :class:`EngineModel`; hidden while the engine is ready or not looked for yet."""

    wanted = Signal()
    cancelled = Signal()

    def __init__(self, themes: ThemeManager, engine: EngineModel) -> None:
        super().__init__(themes)
        self._engine = engine
        self.button = Button(themes, tr("Set up the engine"), "download", "primary")
        self.button.clicked.connect(self.wanted)
        self.buttons.addWidget(self.button)
        self.stop = Button(themes, tr("Cancel"), "x", tip=tr("Stop the set-up; what was there before stays"))
        self.stop.clicked.connect(self.cancelled)
        self.buttons.addWidget(self.stop)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setAccessibleName(tr("Progress of the engine set-up"))
        self.extra.addWidget(self.bar)
        self.hide()
        engine.changed.connect(self.update_state)
        self.update_state()

    def update_state(self) -> None:
        """Show what the engine's model says now."""
        engine = self._engine
        job = engine.install
        running = engine.installing and job is not None
        self.bar.setVisible(running)
        self.stop.setVisible(running)
        self.button.setVisible(not running)
        self.button.set_face(tr("Set up the engine"), "download")
        if engine.ready or not engine.known:
            self.hide()
        elif running and job is not None:
            self.bar.setValue(round((job.fraction or 0.0) * 1000))
            self.show_message("accent", tr("The engine is being set up"), self._progress())
        elif job is not None and job.state in ("failed", "interrupted"):
            failure = job.failure
            self.button.set_face(tr("Try again"), "rotate-ccw")
            self.show_message(
                "danger",
                failure.message if failure and failure.message else tr("The engine could not be set up."),
                failure.hint if failure else "",
            )
        else:
            self.show_message(
                "warning",
                engine.problem or tr("The engine is not installed yet."),
                tr(
                    "The engine is PyTorch and RAVE in a Python environment of their own, made in your user folder. "
                    "It is downloaded once. You can choose your sounds meanwhile."
                ),
            )

    def _progress(self) -> str:
        job = self._engine.install
        assert job is not None
        progress = job.progress
        text = progress.message if progress and progress.message else tr("Preparing…")
        if progress is not None and progress.unit.startswith("byte") and progress.total:
            if not progress.message:
                loading = progress.done < progress.total
                text = tr("Downloading and unpacking") if loading else tr("Checking that everything works")
            done, total = words.size(progress.done), words.size(progress.total)
            text = tr("{what}  {done} of {total}", what=text, done=done, total=total)
        for warned in job.warnings[-1:]:
            text += "\n" + warned.message
        return text
