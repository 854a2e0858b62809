"""What both ways share: the manifest, which names may be in an archive, how entries are stored."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

SUFFIX = ".ravegui"
MANIFEST = "manifest.json"
FORMAT = 1
DATABASE = "project.db"
MAX_COMPONENT = 255
"""Bytes of UTF-8 in one name: ext4, APFS and NTFS take no more."""
MAX_PATH = 1000
"""Bytes of UTF-8 in a whole path below the project."""
MAX_DEPTH = 32
BLOCK = 1 << 20

_FORBIDDEN = re.compile(r'[<>:"\\|?*\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?")
_DEFLATED = frozenset(
    {".csv", ".db", ".gin", ".json", ".jsonl", ".log", ".maxpat", ".md", ".pd", ".sqlite", ".txt", ".yaml", ".yml"}
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One file of an archive: its path below the project with forward slashes, bytes, SHA-256 in hexadecimal digits.

    ``mtime_ns`` is when it was changed last, in nanoseconds since the epoch: the youngest of upstream's checkpoints is the newest.
    """

    path: str
    size: int
    sha256: str
    mtime_ns: int = 0


@dataclass(frozen=True)
class Origin:
    """The project an archive was made of. ``root`` is where it was: absolute paths in its records begin with it."""

    id: str
    name: str
    root: str


@dataclass(frozen=True)
class Manifest:
    """``manifest.json``. ``left_out`` and ``included`` are sentences about what lies outside or was not wanted."""

    format: int
    app: str
    created: float
    author: str
    project: Origin
    entries: list[Entry]
    left_out: list[str] = field(default_factory=list)
    included: list[str] = field(default_factory=list)


def name_problem(path: str) -> str | None:
    """Why a path may not be in an archive (a word for programs and tests), None when Linux, Windows and macOS all take it.

    Words: empty, absolute, backslash, parent, character, blank, reserved, long, deep.
    """
    if not path:
        return "empty"
    if path.startswith("/") or re.match(r"[A-Za-z]:", path):
        return "absolute"
    if "\\" in path:
        return "backslash"
    parts = path.split("/")
    if ".." in parts:
        return "parent"
    if len(parts) > MAX_DEPTH:
        return "deep"
    try:
        if len(path.encode()) > MAX_PATH or any(len(part.encode()) > MAX_COMPONENT for part in parts):
            return "long"
    except UnicodeEncodeError:  # a file name that is no text
        return "character"
    for part in parts:
        if part in ("", "."):
            return "empty"
        if _FORBIDDEN.search(part):
            return "character"
        if part != part.rstrip(" .") or part.startswith(" "):
            return "blank"
        if _RESERVED.fullmatch(part):
            return "reserved"
    return None


def collision(paths: Iterable[str]) -> tuple[str, str] | None:
    """Two paths that are one on some system: letters' case and accents aside, or a file where another path needs a folder."""
    seen: dict[str, str] = {}
    folders: dict[str, str] = {}
    for path in paths:
        key = fold(path)
        if key in seen:
            return seen[key], path
        seen[key] = path
        for parent in PurePosixPath(path).parents:
            inside = str(parent)
            if inside == ".":
                break
            folded = fold(inside)
            if folders.setdefault(folded, inside) != inside:
                return folders[folded], inside
    both = next((key for key in folders if key in seen), None)
    return (seen[both], folders[both]) if both is not None else None


def fold(path: str) -> str:
    """A path as file systems that ignore case and composition compare it."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def deflates(path: str) -> bool:
    """Whether an entry is worth compressing: text and logs are; sound, checkpoints, models and LMDB hardly shrink."""
    name = PurePosixPath(path)
    return name.suffix.lower() in _DEFLATED or "tfevents" in name.name


def plain(text: str, limit: int = 500) -> str:
    """A text of somebody else's for a window or a terminal: one line, without anything that controls them."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:limit])
