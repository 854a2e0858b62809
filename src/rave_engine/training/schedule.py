"""What changes over a run besides the weights: phase, beta, quantisation, learning rate, averaged weights."""

from __future__ import annotations

from typing import Any

import torch


class Schedule:
    """RAVE's warm-up, beta warm-up and quantisation callbacks, called where Lightning called them.

    Quantisation really starts: upstream's ``QuantizeCallback`` overrides ``on_train_batch_``, a hook that does not exist, so discrete
    models never quantised (no upstream thread known).
    """

    def __init__(self, model: Any) -> None:
        import rave.blocks
        import rave.model

        self.model = model
        self.warmup = rave.model.WarmupCallback()
        self.beta = rave.model.BetaWarmupCallback()
        self.quantize_steps = 0
        self._discrete = isinstance(model.encoder, rave.blocks.DiscreteEncoder)

    def before_batch(self) -> None:
        """Set ``warmed_up``, ``beta_factor`` and ``encoder.enabled`` for the batch to come."""
        model = self.model
        self.warmup.on_train_batch_start(None, model, None, 0)
        if (
            self._discrete
            and model.warmup_quantize is not None
            and self.quantize_steps >= model.warmup_quantize
        ):
            model.encoder.enabled.fill_(1)
        self.quantize_steps += 1
        self.beta.on_train_batch_start(None, model, None, 0)

    def start_phase_2(self) -> None:
        """Let the next batch be the first of phase 2, whatever the configuration says."""
        self.model.warmup = min(self.model.warmup, self.warmup.state["training_steps"])

    @property
    def phase(self) -> str:
        """``phase 1`` or ``phase 2`` of the batch to come."""
        return "phase 2" if self.warmup.state["training_steps"] >= self.model.warmup else "phase 1"

    def state(self) -> dict[str, Any]:
        """As Lightning keeps the callbacks' states, under the same names."""
        return {
            "WarmupCallback": self.warmup.state_dict(),
            "QuantizeCallback": {"training_steps": self.quantize_steps},
            "BetaWarmupCallback": self.beta.state_dict(),
        }

    def load(self, callbacks: dict[str, Any], step: int) -> None:
        """Take the states of a checkpoint; counters that it lacks are those of ``step`` batches."""
        fallback = {"training_steps": step}
        self.warmup.load_state_dict(callbacks.get("WarmupCallback") or fallback)
        self.beta.load_state_dict(callbacks.get("BetaWarmupCallback") or fallback)
        # Upstream's counter never moved, so its 0 does not mean that nothing was trained.
        stored = (callbacks.get("QuantizeCallback") or fallback).get("training_steps", 0)
        self.quantize_steps = max(int(stored), step)


class Ema:
    """Exponentially averaged weights, kept and swapped in for validation as upstream's EMA callback does."""

    def __init__(self, factor: float) -> None:
        self.factor = factor
        self.weights: dict[str, torch.Tensor] = {}

    @torch.no_grad()
    def update(self, model: Any) -> None:
        """After each batch: ``weights * factor + parameters * (1 - factor)``; the first time a copy."""
        for name, parameter in model.named_parameters():
            kept = self.weights.get(name)
            if kept is None:
                self.weights[name] = parameter.detach().clone()
            else:
                kept.mul_(self.factor).add_(parameter.detach() * (1 - self.factor))

    @torch.no_grad()
    def swap(self, model: Any) -> None:
        """Exchange the model's parameters and the averaged ones."""
        for name, parameter in model.named_parameters():
            if name in self.weights:
                current = parameter.detach().clone()
                parameter.copy_(self.weights[name])
                self.weights[name] = current

    def load(self, weights: dict[str, torch.Tensor], model: Any) -> None:
        """Take the averaged weights of a checkpoint."""
        devices = {name: p.device for name, p in model.named_parameters()}
        self.weights = {name: w.clone().to(devices[name]) for name, w in weights.items() if name in devices}
