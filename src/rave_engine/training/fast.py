"""Ways to a faster step that change rounding: each can be switched, none is on by itself (``TrainParams.exact``).

Measured by ``benchmarks/train_fast.py``. Spectra, losses and optimizers stay in full precision whatever is chosen.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._pytree import tree_map

from rave_protocol.specs import TrainParams


@dataclass(frozen=True)
class Fast:
    """What is switched on."""

    distance: bool = False
    amp: str = "off"
    fused_adam: bool = False
    compile: bool = False

    @classmethod
    def of(cls, params: TrainParams) -> Fast:
        """The options of a training; nothing while it is to be exact."""
        if params.exact:
            return cls()
        return cls(params.fast_distance, params.amp, params.fused_adam, params.compile)


def install(model: Any, fast: Fast) -> None:
    """Change ``model`` as asked; called once. Its state_dict keeps its keys."""
    if fast.distance:
        for name in ("audio_distance", "multiband_audio_distance"):
            setattr(model, name, rewritten(getattr(model, name)))
    for name in ("encoder", "decoder", "discriminator"):
        part = getattr(model, name)
        if fast.amp == "bf16":
            part.forward = _in_bfloat16(part.forward)
        if fast.compile:
            part.compile()


def _in_bfloat16(forward: Callable[..., Any]) -> Callable[..., Any]:
    """A module's forward under autocast, with results in single precision: filter banks, spectra and losses stay as they are."""

    @functools.wraps(forward)
    def half(*args: Any, **kwargs: Any) -> Any:
        device = next((a.device.type for a in args if isinstance(a, torch.Tensor)), "cpu")
        with torch.autocast(device, dtype=torch.bfloat16):
            result = forward(*args, **kwargs)
        return tree_map(_single, result)

    return half


def _single(value: Any) -> Any:
    return value.float() if isinstance(value, torch.Tensor) and value.dtype == torch.bfloat16 else value


def rewritten(distance: Any) -> Any:
    """The same distance with its gradient by hand; what is not RAVE's ``AudioDistanceV1`` over plain magnitudes stays as it is."""
    import rave.core

    if type(distance) is not rave.core.AudioDistanceV1:
        return distance
    stft = distance.multiscale_stft
    if (
        not getattr(stft, "magnitude", False)
        or stft.num_mels is not None
        or any(s.normalized for s in stft.stfts)
    ):
        return distance
    return FastDistance(distance)


class FastDistance(torch.nn.Module):  # type: ignore[misc]
    """RAVE's ``AudioDistanceV1`` (relative L2 of magnitudes + L1 of their logarithms, over several windows) with its gradient by hand.

    Each window is one node of the graph: the gradient with respect to the spectrum is written down instead of being traced through
    magnitude, logarithm, two differences and three means, whose intermediate results need not be kept.
    """

    def __init__(self, distance: Any) -> None:
        super().__init__()
        self.log_epsilon = float(distance.log_epsilon)
        self.multiscale_stft = distance.multiscale_stft

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> dict[str, torch.Tensor]:
        """Distance of a target and a signal, both (batch, channels, samples), under RAVE's key. The target gets no gradient."""
        total: Any = 0.0
        target, signal = x.detach().flatten(0, 1), y.flatten(0, 1)
        for stft in self.multiscale_stft.stfts:
            total = total + _Distance.apply(stft(target), stft(signal), self.log_epsilon)
        return {"spectral_distance": total}


class _Distance(torch.autograd.Function):  # type: ignore[misc]
    """``mean((|X| - |Y|)²) / mean(|X|²) + mean(| log(|X| + ε) - log(|Y| + ε) |)``, differentiable in Y alone."""

    @staticmethod
    def forward(ctx: Any, target: torch.Tensor, spectrum: torch.Tensor, epsilon: float) -> torch.Tensor:
        """``target`` and ``spectrum`` are complex and of one shape."""
        a, b = target.abs(), spectrum.abs()
        difference = a - b
        power = a.square().mean()
        logarithm = torch.log(a + epsilon) - torch.log(b + epsilon)
        ctx.save_for_backward(spectrum, b, difference, logarithm.sign(), power)
        ctx.epsilon = epsilon
        return difference.square().mean() / power + logarithm.abs().mean()

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[None, torch.Tensor, None]:
        """The gradient of |Y| is Y / |Y|, and 0 where Y is 0."""
        spectrum, b, difference, sign, power = ctx.saved_tensors
        count = b.numel()
        slope = difference * (-2.0 / count) / power - sign / (b + ctx.epsilon) / count
        return None, torch.sgn(spectrum) * (slope * grad), None


def optimizer(old: Any, fused: bool, rate: float | None) -> Any:
    """RAVE's Adam as it made it, or the same one fused or at another rate."""
    if not fused and rate is None:
        return old
    group = old.param_groups[0]
    return torch.optim.Adam(
        group["params"], group["lr"] if rate is None else rate, group["betas"], fused=fused or None
    )


def keep(trainee: Any, fast: Fast, generator: float | None, discriminator: float | None) -> None:
    """After a checkpoint was restored, whose optimizers bring their own settings along: those of this training hold."""
    for opt, rate in ((trainee.gen_opt, generator), (trainee.dis_opt, discriminator)):
        group = opt.param_groups[0]
        group["fused"] = fast.fused_adam or None
        for parameter, state in opt.state.items():
            if fast.fused_adam:
                state["step"] = state["step"].to(parameter.device)
        if rate is not None and opt is trainee.gen_opt:
            scheduler = trainee.scheduler
            done = min(scheduler.last_epoch, scheduler.total_iters) / max(scheduler.total_iters, 1)
            scheduler.base_lrs = [rate]
            group["initial_lr"] = rate
            group["lr"] = rate * (
                scheduler.start_factor + (scheduler.end_factor - scheduler.start_factor) * done
            )
        elif rate is not None:
            group["lr"] = rate
