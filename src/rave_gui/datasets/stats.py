"""Statistics of a dataset: what its sound is like, from an even sample of its chunks, in bounded time and memory.

Kept beside the dataset with the fingerprint of what was measured, so that it is done once and done anew when the dataset changes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rave_gui.datasets import index
from rave_gui.datasets.beside import beside, fingerprint, working
from rave_gui.datasets.levels import FULL_SCALE, measure, to_db
from rave_gui.datasets.origins import Origins
from rave_gui.datasets.read import Dataset
from rave_gui.datasets.record import BadRecordError
from rave_gui.datasets.spectra import Analyser, LoudnessHistogram
from rave_gui.datasets.spectra import to_db as powers_to_db
from rave_gui.errors import UserError
from rave_gui.i18n import tr, trn
from rave_gui.paths import AppPaths
from rave_protocol.codec import ProtocolError, decode, encode
from rave_protocol.files import read_json, replace_file, write_json

FILE = "stats.json"
FEATURES = "features.npz"
FORMAT = 1
SAMPLE = 5000
"""Chunks analysed at most, evenly spread; at 6 s a chunk about a minute of one core."""
NARROW = 0.8
"""A bandwidth below this share of half the sample rate is worth a word."""
_SAVE_SECONDS = 10.0
_LENGTHS = (0, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 36000, 86400)
_FLOATS = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Histogram:
    """``counts[i]`` things lie from ``edges[i]`` to ``edges[i + 1]``; what lies outside is counted in the outermost bins."""

    edges: list[float]
    counts: list[int]
    unit: str

    @classmethod
    def of(cls, values: npt.NDArray[Any], edges: npt.NDArray[Any], unit: str) -> Histogram:
        """Count ``values`` (NaN is left out)."""
        values = np.clip(values[~np.isnan(values)], edges[0], edges[-1])
        counts, _ = np.histogram(values, edges)
        return cls([float(edge) for edge in edges], [int(count) for count in counts], unit)


@dataclass(frozen=True)
class SourceStats:
    """One recording as far as its chunks were sampled."""

    path: str
    name: str
    chunks: int
    """Chunks sampled."""
    seconds: float
    """Length of the recording."""
    rms_db: float
    peak_db: float
    bandwidth_hz: float
    spectrum: list[float] = field(default_factory=list)
    """Mean level of each band, dB."""


@dataclass(frozen=True)
class DatasetStats:
    """What the sound of a dataset is like. Levels in dB below full scale, spectra as :mod:`rave_gui.datasets.spectra` says."""

    chunks: int
    sampled: int
    """Chunks that were analysed."""
    damaged: int
    """Sampled chunks that cannot be read."""
    seconds: float
    sample_rate: int
    channels: int
    created: float
    lengths: Histogram
    """Lengths of the recordings, s; empty when they are not recorded."""
    loudness: Histogram
    """RMS level of chunks, dB."""
    peaks: Histogram
    silence: Histogram
    """Share of each chunk below -60 dBFS."""
    lufs: float | None
    """Integrated loudness (ITU-R BS.1770, from spectra); None for silence."""
    rms_db: float
    peak_db: float
    silence_share: float
    clipped_samples: int
    """In the sampled chunks."""
    clipped_chunks: int
    dc_offset: list[float]
    """Mean of each channel, -1 to 1."""
    frequencies: list[float]
    """Middle of each band, Hz."""
    spectrum_mean: list[float]
    spectrum_low: list[float]
    """10th percentile of the chunks."""
    spectrum_high: list[float]
    """90th percentile."""
    bandwidth_hz: float
    """Above this nothing is left: no more than 16-bit dither, or more than 90 dB below the strongest."""
    bandwidth_share: float
    """Of half the sample rate."""
    bandwidth_low: bool
    sources: list[SourceStats]
    sources_total: int
    notes: list[str]

    def to_json(self, *, whole: bool = True) -> dict[str, Any]:
        """For files and ``--json``; not ``whole``: without the list of recordings."""
        data: dict[str, Any] = encode(self if whole else replace(self, sources=[]))
        return data


def load(dataset: Path, *, paths: AppPaths) -> DatasetStats | None:
    """Statistics that fit the dataset as it is now, or None. Raises :class:`UserError` for what is no dataset."""
    try:
        kept = read_json(beside(dataset, paths) / FILE)
    except (OSError, ProtocolError):
        return None
    with Dataset(dataset) as one:
        if kept.get("format") != FORMAT or kept.get("fingerprint") != fingerprint(one):
            return None
    try:
        found: DatasetStats = decode(DatasetStats, kept.get("stats"))
    except ProtocolError:
        return None
    return found


def sample_of(chunks: int, sample: int) -> npt.NDArray[np.int64]:
    """Indices of at most ``sample`` chunks, evenly spread; the same every time."""
    count = min(chunks, sample)
    return np.arange(count, dtype=np.int64) * chunks // max(1, count)


def compute(
    dataset: Path,
    *,
    paths: AppPaths,
    on_progress: index.Progress = lambda *_: None,
    check_cancel: Callable[[], None] = lambda: None,
    sample: int = SAMPLE,
) -> DatasetStats:
    """Statistics of the dataset: those kept when they fit, otherwise measured now and kept, with the features of each chunk.

    What is measured is saved every ten seconds, and a later call goes on from there.

    Raises :class:`UserError` (``empty-dataset``, ``lazy-dataset``, and as :class:`Dataset` does), :class:`OSError`.
    """
    if (known := load(dataset, paths=paths)) is not None and known.sampled >= min(sample, known.chunks):
        return known
    folder = beside(dataset, paths)
    with Dataset(dataset) as one, Origins(one.path) as origins, working(folder, "stats"):
        _refuse(one)
        plan = sample_of(one.chunks, sample)
        mark = fingerprint(one)
        work = _Measured.load(folder, f"{mark}-{len(plan)}", one, len(plan))
        saved = time.monotonic()
        while work.done < len(plan):
            check_cancel()
            work.add(one, int(plan[work.done]))
            on_progress(work.done, len(plan), "chunks")
            if time.monotonic() - saved > _SAVE_SECONDS:
                work.save()
                saved = time.monotonic()
        stats = _summary(one, origins, plan, work)
        firsts = origins.places([index.key_number(one.key(int(place))) for place in plan])
        keys = [index.key_number(one.key(int(place))) for place in plan]
        files = np.array([firsts[key].file if key in firsts else -1 for key in keys], np.int32)
        aside = folder / f".{FEATURES}.part"
        with aside.open("wb") as file:
            np.savez(file, indices=plan, files=files, features=work.features, good=work.good)
    replace_file(aside, folder / FEATURES)
    write_json(folder / FILE, {"format": FORMAT, "fingerprint": mark, "stats": stats.to_json()})
    work.forget()
    return stats


def _refuse(dataset: Dataset) -> None:
    if dataset.lazy:
        raise UserError(
            tr(
                "{path} is a lazy dataset: it names recordings and holds no sound to measure.",
                path=dataset.path,
            ),
            tr("Make a regular dataset of the same recordings to see its statistics."),
            code="lazy-dataset",
        )
    if not dataset.chunks:
        raise UserError(
            tr("The dataset at {path} is empty.", path=dataset.path),
            tr("Add recordings to it, or build it again."),
            code="empty-dataset",
        )


class _Measured:
    """What was measured so far; saved aside under a name that says of what."""

    def __init__(self, path: Path, dataset: Dataset, count: int) -> None:
        self.path = path
        self.analyser = Analyser(dataset.sample_rate)
        self.done = 0
        bands = len(self.analyser.frequencies)
        self.levels = np.full((count, 5), np.nan, np.float32)  # peak, rms, silence, clipped, samples
        self.offsets = np.zeros((count, dataset.channels), np.float32)
        self.bands = np.zeros((count, bands), np.float32)
        self.features = np.zeros((count, 2 * 40 + 6), np.float32)
        self.good = np.zeros(count, bool)
        self.power = np.zeros(len(self.analyser.bin_hz))
        self.frames = np.zeros(1, np.int64)
        self.counts = LoudnessHistogram().counts

    _FIELDS = ("levels", "offsets", "bands", "features", "good", "power", "frames", "counts")

    @classmethod
    def load(cls, folder: Path, name: str, dataset: Dataset, count: int) -> _Measured:
        """Go on with what an interrupted call left of the same dataset; what it left of another is removed."""
        path = folder / f".stats-{name[:16]}-{count}.part"
        for other in folder.glob(".stats-*.part"):
            if other != path:
                other.unlink(missing_ok=True)
        made = cls(path, dataset, count)
        try:
            with np.load(path) as kept:
                if all(kept[one].shape == getattr(made, one).shape for one in cls._FIELDS):
                    for one in cls._FIELDS:
                        setattr(made, one, kept[one])
                    made.done = int(kept["done"])
        except (OSError, ValueError, KeyError, EOFError):
            made = cls(path, dataset, count)
        return made

    def save(self) -> None:
        aside = self.path.with_suffix(".new")
        with aside.open("wb") as file:
            np.savez(file, done=self.done, **{one: getattr(self, one) for one in self._FIELDS})
        replace_file(aside, self.path)

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)

    def add(self, dataset: Dataset, place: int) -> None:
        at, self.done = self.done, self.done + 1
        try:
            audio = dataset.chunk(place).audio
        except BadRecordError:
            return
        if audio is None:
            return
        self.good[at] = True
        levels = measure(audio)
        self.levels[at] = (levels.peak_db, levels.rms_db, levels.silence, levels.clipped, audio.shape[1])
        floats = audio.astype(np.float32) / np.float32(FULL_SCALE)
        self.offsets[at] = floats.mean(axis=1)
        powers = self.analyser.powers(floats)
        loudness = LoudnessHistogram(self.counts)
        loudness.add(self.analyser.block_loudness(powers))
        self.counts = loudness.counts
        power = powers.mean(axis=0)
        self.power += power.sum(axis=0, dtype=np.float64)
        self.frames += len(power)
        self.bands[at] = self.analyser.band_powers(power.mean(axis=0))
        self.features[at] = self.analyser.features(power)


def _summary(
    dataset: Dataset, origins: Origins, plan: npt.NDArray[np.int64], work: _Measured
) -> DatasetStats:
    good = work.good
    levels = work.levels[good]
    peak, rms, silence, clipped, samples = (levels[:, i].astype(np.float64) for i in range(5))
    weight = samples / max(1.0, samples.sum())
    bands = powers_to_db(work.bands[good])
    mean_power = work.power / max(1, int(work.frames[0]))
    bandwidth = work.analyser.bandwidth(mean_power)
    half = dataset.sample_rate / 2
    sources = origins.sources()
    lengths = np.array([one.seconds for one in sources if one.chunks], np.float64)
    top = next((i for i, edge in enumerate(_LENGTHS) if edge >= lengths.max(initial=0.5)), len(_LENGTHS) - 1)
    mean_bands = powers_to_db(work.analyser.band_powers(np.asarray(mean_power, np.float32)))
    low, high = np.percentile(bands, [10, 90], axis=0) if len(bands) else (mean_bands, mean_bands)
    stats = DatasetStats(
        chunks=dataset.chunks,
        sampled=len(plan),
        damaged=int((~good).sum()),
        seconds=dataset.info.seconds,
        sample_rate=dataset.sample_rate,
        channels=dataset.channels,
        created=time.time(),
        lengths=Histogram.of(lengths, np.array(_LENGTHS[: max(2, top + 1)], np.float64), "s"),
        loudness=Histogram.of(rms, np.arange(-80.0, 0.1, 2.0), "dB"),
        peaks=Histogram.of(peak, np.arange(-60.0, 0.1, 1.0), "dB"),
        silence=Histogram.of(silence, np.linspace(0.0, 1.0, 21), ""),
        lufs=LoudnessHistogram(work.counts).integrated(),
        rms_db=to_db(float(np.sqrt((weight * 10 ** (rms / 10)).sum()))),
        peak_db=float(peak.max(initial=-120.0)),
        silence_share=float((weight * silence).sum()),
        clipped_samples=int(clipped.sum()),
        clipped_chunks=int((clipped > 0).sum()),
        dc_offset=[float(one) for one in (work.offsets[good] * weight[:, None]).sum(axis=0)],
        frequencies=_rounded(work.analyser.frequencies),
        spectrum_mean=_rounded(mean_bands),
        spectrum_low=_rounded(low),
        spectrum_high=_rounded(high),
        bandwidth_hz=bandwidth,
        bandwidth_share=bandwidth / half,
        bandwidth_low=0 < bandwidth < NARROW * half,
        sources=_by_source(dataset, origins, plan, work),
        sources_total=len(sources),
        notes=[],
    )
    return replace(stats, notes=_notes(stats, rms))


def _rounded(values: npt.NDArray[Any]) -> list[float]:
    return [round(float(value), 2) for value in values]


def _by_source(
    dataset: Dataset, origins: Origins, plan: npt.NDArray[np.int64], work: _Measured
) -> list[SourceStats]:
    keys = [index.key_number(dataset.key(int(place))) for place in plan]
    firsts = origins.places(keys)
    files = np.array([firsts[key].file if key in firsts else -1 for key in keys], np.int64)
    known = {source.id: source for source in origins.sources()}
    found = []
    analyser = work.analyser
    edges = analyser.band_edges * dataset.sample_rate / 2048
    for number in np.unique(files[work.good & (files >= 0)]):
        source = known[int(number)]
        mine = work.good & (files == number)
        levels = work.levels[mine]
        mean = work.bands[mine].mean(axis=0)
        spread = np.repeat(mean, np.diff(analyser.band_edges))
        power = np.zeros(len(analyser.bin_hz))
        power[analyser.band_edges[0] : analyser.band_edges[0] + len(spread)] = spread
        found.append(
            SourceStats(
                source.path,
                source.name,
                int(mine.sum()),
                source.seconds,
                round(float(10 * np.log10((10 ** (levels[:, 1].astype(np.float64) / 10)).mean())), 2),
                round(float(levels[:, 0].max()), 2),
                min(analyser.bandwidth(power), float(edges[-1])),
                _rounded(powers_to_db(mean)),
            )
        )
    found.sort(key=lambda one: (-one.seconds, one.path))
    return found


def _notes(stats: DatasetStats, rms: npt.NDArray[np.float64]) -> list[str]:
    """What a musician should know, in plain sentences."""
    notes = []
    if stats.sampled < stats.chunks:
        notes.append(
            tr(
                "Measured on {sampled} of {chunks} chunks, evenly spread.",
                sampled=f"{stats.sampled:,}",
                chunks=f"{stats.chunks:,}",
            )
        )
    if stats.damaged:
        notes.append(
            trn(
                "{n} chunk could not be read. Validate the dataset.",
                "{n} chunks could not be read. Validate the dataset.",
                stats.damaged,
            )
        )
    if stats.bandwidth_low:
        notes.append(
            tr(
                "The sound ends at about {found} kHz although {rate} kHz could hold {half} kHz: it was probably compressed or "
                "recorded at a lower rate. A model cannot learn what is not there; a lower sample rate would train faster.",
                found=f"{stats.bandwidth_hz / 1000:.1f}",
                rate=f"{stats.sample_rate / 1000:g}",
                half=f"{stats.sample_rate / 2000:g}",
            )
        )
    if stats.silence_share > 0.2:
        notes.append(
            tr(
                "{share} % of the material is silence. Training learns nothing from it, and long silence can make losses jump; "
                "trim silence when you build the dataset.",
                share=round(100 * stats.silence_share),
            )
        )
    if stats.clipped_chunks > 0.01 * stats.sampled:
        notes.append(
            trn(
                "{n} chunk is clipped: the model will learn the distortion.",
                "{n} chunks are clipped: the model will learn the distortion.",
                stats.clipped_chunks,
            )
        )
    offset = max((abs(one) for one in stats.dc_offset), default=0.0)
    if offset > 0.005:
        notes.append(
            tr(
                "The waveform does not swing around zero (offset {share} %). Remove the offset from the recordings.",
                share=f"{100 * offset:.1f}",
            )
        )
    if stats.rms_db < -40:
        notes.append(
            tr(
                "The material is very quiet ({level} dB on average). Normalise its loudness when you build the dataset.",
                level=round(stats.rms_db),
            )
        )
    if len(rms) > 9 and np.percentile(rms, 90) - np.percentile(rms, 10) > 25:
        notes.append(
            tr(
                "Loudness differs by {spread} dB between loud and quiet chunks; quiet ones count little in training.",
                spread=round(float(np.percentile(rms, 90) - np.percentile(rms, 10))),
            )
        )
    return notes
