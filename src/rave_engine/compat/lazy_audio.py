"""Lazy datasets without a system ffmpeg, and after their recordings were moved together with them.

* ``rave.dataset.extract_audio`` starts ffmpeg once for every channel of every example. Where libsndfile can read a file (wav, aiff,
  flac, ogg, opus, mp3), it does, without a process; only the others still need ffmpeg, and its absence is said in plain words.
* ``LazyAudioDataset`` knows absolute paths only. Records of datasets made by this application also hold the path as seen from
  the dataset's folder; it is tried when the absolute one leads nowhere.

No upstream thread known.
"""

from __future__ import annotations

import math
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from rave_engine.errors import EngineError

MARGIN = 0.05
"""Seconds read before and after a stretch that is resampled, so that its edges are right."""


def apply() -> None:
    """Patch ``rave.dataset.extract_audio`` and ``LazyAudioDataset.__getitem__``."""
    from rave import dataset

    if getattr(dataset.LazyAudioDataset, "rave_gui", False):
        return
    dataset.extract_audio = extract_audio

    def getitem(self: Any, index: int) -> Any:
        number = int(np.searchsorted(self.items, index, side="right"))
        if number:
            index -= int(self.items[number - 1])
        with self.env.begin() as txn:
            example = dataset.AudioExample.FromString(txn.get(self.keys[number]))
        audio = dataset.extract_audio(
            str(locate(example.metadata, Path(self._db_path))),
            self._n_signal,
            self._sampling_rate,
            index * self._n_signal,
            int(example.metadata["channels"]),
            self._n_channels,
        )
        return audio if self._transforms is None else self._transforms(audio)

    dataset.LazyAudioDataset.__getitem__ = getitem
    dataset.LazyAudioDataset.rave_gui = True


def locate(record: Any, folder: Path) -> Path:
    """Where a record's recording lies now. Raises :class:`EngineError` ``recording-missing``."""
    path = Path(record["path"])
    if path.is_file():
        return path
    relative = record["relative"] if "relative" in record else ""  # noqa: SIM401 - a map of protobuf
    if relative and (folder / relative).is_file():
        return folder / relative
    raise EngineError(
        "recording-missing",
        f"The recording {path} is no longer there.",
        "The dataset holds no sound of its own and needs its recordings. Put them back, or make the dataset again.",
    )


def extract_audio(  # noqa: PLR0917 - upstream's own signature
    path: str, n_signal: int, sr: int, start_sample: int, input_channels: int, channels: int
) -> Any:
    """2 * n_signal samples from ``start_sample`` on (both at rate ``sr``), float [channels, samples], zeros behind the end.

    Channels as upstream takes them: the first ones, repeated in turn when there are fewer. Raises :class:`EngineError`.
    """
    length = 2 * n_signal
    audio = _with_soundfile(path, start_sample, length, sr)
    if audio is None:
        audio = _with_ffmpeg(path, start_sample, length, sr, max(1, input_channels))
    audio = audio[[i % len(audio) for i in range(channels)], :length]
    return np.pad(audio, ((0, 0), (0, length - audio.shape[1])))


def _with_soundfile(path: str, start: int, length: int, sr: int) -> Any:
    """float [channels, up to length], or None when libsndfile cannot read the file."""
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            if rate == sr:
                file.seek(min(start, file.frames))
                return file.read(length, dtype="float32", always_2d=True).T
            # Begin where both rates have a sample, some time before.
            step = rate // math.gcd(rate, sr)
            begin = max(0, int((start / sr - MARGIN) * rate) // step * step)
            count = math.ceil(((start + length) / sr + MARGIN) * rate) - begin
            file.seek(min(begin, file.frames))
            block = file.read(count, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError):
        return None
    import soxr

    whole = soxr.resample(block, rate, sr) if len(block) else np.zeros((0, block.shape[1]), np.float32)
    skip = start - begin * sr // rate
    return whole[skip : skip + length].T


def ffmpeg() -> str | None:
    """The ffmpeg program: named by ``RAVE_GUI_FFMPEG``, on the path, or of the package imageio-ffmpeg."""
    named = os.environ.get("RAVE_GUI_FFMPEG") or shutil.which("ffmpeg")
    if named:
        return named
    try:
        import imageio_ffmpeg
    except ImportError:
        return None
    found: str = imageio_ffmpeg.get_ffmpeg_exe()
    return found


def _with_ffmpeg(path: str, start: int, length: int, sr: int, channels: int) -> Any:
    program = ffmpeg()
    if program is None:
        raise EngineError(
            "needs-ffmpeg",
            f"{path} can only be read by ffmpeg, which is not installed.",
            "Install ffmpeg, or make a dataset that holds the sound instead of the paths.",
        )
    command = [program, "-v", "error", "-ss", str(start / sr), "-i", path, "-ar", str(sr), "-ac", str(channels),
               "-t", str(length / sr), "-f", "s16le", "-"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise EngineError(
            "recording-unreadable",
            f"{path} cannot be read.",
            "Look whether it plays elsewhere; make the dataset again without it otherwise.",
            done.stderr.decode(errors="replace")[-2000:],
        )
    samples = np.frombuffer(done.stdout, np.int16)
    return (samples[: samples.size // channels * channels].reshape(-1, channels).T / 2**15).astype(np.float32)
