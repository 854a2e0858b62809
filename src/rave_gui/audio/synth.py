"""Demo sounds made by code, so that the first model needs neither recordings nor a download.

Two families: plucked strings (Karplus and Strong, "Digital Synthesis of Plucked-String and Drum Timbres", Computer Music
Journal 7(2), 1983, with the usual fractional tuning and pick position) playing little phrases, and drums built from
decaying sines and filtered noise playing bars. The same seed gives the same samples.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rave_gui.audio import wav

Floats = npt.NDArray[np.float64]

_SCALE = np.array([0, 2, 3, 5, 7, 9, 10])
"""Dorian mode, in semitones."""


def pluck(
    frequency: float, seconds: float, rng: np.random.Generator, sample_rate: int, brightness: float = 0.5
) -> Floats:
    """One plucked string [n], peak 1. ``brightness`` 0..1 sets how hard the pick is."""
    period = sample_rate / frequency
    size = max(4, int(period) - 1)
    fraction = period - 1 - size
    burst = rng.uniform(-1, 1, size)
    for _ in range(int(4 * (1 - brightness))):
        burst = 0.5 * (burst + np.roll(burst, 1))
    pick = max(1, int(size * rng.uniform(0.08, 0.3)))
    burst = burst - np.roll(burst, pick)
    burst -= burst.mean()
    # The string one period at a time. Its loop filter is a symmetric average (one sample of delay, highs die first) and a read
    # between two samples, which gives the exact pitch.
    damping = 0.1 + 0.12 * (1 - brightness)
    taps = np.convolve([damping, 1 - 2 * damping, damping], [1 - fraction, fraction])
    taps *= 0.5 ** (1 / (frequency * rng.uniform(0.25, 0.6)))
    count = int(seconds * sample_rate / size) + 2
    string = np.zeros((count + 1) * size)
    string[size : 2 * size] = burst
    for start in range(2 * size, (count + 1) * size, size):
        string[start : start + size] = np.convolve(string[start - size - 3 : start], taps, mode="valid")
    return _finish(string[size : size + int(seconds * sample_rate)], sample_rate)


def kick(rng: np.random.Generator, sample_rate: int) -> Floats:
    """A bass drum [n], peak 1: a sine that falls in pitch, with a click."""
    t = np.arange(int(0.45 * sample_rate)) / sample_rate
    low, high, fall = rng.uniform(42, 58), rng.uniform(120, 220), rng.uniform(22, 40)
    phase = 2 * np.pi * (low * t + (high - low) / fall * (1 - np.exp(-fall * t)))
    body = np.sin(phase) * np.exp(-t * rng.uniform(7, 11))
    click = rng.standard_normal(t.size) * np.exp(-t * 600) * rng.uniform(0.1, 0.35)
    return _finish(body + click, sample_rate)


def snare(rng: np.random.Generator, sample_rate: int) -> Floats:
    """A snare drum [n], peak 1: two membrane modes under a band of noise."""
    t = np.arange(int(0.35 * sample_rate)) / sample_rate
    tone = rng.uniform(165, 210)
    modes = np.sin(2 * np.pi * tone * t) + 0.6 * np.sin(2 * np.pi * 1.6 * tone * t)
    noise = np.diff(rng.standard_normal(t.size + 1))
    sound = 0.5 * modes * np.exp(-t * 24) + rng.uniform(0.35, 0.6) * noise * np.exp(-t * rng.uniform(14, 22))
    return _finish(sound, sample_rate)


def hat(rng: np.random.Generator, sample_rate: int) -> Floats:
    """A hi-hat [n], peak 1: sharp noise, short when closed, long when open."""
    decay = rng.choice([70.0, 45.0, 12.0], p=[0.5, 0.35, 0.15])
    t = np.arange(int(min(0.5, 6 / decay) * sample_rate)) / sample_rate
    noise = np.diff(rng.standard_normal(t.size + 3), n=3)
    ring = sum(np.sign(np.sin(2 * np.pi * f * rng.uniform(0.97, 1.03) * t)) for f in (3170, 4480, 5360, 8200))
    return _finish((0.3 * noise + 0.2 * ring) * np.exp(-decay * t), sample_rate)


def tom(rng: np.random.Generator, sample_rate: int) -> Floats:
    """A tom [n], peak 1."""
    t = np.arange(int(0.5 * sample_rate)) / sample_rate
    pitch = rng.uniform(85, 190)
    sound = np.sin(2 * np.pi * (pitch * t + pitch * 0.25 / 18 * (1 - np.exp(-18 * t)))) * np.exp(-t * 9)
    return _finish(sound + 0.05 * rng.standard_normal(t.size) * np.exp(-t * 50), sample_rate)


def _finish(sound: Floats, sample_rate: int) -> Floats:
    """Peak 1, without a click at the end."""
    fade = min(sound.size, int(0.01 * sample_rate))
    sound[sound.size - fade :] *= np.linspace(1, 0, fade)
    peak = np.abs(sound).max(initial=0.0)
    return sound / peak if peak > 0 else sound


def plucks(seconds: float, seed: int = 0, sample_rate: int = 44100) -> npt.NDArray[np.float32]:
    """Phrases on plucked strings, float32 [n], peak 0.9."""
    rng = np.random.default_rng([seed, 1])
    out = np.zeros(int(seconds * sample_rate))
    at, degree = 0.0, 7
    beat = rng.uniform(0.26, 0.36)
    while at < seconds - 0.05:
        degree = int(np.clip(degree + rng.integers(-3, 4), 0, 18))
        notes = [degree] if rng.random() < 0.75 else [degree, degree + 2, degree + 4]
        for offset, note in enumerate(notes):
            semitones = 12 * (note // 7) + _SCALE[note % 7]
            frequency = 110.0 * 2 ** (semitones / 12)
            length = rng.uniform(0.8, 2.2)
            sound = pluck(frequency, length, rng, sample_rate, brightness=rng.uniform(0.15, 0.95))
            _mix(out, sound * rng.uniform(0.35, 1.0), at + 0.018 * offset, sample_rate)
        if rng.random() < 0.08:
            beat = rng.uniform(0.26, 0.36)
        at += beat * rng.choice([0.5, 1, 1, 1, 2, 3], p=[0.2, 0.25, 0.2, 0.15, 0.15, 0.05])
    return _level(out)


def drums(seconds: float, seed: int = 0, sample_rate: int = 44100) -> npt.NDArray[np.float32]:
    """Bars on a drum set, float32 [n], peak 0.9; every hit is a little different."""
    rng = np.random.default_rng([seed, 2])
    out = np.zeros(int(seconds * sample_rate))
    at = 0.0
    voices: list[tuple[Callable[[np.random.Generator, int], Floats], float]]
    while at < seconds:
        step = 60 / rng.uniform(88, 124) / 4
        for i in range(16):
            voices = []
            if i in (0, 10) or rng.random() < 0.08:
                voices.append((kick, 1.0))
            if i in (4, 12) or rng.random() < 0.05:
                voices.append((snare, 0.8))
            if i % 2 == 0 or rng.random() < 0.25:
                voices.append((hat, 0.35))
            if i > 11 and rng.random() < 0.15:
                voices.append((tom, 0.7))
            for voice, level in voices:
                sound = voice(rng, sample_rate) * level * rng.uniform(0.6, 1.0)
                _mix(out, sound, at + i * step + rng.uniform(0, 0.006), sample_rate)
        at += 16 * step
    return _level(out)


def _mix(out: Floats, sound: Floats, at: float, sample_rate: int) -> None:
    start = int(at * sample_rate)
    n = min(sound.size, out.size - start)
    if n > 0:
        out[start : start + n] += sound[:n]


def _level(out: Floats) -> npt.NDArray[np.float32]:
    peak = np.abs(out).max(initial=0.0)
    return (out * (0.9 / peak if peak > 0 else 1.0)).astype(np.float32)


def write_demo(
    folder: Path, *, seed: int = 0, seconds: float = 210.0, sample_rate: int = 44100
) -> list[Path]:
    """Write ``seconds`` of demo sounds (half plucks, half drums) as wav files of about 30 s; their paths.

    Files that are there already with the same name are kept (they are the same samples).
    """
    folder.mkdir(parents=True, exist_ok=True)
    each = 30.0
    paths: list[Path] = []
    for name, make in (("plucks", plucks), ("drums", drums)):
        left, number = seconds / 2, 1
        while left > 0.5:
            length = min(each, left)
            path = folder / f"demo-{name}-{seed}-{number}-{length:g}s-{sample_rate}.wav"
            if not path.exists():
                wav.write(path, make(length, seed * 100 + number, sample_rate), sample_rate)
            paths.append(path)
            left -= length
            number += 1
    return paths
