"""From a checkpoint to a verified .ts file and its card."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import torch

from rave_engine.errors import EngineError
from rave_engine.export import verifying
from rave_engine.jobs import JobContext
from rave_protocol.events import Artifact, Warned
from rave_protocol.files import replace_file, write_json
from rave_protocol.specs import ExportParams, VerifyParams

CARD = "card.json"
SUFFIX = "_streaming"
LATENCY_SECONDS = 3.0
"""Of test signal for measuring the delay; v1's is above half a second."""


def run(params: ExportParams, job: JobContext) -> dict[str, Any]:
    """Export ``params.checkpoint`` into the folder ``params.output`` as ``<name>[_streaming].ts`` with ``card.json``.

    The file is written aside, verified with plain ``torch.jit.load`` and appears under its name only when it answers finite
    sound. Returns the facts of the contract: ``path, card, methods, sample_rate, ratio, latent_size, channels, streaming,
    streaming_error_db, step, seconds`` and ``latency, peak, real_time_factor``. Raises EngineError.
    """
    from rave_engine.export import card as cards
    from rave_engine.export import scripted
    from rave_engine.inference.loading import load_model

    started = time.monotonic()
    target = _target(params)
    job.progress(0, 4, phase="loading", force=True)
    how: dict[str, Any] = {"ema": params.ema, "trusted": params.trusted}
    loaded = load_model(params.checkpoint, streaming=params.streaming, **how)
    job.check_cancel()
    job.progress(1, 4, phase="compiling", force=True)
    _, reached = scripted.latent_size_for(loaded, params.fidelity)
    offline = load_model(params.checkpoint, **how) if params.streaming else None
    shape: dict[str, Any] = {
        "fidelity": params.fidelity,
        "channels": params.channels,
        "rate": params.sample_rate,
    }
    module = scripted.build(loaded, offline=offline, **shape)
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.stem}.{os.getpid()}.part")
    try:
        with torch.no_grad():
            torch.jit.script(module).save(str(aside))
        job.check_cancel()
        job.progress(2, 4, phase="verifying", force=True)
        facts = _checked(aside, loaded.step, job)
        job.progress(3, 4, phase="measuring latency", force=True)
        facts["latency"] = _latency(
            verifying.load(aside), scripted.build(offline, **shape) if offline else None, loaded.ratio, facts
        )
        facts["file"] = target.name
        replace_file(aside, target)
    finally:
        aside.unlink(missing_ok=True)
    card = cards.build_card(params, loaded, module, reached, facts)
    write_json(target.parent / CARD, card)
    job.progress(4, 4, phase="done", force=True)
    job.emit(Artifact("export", str(target), {"step": loaded.step}))
    job.emit(Artifact("card", str(target.parent / CARD)))
    return {
        "path": str(target),
        "card": str(target.parent / CARD),
        "methods": facts["methods"],
        "sample_rate": facts["sample_rate"],
        "ratio": facts["ratio"],
        "latent_size": facts["latent_size"],
        "channels": facts["channels"],
        "streaming": facts["streaming"],
        "streaming_error_db": facts["streaming_error_db"],
        "step": loaded.step,
        "seconds": time.monotonic() - started,
        "latency": facts["latency"],
        "peak": facts["peak"],
        "real_time_factor": facts["real_time_factor"],
        "size_bytes": facts["size_bytes"],
    }


def _target(params: ExportParams) -> Path:
    name = params.name.strip()
    if not name or name in (".", "..") or any(c in name for c in '/\\:*?"<>|\0') or name.startswith("."):
        raise EngineError(
            "bad-name",
            f"{params.name!r} cannot be the name of a model.",
            'Use a name without / \\ : * ? " < > | that does not start with a dot.',
        )
    if not 0 < params.fidelity <= 1:
        raise EngineError(
            "bad-fidelity",
            f"A fidelity of {params.fidelity} is not possible.",
            "Use a number above 0, at most 1: 0.95 is usual, more keeps more latents.",
        )
    folder = Path(params.output)
    if folder.exists() and not folder.is_dir():
        raise EngineError("not-a-folder", f"{folder} is a file.", "Choose a folder for the export.")
    suffix = SUFFIX if params.streaming and not name.endswith(SUFFIX) else ""
    return folder / f"{name}{suffix}.ts"


