"""What is known about the engine's environment, and the two small files that say so.

``ready.json`` lies in every environment we built and is written last: a folder without it is half-made. ``current.json``
lies beside the environments and names the one in use; it is replaced whole, never edited.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from rave_protocol.codec import ProtocolError, decode
from rave_protocol.files import read_json, write_json

CURRENT = "current.json"
READY = "ready.json"

Source = Literal["managed", "adopted", "variable", "none"]
"""managed: built by us; adopted: the user's own; variable: named by ``RAVE_GUI_ENGINE``."""


@dataclass(frozen=True)
class EngineFacts:
    """What the engine said about itself when it was last checked (``boot.py check``)."""

    python: str
    rave: str
    torch: str
    torchaudio: str
    device: str = "cpu"
    """The device a training takes by default: ``cuda``, ``mps`` or ``cpu``."""
    devices: list[str] = field(default_factory=lambda: ["cpu"])
    """Names for a person: ``cpu``, ``cuda:0 NVIDIA …``, ``mps``."""
    checked: float = 0.0
    """Seconds since the epoch."""
    check_seconds: float = 0.0


@dataclass(frozen=True)
class Ready:
    """Contents of ``ready.json``: the environment is complete and passed its check."""

    facts: EngineFacts
    hash: str
    build: str
    """``cpu``, ``cuda`` or ``mps``: which torch was asked for and installed."""
    origin: str = ""
    """Where torch came from, in words."""
    notices: list[str] = field(default_factory=list)
    """What the user was told about the choice of torch."""
    app: str = ""
    seconds: float = 0.0
    size: int = 0
    """Bytes on disk when it was finished."""


@dataclass(frozen=True)
class Pointer:
    """Contents of ``current.json``."""

    source: Literal["managed", "adopted"]
    path: str
    """Folder of the environment."""
    interpreter: str
    hash: str = ""
    facts: EngineFacts | None = None
    """Only for an adopted environment, into which nothing is written."""


@dataclass(frozen=True)
class EngineStatus:
    """The answer to ``rave-gui engine status``."""

    ready: bool
    path: str | None = None
    """Folder of the environment."""
    interpreter: str | None = None
    """Path of its Python."""
    python: str | None = None
    """Version of its Python."""
    rave: str | None = None
    torch: str | None = None
    torchaudio: str | None = None
    device: str | None = None
    devices: list[str] = field(default_factory=list)
    source: Source = "none"
    build: str | None = None
    hash: str | None = None
    notices: list[str] = field(default_factory=list)
    problem: str | None = None
    """Why it is not ready, as a sentence."""
    hint: str | None = None
    """What to do about it."""

    def to_json(self) -> dict[str, Any]:
        """The object of ``rave-gui engine status --json``."""
        return asdict(self)


def read_pointer(folder: Path) -> Pointer | None:
    """The environment in use, or None when there is none or the file cannot be read."""
    try:
        return decode(Pointer, read_json(folder / CURRENT))
    except (OSError, ProtocolError):
        return None


def write_pointer(folder: Path, pointer: Pointer) -> None:
    """Switch to another environment in one step."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / CURRENT, pointer)


def read_ready(environment: Path) -> Ready | None:
    """What was written when ``environment`` was finished, or None for a half-made one."""
    try:
        return decode(Ready, read_json(environment / READY))
    except (OSError, ProtocolError):
        return None
