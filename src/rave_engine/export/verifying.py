"""Load an exported model with nothing but ``torch.jit.load`` and measure what a host will get.

Works on files of upstream's export as well: what they lack (the ``randomness`` attribute) is reported, not assumed.
"""

from __future__ import annotations

import math
import statistics
import time
from pathlib import Path
from typing import Any

import torch

from rave_engine.errors import EngineError
from rave_engine.jobs import JobContext
from rave_protocol.specs import VerifyParams

SILENT_PEAK = 1e-6
"""An answer whose peak stays below this (-120 dBFS) to a test signal at -10 dBFS counts as silence."""
FLOOR_DB = -200.0
"""Reported where blocks and the whole are equal to the last bit."""
LIMIT_DB = -100.0
TEST_SECONDS = 1.5
HOST_BUFFER = 2048
TIMED_BLOCKS = 24


def verify(params: VerifyParams, job: JobContext) -> dict[str, Any]:
    """Facts of ``params.model`` read and measured from the file alone.

    Returns ``{"path", "methods", "method_params", "attributes", "sample_rate", "ratio", "latent_size", "channels",
    "channels_in", "streaming", "randomness", "finite", "silent", "repeatable", "batches", "streaming_error_db", "peak",
    "real_time_factor", "buffer", "size_bytes", "torch", "seconds"}``.

    ``streaming_error_db`` (streaming models only, else None) is the largest difference between feeding a test signal of about
    1.5 s in blocks and at once, relative to the whole's peak: ``20 log10(max |blocks - whole| / max |whole|)`` at randomness 0,
    each from fresh caches, the worst of blocks of 1, 2 and 5 times the ratio and of a mix of those. -200 means equal bits.
    ``real_time_factor`` is the median time of a block of 2048 samples (or the ratio, if larger) on one thread over its
    duration: below 1 keeps up.
    """
    started = time.monotonic()
    path = Path(params.model)
    job.progress(0, 5, phase="loading", force=True)
    model = load(path)
    facts = describe(model)
    facts |= {"path": str(path), "size_bytes": path.stat().st_size, "torch": torch.__version__}
    steps = 5

    def stage(done: int, what: str) -> None:
        job.progress(done, steps, phase=what, force=True)
        job.check_cancel()

    with (
        torch.no_grad(),
        torch.jit.optimized_execution(False),
    ):  # compiling for each shape takes longer than running it
        state = State(model)
        set_randomness(model, 0.0)
        signal = probe_signal(facts)
        stage(1, "listening")
        whole = fresh(model, state, [signal])
        peak = float(whole.abs().max()) if whole.numel() else 0.0
        facts["finite"] = bool(torch.isfinite(whole).all()) and _silence_is_finite(model, state, facts)
        facts["silent"] = not peak > SILENT_PEAK
        facts["peak"] = peak if math.isfinite(peak) else None
        stage(2, "repeating")
        facts["repeatable"] = torch.equal(whole, fresh(model, state, [signal]))
        facts["batches"] = _batches(model, state, signal)
        stage(3, "comparing blocks")
        facts["streaming_error_db"] = (
            streaming_error(model, state, signal, whole, facts["ratio"]) if facts["streaming"] else None
        )
    stage(4, "timing")
    with torch.no_grad():  # compiled, as a host runs it
        facts["real_time_factor"], facts["buffer"] = _real_time_factor(model, state, facts)
    stage(5, "done")
    facts["seconds"] = time.monotonic() - started
    return facts


def load(path: Path) -> Any:
    """``torch.jit.load`` on the CPU. Raises EngineError for a file that is none of that."""
    if not path.is_file():
        raise EngineError(
            "not-found",
            f"There is no model at {path}.",
            "It may have been moved or deleted: export it again.",
        )
    try:
        model = torch.jit.load(str(path), map_location="cpu")
    except (RuntimeError, ValueError, OSError) as error:
        raise EngineError(
            "not-torchscript",
            f"{path.name} is damaged, or not a TorchScript model.",
            "Choose a .ts file that RAVE or RAVE GUI exported, or export it again.",
            str(error),
        ) from error
    return model.eval()


def describe(model: Any) -> dict[str, Any]:
    """Methods, attributes and sizes as the file says them. Raises EngineError where it is no nn~ model of RAVE."""
    buffers = dict(model.named_buffers())
    try:
        methods = list(model.get_methods())
        table = {
            name: dict(
                zip(
                    ("in_channels", "in_ratio", "out_channels", "out_ratio"),
                    [int(v) for v in buffers[f"{name}_params"]],
                    strict=True,
                )
            )
            for name in methods
        }
        encode, forward = table["encode"], table["forward"]
    except (AttributeError, RuntimeError, KeyError, ValueError) as error:
        raise EngineError(
            "not-nn-tilde",
            "The model loads, but it is no RAVE model for nn~ hosts.",
            "Choose a file made by an export of RAVE.",
            str(error),
        ) from error
    attributes = [name for name in model.get_attributes() if name != "none"]
    return {
        "methods": methods,
        "method_params": table,
        "attributes": attributes,
        "sample_rate": int(getattr(model, "sr", 0)) or None,
        "ratio": encode["out_ratio"],
        "latent_size": encode["out_channels"],
        "channels_in": forward["in_channels"],
        "channels": forward["out_channels"],
        "streaming": any(name.endswith(".pad") for name in buffers),
        "randomness": float(model.get_randomness()) if "randomness" in attributes else None,
    }