def _checked(path: Path, step: int, job: JobContext) -> dict[str, Any]:
    """The file's facts. Raises EngineError when it answers with NaN; warns of what a musician would stumble over."""
    facts = verifying.verify(VerifyParams(str(path)), _Quiet(job))
    if not facts["finite"]:
        raise EngineError(
            "not-finite",
            f"The model of step {step} answers with numbers that are no sound (NaN), so it was not exported.",
            "Its training went wrong: export an earlier checkpoint.",
        )
    if facts["silent"]:
        job.emit(
            Warned(
                "silent",
                "The exported model answers a test signal with silence.",
                "It has probably not been trained long enough: train on and export again.",
            )
        )
    error = facts["streaming_error_db"]
    if error is not None and error > verifying.LIMIT_DB:
        job.emit(
            Warned(
                "streaming-error",
                f"Blocks and whole differ by {error:.0f} dB, more than the {verifying.LIMIT_DB:.0f} dB expected.",
                "The model may click between buffers: please report it with its configuration.",
            )
        )
    return facts


class _Quiet(JobContext):
    """The same job without the verification's own progress, which would run backwards."""

    def __init__(self, job: JobContext) -> None:
        super().__init__(job.folder)
        self._job = job

    def progress(self, *_: Any, **__: Any) -> None:
        """Not shown."""

    def check_cancel(self) -> None:
        """The outer job's."""
        self._job.check_cancel()


def _latency(online: Any, offline: Any, offline_ratio: int, facts: dict[str, Any]) -> dict[str, Any]:
    """The delay between input and output, in samples of the host's rate.

    ``samples`` is measured: the place of the largest cross-correlation between what the streaming file and the same model built
    offline (no delay by construction) answer to one signal at randomness 0, noise branch left out; ``match`` says how equal
    the two are there. Offline files have no delay. ``buffer`` is what a host adds at least, one latent frame.
    """
    if offline is None:
        return {"samples": 0, "seconds": 0.0, "buffer": facts["ratio"], "match": None}
    with torch.no_grad(), torch.jit.optimized_execution(False):
        for model in (offline, online):
            for name, buffer in model.named_buffers():
                if name.endswith(".table"):
                    buffer.zero_()
        signal = _restless(facts)
        # On the grid of the streaming encoder, so that the two see the same frames.
        shift = int(online.grid_shift) * facts["ratio"] // offline_ratio
        streamed = online(signal)[0, 0].double()
        direct = offline(torch.nn.functional.pad(signal, (shift, 0))[..., : signal.shape[-1]])[0, 0].double()
    lag, match = _lag(streamed, direct)
    lag += shift
    return {"samples": lag, "seconds": lag / facts["sample_rate"], "buffer": facts["ratio"], "match": match}


def _restless(facts: dict[str, Any]) -> torch.Tensor:
    """Noise whose loudness never repeats: its answer resembles itself at no other delay. (1, channels, samples)."""
    unit = facts["ratio"]
    frames = max(16, round(LATENCY_SECONDS * facts["sample_rate"] / unit))
    generator = torch.Generator().manual_seed(3)
    loudness = torch.rand(1, 1, frames, generator=generator) ** 3
    curve = torch.nn.functional.interpolate(loudness, scale_factor=unit, mode="linear", align_corners=False)
    noise = torch.rand(1, facts["channels_in"], frames * unit, generator=generator) * 2 - 1
    return 0.5 * curve * noise


def _lag(late: torch.Tensor, early: torch.Tensor) -> tuple[int, float]:
    """By how many samples ``late`` lags behind ``early``: the largest normalised cross-correlation from 0 to half the length, and
    its value, 1 where the two are the same up to level."""
    length = late.shape[-1]
    spectrum = torch.fft.rfft(late, 2 * length) * torch.fft.rfft(early, 2 * length).conj()
    correlation = torch.fft.irfft(spectrum, 2 * length)[: length // 2]
    energy_late = late.square().flip(0).cumsum(0).flip(0)[: length // 2]
    energy_early = early.square().cumsum(0).flip(0)[: length // 2]
    normalised = correlation / (energy_late * energy_early).sqrt().clamp_min(1e-30)
    lag = int(normalised.argmax())
    return lag, round(float(normalised[lag]), 4)
