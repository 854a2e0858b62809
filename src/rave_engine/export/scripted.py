"""The exported model: an nn~ module with ``encode``, ``decode`` and ``forward``, built from a loaded run.

The interface is upstream's (methods, labels, attributes, ``sr``, ``latent_size``, ``set_stereo_mode`` for the RAVE VST), so
every host that takes upstream's files takes these. What is new is the nn~ attribute ``randomness``:

* 0 (the default in the file): posterior mean, zero padding of the latents that are not exported, a fixed noise branch. The
  same input gives the same output, in whatever blocks it comes: a bounce can be repeated, a null test passes.
* 1: what upstream's exports do: the posterior is sampled, missing latents are drawn, noise is fresh. Livelier, never the same.
* between: scaled.
"""

from __future__ import annotations

import math
from typing import Any

import cached_conv as cc
import nn_tilde
import torch
from torch import nn

from rave_engine.errors import EngineError
from rave_engine.export import modules
from rave_engine.export.alignment import Delays, alternate, measure
from rave_engine.inference.derivative import Derivator, Integrator
from rave_engine.inference.latents import kind_of
from rave_engine.inference.loading import PROBE, LoadedModel, reset
from rave_engine.inference.noise import NoNoise


class ExportedRave(nn_tilde.Module):  # type: ignore[misc]
    """See the module. ``z`` is (batch, latent_size, frames), ``x`` (batch, channels, samples)."""

    def __init__(
        self,
        loaded: LoadedModel,
        *,
        latent_size: int,
        channels: int,
        resampler: nn.Module | None,
        rate: int,
        delays: Delays,
    ) -> None:
        super().__init__()
        model = loaded.model
        streaming = _is_streaming(model)
        self.sr = rate
        self.n_channels = loaded.n_channels
        self.target_channels = channels
        self.copies = math.ceil(channels / loaded.n_channels)
        self.latent_size = latent_size
        self.full_latent_size = loaded.latent_size
        self.streaming = streaming
        self.stereo_mode = False
        self.frame = 1
        # How far, within a latent frame, the streaming encoder's grid lies behind the offline one (samples of the model's rate).
        self.grid_shift = _grid_shift(model, delays, loaded.ratio)
        self.encoder = model.encoder
        self.decoder = model.decoder
        self.front = _front(model, streaming, delays.analysis)
        self.back: nn.Module = modules.RawFront()
        if model.output_mode == "pqmf":
            self.back = modules.PqmfBack(model.pqmf, loaded.n_channels, _signs(model, delays.synthesis))
        self.space = _space(model, latent_size)
        self.derivator: nn.Module = nn.Identity()
        self.integrator: nn.Module = nn.Identity()
        if loaded.derivative:
            rows = cc.MAX_BATCH_SIZE if streaming else 0
            self.derivator, self.integrator = Derivator(rows), Integrator(loaded.sample_rate, rows)
        self.noise_branch = loaded.noise if loaded.noise is not None else NoNoise()
        self.resampler = resampler if resampler is not None else modules.NoResampler()
        self.adain = nn.ModuleList(_adain(model))
        self.is_using_adain = len(self.adain) > 0
        # Read by name by hosts and by people's scripts.
        for name in ("latent_pca", "latent_mean", "fidelity"):
            self.register_buffer(name, getattr(model, name).clone())
        self.register_attribute("learn_target", False)
        self.register_attribute("reset_target", False)
        self.register_attribute("learn_source", False)
        self.register_attribute("reset_source", False)
        self.register_attribute("randomness", 0.0)
        self._register_methods()

    def _register_methods(self) -> None:
        silence = torch.zeros(1, self.n_channels, PROBE)
        ratio = PROBE // self.encode(silence).shape[-1]
        self.frame = ratio
        signal_in = [f"(signal) Channel {i + 1}" for i in range(self.n_channels)]
        signal_out = [f"(signal) Channel {i + 1}" for i in range(self.target_channels)]
        latents = [f"(signal) Latent dimension {i + 1}" for i in range(self.latent_size)]
        size = max(8192, 4 * ratio)
        self.register_method(
            "encode", self.n_channels, 1, self.latent_size, ratio, signal_in, latents, test_buffer_size=size
        )
        self.register_method(
            "decode",
            self.latent_size,
            ratio,
            self.target_channels,
            1,
            latents,
            signal_out,
            test_buffer_size=size,
        )
        self.register_method(
            "forward",
            self.n_channels,
            1,
            self.target_channels,
            1,
            signal_in,
            signal_out,
            test_buffer_size=size,
        )

    @torch.jit.export
    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Sound to latents."""
        if self.stereo_mode:
            if self.n_channels > 2:
                raise RuntimeError("stereo mode is not available with more than 2 channels")
            if self.n_channels == 1:
                x = x[:, :1]
        if self.is_using_adain:
            self.update_adain()
        x = self.resampler.to_model_sampling_rate(x)
        raw = self.encoder(self.front(self.derivator(x)))
        return self.space.post(raw, self.randomness[0])

    @torch.jit.export
    def decode(self, z: torch.Tensor, from_forward: bool = False) -> torch.Tensor:
        """Latents to sound. In stereo mode (RAVE VST) the first half of the batch is left, the second right."""
        if self.is_using_adain and not from_forward:
            self.update_adain()
        batch, frames = z.shape[0], z.shape[-1]
        if self.copies > 1 and not self.stereo_mode:
            z = z.repeat(self.copies, 1, 1)
        y = self.integrator(self.back(self.decoder(self.space.pre(z, self.randomness[0]))))
        y = self.resampler.from_model_sampling_rate(y)
        y = y[..., : frames * self.frame]
        if self.stereo_mode:
            if batch < 2:
                return torch.cat([y, y], 1)[:, :2]
            return torch.cat([y[: batch // 2], y[batch // 2 :]], 1)
        if self.copies > 1:
            y = torch.cat(y.chunk(self.copies, 0), 1)
        return y[:, : self.target_channels]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.decode(self.encode(x), from_forward=True)

    def update_adain(self) -> None:
        """Hand the attributes of adaptive instance normalisation to its layers; resets apply once."""
        for layer in self.adain:
            layer.learn_x.fill_(1.0 if self.learn_source[0] else 0.0)
            layer.learn_y.fill_(1.0 if self.learn_target[0] else 0.0)
            if self.get_reset_target():
                layer.reset_y()
            if self.get_reset_source():
                layer.reset_x()
        self.reset_source = (False,)
        self.reset_target = (False,)

    @torch.jit.export
    def set_stereo_mode(self, stereo: bool) -> None:
        """Used by the RAVE VST."""
        self.stereo_mode = stereo

    @torch.jit.export
    def get_randomness(self) -> float:
        """0 deterministic … 1 upstream's sampling."""
        return self.randomness[0]

    @torch.jit.export
    def set_randomness(self, randomness: float) -> int:
        """Limited to 0…1; anything that is no number counts as 0."""
        value = 0.0
        if randomness > 0.0:
            value = min(randomness, 1.0)
        self.randomness = (value,)
        self.noise_branch.set_randomness(value)
        return 0

    @torch.jit.export
    def get_learn_target(self) -> bool:
        """Whether AdaIN takes the style of what is decoded now."""
        return self.learn_target[0]

    @torch.jit.export
    def set_learn_target(self, learn_target: bool) -> int:
        """See the getter."""
        self.learn_target = (learn_target,)
        return 0

    @torch.jit.export
    def get_learn_source(self) -> bool:
        """Whether AdaIN learns the statistics of the present input."""
        return self.learn_source[0]

    @torch.jit.export
    def set_learn_source(self, learn_source: bool) -> int:
        """See the getter."""
        self.learn_source = (learn_source,)
        return 0

    @torch.jit.export
    def get_reset_target(self) -> bool:
        """Whether the learned target is forgotten with the next block."""
        return self.reset_target[0]

    @torch.jit.export
    def set_reset_target(self, reset_target: bool) -> int:
        """See the getter."""
        self.reset_target = (reset_target,)
        return 0

    @torch.jit.export
    def get_reset_source(self) -> bool:
        """Whether the learned source is forgotten with the next block."""
        return self.reset_source[0]

    @torch.jit.export
    def set_reset_source(self, reset_source: bool) -> int:
        """See the getter."""
        self.reset_source = (reset_source,)
        return 0


