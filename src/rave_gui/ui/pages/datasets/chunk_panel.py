"""One chunk: its waveform and spectrogram, what is known of it, and its sound."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from rave_gui.ui.bridge import Stop, Task
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Chip, label
from rave_gui.ui.widgets.player import PlayerView
from rave_gui.ui.widgets.spectrogram import SpectrogramView
from rave_gui.viewmodels import datasets as text
from rave_gui.viewmodels.datasets_chunks import ChunksModel, spectrogram
from rave_gui.viewmodels.player import Sound

TOLD = frozenset({"key", "path", "length", "relative"})
"""Metadata of a record that stands among the facts already."""


class ChunkPanel(QWidget):
    """Beside a table or a map of chunks. ``loaded``: a chunk's sound is there."""

    loaded = Signal()

    def __init__(self, session: Session, model: ChunksModel, *, compact: bool = False) -> None:
        """``compact``: what is known of the chunk stands in one line."""
        super().__init__()
        self._session, self._model = session, model
        self.index = -1
        self._picture: Task | None = None
        self._facts: Task | None = None
        themes = session.themes
        space = themes.theme.space
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(space("s"))
        head = QHBoxLayout()
        self.title = label(tr("No chunk is chosen"), "lead")
        self.bad = Chip()
        self.bad.set("")
        head.addWidget(self.title)
        head.addWidget(self.bad)
        head.addStretch(1)
        outer.addLayout(head)
        self.player = PlayerView(
            themes,
            session.bridge,
            name=tr("Waveform of the chunk; the arrow keys move the playhead"),
            wave_height=72,
        )
        self.player.clear(tr("Choose a chunk to see and hear it."))
        self.player.loaded.connect(self._draw)
        inner = QWidget()
        parts = QVBoxLayout(inner)
        parts.setContentsMargins(0, 0, space("xs"), 0)
        parts.setSpacing(space("s"))
        parts.addWidget(self.player)
        self.spectrogram = SpectrogramView(themes, tr("Spectrogram of the chunk"))
        self.spectrogram.sought.connect(self.player.model.seek)
        parts.addWidget(self.spectrogram, 2)
        self.line = label("", "caption", wrap=True)
        parts.addWidget(self.line)
        if not compact:
            self.line.hide()
        body = QWidget()
        self.grid = QGridLayout(body)
        self.grid.setContentsMargins(0, 0, 0, 0)
        self.grid.setHorizontalSpacing(space("m"))
        self.grid.setVerticalSpacing(space("xs"))
        self.grid.setColumnStretch(1, 1)
        parts.addWidget(body, 1)
        if compact:
            body.hide()
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setMinimumHeight(themes.theme.px(110))
        area.setWidget(inner)
        outer.addWidget(area, 1)
        self.player.moved.connect(self.spectrogram.set_position)

    def show_chunk(self, index: int, *, play: bool = False) -> None:
        """Show a chunk; loading waits until the choice has rested."""
        if index == self.index and self.player.model.ready:
            if play:
                self.player.toggle()
            return
        self.index = index
        self.title.setText(tr("Chunk {n}", n=f"{index:,}"))
        self.spectrogram.clear()
        self._work(index, play)
        if self._facts is not None:
            self._facts.cancel()
        self._facts = self._session.call(lambda: self._read(index), self._fill)

    def clear(self) -> None:
        """No chunk is chosen."""
        self.index = -1
        for task in (self._facts, self._picture):
            if task is not None:
                task.cancel()
        self.title.setText(tr("No chunk is chosen"))
        self.bad.set("")
        self.player.clear(tr("Choose a chunk to see and hear it."))
        self.spectrogram.clear()
        self._rows([])

    def release(self) -> None:
        """No sound any more."""
        self.player.release()

    def _work(self, index: int, play: bool) -> None:
        model = self._model

        def work(_stopped: Callable[[], bool]) -> Sound:
            return model.sound(index)

        self.player.show_sound(work, "", play=play)

    def _draw(self, sound: Sound) -> None:
        if self._picture is not None:
            self._picture.cancel()

        def read(stop: Stop, _emit: Any) -> Any:
            return spectrogram(sound, lambda: stop.requested)

        def done(found: Any) -> None:
            levels, hz = found
            self.spectrogram.set_levels(levels, hz, sound.seconds)
            self.loaded.emit()

        self._picture = self._session.stream(read, lambda _batch: None, done)

    def _read(self, index: int) -> Any:
        return index, self._model.chunk(index), *self._model.details(index)

    def _fill(self, found: Any) -> None:
        index, row, metadata, origins = found
        self._facts = None
        if index != self.index or row is None:
            return
        self.bad.set(tr("Marked bad") if row.bad else "", "warning")
        facts = [
            (tr("Length"), text.length_text(row.seconds)),
            (tr("Peak"), text.level_text(row.peak_db)),
            (tr("Loudness (RMS)"), text.level_text(row.rms_db)),
            (tr("Silence"), f"{row.silence:.0%}" if row.silence is not None else ""),
        ]
        rate = self._model.sample_rate or 1
        for i, origin in enumerate(origins[:12]):
            where = tr(
                "{name}, from {start}", name=PurePath(origin.path).name, start=_clock(origin.start / rate)
            )
            facts.append((trn("Recording", "Recordings", len(origins)) if not i else "", where))
        if len(origins) > 12:
            facts.append(("", tr("and {n} more", n=len(origins) - 12)))
        if not origins and row.source:
            facts.append((tr("Recording"), row.source))
        facts.append((tr("Key"), row.key))
        if row.hash:
            facts.append((tr("Content hash"), row.hash[:16]))
        known = {
            "channels": tr("Channels"),
            "sample_rate": tr("Sample rate"),
            "sr": tr("Sample rate"),
            "bits": tr("Bits"),
            "samples": tr("Samples"),
            "clipped": tr("Clipped samples"),
            "crest_db": tr("Crest factor"),
        }
        for key, value in sorted(metadata.items()):
            if isinstance(value, (str, int, float, bool)) and key not in TOLD:
                facts.append((known.get(str(key), str(key)), _shown(str(key), value)))
        if row.problem:
            facts.insert(0, (tr("Problem"), row.problem))
        self._rows([(name, value) for name, value in facts if value])

    def _rows(self, facts: list[tuple[str, str]]) -> None:
        self.line.setText("  ·  ".join(f"{name} {value}".strip() for name, value in facts[:5]))
        while self.grid.count():
            item = self.grid.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for i, (name, value) in enumerate(facts):
            self.grid.addWidget(label(name, "caption"), i, 0, Qt.AlignmentFlag.AlignTop)
            shown = label(value, "body", wrap=True, selectable=True)
            shown.setAccessibleName(f"{name}: {value}")
            shown.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self.grid.addWidget(shown, i, 1)
        self.grid.setRowStretch(len(facts), 1)


def _shown(key: str, value: str | float) -> str:
    """A value of the metadata with its unit, where that is known."""
    if isinstance(value, (bool, str)):
        return str(value)
    number = f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
    units = {"crest_db": tr("{n} dB"), "sample_rate": tr("{n} Hz"), "sr": tr("{n} Hz")}
    return units.get(key, "{n}").format(n=number)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(max(0.0, seconds), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"
