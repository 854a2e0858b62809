"""Finding the sound files below folders: each once, in an order that depends on nothing but their names."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rave_gui.audio.extensions import EXTENSIONS
from rave_gui.errors import UserError


@dataclass(frozen=True)
class Found:
    """One file to read. ``mtime_ns`` and ``size`` in bytes recognise it when an interrupted build goes on."""

    path: str
    size: int
    mtime_ns: int
    root: str = ""
    """The source (file or folder) that it was found under."""


@dataclass(frozen=True)
class Unreachable:
    """A folder or link that could not be entered or read."""

    path: str
    code: str
    reason: str


@dataclass
class SearchResult:
    """All files in order, what could not be reached, and how many files of which ending were passed over."""

    files: list[Found] = field(default_factory=list)
    problems: list[Unreachable] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)


def printable(path: str) -> str:
    """The path as text that any encoder takes: bytes of a name that are not UTF-8 become backslash escapes."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def search(sources: Sequence[str], check: Callable[[], None] = lambda: None) -> SearchResult:
    """Files to read below ``sources`` (files and folders, recursively, links followed, loops cut, each file once).

    In a folder only names with a known ending count (``audio.extensions``); a file named itself is tried whatever its ending.
    ``check`` is called now and then and may raise to end the search. Raises :class:`UserError` (``not-found``) when a
    source does not exist.
    """
    if not sources:
        raise UserError(
            "No recordings were chosen.", "Add at least one sound file or folder.", code="no-audio"
        )
    result = SearchResult()
    seen: set[str] = set()
    for source in sources:
        path = os.path.abspath(Path(source).expanduser())  # noqa: PTH100 - links keep their names
        try:
            status = Path(path).stat()
        except OSError as error:
            raise UserError(
                f"{printable(path)} cannot be opened: {error.strerror or error}.",
                "Check the path; a disk may be unplugged or the folder may have been moved.",
                code="not-found",
            ) from None
        if stat.S_ISDIR(status.st_mode):
            _walk(path, result, seen, check)
        else:
            _add(path, path, status, result, seen)
    return result


def _walk(root: str, result: SearchResult, seen: set[str], check: Callable[[], None]) -> None:
    entered: set[tuple[int, int] | str] = set()
    stack = [root]
    found: list[tuple[tuple[str, ...], str, os.stat_result]] = []
    while stack:
        check()
        folder = stack.pop()
        identity = _identity(folder)
        if identity in entered:
            continue
        entered.add(identity)
        try:
            entries = list(os.scandir(folder))
        except OSError as error:
            result.problems.append(
                Unreachable(
                    printable(folder), "not-allowed", f"The folder cannot be read ({error.strerror})."
                )
            )
            continue
        for entry, status in _entries(entries, result):
            if stat.S_ISDIR(status.st_mode):
                if not entry.name.endswith(".building"):
                    stack.append(entry.path)
            elif _wanted(entry.name, result):
                found.append((Path(entry.path).relative_to(root).parts, entry.path, status))
    for _, path, status in sorted(found, key=lambda item: item[0]):
        _add(root, path, status, result, seen)


def _entries(
    entries: list[os.DirEntry[str]], result: SearchResult
) -> Iterator[tuple[os.DirEntry[str], os.stat_result]]:
    for entry in entries:
        if entry.name.startswith("._"):  # macOS keeps a file's attributes in such a twin; it holds no sound
            continue
        try:
            yield entry, entry.stat()
        except OSError as error:
            if Path(entry.name).suffix.lower().lstrip(".") in EXTENSIONS or entry.is_symlink():
                reason = f"The link leads nowhere or in a circle ({error.strerror})."
                result.problems.append(Unreachable(printable(entry.path), "not-found", reason))


def _identity(folder: str) -> tuple[int, int] | str:
    try:
        status = Path(folder).stat()
    except OSError:
        return folder
    return (status.st_dev, status.st_ino) if status.st_ino else os.path.realpath(folder)


def _wanted(name: str, result: SearchResult) -> bool:
    ending = Path(name).suffix.lower().lstrip(".")
    if ending in EXTENSIONS:
        return True
    result.ignored[ending] += 1
    return False


def _add(root: str, path: str, status: os.stat_result, result: SearchResult, seen: set[str]) -> None:
    if not stat.S_ISREG(status.st_mode):
        reason = "This is not a regular file (a pipe or a device)."
        result.problems.append(Unreachable(printable(path), "unreadable", reason))
        return
    real = os.path.realpath(path)
    if real in seen:
        return
    seen.add(real)
    result.files.append(Found(path, status.st_size, status.st_mtime_ns, root))


def describe_nothing(sources: Sequence[str], result: SearchResult) -> str:
    """What was found instead of sound, for the message of a build without any."""
    names = ", ".join(printable(str(source)) for source in sources[:3]) + (" …" if len(sources) > 3 else "")
    if result.ignored:
        kinds = ", ".join(
            f"{count} × {'.' + ending if ending else 'no ending'}"
            for ending, count in result.ignored.most_common(5)
        )
        count = result.ignored.total()
        other = "1 file of another kind" if count == 1 else f"{count} files of other kinds"
        return f"No sound files were found in {names}, only {other} ({kinds})."
    return f"No sound files were found in {names}: there are no files."
