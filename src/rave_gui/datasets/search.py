"""Finding the sound files below folders: each once, in an order that depends on nothing but their names."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rave_gui.audio.extensions import EXTENSIONS
from rave_gui.errors import UserError
from rave_gui.i18n import tr, trn


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


def search(
    sources: Sequence[str],
    check: Callable[[], None] = lambda: None,
    *,
    extensions: Collection[str] = (),
    exclude: Collection[str] = (),
) -> SearchResult:
    """Files to read below ``sources`` (files and folders, recursively, links followed, loops cut, each file once).

    In a folder only names with a known ending count (``extensions``, or all of ``audio.extensions``); a file named itself is
    tried whatever its ending. ``exclude`` names files and folders to pass over. ``check`` is called now and then and may raise
    to end the search. Raises :class:`UserError` (``not-found``) when a source does not exist.
    """
    result = SearchResult()
    for item in iter_search(sources, check, result.ignored, extensions=extensions, exclude=exclude):
        if isinstance(item, Found):
            result.files.append(item)
        else:
            result.problems.append(item)
    return result


def iter_search(
    sources: Sequence[str],
    check: Callable[[], None] = lambda: None,
    ignored: Counter[str] | None = None,
    *,
    extensions: Collection[str] = (),
    exclude: Collection[str] = (),
) -> Iterator[Found | Unreachable]:
    """What :func:`search` finds, as it is found, in the same order; names passed over are counted in ``ignored``."""
    if not sources:
        raise UserError(
            tr("No recordings were chosen."), tr("Add at least one sound file or folder."), code="no-audio"
        )
    wanted = frozenset(ending.lower().lstrip(".") for ending in extensions) or EXTENSIONS
    walk = _Walk(check, ignored if ignored is not None else Counter(), wanted, _Excluded(exclude))
    for source in sources:
        path = os.path.abspath(Path(source).expanduser())  # noqa: PTH100 - links keep their names
        try:
            status = Path(path).stat()
        except OSError as error:
            raise UserError(
                tr(
                    "{path} cannot be opened: {reason}.", path=printable(path), reason=error.strerror or error
                ),
                tr("Check the path; a disk may be unplugged or the folder may have been moved."),
                code="not-found",
            ) from None
        if stat.S_ISDIR(status.st_mode):
            yield from walk.folder(path)
        else:
            yield from walk.file(path, path, status)


class _Excluded:
    """Whether a path is one of those to pass over, or lies below one."""

    def __init__(self, paths: Collection[str]) -> None:
        self._paths = frozenset(os.path.abspath(Path(path).expanduser()) for path in paths)  # noqa: PTH100

    def __contains__(self, path: object) -> bool:
        return path in self._paths


class _Walk:
    def __init__(
        self, check: Callable[[], None], ignored: Counter[str], wanted: frozenset[str], excluded: _Excluded
    ) -> None:
        self._check = check
        self._ignored = ignored
        self._wanted = wanted
        self._excluded = excluded
        self._seen: set[str] = set()

    def folder(self, root: str) -> Iterator[Found | Unreachable]:
        """Everything below, entries of each folder by name."""
        entered: set[tuple[int, int] | str] = set()
        stack: list[tuple[str, Iterator[tuple[os.DirEntry[str], os.stat_result] | Unreachable]]] = []
        if root not in self._excluded:
            stack.append((os.path.realpath(root), self._entries(root, entered)))
        while stack:
            real, entries = stack[-1]
            item = next(entries, None)
            if item is None:
                stack.pop()
            elif isinstance(item, Unreachable):
                yield item
            else:
                self._check()
                entry, status = item
                if entry.path in self._excluded:
                    continue
                if stat.S_ISDIR(status.st_mode):
                    if not entry.name.endswith(".building"):
                        below = (
                            os.path.realpath(entry.path)
                            if entry.is_symlink()
                            else f"{real}{os.sep}{entry.name}"
                        )
                        stack.append((below, self._entries(entry.path, entered)))
                elif self._is_wanted(entry.name):
                    known = "" if entry.is_symlink() else f"{real}{os.sep}{entry.name}"
                    yield from self.file(root, entry.path, status, known)

    def _entries(
        self, folder: str, entered: set[tuple[int, int] | str]
    ) -> Iterator[tuple[os.DirEntry[str], os.stat_result] | Unreachable]:
        identity = _identity(folder)
        if identity in entered:
            return
        entered.add(identity)
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            reason = tr("The folder cannot be read ({reason}).", reason=error.strerror)
            yield Unreachable(printable(folder), "not-allowed", reason)
            return
        for entry in entries:
            if entry.name.startswith(
                "._"
            ):  # macOS keeps a file's attributes in such a twin; it holds no sound
                continue
            try:
                yield entry, entry.stat()
            except OSError as error:
                if _ending(entry.name) in self._wanted or entry.is_symlink():
                    reason = tr("The link leads nowhere or in a circle ({reason}).", reason=error.strerror)
                    yield Unreachable(printable(entry.path), "not-found", reason)

    def _is_wanted(self, name: str) -> bool:
        ending = _ending(name)
        if ending in self._wanted:
            return True
        self._ignored[ending] += 1
        return False

    def file(
        self, root: str, path: str, status: os.stat_result, real: str = ""
    ) -> Iterator[Found | Unreachable]:
        """One file, once; ``real`` is its path without links where that is known."""
        if path in self._excluded:
            return
        if not stat.S_ISREG(status.st_mode):
            reason = tr("This is not a regular file (a pipe or a device).")
            yield Unreachable(printable(path), "unreadable", reason)
            return
        real = real or os.path.realpath(path)
        if real in self._seen:
            return
        self._seen.add(real)
        yield Found(path, status.st_size, status.st_mtime_ns, root)


def _ending(name: str) -> str:
    return os.path.splitext(name)[1].lower().lstrip(".")  # noqa: PTH122 - ten times as fast, and called for every name


def _identity(folder: str) -> tuple[int, int] | str:
    try:
        status = Path(folder).stat()
    except OSError:
        return folder
    return (status.st_dev, status.st_ino) if status.st_ino else os.path.realpath(folder)


def describe_nothing(sources: Sequence[str], result: SearchResult) -> str:
    """What was found instead of sound, for the message of a build without any."""
    names = ", ".join(printable(str(source)) for source in sources[:3]) + (" …" if len(sources) > 3 else "")
    if not result.ignored:
        return tr("No sound files were found in {names}: there are no files.", names=names)
    kinds = ", ".join(
        f"{count} × {'.' + ending if ending else tr('no ending')}"
        for ending, count in result.ignored.most_common(5)
    )
    return trn(
        "No sound files were found in {names}, only {n} file of another kind ({kinds}).",
        "No sound files were found in {names}, only {n} files of other kinds ({kinds}).",
        result.ignored.total(),
        names=names,
        kinds=kinds,
    )
