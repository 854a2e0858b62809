"""Hear the original and what the model makes of it, in sync."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from rave_gui.ui.bridge import Bridge
from rave_gui.ui.i18n import tr
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.ab_player import SoundPlayer
from rave_gui.ui.widgets.basic import Card
from rave_gui.ui.widgets.distance import DistanceCard
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.viewmodels.ab_player import Track


class ListenView(QWidget):
    """Waveforms, transport and distances. Space plays, A and B (or X) switch, the arrow keys move."""

    def __init__(self, themes: ThemeManager, bridge: Bridge) -> None:
        super().__init__()
        self._themes, self._bridge = themes, bridge
        self._stack = QStackedLayout(self)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self._stack.addWidget(self._empty())
        self._stack.addWidget(self._full())
        self.model = self.player.model
        self.wave, self.play, self.loop = self.player.lanes, self.player.play, self.player.loop
        self.problem = self.player.problem
        self.player.use_shortcuts()

    def show_result(self, reconstruction: dict[str, Any] | None) -> None:
        """Show the two sounds and the distances of an evaluation; None: there is nothing to hear yet."""
        if not reconstruction:
            self.player.clear()
            self._stack.setCurrentIndex(0)
            return
        self._stack.setCurrentIndex(1)
        self.distances.show_result(reconstruction)
        self.player.set_tracks(
            [
                Track("original", tr("Original"), "original", Path(str(reconstruction.get("original", "")))),
                Track(
                    "reconstruction", tr("Your model"), "result", Path(str(reconstruction.get("path", "")))
                ),
            ]
        )

    def take_focus(self) -> None:
        """Put the focus on the play button, once there is something to play."""
        self.player.take_focus()

    def release(self) -> None:
        """Stop and give the audio device back."""
        self.player.release()

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
        card = Card(self._themes)
        self.player = SoundPlayer(self._themes, self._bridge)
        card.box.addWidget(self.player, 1)
        box.addWidget(card, 3)
        self.distances = DistanceCard(self._themes)
        self.verdict = self.distances.verdict
        box.addWidget(self.distances)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(page)
        return area

    def add_below(self, widget: QWidget) -> None:
        """Put something under the distances."""
        self._box.addWidget(widget)
