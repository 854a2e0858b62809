"""What a dataset holds and how it sounds, drawn."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from rave_gui.ui import words
from rave_gui.ui.bridge import Task
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.pages.datasets.begin import begin
from rave_gui.ui.pages.datasets.wizard.forecast import Remark
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Button, Card, PathRow, Stat, label
from rave_gui.ui.widgets.flow import FlowGrid
from rave_gui.ui.widgets.histogram import HistogramView
from rave_gui.ui.widgets.job_line import JobStrip
from rave_gui.ui.widgets.spectrum import SpectrumView, frequency
from rave_gui.viewmodels import datasets as text
from rave_gui.viewmodels.datasets import Entry

if TYPE_CHECKING:
    from rave_gui.ui.pages.datasets.detail import DetailView


def chart_card(session: Session, title: str, note: str, chart: QWidget) -> Card:
    """A drawing under its title; the note says what it means."""
    card = Card(session.themes)
    card.box.setSpacing(session.themes.theme.space("xs"))
    card.box.addWidget(label(title, "strong"))
    card.box.addWidget(label(note, "caption", wrap=True))
    card.box.addWidget(chart, 1)
    return card


class OverviewTab(QWidget):
    """Figures at once; drawings when the sound has been measured."""

    def __init__(self, session: Session, detail: DetailView) -> None:
        super().__init__()
        self._session, self._detail = session, detail
        self._entry: Entry | None = None
        self._task: Task | None = None
        self.stats: Any = None
        themes = session.themes
        space = themes.theme.space
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        body = QWidget()
        box = QVBoxLayout(body)
        box.setContentsMargins(0, 0, space("s"), 0)
        box.setSpacing(space("m"))
        facts = Card(themes)
        self.flow = FlowGrid(themes, 122, most=7)
        self.figures: dict[str, Stat] = {}
        for key, caption in (
            ("usable", tr("Length of all chunks")),
            ("lost", tr("Lost")),
            ("chunks", tr("Chunks")),
            ("example", tr("Training example")),
            ("form", tr("Form")),
            ("size", tr("On disk")),
            ("made", tr("Made")),
            ("loudness", tr("Loudness")),
            ("peak", tr("Highest peak")),
            ("silence", tr("Silence")),
            ("clipping", tr("Clipped chunks")),
            ("dc", tr("DC offset")),
            ("bandwidth", tr("Sound reaches")),
        ):
            self.figures[key] = Stat(caption)
        self.flow.set_things(list(self.figures.values()))
        facts.box.addWidget(self.flow)
        self.path = PathRow(themes, tr("Copy the folder's path"))
        self.path.copied.connect(lambda _p: session.tell(tr("The path was copied.")))
        facts.box.addWidget(self.path)
        box.addWidget(facts)
        self.strip = JobStrip(session)
        self.strip.ended.connect(self._ended)
        box.addWidget(self.strip)
        self.ask = Card(themes)
        row = QHBoxLayout()
        lines = QVBoxLayout()
        lines.setSpacing(2)
        self.what = label("", "lead")
        lines.addWidget(self.what)
        self.why = label("", "muted", wrap=True)
        lines.addWidget(self.why)
        row.addLayout(lines, 1)
        self.measure_button = Button(themes, tr("Measure"), "chart-bar")
        self.measure_button.clicked.connect(self.measure)
        row.addWidget(self.measure_button)
        self.ask.box.addLayout(row)
        box.addWidget(self.ask)
        self.notes_card = Card(themes)
        self.notes_card.box.addWidget(label(tr("Worth knowing"), "lead"))
        self.notes = QVBoxLayout()
        self.notes.setSpacing(space("s"))
        self.notes_card.box.addLayout(self.notes)
        box.addWidget(self.notes_card)
        self.charts = QWidget()
        charts = QGridLayout(self.charts)
        charts.setContentsMargins(0, 0, 0, 0)
        charts.setSpacing(space("m"))
        self.spectrum = SpectrumView(themes, tr("Spectrum"))
        self.loudness = HistogramView(themes, tr("Loudness of the chunks"))
        self.peaks = HistogramView(themes, tr("Peaks of the chunks"))
        self.lengths = HistogramView(themes, tr("Length of the recordings"))
        self.silence = HistogramView(themes, tr("Silence in the chunks"))
        charts.addWidget(
            chart_card(
                session,
                tr("Spectrum"),
                tr("Level over frequency: the line is the mean, the band holds 80 % of the chunks."),
                self.spectrum,
            ),
            0,
            0,
            1,
            2,
        )
        for i, (title, note, chart) in enumerate(
            (
                (tr("Loudness of the chunks"), tr("RMS level in dB below full scale."), self.loudness),
                (tr("Peaks of the chunks"), tr("Highest sample in dB; 0 dB is full scale."), self.peaks),
                (tr("Length of the recordings"), tr("How many recordings are how long."), self.lengths),
                (tr("Silence in the chunks"), tr("Share of each chunk that is below −60 dB."), self.silence),
            )
        ):
            charts.addWidget(chart_card(session, title, note, chart), 1 + i // 2, i % 2)
        box.addWidget(self.charts)
        box.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(body)
        outer.addWidget(area)
        self._show_stats(None)
        self.ask.hide()

    # What the view asks

    def show_entry(self, entry: Entry, fresh: bool) -> None:
        """Show a dataset; ``fresh``: another one than before, or it has changed."""
        same = self._entry is not None and self._entry.path == entry.path and not fresh
        self._entry = entry
        self._show_facts(entry)
        if not same:
            self.stats = None
            self._show_stats(None)
            self.ask.hide()
            self._load()
        self._sync()

    def forget(self) -> None:
        """It has changed, or is shown no more."""
        self._entry = None
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def release(self) -> None:
        """Not seen any more."""
        self.strip.clear()

    def measure(self) -> None:
        """Begin the job that measures."""

        def done(view: Any) -> None:
            self.ask.hide()
            self.strip.follow(view)

        begin(self._session, self._entry, self.measure_button, "compute_stats", done)

    # Behind it

    def _sync(self) -> None:
        """A job that measures this dataset already is followed."""
        entry = self._entry
        if entry is None:
            return
        for job in self._session.jobs.active:
            if job.kind == "dataset-stats" and str(job.params.get("dataset", "")) == str(entry.path):
                self.ask.hide()
                self.strip.follow(job)  # type: ignore[arg-type]

    def _ended(self, view: Any) -> None:
        self.measure_button.setEnabled(True)
        if view.state == "succeeded":
            self._detail.measured()
            return
        self._load()
        error = view.error or {}
        if error:
            self.why.setText(" ".join(p for p in (error.get("message"), error.get("hint")) if p))

    def _load(self) -> None:
        services, entry = self._session.services, self._entry
        if services is None or entry is None or not entry.usable_now:
            return
        paths = services.paths

        def work() -> Any:
            from rave_gui.datasets import stats

            return stats.load(entry.path, paths=paths)

        def done(found: Any) -> None:
            self._task = None
            self.stats = found
            self._show_stats(found)
            self._say_ask(entry)
            self.ask.setVisible(found is None and not self.strip.lines)

        self._task = self._session.call(work, done)

    def _say_ask(self, entry: Entry) -> None:
        self.measure_button.setVisible(not entry.lazy)
        if entry.lazy:
            self.what.setText(tr("The sound stays in its recordings"))
            self.why.setText(
                tr(
                    "This dataset only names its recordings; a training reads them where they lie. They can be heard under Chunks. To "
                    "have the sound measured and drawn, make a dataset that holds it."
                )
            )
            return
        self.what.setText(tr("Measure the sound"))
        self.why.setText(
            tr(
                "Loudness, peaks, silence, clipping, how high the sound reaches, and a map on which chunks that sound alike lie "
                "together. It takes a moment and is kept."
            )
        )

    def _show_facts(self, entry: Entry) -> None:
        lost = (
            ""
            if entry.lost is None
            else text.length_text(entry.lost)
            if entry.lost >= 0.05
            else tr("nothing")
        )
        if entry.problems:
            lost += " · " + trn("{n} problem", "{n} problems", entry.problems)
        made = datetime.fromtimestamp(entry.created).astimezone()
        for key, value in (
            ("usable", text.length_text(entry.usable)),
            ("lost", lost),
            ("chunks", f"{entry.chunks:,}"),
            ("example", text.length_text(entry.num_signal / entry.sample_rate) if entry.num_signal else ""),
            ("form", f"{text.rate_text(entry.sample_rate)}, {text.channels_text(entry.channels)}"),
            ("size", words.size(entry.size)),
            ("made", made.strftime("%Y-%m-%d")),
        ):
            self.figures[key].set(value)
        self.figures["chunks"].set(f"{entry.chunks:,}", tr("Recordings") if entry.lazy else tr("Chunks"))
        self.figures["example"].setToolTip(text.example_text(entry.num_signal, entry.sample_rate))
        self.path.set(str(entry.path))

    def _show_stats(self, found: Any) -> None:
        measured = ("loudness", "peak", "silence", "clipping", "dc", "bandwidth")
        for key in measured:
            self.figures[key].setVisible(found is not None)
        self.flow.arrange()
        self.charts.setVisible(found is not None)
        while self.notes.count():
            item = self.notes.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        notes = list(found.notes) if found is not None else []
        self.notes_card.setVisible(bool(notes))
        if found is None:
            return
        if found.sampled < found.chunks:
            notes.append(tr("Measured on {n} chunks spread over the whole dataset.", n=f"{found.sampled:,}"))
        for note in notes:
            self.notes.addWidget(Remark(self._session, "info", note))
        self.notes_card.setVisible(bool(notes))
        dc = max((abs(v) for v in found.dc_offset), default=0.0)
        for key, value in (
            (
                "loudness",
                tr("{db} LUFS", db=f"{found.lufs:.1f}") if found.lufs is not None else tr("silence"),
            ),
            ("peak", text.level_text(found.peak_db)),
            ("silence", f"{found.silence_share:.0%}"),
            ("clipping", f"{found.clipped_chunks:,}"),
            ("dc", f"{dc:.4f}" if dc >= 0.0001 else tr("none")),
            ("bandwidth", frequency(found.bandwidth_hz)),
        ):
            self.figures[key].set(value)
        self.spectrum.set_spectrum(
            found.frequencies,
            found.spectrum_mean,
            found.spectrum_low,
            found.spectrum_high,
            end=found.bandwidth_hz,
            nyquist=found.sample_rate / 2,
        )

        def chunks(low: str, high: str, count: int) -> str:
            return trn("{low} to {high}: {n} chunk", "{low} to {high}: {n} chunks", count, low=low, high=high)

        def db(value: float) -> str:
            return f"{value:.0f}"

        def share(value: float) -> str:
            return f"{value:.0%}"

        def recordings(low: float, high: float, count: int) -> str:
            return trn(
                "{low} to {high}: {n} recording",
                "{low} to {high}: {n} recordings",
                count,
                low=text.length_text(low),
                high=text.length_text(high),
            )

        decibels = lambda low, high, count: chunks(f"{low:.0f}", f"{high:.0f} dB", count)  # noqa: E731
        self.loudness.set_counts(
            found.loudness.edges,
            found.loudness.counts,
            db,
            decibels,
            (found.rms_db, f"{found.rms_db:.1f} dB"),
        )
        self.peaks.set_counts(found.peaks.edges, found.peaks.counts, db, decibels)
        self.lengths.set_counts(found.lengths.edges, found.lengths.counts, text.length_text, recordings)
        self.silence.set_counts(
            found.silence.edges,
            found.silence.counts,
            share,
            lambda low, high, count: chunks(f"{low:.0%}", f"{high:.0%}", count),
        )
