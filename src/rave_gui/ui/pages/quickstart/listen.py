"""Hear the original and what the model makes of it, in sync."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QHBoxLayout,
    QScrollArea,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from rave_gui.errors import UserError
from rave_gui.ui import words
from rave_gui.ui.bridge import Bridge, Task
from rave_gui.ui.i18n import tr
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Banner, Button, Card, Segments, label
from rave_gui.ui.widgets.distance import Bar, DistanceBars
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.ui.widgets.waveform import WaveformView
from rave_gui.viewmodels import sounds
from rave_gui.viewmodels.listen import KEYS, ListenModel

POLL_MS = 33


class ListenView(QWidget):
    """Waveforms, transport and distances. Space plays, A and B (or X) switch, the arrow keys move."""

    def __init__(self, themes: ThemeManager, bridge: Bridge) -> None:
        super().__init__()
        self._themes, self._bridge = themes, bridge
        self.model = ListenModel()
        self._files: tuple[Path, Path] | None = None
        self._loading: Task | None = None
        self._opening = False
        self._wants_focus = False
        self._stack = QStackedLayout(self)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self._stack.addWidget(self._empty())
        self._stack.addWidget(self._full())
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._tick)
        self._shortcuts()
        self.model.changed.connect(self.refresh)
        self.refresh()

    def show_result(self, reconstruction: dict[str, Any] | None) -> None:
        """Show the two sounds and the distances of an evaluation; None: there is nothing to hear yet."""
        if not reconstruction:
            self._files = None
            self.release()
            self._stack.setCurrentIndex(0)
            return
        self._stack.setCurrentIndex(1)
        self._show_distances(reconstruction)
        files = (Path(str(reconstruction.get("original", ""))), Path(str(reconstruction.get("path", ""))))
        if files != self._files:
            self._files = files
            self._load(files)

    def take_focus(self) -> None:
        """Put the focus on the play button, once there is something to play (a disabled button takes none)."""
        self._wants_focus = not self.model.ready
        if self.model.ready:
            self.play.setFocus(Qt.FocusReason.OtherFocusReason)

    def release(self) -> None:
        """Stop and give the audio device back."""
        self._timer.stop()
        self.model.set_player(None)
        self.model.playing = False

    def _empty(self) -> QWidget:
        return EmptyState(
            self._themes,
            "headphones",
            tr("Nothing to hear yet"),
            tr(
                "When the training ends, your model plays a piece of your own sound that it never heard. "
                "You will hear the original and the model here, in sync."
            ),
        )

    def _full(self) -> QWidget:
        page = QWidget()
        box = QVBoxLayout(page)
        box.setContentsMargins(0, 0, self._themes.theme.space("xs"), 0)
        box.setSpacing(self._themes.theme.space("m"))
        self._box = box
        self.problem = Banner(self._themes)
        self.problem.hide()
        self.retry = Button(self._themes, tr("Try again"), "rotate-ccw")
        self.retry.clicked.connect(self._again)
        self.problem.buttons.addWidget(self.retry)
        box.addWidget(self.problem)
        player = Card(self._themes)
        self.wave = WaveformView(
            self._themes,
            {KEYS[0]: (tr("Original"), "original"), KEYS[1]: (tr("Your model"), "result")},
            tr("Waveforms; the arrow keys move the playhead"),
        )
        self.wave.sought.connect(self.model.seek)
        player.box.addWidget(self.wave, 1)
        bar = QHBoxLayout()
        bar.setSpacing(self._themes.theme.space("m"))
        self.play = Button(self._themes, tr("Play"), "play", "primary", tip=tr("Play or pause (Space)"))
        self.play.clicked.connect(self.toggle)
        self.ab = Segments(
            [(KEYS[0], tr("A  Original")), (KEYS[1], tr("B  Your model"))], tr("What is heard")
        )
        self.ab.chosen.connect(self.model.hear)
        self.ab.button(KEYS[0]).setToolTip(tr("Hear the original (A; X switches)"))
        self.ab.button(KEYS[1]).setToolTip(tr("Hear the model (B; X switches)"))
        self.loop = QCheckBox(tr("Loop"))
        self.loop.setChecked(True)
        self.loop.toggled.connect(self.model.set_loop)
        self.time = label("", "muted")
        bar.addWidget(self.play)
        bar.addWidget(self.ab)
        bar.addWidget(self.loop)
        bar.addStretch(1)
        bar.addWidget(self.time)
        player.box.addLayout(bar)
        box.addWidget(player, 3)
        distances = Card(self._themes)
        self.verdict = label("", "lead", wrap=True)
        self.explain = label(
            tr(
                "Distance to the original on a spectral scale, on sound kept out of the training: "
                "the shorter the bar, the closer."
            ),
            "caption",
            wrap=True,
        )
        self.bars = DistanceBars(self._themes)
        distances.box.addWidget(self.verdict)
        distances.box.addWidget(self.bars)
        distances.box.addWidget(self.explain)
        box.addWidget(distances)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(page)
        return area

    def add_below(self, widget: QWidget) -> None:
        """Put something under the distances."""
        self._box.addWidget(widget)

    def _shortcuts(self) -> None:
        for keys, act in (
            ("A", lambda: self.model.hear(KEYS[0])),
            ("B", lambda: self.model.hear(KEYS[1])),
            ("X", self.model.swap),
            # Not the button's own shortcut: released, the space bar would click the focused button a second time.
            ("Space", self._space),
        ):
            # Wherever the focus is: these keys only count while this part of the window is seen.
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setAutoRepeat(False)
            shortcut.activated.connect(act)
        home = QShortcut(QKeySequence("Home"), self)
        home.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        home.activated.connect(lambda: self.model.seek(0.0))

    def _space(self) -> None:
        """The space bar plays, unless the focus is on a control that it works itself (a check box, another button)."""
        focus = QApplication.focusWidget()
        own = (self.play, *(self.ab.button(key) for key in KEYS))
        if isinstance(focus, QAbstractButton) and focus not in own:
            focus.click()
        else:
            self.toggle()

    def toggle(self) -> None:
        """Play or pause; opens the audio device at the first time."""
        if self._opening or not self.model.ready:
            return
        if self.model.player is None and self._files is not None:
            files, self._opening = self._files, True
            self._bridge.call(lambda: sounds.open_player(files), self._opened, self._refused)
            return
        try:
            self.model.toggle()
        except UserError as error:
            self._refused(error)

    def refresh(self) -> None:
        """Show the model's state."""
        m = self.model
        self.play.set_face(*((tr("Pause"), "pause") if m.playing else (tr("Play"), "play")))
        if m.ready != self.play.isEnabled():
            self.play.setEnabled(m.ready)
        self.ab.set(m.heard)
        self.wave.set_heard(m.heard)
        self._moved()
        if m.problem is not None:
            self.problem.show_message("warning", *m.problem)
        else:
            self.problem.hide()
        if m.playing and self.isVisible():
            self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self._timer.stop()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.refresh()

    def _load(self, files: tuple[Path, Path]) -> None:
        self.release()
        self.wave.clear()
        if self._loading is not None:
            self._loading.cancel()
        self._loading = self._bridge.call(
            lambda: [sounds.peaks(path) for path in files], self._loaded, self._refused
        )

    def _loaded(self, found: list[sounds.Peaks]) -> None:
        for key, peaks in zip(KEYS, found, strict=True):
            self.wave.set_sound(key, peaks.pairs, peaks.seconds)
        self.model.set_sounds(max(p.seconds for p in found))
        if self._wants_focus and self.isVisible():
            self.take_focus()

    def _opened(self, player: Any) -> None:
        self._opening = False
        self.model.set_player(player)
        try:
            self.model.toggle()
        except UserError as error:
            self._refused(error)

    def _refused(self, error: Exception) -> None:
        if not isinstance(error, (UserError, OSError)):
            raise error
        message = error.message if isinstance(error, UserError) else str(error)
        self._opening = False
        self.model.set_player(None)
        self.model.set_problem(message, error.hint if isinstance(error, UserError) else "")

    def _again(self) -> None:
        self.problem.hide()
        if self.model.ready:
            self.toggle()
        elif self._files is not None:
            self._load(self._files)

    def _tick(self) -> None:
        if self.model.poll() and not self.model.playing:
            self._timer.stop()
        self._moved()

    def _moved(self) -> None:
        m = self.model
        self.wave.set_position(m.position)
        self.time.setText(f"{words.clock(m.position)} / {words.clock(m.seconds)}" if m.ready else "")

    def _show_distances(self, result: dict[str, Any]) -> None:
        names = {
            "distance": tr("Your model"),
            "distance_untrained": tr("Untrained model"),
            "distance_noise": tr("Noise, same loudness"),
            "distance_silence": tr("Silence"),
        }
        bars = [
            Bar(name, float(result[key]), key == "distance")
            for key, name in names.items()
            if isinstance(result.get(key), (int, float))
        ]
        self.bars.set(bars)
        self.verdict.setText(verdict(result))


def verdict(result: dict[str, Any]) -> str:
    """What the distances mean, in one sentence."""
    own = result.get("distance")
    if not isinstance(own, (int, float)):
        return tr("The distance could not be measured.")
    others = {
        "distance_untrained": tr("an untrained model"),
        "distance_silence": tr("silence"),
        "distance_noise": tr("noise"),
    }
    beaten = [t for k, t in others.items() if isinstance(result.get(k), (int, float)) and own < result[k]]
    if not beaten:
        return tr("Not closer to the original than an untrained model yet. Train longer.")
    if len(beaten) == 3:
        return tr("Closer to the original than an untrained model, silence and noise.")
    things = tr(" and ").join(beaten)
    missing = [t for k, t in others.items() if isinstance(result.get(k), (int, float)) and own >= result[k]]
    if missing:
        left = tr(" and ").join(missing)
        return tr("Closer to the original than {things}, not yet than {left}.", things=things, left=left)
    return tr("Closer to the original than {things}.", things=things)
