"""Paths that a person types or pastes: what they mean, whether they are there, and how they may go on. For a thread: the disk is read."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from rave_gui.audio.extensions import EXTENSIONS

OFFERED = 60
"""Completions at most."""
QUOTES = "\"'"


def lines(text: str) -> list[str]:
    """The paths in a text, one a line, without quotes around them; empty lines are passed over."""
    found = []
    for line in text.splitlines():
        part = line.strip()
        if len(part) > 1 and part[0] in QUOTES and part[-1] == part[0]:
            part = part[1:-1]
        if part:
            found.append(part)
    return found


def meant(text: str) -> Path:
    """The path that was typed: ``~`` and ``file:`` addresses are understood; without a root it is one in the home folder."""
    if text.casefold().startswith("file:"):
        address = urlsplit(text)
        host = f"//{address.netloc}" if address.netloc not in ("", "localhost") else ""
        return Path(host + url2pathname(address.path))
    return Path.home() / os.path.expanduser(text)  # noqa: PTH111 - an unknown user's ~name is left as it is


def look(text: str) -> tuple[list[Path], list[str]]:
    """The paths of a text that are there, and the lines that name none."""
    there: list[Path] = []
    wrong: list[str] = []
    for line in lines(text):
        path = meant(line)
        # A character that no file system takes is no error of the program.
        if "\0" not in line and os.path.exists(path):  # noqa: PTH110 - says False instead of failing
            there.append(path)
        else:
            wrong.append(line)
    return there, wrong


def completions(text: str, *, files: bool = True) -> list[str]:
    """How ``text`` may go on: folders (with a separator behind them), then sound files. Hidden ones only after a dot."""
    if not text.strip() or "\n" in text or "\0" in text:
        return []
    separators = (os.sep, *((os.altsep,) if os.altsep else ()))
    if text == "~":
        text += os.sep
    begun = text if text.endswith(separators) else text[: max(text.rfind(s) for s in separators) + 1]
    start = text[len(begun) :].casefold()
    folders: list[str] = []
    sounds: list[str] = []
    try:
        with os.scandir(meant(begun) if begun else Path.home()) as entries:
            for entry in entries:
                name = entry.name
                if not name.casefold().startswith(start) or (name.startswith(".") and not start):
                    continue
                if entry.is_dir():
                    folders.append(name + os.sep)
                elif files and name.rpartition(".")[2].lower() in EXTENSIONS:
                    sounds.append(name)
    except OSError:
        return []
    found = [*sorted(folders, key=str.casefold), *sorted(sounds, key=str.casefold)]
    return [begun + name for name in found[:OFFERED]]


def is_folder(completion: str) -> bool:
    """Whether an offered completion is a folder, into which the way goes on."""
    return completion.endswith(os.sep)
