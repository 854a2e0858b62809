"""Gallery: everything that draws sound or numbers. The signals are computed here, so that every picture is the same each time."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QWidget

from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.pages.gallery.parts import column
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.distance import Bar, DistanceBars
from rave_gui.ui.widgets.histogram import HistogramView
from rave_gui.ui.widgets.lanes import SoundLanes
from rave_gui.ui.widgets.plot import PlotPanel
from rave_gui.ui.widgets.scatter import ScatterView
from rave_gui.ui.widgets.spectrogram import SpectrogramView
from rave_gui.ui.widgets.spectrum import SpectrumView
from rave_gui.ui.widgets.waveform import WaveformView
from rave_gui.viewmodels.series import Series
from rave_gui.viewmodels.sounds import Peaks

SECONDS = 8.0
SLICES = 1200


def _loudness(phase: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """An envelope of decaying strokes, one each second, 0 to 1."""
    time = np.linspace(0, SECONDS, SLICES)
    ripple = 0.75 + 0.25 * np.sin(time * 61 + phase)
    loud: np.ndarray[tuple[int], np.dtype[np.float64]] = np.exp(-3.5 * ((time + phase) % 1.0)) * ripple
    return loud


def sounds(session: Session) -> QWidget:
    """Waveforms, lanes that are compared, spectrogram, spectrum."""
    themes = session.themes
    original, model = _loudness(0.0), 0.85 * _loudness(0.02)
    wave = WaveformView(themes, {"sound": ("", "accent")}, tr("Example of a waveform"))
    wave.set_sound("sound", list(zip((-original).tolist(), original.tolist(), strict=True)), SECONDS)
    wave.set_position(2.6)
    wave.setMinimumHeight(themes.theme.px(80))
    lanes = SoundLanes(themes, tr("Two sounds that are compared"))
    lanes.set_lanes([("a", tr("Original"), "original"), ("b", tr("Model"), "result")])
    for key, loud in (("a", original), ("b", model)):
        lanes.set_peaks(key, Peaks(-loud.astype(np.float32), loud.astype(np.float32), SECONDS))
    lanes.set_heard("b")
    lanes.set_position(3.2)
    lanes.set_region((2.0, 5.0))
    lanes.setMinimumHeight(themes.theme.px(170))
    bands, frames = 64, 300
    hz = np.geomspace(60, 18_000, bands)
    strokes = np.interp(np.linspace(0, SECONDS, frames), np.linspace(0, SECONDS, SLICES), original)
    levels = 255 * strokes[None, :] * np.exp(-((np.arange(bands) / bands) ** 2) * 2.5)[:, None]
    spectrogram = SpectrogramView(themes, tr("Example of a spectrogram"))
    spectrogram.set_levels(levels.astype(np.uint8), hz.tolist(), SECONDS)
    spectrogram.set_position(2.6)
    spectrogram.setMinimumHeight(themes.theme.px(120))
    mean = -20 - 12 * np.log2(hz / 200).clip(0) + 4 * np.sin(np.arange(bands) / 3)
    spectrum = SpectrumView(themes, tr("Example of a spectrum"))
    spectrum.set_spectrum(
        hz.tolist(), mean.tolist(), (mean - 8).tolist(), (mean + 6).tolist(), end=16_000, nyquist=22_050
    )
    spectrum.setMinimumHeight(themes.theme.px(160))
    return column(session, [wave, lanes, spectrogram, spectrum], "m")


def charts(session: Session) -> QWidget:
    """Curves, bars, a map of points."""
    themes = session.themes
    steps = np.arange(0, 100_000, 250)
    rng = np.random.default_rng(0)
    plot = PlotPanel(themes, tr("Distance to the original"), growing=True)
    curves = {}
    for name, height in (("train", 9.0), ("held-out", 10.0)):
        curve = Series()
        for step, value in zip(
            steps, height / (1 + steps / 9000) + 0.3 * rng.random(len(steps)), strict=True
        ):
            curve.add(float(step), float(value) + 2.0)
        curves[name] = curve
    plot.set_series(curves, {"train": tr("Training"), "held-out": tr("Held-out sound")})
    plot.set_switch(60_000)
    plot.refresh(100_000)
    plot.setMinimumHeight(themes.theme.px(230))
    bars = DistanceBars(themes)
    bars.set([Bar(tr("Model"), 2.4, True), Bar(tr("Noise"), 9.1), Bar(tr("Silence"), 7.7)])
    histogram = HistogramView(themes, tr("How loud chunks are"))
    counts = (200 * np.exp(-((np.arange(24) - 14.0) ** 2) / 18)).astype(int).tolist()
    edges = np.linspace(-48, 0, 25).tolist()
    histogram.set_counts(
        edges,
        counts,
        lambda edge: tr("{n} dB", n=round(edge)),
        lambda low, high, count: trn(
            "{n} chunk from {low} to {high} dB",
            "{n} chunks from {low} to {high} dB",
            count,
            low=low,
            high=high,
        ),
        (-20.0, tr("usual")),
    )
    histogram.setMinimumHeight(themes.theme.px(150))
    groups = np.repeat(np.arange(3), 60)
    middles = np.array([(-0.5, -0.3), (0.4, 0.5), (0.5, -0.5)])[groups]
    points = ScatterView(themes, tr("Map of sounds"))
    points.set_points((middles + 0.14 * rng.standard_normal((180, 2))).clip(-0.98, 0.98), groups)
    points.select(10, [11, 12, 13])
    points.setMinimumHeight(themes.theme.px(220))
    return column(session, [plot, bars, histogram, points], "m")
