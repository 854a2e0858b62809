"""What a user can do with sound and models: hear a sound through one at once, mix, keep the result as a take."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.models import actions as models
from rave_gui.play import takes as takes_of
from rave_gui.play.mixing import blend
from rave_gui.play.recipe import Recipe, found, read_recipe, stored, write_recipe
from rave_gui.play.takes import Take
from rave_gui.projects import Project
from rave_gui.projects.names import check_name, free_name, safe_name
from rave_gui.projects.runs import run_of, step_of
from rave_gui.workspace import listing
from rave_protocol.files import replace_file

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.jobs.service import JobView

__all__ = [
    "AT_ONCE_SECONDS",
    "Recipe",
    "Rendered",
    "Take",
    "blend",
    "found",
    "keep",
    "prepare",
    "read_recipe",
    "render_job",
    "render_now",
    "save",
    "takes",
]

AT_ONCE_SECONDS = 90.0
"""Longer sounds are rendered as jobs, which show how far they are."""
RENDER_TIMEOUT = 300.0
CACHE_BYTES = 2_000_000_000
"""The newest renders are kept up to so much, so that hearing one again takes no time."""


@dataclass(frozen=True)
class Rendered:
    """A sound that went through a model. ``path`` lies in the cache; :func:`keep` makes a take of it."""

    path: Path
    model: Path
    """Checkpoint or .ts file."""
    run: str
    step: int | None
    source: Path
    """What the user chose."""
    randomness: float
    seed: int
    seconds: float = 0.0
    """What the rendering took; 0 when it was there already."""


def prepare(services: Services, source: Path) -> Path:
    """The sound as a file that the engine reads: itself, or for formats only the application decodes a WAV in the cache.

    Raises :class:`UserError`: not-found, or the problem of a file that cannot be read.
    """
    import soundfile

    if not source.is_file():
        raise UserError(
            tr("There is no sound file {name}.", name=source.name),
            tr("It was moved or deleted: choose it again."),
            str(source),
            code="not-found",
        )
    try:
        soundfile.info(str(source))
    except soundfile.LibsndfileError:
        from rave_gui.audio import wav

        folder = services.paths.cache / "renders"
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{_key('decoded', _stamp(source))}.wav"
        if not target.is_file():
            audio, rate = wav.read(source)
            wav.write(target, audio, rate, "FLOAT")
        return target
    return source


def seconds_of(sound: Path) -> float:
    """Length of a sound that :func:`prepare` gave."""
    import soundfile

    info = soundfile.info(str(sound))
    return float(info.frames / info.samplerate)


def render_now(
    services: Services,
    project: Project | None,
    model: Path,
    source: Path,
    *,
    randomness: float = 0.0,
    seed: int = 0,
    cancel: threading.Event | None = None,
) -> Rendered:
    """Send a sound through a model with the warm worker, into the cache; at once when the same was done before.

    ``model``: a checkpoint or an exported .ts file. Raises :class:`UserError` of the engine or the worker (worker-failed,
    timeout, cancelled), and those of :func:`prepare`.
    """
    from rave_gui.runtime.worker_client import WarmWorker

    ready = prepare(services, source)
    target = _target(services, model, ready, randomness, seed)
    made = Rendered(
        target, model, _name_of(model), _step_of(model), source, randomness, seed if randomness else 0
    )
    if target.is_file():
        target.touch()
        return made
    worker = WarmWorker(services.engine, services.paths)
    params = {
        "checkpoint": str(model),
        "source": str(ready),
        "output": str(target),
        "randomness": randomness,
        "seed": seed,
        "device": "auto",
        "trusted": models.trusted(services, project, model) if project is not None else [],
    }
    answer = worker.request("render", params, RENDER_TIMEOUT, cancel)
    _make_room(target.parent)
    step = answer.get("step")
    return Rendered(
        **{
            **vars(made),
            "seconds": float(answer.get("seconds", 0.0)),
            "step": step if isinstance(step, int) and step else made.step,
        }
    )


def render_job(
    services: Services,
    project: Project,
    model: Path,
    source: Path,
    *,
    randomness: float = 0.0,
    seed: int = 0,
) -> tuple[Rendered, JobView | None]:
    """The same as a job, for long sounds; None instead of a job when the result is there already."""
    ready = prepare(services, source)
    target = _target(services, model, ready, randomness, seed)
    made = Rendered(
        target, model, _name_of(model), _step_of(model), source, randomness, seed if randomness else 0
    )
    if target.is_file():
        return made, None
    job = models.render(services, project, str(model), ready, output=target, randomness=randomness, seed=seed)
    return made, job


def keep(
    services: Services,
    project: Project,
    rendered: Rendered,
    *,
    mix: float = 1.0,
    gain: float = 1.0,
    name: str | None = None,
) -> Path:
    """Write a new take: the mix as 32-bit float WAV at the model's rate, with its recipe inside. Nothing is overwritten.

    Raises :class:`UserError`: bad-name, name-taken, and those of reading the two sounds; :class:`OSError` of the disk.
    """
    folder = project.takes
    folder.mkdir(parents=True, exist_ok=True)
    if name is None:
        base = safe_name(f"{rendered.source.stem} through {rendered.run}", "take")
        target = folder / free_name(folder, base, ".wav")
    else:
        target = folder / f"{check_name(name, 'take')}.wav"
        if target.name.casefold() in {p.name.casefold() for p in folder.iterdir()}:
            raise UserError(
                tr("There is a take called “{name}” already.", name=name),
                tr("Choose another name: nothing is ever overwritten."),
                code="name-taken",
            )
    return _write(services, project, rendered, target, mix=mix, gain=gain)


def save(
    services: Services,
    project: Project,
    rendered: Rendered,
    target: Path,
    *,
    mix: float = 1.0,
    gain: float = 1.0,
) -> Path:
    """The same to a file anywhere (``.wav`` is added where it is missing); one that is there is replaced: the user was asked."""
    if target.suffix.lower() != ".wav":
        target = target.with_name(f"{target.name}.wav")
    return _write(services, project, rendered, target, mix=mix, gain=gain)


def _write(
    services: Services, project: Project, rendered: Rendered, target: Path, *, mix: float, gain: float
) -> Path:
    import soundfile

    from rave_gui.audio import wav

    result, rate = wav.read(rendered.path)
    original = result
    if mix < 1.0:
        original, _ = wav.read(prepare(services, rendered.source), rate)
    recipe = Recipe(
        stored(rendered.model, project.path),
        rendered.run,
        rendered.step,
        stored(rendered.source, project.path),
        rendered.randomness,
        rendered.seed,
        mix,
        gain,
    )
    aside = target.with_name(f".{target.stem}.part.wav")
    try:
        soundfile.write(str(aside), blend(original, result, mix, gain).T, rate, subtype="FLOAT", format="WAV")
        write_recipe(aside, recipe)
        replace_file(aside, target)
    except soundfile.LibsndfileError as error:
        raise OSError(f"{target} cannot be written: {error}") from error
    finally:
        aside.unlink(missing_ok=True)
    return target


def takes(services: Services, project: Project) -> list[Take]:
    """Every take of a project, newest first, with what is known of how it was made."""
    rows = listing.takes(services, project)
    views = services.jobs.list(project.path) if rows else []
    return takes_of.describe(rows, views, project.path)


def _target(services: Services, model: Path, ready: Path, randomness: float, seed: int) -> Path:
    folder = services.paths.cache / "renders"
    folder.mkdir(parents=True, exist_ok=True)
    how = f"{randomness:.4f}" + (f" {seed}" if randomness else "")
    return folder / f"{_key(_stamp(model), _stamp(ready), how)}.wav"


def _stamp(path: Path) -> str:
    status = path.stat()
    return f"{path} {status.st_size} {status.st_mtime_ns}"


def _key(*parts: Any) -> str:
    return hashlib.sha256("\n".join(map(str, parts)).encode("utf-8", "surrogateescape")).hexdigest()[:24]


def _name_of(model: Path) -> str:
    return model.parent.name if model.suffix == ".ts" else run_of(model).name


def _step_of(model: Path) -> int | None:
    return step_of(model)


def _make_room(folder: Path) -> None:
    """Drop the oldest renders above the limit."""
    files = sorted(folder.glob("*.wav"), key=lambda p: p.stat().st_mtime, reverse=True)
    total = 0
    for path in files:
        total += path.stat().st_size
        if total > CACHE_BYTES:
            path.unlink(missing_ok=True)
