"""What the window remembers between two starts: place, page, the last project. Lost without harm."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rave_protocol.codec import ProtocolError, decode, encode
from rave_protocol.files import read_json, write_json

FILE = "window.json"


@dataclass
class Memory:
    """Contents of ``window.json`` in the user's configuration folder."""

    geometry: str = ""
    """As Qt gives it, base64."""
    page: str = "home"
    project: str = ""
    recent: list[str] = field(default_factory=list)
    folder: str = ""
    """Where files were chosen last."""
    welcomed: bool = False
    """Whether the welcome was seen to its end."""
    widths: dict[str, list[int]] = field(default_factory=dict)
    """Column widths by table."""

    lists: dict[str, list[str]] = field(default_factory=dict)
    """Choices by name: columns of a table, filters used before."""
    splits: dict[str, list[int]] = field(default_factory=dict)
    """How a view's height or width is shared out, in pixels, by view."""
    folded: dict[str, bool] = field(default_factory=dict)
    """Whether a part was folded away or opened by hand, by part."""
    used: list[str] = field(default_factory=list)
    """Keys of actions the user has chosen, newest first."""

    @classmethod
    def load(cls, folder: Path) -> Memory:
        """Read it; a missing or unreadable file gives the defaults."""
        try:
            return decode(cls, read_json(folder / FILE))
        except (OSError, ProtocolError):
            return cls()

    def save(self, folder: Path) -> bool:
        """Write it; False when the disk refuses (the window must close all the same)."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_json(folder / FILE, encode(self))
        except OSError:
            return False
        return True

    def use_project(self, path: str) -> None:
        """Note the project used last."""
        self.project = path
        self.recent = [path, *(p for p in self.recent if p != path)][:12]

    def use_action(self, key: str) -> None:
        """Note what was done last: the palette shows it first."""
        self.used = [key, *(k for k in self.used if k != key)][:20]
