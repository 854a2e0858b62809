"""How one recording sounds beside the whole dataset: its spectrum over the dataset's, its level, and how high it reaches."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.actions import ActionButton
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Card, ElidedLabel, label
from rave_gui.ui.widgets.spectrum import SpectrumView, frequency
from rave_gui.viewmodels import datasets as text


class SourceSound(Card):
    """:meth:`show_stats` takes what was measured of the dataset, :meth:`show_source` one of its recordings."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.themes)
        themes = session.themes
        self._stats: Any = None
        self.stack = QStackedWidget()
        self.box.addWidget(self.stack)
        sound = QWidget()
        box = QVBoxLayout(sound)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(themes.theme.space("xs"))
        self.title = ElidedLabel("", "strong")
        self.facts = ElidedLabel("", "caption")
        self.spectrum = SpectrumView(
            themes, tr("Spectrum of the recording against that of the whole dataset")
        )
        box.addWidget(self.title)
        box.addWidget(self.facts)
        box.addWidget(self.spectrum, 1)
        self.stack.addWidget(sound)
        ask = QWidget()
        lines = QVBoxLayout(ask)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.addWidget(label(tr("How each recording sounds"), "strong"))
        lines.addWidget(
            label(
                tr(
                    "Measured once, each recording shows its loudness, its peak, how high it reaches and its spectrum."
                ),
                "muted",
                wrap=True,
            )
        )
        row = QHBoxLayout()
        row.addWidget(ActionButton(themes, session.actions, "datasets.measure"))
        row.addStretch(1)
        lines.addLayout(row)
        lines.addStretch(1)
        self.stack.addWidget(ask)
        self._fit()
        themes.changed.connect(self._fit)
        self.show_stats(None)

    def _fit(self) -> None:
        """Low, so that the table above keeps its rows."""
        px = self._themes.theme.px
        self.spectrum.setMinimumHeight(px(112))
        self.setMaximumHeight(px(208))

    def show_stats(self, stats: Any) -> None:
        """What was measured (:class:`rave_gui.datasets.stats.DatasetStats`); None: nothing yet."""
        self._stats = stats
        self.stack.setCurrentIndex(1 if stats is None else 0)
        self.show_source(None, "")

    def show_source(self, source: Any, name: str) -> None:
        """One recording (:class:`rave_gui.datasets.stats.SourceStats`), or None with the name of one that was not measured."""
        found = self._stats
        if found is None:
            return
        self.spectrum.set_spectrum(
            found.frequencies,
            found.spectrum_mean,
            found.spectrum_low,
            found.spectrum_high,
            end=found.bandwidth_hz if source is None else source.bandwidth_hz,
            nyquist=found.sample_rate / 2,
        )
        if source is None:
            self.title.setText(name or tr("The whole dataset"))
            self.facts.setText(
                tr("None of its chunks was measured; this is the whole dataset.")
                if name
                else tr("Choose a recording to compare it.")
            )
            return
        self.spectrum.set_other(source.spectrum)
        self.title.setText(tr("Against the whole dataset: {name}", name=name))
        facts = "  ·  ".join(
            (
                tr("loudness {level}", level=text.level_text(source.rms_db)),
                tr("peak {level}", level=text.level_text(source.peak_db)),
                tr("reaches {end}", end=frequency(source.bandwidth_hz)),
            )
        )
        self.facts.setText(facts)
        self.spectrum.setAccessibleDescription(facts)
