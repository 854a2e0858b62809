"""Too little memory: recognised, told in plain words, and looked for before a training of days."""

from __future__ import annotations

import gc
import sys
from typing import Any

import torch

from rave_engine.errors import EngineError
from rave_engine.training.step import FastStep

HINT = "Use a smaller batch, shorter examples or a smaller capacity; or close other programs that use the device."


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch (or Python) could not get memory: torch says so by a class on devices and by words on the CPU."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(
        words in str(error) for words in ("can't allocate memory", "not enough memory", "out of memory")
    )


def out_of_memory(when: str, error: BaseException) -> EngineError:
    """The error for a user; ``when`` completes "Memory ran out …"."""
    return EngineError("out-of-memory", f"Memory ran out {when}.", HINT, str(error))


def peak(device: torch.device) -> dict[str, Any]:
    """The most memory a training has taken: ``{"peak_memory": bytes, "memory_of": "device" or "process"}``.

    On CUDA what tensors took on the device, otherwise what the process had resident (0 where the system does not say).
    """
    if device.type == "cuda":
        return {"peak_memory": int(torch.cuda.max_memory_allocated(device)), "memory_of": "device"}
    return {"peak_memory": _resident(), "memory_of": "process"}


def higher(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """The higher of two answers of :func:`peak`; of memory of another kind the first counts."""
    if other.get("memory_of") != one["memory_of"]:
        return one
    return {**one, "peak_memory": max(one["peak_memory"], int(other.get("peak_memory", 0)))}


def _resident() -> int:
    if sys.platform == "win32":
        return _resident_on_windows()
    import resource

    found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(found if sys.platform == "darwin" else found * 1024)


def _resident_on_windows() -> int:
    """The peak working set, which Windows tells nowhere but in its own interface."""
    if sys.platform != "win32":
        return 0
    import ctypes
    from ctypes import wintypes

    class Counters(ctypes.Structure):
        _fields_ = (
            ("cb", wintypes.DWORD),
            ("faults", wintypes.DWORD),
            ("peak", ctypes.c_size_t),
            *((f"other_{n}", ctypes.c_size_t) for n in range(7)),
        )

    counters = Counters()
    counters.cb = ctypes.sizeof(Counters)
    kernel = ctypes.WinDLL("kernel32")
    kernel.GetCurrentProcess.restype = wintypes.HANDLE
    ask = kernel.K32GetProcessMemoryInfo
    ask.argtypes = [wintypes.HANDLE, ctypes.POINTER(Counters), wintypes.DWORD]
    known = ask(kernel.GetCurrentProcess(), ctypes.byref(counters), counters.cb)
    return int(counters.peak) if known else 0


class _NoStep:
    """An optimizer that changes nothing."""

    def __init__(self, parameters: list[torch.nn.Parameter]) -> None:
        self._parameters = parameters

    def zero_grad(self) -> None:
        """Free the gradients."""
        for parameter in self._parameters:
            parameter.grad = None

    def step(self) -> None:
        """Change nothing."""


def try_phase_2(model: Any, n_signal: int, batch: int, device: torch.device) -> None:
    """Take both kinds of step of phase 2 with the memory of all optimizer states, and undo every trace of it.

    Weights, buffers, phase, gradients and random numbers are as before. Raises :class:`EngineError` (``memory-phase-2``).
    """
    generator = [*model.encoder.parameters(), *model.decoder.parameters()]
    discriminator = list(model.discriminator.parameters())
    buffers = {name: value.clone() for name, value in model.named_buffers()}
    before = model.warmed_up
    states: list[torch.Tensor] = []
    devices = [device] if device.type == "cuda" else []
    try:
        with torch.random.fork_rng(devices=devices):
            states = [torch.zeros_like(p) for p in (*generator, *discriminator) for _ in range(2)]
            model.warmed_up = True
            step = FastStep(model, _NoStep(generator), _NoStep(discriminator), split_real=False)
            x = 0.1 * torch.randn(batch, model.n_channels, n_signal, device=device)
            for index in (0, 1):
                step(x, index)
            if device.type == "cuda":
                torch.cuda.synchronize(device)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise EngineError(
            "memory-phase-2",
            "This training would run out of memory when phase 2 begins, so it was not started.",
            HINT,
            str(error),
        ) from error
    finally:
        del states
        model.warmed_up = before
        model.encoder.set_warmed_up(before)
        model.decoder.set_warmed_up(before)
        model.zero_grad(set_to_none=True)
        with torch.no_grad():
            for name, value in model.named_buffers():
                value.copy_(buffers[name])
        gc.collect()
        if device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(device)
