"""How much memory a training step will need, and what a configuration comes to, without computing anything.

The model and one step of each phase run on fake tensors (:class:`torch._subclasses.FakeTensorMode`), which have shapes but no
contents, while every storage that comes and goes is counted. The peak is that of the tensors alone: what the device's driver,
convolution workspaces and fragmentation add is not in it, and no GPU has confirmed it yet. On real CPU tensors the same
counting gave the same peaks (``tests/contract/test_warm_estimate.py`` compares them).
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from rave_engine.compat import metas
from rave_engine.configs import Composition, build_model
from rave_engine.errors import EngineError
from rave_engine.training.fast import Fast, install
from rave_engine.training.step import FastStep

ADAM_STATES = 2
"""Adam keeps two tensors of the size of each parameter."""


class StorageCounter(TorchDispatchMode):
    """Counts the bytes of every tensor storage made while it is active, until the storage dies."""

    def __init__(self) -> None:
        super().__init__()
        self.live = 0
        """Bytes alive now."""
        self.peak = 0
        """Most bytes alive at once since :meth:`restart`."""
        self._known: dict[int, weakref.finalize[Any, Any]] = {}

    def restart(self) -> None:
        """Forget the peak; what lives now stays counted."""
        self.peak = self.live

    def count(self, *tensors: Any) -> None:
        """Take note of tensors that were made elsewhere."""
        for tensor in tensors:
            if isinstance(tensor, torch.Tensor):
                self._add(tensor.untyped_storage())

    def _add(self, storage: Any) -> None:
        key = id(storage)
        if key in self._known:
            return
        size = storage.nbytes()
        self.live += size
        self.peak = max(self.peak, self.live)
        # The Python object of a storage lives exactly as long as the storage itself.
        self._known[key] = weakref.finalize(storage, self._forget, key, size)

    def _forget(self, key: int, size: int) -> None:
        del self._known[key]
        self.live -= size

    def __torch_dispatch__(
        self, func: Any, _types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        self.count(*tree_leaves(result))
        return result


def _one(_tensor: torch.Tensor) -> float:
    """Stands in for ``Tensor.item`` on fake tensors: the value decides nothing but whether a term is logged."""
    return 1.0


class _NoStep:
    """An optimizer without arithmetic; its states are allocated by the caller."""

    def __init__(self, parameters: list[torch.nn.Parameter]) -> None:
        self._parameters = parameters

    def zero_grad(self) -> None:
        """Free the gradients, as ``torch.optim`` does."""
        for parameter in self._parameters:
            parameter.grad = None

    def step(self) -> None:
        """Change nothing."""


@contextlib.contextmanager
def _fake() -> Iterator[StorageCounter]:
    """Fake tensors and the counter over them; values that a step reads are stood in for."""
    metas.load()
    from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

    item, truth = torch.Tensor.item, torch.Tensor.__bool__

    def known(tensor: torch.Tensor) -> bool:
        """What a tensor without contents cannot tell is not so: torchaudio asks whether a mel filter is empty, to warn."""
        try:
            return bool(truth(tensor))
        except DataDependentOutputException:
            return False

    try:
        with FakeTensorMode(), StorageCounter() as counter:
            torch.Tensor.item = _one  # type: ignore[method-assign, assignment]
            torch.Tensor.__bool__ = known  # type: ignore[method-assign, assignment]
            yield counter
    finally:
        torch.Tensor.item = item  # type: ignore[method-assign]
        torch.Tensor.__bool__ = truth  # type: ignore[method-assign]


def facts(composition: Composition, n_signal: int = 131072) -> dict[str, Any]:
    """What the composed configuration comes to (gin holds it), from a model that was never filled.

    ``n_signal`` is the length of a training example in samples; one that the model's ratio does not divide is refused with
    :class:`EngineError`. Returns sample rate (Hz), latent size, ratio (samples for each latent frame), channels, number of
    bands, length of phase 1 (steps), numbers of parameters, and ``warnings``: a list of ``{code, message, hint}``.
    """
    with _fake():
        model = build_model()
        probe = torch.zeros(1, model.n_channels, 131072)
        with torch.no_grad():
            ratio = probe.shape[-1] // model.encode(probe).shape[-1]
        counts = {
            part: sum(parameter.numel() for parameter in getattr(model, part).parameters())
            for part in ("encoder", "decoder", "discriminator")
        }
    if n_signal < 1 or n_signal % ratio:
        below = n_signal // ratio * ratio
        raise EngineError(
            "bad-n-signal",
            f"Training examples of {n_signal} samples do not fit this configuration, which works in steps of {ratio} samples.",
            f"Choose a multiple of {ratio}, such as {below or ratio} or {below + ratio}.",
        )
    result = {
        "sample_rate": int(model.sr),
        "latent_size": int(model.latent_size),
        "ratio": ratio,
        "channels": int(model.n_channels),
        "bands": int(getattr(model.pqmf, "n_band", 1) or 1),
        "encoder": type(model.encoder).__name__,
        "phase_1_steps": int(model.warmup),
        "parameters": sum(counts.values()),
        "parameters_by_part": counts,
    }
    hidden = [{"code": "no-effect", "message": text, "hint": ""} for text in composition.warnings]
    return {**result, "warnings": [*hidden, *_warnings(result, n_signal)]}


def _warnings(result: dict[str, Any], n_signal: int) -> list[dict[str, str]]:
    found = []
    if result["sample_rate"] not in (44100, 48000):
        found.append(
            {
                "code": "unusual-rate",
                "message": f"The model's sample rate is {result['sample_rate']} Hz; most hosts run at 44100 or 48000 Hz.",
                "hint": "nn~ does not convert rates: set the host to the model's rate.",
            }
        )
    frames = n_signal // result["ratio"]
    if result["encoder"] == "VariationalEncoder" and frames < 2:
        found.append(
            {
                "code": "short-examples",
                "message": f"One training example gives only {frames} latent frame.",
                "hint": "Longer training examples let the model learn how sounds go on.",
            }
        )
    return found


def shortest_example(
    configs: Sequence[str],
    overrides: Sequence[str] = (),
    augmentations: Sequence[str] = (),
    *,
    channels: int = 1,
    trusted: Iterable[str] = (),
) -> int:
    """The shortest usual training example that a stack can take, in samples. gin holds another composition afterwards.

    Measured on a twin of the smallest capacity: how far a model hears follows from its kernels and ratios, not from its width.
    """
    from rave_engine.configs import compose
    from rave_engine.training import preflight

    twin = compose(configs, [*overrides, "CAPACITY = 2"], augmentations, channels=channels, trusted=trusted)
    model = build_model()
    if model.valid_signal_crop:
        preflight.receptive_field(model, twin.text)
    return preflight.usual_length(preflight.shortest(model, preflight.compression_ratio(model)))


def estimate(n_signal: int, batch: int, amp: str = "off") -> dict[str, Any]:
    """Peak bytes of our training step in each phase, with Adam's states, for the configuration that gin holds.

    Upstream's own step keeps more alive (graphs that it throws away).

    ``n_signal`` in samples, ``batch`` in examples. Returns ``{"phase_1", "phase_2", "model", "weights", "parameters"}`` in bytes:
    the two peaks, all parameters and buffers, and the parameters alone; and the number of parameters. Raises :class:`EngineError` for sizes that cannot be trained.
    """
    if batch < 1:
        raise EngineError("bad-batch", "A batch needs at least one example.", "Choose 1 or more.")
    with _fake() as counter:
        model = build_model()
        model.valid_signal_crop = False
        model.train()
        install(model, Fast(amp=amp))
        generator = [*model.encoder.parameters(), *model.decoder.parameters()]
        discriminator = list(model.discriminator.parameters())
        held = counter.live
        states = [torch.zeros_like(p) for p in generator for _ in range(ADAM_STATES)]
        # A device may need the discriminator's two halves in one piece, which takes the most.
        step = FastStep(model, _NoStep(generator), _NoStep(discriminator), split_real=False)
        first = _peak(step, counter, n_signal, batch, (0,))
        states += [torch.zeros_like(p) for p in discriminator for _ in range(ADAM_STATES)]
        model.warmed_up = True
        second = _peak(step, counter, n_signal, batch, (0, 1))
        weights = sum(p.numel() * p.element_size() for p in model.parameters())
        count = len(generator) and sum(p.numel() for p in (*generator, *discriminator))
        del states
    return {"phase_1": first, "phase_2": second, "model": held, "weights": weights, "parameters": count}


def _peak(
    step: FastStep, counter: StorageCounter, n_signal: int, batch: int, indices: tuple[int, ...]
) -> int:
    """Most bytes alive while the batches of ``indices`` are trained on (in phase 2, batch 0 trains the discriminator)."""
    counter.restart()
    for index in indices:
        try:
            step(torch.zeros(batch, step.model.n_channels, n_signal), index, log=True)
        except (RuntimeError, ValueError) as error:
            raise EngineError(
                "bad-sizes",
                f"A training step with examples of {n_signal} samples fails with this configuration.",
                "Choose longer examples, or another configuration.",
                f"{type(error).__name__}: {error}",
            ) from error
    return counter.peak
