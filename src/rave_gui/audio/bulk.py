"""Decoding of Ogg Vorbis inside FFmpeg's filters, where no packet passes through Python.

A packet of Vorbis holds a few milliseconds; handing it from the demuxer to the decoder takes Python a fifth of the whole time.
FFmpeg's ``amovie`` source does that itself, but passes over damage without a word. So only an intact file with one stream is taken,
and :class:`Bulk` says afterwards whether every sample that the file promises has come: where not, the careful way decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import av


class Bulk:
    """The frames of one file; ``complete`` says at the end that nothing was left out on the way."""

    def __init__(self, path: str, promised: int | None) -> None:
        """``promised``: samples up to the position that the last page states."""
        self._path = path
        self._promised = promised
        self.samples = 0
        """Samples per channel delivered so far."""
        self.complete = False

    def frames(self, size: int) -> Iterator[Any]:
        """Frames of ``size`` samples, the last one shorter. Ends early where FFmpeg refuses."""
        if self._promised is None:
            return
        try:
            graph, sink = self._graph(size)
        except (av.FFmpegError, OSError, ValueError):
            return
        first: int | None = None
        while True:
            try:
                frame = sink.pull()
            except (av.FFmpegError, OSError, ValueError):  # the end, too
                break
            if first is None:
                first = frame.pts or 0  # below zero where the first packet is there to begin from
            self.samples += frame.samples
            yield frame
        del graph
        self.complete = first is not None and self.samples == self._promised - first

    def _graph(self, size: int) -> tuple[Any, Any]:
        graph = av.filter.Graph()
        source = graph.add("amovie", filename=f"file:{self._path}")
        cut = graph.add("asetnsamples", n=str(size), p="0")
        sink = graph.add("abuffersink")
        source.link_to(cut)
        cut.link_to(sink)
        graph.configure()
        return graph, sink


def suits(container: Any, stream: Any) -> bool:
    """Whether the file is one that can be decoded this way; that it is intact is asked elsewhere."""
    return bool(
        container.format.name == "ogg"
        and stream.codec_context.name == "vorbis"
        and len(container.streams) == 1
        and "amovie" in av.filter.filters_available
    )


def promised_samples(stream: Any) -> int | None:
    """The position of the stream's end in samples, or None when it does not say."""
    if stream.duration is None or stream.time_base is None:
        return None
    samples = stream.duration * stream.time_base * stream.codec_context.sample_rate
    return int(samples) if samples == int(samples) else None
