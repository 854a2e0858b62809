"""Playing a sound through a model: what was chosen, what is being rendered, what can be kept."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from rave_gui.models import actions as models
from rave_gui.play import actions
from rave_gui.play.actions import Recipe, Rendered, Take
from rave_gui.viewmodels import sounds
from rave_gui.viewmodels.sounds import Sound
from rave_gui.workspace import listing

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.projects import Project

EXCERPT_SECONDS = 8.0
MOST_SEED = 999_999
SOUND_ENDINGS = frozenset({".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff", ".m4a", ".opus", ".wma", ".mp4"})


@dataclass(frozen=True)
class ModelChoice:
    """A model that can be played: a checkpoint, or an exported file."""

    path: Path
    name: str
    kind: str
    """newest, best or export."""
    step: int | None = None


@dataclass(frozen=True)
class SoundChoice:
    """A sound at hand. ``kind``: file (in the project), dataset (a piece of it), demo (made by the program)."""

    key: str
    kind: str
    name: str


@dataclass(frozen=True)
class Material:
    """What the page can offer."""

    models: tuple[ModelChoice, ...] = ()
    sounds: tuple[SoundChoice, ...] = ()
    takes: tuple[Take, ...] = ()


class PlayModel:
    """State of the page. ``changed`` fires for everything; rendering and mixing are the page's, which has threads."""

    changed = Signal()

    def __init__(self) -> None:
        self.model: Path | None = None
        self.source: Path | None = None
        self.randomness = 0.0
        self.seed = 0
        self.mix = 1.0
        self.gain = 1.0
        self.rendered: Rendered | None = None
        self.busy = False
        self.problem: tuple[str, str] | None = None
        self._asked: tuple[Any, ...] = ()

    @property
    def stale(self) -> bool:
        """Whether what is being rendered is not what is wanted any more."""
        return self.busy and self._asked != self._key()

    @property
    def complete(self) -> bool:
        """Whether there is a model and a sound."""
        return self.model is not None and self.source is not None

    @property
    def outdated(self) -> bool:
        """Whether what was rendered is not (any more) what is wanted."""
        if not self.complete:
            return False
        made = self.rendered
        return made is None or self._key() != (
            made.model,
            made.source,
            round(made.randomness, 4),
            made.seed if made.randomness else 0,
        )

    def _key(self) -> tuple[Any, ...]:
        seed = self.seed if self.randomness else 0
        return (self.model, self.source, round(self.randomness, 4), seed)

    def set(self, **values: Any) -> None:
        """Change some of model, source, randomness, seed, mix, gain."""
        for name, value in values.items():
            setattr(self, name, value)
        self.problem = None
        self.changed.emit()

    def retry(self) -> None:
        """Forget why it failed, so that it is tried again."""
        self.set()

    def shuffle(self) -> None:
        """Another seed."""
        self.set(seed=random.randint(1, MOST_SEED))

    def begin(self) -> None:
        """Rendering begins."""
        self.busy, self.problem, self._asked = True, None, self._key()
        self.changed.emit()

    def finish(self, rendered: Rendered) -> None:
        """Rendering ended well."""
        self.busy, self.rendered = False, rendered
        self.changed.emit()

    def fail(self, message: str, hint: str) -> None:
        """Rendering ended badly."""
        self.busy, self.rendered, self.problem = False, None, (message, hint)
        self.changed.emit()

    def restore(self, recipe: Recipe, project: Path) -> list[str]:
        """Take over the settings of a take; what of it is not there any more: ``model``, ``source``."""
        model = actions.found(recipe.model, project)
        source = actions.found(recipe.source, project)
        missing = []
        values: dict[str, Any] = {
            "randomness": recipe.randomness,
            "seed": recipe.seed,
            "mix": recipe.mix,
            "gain": recipe.gain,
        }
        for name, path in (("model", model), ("source", source)):
            if path.exists():
                values[name] = path
            else:
                missing.append(name)
        self.set(**values)
        return missing

    def clear(self) -> None:
        """Another project is open."""
        self.model = self.source = None
        self.rendered, self.busy, self.problem = None, False, None
        self.changed.emit()


def load_material(services: Services, project: Project) -> Material:
    """Models, sounds and takes of a project."""
    choices: list[ModelChoice] = []
    rows = [row for row in listing.runs(services, project) if row.n_checkpoints]
    rows.sort(key=lambda row: row.modified or row.created, reverse=True)
    for row in rows:
        found = models.checkpoints_of(row.path)
        newest = next((c for c in found if c.newest), None)
        best = next((c for c in found if c.best), None)
        for kind, checkpoint in (("newest", newest), ("best", best)):
            if checkpoint is not None:
                choices.append(ModelChoice(checkpoint.path, row.name, kind, checkpoint.step))
    for export in listing.exports(services, project):
        if export.file is not None and export.file.is_file():
            choices.append(ModelChoice(export.file, export.name, "export", export.step))
    return Material(
        tuple(choices), tuple(_sounds(services, project)), tuple(actions.takes(services, project))
    )


def _sounds(services: Services, project: Project) -> list[SoundChoice]:
    found = [
        SoundChoice(str(path), "file", path.name)
        for path in sorted(project.sounds.rglob("*"))
        if path.suffix.lower() in SOUND_ENDINGS and not path.name.startswith(".")
    ][:24]
    found += [
        SoundChoice(str(row.path), "dataset", row.name)
        for row in listing.datasets(services, project)
        if row.chunks and not row.missing
    ]
    return [*found, SoundChoice("drums", "demo", "drums"), SoundChoice("plucks", "demo", "plucks")]


def fetch(services: Services, choice: SoundChoice) -> Path:
    """The file of a sound that was chosen; a piece of a dataset (at random) and demo sounds are written to the cache."""
    if choice.kind == "file":
        return Path(choice.key)
    from rave_gui.audio import synth, wav

    folder = services.paths.cache / "sounds"
    folder.mkdir(parents=True, exist_ok=True)
    if choice.kind == "demo":
        target = folder / f"demo {choice.name}.wav"
        if not target.is_file():
            make = synth.drums if choice.key == "drums" else synth.plucks
            wav.write(target, make(EXCERPT_SECONDS, 7, 44100), 44100)
        return target
    from rave_gui.datasets.browse import Browser

    with Browser(choice.key, services.paths) as browser:
        index = random.randrange(browser.chunks)
        target = folder / f"{choice.name} piece {index}.wav"
        audio = browser.audio(index)
        wav.write(target, audio[:, : round(EXCERPT_SECONDS * browser.sample_rate)], browser.sample_rate)
    return target


def mixed(services: Services, rendered: Rendered, mix: float, gain: float) -> Sound:
    """What is heard as the result: the model's sound, with some of the original where the mix asks for it."""
    result = sounds.load(rendered.path)
    if mix >= 1.0 and gain == 1.0:
        return result
    original = result
    if mix < 1.0:
        dry = sounds.load(actions.prepare(services, rendered.source))
        original = Sound(sounds.converted(dry, result.rate), result.rate)
    return Sound(actions.blend(original.audio, result.audio, mix, gain), result.rate)
