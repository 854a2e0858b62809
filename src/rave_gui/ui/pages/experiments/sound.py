"""The same sound through several models, at the same step of their trainings."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from rave_gui.training.experiments.compare import Clip, Comparison
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.ab_player import SoundPlayer
from rave_gui.ui.widgets.basic import Card, IconButton, label
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.ui.widgets.slider import Slider
from rave_gui.viewmodels.ab_player import Track
from rave_gui.viewmodels.experiments_compare import heard, steps_to_hear

ROLES = tuple(f"series{number}" for number in range(6))
"""Colours of the runs' lanes are those of their curves; the original has its own."""


class SoundView(QWidget):
    """A slider over the steps, a lane for the original and one for each run."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._names: list[str] = []
        self._clips: list[list[Clip]] = []
        self._steps: list[int] = []
        self._common = True
        self._pieces = 1
        themes = session.themes
        space = themes.theme.space
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        self.stack = QStackedWidget()
        box.addWidget(self.stack)
        self.empty = EmptyState(
            themes,
            "headphones",
            tr("Nothing to hear yet"),
            tr(
                "While a run is trained, its model plays a held-out piece from time to time. These pieces are compared here."
            ),
        )
        self.stack.addWidget(self.empty)
        card = Card(themes)
        line = QHBoxLayout()
        line.setSpacing(space("s"))
        self.caption = label("", "lead")
        self.before = IconButton(themes, "chevron-left", tr("An earlier step"))
        self.after = IconButton(themes, "chevron-right", tr("A later step"))
        self.slider = Slider(themes, tr("Step of the training"), 0, 0)
        self.slider.valueChanged.connect(self._moved)
        self.before.clicked.connect(lambda: self.slider.setValue(self.slider.value() - 1))
        self.after.clicked.connect(lambda: self.slider.setValue(self.slider.value() + 1))
        line.addWidget(self.caption)
        line.addWidget(self.before)
        line.addWidget(self.slider, 1)
        line.addWidget(self.after)
        card.box.addLayout(line)
        self.note = label("", "caption", wrap=True)
        card.box.addWidget(self.note)
        self.player = SoundPlayer(themes, session.bridge)
        self.player.use_shortcuts()
        card.box.addWidget(self.player, 1)
        self.stack.addWidget(card)

    def show_clips(self, comparison: Comparison, clips: list[list[Clip]], pieces: int = 1) -> None:
        """``clips``: previews of each run, in the order of the runs; ``pieces``: how many different originals they have."""
        self._pieces = pieces
        before = self.step
        self._names, self._clips = [run.name for run in comparison.runs], clips
        self._steps = steps_to_hear(clips, comparison.clip_steps)
        self._common = bool(comparison.clip_steps)
        if not self._steps:
            self.player.clear()
            self.stack.setCurrentWidget(self.empty)
            return
        self.stack.setCurrentIndex(1)
        self.slider.blockSignals(True)
        self.slider.setRange(0, len(self._steps) - 1)
        self.slider.setValue(self._steps.index(before) if before in self._steps else len(self._steps) - 1)
        self.slider.blockSignals(False)
        self._moved()

    @property
    def step(self) -> int | None:
        """The step that is heard."""
        return self._steps[self.slider.value()] if self._steps else None

    def take_focus(self) -> None:
        """The play button, or the slider."""
        if self._steps:
            self.player.take_focus()

    def release(self) -> None:
        """Sound stops."""
        self.player.release()

    def _moved(self, *_: object) -> None:
        step = self.step
        if step is None:
            return
        place = self.slider.value()
        self.before.setEnabled(place > 0)
        self.after.setEnabled(place < len(self._steps) - 1)
        self.caption.setText(tr("Step {step}", step=f"{step:,}"))
        found = heard(self._clips, step)
        playing = [(name, clip) for name, clip in zip(self._names, found, strict=True) if clip is not None]
        left_out = max(0, len(playing) - len(ROLES))
        tracks = [Track("original", tr("Original"), "original", playing[0][1].original)]
        for name, clip in playing[: len(ROLES)]:
            role = ROLES[self._names.index(name) % len(ROLES)]
            shown = name if clip.step == step else tr("{run} (step {step})", run=name, step=f"{clip.step:,}")
            tracks.append(Track(name, shown, role, clip.reconstruction))
        self.player.set_tracks(tracks, keep=bool(self.player.tracks))
        notes = []
        if self._pieces > 1:
            notes.append(
                tr(
                    "These runs were given different pieces; the original is the one of “{name}”.",
                    name=playing[0][0],
                )
            )
        if not self._common:
            notes.append(
                tr("There is no step at which all of these runs have a sound: each is heard at its nearest.")
            )
        silent = len(self._names) - len(playing)
        if silent:
            notes.append(trn("{n} run has no sound.", "{n} runs have no sound.", silent))
        if left_out:
            notes.append(
                trn("{n} more run is not heard here.", "{n} more runs are not heard here.", left_out)
            )
        notes.append(tr("A, B, C and X switch between the sounds while they play."))
        self.note.setText(" ".join(notes))
        self.slider.setToolTip(self.caption.text())
        self.note.setAlignment(Qt.AlignmentFlag.AlignLeft)
