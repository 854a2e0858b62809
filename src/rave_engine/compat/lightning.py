"""A small stand-in for pytorch_lightning 1.9.

Reason: RAVE takes two base classes from it (``LightningModule``, ``Callback``); importing the real one costs 3 to 6 s and drags in
torch.distributed, and its checkpoint callback deletes a file of the run that is resumed, seen with RAVE 2.3.1 (no
upstream thread known). Our driver (``rave_engine.training``) does what the Trainer did.
A process that has already imported the real package (the benchmarks against upstream) keeps it.
"""

from __future__ import annotations

import enum
import importlib.machinery
import sys
import types
from typing import Any

NAME = "pytorch_lightning"


class RunningStage(enum.StrEnum):
    """The stages RAVE compares with in ``validation_epoch_end``."""

    TRAINING = "train"
    SANITY_CHECKING = "sanity_check"
    VALIDATING = "validate"
    TESTING = "test"
    PREDICTING = "predict"


class Callback:
    """Base class of RAVE's callbacks; every hook of Lightning's is simply absent."""

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take it back."""


class ModelCheckpoint(Callback):
    """Only here because ``rave.core`` derives from it; never used."""

    FILE_EXTENSION = ".ckpt"

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("Checkpoints are written by rave_engine.checkpoints, not by Lightning.")


def _module_class() -> type[Any]:
    import torch

    class LightningModule(torch.nn.Module):
        """An ``nn.Module`` with the few members that RAVE's model touches."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.trainer: Any = None
            self.logger: Any = None
            self.automatic_optimization = True

        def log(self, *_args: Any, **_kwargs: Any) -> None:
            """Lightning's logging; the driver logs by itself."""

        def log_dict(self, *_args: Any, **_kwargs: Any) -> None:
            """Lightning's logging; the driver logs by itself."""

        def optimizers(self) -> Any:
            """Set by whoever runs upstream's own ``training_step`` (tests, benchmarks)."""
            raise RuntimeError("no optimizers are attached")

        def lr_schedulers(self) -> Any:
            """Set by whoever runs upstream's own ``training_step`` (tests, benchmarks)."""
            raise RuntimeError("no schedulers are attached")

        def on_train_batch_end(self, *_args: Any, **_kwargs: Any) -> None:
            """Hook that RAVE overrides and calls on its parent."""

        @property
        def device(self) -> Any:
            """Device of the first parameter."""
            return next(self.parameters()).device

    return LightningModule


def apply() -> None:
    """Put the stand-in into ``sys.modules`` unless the real package is there already."""
    if NAME in sys.modules:
        return
    root = _package(NAME)
    callbacks = _package(f"{NAME}.callbacks")
    trainer = _package(f"{NAME}.trainer")
    states = _package(f"{NAME}.trainer.states")
    root.__version__ = "1.9.0"
    root.LightningModule = _module_class()
    root.Callback = callbacks.Callback = Callback
    callbacks.ModelCheckpoint = ModelCheckpoint
    states.RunningStage = RunningStage
    trainer.states = states
    root.callbacks, root.trainer = callbacks, trainer
    for module in (root, callbacks, trainer, states):
        sys.modules[module.__name__] = module


def _package(name: str) -> Any:
    module = types.ModuleType(name, "Stand-in of rave_engine.compat.lightning.")
    module.__path__ = []
    module.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)
    return module
