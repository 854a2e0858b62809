"""How a take was made: written into the sound file itself, so that the file alone brings the settings back."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import rave_gui
from rave_gui.audio.riff import append_chunk, read_chunk
from rave_protocol.codec import ProtocolError, dumps, loads

CHUNK = b"rcpe"
FORMAT = 1


@dataclass(frozen=True)
class Recipe:
    """What was sent through which model, and how."""

    model: str
    """The checkpoint or exported file; relative to the project's folder when it lies inside."""
    run: str
    step: int | None
    source: str
    """The sound that was sent through it; relative to the project's folder when it lies inside."""
    randomness: float = 0.0
    seed: int = 0
    mix: float = 1.0
    """Share of the model's sound, the rest is the original: 0 to 1."""
    gain: float = 1.0
    """Factor on the whole."""

    def to_json(self) -> dict[str, Any]:
        """The object that is written."""
        return {"format": FORMAT, "made_with": f"RAVE GUI {rave_gui.__version__}", **asdict(self)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Recipe | None:
        """Read it back; None when it is of another format or damaged. Unknown fields of newer versions are left out."""
        if data.get("format") != FORMAT:
            return None
        kinds: dict[str, tuple[type, ...]] = {
            "model": (str,),
            "run": (str,),
            "step": (int, type(None)),
            "source": (str,),
            "randomness": (int, float),
            "seed": (int,),
            "mix": (int, float),
            "gain": (int, float),
        }
        for name, kind in kinds.items():
            if not isinstance(data.get(name), kind) or isinstance(data.get(name), bool):
                return None
        return cls(**{name: data[name] for name in kinds})


def write_recipe(path: Path, recipe: Recipe) -> None:
    """Add a recipe to a WAV file that nobody reads yet. Raises ValueError for another kind of file, and :class:`OSError`."""
    append_chunk(path, CHUNK, dumps(recipe.to_json()).encode("utf-8"))


def read_recipe(path: Path) -> Recipe | None:
    """The recipe in a sound file, or None when it has none (or none that this version understands)."""
    try:
        found = read_chunk(path, CHUNK)
        return Recipe.from_json(loads(found.decode("utf-8"))) if found is not None else None
    except (OSError, ProtocolError, UnicodeDecodeError):
        return None


def stored(path: Path, project: Path) -> str:
    """A path as recipes hold it."""
    return path.relative_to(project).as_posix() if path.is_relative_to(project) else str(path)


def found(text: str, project: Path) -> Path:
    """A path of a recipe on this machine."""
    return Path(os.path.normpath(project / text))
