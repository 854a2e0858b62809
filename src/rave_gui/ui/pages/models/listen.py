"""Hear a model: the original beside what one or two checkpoints make of it, and what an evaluation measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from rave_gui.ui.i18n import tr
from rave_gui.ui.widgets.ab_player import SoundPlayer
from rave_gui.ui.widgets.basic import Button, Card, ElidedLabel
from rave_gui.ui.widgets.distance import DistanceCard
from rave_gui.ui.widgets.drop import DropZone
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.viewmodels.ab_player import Track
from rave_gui.viewmodels.models import Hearing

if TYPE_CHECKING:
    from rave_gui.ui.shell.session import Session

ROLES = ("result", "warning")


class ListenPanel(DropZone):
    """``measure`` and ``render`` ask for what the buttons of the empty state say; ``dropped`` carries files."""

    measure = Signal()
    render_asked = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session.themes, tr("Listen; sound files can be dropped here"))
        self.setObjectName("page")
        themes = session.themes
        theme = themes.theme
        self._stack = QStackedLayout()
        self.box.addLayout(self._stack)
        self.empty = EmptyState(
            themes,
            "headphones",
            tr("Hear what it has learned"),
            tr(
                "Let the model play a piece of your own recordings that it never heard, and measure how close it comes. "
                "Or send any sound file through it: drop it here."
            ),
        )
        row = QHBoxLayout()
        row.setSpacing(theme.space("s"))
        self.measure_button = Button(themes, tr("Measure on held-out sound"), "chart-bar")
        self.measure_button.clicked.connect(self.measure)
        self.render_button = Button(themes, tr("Render a file…"), "file-music")
        self.render_button.clicked.connect(self.render_asked)
        row.addStretch(1)
        row.addWidget(self.measure_button)
        row.addWidget(self.render_button)
        row.addStretch(1)
        self.empty.box.insertLayout(self.empty.box.count() - 1, row)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._full(session))
        self.hearing: Hearing | None = None

    def _space(self) -> None:
        self.box.setContentsMargins(0, 0, 0, 0)

    def show_hearing(self, hearing: Hearing | None) -> None:
        """Hear this; None: there is nothing yet."""
        self.hearing = hearing
        if hearing is None:
            self.player.clear()
            self._stack.setCurrentIndex(0)
            return
        self._stack.setCurrentIndex(1)
        self.title.setText(hearing.title)
        tracks = []
        if hearing.original is not None:
            tracks.append(Track("original", tr("Original"), "original", hearing.original))
        for index, (name, path) in enumerate(hearing.results):
            tracks.append(Track(f"result{index}", name, ROLES[index % 2], path))
        self.player.set_tracks(tracks)
        self.distances.setVisible(bool(hearing.evaluation))
        if hearing.evaluation:
            self.distances.show_result(hearing.evaluation)

    def take_focus(self) -> None:
        """To the play button, or to what the empty state offers."""
        if self.hearing is None:
            self.measure_button.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.player.take_focus()

    def files(self) -> list[Path]:
        """The files that are heard."""
        found = self.hearing
        return [] if found is None else [path for _, path in found.results]

    def _full(self, session: Session) -> QWidget:
        themes = session.themes
        theme = themes.theme
        page = QWidget()
        box = QVBoxLayout(page)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(theme.space("m"))
        card = Card(themes)
        self.title = ElidedLabel("", "strong")
        card.box.addWidget(self.title)
        self.player = SoundPlayer(themes, session.bridge, primary=False)
        card.box.addWidget(self.player, 1)
        box.addWidget(card, 1)
        self.distances = DistanceCard(themes)
        box.addWidget(self.distances)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(page)
        return area
