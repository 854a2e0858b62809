"""Takes: what was rendered and kept, with what is known of how it was made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rave_gui.play.recipe import Recipe, found, read_recipe, stored
from rave_gui.projects.runs import run_of, step_of

if TYPE_CHECKING:
    from rave_gui.jobs.view import JobView

TakeKind = Literal["render", "evaluation", "sound"]
_SOUND = (".wav", ".flac")


@dataclass(frozen=True)
class Take:
    """A sound file in the project's takes, or the folder of an evaluation (original beside reconstruction)."""

    name: str
    path: Path
    kind: TakeKind
    result: Path
    """What the model made (of a sound of unknown origin: the sound)."""
    original: Path | None
    """What it was made of, where that is known and still there."""
    seconds: float | None
    sample_rate: int | None
    created: float
    bytes: int
    run: str = ""
    step: int | None = None
    tags: tuple[str, ...] = ()
    recipe: Recipe | None = None
    evaluation: dict[str, Any] | None = None
    """The distances, of an evaluation."""


def describe(rows: Iterable[Any], views: Iterable[JobView], project: Path) -> list[Take]:
    """Takes of a listing (``workspace.listing.takes``), newest first; ``views`` are the project's jobs."""
    made = _by_output(views)
    return sorted((_take(row, made, project) for row in rows), key=lambda t: t.created, reverse=True)


def _by_output(views: Iterable[JobView]) -> dict[str, JobView]:
    """Render and evaluate jobs by the name of what they wrote (takes move with their project, paths do not)."""
    found_views: dict[str, JobView] = {}
    for view in views:
        if view.kind in ("render", "evaluate"):
            found_views[Path(str(view.params.get("output", ""))).name] = view
    return found_views


def _take(row: Any, made: dict[str, JobView], project: Path) -> Take:
    path: Path = row.path
    view = made.get(path.name)
    inside = _inside(path)
    kind: TakeKind = "sound"
    result, original = inside or path, None
    run, step = "", None
    recipe = read_recipe(result) if result.suffix.lower() == ".wav" else None
    distances = None
    if path.is_dir():
        kind = "evaluation"
        original = path / "original.wav"
        distances = dict(view.result or {}) if view is not None and view.kind == "evaluate" else None
    if recipe is not None:
        kind, run, step = "render", recipe.run, recipe.step
        original = found(recipe.source, project)
    elif view is not None:
        checkpoint = Path(str(view.params.get("checkpoint", "")))
        run = run_of(checkpoint).name
        step = (view.result or {}).get("step") or step_of(checkpoint)
        if view.kind == "render":
            kind, original = "render", Path(str(view.params.get("source", "")))
            randomness, seed = view.params.get("randomness"), view.params.get("seed")
            recipe = Recipe(
                stored(checkpoint, project),
                run,
                step if isinstance(step, int) else None,
                stored(original, project),
                float(randomness or 0.0),
                int(seed or 0),
            )
    seconds, rate = _length(result)
    return Take(
        row.name,
        path,
        kind,
        result,
        original if original is not None and original.is_file() else None,
        seconds,
        rate,
        row.created,
        row.bytes,
        run,
        step if isinstance(step, int) else None,
        tuple(row.tags),
        recipe,
        distances,
    )


def _inside(path: Path) -> Path | None:
    """The sound to hear of a folder: the reconstruction, or whatever is there."""
    if not path.is_dir():
        return None
    sounds = sorted(p for p in path.iterdir() if p.suffix.lower() in _SOUND)
    return next((p for p in sounds if p.stem == "reconstruction"), sounds[0] if sounds else None)


def _length(path: Path) -> tuple[float | None, int | None]:
    import soundfile

    try:
        info = soundfile.info(str(path))
    except (soundfile.LibsndfileError, OSError):
        return None, None
    return info.frames / info.samplerate, int(info.samplerate)
