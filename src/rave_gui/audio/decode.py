"""Decoding of any sound file into blocks of float samples, with bounded memory and without a system ffmpeg.

PyAV brings FFmpeg's demuxers and decoders, soxr resamples (its HQ setting). Damage is a value, not an exception: a decoder
delivers what can be decoded and then says in :attr:`Decoder.problem` what was wrong.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from rave_gui.audio.bulk import Bulk, promised_samples, suits
from rave_gui.audio.ends import OggPages, has_spoilt_pages, ogg_pages, promised_seconds
from rave_gui.audio.problems import AudioInfo, AudioProblem, Mono
from rave_gui.i18n import tr, trn

Floats = npt.NDArray[np.float32]

EXACT_CONTAINERS = frozenset({"wav", "aiff", "flac", "w64", "caf", "au"})
"""Containers whose header states the length exactly, so that missing audio can be noticed."""

BLOCK = 32768
"""Samples handed on at a time: small enough to stay in a processor's cache, large enough to make Python's share small."""

MAX_BAD_PACKETS = 2000
"""A file that yields this many undecodable packets without any sound in between is given up."""


class _Refused(Exception):  # noqa: N818 - carries a problem from the opening to the caller, never further
    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def probe(path: str | Path) -> AudioInfo | AudioProblem:
    """Read a file's header: rate, channels, length, codec. Decodes nothing; takes about a millisecond."""
    try:
        container, stream = _open(str(path))
    except _Refused as refused:
        return AudioProblem(str(path), refused.code, refused.reason)
    with container:
        return _info(str(path), container, stream)


