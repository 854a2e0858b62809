"""Stretches of a recording: lists of (first sample, length), in order, and what is done with them."""

from __future__ import annotations

Segments = list[tuple[int, int]]


def total(segments: Segments) -> int:
    """Samples of all together."""
    return sum(length for _, length in segments)


def add(segments: Segments, start: int, length: int) -> None:
    """Put a stretch at the end; one that goes on where the last ended makes it longer."""
    if length <= 0:
        return
    if segments and segments[-1][0] + segments[-1][1] == start:
        segments[-1] = (segments[-1][0], segments[-1][1] + length)
    else:
        segments.append((start, length))


def cut(segments: Segments, at: int, length: int) -> Segments:
    """``length`` samples from the ``at``-th on (counted over all stretches)."""
    found: Segments = []
    for start, n in segments:
        if at < n and length > 0:
            take = min(n - at, length)
            add(found, start + at, take)
            length -= take
        at = max(0, at - n)
    return found


def join(first: Segments, second: Segments) -> Segments:
    """One after the other."""
    found = list(first)
    for start, length in second:
        add(found, start, length)
    return found


def repeat(segments: Segments, length: int) -> Segments:
    """The stretches over and over until they have ``length`` samples."""
    found: Segments = []
    once = total(segments)
    while length > 0 and once:
        found += cut(segments, 0, min(once, length))  # not merged: a repetition begins anew
        length -= once
    return found
