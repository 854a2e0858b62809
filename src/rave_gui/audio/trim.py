"""Cutting long silences out of a stream of blocks, with memory for one pause and no more."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Block = npt.NDArray[np.float32]

MARGIN_SECONDS = 0.1
"""What stays of a pause at either side of a cut."""


class Trimmer:
    """Takes blocks [channels, n] and gives back what stays, each piece with its first sample's place in the recording.

    A pause is a stretch in which no channel reaches ``threshold`` (a factor, 1 is full scale) for ``pause`` samples or longer. Of
    it the first and last ``margin`` samples stay, and nothing of them before the first and after the last sound of the recording
    beyond that margin.
    """

    def __init__(self, threshold: float, pause: int, margin: int) -> None:
        self._threshold = threshold
        self._margin = max(0, min(margin, pause // 2))
        self._pause = max(1, pause)
        self._at = 0
        """Samples taken so far."""
        self._quiet: list[Block] = []
        """What was quiet since the last sound; only its end once it is known to be a pause."""
        self._quiet_length = 0
        """How long it has been quiet, cut or not."""
        self._cutting = False

    def push(self, block: Block) -> Iterator[tuple[int, Block]]:
        """What stays of what is decided by this block."""
        if not block.shape[1]:
            return
        loud = np.flatnonzero(np.max(np.abs(block), axis=0) >= self._threshold)
        begin = self._at
        self._at += block.shape[1]
        if not loud.size:
            yield from self._hush(block, begin)
            return
        first, last = int(loud[0]), int(loud[-1])
        yield from self._hush(block[:, :first], begin)
        yield from self._wake(begin + first)
        at = first
        for gap in np.flatnonzero(np.diff(loud) > self._pause):
            a, b = int(loud[gap]) + 1, int(loud[gap + 1])
            yield begin + at, block[:, at : a + self._margin]
            at = b - self._margin
        yield begin + at, block[:, at : last + 1]
        yield from self._hush(block[:, last + 1 :], begin + last + 1)

    def _hush(self, quiet: Block, begin: int) -> Iterator[tuple[int, Block]]:
        """It is quiet for so long."""
        n = quiet.shape[1]
        if not n:
            return
        self._quiet.append(quiet)
        self._quiet_length += n
        if self._quiet_length < self._pause:
            return
        held = np.concatenate(self._quiet, axis=1) if len(self._quiet) > 1 else quiet
        if not self._cutting:
            self._cutting = True
            start = begin + n - self._quiet_length
            if start > 0 and self._margin:
                yield start, held[:, : self._margin]
        self._quiet = [held[:, held.shape[1] - self._margin :]] if self._margin else []

    def _wake(self, at: int) -> Iterator[tuple[int, Block]]:
        """Sound again at ``at``: what is held goes out, after a pause only its end."""
        if self._quiet:
            held = np.concatenate(self._quiet, axis=1)
            if held.shape[1]:
                yield at - held.shape[1], held
        self._quiet, self._quiet_length, self._cutting = [], 0, False

    def finish(self) -> Iterator[tuple[int, Block]]:
        """The end of the recording: a short silence stays, of a long one nothing beyond what is out already."""
        if not self._cutting:
            yield from self._wake(self._at)
        self._quiet = []
