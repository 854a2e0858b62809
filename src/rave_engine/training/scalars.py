"""Scalars, audio and text to TensorBoard event files under RAVE's own tags, and scalars as events of the job."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from rave_engine.jobs import JobContext
from rave_protocol import events


class Scalars:
    """One version's event file, opened at the first write: TensorBoard's import costs a second that no first step should wait for."""

    def __init__(self, folder: Path, job: JobContext) -> None:
        self.folder = folder
        self.job = job
        self._writer: Any = None

    @property
    def writer(self) -> Any:
        """The SummaryWriter."""
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(self.folder))
        return self._writer

    def write(self, step: int, values: dict[str, Any], *, to_file: bool = True) -> None:
        """``values`` (tensors or numbers) at ``step``, to the file and as one Metric event; what is not finite is left out of the event."""
        numbers = {key: float(value) for key, value in values.items()}
        if to_file:
            for key, value in numbers.items():
                self.writer.add_scalar(key, value, step)
            self.writer.flush()
        finite = {key: value for key, value in numbers.items() if math.isfinite(value)}
        if finite:
            self.job.emit(events.Metric(step, finite))

    def texts(self, config: str, model: str) -> None:
        """The configuration and the model's structure, as upstream writes them at the start."""
        for tag, text in (("config", config), ("model", model)):
            self.writer.add_text(tag, f"```\n{text}\n```")
        self.writer.flush()

    def audio(self, tag: str, signal: np.ndarray[Any, Any], index: int, rate: int) -> None:
        """One sound, float samples of shape (n,), under upstream's tag and its running number."""
        self.writer.add_audio(tag, signal, index, rate)
        self.writer.flush()

    def close(self) -> None:
        """End the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
