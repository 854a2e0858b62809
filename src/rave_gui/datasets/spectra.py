"""Spectra and simple features of chunks: pure functions on arrays, numpy only.

Levels are in dB relative to a full-scale sine (a sine of amplitude 1 has 0 dB in its bin).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

FRAME = 2048
HOP = 1024
BANDS = 96
MELS = 40
LOWEST_HZ = 30.0
EMPTY_POWER = 1e-20
RANGE_DB = 90.0
"""What lies further below the strongest frequency than this is nothing."""
_LSB = 1.0 / 32767


@dataclass(frozen=True)
class Analyser:
    """Everything that depends on the sample rate only."""

    sample_rate: int

    @cached_property
    def window(self) -> Floats:
        """Periodic Hann window squared: its side lobes fall so fast that the end of a spectrum shows within 100 Hz."""
        return ((0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)) ** 2).astype(np.float32)

    @cached_property
    def noise_bins(self) -> float:
        """Noise bandwidth of the window in bins: what the bins of a full-scale sine sum to."""
        window = self.window.astype(np.float64)
        return float(FRAME * (window**2).sum() / window.sum() ** 2)

    @cached_property
    def bin_hz(self) -> npt.NDArray[np.float64]:
        """Frequency of each bin."""
        return np.asarray(np.fft.rfftfreq(FRAME, 1 / self.sample_rate), np.float64)

    @cached_property
    def band_edges(self) -> npt.NDArray[np.int64]:
        """First bin of each band, and the end of the last: logarithmic, no band without a bin."""
        top = FRAME // 2 + 1
        low = max(1.0, LOWEST_HZ * FRAME / self.sample_rate)
        return np.unique(np.round(np.geomspace(low, top, BANDS + 1)).astype(np.int64))

    @cached_property
    def frequencies(self) -> npt.NDArray[np.float64]:
        """Middle of each band in Hz (geometric)."""
        edges = self.band_edges * self.sample_rate / FRAME
        return np.minimum(np.sqrt(edges[:-1] * edges[1:]), self.sample_rate / 2)

    @cached_property
    def mel(self) -> Floats:
        """Triangular mel filters [bins, MELS] (mel(f) = 2595 log10(1 + f / 700), O'Shaughnessy 1987)."""
        top = 2595 * np.log10(1 + self.sample_rate / 2 / 700)
        points = 700 * (10 ** (np.linspace(0, top, MELS + 2) / 2595) - 1)
        low, middle, high = points[:-2], points[1:-1], points[2:]
        hz = self.bin_hz[:, None]
        rise, fall = (hz - low) / (middle - low), (high - hz) / (high - middle)
        filters = np.clip(np.minimum(rise, fall), 0, None)
        # Filters narrower than a bin take the bin that they fall into.
        empty = np.flatnonzero(filters.sum(axis=0) == 0)
        nearest = np.round(middle[empty] * FRAME / self.sample_rate).astype(int)
        filters[nearest, empty] = 1.0
        return filters.astype(np.float32)

    @cached_property
    def k_weighting(self) -> Floats:
        """Power response of the K-weighting of ITU-R BS.1770 in each bin: a shelf of +4 dB and a high pass.

        The filters are the standard's, given as analogue prototypes so that they hold at every rate
        (shelf 1681.97 Hz, 3.99984 dB, Q 0.70718; high pass 38.135 Hz, Q 0.50033; derived by the bilinear transform).
        """
        rate = self.sample_rate
        z = np.exp(-2j * np.pi * self.bin_hz / rate)

        def response(b: tuple[float, ...], a: tuple[float, ...]) -> npt.NDArray[np.complex128]:
            return np.asarray((b[0] + b[1] * z + b[2] * z**2) / (a[0] + a[1] * z + a[2] * z**2))

        k, q = np.tan(np.pi * min(1681.974450955533, 0.49 * rate) / rate), 0.7071752369554196
        vh = 10 ** (3.999843853973347 / 20)
        vb = vh**0.4996667741545416
        shelf = response(
            (vh + vb * k / q + k * k, 2 * (k * k - vh), vh - vb * k / q + k * k),
            (1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k),
        )
        k, q = np.tan(np.pi * 38.13547087602444 / rate), 0.5003270373238773
        high = response((1.0, -2.0, 1.0), (1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k))
        return (np.abs(shelf * high) ** 2).astype(np.float32)

    def powers(self, audio: Floats) -> Floats:
        """Power spectra of overlapping frames, float32 [channels, frames, bins]; audio [channels, n] is padded to one frame."""
        if audio.shape[1] < FRAME:
            audio = np.pad(audio, ((0, 0), (0, FRAME - audio.shape[1])))
        frames = np.lib.stride_tricks.sliding_window_view(audio, FRAME, axis=1)[:, ::HOP]
        spectrum = np.fft.rfft(frames * self.window)
        scale = (2.0 / float(self.window.sum())) ** 2
        return np.asarray((spectrum.real**2 + spectrum.imag**2) * scale, np.float32)

    def band_powers(self, power: Floats) -> Floats:
        """Mean power of the bins of each band, of spectra [..., bins]."""
        edges = self.band_edges
        sums = np.add.reduceat(power, edges[:-1], axis=-1)
        if edges[-1] < power.shape[-1]:  # reduceat runs on to the end
            sums[..., -1] -= power[..., edges[-1] :].sum(axis=-1)
        return np.asarray(sums / np.diff(edges), np.float32)

    def block_loudness(self, powers: Floats) -> npt.NDArray[np.float64]:
        """Loudness (LUFS) of stretches of about 400 ms, channels summed as BS.1770 does.

        Of windowed power spectra, so it is exact for steady sound and near for any other.
        """
        # Parseval: the mean square of a full-scale sine is 1/2.
        mean_square = (powers * self.k_weighting).sum(axis=(0, 2), dtype=np.float64) / (2 * self.noise_bins)
        size = max(1, min(len(mean_square), round(0.4 * self.sample_rate / HOP)))
        whole = len(mean_square) // size * size
        blocks = mean_square[:whole].reshape(-1, size).mean(axis=1)
        return np.asarray(-0.691 + 10 * np.log10(np.maximum(blocks, EMPTY_POWER)), np.float64)

    def features(self, power: Floats) -> Floats:
        """What a chunk sounds like in a few numbers: mean and spread of the log-mel spectrum, brightness, noisiness, movement.

        ``power`` [frames, bins] is the mean of the channels' powers.
        """
        mel = np.log10(power @ self.mel + 1e-10)
        total = power.sum(axis=1) + EMPTY_POWER
        weights = power / total[:, None]
        centroid = weights @ self.bin_hz.astype(np.float32)
        loud = total > total.max() * 1e-4
        safe = np.maximum(power[:, 1:], EMPTY_POWER)
        flatness = np.log10(np.exp(np.log(safe).mean(axis=1)) / safe.mean(axis=1))
        level = np.log10(total)
        flux = np.abs(np.diff(mel, axis=0)).mean() if len(mel) > 1 else 0.0
        summary = [np.log10(centroid[loud].mean() + 1), centroid[loud].std() / (centroid[loud].mean() + 1)]
        summary += [flatness[loud].mean(), level.mean(), level.std(), flux]
        return np.concatenate([mel.mean(axis=0), mel.std(axis=0), np.asarray(summary)]).astype(np.float32)

    def bandwidth(self, mean_power: npt.NDArray[np.floating]) -> float:
        """The frequency (Hz) above which nothing is left of a mean spectrum [bins].

        Nothing: more than :data:`RANGE_DB` below the strongest bin, or no more than the dither of 16 bits. Half a dozen bins in
        a row have to hold something, so that a single whistle high up (a monitor's line frequency) does not count.
        """
        # TPDF dither with rounding has the variance LSB²/4; a bin holds it times the window's noise bandwidth.
        dither = 0.25 * _LSB**2 * 4 * self.noise_bins / FRAME
        power = np.asarray(mean_power, np.float64)
        limit = max(float(power[1:].max(initial=0.0)) * 10 ** (-RANGE_DB / 10), dither * 10**0.3)
        there = (power > limit).astype(np.int64)
        run = 6
        held = np.flatnonzero(np.convolve(there, np.ones(run, np.int64), "valid") == run)
        if not held.size:
            return 0.0
        return float(self.bin_hz[min(int(held[-1]) + run - 1, len(power) - 1)])


def to_db(power: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Power in dB, not below -200."""
    return np.asarray(10 * np.log10(np.maximum(power, EMPTY_POWER)), np.float64)


class LoudnessHistogram:
    """Gated loudness of any amount of sound in constant memory: blocks are counted in steps of 0.1 LU (EBU Tech 3341)."""

    LOW, STEP, BINS = -70.0, 0.1, 800

    def __init__(self, counts: npt.NDArray[np.int64] | None = None) -> None:
        self.counts = np.zeros(self.BINS, np.int64) if counts is None else counts.copy()

    def add(self, blocks: npt.NDArray[np.float64]) -> None:
        """Count blocks; those under the absolute gate of -70 LUFS are left out."""
        kept = blocks[blocks >= self.LOW]
        at = np.clip(((kept - self.LOW) / self.STEP).astype(np.int64), 0, self.BINS - 1)
        self.counts += np.bincount(at, minlength=self.BINS)

    def integrated(self) -> float | None:
        """Integrated loudness in LUFS with the relative gate of -10 LU; None for silence."""
        levels = self.LOW + (np.arange(self.BINS) + 0.5) * self.STEP
        energy = 10 ** (levels / 10)
        if not self.counts.sum():
            return None
        mean = float((self.counts * energy).sum() / self.counts.sum())
        kept = levels >= 10 * np.log10(mean) - 10
        return float(10 * np.log10((self.counts * energy)[kept].sum() / self.counts[kept].sum()))
