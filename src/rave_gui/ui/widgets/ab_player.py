"""One or more sounds to be heard in sync: waveforms, transport, volume, a stretch to repeat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from rave_gui.errors import UserError
from rave_gui.ui import words
from rave_gui.ui.bridge import Bridge, Task
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.actions import Action
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Banner, Button, IconButton, IconLabel, Segments, label
from rave_gui.ui.widgets.lanes import SoundLanes
from rave_gui.ui.widgets.slider import Slider
from rave_gui.viewmodels import sounds
from rave_gui.viewmodels.ab_player import PlayerModel, Track
from rave_gui.viewmodels.sounds import Peaks, Sound

POLL_MS = 33
NARROW = 620
"""Pixels at 100 % below which the choice of sounds is letters only."""
NUDGE_SECONDS = 1.0


class SoundPlayer(QWidget):
    """Give it tracks with :meth:`set_tracks`; files are read in a thread, and the audio device is opened at the first play.

    ``loaded``: the sounds are there; ``refused``: a sound could not be read (a banner says so already).
    """

    loaded = Signal()
    refused = Signal(object)

    def __init__(
        self,
        themes: ThemeManager,
        bridge: Bridge,
        name: str = "",
        *,
        primary: bool = True,
        volume: bool = True,
    ) -> None:
        """``primary``: whether the play button is the view's main one."""
        super().__init__()
        self._themes, self._bridge = themes, bridge
        self.model = PlayerModel()
        self._tracks: tuple[Track, ...] = ()
        self._sounds: tuple[Sound, ...] = ()
        self._loading: Task | None = None
        self._opening: Task | None = None
        self._wants_focus = False
        self._short = False
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(themes.theme.space("m"))
        self.problem = Banner(themes)
        self.problem.hide()
        self.retry = Button(themes, tr("Try again"), "rotate-ccw")
        self.retry.clicked.connect(self._again)
        self.problem.buttons.addWidget(self.retry)
        box.addWidget(self.problem)
        self.lanes = SoundLanes(
            themes, name or tr("Waveforms; the arrow keys move the playhead, dragging marks a loop")
        )
        self.lanes.sought.connect(self.model.seek)
        self.lanes.marked.connect(self.model.set_region)
        self.lanes.cleared.connect(self.model.clear_region)
        self.lanes.wanted.connect(self.model.hear)
        box.addWidget(self.lanes, 1)
        self.bar = QHBoxLayout()
        self.bar.setSpacing(themes.theme.space("s"))
        self.play = Button(
            themes, tr("Play"), "play", "primary" if primary else "", tip=tr("Play or pause (Space)")
        )
        self.play.clicked.connect(self.toggle)
        self.bar.addWidget(self.play)
        self._choice = QHBoxLayout()
        self.bar.addLayout(self._choice)
        self.ab: Segments | None = None
        self.loop = IconButton(themes, "repeat", tr("Loop (L)"))
        self.loop.setCheckable(True)
        self.loop.clicked.connect(lambda on: self.model.set_loop(bool(on)))
        self.whole = IconButton(themes, "x", tr("Loop all of it again"))
        self.whole.clicked.connect(self.model.clear_region)
        self.bar.addWidget(self.loop)
        self.bar.addWidget(self.whole)
        self.bar.addStretch(1)
        self.volume = Slider(themes, tr("Volume"), 0, 100)
        self.volume.setMaximumWidth(themes.theme.px(110))
        self.volume.setValue(100)
        self.volume.setToolTip(tr("Volume"))
        self.volume.valueChanged.connect(lambda value: self.model.set_gain((value / 100) ** 2))
        self._has_volume = volume
        self._speaker = IconLabel(themes, "volume-2", "muted", 16)
        self.bar.addWidget(self._speaker)
        self.bar.addWidget(self.volume)
        self.time = label("", "muted")
        self.bar.addWidget(self.time)
        box.addLayout(self.bar)
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._tick)
        themes.changed.connect(self._fit)
        self.model.changed.connect(self.refresh)
        self.refresh()

    # What is heard

    def set_tracks(self, tracks: Sequence[Track], *, keep: bool = False) -> None:
        """Hear these from now on; the same ones again do nothing. ``keep``: go on at the same place, loop and all."""
        if tuple(tracks) == self._tracks:
            return
        self._tracks = tuple(tracks)
        if not tracks:
            self.clear()
            return
        if not keep:
            self.release()
            self.lanes.clear()
        self.lanes.set_lanes([(t.key, t.name, t.role) for t in tracks])
        self._make_choice()
        self._stop_loading()

        def work() -> list[tuple[Sound, Peaks]]:
            found = [sounds.load(track.source) for track in tracks]
            return [(sound, sounds.envelope(sound)) for sound in found]

        self._loading = self._bridge.call(work, lambda found: self._loaded(found, keep), self._loading_failed)

    def clear(self) -> None:
        """Nothing to hear."""
        self._stop_loading()
        self._tracks, self._sounds = (), ()
        self.release()
        self.lanes.clear()
        self.model.set_sounds((), 0.0)

    def release(self) -> None:
        """Stop and give the audio device back."""
        self._timer.stop()
        if self._opening is not None:
            self._opening.cancel()
            self._opening = None
        self.model.set_player(None)

    def take_focus(self) -> None:
        """Put the focus on the play button, once there is something to play (a disabled button takes none)."""
        self._wants_focus = not self.model.ready
        if self.model.ready:
            self.play.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def tracks(self) -> tuple[Track, ...]:
        """What was given last."""
        return self._tracks

    # What can be done, as actions of a page

    def page_actions(self, page: str, prefix: str = "") -> list[Action]:
        """Transport as actions of a page; their keys begin with ``prefix`` (by default the page's key)."""
        own = prefix or page

        def ready() -> bool:
            return self.model.ready and self.isVisible()

        def several(index: int) -> bool:
            return ready() and len(self.model.keys) > max(1, index)

        made = [
            ("toggle", tr("Play or pause"), self._space, "play", "Space", ready),
            ("start", tr("Go to the start"), lambda: self.model.seek(0.0), "skip-back", "Home", ready),
            ("back", tr("Back one second"), lambda: self._nudge(-1), "arrow-left", "Alt+Left", ready),
            ("forward", tr("Forward one second"), lambda: self._nudge(1), "arrow-right", "Alt+Right", ready),
            (
                "loop",
                tr("Loop on or off"),
                lambda: self.model.set_loop(not self.model.loop),
                "repeat",
                "L",
                ready,
            ),
            ("in", tr("Loop starts here"), lambda: self.model.mark(start=True), "", "I", ready),
            ("out", tr("Loop ends here"), lambda: self.model.mark(start=False), "", "O", ready),
            ("swap", tr("Switch to the other sound"), self.model.swap, "split", "X", lambda: several(1)),
        ]
        for index, letter in enumerate("ABC"):
            made.append(
                (
                    f"hear_{letter.lower()}",
                    tr("Hear sound {letter}", letter=letter),
                    lambda index=index: self._hear(index),  # type: ignore[misc]
                    "headphones",
                    letter,
                    lambda index=index: several(index),  # type: ignore[misc]
                )
            )
        return [
            Action(
                f"{own}.player_{key}",
                text,
                run,
                icon,
                keys,
                page=page,
                group=tr("Listening"),
                enabled=enabled,
            )
            for key, text, run, icon, keys, enabled in made
        ]

    def use_shortcuts(self) -> None:
        """The same keys where no page registers :meth:`page_actions`: they count while this part of the window is seen."""
        for keys, act in (
            ("A", lambda: self._hear(0)),
            ("B", lambda: self._hear(1)),
            ("C", lambda: self._hear(2)),
            ("X", self.model.swap),
            ("L", lambda: self.model.set_loop(not self.model.loop)),
            # Not the button's own shortcut: released, the space bar would click the focused button a second time.
            ("Space", self._space),
        ):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setAutoRepeat(False)
            shortcut.activated.connect(act)
        home = QShortcut(QKeySequence("Home"), self)
        home.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        home.activated.connect(lambda: self.model.seek(0.0))

    def _hear(self, index: int) -> None:
        if index < len(self.model.keys):
            self.model.hear(self.model.keys[index])

    def _nudge(self, way: int) -> None:
        self.model.seek(self.model.position + way * NUDGE_SECONDS)

    def _space(self) -> None:
        """The space bar plays, unless the focus is on a control that it works itself (a check box, another button)."""
        focus = QApplication.focusWidget()
        own: list[QWidget] = [self.play]
        if self.ab is not None:
            own += [self.ab.button(key) for key in self.model.keys]
        if isinstance(focus, QAbstractButton) and focus not in own:
            focus.click()
        elif isinstance(focus, QComboBox):
            focus.showPopup()
        else:
            self.toggle()

    def toggle(self) -> None:
        """Play or pause; opens the audio device at the first time."""
        if self._opening is not None or not self.model.ready:
            return
        if self.model.player is None:
            found = self._sounds
            self._opening = self._bridge.call(
                lambda: sounds.open_player(found), self._opened, self._device_failed
            )
            return
        try:
            self.model.toggle()
        except UserError as error:
            self._device_failed(error)

    # Behind it

    def refresh(self) -> None:
        """Show the model's state."""
        m = self.model
        self.play.set_face(*((tr("Pause"), "pause") if m.playing else (tr("Play"), "play")))
        for part in (self.play, self.loop, self.volume):
            if m.ready != part.isEnabled():
                part.setEnabled(m.ready)
        if self.ab is not None:
            self.ab.set(m.heard)
        self.loop.setChecked(m.loop)
        self.whole.setVisible(m.region is not None)
        self.lanes.set_heard(m.heard)
        self.lanes.set_region(m.region)
        self._moved()
        if m.problem is not None:
            self.problem.show_message("warning", *m.problem)
        else:
            self.problem.hide()
        if m.playing and self.isVisible():
            self._timer.start()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Leave out what there is no room for."""
        theme = self._themes.theme
        room = self._has_volume and self.width() >= theme.px(NARROW - 110)
        self._speaker.setVisible(room)
        self.volume.setVisible(room)
        narrow = self.width() < theme.px(NARROW)
        if self.ab is not None and narrow and not self._short:
            self._make_choice()
            self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self._timer.stop()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.refresh()

    def _make_choice(self) -> None:
        if self.ab is not None:
            self._choice.removeWidget(self.ab)
            self.ab.hide()
            self.ab.deleteLater()
            self.ab = None
        if len(self._tracks) < 2:
            return
        letters = [(t.key, f"{chr(65 + i)}  {t.name}") for i, t in enumerate(self._tracks)]
        long = len(self._tracks) > 2 or max(len(t.name) for t in self._tracks) > 16
        short = long or self.width() < self._themes.theme.px(NARROW)
        self._short = short
        self.ab = Segments(
            [(key, chr(65 + i) if short else text) for i, (key, text) in enumerate(letters)],
            tr("What is heard"),
        )
        for i, track in enumerate(self._tracks):
            button = self.ab.button(track.key)
            letter = chr(65 + i)
            button.setToolTip(tr("Hear {name} ({key}; X switches)", name=track.name, key=letter))
            button.setAccessibleName(f"{letter}: {track.name}")
        self.ab.chosen.connect(self.model.hear)
        self._choice.addWidget(self.ab)

    def _stop_loading(self) -> None:
        if self._loading is not None:
            self._loading.cancel()
            self._loading = None

    def _loaded(self, found: list[tuple[Sound, Peaks]], keep: bool) -> None:
        self._loading = None
        for track, (_, peaks) in zip(self._tracks, found, strict=True):
            self.lanes.set_peaks(track.key, peaks)
        self._sounds = tuple(sound for sound, _ in found)
        if keep and self.model.player is not None:
            self.model.player.replace(self._sounds)
        self.model.set_sounds([t.key for t in self._tracks], max(s.seconds for s in self._sounds), keep=keep)
        if self._wants_focus and self.isVisible():
            self.take_focus()
        self.loaded.emit()

    def _loading_failed(self, error: Exception) -> None:
        self._loading = None
        self._tracks = ()
        self.model.set_sounds((), 0.0)
        self._show_problem(error)
        self.retry.hide()
        self.refused.emit(error)

    def _opened(self, player: Any) -> None:
        self._opening = None
        self.model.set_player(player)
        try:
            self.model.toggle()
        except UserError as error:
            self._device_failed(error)

    def _device_failed(self, error: Exception) -> None:
        self._opening = None
        self.model.set_player(None)
        self.retry.show()
        self._show_problem(error)

    def _show_problem(self, error: Exception) -> None:
        if not isinstance(error, (UserError, OSError)):
            raise error
        message = error.message if isinstance(error, UserError) else str(error)
        self.model.set_problem(message, error.hint if isinstance(error, UserError) else "")

    def _again(self) -> None:
        self.problem.hide()
        self.toggle()

    def _tick(self) -> None:
        if self.model.poll() and not self.model.playing:
            self._timer.stop()
        self._moved()

    def _moved(self) -> None:
        m = self.model
        self.lanes.set_position(m.position)
        self.time.setText(f"{words.clock(m.position)} / {words.clock(m.seconds)}" if m.ready else "")
