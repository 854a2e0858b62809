"""Build the RAVE model of the configuration that gin holds."""

from __future__ import annotations

from typing import Any

from rave_engine.errors import EngineError


def build_model() -> Any:
    """``rave.RAVE()`` with every parameter, ``n_channels`` included, from gin. Raises :class:`EngineError` (``config-invalid``)."""
    import rave

    try:
        return rave.RAVE()
    except (TypeError, ValueError, RuntimeError, NameError, AttributeError, AssertionError) as error:
        raise EngineError(
            "config-invalid",
            "RAVE cannot build a model from this combination of configurations.",
            "Modifiers such as causal, noise, wasserstein or spherical need a base of the v2 family: put v2 first.",
            f"{type(error).__name__}: {error}",
        ) from error
