"""One training step: what upstream's ``RAVE.training_step`` computes, without what it computes and throws away.

Losses and weights equal upstream's to the last bit (``tests/contract/test_exact_step.py``), because every number that reaches a
weight comes from the same operations in the same order, and random numbers are drawn by the same calls in the same order. Left out:

* gradients of the input and of the PQMF's filters (upstream sets ``x.requires_grad``; neither is trained);
* in phase 2, the graph of the encoder where it is frozen (variational and Wasserstein);
* on a discriminator batch, the graph of the generator, the reconstruction distances and feature matching;
* on a generator batch of phase 2, the discriminator's weight gradients and the graph of its real half.

Scalars for a log line that upstream would have computed on the way are computed without a graph when they are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch


@dataclass
class StepResult:
    """What one batch gave."""

    loss: torch.Tensor
    """Loss that was minimised (generator or discriminator), a scalar without graph."""
    discriminated: bool
    """Whether the discriminator was trained."""
    scalars: dict[str, torch.Tensor | float] = field(default_factory=dict)
    """RAVE's TensorBoard tags, only when asked for."""


@dataclass
class _Signals:
    """One batch on its way: waveforms, their bands after cropping, and the encoder's regularisation."""

    x: torch.Tensor
    y: torch.Tensor
    x_bands: torch.Tensor
    y_bands: torch.Tensor
    reg: torch.Tensor


