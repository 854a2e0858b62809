"""Training by ear: what the model made of the same sound after ever more steps, heard in turn at the same place."""

from __future__ import annotations

import random
from pathlib import Path

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.ab_player import SoundPlayer
from rave_gui.ui.widgets.basic import Button, Card, ElidedLabel, IconButton, label
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.ui.widgets.plot import short_number
from rave_gui.ui.widgets.slider import Slider
from rave_gui.viewmodels.ab_player import Track
from rave_gui.viewmodels.run import RunModel, Sound


class EarView(QWidget):
    """A slider through the training's time above a player with the original, the chosen step and one that was kept."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._model: RunModel | None = None
        self._steps: list[Sound] = []
        self._kept: Sound | None = None
        self._at_end = True
        self._blind: list[str] | None = None
        self._tally: dict[str, int] = {}
        self.random = random.Random()
        themes = session.themes
        space = themes.theme.space
        self._stack = QStackedLayout(self)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self.empty = EmptyState(themes, "headphones", tr("Nothing to hear yet"), "")
        self._stack.addWidget(self.empty)
        page = QWidget()
        box = QVBoxLayout(page)
        box.setContentsMargins(0, 0, 0, 0)
        card = Card(themes)
        top = QHBoxLayout()
        top.setSpacing(space("m"))
        self.clip = QComboBox()
        self.clip.setAccessibleName(tr("Which sound"))
        self.clip.setToolTip(tr("Which sound is followed through the training"))
        self.clip.activated.connect(lambda _index: self._fill())
        self.caption = ElidedLabel("", "lead")
        self.distance = label("", "muted")
        self.keep = Button(
            themes,
            tr("Keep for comparison"),
            "copy-plus",
            "quiet",
            tip=tr("This step stays as a third sound, while you move on"),
        )
        self.keep.clicked.connect(self._keep)
        self.blind = Button(
            themes,
            tr("Blind test"),
            "eye-off",
            "quiet",
            tip=tr("Hear two steps without knowing which is which, and say which you prefer"),
        )
        self.blind.setCheckable(True)
        self.blind.clicked.connect(self._toggle_blind)
        top.addWidget(self.caption, 1)
        top.addWidget(self.distance)
        top.addWidget(self.clip)
        top.addWidget(self.keep)
        top.addWidget(self.blind)
        card.box.addLayout(top)
        self.time = QWidget()
        line = QHBoxLayout(self.time)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(space("s"))
        self.before = IconButton(themes, "chevron-left", tr("An earlier step"))
        self.after = IconButton(themes, "chevron-right", tr("A later step"))
        self.slider = Slider(themes, tr("Place in the training"), 0, 0)
        self.slider.valueChanged.connect(self._moved)
        self.before.clicked.connect(lambda: self.slider.setValue(self.slider.value() - 1))
        self.after.clicked.connect(lambda: self.slider.setValue(self.slider.value() + 1))
        self.first, self.last = label("", "caption"), label("", "caption")
        for part in (self.before, self.first):
            line.addWidget(part)
        line.addWidget(self.slider, 1)
        for part in (self.last, self.after):
            line.addWidget(part)
        card.box.addWidget(self.time)
        self.question = QWidget()
        ask = QHBoxLayout(self.question)
        ask.setContentsMargins(0, 0, 0, 0)
        ask.setSpacing(space("s"))
        self.asked = label(
            tr("Switch between A and B as often as you like. Which sounds better?"), "strong", wrap=True
        )
        self.choose_a = Button(themes, tr("A is better"), "", "")
        self.choose_b = Button(themes, tr("B is better"), "", "")
        self.choose_a.clicked.connect(lambda: self._prefer(0))
        self.choose_b.clicked.connect(lambda: self._prefer(1))
        self.score = label("", "muted", wrap=True)
        ask.addWidget(self.asked, 1)
        ask.addWidget(self.choose_a)
        ask.addWidget(self.choose_b)
        card.box.addWidget(self.question)
        card.box.addWidget(self.score)
        self.question.hide()
        self.score.hide()
        self.player = SoundPlayer(themes, session.bridge)
        card.box.addWidget(self.player, 1)
        box.addWidget(card, 1)
        self._stack.addWidget(page)

    def show_run(self, model: RunModel) -> None:
        """Follow another run."""
        self._model, self._kept, self._at_end = model, None, True
        self._end_blind()
        self.player.clear()
        self.files_changed()

    def files_changed(self) -> None:
        """There may be new sounds."""
        model = self._model
        if model is None:
            return
        clips = list(dict.fromkeys(sound.clip for sound in model.files.sounds))
        self._stack.setCurrentIndex(1 if clips else 0)
        if not clips:
            if model.active:
                self.empty.say(
                    tr("Nothing to hear yet"),
                    tr(
                        "After each validation you can hear what the model makes of a piece of your own sound that it never learned "
                        "from. “Listen now” makes one at once."
                    ),
                )
            else:
                self.empty.say(tr("Nothing to hear"), tr("This training has left no sounds to listen to."))
            return
        chosen = self.clip.currentData()
        self.clip.clear()
        for clip in clips:
            self.clip.addItem(model.clip_name(clip) or tr("Held-out piece"), clip)
        self.clip.setCurrentIndex(max(0, clips.index(chosen) if chosen in clips else 0))
        self.clip.setVisible(len(clips) > 1)
        self._fill()

    def release(self) -> None:
        """Stop and give the audio device back."""
        self.player.release()

    @property
    def sound(self) -> Sound | None:
        """The step that is chosen."""
        index = self.slider.value()
        return self._steps[index] if index < len(self._steps) else None

    def _fill(self) -> None:
        model = self._model
        assert model is not None
        clip = self.clip.currentData() or 0
        steps = [s for s in model.files.sounds if s.clip == clip and s.reconstruction is not None]
        if steps == self._steps and self.player.tracks:
            return
        before = self.sound
        self._steps = steps
        self.slider.blockSignals(True)
        self.slider.setRange(0, max(0, len(steps) - 1))
        self.slider.setPageStep(max(1, len(steps) // 10))
        at = next((i for i, s in enumerate(steps) if before is not None and s.step == before.step), None)
        self.slider.setValue(len(steps) - 1 if self._at_end or at is None else at)
        self.slider.blockSignals(False)
        self.first.setText(f"{steps[0].step:,}" if steps else "")
        self.last.setText(f"{steps[-1].step:,}" if steps else "")
        self.time.setVisible(len(steps) > 1 and self._blind is None)
        self._show()

    def _moved(self, index: int) -> None:
        self._at_end = index >= len(self._steps) - 1
        self._show()

    def _show(self) -> None:
        sound, model = self.sound, self._model
        if sound is None or model is None:
            return
        self.before.setEnabled(self.slider.value() > 0)
        self.after.setEnabled(self.slider.value() < len(self._steps) - 1)
        self.keep.setEnabled(self._kept != sound)
        self.blind.setEnabled(self._kept not in (None, sound) or len(self._steps) > 1)
        if self._blind is not None:
            return
        self.caption.setText(tr("After {step} steps", step=f"{sound.step:,}"))
        self.slider.setAccessibleDescription(self.caption.text())
        series = model.job.metrics.get("validation")
        point = series.at(sound.step) if series is not None and not sound.clip else None
        near = point is not None and abs(point[0] - sound.step) <= 1
        self.distance.setText(tr("distance {value}", value=short_number(point[1])) if near and point else "")
        tracks = [Track("result", _name(sound), "result", _file(sound.reconstruction))]
        if sound.original is not None:
            tracks.insert(0, Track("original", tr("Original"), "original", sound.original))
        if self._kept is not None and self._kept != sound and self._kept.clip == sound.clip:
            tracks.append(
                Track(
                    "kept",
                    tr("Kept: {step}", step=f"{self._kept.step:,}"),
                    "success",
                    _file(self._kept.reconstruction),
                )
            )
        self.player.set_tracks(tracks, keep=bool(self.player.tracks))

    def _keep(self) -> None:
        self._kept = self.sound
        self._show()

    # Blind comparison

    def _toggle_blind(self) -> None:
        if self._blind is None:
            self._tally.clear()
            self._next_round()
        else:
            self._end_blind()
            self._show()

    def _pair(self) -> tuple[Sound, Sound] | None:
        sound = self.sound
        if sound is None:
            return None
        other = self._kept if self._kept is not None and self._kept != sound else None
        if other is None:
            other = next((s for s in (self._steps[0], self._steps[-1]) if s != sound), None)
        return (sound, other) if other is not None else None

    def _next_round(self) -> None:
        pair = self._pair()
        if pair is None:
            return
        order = list(pair)
        self.random.shuffle(order)
        self._blind = [_name(sound) for sound in order]
        self.blind.setChecked(True)
        self.caption.setText(tr("Blind test"))
        self.distance.setText("")
        self.question.show()
        self.score.setVisible(bool(self._tally))
        self.time.hide()
        self.keep.hide()
        self.player.lanes.hide()  # the shapes would give it away
        tracks = [
            Track(key, name, "accent", _file(sound.reconstruction))
            for key, name, sound in zip(("first", "second"), ("A", "B"), order, strict=True)
        ]
        self.player.set_tracks(tracks, keep=True)

    def _prefer(self, index: int) -> None:
        assert self._blind is not None
        name = self._blind[index]
        self._tally[name] = self._tally.get(name, 0) + 1
        rounds = sum(self._tally.values())
        parts = [f"{key}: {count}" for key, count in sorted(self._tally.items())]
        self.score.setText(
            tr(
                "You chose {name}. After {rounds}: {tally}.",
                name=name,
                rounds=trn("{n} round", "{n} rounds", rounds),
                tally=", ".join(parts),
            )
        )
        self._next_round()

    def _end_blind(self) -> None:
        self._blind = None
        self.blind.setChecked(False)
        self.question.hide()
        self.score.hide()
        self.keep.show()
        self.player.lanes.show()
        self.time.setVisible(len(self._steps) > 1)


def _name(sound: Sound) -> str:
    return tr("Step {step}", step=f"{sound.step:,}")


def _file(path: Path | None) -> Path:
    return path if path is not None else Path()
