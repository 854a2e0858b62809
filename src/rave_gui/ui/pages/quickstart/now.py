"""What happens now: figures, phases, and the buttons that steer it."""

from __future__ import annotations

import time

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QVBoxLayout

from rave_gui.ui import words
from rave_gui.ui.i18n import tr
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Button, Card, Chip, Stat, label
from rave_gui.ui.widgets.timeline import PhaseTimeline
from rave_gui.viewmodels.job import JobModel
from rave_gui.viewmodels.quickstart import QuickstartModel


class NowCard(Card):
    """The stage at work. ``asked`` carries pause, resume, stop, cancel."""

    asked = Signal(str)

    def __init__(self, themes: ThemeManager) -> None:
        super().__init__(themes)
        self._paused = False
        head = QHBoxLayout()
        head.setSpacing(themes.theme.space("s"))
        self.title = label("", "lead")
        self.chip = Chip()
        head.addWidget(self.title)
        head.addWidget(self.chip)
        head.addStretch(1)
        self.pause = Button(themes, tr("Pause"), "pause", shortcut="Ctrl+P")
        self.stop = Button(
            themes,
            tr("Stop and save"),
            "save",
            tip=tr("Ends the training now, keeps everything learned, and goes on to listening and export"),
            shortcut="Ctrl+S",
        )
        self.cancel = Button(
            themes,
            tr("Cancel"),
            "x",
            "danger",
            tip=tr("Ends now without result; the dataset and saved checkpoints are kept"),
            shortcut="Ctrl+Backspace",
        )
        self.pause.clicked.connect(lambda: self.asked.emit("resume" if self._paused else "pause"))
        self.stop.clicked.connect(lambda: self.asked.emit("stop"))
        self.cancel.clicked.connect(lambda: self.asked.emit("cancel"))
        for button in (self.pause, self.stop, self.cancel):
            head.addWidget(button)
        self.box.addLayout(head)
        figures = QHBoxLayout()
        figures.setSpacing(themes.theme.space("xxl"))
        big = QVBoxLayout()
        big.setSpacing(0)
        self.caption = label("", "caption")
        row = QHBoxLayout()
        row.setSpacing(themes.theme.space("s"))
        self.figure = label("", "figure")
        self.of = label("", "muted")
        row.addWidget(self.figure)
        row.addWidget(self.of, 1)
        big.addWidget(self.caption)
        big.addLayout(row)
        figures.addLayout(big, 1)
        self.rate = Stat(tr("Speed"))
        self.elapsed = Stat(tr("Elapsed"))
        self.left = Stat(tr("Time left"))
        for stat in (self.rate, self.elapsed, self.left):
            figures.addWidget(stat)
        self.box.addLayout(figures)
        self.timeline = PhaseTimeline(
            themes, (tr("Phase 1 · learns the sound"), tr("Phase 2 · learns to sound real"))
        )
        self.timeline.setAccessibleName(tr("Progress of the training in its two phases"))
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("Progress"))
        self.note: QLabel = label("", "caption", wrap=True)
        self.box.addWidget(self.timeline)
        self.box.addWidget(self.bar)
        self.box.addWidget(self.note)

    def show_model(self, model: QuickstartModel, planned_switch: float | None) -> None:
        """Show the stage at work of ``model``; ``planned_switch``: where phase 2 will begin (None: unknown)."""
        job, stage = model.current, model.stage
        training = stage == "training"
        self._paused = model.paused
        running = model.mode == "running"
        self.title.setText(words.stage_titles()[stage])
        switch = job.phase_two_step if job.phase_two_step is not None else planned_switch
        self._show_chip(model, job, switch)
        self.pause.set_face(*((tr("Resume"), "play") if self._paused else (tr("Pause"), "pause")))
        for button in (self.pause, self.stop):
            button.setVisible(running and training)
        self.cancel.setVisible(running)
        working = running and job.state in ("running", "paused")
        self.pause.setEnabled(working and not model.asked)
        self.stop.setEnabled(working and model.asked in ("", "pause", "resume"))
        self.cancel.setEnabled(running and job.active and model.asked != "cancel")
        self._show_figures(job, training)
        progress = job.progress
        self.timeline.setVisible(training)
        self.bar.setVisible(not training)
        if training:
            self.timeline.set(progress.done if progress else 0.0, progress.total if progress else 0.0, switch)
        else:
            fraction = job.fraction
            # A bar without known length would move for ever: it stays empty until something can be said.
            self.bar.setRange(0, 1000)
            self.bar.setValue(round((fraction or 0.0) * 1000))
        self.note.setText(self._note(model, job))
        self.note.setVisible(bool(self.note.text()))

    def tick(self, job: JobModel) -> None:
        """Move the clock on."""
        self.elapsed.set(words.duration(job.elapsed(time.time())) if job.started else "")

    def _show_chip(self, model: QuickstartModel, job: JobModel, switch: float | None) -> None:
        asked = {
            "pause": tr("Pausing…"),
            "resume": tr("Resuming…"),
            "stop": tr("Stopping and saving…"),
            "cancel": tr("Cancelling…"),
        }.get(model.asked)
        if asked and model.mode == "running":
            self.chip.set(asked, "warning")
        elif model.mode == "finished":
            self.chip.set(tr("Done"), "success")
        elif job.state == "running" and job.progress is not None and job.progress.phase.startswith("phase"):
            if job.progress.phase == "phase 2":
                self.chip.set(tr("Phase 2 of 2"), "accent")
            else:  # a short training may end before phase 2 begins
                only = switch is not None and switch >= job.progress.total > 0
                self.chip.set(tr("Phase 1") if only else tr("Phase 1 of 2"), "accent")
        else:
            self.chip.set(words.job_state(job.state), words.state_tone(job.state))

    def _show_figures(self, job: JobModel, training: bool) -> None:
        progress = job.progress
        unit = progress.unit if progress else ""
        if progress is None:
            self.caption.setText(tr("Starting") if job.active else "")
            self.figure.setText("–")
            self.of.setText("")
        elif unit.startswith("step"):
            self.caption.setText(tr("Step"))
            self.figure.setText(f"{int(progress.done):,}")
            self.of.setText(tr("of {total}", total=f"{int(progress.total):,}") if progress.total else "")
        elif progress.total > 0:
            self.caption.setText(progress.message or tr("Progress"))
            self.figure.setText(f"{progress.done / progress.total:.0%}")
            self.of.setText("")
        else:
            self.caption.setText(progress.message or tr("Working"))
            self.figure.setText("…")
            self.of.setText("")
        rate = job.rate if progress and job.state == "running" else None
        if rate is not None and training:
            self.rate.set(tr("{n} steps/s", n=f"{rate:.1f}"))
        else:
            self.rate.set(self._unit_rate(rate, unit))
        eta = job.eta if progress and job.state == "running" else None
        self.left.set(words.duration(eta) if eta is not None else "")
        self.tick(job)

    def _unit_rate(self, rate: float | None, unit: str) -> str:
        if rate is None:
            return ""
        if unit in ("s", "seconds"):
            return tr("{n}× real time", n=f"{rate:,.0f}")
        if unit.startswith("byte"):
            return tr("{n}/s", n=words.size(rate))
        return tr("{n} {unit}/s", n=f"{rate:,.1f}", unit=unit)

    def _note(self, model: QuickstartModel, job: JobModel) -> str:
        if model.mode != "running":
            return ""
        if model.asked == "cancel":
            return tr("The running step is ended. The dataset and saved checkpoints are kept.")
        if model.paused:
            return tr("Paused: the memory stays in use, the processor is free. Resume whenever you like.")
        if model.stage == "training" and job.progress is not None and job.progress.message:
            return job.progress.message
        return tr(
            "You can close the window: the work goes on, and the window shows it again when it is opened."
        )
