"""Waveform and transport of one sound, or of a few that are compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from rave_gui.errors import UserError
from rave_gui.ui import words
from rave_gui.ui.bridge import Bridge, Stop, Task
from rave_gui.ui.i18n import tr
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import ElidedLabel, IconButton, Segments, label, set_tone
from rave_gui.ui.widgets.waveform import WaveformView
from rave_gui.viewmodels.player import PlayerModel, Sound

POLL_MS = 33
SETTLE_MS = 140
"""A sound is loaded when the selection has rested so long: walking through a list with the arrow keys decodes nothing."""


class PlayerView(QWidget):
    """Shows and plays what :meth:`show_sound` loads. ``loaded`` carries the :class:`Sound`.

    Nothing is decoded in the window's thread, and only the newest wish counts.
    """

    loaded = Signal(object)
    moved = Signal(float)
    """The playhead is at so many seconds."""

    def __init__(
        self,
        themes: ThemeManager,
        bridge: Bridge,
        lanes: dict[str, tuple[str, str]] | None = None,
        name: str = "",
        *,
        wave_height: int = 0,
    ) -> None:
        """``lanes``: key -> (name shown, colour role); one unnamed lane by default. ``wave_height``: pixels at 100 %, 0: it grows."""
        super().__init__()
        self._themes, self._bridge, self._wave_height = themes, bridge, wave_height
        lanes = lanes or {"sound": ("", "accent")}
        self.model = PlayerModel(tuple(lanes))
        self._task: Task | None = None
        self._work: Callable[[Callable[[], bool]], Sound] | None = None
        self._play_when_ready = False
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(themes.theme.space("s"))
        self.wave = WaveformView(themes, lanes, name or tr("Waveform; the arrow keys move the playhead"))
        self.wave.sought.connect(self.model.seek)
        box.addWidget(self.wave, 1)
        bar = QHBoxLayout()
        bar.setSpacing(themes.theme.space("xs"))
        self.play = IconButton(themes, "play", tr("Play (Space)"), variant="")
        self.play.clicked.connect(self.toggle)
        self.stop = IconButton(themes, "square", tr("Stop"))
        self.stop.clicked.connect(self.model.stop)
        self.loop = IconButton(themes, "repeat", tr("Repeat"))
        self.loop.setCheckable(True)
        self.loop.toggled.connect(self.model.set_loop)
        bar.addWidget(self.play)
        bar.addWidget(self.stop)
        bar.addWidget(self.loop)
        self.ab: Segments | None = None
        if len(lanes) > 1:
            self.ab = Segments([(key, text) for key, (text, _) in lanes.items()], tr("What is heard"))
            self.ab.chosen.connect(self.model.hear)
            bar.addSpacing(themes.theme.space("s"))
            bar.addWidget(self.ab)
        bar.addSpacing(themes.theme.space("s"))
        self.words = ElidedLabel("", "muted")
        bar.addWidget(self.words, 1)
        self.time = label("", "muted")
        bar.addWidget(self.time)
        box.addLayout(bar)
        self.trouble = label("", "caption", wrap=True)
        set_tone(self.trouble, "warning")
        self.trouble.hide()
        box.addWidget(self.trouble)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self._load)
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._tick)
        self._text = ""
        self.model.changed.connect(self.refresh)
        themes.changed.connect(self._sizes)
        self._sizes()
        self.refresh()

    def show_sound(
        self,
        work: Callable[[Callable[[], bool]], Sound],
        text: str = "",
        *,
        play: bool = False,
        settle: bool = True,
    ) -> None:
        """Load a sound: ``work(stopped)`` runs in a thread; ``text`` names it. ``play``: begin as soon as it is there.

        With ``settle`` it waits a moment whether another is wanted, as when somebody walks through a list.
        """
        self._cancel()
        self._work, self._text, self._play_when_ready = work, text, play
        self.model.set_sound(None)
        if settle and not play:
            self._settle.start()
        else:
            self._load()

    def clear(self, text: str = "") -> None:
        """Nothing to hear; ``text`` says why or what to do."""
        self._cancel()
        self._work, self._text = None, text
        self.wave.clear()
        self.model.set_sound(None)

    def toggle(self) -> None:
        """Play or pause. While the sound is being loaded: play when it is there."""
        if self.model.ready:
            self.model.toggle()
        elif self._work is not None:
            self._play_when_ready = True
            if self._settle.isActive():
                self._settle.stop()
                self._load()

    def hear(self, key: str) -> None:
        """Hear one of the lanes."""
        self.model.hear(key)

    def swap(self) -> None:
        """Hear the other lane."""
        self.model.swap()

    def release(self) -> None:
        """Stop, and give the audio device back."""
        self._timer.stop()
        self.model.release()

    def refresh(self) -> None:
        """Show the model's state."""
        m = self.model
        self.play.set_face(*(("pause", tr("Pause (Space)")) if m.playing else ("play", tr("Play (Space)"))))
        for button in (self.play, self.stop, self.loop):
            if button.isEnabled() != m.ready:
                button.setEnabled(m.ready)
        if self.ab is not None:
            self.ab.set(m.heard)
            self.wave.set_heard(m.heard)
        self.words.setText(self._note())
        self.trouble.setText(" ".join(part for part in m.problem if part) if m.problem else "")
        self.trouble.setVisible(m.problem is not None)
        self._moved()
        if m.playing and self.isVisible():
            self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self._cancel()
        self.release()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        if self._work is not None and not self.model.ready:
            self._settle.start()
        self.refresh()

    def _note(self) -> str:
        sound = self.model.sound
        if sound is not None and sound.whole:
            return tr(
                "{name} (the first {part} of {whole})",
                name=self._text,
                part=words.duration(sound.seconds),
                whole=words.duration(sound.whole),
            )
        return self._text

    def _sizes(self) -> None:
        if self._wave_height:
            self.wave.setFixedHeight(self._themes.theme.px(self._wave_height))

    def _cancel(self) -> None:
        self._settle.stop()
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _load(self) -> None:
        work = self._work
        if work is None:
            return

        def read(stop: Stop, _emit: Any) -> Sound:
            return work(lambda: stop.requested)

        self._task = self._bridge.stream(read, lambda _batch: None, self._loaded, self._refused)

    def _loaded(self, sound: Sound) -> None:
        self._task = None
        self.wave.clear()
        for key, peaks in zip(self.model.lanes, sound.peaks, strict=False):
            self.wave.set_sound(key, peaks, sound.seconds)
        self.model.set_sound(sound)
        self.loaded.emit(sound)
        if self._play_when_ready:
            self._play_when_ready = False
            self.model.play()

    def _refused(self, error: Exception) -> None:
        self._task = None
        self._work = None
        if not isinstance(error, (UserError, OSError)):
            raise error
        self.wave.clear()
        if isinstance(error, UserError):
            self.model.set_problem(error.message, error.hint)
        else:
            self.model.set_problem(str(error), "")

    def _tick(self) -> None:
        if self.model.poll() and not self.model.playing:
            self._timer.stop()
        self._moved()

    def _moved(self) -> None:
        m = self.model
        self.wave.set_position(m.position)
        self.moved.emit(m.position)
        self.time.setText(f"{words.clock(m.position)} / {words.clock(m.seconds)}" if m.ready else "")

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """The space bar plays while the waveform has the focus."""
        if event.key() == Qt.Key.Key_Space:
            self.toggle()
            return
        super().keyPressEvent(event)
