"""Run upstream's own, unmodified ``RAVE.training_step`` without a Trainer: optimizers, schedulers and logging are handed to it."""

from __future__ import annotations

from typing import Any

import torch


class UpstreamHarness:
    """What Lightning's loop does around ``training_step`` for RAVE (manual optimisation): hooks in, hooks out, nothing else."""

    def __init__(self, model: Any) -> None:
        import rave.model

        self.model = model
        generator, discriminator = model.configure_optimizers()
        self.gen_opt, self.dis_opt = generator["optimizer"], discriminator["optimizer"]
        self.scheduler = generator["lr_scheduler"]["scheduler"]
        self.warmup = rave.model.WarmupCallback()
        self.beta = rave.model.BetaWarmupCallback()
        self.logged: dict[str, float] = {}
        model.optimizers = lambda: (self.gen_opt, self.dis_opt)
        model.lr_schedulers = lambda: self.scheduler
        model.log = self._log
        model.log_dict = self._log_dict

    def _log(self, key: str, value: Any) -> None:
        self.logged[key] = float(value.detach() if isinstance(value, torch.Tensor) else value)

    def _log_dict(self, values: dict[str, Any]) -> None:
        for key, value in values.items():
            self._log(key, value)

    def __call__(self, batch: torch.Tensor, batch_idx: int) -> dict[str, float]:
        """One batch; what it logged."""
        self.logged = {}
        self.warmup.on_train_batch_start(None, self.model, batch, batch_idx)
        self.beta.on_train_batch_start(None, self.model, batch, batch_idx)
        self.model.training_step(batch.clone(), batch_idx)
        self.model.on_train_batch_end(None, batch, batch_idx)
        return self.logged
