"""Writing and reading small sound files whole; long recordings go through :mod:`rave_gui.audio.decode`."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rave_gui.i18n import tr
from rave_protocol.files import replace_file

Floats = npt.NDArray[np.float32]


def write(path: Path, audio: npt.NDArray[np.floating], sample_rate: int, subtype: str = "PCM_16") -> None:
    """Write float samples [channels, n] or [n] (clipped to -1..1 in integer subtypes) as wav, flac or what the ending says.

    Written aside and renamed: a reader sees the old file or the new one. ``subtype`` is libsndfile's (``PCM_16``, ``PCM_24``,
    ``FLOAT``). Raises :class:`OSError`.
    """
    import soundfile

    data = np.atleast_2d(np.asarray(audio, np.float32)).T
    aside = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        soundfile.write(str(aside), data, sample_rate, subtype=subtype)
    except soundfile.LibsndfileError as error:
        aside.unlink(missing_ok=True)
        raise OSError(f"{path} cannot be written: {error}") from error
    replace_file(aside, path)


def read(path: Path, sample_rate: int | None = None, channels: int | None = None) -> tuple[Floats, int]:
    """A whole file as float32 [channels, n] and its rate, resampled when ``sample_rate`` is given.

    ``channels`` None keeps the file's. Raises :class:`rave_gui.errors.UserError` (code of the problem) when nothing can be read.
    """
    from rave_gui.audio.decode import Decoder, probe
    from rave_gui.audio.problems import AudioProblem
    from rave_gui.errors import UserError

    info = probe(path)
    if isinstance(info, AudioProblem):
        raise UserError(
            tr("{path}: {reason}", path=path, reason=info.reason), tr("Choose another file."), code=info.code
        )
    decoder = Decoder(path, sample_rate or info.sample_rate, channels or info.channels)
    audio = decoder.read()
    if decoder.problem is not None and decoder.problem.fatal:
        raise UserError(
            tr("{path}: {reason}", path=path, reason=decoder.problem.reason),
            tr("Choose another file."),
            code=decoder.problem.code,
        )
    return audio, decoder.sample_rate
