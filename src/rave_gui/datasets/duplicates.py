"""Finding files of equal content without reading those that cannot have a twin."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from rave_gui.datasets.messages import file_digest
from rave_gui.datasets.search import Found


def copies_of(
    files: Sequence[Found],
    check: Callable[[], None] = lambda: None,
    known: Mapping[tuple[int, bytes], str] | None = None,
) -> dict[str, str]:
    """Files with the bytes of an earlier one, or of one in ``known`` (path by size and content hash): path to path of the original.

    Only files that share their size with another are read. ``check`` is called before each, and now and then within a long one, and may raise.
    """
    known = known or {}
    known_sizes = {size for size, _ in known}
    by_size: dict[int, list[Found]] = defaultdict(list)
    for file in files:
        by_size[file.size].append(file)
    copies: dict[str, str] = {}
    seen: dict[tuple[int, bytes], str] = dict(known)
    for file in files:
        if not file.size or (len(by_size[file.size]) < 2 and file.size not in known_sizes):
            continue
        check()
        try:
            content = file_digest(file.path, check)
        except OSError:
            continue  # the decoder will say why
        original = seen.setdefault((file.size, content), file.path)
        if original is not file.path:
            copies[file.path] = original
    return copies


def groups(copies: Mapping[str, str]) -> list[list[str]]:
    """Originals, each with its copies behind it."""
    found: dict[str, list[str]] = {}
    for copy, original in copies.items():
        found.setdefault(original, [original]).append(copy)
    return list(found.values())