def latent_size_for(loaded: LoadedModel, fidelity: float) -> tuple[int, float | None]:
    """How many latents to export, and the share of variance they hold (None where the run has no such analysis).

    For variational models the smallest number whose cumulated variance exceeds ``fidelity``, rounded up to a power of two as
    upstream does, at most all. Upstream takes the *index* of that dimension for its number, one short (acids-ircam/RAVE issue
    335), and a run that was never validated gives it a single latent; here such a run exports all.
    """
    model = loaded.model
    kind = kind_of(model.encoder)
    if kind == "discrete":
        return int(model.encoder.num_quantizers), None
    if kind == "wasserstein":
        return loaded.latent_size, None
    if kind == "spherical":
        return loaded.latent_size - 1, None
    curve = model.fidelity.cpu()
    if float(curve.max()) <= 0:
        return loaded.latent_size, None
    above = torch.nonzero(curve > fidelity).flatten()
    needed = int(above[0]) + 1 if len(above) else loaded.latent_size
    size = min(loaded.latent_size, 2 ** math.ceil(math.log2(needed)))
    return size, float(curve[size - 1])


@torch.no_grad()
def build(
    loaded: LoadedModel,
    *,
    fidelity: float,
    channels: int | None,
    rate: int | None,
    offline: LoadedModel | None = None,
) -> ExportedRave:
    """Turn a loaded run (offline or streaming, on the CPU) into the module to be compiled. Takes ``loaded`` apart.

    ``offline`` is the same run loaded without streaming, against which a streaming model's delays are measured.

    Raises EngineError for codebooks that were never trained, a rate that is no multiple, or channels AdaIN cannot give.
    """
    model = loaded.model
    _check(loaded, channels, rate)
    streaming = _is_streaming(model)
    for module in model.modules():
        if hasattr(module, "weight_g"):
            nn.utils.remove_weight_norm(module)
    if streaming:
        _remember_recurrent(model)
        # A direction that this model never uses (mel in, raw out) has no caches yet, and TorchScript wants them.
        silence = torch.zeros(1, 1, PROBE)
        model.pqmf.inverse(model.pqmf(silence))
    model.requires_grad_(False)
    delays = measure(model, offline.model) if offline is not None and streaming else Delays(None, None)
    reset(model)
    size, _ = latent_size_for(loaded, fidelity)
    resampler = _resampler(rate, loaded.sample_rate, streaming)
    exported: ExportedRave = ExportedRave(
        loaded,
        latent_size=size,
        channels=channels or loaded.n_channels,
        resampler=resampler,
        rate=rate or loaded.sample_rate,
        delays=delays,
    )
    exported.eval()
    reset(exported)
    return exported


