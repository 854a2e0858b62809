"""How loud a recording is: peak, and loudness after EBU R 128 (ITU-R BS.1770) by FFmpeg's filter, as a stream."""

from __future__ import annotations

import math
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.filter import Graph

SILENT_LUFS = -70.0
"""The standard's absolute gate: what is softer has no loudness."""
MAX_GAIN_DB = 40.0
"""No recording is amplified by more, however soft: it would be mostly noise."""
_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}


class Meter:
    """Takes blocks of float32 [channels, n] and measures them all together."""

    def __init__(self, sample_rate: int, channels: int, *, loudness: bool = True) -> None:
        self.peak = 0.0
        """Highest absolute sample so far (1 is full scale)."""
        self.power = 0.0
        """Sum of squares over channels and samples."""
        self.samples = 0
        """Samples per channel."""
        self.clipped = 0
        """Samples at or beyond full scale."""
        self._rate = sample_rate
        self._channels = channels
        self._loudness: float | None = None
        self._graph: Any = None
        if loudness and channels in _LAYOUTS:
            self._graph = self._make()

    def _make(self) -> Any:
        graph = Graph()
        source = graph.add_abuffer(
            sample_rate=self._rate,
            format="fltp",
            layout=_LAYOUTS[self._channels],
            time_base=_tick(self._rate),
        )
        meter = graph.add("ebur128", "metadata=1:framelog=quiet")
        sink = graph.add("abuffersink")
        source.link_to(meter)
        meter.link_to(sink)
        graph.configure()
        return graph

    def push(self, block: npt.NDArray[np.float32]) -> None:
        """Measure one block more."""
        if not block.shape[1]:
            return
        size = np.abs(block)
        self.peak = max(self.peak, float(size.max()))
        self.clipped += int(np.count_nonzero(size >= 32767 / 32768))
        self.power += float(np.vdot(block, block))
        self.samples += block.shape[1]
        if self._graph is None:
            return
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(block), format="fltp", layout=_LAYOUTS[self._channels]
        )
        frame.sample_rate = self._rate
        frame.time_base = _tick(self._rate)
        frame.pts = self.samples - block.shape[1]
        self._graph.push(frame)
        self._drain()

    def _drain(self) -> None:
        while True:
            try:
                frame = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            value = frame.metadata.get("lavfi.r128.I")
            if value is not None:
                self._loudness = float(value)

    def finish(self) -> None:
        """The last block was pushed."""
        if self._graph is not None and self.samples:
            self._graph.push(None)
            self._drain()

    @property
    def loudness(self) -> float | None:
        """Integrated loudness in LUFS; None for silence and for recordings shorter than the standard's 0.4 s."""
        found = self._loudness
        if (
            found is None
            or not math.isfinite(found)
            or found <= SILENT_LUFS
            or self.samples < 0.4 * self._rate
        ):
            return None
        return found

    @property
    def rms_db(self) -> float | None:
        """Mean level in dBFS over all channels; None for silence."""
        if not self.samples or self.power <= 0:
            return None
        return 10 * math.log10(self.power / (self.samples * self._channels))

    @property
    def peak_db(self) -> float | None:
        """Highest sample in dBFS; None for silence."""
        return 20 * math.log10(self.peak) if self.peak > 0 else None


def _tick(rate: int) -> Any:
    from fractions import Fraction

    return Fraction(1, rate)


def gain(meter: Meter, mode: str, peak_target: float, loudness_target: float) -> float:
    """The factor that brings what was measured to the target (dBFS, LUFS); 1 for silence.

    Never more than :data:`MAX_GAIN_DB`, and never so much that a sample would pass ``peak_target``. A recording too short to
    have a loudness is brought to the peak.
    """
    peak = meter.peak_db
    if peak is None or mode == "none":
        return 1.0
    wanted = peak_target - peak
    if mode == "loudness" and meter.loudness is not None:
        wanted = min(wanted, loudness_target - meter.loudness)
    return float(10 ** (min(wanted, MAX_GAIN_DB) / 20))
