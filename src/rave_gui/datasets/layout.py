"""How recordings fall into chunks: the arithmetic of a build without its sound. A test holds it to what builds really write."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from rave_gui.datasets.messages import Settings

LATENTS, RATIO = 128, 2048
"""Size of v2's latent space and samples for each of its frames."""
PERCENT, RESIDUAL = 98, 1000
"""RAVE's share for training, and the most chunks it keeps for validation."""


@dataclass(frozen=True)
class Length:
    """One file: samples at the dataset's rate, how many of them are left when silence is cut, and its channels."""

    path: str
    samples: int
    kept: int
    channels: int = 1


@dataclass
class Forecast:
    """Chunks, and for every file the samples that are in none, by reason (``tail``, ``short``, ``silence``)."""

    chunks: int = 0
    lost: dict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(dict))

    def lose(self, path: str, reason: str, samples: float) -> None:
        """Note a loss."""
        if samples > 0:
            self.lost[path][reason] = self.lost[path].get(reason, 0.0) + samples


def resampled(samples: int, source: int, target: int) -> int:
    """Samples that the resampler makes of so many: rounded half up."""
    return samples if source == target else math.floor(samples * target / source + 0.5)


def forecast(files: Iterable[Length], settings: Settings) -> Forecast:
    """What a build will write of these files, in this order."""
    chunk, found = settings.chunk, Forecast()
    joined = 0
    waiting: list[
        tuple[str, int, int]
    ] = []  # short sound that is in the joined chunk under way: path, samples, tracks
    for file in files:
        tracks = file.channels if settings.separate else 1
        found.lose(file.path, "silence", file.samples - file.kept)
        whole, rest = divmod(file.kept, chunk)
        if whole:
            found.chunks += whole * tracks
            if rest and settings.tails == "pad":
                found.chunks += tracks
            else:
                found.lose(file.path, "tail", rest)
        elif rest and settings.short_files == "pad":
            found.chunks += tracks
        elif rest and settings.short_files == "skip":
            found.lose(file.path, "short", rest)
        else:
            for _ in range(tracks if rest else 0):
                joined += rest
                waiting.append((file.path, rest, tracks))
                if joined >= chunk:
                    found.chunks += joined // chunk
                    joined %= chunk
                    waiting = [(file.path, joined, tracks)] if joined else []
    if joined:
        if settings.tails == "pad":
            found.chunks += 1
        else:
            for path, samples, tracks in waiting:
                found.lose(path, "tail", samples / tracks)
    return found


def minimum_chunks(num_signal: int) -> int:
    """Chunks that RAVE's own training needs so that its validation has as many latent frames as v2 has latents (its PCA fails otherwise)."""
    needed = min(-(-LATENTS // max(1, num_signal // RATIO)), RESIDUAL)
    count = 1
    while count - max(PERCENT * count // 100, 1) < needed:
        count += 1
    return count
