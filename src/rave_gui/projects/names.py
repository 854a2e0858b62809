"""Names of datasets, runs and exports: they are folder names on three operating systems."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from rave_gui.errors import UserError
from rave_gui.i18n import tr

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")
MAX_LENGTH = 100


def check_name(name: str, what: str = "name") -> str:
    """The name itself, when Linux, Windows and macOS all take it for a folder. Raises :class:`UserError` otherwise."""
    problem = ""
    if not name.strip() or name != name.strip():
        problem = "is empty or begins or ends with a blank"
    elif _FORBIDDEN.search(name):
        problem = 'holds a character that folder names cannot have (one of < > : " / \\ | ? *)'
    elif name.startswith(".") or name.endswith("."):
        problem = "begins or ends with a full stop"
    elif _RESERVED.fullmatch(name):
        problem = "is reserved by Windows"
    elif len(name) > MAX_LENGTH:
        problem = f"is longer than {MAX_LENGTH} characters"
    if problem:
        raise UserError(
            tr("The {what} {name!r} {problem}.", what=what, name=name, problem=problem),
            tr("Choose a short name of letters, digits, blanks, hyphens and underscores."),
            code="bad-name",
        )
    return name


def safe_name(text: str, fallback: str) -> str:
    """A valid name made of any text, such as a folder's or a file's name."""
    cleaned = _FORBIDDEN.sub(" ", unicodedata.normalize("NFC", text))
    cleaned = re.sub(r"\s+", " ", cleaned).strip(" .")[:60].strip(" .")
    if not cleaned or _RESERVED.fullmatch(cleaned):
        return fallback
    return cleaned


def free_name(folder: Path, base: str, suffix: str = "", also: Iterable[str] = ()) -> str:
    """``base`` + ``suffix``, or with ``-2``, ``-3`` … before the suffix: the first that nothing in ``folder`` has yet, nor ``also``.

    Upper and lower case count as equal, as Windows and macOS see them.
    """
    try:
        taken = {entry.name.casefold() for entry in folder.iterdir()}
    except FileNotFoundError:
        taken = set()
    taken |= {name.casefold() for name in also}
    number, name = 1, f"{base}{suffix}"
    while name.casefold() in taken:
        number += 1
        name = f"{base}-{number}{suffix}"
    return name
