"""Load a run's checkpoint, made here or by RAVE's own command line, for listening, measuring and exporting."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from rave_engine.errors import EngineError
from rave_engine.inference import noise

PROBE = 1 << 14
"""Samples of the silent probe that finds the ratio; every stock ratio divides it."""


_SAYS_CHANNELS = re.compile(r"n_channels\s*=\s*\d")


@dataclass
class LoadedModel:
    """A model in eval mode with what one needs to know about it."""

    model: Any
    """``rave.RAVE``, its discriminator left out, its noise branch replaced by :class:`~rave_engine.inference.noise.FixedNoise`."""
    run: Path
    """Folder that holds config.gin."""
    checkpoint: Path
    step: int
    sample_rate: int
    n_channels: int
    latent_size: int
    ratio: int
    """Samples per latent frame."""
    config: str
    """Text of config.gin."""
    device: torch.device
    warmed_up: bool
    """Whether the checkpoint is from phase 2 (encoder frozen, noise branch and discriminator on)."""
    ema: bool
    noise: noise.FixedNoise | None = None
    noise_frame: int = 1
    """Samples per frame of the noise branch."""
    extra: dict[str, Any] = field(default_factory=dict)
    trusted: tuple[str, ...] = ()
    """What the caller let run code when this was loaded."""

    @property
    def derivative(self) -> bool:
        """Whether the model was trained on the sound's slope (runs made elsewhere do not say)."""
        params = (self.extra.get("rave_gui") or {}).get("params") or {}
        return bool(params.get("derivative"))

    @property
    def alignment(self) -> int:
        """Blocks must start at multiples of this many samples to give what the whole file gives."""
        return math.lcm(self.ratio, self.noise_frame)


def resolve_device(name: str) -> torch.device:
    """``auto`` is the first CUDA device that is there, otherwise the CPU. Raises EngineError for one that is not there."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise EngineError(
            "no-device",
            f"The device {name!r} cannot be used on this machine.",
            "Choose “auto” or “cpu”, or check the graphics driver with `rave-gui doctor`.",
            str(error),
        ) from error
    return device


def run_folder(checkpoint: Path) -> Path:
    """The folder with the checkpoint's config.gin: beside it or up to three levels above. Raises EngineError."""
    for folder in [checkpoint.parent, *list(checkpoint.parents)[1:4]]:
        if (folder / "config.gin").is_file():
            return folder
    raise EngineError(
        "no-config",
        f"The configuration (config.gin) of {checkpoint.name} is missing.",
        "Put the config.gin of its training run back into the run's folder.",
        str(checkpoint),
    )


class _NoDiscriminator(nn.Module):
    """Inference needs no discriminator; v3's alone would double the memory and the time to load."""

    def __init__(self, n_channels: int = 1) -> None:
        super().__init__()


def build(channels: int | None = None, *, streaming: bool = False) -> Any:
    """Construct ``rave.RAVE`` from the present gin configuration, eval mode, without its discriminator.

    ``streaming`` builds cached convolutions, whose state lives from call to call.
    """
    import cached_conv as cc
    import rave

    arguments: dict[str, Any] = {"discriminator": _NoDiscriminator}
    if channels is not None:
        arguments["n_channels"] = channels
    cc.use_cached_conv(streaming)
    try:
        model = rave.RAVE(**arguments)
    finally:
        cc.use_cached_conv(False)
    return model.eval()


