"""Where a run stands: steps, speed, both remaining times, phases, and what that means."""

from __future__ import annotations

import time
from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from rave_gui.ui import words
from rave_gui.ui.i18n import tr
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Card, Stat, label
from rave_gui.ui.widgets.plot import short_number
from rave_gui.ui.widgets.timeline import PhaseTimeline
from rave_gui.viewmodels.run import RunModel


class NowCard(Card):
    """Figures of a :class:`RunModel`, whether it runs or has ended."""

    def __init__(self, themes: ThemeManager) -> None:
        super().__init__(themes)
        figures = QHBoxLayout()
        figures.setSpacing(themes.theme.space("xl"))
        big = QVBoxLayout()
        big.setSpacing(0)
        self.caption = label(tr("Step"), "caption")
        self.caption.setToolTip(tr("An epoch is one pass through all chunks of the dataset"))
        big.addWidget(self.caption)
        row = QHBoxLayout()
        row.setSpacing(themes.theme.space("s"))
        self.figure = label("–", "figure")
        self.of = label("", "muted")
        row.addWidget(self.figure)
        row.addWidget(self.of, 1)
        big.addLayout(row)
        figures.addLayout(big, 1)
        self.distance = Stat(tr("Best distance"))
        self.distance.setToolTip(
            tr("Smallest distance to sound that is kept out of the training, and its step")
        )
        self.rate = Stat(tr("Speed"))
        self.elapsed = Stat(tr("Elapsed"))
        self.phase_left = Stat(tr("This phase"))
        self.whole_left = Stat(tr("Whole run"))
        for stat in (self.distance, self.rate, self.elapsed, self.phase_left, self.whole_left):
            stat.setMinimumWidth(themes.theme.px(88))  # so that nothing moves while figures grow
            figures.addWidget(stat)
        self.box.addLayout(figures)
        self.timeline = PhaseTimeline(
            themes, (tr("Phase 1 · learns the sound"), tr("Phase 2 · learns to sound real"))
        )
        self.timeline.setAccessibleName(tr("Progress of the training in its two phases"))
        self.box.addWidget(self.timeline)
        words_row = QHBoxLayout()
        words_row.setSpacing(themes.theme.space("s"))
        self.headline = label("", "strong")
        self.note = label("", "muted", wrap=True)
        words_row.addWidget(self.headline, 0, Qt.AlignmentFlag.AlignTop)
        words_row.addWidget(self.note, 1)
        self.box.addLayout(words_row)
        self._health: tuple[str, str] = ("", "")

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Large text in a low window must not press the lines of the card into each other."""
        super().resizeEvent(event)
        self._hold()

    def _hold(self) -> None:
        layout = self.layout()
        if layout is not None and layout.hasHeightForWidth():
            self.setMinimumHeight(layout.totalHeightForWidth(self.width()))

    def set_health(self, headline: str, sentences: Sequence[str]) -> None:
        """How it is going, in words (empty: the state alone is told)."""
        self._health = (headline, " ".join(sentences))

    def show_model(self, model: RunModel) -> None:
        """Show where the run stands."""
        job, total, step = model.job, model.total, model.step
        self.figure.setText(f"{step:,}")
        self.of.setText(tr("of {total}", total=f"{total:,}") if total else "")
        epoch = model.epoch
        self.caption.setText(tr("Step") if epoch is None else tr("Step · epoch {n}", n=f"{epoch:,}"))
        best = model.best
        self.distance.set(short_number(best[1]) if best else "")
        running = job.state == "running" and model.active
        rate = job.rate if running else None
        if not model.active and isinstance(job.result.get("steps_per_second"), (int, float)):
            rate = float(job.result["steps_per_second"])
        self.rate.set(tr("{n} steps/s", n=_rate(rate)) if rate else "")
        self.phase_left.setVisible(model.active)
        self.whole_left.setVisible(model.active)
        if model.active:
            phase, whole = model.etas()
            waiting = tr("estimating") if running else ""
            name = {"phase 1": tr("Phase 1 left"), "phase 2": tr("Phase 2 left")}.get(
                model.phase, tr("This phase")
            )
            self.phase_left.set(words.duration(phase) if phase is not None else waiting, name)
            self.whole_left.set(words.duration(whole) if whole is not None else waiting, tr("Whole run left"))
        self.timeline.set(float(step), float(total or step), model.switch)
        headline, note = self._say(model)
        self.headline.setText(headline)
        self.headline.setVisible(bool(headline))
        self.note.setText(note)
        self.note.setVisible(bool(note))
        self.tick(model)
        self._hold()

    def tick(self, model: RunModel) -> None:
        """Move the clock on."""
        job = model.job
        took = job.elapsed(time.time()) if job.started else 0.0
        self.elapsed.set(
            words.duration(took) if took else "", tr("Elapsed") if model.active else tr("Last session")
        )

    def _say(self, model: RunModel) -> tuple[str, str]:
        """A headline (or none) and what it means."""
        now = self._now(model)
        if now:
            return "", now
        if model.active:
            return self._health
        return "", self._summary(model)

    def _summary(self, model: RunModel) -> str:
        """An ended run in a sentence or two."""
        parts = []
        best = model.best
        if best is not None:
            parts.append(
                tr(
                    "Closest to sound it had not heard at step {step}: distance {value}.",
                    step=f"{int(best[0]):,}",
                    value=short_number(best[1]),
                )
            )
        if model.ready and model.files.checkpoints:
            if model.total and model.step < model.total:
                parts.append(tr("It can go on from where it stopped."))
            elif model.phase != "phase 2" and model.state == "succeeded":
                parts.append(
                    tr(
                        "It learned the sound, not yet to sound natural: that is phase 2, which comes when it goes on longer."
                    )
                )
        return " ".join(parts)

    def _now(self, model: RunModel) -> str:
        asked = {
            "pause": tr("Pausing after this step…"),
            "resume": tr("Going on…"),
            "stop": tr("Stopping: the checkpoint is being saved…"),
            "save": tr("A checkpoint is written after this step…"),
            "preview": tr("The model plays the held-out piece after this step…"),
            "phase2": tr("Phase 2 begins after this step…"),
            "cancel": tr("Cancelling: the running step is ended…"),
        }.get(model.asked)
        if asked:
            return asked
        state = model.state
        if state == "queued" and model.waits_until is not None:
            return tr(
                "It does not start before {time}. The window may be closed until then.",
                time=words.soon(model.waits_until),
            )
        if state == "queued":
            return tr("Waiting for its turn: it starts by itself as soon as the device is free.")
        if state == "starting":
            return tr("Starting: the model and the sounds are being loaded.")
        if state == "paused":
            return tr("Paused: the memory stays in use, the processor is free. Resume whenever you like.")
        if state == "running" and model.job.progress is not None and model.job.progress.message:
            return model.job.progress.message
        return ""


def _rate(rate: float) -> str:
    return f"{rate:.1f}" if rate >= 1 else f"{rate:.2g}"