class Decoder:
    """Decodes one file to ``channels`` channels at ``sample_rate``.

    Channels: a mono target takes ``mono`` ("mix" is the mean of all channels, "right" of a mono file is its only channel);
    a target of N takes the file's first N channels and repeats them in turn when there are fewer (as RAVE does). 0 channels means
    as many as the file has; :attr:`channels` says so once the first block was asked for.

    Use::

        decoder = Decoder(path, 44100)
        for block in decoder.blocks():  # float32 [channels, samples], nominal range -1..1
            ...
        if decoder.problem: ...
    """

    def __init__(self, path: str | Path, sample_rate: int, channels: int = 1, mono: Mono = "mix") -> None:
        self.path = str(path)
        self.sample_rate = sample_rate
        self.channels = channels
        self.mono = mono
        self._all = channels != 1
        self.info: AudioInfo | None = None
        """The header, known once the first block was asked for."""
        self.problem: AudioProblem | None = None
        self.samples = 0
        """Samples per channel delivered so far, at the target rate."""
        self._bad_packets = 0
        self._first_bad = 0.0
        self._not_numbers = 0
        self._ogg: OggPages | None = None
        self._ends_match, self._begins_late = True, False

    def blocks(self) -> Iterator[Floats]:
        """Blocks of float32 [channels, n], n about :data:`BLOCK` source samples; never empty arrays."""
        try:
            container, stream = _open(self.path)
        except _Refused as refused:
            self.problem = AudioProblem(self.path, refused.code, refused.reason)
            return
        with container:
            self.info = _info(self.path, container, stream)
            self.channels = self.channels or self.info.channels
            if self.info.container == "ogg":
                with contextlib.suppress(OSError, ValueError):  # it was there a moment ago
                    self._ogg = ogg_pages(self.path)
                    self._ends_match = self._ogg.end == (stream.duration or 0) + (stream.start_time or 0)
                self._begins_late = bool(stream.start_time)
            for block in self._converted(container, stream):
                if block.shape[1]:
                    self.samples += block.shape[1]
                    yield block
        self._judge()

    def read(self) -> Floats:
        """The whole file as float32 [channels, samples] (empty when nothing could be decoded)."""
        blocks = list(self.blocks())
        return np.concatenate(blocks, axis=1) if blocks else np.zeros((self.channels, 0), np.float32)

    def _converted(self, container: Any, stream: Any) -> Iterator[Floats]:
        """Channel-mapped and resampled blocks. A change of rate in mid-file (chained streams) starts a new resampler."""
        resampler: Any = None
        rate = 0
        check_numbers = stream.codec_context.name.startswith("pcm_f")
        for frame in self._large(container, stream):
            if frame.sample_rate != rate:
                if resampler is not None:
                    yield self._last(resampler)
                rate = frame.sample_rate
                resampler = self._resampler(rate)
            block = self._map(frame)
            if check_numbers:
                block = self._numbers(block)
            if resampler is None:
                yield block
            else:
                yield _planar(resampler.resample_chunk(np.ascontiguousarray(block.T)))
        if resampler is not None:
            yield self._last(resampler)

    def _last(self, resampler: Any) -> Floats:
        return _planar(resampler.resample_chunk(np.zeros((0, self.channels), np.float32), last=True))

    def _resampler(self, rate: int) -> Any:
        if rate == self.sample_rate:
            return None
        import soxr

        return soxr.ResampleStream(rate, self.sample_rate, self.channels, dtype="float32", quality="HQ")

    def _large(self, container: Any, stream: Any) -> Iterator[Any]:
        """Frames of about :data:`BLOCK` samples, each of one sample format, layout and rate."""
        come = 0
        if self._ogg == OggPages("whole", 1) and suits(container, stream):
            bulk = Bulk(self.path, promised_samples(stream))
            yield from bulk.frames(BLOCK)
            if bulk.complete:
                return
            come = bulk.samples
        yield from self._joined(container, stream, come)

    def _joined(self, container: Any, stream: Any, skip: int) -> Iterator[Any]:
        """Packet by packet, without the first ``skip`` samples."""
        fifo: Any = None
        for frame in self._frames(container, stream):
            frame.pts = None  # the queue refuses gaps in time stamps; a gap is closed up, as every decoder to PCM does
            if fifo is None:
                fifo = av.AudioFifo()
            try:
                fifo.write(frame)
            except ValueError:  # another format, layout or rate from here on
                if fifo.samples:
                    yield fifo.read(0)
                fifo = av.AudioFifo()
                fifo.write(frame)
            if skip:
                gone = min(skip, fifo.samples)
                fifo.read(gone)
                skip -= gone
            if fifo.samples >= BLOCK:
                yield fifo.read(0)
        if fifo is not None and fifo.samples:
            yield fifo.read(0)

    def _numbers(self, block: Floats) -> Floats:
        finite = np.isfinite(block)
        if finite.all():
            return block
        self._not_numbers += int(block.size - np.count_nonzero(finite))
        return np.where(finite, block, np.float32(0))

    def _frames(self, container: Any, stream: Any) -> Iterator[Any]:
        """Decoded frames; what cannot be decoded is counted and passed over."""
        silent_failures = 0
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.FFmpegError, OSError, ValueError):
                self._bad()
                return
            try:
                frames = packet.decode()
            except (av.FFmpegError, ValueError):
                self._bad()
                silent_failures += 1
                if silent_failures > MAX_BAD_PACKETS:
                    return
                continue
            for frame in frames:
                if frame.samples:
                    silent_failures = 0
                    yield frame

    def _bad(self) -> None:
        if not self._bad_packets:
            self._first_bad = self.samples / self.sample_rate
        self._bad_packets += 1

    def _map(self, frame: Any) -> Floats:
        """The wanted channels of a frame as float32 [channels, n]."""
        sources = _channels(frame)
        scale, offset = _SCALES[frame.format.name.removesuffix("p")]
        have = len(sources)
        block = np.empty((self.channels, sources[0].shape[0]), np.float32)
        if self._all:
            for number, row in enumerate(block):
                row[:] = sources[number % have]
        elif have == 1 or self.mono == "left":
            block[0] = sources[0]
        elif self.mono == "right":
            block[0] = sources[1]
        else:
            row = block[0]
            if sources[0].dtype == np.float32:
                np.add(sources[0], sources[1], out=row)
            else:
                row[:] = sources[0]
                np.add(row, sources[1], out=row, casting="unsafe")
            for source in sources[2:]:
                np.add(row, source, out=row, casting="unsafe")
            scale, offset = scale / have, offset * have
        if offset:
            block -= np.float32(offset)
        if scale != 1.0:
            block *= np.float32(scale)
        return block

    def _judge(self) -> None:
        info = self.info
        if info is None:
            return
        seconds = self.samples / self.sample_rate
        if self.samples == 0:
            if not self._bad_packets:
                self.problem = AudioProblem(
                    self.path, "empty", tr("The file holds no sound: its length is zero.")
                )
            else:
                reason = tr(
                    "Nothing in this {container} file could be decoded ({codec}).",
                    container=info.container,
                    codec=info.codec,
                )
                self.problem = AudioProblem(self.path, "unreadable", reason)
        elif self._bad_packets:
            reason = trn(
                "The file is damaged from {begin} s on: {n} piece could not be decoded and was left out, the other {seconds} s were kept.",
                "The file is damaged from {begin} s on: {n} pieces could not be decoded and were left out, the other {seconds} s were "
                "kept.",
                self._bad_packets,
                begin=f"{self._first_bad:.1f}",
                seconds=f"{seconds:.1f}",
            )
            self.problem = AudioProblem(self.path, "damaged", reason, fatal=False)
        else:
            self.problem = self._missing(info, seconds) or self._odd()

    def _missing(self, info: AudioInfo, seconds: float) -> AudioProblem | None:
        """What is to be said when there is less sound than there should be."""
        try:
            promised, tolerance = promised_seconds(self.path, info)
            pages = self._pages()
        except (OSError, ValueError):  # it was there a moment ago, and it was decoded
            return None
        if promised and promised - seconds > max(tolerance, 0.001 * promised):
            reason = tr(
                "The file is cut off, or parts of it are missing: it promises {promised} s, {seconds} s are there and were kept.",
                promised=f"{promised:.1f}",
                seconds=f"{seconds:.1f}",
            )
            return AudioProblem(self.path, "truncated", reason, fatal=False)
        if pages == "holes":
            reason = tr(
                "The file is damaged: parts of it are missing. {seconds} s are there and were kept.",
                seconds=f"{seconds:.1f}",
            )
            return AudioProblem(self.path, "damaged", reason, fatal=False)
        if pages == "cut":
            reason = tr(
                "The file is cut off: its end is missing. {seconds} s are there and were kept.",
                seconds=f"{seconds:.1f}",
            )
            return AudioProblem(self.path, "truncated", reason, fatal=False)
        return None

    def _pages(self) -> str:
        """The state of an Ogg file's pages. A first or last one that is spoilt leaves no gap between what was decoded and what FFmpeg
        believes to be the length; then their checksums are looked at.
        """
        if self._ogg is None:
            return "whole"
        # Of several streams one after the other FFmpeg knows the length of one.
        doubtful = self._begins_late or not self._ends_match or self._ogg.streams > 1
        if self._ogg.state == "whole" and doubtful and has_spoilt_pages(self.path):
            return "holes"
        return self._ogg.state

    def _odd(self) -> AudioProblem | None:
        if not self._not_numbers:
            return None
        reason = trn(
            "{n} sample is not a number (NaN or infinite); it was replaced by silence.",
            "{n} samples are not numbers (NaN or infinite); they were replaced by silence.",
            self._not_numbers,
        )
        return AudioProblem(self.path, "not-a-number", reason, fatal=False)


