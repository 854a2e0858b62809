"""Send a sound file of any length through a model and write what comes out."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rave_engine.errors import EngineError
from rave_engine.inference.exported import ExportedModel, ExportFeeder, open_exported
from rave_engine.inference.loading import LoadedModel, load_model
from rave_engine.inference.reconstruction import BlockFeeder
from rave_engine.jobs import JobContext
from rave_protocol.events import Artifact
from rave_protocol.files import replace_file
from rave_protocol.specs import RenderParams

READ_FRAMES = 1 << 17
LARGEST_WAV = (1 << 32) - (1 << 20)
"""Bytes of sound above which the file is written as RF64: plain WAV cannot say a larger size."""


def render(params: RenderParams, job: JobContext) -> dict[str, Any]:
    """Reconstruct ``params.source`` (through a checkpoint, or an exported .ts file) and write it to ``params.output`` as WAV, 32-bit float, at the model's sample rate.

    The level is the model's own (nothing is normalised, nothing clips). Every channel of the source goes through a mono model
    by itself; for a model with n channels the source's are matched by repeating one or mixing down. The file appears under
    its name only when complete. Returns ``{"path", "sample_rate", "channels", "samples", "seconds", "peak", "step",
    "checkpoint", "real_time_factor"}``; raises EngineError for what cannot be read or would overwrite the source.
    """
    source, output = Path(params.source), Path(params.output)
    check_target(source, output)
    started = time.monotonic()
    with open_sound(source) as file:
        job.progress(0, file.frames, unit="samples", phase="loading", force=True)
        model = _open_model(params)
        job.check_cancel()
        began = time.monotonic()
        result = _write(model, file, output, params, job)
    took = time.monotonic() - began
    result |= {
        "path": str(output),
        "step": model.step,
        "checkpoint": str(model.path if isinstance(model, ExportedModel) else model.checkpoint),
        "seconds": time.monotonic() - started,
        "real_time_factor": took / max(1e-9, result["samples"] / model.sample_rate),
    }
    job.emit(Artifact("audio", str(output), {"samples": result["samples"]}))
    return result


def _open_model(params: RenderParams) -> LoadedModel | ExportedModel:
    path = Path(params.checkpoint)
    if path.suffix == ".ts":
        return open_exported(path)
    return load_model(path, device=params.device, trusted=params.trusted)


def check_target(source: Path, output: Path) -> None:
    """Refuse what would overwrite the source (also through a link) or is no sound file."""
    if not source.is_file():
        raise EngineError(
            "not-found",
            f"The sound file {source.name} is not there any more.",
            "Choose it again; it may have been moved or its disk removed.",
            str(source),
        )
    if output.exists() and output.samefile(source):
        raise EngineError(
            "same-file",
            "The result would overwrite the recording it is made from.",
            "Choose another name for the result.",
            str(output),
        )
    if output.is_dir():
        raise EngineError(
            "is-folder", f"{output} is a folder.", "Give the name of the sound file to write, ending in .wav."
        )


def open_sound(path: Path) -> Any:
    """Open with libsndfile. Raises EngineError for a file it cannot read (the application converts other formats first)."""
    import soundfile

    try:
        file = soundfile.SoundFile(str(path))
    except soundfile.LibsndfileError as error:
        raise EngineError(
            "unreadable",
            f"{path.name} cannot be read as sound.",
            "It may be damaged or of an unknown format: convert it to WAV, FLAC, OGG or MP3.",
            str(error),
        ) from error
    if file.frames <= 0:
        file.close()
        raise EngineError("empty", f"{path.name} holds no sound.", "Choose a recording with something in it.")
    return file


def resampled(file: Any, rate: int) -> Iterator[np.ndarray[Any, Any]]:
    """The file in pieces (channels, n), float32, at ``rate``, with constant memory."""
    blocks = file.blocks(READ_FRAMES, dtype="float32", always_2d=True)
    if file.samplerate == rate:
        for block in blocks:
            yield block.T
        return
    import soxr

    stream = soxr.ResampleStream(file.samplerate, rate, file.channels, dtype="float32", quality="HQ")
    for block in blocks:
        yield stream.resample_chunk(np.ascontiguousarray(block)).reshape(-1, file.channels).T
    rest = stream.resample_chunk(np.zeros((0, file.channels), np.float32), last=True)
    yield rest.reshape(-1, file.channels).T


def matched(piece: np.ndarray[Any, Any], channels: int) -> torch.Tensor:
    """Give a model with ``channels`` channels what it takes: as it is where it divides, else one channel repeated, else a mix."""
    if piece.shape[0] % channels == 0:
        return torch.from_numpy(np.ascontiguousarray(piece))
    return torch.from_numpy(piece.mean(0, keepdims=True).repeat(channels, 0))


def _write(
    model: LoadedModel | ExportedModel, file: Any, output: Path, params: RenderParams, job: JobContext
) -> dict[str, Any]:
    import soundfile

    total = round(file.frames * model.sample_rate / file.samplerate)
    channels = file.channels if file.channels % model.n_channels == 0 else model.n_channels
    make: Any = ExportFeeder if isinstance(model, ExportedModel) else BlockFeeder
    feeder = make(model, channels, params.randomness, params.seed)
    output.parent.mkdir(parents=True, exist_ok=True)
    aside = output.with_name(f".{output.stem}.{os.getpid()}.part")
    container = "RF64" if total * channels * 4 > LARGEST_WAV else "WAV"
    done, peak = 0, 0.0
    began = time.monotonic()
    try:
        with soundfile.SoundFile(
            str(aside), "w", model.sample_rate, channels, subtype="FLOAT", format=container
        ) as out:

            def write(block: torch.Tensor) -> None:
                nonlocal done, peak
                block = block[:, : total - done]
                peak = max(peak, float(block.abs().max()) if block.numel() else 0.0)
                out.write(block.T.numpy())
                done += block.shape[-1]
                rate = done / max(1e-9, time.monotonic() - began)
                eta = (total - done) / rate if rate else None
                job.progress(done, total, unit="samples", phase="rendering", rate=rate, eta=eta)
                job.check_cancel()

            for piece in resampled(file, model.sample_rate):
                for block in feeder.feed(matched(piece, model.n_channels)):
                    write(block)
            for block in feeder.finish():
                write(block)
        replace_file(aside, output)
    finally:
        aside.unlink(missing_ok=True)
    return {"sample_rate": model.sample_rate, "channels": channels, "samples": done, "peak": peak}
