"""Checks that need the model but no training: device, example length, receptive field."""

from __future__ import annotations

import contextlib
import hashlib
import io
import math
import os
import sys
from pathlib import Path
from typing import Any

import torch

from rave_engine.errors import EngineError
from rave_protocol.codec import ProtocolError
from rave_protocol.files import read_json, write_json

PROBE = 2**14
"""Samples sent through the encoder to learn its ratio."""


def choose_device(name: str) -> torch.device:
    """``auto`` is the first CUDA device, or the CPU. Raises :class:`EngineError` (``no-device``) for a CUDA device that is not there."""
    if name == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise EngineError(
            "no-device", f"{name!r} is not a device.", "Use auto, cpu or cuda:0.", str(error)
        ) from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise EngineError(
            "no-device",
            f"There is no {name}: torch sees {torch.cuda.device_count()} CUDA devices.",
            "Choose auto or cpu, or install the engine with the CUDA build of torch.",
        )
    return device


@torch.no_grad()
def compression_ratio(model: Any) -> int:
    """Samples per latent frame. Leaves the model's state and the random numbers alone."""
    was_training = model.training
    model.eval()
    try:
        with torch.random.fork_rng(devices=[]):
            frames = model.encode(torch.zeros(1, model.n_channels, PROBE)).shape[-1]
    finally:
        model.train(was_training)
    return PROBE // int(frames)


def check_length(model: Any, n_signal: int, dataset_rate: int, ratio: int) -> None:
    """Is an example long enough for this model? Raises :class:`EngineError` (``n-signal``)."""
    length = math.ceil(n_signal * model.sr / dataset_rate) if dataset_rate != model.sr else n_signal
    if length % ratio:
        resampled = "" if length == n_signal else f", which is {length} at the model's {model.sr} Hz"
        raise EngineError(
            "n-signal",
            f"Examples of {n_signal} samples{resampled} are not a whole number of latent frames of {ratio} samples.",
            f"Use a multiple of {ratio * dataset_rate // math.gcd(dataset_rate, model.sr) if resampled else ratio}, "
            f"for example {max(round(n_signal / ratio), 1) * ratio}.",
        )
    enough = shortest(model, ratio)
    if length >= enough:
        return
    raise EngineError(
        "n-signal",
        f"Examples of {n_signal} samples are too short for this configuration: what is left after cropping its receptive "
        f"field cannot be compared with its longest spectrogram window ({_longest_window(model)} samples per band).",
        f"Use n_signal {usual_length(enough)} or more.",
    )


def shortest(model: Any, ratio: int) -> int:
    """The fewest samples an example needs: a multiple of ``ratio`` that leaves the longest spectrogram window something to see."""
    needed = _longest_window(model) // 2 + 1
    length = ratio
    while _band_frames(model, length) < needed or length < needed:
        length += ratio
    return length


def _longest_window(model: Any) -> int:
    scales = getattr(getattr(model.multiband_audio_distance, "multiscale_stft", None), "scales", None)
    return max(scales) if scales else 0


def usual_length(samples: int) -> int:
    """The next number that is a power of two, or one and a half of one: lengths people use, multiples of every stock ratio."""
    power: int = 2 ** math.ceil(math.log2(samples))
    return 3 * power // 4 if 3 * power // 4 >= samples else power


def _band_frames(model: Any, length: int) -> int:
    """Frames per band left after upstream's ``valid_signal_crop``."""
    import rave.core

    bands = int(model.pqmf.n_band)
    x = torch.empty(1, bands * model.n_channels, length // bands)
    if model.valid_signal_crop and model.receptive_field.sum():
        x = rave.core.valid_signal_crop(x, *model.receptive_field)
    return int(x.shape[-1])


def cache_folder() -> Path:
    """This user's cache folder of the application: the rule of ``rave_gui.paths`` for a process that cannot import it."""
    home = os.environ.get("RAVE_GUI_HOME")
    if home:
        return Path(home).absolute() / "cache"
    if sys.platform == "win32":
        return (
            Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "rave-gui" / "Cache"
        )
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "rave-gui"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rave-gui"


def receptive_field(model: Any, config: str) -> bool:
    """Fill ``model.receptive_field`` (samples left and right), from the cache when this configuration was measured before.

    Upstream measures it in every run's first validation; it depends on the configuration alone. Returns whether it was
    measured now. The model's mode and gradients and all random numbers stay as they were.
    """
    import rave.core
    import rave.version

    if model.receptive_field.sum():
        return False
    version = getattr(rave.version, "VERSION", "")
    key = hashlib.sha256(f"{version}\n{config}".encode()).hexdigest()[:32]
    path = cache_folder() / "receptive_fields.json"
    try:
        known = read_json(path)
    except (OSError, ProtocolError):
        known = {}
    stored = known.get(key)
    if isinstance(stored, list) and len(stored) == 2 and all(isinstance(v, int) for v in stored):
        left, right = stored
        measured = False
    else:
        was_training = model.training
        enabled = getattr(model.encoder, "enabled", None)
        quantising = None if enabled is None else enabled.clone()
        if enabled is not None:
            enabled.zero_()  # no gradient passes a quantiser that is not training, and it widens nothing
        with torch.random.fork_rng(), contextlib.redirect_stdout(io.StringIO()):
            left, right = (
                int(v) for v in rave.core.get_rave_receptive_field(model, n_channels=model.n_channels)
            )
        model.train(was_training)
        if enabled is not None:
            enabled.copy_(quantising)
        model.zero_grad(set_to_none=True)
        measured = True
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_json(path, {**known, key: [left, right]})
    model.receptive_field[0], model.receptive_field[1] = left, right
    return measured