def _open(path: str) -> tuple[Any, Any]:
    """The container and its first audio stream. Raises :class:`_Refused`."""
    try:
        if Path(path).stat().st_size == 0:
            raise _Refused("empty", tr("The file is empty (0 bytes)."))
        # "file:" keeps names such as "a:b.wav" from being taken for a protocol, and playlists from reaching other places.
        options = {"protocol_whitelist": "file"}
        if path.lower().endswith(".wav"):
            # FFmpeg searches a wav for compressed surround sound hidden in it; its default of 5 MB costs 3 ms a file.
            options["probesize"] = "16384"
        container = av.open(f"file:{path}", metadata_errors="replace", options=options)
    except FileNotFoundError:
        raise _Refused("not-found", tr("The file is no longer there.")) from None
    except PermissionError:
        raise _Refused("not-allowed", tr("You are not allowed to read this file.")) from None
    except av.FFmpegError as error:
        raise _Refused(
            "unreadable", tr("This is not a sound file that can be read ({error}).", error=error.strerror)
        ) from None
    except (OSError, ValueError) as error:
        raise _Refused("unreadable", tr("The file cannot be read ({error}).", error=error)) from None
    if not container.streams.audio:
        container.close()
        raise _Refused("no-sound", tr("The file holds no sound track."))
    stream = container.streams.audio[0]
    context = stream.codec_context
    if context is None or not context.sample_rate or not context.channels:
        container.close()
        raise _Refused("unreadable", tr("The sound track's coding is unknown or its header is damaged."))
    # One thread: the processes around it are the parallelism.
    context.thread_type = "NONE"
    return container, stream


def _info(path: str, container: Any, stream: Any) -> AudioInfo:
    seconds: float | None = None
    if stream.duration is not None and stream.time_base is not None:
        seconds = float(stream.duration * stream.time_base)
    elif container.duration is not None:
        seconds = container.duration / 1_000_000
    if seconds is not None and seconds < 0:
        seconds = None
    context = stream.codec_context
    kind = container.format.name.split(",")[0]
    return AudioInfo(
        path, seconds, context.sample_rate, context.channels, context.name, kind, kind in EXACT_CONTAINERS
    )


# FFmpeg's sample formats: what one unit is worth, and which value is silence.
_SCALES = {
    "u8": (2.0**-7, 128.0),
    "s16": (2.0**-15, 0.0),
    "s32": (2.0**-31, 0.0),
    "s64": (2.0**-63, 0.0),
    "flt": (1.0, 0.0),
    "dbl": (1.0, 0.0),
}
_DTYPES = {"u8": "u1", "s16": "i2", "s32": "i4", "s64": "i8", "flt": "f4", "dbl": "f8"}


def _channels(frame: Any) -> list[npt.NDArray[Any]]:
    """Views of a frame's samples, one array [n] a channel, in the format's own type."""
    name: str = frame.format.name
    dtype = np.dtype(_DTYPES[name.removesuffix("p")])
    n = frame.samples
    if frame.format.is_planar:
        return [np.frombuffer(plane, dtype, n) for plane in frame.planes]
    count = frame.layout.nb_channels
    together = np.frombuffer(frame.planes[0], dtype, n * count).reshape(n, count)
    return [together[:, i] for i in range(count)]


def _planar(interleaved: npt.NDArray[Any]) -> Floats:
    block = np.asarray(interleaved, np.float32)
    planar: Floats = block.reshape(1, -1) if block.ndim == 1 else block.T
    return planar


def to_int16(block: Floats) -> npt.NDArray[np.int16]:
    """Round float samples to 16 bits as FFmpeg does (x * 32768, to nearest, clipped); any shape."""
    scaled = block * np.float32(32768)
    np.rint(scaled, out=scaled)
    np.clip(scaled, -32768, 32767, out=scaled)
    rounded: npt.NDArray[np.int16] = scaled.astype(np.int16)
    return rounded