def load_model(
    run_or_ckpt: str | Path,
    *,
    device: str = "cpu",
    ema: bool = False,
    streaming: bool = False,
    trusted: Iterable[str] = (),
) -> LoadedModel:
    """Load a checkpoint file, or the newest one of a run folder, with ``weights_only=True``.

    ``ema`` uses the averaged weights and raises EngineError (code no-ema) when the run kept none; ``trusted`` names the
    configurations that may run code. Raises EngineError when the configuration or the checkpoint is missing, damaged or of
    another architecture, and (code untrusted-config) when the configuration could run code and is not trusted.
    """
    from rave_engine import checkpoints, configs

    target = resolve_device(device)
    checkpoint = checkpoints.find(Path(run_or_ckpt))
    folder = run_folder(checkpoint)
    state = checkpoints.load(checkpoint)
    trusted = tuple(trusted)
    configs.compose_run(folder / configs.CONFIG_NAME, trusted=trusted)
    weights = _weights(state, ema, checkpoint)
    text = (folder / "config.gin").read_text(encoding="utf-8")
    model = _fitting_model(weights, _SAYS_CHANNELS.search(text) is not None, streaming, checkpoint)
    branch = noise.install(model, streaming)
    model.to(target)
    loaded = LoadedModel(
        model=model,
        run=folder,
        checkpoint=checkpoint,
        step=int(state.get("global_step", 0)),
        sample_rate=int(model.sr),
        n_channels=int(model.n_channels),
        latent_size=int(model.latent_size),
        ratio=1,
        config=text,
        device=target,
        warmed_up=_warmed_up(model),
        ema=ema,
        noise=branch,
        extra={
            "rave_gui": state.get("rave_gui") or {},
            "ema": bool(state.get("callbacks", {}).get("EMA")),
        },
        trusted=trusted,
    )
    _probe(loaded)
    return loaded


def _weights(state: dict[str, Any], ema: bool, checkpoint: Path) -> dict[str, torch.Tensor]:
    weights = dict(state["state_dict"])
    if ema:
        averaged = state.get("callbacks", {}).get("EMA")
        if not averaged:
            raise EngineError(
                "no-ema",
                f"{checkpoint.name} holds no averaged (EMA) weights.",
                "Use the normal weights, or train with EMA switched on.",
            )
        weights.update(averaged)
    return {k: v for k, v in weights.items() if not k.startswith("discriminator.")}


def _fitting_model(weights: dict[str, torch.Tensor], known: bool, streaming: bool, checkpoint: Path) -> Any:
    """The model that takes these weights. Runs made by upstream do not say how many channels they have: then 1 to 8 are tried."""
    tries: list[int | None] = [None] if known else [1, 2, 3, 4, 5, 6, 7, 8]
    problem = ""
    for channels in tries:
        model = build(channels, streaming=streaming)
        try:
            missing = model.load_state_dict(weights, strict=False).missing_keys
        except RuntimeError as error:
            problem = problem or str(error)
            continue
        lost = [k for k in missing if k.endswith(("weight", "bias", "weight_g", "weight_v", "embed"))]
        # Constants are computed, not learned: an older checkpoint without them is complete.
        lost = [
            k for k in lost if not k.startswith(("pqmf.", "spectrogram.", "audio_distance", "multiband_"))
        ]
        if not lost:
            return model
        problem = problem or "missing: " + ", ".join(lost[:8])
    raise EngineError(
        "checkpoint-mismatch",
        f"The weights in {checkpoint.name} do not fit the configuration beside them.",
        "The config.gin of another run may have been put there: use the one the model was trained with.",
        problem[:4000],
    )


def _warmed_up(model: Any) -> bool:
    for part in (model.encoder, model.decoder):
        flag = getattr(part, "warmed_up", None)
        if isinstance(flag, torch.Tensor) and int(flag):
            return True
    return False


@torch.no_grad()
def _probe(loaded: LoadedModel) -> None:
    """Find the ratio and the noise frame by a silent pass (which also creates the caches of a streaming model)."""
    model = loaded.model
    silence = torch.zeros(1, loaded.n_channels, PROBE, device=loaded.device)
    frames: list[int] = []
    hook = None
    if loaded.noise is not None:
        hook = loaded.noise.net.register_forward_hook(lambda _m, _i, out: frames.append(out.shape[-1]))
    from rave_engine.inference.latents import sample

    with torch.random.fork_rng(devices=[]):
        raw = model.encode(silence)
        model.decode(sample(model.encoder, raw, 0.0))
    if hook is not None:
        hook.remove()
    loaded.ratio = PROBE // raw.shape[-1]
    if frames:
        loaded.noise_frame = PROBE // frames[0]
    reset(model)


def reset(model: nn.Module) -> None:
    """Empty every cache of a streaming model: convolution padding, recurrent state, place in the noise table."""
    for name, buffer in model.named_buffers():
        if name.rsplit(".", 1)[-1] in STATE_BUFFERS:
            buffer.zero_()


STATE_BUFFERS = ("pad", "cache", "position", "gru_memory", "past")
"""Last parts of the names of buffers that hold streaming state."""
