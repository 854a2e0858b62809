"""Augmentations that work on today's torchaudio: Compress, RandomCompress, RandomGain.

* ``Compress`` and ``RandomCompress`` call ``torchaudio.sox_effects``, which torchaudio 2.9 removed and which earlier wheels
  could not load without a system libsox, never on Windows (acids-ircam/RAVE issues 276, 340). They are replaced by a numpy compressor that
  follows the description of ``compand`` in the SoX manual, under the same gin names and with the same use of random numbers.
* ``v2_nopqmf_small.gin`` binds ``Compress.amp_range``, ``threshold`` and ``prob``, which upstream's class does not have, so the
  configuration never parses (no upstream thread known). These are the parameters of ``RandomCompress``, which
  :mod:`rave_engine.configs.compose` puts there; ``Compress`` here takes them too and acts as it, for files written before that.
* ``RandomGain`` computes the amplified signal and returns the unchanged one (``x`` instead of ``x_amp``; no
  upstream thread known).
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Point = tuple[float, float]


def parse_points(text: str) -> tuple[float, list[Point]]:
    """Read SoX's ``[knee-dB:]in-dB1[,out-dB1]{,in-dB2,out-dB2}``: the knee in dB and the (in, out) points in dB.

    An odd number of values leaves out the first point's output, which then equals its input; the point (0, 0) is added unless
    there is one at 0 dB. Raises ValueError where inputs do not rise.
    """
    head, _, tail = text.rpartition(":")
    knee = float(head) if head else 0.01
    values = [float(v) for v in tail.replace(" ", "").split(",") if v]
    if len(values) % 2:
        values.insert(0, values[0])
    points = list(zip(values[::2], values[1::2], strict=True))
    if not points or points[-1][0] != 0.0:
        points.append((0.0, 0.0))
    if any(b[0] <= a[0] for a, b in itertools.pairwise(points)):
        raise ValueError(f"the levels of a transfer function must rise: {text!r}")
    return knee, points


def transfer_gain(
    level: npt.NDArray[np.float64], knee: float, points: list[Point]
) -> npt.NDArray[np.float64]:
    """Gain in dB for input levels in dB: straight lines between the points, corners rounded over ``knee`` dB on both sides.

    Below the first point the gain stays what it is there (slope one), above 0 dB it stays what it is at 0 dB. A corner is a
    quadratic Bezier curve whose control point is the corner itself.
    """
    x = np.array([points[0][0] - 2 * max(knee, 1.0), *(p[0] for p in points)])
    y = np.array([points[0][1] - points[0][0], *(p[1] - p[0] for p in points)])
    gain: npt.NDArray[np.float64] = np.asarray(np.interp(level, x, y), dtype=np.float64)
    for i in range(1, len(x) - 1):
        radius = min(knee, (x[i] - x[i - 1]) / 2, (x[i + 1] - x[i]) / 2)
        inside = np.abs(level - x[i]) < radius
        if radius <= 0 or not inside.any():
            continue
        before = (y[i] - y[i - 1]) / (x[i] - x[i - 1])
        after = (y[i + 1] - y[i]) / (x[i + 1] - x[i])
        t = (level[inside] - x[i] + radius) / (2 * radius)
        start, end = y[i] - before * radius, y[i] + after * radius
        gain[inside] = (1 - t) ** 2 * start + 2 * t * (1 - t) * y[i] + t**2 * end
    return gain


def follow(
    level: npt.NDArray[np.float64], attack: float, release: float, rate: int
) -> npt.NDArray[np.float64]:
    """Envelope of ``level`` (one value a sample, linear), starting at 1: a one-pole filter that rises with the time constant
    ``attack`` and falls with ``release`` (seconds), as SoX's ``compand`` does.
    """

    def coefficient(seconds: float) -> float:
        return 1 - math.exp(-1 / (rate * seconds)) if seconds > 1 / rate else 1.0

    up, down = coefficient(attack), coefficient(release)
    if up == down:  # every stock configuration: then the recursion is linear and scipy does it in C
        from scipy.signal import lfilter

        filtered = lfilter([up], [1, up - 1], level, zi=np.array([1 - up]))[0]
        smoothed: npt.NDArray[np.float64] = np.asarray(filtered, dtype=np.float64)
        return smoothed
    envelope = 1.0
    found = []
    for value in level.tolist():
        difference = value - envelope
        envelope += difference * (up if difference > 0 else down)
        found.append(envelope)
    return np.array(found)


def compand(x: Any, rate: int, time: str, lookup: str, gain_db: float = 0.0) -> Array:
    """Compress or expand a signal of shape (channels, samples); same shape, float32, within -1…1.

    ``time`` is ``attack,release`` in seconds (one pair for all channels, which then share the loudest one's envelope),
    ``lookup`` SoX's transfer function. Source: the SoX manual, effect ``compand``.
    """
    signal = np.atleast_2d(np.asarray(x, dtype=np.float64))
    attack, release = (float(v) for v in time.split(",")[:2])
    knee, points = parse_points(lookup)
    envelope = follow(np.abs(signal).max(axis=0), attack, release, rate)
    level = 20 * np.log10(np.maximum(envelope, 1e-10))
    out = signal * 10 ** ((transfer_gain(level, knee, points) + gain_db) / 20)
    return np.clip(out, -1.0, 1.0).astype(np.float32).reshape(np.shape(x))


def apply() -> None:
    """Put the working classes in the place of upstream's, for gin files with and without dynamic registration."""
    import gin.config
    import torch
    from rave import transforms

    if getattr(transforms.Compress, "rave_gui", False):
        return

    def chance(probability: float) -> bool:
        return bool(torch.bernoulli(torch.full((1,), float(probability))))

    class RandomCompress(transforms.Transform):
        """Compress or expand with probability ``prob``: ``threshold`` (dB) is moved to a level drawn from ``amp_range`` (dB)."""

        rave_gui = True

        def __init__(
            self,
            threshold: float = -40,
            amp_range: tuple[float, float] = (-60, 0),
            *,
            attack: float = 0.1,
            release: float = 0.1,
            prob: float = 0.8,
            sr: int = 44100,
        ) -> None:
            if not 0.0 <= prob <= 1.0:
                raise ValueError(f"prob must be between 0 and 1, got {prob}")
            self.threshold, self.amp_range, self.prob, self.sr = threshold, tuple(amp_range), prob, sr
            self.time = f"{attack},{release}"

        def __call__(self, x: Any) -> Any:
            if not chance(self.prob):
                return x
            low, high = self.amp_range
            target = float(torch.rand((1,)) * (high - low) + low)
            return compand(x, self.sr, self.time, f"6:-80,{self.threshold},{target}")

    class Compress(transforms.Transform):
        """A fixed compressor; with ``amp_range`` it does what ``RandomCompress`` does (see the module)."""

        rave_gui = True

        def __init__(
            self,
            time: str = "0.1,0.1",
            lookup: str = "6:-70,-60,-20 ",
            gain: str = "0",
            *,
            sr: int = 44100,
            amp_range: tuple[float, float] | None = None,
            threshold: float = -40,
            prob: float = 1.0,
        ) -> None:
            self.time, self.lookup, self.gain, self.sr = time, lookup, float(gain), sr
            self.random = None
            if amp_range is not None:
                attack, release = (float(v) for v in time.split(",")[:2])
                self.random = RandomCompress(
                    threshold, amp_range, attack=attack, release=release, prob=prob, sr=sr
                )

        def __call__(self, x: Any) -> Any:
            if self.random is not None:
                return self.random(x)
            return compand(x, self.sr, self.time, self.lookup, self.gain)

    class RandomGain(transforms.Transform):
        """Change the level by a gain drawn from ``gain_range`` (dB) with probability ``prob``; ``limit`` keeps the peak at 1."""

        rave_gui = True

        def __init__(
            self, gain_range: tuple[float, float] = (-6, 3), prob: float = 0.5, limit: bool = True
        ) -> None:
            if not 0.0 <= prob <= 1.0:
                raise ValueError(f"prob must be between 0 and 1, got {prob}")
            self.gain_range, self.prob, self.limit = tuple(gain_range), prob, limit

        def __call__(self, x: Any) -> Any:
            if not chance(self.prob):
                return x
            low, high = self.gain_range
            out = x * 10 ** (float(np.random.rand() * (high - low) + low) / 20)
            peak = float(np.abs(out).max())
            return out / peak if self.limit and peak > 1 else out

    gin.config.enter_interactive_mode()
    try:
        for cls in (RandomCompress, Compress, RandomGain):
            cls.__module__ = "rave.transforms"
            cls.__qualname__ = cls.__name__
            gin.configurable(cls.__name__, module="rave.transforms")(cls)
            setattr(transforms, cls.__name__, cls)
    finally:
        gin.config.exit_interactive_mode()
