"""How well a run reconstructs sound it was not trained on, beside three baselines."""

from __future__ import annotations

import dataclasses
import math
import os
import time
from pathlib import Path
from typing import Any

import torch

from rave_engine.errors import EngineError
from rave_engine.inference import loading, noise
from rave_engine.inference.distance import SILENT_PEAK, build_distance, envelope_matched_noise
from rave_engine.inference.heldout import Chunks, held_out, spread
from rave_engine.inference.loading import LoadedModel, load_model
from rave_engine.inference.reconstruction import reconstruct
from rave_engine.jobs import JobContext
from rave_protocol.events import Artifact, Warned
from rave_protocol.files import replace_file
from rave_protocol.specs import EvaluateParams

UNTRAINED_SEED = 0


def evaluate(params: EvaluateParams, job: JobContext) -> dict[str, Any]:
    """Reconstruct held-out chunks of ``params.dataset`` and measure (see :mod:`rave_engine.inference.distance`).

    Writes ``original.wav`` and ``reconstruction.wav`` (32-bit float, at most ``max_seconds``, chunks one after another) into
    ``params.output``. The distances are means over the chunks, all of the same sound: ``distance`` of the reconstruction
    (posterior mean), ``distance_untrained`` of the same architecture with fresh weights (seed 0), ``distance_silence`` of
    zeros, ``distance_noise`` of noise with the original's loudness curve. Lower is better. Silent chunks are left out.
    Returns those with ``original``, ``path``, ``seconds`` (of sound), ``chunks``, ``step``, ``held_out``, ``sample_rate``.
    """
    output = Path(params.output)
    job.progress(0, 0, phase="loading", force=True)
    chunks = Chunks(Path(params.dataset))
    if not len(chunks):
        raise EngineError("empty", "The dataset holds no sound.", "Make it again from recordings with sound.")
    model = load_model(params.checkpoint, device=params.device, trusted=params.trusted)
    chosen = held_out(model.checkpoint, len(chunks))
    if chosen.seen:
        job.emit(
            Warned(
                "nothing-held-out",
                "The dataset is too small to hold anything back, so the model is judged on sound it was trained on.",
                "Add recordings for an honest figure.",
            )
        )
    audio = _sounding(chunks, chosen.indices, model, params.max_seconds)
    job.check_cancel()
    measured, made = _measure(model, audio, job)
    output.mkdir(parents=True, exist_ok=True)
    original = _write(output / "original.wav", audio, model.sample_rate)
    path = _write(output / "reconstruction.wav", made, model.sample_rate)
    job.emit(Artifact("audio", str(path), {"distance": measured["distance"]}))
    return {
        "original": str(original),
        "path": str(path),
        **measured,
        "seconds": sum(a.shape[-1] for a in audio) / model.sample_rate,
        "chunks": len(audio),
        "step": model.step,
        "held_out": not chosen.seen,
        "sample_rate": model.sample_rate,
    }


def _sounding(
    chunks: Chunks, indices: tuple[int, ...], model: LoadedModel, max_seconds: float
) -> list[torch.Tensor]:
    """Up to ``max_seconds`` of held-out sound, silent chunks left out, the last chunk cut to fit."""
    if not max_seconds > 0:
        raise EngineError("bad-seconds", "There must be something to evaluate.", "Use more than 0 seconds.")
    left = math.ceil(max_seconds * model.sample_rate)
    first = chunks.read(indices[:1], model.n_channels, model.sample_rate)[0]
    wanted = max(1, math.ceil(left / max(1, first.shape[-1])))
    picked = spread(indices, wanted)
    others = tuple(i for i in sorted(indices) if i not in set(picked))
    found: list[torch.Tensor] = []
    for index in (*picked, *others):
        if left <= 0:
            break
        audio = chunks.read((index,), model.n_channels, model.sample_rate)[0][:, :left]
        if float(audio.abs().max()) < SILENT_PEAK:
            continue
        found.append(audio)
        left -= audio.shape[-1]
    if not found:
        raise EngineError(
            "silent",
            "All chunks kept for validation are silent, so there is nothing to measure.",
            "Remove silence from the recordings, or use a larger dataset.",
        )
    return found


def _measure(
    model: LoadedModel, audio: list[torch.Tensor], job: JobContext
) -> tuple[dict[str, float], list[torch.Tensor]]:
    distance = build_distance(model.sample_rate)
    untrained = fresh(model)
    sums = dict.fromkeys(("distance", "distance_untrained", "distance_silence", "distance_noise"), 0.0)
    made = []
    started = time.monotonic()
    for i, chunk in enumerate(audio):
        out = reconstruct(model, chunk)
        if not torch.isfinite(out).all():
            raise EngineError(
                "not-finite",
                f"The model of step {model.step} answers with numbers that are no sound (NaN).",
                "Its training went wrong: go back to an earlier checkpoint.",
                str(model.checkpoint),
            )
        made.append(out)
        sums["distance"] += distance(chunk, out)
        sums["distance_untrained"] += distance(chunk, reconstruct(untrained, chunk))
        sums["distance_silence"] += distance(chunk, torch.zeros_like(chunk))
        sums["distance_noise"] += distance(chunk, envelope_matched_noise(chunk, seed=i))
        done = i + 1
        eta = (time.monotonic() - started) / done * (len(audio) - done)
        job.progress(done, len(audio), unit="chunks", phase="measuring", eta=eta)
        job.check_cancel()
    return {name: value / len(audio) for name, value in sums.items()}, made


def fresh(model: LoadedModel) -> LoadedModel:
    """The same architecture with weights as they are before training, from a fixed seed."""
    from rave_engine import configs

    configs.compose_run(model.run / configs.CONFIG_NAME, trusted=model.trusted)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(UNTRAINED_SEED)
        module = loading.build(model.n_channels)
    branch = noise.install(module, streaming=False)
    module.receptive_field.copy_(model.model.receptive_field)
    module.to(model.device)
    return dataclasses.replace(model, model=module, noise=branch, step=0, warmed_up=False)


def _write(path: Path, audio: list[torch.Tensor], rate: int) -> Path:
    import soundfile

    aside = path.with_name(f".{path.stem}.{os.getpid()}.part")
    try:
        soundfile.write(str(aside), torch.cat(audio, -1).T.numpy(), rate, subtype="FLOAT", format="WAV")
        replace_file(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    return path