class FastStep:
    """Callable that trains ``model`` on one batch."""

    def __init__(self, model: Any, gen_opt: Any, dis_opt: Any, *, split_real: bool | None = None) -> None:
        """``split_real``: run the discriminator on the real half apart, without a graph. None: if that changes no bit here."""
        import rave.blocks

        self.model = model
        self.gen_opt = gen_opt
        self.dis_opt = dis_opt
        self._split: dict[tuple[int, ...], bool] = {}
        self._force_split = split_real
        self._freezing = (rave.blocks.VariationalEncoder, rave.blocks.WasserteinEncoder)
        self._dis_params = list(model.discriminator.parameters())
        model.pqmf.requires_grad_(False)

    def __call__(self, x_raw: torch.Tensor, batch_idx: int, *, log: bool = False) -> StepResult:
        """Train on ``x_raw`` of shape (batch, channels, samples). ``batch_idx`` counts within the epoch, as upstream's does."""
        model = self.model
        warmed_up = bool(model.warmed_up)
        discriminate = warmed_up and not batch_idx % model.update_discriminator_every
        frozen = discriminate or (warmed_up and isinstance(model.encoder, self._freezing))
        model.encoder.set_warmed_up(warmed_up)
        model.decoder.set_warmed_up(warmed_up)
        with torch.set_grad_enabled(not frozen):
            z, x_multiband = model.encode(x_raw, return_mb=True)
            z, reg = model.encoder.reparametrize(z)[:2]
        with torch.set_grad_enabled(not discriminate):
            y_raw, y_multiband = self._decode(z, x_raw, x_multiband)
        x_multiband, y_multiband = self._crop(x_multiband, y_multiband)
        signals = _Signals(x_raw, y_raw, x_multiband, y_multiband, reg)
        return self._discriminate(signals, log) if discriminate else self._generate(signals, log)

    def _decode(
        self, z: torch.Tensor, x_raw: torch.Tensor, x_multiband: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        import rave.model

        model = self.model
        y = model.decoder(z)
        if model.output_mode == "pqmf":
            y_multiband = y
            y_raw = rave.model._pqmf_decode(
                model.pqmf, y, batch_size=x_raw.shape[:-2], n_channels=model.n_channels
            )
        else:
            y_raw = y
            y_multiband = rave.model._pqmf_encode(model.pqmf, y)
        return y_raw[..., : x_raw.shape[-1]], y_multiband[..., : x_multiband.shape[-1]]

    def _crop(
        self, x_multiband: torch.Tensor, y_multiband: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        import rave.core

        model = self.model
        if not (model.valid_signal_crop and model.receptive_field.sum()):
            return x_multiband, y_multiband
        crop = rave.core.valid_signal_crop
        return crop(x_multiband, *model.receptive_field), crop(y_multiband, *model.receptive_field)

    def _distances(self, signals: _Signals) -> dict[str, torch.Tensor]:
        model = self.model
        found = {}
        for key, value in model.multiband_audio_distance(signals.x_bands, signals.y_bands).items():
            found[f"multiband_{key}"] = model.weights["multiband_audio_distance"] * value
        for key, value in model.audio_distance(signals.x, signals.y).items():
            found[f"fullband_{key}"] = model.weights["audio_distance"] * value
        return found

    def _generate(self, signals: _Signals, log: bool) -> StepResult:
        model = self.model
        losses = self._distances(signals)
        scores: dict[str, Any] = {}
        features: tuple[Any, Any] | None = None
        if model.warmed_up:
            for parameter in self._dis_params:
                parameter.requires_grad_(False)
            features = self._features(signals.x, signals.y)
            scores = self._compare(*features)
        if signals.reg.item():
            losses["regularization"] = signals.reg * model.beta_factor
        if model.warmed_up:
            losses["feature_matching"] = model.weights["feature_matching"] * scores["feature_matching"]
            losses["adversarial"] = model.weights["adversarial"] * scores["adversarial"]
        self.gen_opt.zero_grad()
        loss: Any = 0.0
        for key, value in losses.items():
            loss += value * model.weights.get(key, 1.0)
        loss.backward()
        self.gen_opt.step()
        if features is not None:
            for parameter in self._dis_params:
                parameter.requires_grad_(True)
        return StepResult(loss.detach(), False, self._scalars(losses, scores) if log else {})

    def _discriminate(self, signals: _Signals, log: bool) -> StepResult:
        model = self.model
        real, fake = self._joined(signals.x, signals.y)
        loss: Any = 0
        for scale_real, scale_fake in zip(real, fake, strict=True):
            loss = loss + model.gan_loss(scale_real[-1], scale_fake[-1])[0]
        scalars: dict[str, torch.Tensor | float] = {}
        if log:
            with torch.no_grad():
                losses = self._distances(signals)
                scores = self._compare(real, fake)
                if signals.reg.item():
                    losses["regularization"] = signals.reg * model.beta_factor
                losses["feature_matching"] = model.weights["feature_matching"] * scores["feature_matching"]
                losses["adversarial"] = model.weights["adversarial"] * scores["adversarial"]
            scalars = self._scalars(losses, scores)
        self.dis_opt.zero_grad()
        loss.backward()
        self.dis_opt.step()
        return StepResult(loss.detach(), True, scalars)

    def _features(self, x_raw: torch.Tensor, y_raw: torch.Tensor) -> tuple[Any, Any]:
        """Features of the real and of the generated half, as ``model.split_features`` gives them."""
        key = (*x_raw.shape, *y_raw.shape)
        if key not in self._split:
            self._split[key] = self._may_split(x_raw, y_raw)
        if not self._split[key]:
            joined: tuple[Any, Any] = self._joined(x_raw, y_raw)
            return joined
        return self._apart(x_raw, y_raw)

    def _joined(self, x_raw: torch.Tensor, y_raw: torch.Tensor) -> Any:
        return self.model.split_features(self.model.discriminator(torch.cat([x_raw, y_raw], 0)))

    def _apart(self, x_raw: torch.Tensor, y_raw: torch.Tensor) -> tuple[Any, Any]:
        with torch.no_grad():
            real = self.model.discriminator(x_raw)
        return real, self.model.discriminator(y_raw)

    def _may_split(self, x_raw: torch.Tensor, y_raw: torch.Tensor) -> bool:
        """Try both ways on this batch and compare every bit of the features and of the gradient that reaches ``y_raw``.

        Half the batch can make a kernel sum in another order; which kernels run depends on shapes and threads, not on values,
        so one batch of a shape speaks for all. Off the CPU kernels may change between calls, so there it is never assumed.
        """
        if self._force_split is not None:
            return self._force_split
        if x_raw.device.type != "cpu":
            return False
        found = []
        for way in (self._joined, self._apart):
            y = y_raw.detach().requires_grad_(True)
            real, fake = way(x_raw, y)
            scores = self._compare(real, fake)
            (gradient,) = torch.autograd.grad(scores["feature_matching"] + scores["adversarial"], y)
            found.append([gradient, *(f.detach() for scale in (*real, *fake) for f in scale)])
        return all(torch.equal(a, b) for a, b in zip(*found, strict=True))

    def _compare(self, real: Any, fake: Any) -> dict[str, Any]:
        """Feature matching, adversarial and discriminator losses and mean scores, summed as upstream sums them."""
        model = self.model
        matching: Any = 0.0
        loss_dis: Any = 0
        loss_adv: Any = 0
        pred_real: Any = 0
        pred_fake: Any = 0
        for scale_real, scale_fake in zip(real, fake, strict=True):
            kept_real = scale_real[model.num_skipped_features :]
            kept_fake = scale_fake[model.num_skipped_features :]
            matching = matching + sum(map(model.feature_matching_fun, kept_real, kept_fake)) / len(kept_real)
            dis, adv = model.gan_loss(scale_real[-1], scale_fake[-1])
            pred_real = pred_real + scale_real[-1].mean()
            pred_fake = pred_fake + scale_fake[-1].mean()
            loss_dis = loss_dis + dis
            loss_adv = loss_adv + adv
        return {
            "feature_matching": matching / len(real),
            "adversarial": loss_adv,
            "loss_dis": loss_dis,
            "pred_real": pred_real,
            "pred_fake": pred_fake,
        }

    def _scalars(
        self, losses: dict[str, torch.Tensor], scores: dict[str, Any]
    ) -> dict[str, torch.Tensor | float]:
        found: dict[str, torch.Tensor | float] = {"beta_factor": float(self.model.beta_factor)}
        for key in ("loss_dis", "pred_real", "pred_fake"):
            if key in scores:
                found[key] = scores[key].detach().mean()
        found.update({key: value.detach() for key, value in losses.items()})
        return found
