"""The training loop: batches, commands, metrics, validation and checkpoints."""

from __future__ import annotations

import errno
import math
import time
import wave
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rave_engine import checkpoints
from rave_engine.configs import Composition
from rave_engine.errors import Cancelled, EngineError
from rave_engine.jobs import JobContext
from rave_engine.training import clips, data, preflight, retention
from rave_engine.training.memory import higher, is_out_of_memory, out_of_memory, peak
from rave_engine.training.scalars import Scalars
from rave_engine.training.state import Trainee, capture
from rave_engine.training.step import FastStep, StepResult
from rave_engine.training.validate import Validation, validate
from rave_protocol import events
from rave_protocol.aim import write_aim
from rave_protocol.codec import encode
from rave_protocol.commands import Command
from rave_protocol.specs import TrainParams

RATE_SECONDS = 60.0
"""Time of steps over which the rate is measured: less, and the time left jumps."""
RATE_STEPS = 20
"""At least so many, however slow they are."""
PAUSE_POLL = 0.05
VALIDATION_EPOCH = -1
"""Validation examples get their own randomness, the same in every pass."""


@dataclass
class Loop:
    """One run of training from the trainee's position to ``max_steps`` or a stop."""

    params: TrainParams
    job: JobContext
    trainee: Trainee
    order: data.Order
    split: data.Split
    dataset: Any
    device: torch.device
    version: Path
    composition: Composition
    scalars: Scalars
    started: float
    clips: list[clips.Clip] = field(default_factory=list)
    stopping: bool = False
    paused: bool = False
    last_saved: Path | None = None
    best_path: Path | None = None
    kept: set[Path] = field(default_factory=set)
    line: retention.Line = ()
    """Versions that earlier attempts at this very training wrote; their checkpoints count as its own."""
    steps_done: int = 0
    seconds_training: float = 0.0
    _recent: deque[float] = field(default_factory=deque)
    _recent_seconds: float = 0.0
    _texts_written: bool = False
    _validated_at: int = -1
    _unsaved: bool = False
    """A validation has analysed the latents since the last checkpoint, which does not hold that yet."""
    _heard_at: int = -1
    _warned_pca: bool = False
    _last_validation: float | None = None
    _preview_wanted: bool = False
    _save_wanted: list[Command] = field(default_factory=list)
    _finishing: bool = False
    _trained: str = ""
    """Phase of the last batch; empty before the first."""
    _loss: torch.Tensor | None = None
    """Loss of the last batch."""

    def run(self) -> dict[str, Any]:
        """Train; the result as :func:`rave_engine.training.prepare.run` describes it."""
        examples = data.SeededExamples(self.dataset, self.params.seed)
        step = FastStep(
            self.trainee.model,
            self.trainee.gen_opt,
            self.trainee.dis_opt,
            split_real=None if self.params.exact else True,
        )
        position = self.trainee.position
        self.order.start = (position.epoch, position.batch)
        stream = data.batches(examples, self.order, self.params.workers, self.device)
        try:
            self._train(stream, step)
            self._finish()
        except (RuntimeError, MemoryError) as error:
            if is_out_of_memory(error):
                raise out_of_memory(f"at step {self.trainee.position.step} ({self.phase})", error) from error
            raise
        finally:
            self.scalars.close()
            data.close(self.dataset)
        return self._result()

    def _train(self, stream: Iterator[torch.Tensor], step: FastStep) -> None:
        position = self.trainee.position
        schedule = self.trainee.schedule
        phase = schedule.phase
        self._progress(phase, force=True)
        while position.step < self.params.max_steps and not self.stopping:
            self._obey()
            if self.stopping:
                break
            if schedule.phase != phase:
                phase = schedule.phase
                self._switch_phase()
                if self.stopping:
                    break
            begun = time.monotonic()
            schedule.before_batch()
            number = position.step + 1
            log = (
                number % self.params.log_every == 0 or self.steps_done == 0 or number == self.params.max_steps
            )
            extra = {**self._learning_rates(), "epoch": float(position.epoch)}
            result = step(next(stream), position.batch, log=log)
            self._trained = phase
            self._check_finite(result)
            self._advance()
            self._account(time.monotonic() - begun)
            if log:
                self._log_step(number, result, extra)
            self._progress(phase)
            if number % self.params.val_every == 0:
                self._validate()
            if number % self.params.save_every == 0 and not self.stopping:
                self._save_periodically()

    def _advance(self) -> None:
        """What Lightning did after each batch."""
        trainee, position = self.trainee, self.trainee.position
        trainee.scheduler.step()
        if trainee.ema is not None:
            trainee.ema.update(trainee.model)
        position.step += 1
        position.batch += 1
        if position.batch >= self.order.per_epoch:
            position.epoch, position.batch = position.epoch + 1, 0
        self.steps_done += 1

    # Commands

    def _obey(self) -> None:
        """Do what was asked since the last batch; waits here while paused. Raises :class:`Cancelled`."""
        while True:
            for command in self.job.commands():
                self._command(command)
            if self.job.cancelled:
                raise Cancelled
            self._do_wanted()
            if not self.paused or self.stopping:
                return
            time.sleep(PAUSE_POLL)

    def _command(self, command: Command) -> None:
        if command.name == "stop":
            self.stopping = True
            self.job.ack(command)
        elif command.name == "pause":
            if not self.paused:
                self.paused = True
                self._forget_rate()
                self.job.emit(events.Paused())
            self.job.ack(command)
        elif command.name == "resume":
            if self.paused:
                self.paused = False
                self.job.emit(events.Resumed())
            self.job.ack(command)
        elif command.name == "save":
            self._save_wanted.append(command)
        elif command.name == "phase2":
            if self.trainee.schedule.phase == "phase 2":
                self.job.ack(command, ok=False, message="Phase 2 has already begun.")
            else:
                self.trainee.schedule.start_phase_2()
                self.job.ack(command)
        elif command.name == "extend":
            self._extend(command)
        elif command.name == "preview":
            self._preview_wanted = True
            self.job.ack(command)
        else:
            self.job.ack(command, ok=False, message=f"{command.name} does not apply to a training.")

    def _extend(self, command: Command) -> None:
        """More (or fewer) steps in all, as long as they are still ahead."""
        steps = command.args.get("max_steps")
        if not isinstance(steps, int) or isinstance(steps, bool) or steps <= self.trainee.position.step:
            self.job.ack(
                command, ok=False, message=f"The training is at step {self.trainee.position.step} already."
            )
            return
        try:  # first: whoever goes on after a crash is to aim at what was acknowledged
            write_aim(self.job.folder, steps)
        except OSError as error:
            self.job.ack(command, ok=False, message=f"The new number of steps could not be written: {error}.")
            return
        self.params = replace(self.params, max_steps=steps)
        self.job.ack(command, message=f"{steps} steps")
        self._progress(self.phase, force=True)

    @property
    def phase(self) -> str:
        """Phase of the last batch; before the first, that of the batch to come."""
        return self._trained or self.trainee.schedule.phase

    def _do_wanted(self) -> None:
        """Saves and previews that were asked for, between two batches."""
        wanted, self._save_wanted = self._save_wanted, []
        for command in wanted:
            path = self._save_periodically()
            message = str(path) if path else "The checkpoint could not be written."
            self.job.ack(command, ok=path is not None, message=message)
        if self._preview_wanted and not self.stopping:
            self._preview_wanted = False
            self._validate()

    def _between(self) -> None:
        """Within a validation: cancel and stop end it, the rest waits for the next batch."""
        for command in self.job.commands():
            self._command(command)
        if self.job.cancelled:
            raise Cancelled
        if self.stopping and not self._finishing:
            raise _StopValidation

    # Validation

    def _switch_phase(self) -> None:
        """Phase 2 freezes the encoder: analyse its latents one last time and keep this state."""
        self.job.log(f"Phase 2 begins at step {self.trainee.position.step}")
        if self._validated_at != self.trainee.position.step:
            self._validate()
        if not self.stopping:
            path = self._save_periodically()
            if path is not None:
                self.kept.add(path)

    def _validate(self) -> None:
        """Metrics, latent PCA, audio, best checkpoint."""
        trainee = self.trainee
        model = trainee.model
        step = trainee.position.step
        preflight.receptive_field(model, self.composition.text)
        examples = data.SeededExamples(self.dataset, self.params.seed)
        keys = [(VALIDATION_EPOCH, index) for index in self.split.val]
        batches = [keys[i : i + self.params.batch] for i in range(0, len(keys), self.params.batch)]
        if trainee.ema is not None:
            trainee.ema.swap(model)
        try:
            found = validate(model, data.batches(examples, batches, 0, self.device), self._between)
            self._hear_clips()
        except _StopValidation:
            return
        finally:
            if trainee.ema is not None:
                trainee.ema.swap(model)
            self._forget_rate()
        self._validated_at, self._unsaved = step, True
        self._last_validation = found.scalars["validation"]
        self._write_texts()
        self.scalars.write(step, dict(found.scalars))
        if found.skipped_pca and not self._warned_pca:
            self._warned_pca = True
            self.job.emit(
                events.Warned(
                    "few-latent-frames",
                    "There is too little held-out audio to analyse the latent space (fidelity), so that analysis was left out.",
                    "Add recordings, keep more chunks for validation, or use longer examples.",
                )
            )
        self._hear(found)
        self._keep_best(found.scalars["validation"])

    def _hear(self, found: Validation) -> None:
        """``audio_val`` in the event file as upstream writes it, and two WAV files to listen to."""
        if found.original is None or found.reconstruction is None:
            return
        model, position = self.trainee.model, self.trainee.position
        pairs = np.concatenate([found.original, found.reconstruction], -1).reshape(-1)
        integrate = model.integrator or (lambda x: x)
        self.scalars.audio("audio_val", np.asarray(integrate(pairs)), position.eval_number, model.sr)
        position.eval_number += 1
        model.eval_number = position.eval_number
        folder = self.version / "previews"
        folder.mkdir(exist_ok=True)
        stem = f"step_{position.step:08d}"
        for kind, audio in (("original", found.original), ("reconstruction", found.reconstruction)):
            path = folder / f"{stem}_{kind}.wav"
            signal = np.asarray(integrate(audio.transpose(1, 0, 2).reshape(audio.shape[1], -1)))
            _write_wav(path, signal, model.sr)
            self.job.emit(events.Artifact("audio", str(path), {"step": position.step, "role": kind}))

    def _hear_checkpoint(self) -> None:
        """The user's own sounds at a checkpoint that no validation has just heard: what can be gone back to can be heard."""
        trainee = self.trainee
        if not self.clips or self._heard_at == trainee.position.step:
            return
        if trainee.ema is not None:
            trainee.ema.swap(trainee.model)
        try:
            self._hear_clips()
        except _StopValidation:
            return
        except OSError as error:  # the checkpoint itself is there
            self.job.emit(
                events.Warned("not-heard", f"The sounds to follow could not be written: {error}.", "")
            )
        finally:
            if trainee.ema is not None:
                trainee.ema.swap(trainee.model)
            self._forget_rate()

    def _hear_clips(self) -> None:
        """The user's own sounds through the model as it is now (with averaged weights where there are some)."""
        model, step = self.trainee.model, self.trainee.position.step
        folder = self.version / "previews"
        for clip in self.clips:
            self._between()
            folder.mkdir(exist_ok=True)
            original = folder / f"clip_{clip.number}_original.wav"
            if not original.exists():
                _write_wav(original, clip.audio, model.sr)
            path = folder / f"step_{step:08d}_clip_{clip.number}.wav"
            _write_wav(path, clips.hear(model, clip), model.sr)
            info = {
                "step": step,
                "role": "clip",
                "clip": clip.number,
                "source": clip.source,
                "original": str(original),
            }
            self.job.emit(events.Artifact("audio", str(path), info))
        self._heard_at = step

    def _keep_best(self, distance: float) -> None:
        position = self.trainee.position
        if not math.isfinite(distance) or (position.best is not None and distance >= position.best):
            return
        previous, position.best = position.best, distance
        path = self.version / "checkpoints" / checkpoints.BEST
        if self._write(path, f"the best checkpoint (validation {distance:.3f})"):
            self.best_path = path
        else:
            position.best = previous

    # Checkpoints

    def _save_periodically(self) -> Path | None:
        """A numbered checkpoint now; a full disk is a warning, and the training goes on with the old ones."""
        path = self.version / "checkpoints" / checkpoints.name(self.trainee.position.step)
        if self.last_saved == path and path.is_file() and not self._unsaved:
            return path
        self._check_loss()
        if not self._write(path, "a checkpoint"):
            return None
        self._saved(path)
        self._hear_checkpoint()
        return path

    def _write(self, path: Path, what: str) -> bool:
        if not self._room(path):
            return False
        try:
            checkpoints.save(path, capture(self.trainee, self._info()))
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            self.job.emit(
                events.Warned(
                    "not-saved",
                    f"{'The disk is full' if full else 'The disk refused to write'}, so {what} was not written; "
                    "the earlier ones are untouched and the training goes on.",
                    f"Free some space on {self.version}: the next save will be tried as usual.",
                )
            )
            return False
        info = {
            "step": self.trainee.position.step,
            "phase": self.phase,
            "best": path.name == checkpoints.BEST,
        }
        self.job.emit(events.Artifact("checkpoint", str(path), info))
        return True

    def _room(self, path: Path) -> bool:
        """Leave the disk its reserve; older numbered checkpoints of this version go first, then the save is left out."""
        if self.last_saved is None or not self.last_saved.is_file():
            return True  # the size is not known yet, and one checkpoint must be tried
        size = self.last_saved.stat().st_size
        if retention.make_room(path.parent, size, self.params.keep_free, self._held(), self._earlier()):
            return True
        self.job.emit(
            events.Warned(
                "not-saved",
                f"A checkpoint was not written, because the disk would have less than {self.params.keep_free / 1e9:.1f} GB left.",
                f"Free some space on {self.version}: the next save will be tried as usual.",
            )
        )
        return False

    def _held(self) -> set[Path]:
        """Checkpoints that stay whatever their age."""
        return self.kept | retention.kept(self.version / "checkpoints", self.params.milestone_every)

    def _saved(self, path: Path) -> None:
        self.last_saved, self._unsaved = path, False
        checkpoints.prune(path.parent, self.params.keep_last, self._held())
        retention.prune_earlier(path.parent, self._earlier(), self.params.keep_last)

    def _earlier(self) -> list[Path]:
        """Checkpoints of earlier attempts that nothing holds, oldest first."""
        phase_1 = int(self.trainee.model.warmup)
        return retention.earlier(self.version.parent, self.line, self.params.milestone_every, phase_1)

    def _info(self) -> dict[str, Any]:
        return {
            "params": encode(self.params),
            "phase": self.phase,
            "torch": str(torch.__version__),
            "memory": self._memory(),
            "line": [list(part) for part in self.line],
        }

    def _memory(self) -> dict[str, Any]:
        """Most memory of this session and those before it."""
        return higher(peak(self.device), self.trainee.position.memory)

    def _finish(self) -> None:
        """At the end or at a stop: the latent analysis if there never was one, and the final checkpoint (raises OSError)."""
        model, step = self.trainee.model, self.trainee.position.step
        self._finishing = True
        never_analysed = not bool(model.fidelity.any())
        if self._validated_at != step and self.steps_done and (not self.stopping or never_analysed):
            self._validate()
        path = self.version / "checkpoints" / checkpoints.name(step)
        if self._unsaved or not (self.last_saved == path and path.is_file()):
            checkpoints.save(path, capture(self.trainee, self._info()))
            info = {"step": step, "phase": self.phase, "final": True, "best": False}
            self.job.emit(events.Artifact("checkpoint", str(path), info))
        self._saved(path)
        self._hear_checkpoint()
        self._write_texts()
        for command in self._save_wanted:
            self.job.ack(command, message=str(path))
        self._progress(self.phase, force=True)

    def _result(self) -> dict[str, Any]:
        result: dict[str, Any] = {
            "run": str(Path(self.params.run)),
            "version": self.version.name,
            "step": self.trainee.position.step,
            "checkpoint": str(self.last_saved),
            "phase": self.phase,
            "seconds": time.monotonic() - self.started,
            "steps_per_second": self.steps_done / self.seconds_training if self.seconds_training else None,
            "best": str(self.best_path) if self.best_path else None,
            "validation": self._last_validation,
            "best_validation": self.trainee.position.best,
            **self._memory(),
        }
        if self.stopping:
            result["stopped"] = True
        return result

    # Reporting

    def _learning_rates(self) -> dict[str, float]:
        return {
            "learning_rate": float(self.trainee.gen_opt.param_groups[0]["lr"]),
            "learning_rate_discriminator": float(self.trainee.dis_opt.param_groups[0]["lr"]),
        }

    def _log_step(self, number: int, result: StepResult, extra: dict[str, float]) -> None:
        """Upstream numbers the scalars of its 50th batch 49; so do we."""
        values: dict[str, Any] = {**result.scalars, **extra}
        # Nothing but the first steps themselves should delay them: TensorBoard is imported at the first line after.
        to_file = number % self.params.log_every == 0 or number == self.params.max_steps
        if to_file:
            self._write_texts()
        self.scalars.write(number - 1, values, to_file=to_file)

    def _write_texts(self) -> None:
        if not self._texts_written:
            self._texts_written = True
            self.scalars.texts(self.composition.text, str(self.trainee.model))

    def _account(self, seconds: float) -> None:
        self.seconds_training += seconds
        self._recent.append(seconds)
        self._recent_seconds += seconds
        while len(self._recent) > RATE_STEPS and self._recent_seconds - self._recent[0] >= RATE_SECONDS:
            self._recent_seconds -= self._recent.popleft()

    def _forget_rate(self) -> None:
        """What comes now takes another time."""
        self._recent.clear()
        self._recent_seconds = 0.0

    def _progress(self, phase: str, *, force: bool = False) -> None:
        done, total = self.trainee.position.step, self.params.max_steps
        rate = len(self._recent) / self._recent_seconds if len(self._recent) >= 5 else None
        eta = (total - done) / rate if rate else None
        self.job.progress(done, total, unit="steps", phase=phase, rate=rate, eta=eta, force=force)

    def _check_finite(self, result: StepResult) -> None:
        """Raises :class:`EngineError` (``diverged``). Off the CPU only every few steps: looking at the loss waits for the device."""
        self._loss = result.loss
        if self.device.type != "cpu" and self.trainee.position.step % 10 and not result.scalars:
            return
        self._check_loss()

    def _check_loss(self) -> None:
        """Before a checkpoint is written as well: the last good one must not be replaced by one without numbers."""
        if self._loss is None or bool(torch.isfinite(self._loss)):
            return
        where = str(self.last_saved or self.best_path or "")
        raise EngineError(
            "diverged",
            f"The training diverged: at step {self.trainee.position.step} the loss was no longer a number. "
            + (f"The last good checkpoint is {where}." if where else "No checkpoint had been written yet."),
            "Resume from the last good checkpoint with another seed, or look for silent or broken recordings in the dataset; "
            "a larger batch also helps.",
        )


class _StopValidation(Exception):  # noqa: N818 - a signal within this module
    """A stop was asked for while validating."""


def _write_wav(path: Path, signal: np.ndarray[Any, Any], rate: int) -> None:
    """16-bit WAV of (channels, samples), clipped to -1…1."""
    samples = (np.clip(signal, -1.0, 1.0) * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[0])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.T.tobytes())
