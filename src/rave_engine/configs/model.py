"""Build the RAVE model of the configuration that gin holds."""

from __future__ import annotations

from typing import Any

from rave_engine.errors import EngineError

BUILD_ERRORS = (
    TypeError, ValueError, RuntimeError, NameError, AttributeError, AssertionError, MemoryError
)  # fmt: skip
"""What a model that cannot be built is known to raise."""


def build_model() -> Any:
    """``rave.RAVE()`` with every parameter, ``n_channels`` included, from gin. Raises :class:`EngineError` (``config-invalid``, ``model-too-large``)."""
    import rave

    try:
        return rave.RAVE()
    except BUILD_ERRORS as error:
        if _no_memory(error):
            raise EngineError(
                "model-too-large",
                "The model of this configuration does not fit into the memory of this computer.",
                "Lower CAPACITY or LATENT_SIZE, or choose a smaller configuration.",
                f"{type(error).__name__}: {error}",
            ) from error
        raise EngineError(
            "config-invalid",
            "RAVE cannot build a model from this combination of configurations.",
            "Modifiers such as causal, noise, wasserstein or spherical need a base of the v2 family: put v2 first.",
            f"{type(error).__name__}: {error}",
        ) from error


def _no_memory(error: Exception) -> bool:
    """Whether PyTorch or Python could not have the memory it asked for; PyTorch has only words for that on a processor."""
    words = str(error).casefold()
    return isinstance(error, MemoryError) or "allocate memory" in words or "out of memory" in words
