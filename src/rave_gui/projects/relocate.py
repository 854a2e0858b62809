"""A project that was renamed, moved or received: the absolute paths written into its files follow.

The store keeps relative paths and needs nothing. What does hold absolute paths are small JSON files (jobs, cards, the quick start),
the events of jobs, and links between the project's own folders.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from rave_protocol import jobfolder
from rave_protocol.files import replace_file, replace_text

MAX_JSON = 4 << 20
"""Bytes; larger JSON files are data, not records with paths."""


def moved(value: Any, old: str, new: str) -> Any:
    """``value`` with every text that is a path at or below ``old`` as the path at or below ``new``.

    A path written on Windows and read elsewhere (or the other way round) gets this system's separators.
    """
    if isinstance(value, dict):
        return {key: moved(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [moved(item, old, new) for item in value]
    if isinstance(value, str) and (value == old or value.startswith((old + "/", old + "\\"))):
        rest = value[len(old) :]
        if _windows(old) != _windows(new):
            rest = rest.replace("\\", "/").replace("/", "\\" if _windows(new) else "/")
        return new + rest
    return value


def relocate(project: Path, old: str, place: str | None = None) -> int:
    """Rewrite what names ``old`` (where the project was) to name ``place`` (where it is going to be; ``project`` when None).

    Returns the number of files changed.

    Safe to repeat: a second time finds nothing. Files that cannot be read as JSON are left alone. Raises :class:`OSError`.
    """
    new = place or str(project)
    if not old or old == new:
        return 0
    changed = 0
    for path in _records(project):
        changed += _rewrite(path, old, new)
    for path in sorted((project / "jobs").glob(f"*/{jobfolder.EVENTS}")):
        changed += _rewrite_lines(path, old, new)
    for link in _links(project):
        changed += _relink(link, old, new)
    return changed


def _windows(path: str) -> bool:
    return bool(re.match(r"[A-Za-z]:[\\/]|\\\\", path))


def _records(project: Path) -> Iterator[Path]:
    patterns = (
        "*.json",
        f"jobs/*/{jobfolder.SPEC}",
        f"jobs/*/{jobfolder.STATE}",
        "exports/*/*.json",
        "runs/*/*.json",
        "runs/*/version_*/*.json",
        "datasets/*/*.json",
        "takes/*.json",
        "takes/*/*.json",
    )
    for pattern in patterns:
        for path in sorted(project.glob(pattern)):
            # What lies behind a link is somebody else's.
            if path.is_file() and path.resolve().is_relative_to(project.resolve()):
                yield path


def _rewrite(path: Path, old: str, new: str) -> bool:
    if path.stat().st_size > MAX_JSON:
        return False
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        there = moved(data, old, new)
    except (ValueError, OSError, RecursionError):
        return False
    if there == data:
        return False
    replace_text(path, json.dumps(there, ensure_ascii=_surrogates(there), indent=2) + "\n")
    return True


def _rewrite_lines(path: Path, old: str, new: str) -> bool:
    """Only lines that name the old place are parsed: the metrics of a long training are many."""
    needles = {
        json.dumps(old)[1:-1].encode(),
        json.dumps(old, ensure_ascii=False)[1:-1].encode("utf-8", "replace"),
    }
    with path.open("rb") as source:
        if not any(needle in line for line in _pieces(source) for needle in needles):
            return False
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with path.open("rb") as source, aside.open("wb") as target:
        for line in _pieces(source):
            target.write(_line(line, old, new) if any(needle in line for needle in needles) else line)
        target.flush()
        os.fsync(target.fileno())
    replace_file(aside, path)
    return True


def _pieces(source: IO[bytes]) -> Iterator[bytes]:
    """Lines; what is longer than any of ours comes in pieces, which are no JSON and stay as they are."""
    return iter(lambda: source.readline(MAX_JSON), b"")


def _line(line: bytes, old: str, new: str) -> bytes:
    try:
        there = moved(json.loads(line), old, new)
    except (ValueError, RecursionError):
        return line
    text = json.dumps(there, ensure_ascii=_surrogates(there), separators=(",", ":"))
    return text.encode() + b"\n"


def _surrogates(value: Any) -> bool:
    """Whether a text in ``value`` is a file name that is no text, which JSON holds only as escapes."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _links(project: Path) -> Iterator[Path]:
    for name in ("datasets", "runs", "exports"):
        folder = project / name
        if folder.is_dir():
            yield from (entry for entry in folder.iterdir() if entry.is_symlink())


def _relink(link: Path, old: str, new: str) -> bool:
    target = str(link.readlink())
    there = moved(target, old, new)
    if there == target:
        return False
    aside = link.with_name(f".{link.name}.{os.getpid()}.tmp")
    with contextlib.suppress(FileNotFoundError):
        aside.unlink()
    aside.symlink_to(there, target_is_directory=True)
    replace_file(aside, link)
    return True
