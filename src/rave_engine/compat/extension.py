"""Keep torchaudio from loading its compiled extension.

Reason: the torchaudio wheel for torch 2.13 on PyPI is linked against CUDA, so on a CPU build of torch ``import torchaudio`` ends
with "libtorch_cuda.so: cannot open shared object file". RAVE uses only torchaudio's Python parts (spectrograms, resampling).
No upstream thread known.
The file stays in place; a stand-in for ``torchaudio._extension`` is put into ``sys.modules`` before the first import.
"""

from __future__ import annotations

import importlib.machinery
import sys
import types
from collections.abc import Callable
from typing import Any

NAME = "torchaudio._extension"


def apply() -> None:
    """Register the stand-in unless torchaudio is already imported (then its owner's choice stands)."""
    if "torchaudio" in sys.modules or NAME in sys.modules:
        return
    module: Any = types.ModuleType(NAME, "Stand-in: torchaudio without its compiled extension.")
    module.__spec__ = importlib.machinery.ModuleSpec(NAME, None)
    module._IS_TORCHAUDIO_EXT_AVAILABLE = False
    module._IS_ALIGN_AVAILABLE = False
    module._check_cuda_version = lambda: None
    module.fail_if_no_align = _unavailable
    sys.modules[NAME] = module


def _unavailable(function: Callable[..., Any]) -> Callable[..., Any]:
    """torchaudio decorates its forced alignment with this; RAVE never calls it."""

    def refuse(*_args: Any, **_kwargs: Any) -> Any:
        raise RuntimeError(
            f"{function.__name__} needs torchaudio's compiled extension, which is not loaded here."
        )

    return refuse