def _check(loaded: LoadedModel, channels: int | None, rate: int | None) -> None:
    model = loaded.model
    if kind_of(model.encoder) == "discrete":
        codebooks = [layer._codebook for layer in model.encoder.rvq.layers]
        if not int(model.encoder.enabled) or not all(float(c.inited) for c in codebooks):
            raise EngineError(
                "no-codebooks",
                "This discrete model never learned its codebooks, so an export would only make noise.",
                "RAVE's command line does not train them: continue the training here, then export.",
            )
    if channels is not None and channels < 1:
        raise EngineError("wrong-channels", f"{channels} channels are not possible.", "Use 1 or more.")
    if channels not in (None, loaded.n_channels) and _adain(model):
        raise EngineError(
            "adain-channels",
            f"Models with AdaIN (v3) can only be exported with their own {loaded.n_channels} channel(s).",
            "Leave the number of channels as it is.",
        )
    if rate is not None and (rate < loaded.sample_rate or rate % loaded.sample_rate):
        raise EngineError(
            "wrong-rate",
            f"{rate} Hz is no whole multiple of the model's {loaded.sample_rate} Hz.",
            f"Use {loaded.sample_rate} Hz or {2 * loaded.sample_rate} Hz, and let the host convert.",
        )
    ratio = (rate or loaded.sample_rate) // loaded.sample_rate
    if ratio & (ratio - 1):
        raise EngineError(
            "wrong-rate",
            f"A streaming model can only run at 2, 4, 8 … times its own {loaded.sample_rate} Hz.",
            f"Use {loaded.sample_rate} Hz or {2 * loaded.sample_rate} Hz, and let the host convert.",
        )


def _is_streaming(model: Any) -> bool:
    return any(isinstance(m, cc.CachedPadding1d) and m.initialized for m in model.encoder.modules())


def _adain(model: Any) -> list[nn.Module]:
    from rave.blocks import AdaptiveInstanceNormalization

    return [m for m in model.modules() if isinstance(m, AdaptiveInstanceNormalization)]


def _signs(model: Any, delay: int | None) -> torch.Tensor:
    bands, channels = int(model.pqmf.hk.shape[0]), int(model.n_channels)
    odd = delay is not None and delay % 2 == 1
    return alternate(bands * channels, channels) if odd else torch.ones(1, bands * channels, 1)


def _grid_shift(model: Any, delays: Delays, ratio: int) -> int:
    if delays.analysis is None:
        return 0
    frames = int(model.pqmf.forward_conv.cumulative_delay) + delays.analysis
    return frames * int(model.pqmf.hk.shape[0]) % ratio


def _front(model: Any, streaming: bool, delay: int | None) -> nn.Module:
    if model.input_mode == "pqmf":
        return modules.PqmfFront(model.pqmf, _signs(model, delay))
    if model.input_mode == "mel":
        if streaming:
            return modules.StreamingMelFront(model.spectrogram, cc.MAX_BATCH_SIZE)
        return modules.MelFront(model.spectrogram)
    return modules.RawFront()


def _space(model: Any, size: int) -> nn.Module:
    kind = kind_of(model.encoder)
    if kind == "variational":
        return modules.VariationalSpace(model.latent_pca.clone(), model.latent_mean.clone(), size)
    if kind == "discrete":
        return modules.DiscreteSpace(model.encoder.rvq, model.encoder.noise_augmentation)
    if kind == "wasserstein":
        return modules.WassersteinSpace(model.encoder.noise_augmentation)
    return modules.SphericalSpace()


def _remember_recurrent(model: Any) -> None:
    from rave.blocks import GRU

    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, GRU):
                setattr(parent, name, modules.StreamingGRU(child, cc.MAX_BATCH_SIZE))


def _resampler(rate: int | None, model_rate: int, streaming: bool) -> nn.Module | None:
    if rate in (None, model_rate):
        return None
    from rave.resampler import Resampler

    cc.use_cached_conv(streaming)
    try:
        module: nn.Module = Resampler(rate, model_rate)
    finally:
        cc.use_cached_conv(False)
    return module