class State:
    """The buffers of a model as they were when the file was loaded: restoring them is loading it anew, only faster."""

    def __init__(self, model: Any) -> None:
        self._buffers = [(b, b.clone()) for b in model.buffers()]

    def restore(self) -> None:
        """Put every buffer back."""
        for buffer, value in self._buffers:
            buffer.copy_(value)


def set_randomness(model: Any, value: float) -> None:
    """Set the attribute where the model has it."""
    if "randomness" in model.get_attributes():
        model.set_randomness(value)


def fresh(model: Any, state: State, blocks: list[torch.Tensor]) -> torch.Tensor:
    """What the model answers to ``blocks`` (batch, channels, samples), one after another, from fresh caches."""
    state.restore()
    return torch.cat([model(block) for block in blocks], -1)


def probe_signal(facts: dict[str, Any]) -> torch.Tensor:
    """(1, channels, samples): decaying tones, noise and half a second of digital silence, peak about 0.3, a multiple of ten ratios."""
    rate, unit = facts["sample_rate"] or 44100, 10 * facts["ratio"]
    length = max(2, round(TEST_SECONDS * rate / unit)) * unit
    generator = torch.Generator().manual_seed(1)
    t = torch.arange(length) / rate
    rows = []
    for i in range(facts["channels_in"]):
        tone = torch.sin(2 * math.pi * (220 * (i + 1) + 400 * t) * t) * torch.exp(-3 * (t % 0.25))
        noise = torch.rand(length, generator=generator) * 2 - 1
        rows.append(0.2 * tone + 0.1 * noise)
    x = torch.stack(rows)[None]
    x[..., round(0.6 * length) : round(0.8 * length)] = 0
    return x.float()


def streaming_error(model: Any, state: State, signal: torch.Tensor, whole: torch.Tensor, ratio: int) -> float:
    """See :func:`verify`. Anything that is not finite gives +inf dB."""
    peak = float(whole.abs().max())
    if not math.isfinite(peak) or peak == 0.0:
        return math.inf
    frames = signal.shape[-1] // ratio
    mixed, left = [], frames
    for i in range(frames):
        if left <= 0:
            break
        mixed.append(min(left, (1, 3, 2, 7)[i % 4]))
        left -= mixed[-1]
    worst = 0.0
    for sizes in ([1] * frames, [2] * (frames // 2), [5] * (frames // 5), mixed):
        blocks = list(signal.split([n * ratio for n in sizes], -1))
        difference = float((fresh(model, state, blocks) - whole).abs().max())
        worst = max(worst, difference) if math.isfinite(difference) else math.inf
    return max(FLOOR_DB, 20 * math.log10(worst / peak)) if worst > 0 else FLOOR_DB


def _silence_is_finite(model: Any, state: State, facts: dict[str, Any]) -> bool:
    silence = torch.zeros(1, facts["channels_in"], max(8192, 4 * facts["ratio"]))
    return bool(torch.isfinite(fresh(model, state, [silence])).all())


def _batches(model: Any, state: State, signal: torch.Tensor) -> bool:
    """Whether four inputs at once (mc.nn~) are taken and answered as one each."""
    part = signal[..., : signal.shape[-1] // 10]
    one = fresh(model, state, [part])
    try:
        four = fresh(model, state, [part.repeat(4, 1, 1)])
    except RuntimeError:
        return False
    if four.shape[0] != 4:
        return False
    # Float rounding may differ with the batch; a wrong row would differ by the signal itself.
    return bool((four - one).abs().max() <= 1e-3 * one.abs().max() + 1e-9)


def _real_time_factor(model: Any, state: State, facts: dict[str, Any]) -> tuple[float, int]:
    ratio = facts["ratio"]
    buffer = -(-HOST_BUFFER // ratio) * ratio
    block = probe_signal(facts)[..., :buffer]
    if block.shape[-1] < buffer:
        block = torch.nn.functional.pad(block, (0, buffer - block.shape[-1]))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    state.restore()
    try:
        for _ in range(4):  # the first calls compile
            model(block)
        times = []
        for _ in range(TIMED_BLOCKS):
            began = time.perf_counter()
            model(block)
            times.append(time.perf_counter() - began)
    finally:
        torch.set_num_threads(threads)
    return statistics.median(times) / (buffer / (facts["sample_rate"] or 44100)), buffer
