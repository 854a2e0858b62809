"""Does this environment work? Versions, devices, and one tiny forward and backward through a real RAVE model."""

from __future__ import annotations

import platform
import time
from typing import Any


def check() -> dict[str, Any]:
    """``{"ok", "python", "torch", "torchaudio", "rave", "numpy", "cuda", "mps", "devices", "device", "seconds", "error"}``.

    ``cuda`` lists the names of the CUDA devices; ``error`` is a complete sentence when ``ok`` is False. Nothing is raised for a
    broken environment.
    """
    begun = time.monotonic()
    found: dict[str, Any] = {
        "ok": False,
        "cuda": [],
        "mps": False,
        "python": platform.python_version(),
        "error": None,
    }
    for name, distribution in (
        ("torch", "torch"),
        ("torchaudio", "torchaudio"),
        ("rave", "acids-rave"),
        ("numpy", "numpy"),
        ("gin", "gin-config"),
    ):
        found[name] = _version(distribution)
    try:
        import torch

        from rave_engine import compat

        found["torch"] = str(torch.__version__)
        found["cuda_version"] = torch.version.cuda
        found["devices"] = _devices(torch)
        found["device"] = found["devices"][0]["id"]
        found["cuda"] = [d["name"] for d in found["devices"] if d["id"] != "cpu"]
        found["mps"] = bool(torch.backends.mps.is_available())
        compat.install()
        _tiny_step(torch)
    except (ImportError, OSError, RuntimeError, AttributeError, ValueError, TypeError) as error:
        found["error"] = f"The engine's environment does not work: {type(error).__name__}: {error}."
        return {**found, "seconds": time.monotonic() - begun}
    return {**found, "ok": True, "seconds": time.monotonic() - begun}


def _version(distribution: str) -> str | None:
    from importlib import metadata

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _devices(torch: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            properties = torch.cuda.get_device_properties(index)
            found.append(
                {"id": f"cuda:{index}", "name": properties.name, "memory": int(properties.total_memory)}
            )
    found.append({"id": "cpu", "name": platform.processor() or platform.machine(), "memory": None})
    return found


def _tiny_step(torch: Any) -> None:
    """One generator step of a very small v1 model; raises RuntimeError when the loss is not a number."""
    from rave_engine import configs
    from rave_engine.training.prepare import make_trainee
    from rave_engine.training.step import FastStep

    torch.manual_seed(0)
    configs.compose(["v1"], ["CAPACITY = 2", "LATENT_SIZE = 4"], channels=1)
    trainee = make_trainee(configs.build_model(), None)
    trainee.schedule.before_batch()
    result = FastStep(trainee.model, trainee.gen_opt, trainee.dis_opt)(torch.randn(1, 1, 2**15) / 10, 0)
    if not bool(torch.isfinite(result.loss)):
        raise RuntimeError("a forward and backward pass gave a loss that is not a number")
